"""Apps of flasktrace's own framework: they send the signals by themselves."""

from collections.abc import Sequence
from typing import Any

from flasktrace import signals
from flasktrace.globals import context_stack, stack_getter
from flasktrace.trace.record.describe import NO_ATTRIBUTES, attribute, attributes_of, type_name
from flasktrace.trace.record.recorder import Recorder
from flasktrace.trace.record.snapshot import Group, Refs
from flasktrace.trace.record.wrapper_classes import has_no_code_of_its_own

_SENT_BODY = "flasktrace.wrappers.SentBody"
"""The framework's class of bodies whose chunks are there; recording imports none of its classes."""


class NativeHost:
    """An app of ``flasktrace.Flask``."""

    name = "flasktrace"

    tops = stack_getter, stack_getter
    _sent_body: type | None = None
    _follows = False

    def contexts(self) -> Sequence[Any]:
        """Return the contexts on the stack, the bottom first."""
        return context_stack()

    def bare(self) -> bool:
        """Tell whether no context is on the stack."""
        return not stack_getter(None)

    def app_name(self, context: Any) -> str:
        """Return the name of the app that *context* belongs to."""
        name: str = context.app.name
        return name

    def groups(self) -> Sequence[Group]:
        """Return the contexts, each by itself."""
        return [(context,) for context in stack_getter(())]

    def refs(self, group: Group) -> Refs:
        """Return what a context refers to, without asking it for anything."""
        (context,) = group
        request = context.request
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
            attributes_of(context.g),
            context.flashes,
            context.url_adapter,
            attributes,
            context.g,
        )

    def rests(self, group: Group, refs: Refs) -> bool:
        """Tell whether it still refers to just that."""
        (context,) = group
        request, method, path, rule, args, error, session, g, flashes, adapter, its, home = refs
        get = its.get
        return (
            context.request is request
            and context._session is session  # noqa: SLF001
            and context.flashes is flashes
            and context.url_adapter is adapter
            and get("method") is method
            and get("path") is path
            and get("_url_rule") is rule
            and get("_view_args") is args
            and get("_routing_exception") is error
            and context.g is home
            and (g is NO_ATTRIBUTES or attribute(home, "__dict__") is g)
        )

    def chunks_of(self, result: Any) -> list[bytes] | None:
        """Return the chunks of what the app has returned, if no code is left to run for them."""
        kind = type(result)
        if kind is not self._sent_body:
            if self._follows or type_name(kind) != _SENT_BODY:
                return None
            self._sent_body = kind
        chunks: list[bytes] = result.chunks
        return chunks

    def follow_bodies(self, wanted: bool) -> None:
        """Give no chunks while somebody may ask how far a body is that is not closed."""
        self._follows, self._sent_body = wanted, None

    def adapter_facts(self, adapter: Any) -> tuple[tuple[str, Any], ...]:
        """Return what a card shows of a url adapter: names and values."""
        return adapter_facts(adapter)

    def install(self, app: Any, recorder: Recorder) -> None:
        """Begin to listen; `Recorder.disconnect` ends it."""
        recorder.trusts = has_no_code_of_its_own(app)
        recorder.connect(app)
        recorder.connect_templates(signals.template_started, signals.template_finished, app)
        recorder.connect_exceptions(signals.exception_unhandled, app)

    def uninstall(self, app: Any) -> None:
        """Do nothing: the app was not changed."""


def adapter_facts(adapter: Any) -> tuple[tuple[str, Any], ...]:
    """Return what a card shows of a url adapter: names and values."""
    get = attributes_of(adapter).get
    server, script, scheme = get("server_name"), get("script_name"), get("url_scheme")
    if server and script and scheme and not get("subdomain"):  # as it is nearly always
        return ("server_name", server), ("script_name", script), ("url_scheme", scheme)
    return tuple([(name, value) for name in _ADAPTER if (value := get(name))])


_ADAPTER = ("server_name", "script_name", "url_scheme", "subdomain")
