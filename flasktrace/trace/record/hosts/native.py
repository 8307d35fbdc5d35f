"""Apps of flasktrace's own framework: they send the signals by themselves."""

from typing import Any

from flasktrace import signals
from flasktrace.globals import context_stack
from flasktrace.trace.record.recorder import Recorder
from flasktrace.trace.record.snapshot import RawCard


class NativeHost:
    """An app of ``flasktrace.Flask``."""

    name = "flasktrace"

    def cards(self) -> list[RawCard]:
        """Return the contexts on the stack, the bottom first."""
        return [_card(context) for context in context_stack()]

    def install(self, app: Any, recorder: Recorder) -> None:
        """Begin to listen; `Recorder.disconnect` ends it."""
        recorder.connect(app)
        recorder.connect_templates(signals.before_render_template, signals.template_rendered, app)

    def uninstall(self, app: Any) -> None:
        """Do nothing: the app was not changed."""


def _card(context: Any) -> RawCard:
    request = context.request
    return RawCard(
        kind="app" if request is None else "request",
        name=context.app.name,
        request={} if request is None else request_facts(request, matched=request.matched),
        session=context._session,  # noqa: SLF001
        g=context.g.__dict__,
        flashes=context.flashes or (),
        url_adapter=adapter_facts(context.url_adapter),
    )


def request_facts(request: Any, *, matched: bool) -> dict[str, Any]:
    """Return what a card shows of a request: nothing that reads, parses or matches it."""
    facts = {"method": request.method, "path": request.path}
    if matched:
        rule, error = request.url_rule, request.routing_exception
        if rule is not None:
            facts.update(endpoint=rule.endpoint, rule=rule.rule, view_args=request.view_args)
        if error is not None:
            facts["routing_exception"] = type(error).__name__
    return facts


def adapter_facts(adapter: Any) -> dict[str, Any]:
    """Return what a card shows of a url adapter."""
    if adapter is None:
        return {}
    facts = {
        "server_name": adapter.server_name,
        "script_name": adapter.script_name,
        "url_scheme": adapter.url_scheme,
    }
    if adapter.subdomain:
        facts["subdomain"] = adapter.subdomain
    return facts
