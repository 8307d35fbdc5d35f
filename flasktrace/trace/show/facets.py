"""The same facts by kind: what the parts below the lane show, and how much is in each."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from flasktrace.trace.model import Event, Span, Trace
from flasktrace.trace.roles import Repeat, is_log, logs, queries, repeated

HOOKS = frozenset(
    {"before_request", "after_request", "after_this_request", "teardown_request"}
    | {"teardown_appcontext", "error_handler", "url_value_preprocessor", "context_processor"}
    | {"session_open", "session_save", "view"}
)
"""Kinds of spans that are a function which the framework called."""

_SIGNAL = "signal "


@dataclass(frozen=True, slots=True)
class Tab:
    """One part of the page."""

    name: str
    title: str
    count: int | None
    """How much is in it; None where nothing is counted."""


@dataclass(frozen=True, slots=True)
class Facets:
    """What happened, by kind."""

    hooks: tuple[Span, ...]
    """In the order in which they ran."""
    signals: tuple[Event, ...]
    receivers: tuple[Span, ...]
    events: tuple[Event, ...]
    """Those that are no signals and no log records."""
    queries: tuple[Span, ...]
    repeats: tuple[Repeat, ...]
    logs: tuple[Event, ...]
    tabs: tuple[Tab, ...]


def facets(trace: Trace) -> Facets:
    """Return the facts of *trace* by their kinds."""
    hooks = tuple(
        sorted((span for span in trace.spans if span.kind in HOOKS), key=lambda span: span.start_ns)
    )
    signals = tuple(event for event in trace.events if event.name.startswith(_SIGNAL))
    receivers = tuple(span for span in trace.spans if span.kind == "receiver")
    events = tuple(
        event for event in trace.events if not event.name.startswith(_SIGNAL) and not is_log(event)
    )
    asked, again = tuple(queries(trace)), repeated(trace.spans)
    made = Facets(hooks, signals, receivers, events, asked, again, tuple(logs(trace)), ())
    return replace(made, tabs=tuple(_tabs(trace, made)))


def signal_name(event: Event) -> str:
    """Return ``request_started`` of the event ``signal request_started``."""
    return event.name.removeprefix(_SIGNAL)


def _tabs(trace: Trace, found: Facets) -> Iterator[Tab]:
    candidates = len(trace.routing.candidates) if trace.routing else 0
    yield Tab("waterfall", "Waterfall", len(trace.spans))
    yield Tab("exception", "Exception", int(trace.exception is not None))
    yield Tab("hooks", "Hooks", len(found.hooks))
    yield Tab("changes", "Changes", len(trace.changes))
    yield Tab("routing", "Routing", candidates or int(trace.rule is not None))
    if found.queries:
        yield Tab("queries", "Queries", len(found.queries))
    if found.logs:
        yield Tab("logs", "Logs", len(found.logs))
    yield Tab("signals", "Signals", len(found.signals))
    yield Tab("events", "Events", len(found.events))
    yield Tab("request", "Request", len(trace.request.headers))
    yield Tab("response", "Response", len(trace.response.headers))
    yield Tab("record", "Record", None)
