"""Apps of flasktrace's own framework: they send the signals by themselves."""

from typing import Any

from flasktrace import signals
from flasktrace.globals import context_stack, stack_state
from flasktrace.trace.record.describe import attributes_of
from flasktrace.trace.record.recorder import Recorder
from flasktrace.trace.record.snapshot import RawCard

_NO_FACTS: dict[str, Any] = {}


class NativeHost:
    """An app of ``flasktrace.Flask``."""

    name = "flasktrace"

    def cards(self) -> list[RawCard]:
        """Return the contexts on the stack, the bottom first."""
        return [_card(context) for context in context_stack()]

    def state(self) -> Any:
        """Return what `stands` knows the stack by."""
        return stack_state()

    def stands(self, state: Any) -> bool:
        """Tell whether the same contexts are on the stack as when `state` gave *state*."""
        return state is not None and stack_state() is state

    def signs(self, context: Any) -> tuple[int, ...]:
        """Return numbers that stay the same while nothing but ``g`` and session can differ."""
        request = context.request
        return (
            id(attributes_of(context.g)),
            id(context._session),  # noqa: SLF001
            id(context.flashes),
            id(context.url_adapter),
            *(() if request is None else request_signs(attributes_of(request))),
        )

    def install(self, app: Any, recorder: Recorder) -> None:
        """Begin to listen; `Recorder.disconnect` ends it."""
        recorder.connect(app)
        recorder.connect_templates(signals.before_render_template, signals.template_rendered, app)

    def uninstall(self, app: Any) -> None:
        """Do nothing: the app was not changed."""


_signs = NativeHost().signs


def _card(context: Any) -> RawCard:
    request = context.request
    return RawCard(
        owner=id(context),
        kind="app" if request is None else "request",
        name=context.app.name,
        request=_NO_FACTS if request is None else request_facts(attributes_of(request)),
        session=context._session,  # noqa: SLF001
        g=attributes_of(context.g),
        flashes=context.flashes,
        url_adapter=adapter_facts(context.url_adapter),
        context=context,
        signs=_signs(context),
    )


def request_facts(kept: dict[str, Any]) -> dict[str, Any]:
    """Return what a card shows of a request, from what it keeps of itself.

    No attribute is asked for: that might read, parse or match the request.
    """
    facts = {"method": kept.get("method"), "path": kept.get("path")}
    rule = kept.get("_url_rule") or kept.get("url_rule")
    if rule is not None:
        facts["endpoint"] = rule.endpoint
        facts["rule"] = rule.rule
        facts["view_args"] = kept.get("_view_args", kept.get("view_args"))
    error = kept.get("_routing_exception") or kept.get("routing_exception")
    if error is not None:
        facts["routing_exception"] = type(error).__name__
    return facts


def request_signs(kept: dict[str, Any]) -> tuple[int, ...]:
    """Return numbers that stay the same while `request_facts` does."""
    get = kept.get
    return (
        id(get("method")),
        id(get("path")),
        id(get("_url_rule") or get("url_rule")),
        id(get("_view_args") or get("view_args")),
        id(get("_routing_exception") or get("routing_exception")),
    )


def adapter_facts(adapter: Any) -> dict[str, Any]:
    """Return what a card shows of a url adapter."""
    kept = _NO_FACTS if adapter is None else attributes_of(adapter)
    names = ("server_name", "script_name", "url_scheme", "subdomain")
    return {name: kept[name] for name in names if kept.get(name)}
