"""Apps of flasktrace's own framework: they send the signals by themselves."""

from collections.abc import Sequence
from typing import Any

from flasktrace import signals
from flasktrace.globals import context_stack, stack_state
from flasktrace.trace.record.describe import attributes_of
from flasktrace.trace.record.recorder import Recorder
from flasktrace.trace.record.snapshot import Refs


class NativeHost:
    """An app of ``flasktrace.Flask``."""

    name = "flasktrace"

    #: Returns what the stack is known by.
    state = staticmethod(stack_state)

    def contexts(self) -> Sequence[Any]:
        """Return the contexts on the stack, the bottom first."""
        return context_stack()

    def bare(self) -> bool:
        """Tell whether no context is on the stack."""
        return not stack_state()

    def app_name(self, context: Any) -> str:
        """Return the name of the app that *context* belongs to."""
        name: str = context.app.name
        return name

    def refs(self, context: Any) -> Refs:
        """Return what *context* refers to, without asking it for anything."""
        request, g = context.request, context.g
        attributes = attributes_of(request)
        get = attributes.get
        return (
            request,
            get("method"),
            get("path"),
            get("_url_rule"),
            get("_view_args"),
            get("_routing_exception"),
            context._session,  # noqa: SLF001
            attributes_of(g),
            context.flashes,
            context.url_adapter,
            attributes,
        )

    def adapter_facts(self, adapter: Any) -> tuple[tuple[str, Any], ...]:
        """Return what a card shows of a url adapter: names and values."""
        return adapter_facts(adapter)

    def install(self, app: Any, recorder: Recorder) -> None:
        """Begin to listen; `Recorder.disconnect` ends it."""
        recorder.connect(app)
        recorder.connect_templates(signals.template_started, signals.template_finished, app)
        recorder.connect_exceptions(signals.exception_unhandled, app)

    def uninstall(self, app: Any) -> None:
        """Do nothing: the app was not changed."""


def adapter_facts(adapter: Any) -> tuple[tuple[str, Any], ...]:
    """Return what a card shows of a url adapter: names and values."""
    get = attributes_of(adapter).get
    return tuple([(name, value) for name in _ADAPTER if (value := get(name))])


_ADAPTER = ("server_name", "script_name", "url_scheme", "subdomain")
