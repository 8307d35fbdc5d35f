"""Which of a trace's spans are hooks, which are queries, and which one answered."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from flasktrace.trace.model import Event, Span, Trace

HOOKS = (
    "url_value_preprocessor",
    "before_request",
    "after_this_request",
    "after_request",
    "teardown_request",
    "teardown_appcontext",
)
"""Kinds of spans that are hooks: functions that run around the view."""

QUERY = ("db.query.text", "db.statement")
"""Attributes that make a span a query: OpenTelemetry's name of today, and the one before."""

LOG = "log"
"""Name of the events that are log records."""

REPEATED = 5
"""How often a query of one shape makes a request suspicious."""

_QUERY_KINDS = ("sql", "query")
_ANSWERS = (
    (("after_request", "after_this_request"), "replaced the response"),
    (("error_handler",), "answered with"),
    (("before_request",), "answered with"),
    (("view",), "returned"),
)
_STRING = re.compile(r"'(?:[^']|'')*'|\$\$.*?\$\$", re.DOTALL)
_NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?\b", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"%s|%\(\w+\)s|(?<![:\w]):\w+|\$\d+|\?\d*")
_SEVERAL = re.compile(r"\(\s*\?(?:\s*,\s*\?)*\s*\)(?:\s*,\s*\(\s*\?(?:\s*,\s*\?)*\s*\))*")
_HOUSEKEEPING = re.compile(
    r"\s*(?:BEGIN|START|COMMIT|END|ROLLBACK|SAVEPOINT|RELEASE|PRAGMA|SET)\b", re.IGNORECASE
)
_SENDER = ("code.function.name", "code.file.path", "code.line.number")
_BLANKS = re.compile(r"\s+")


def hooks(trace: Trace) -> list[Span]:
    """Return the hooks that ran, in their order."""
    return [span for span in trace.spans if span.kind in HOOKS]


def queries(trace: Trace) -> list[Span]:
    """Return the queries, in their order: spans of the kind ``sql``, or with a text in `QUERY`.

    One in another is the same: the user has marked it, and a collector has seen it too.
    """
    return _queries(trace.spans)


def _queries(spans: Iterable[Span]) -> list[Span]:
    found = {span.id: span for span in spans if query_of(span) is not None}
    return [span for span in found.values() if span.parent not in found]


def query_of(span: Span) -> str | None:
    """Return the text of the query that *span* is; None when it is none."""
    for name in QUERY:
        if name in span.attributes:
            text = str(span.attributes[name])
            # A text that was kept as the repr of a str has its quotes.
            return text[1:-1] if text[:1] == text[-1:] in {"'", '"'} else text
    return span.name if span.kind in _QUERY_KINDS else None


def shape(query: str) -> str:
    """Return *query* without its values: ``SELECT * FROM users WHERE id = ?``."""
    plain = _NUMBER.sub("?", _PLACEHOLDER.sub("?", _STRING.sub("?", query)))
    return _BLANKS.sub(" ", _SEVERAL.sub("(?)", plain)).strip()


@dataclass(frozen=True, slots=True)
class Repeat:
    """Queries of one request that differ in their values only."""

    shape: str
    count: int
    total_ns: int
    sender: Span
    """One of those that the place sent which has sent most of them."""
    places: int
    """How many places sent them."""


def repeated(spans: Iterable[Span], least: int = REPEATED) -> tuple[Repeat, ...]:
    """Return the shapes that were sent at least *least* times, the most frequent first.

    What begins and ends transactions does not count.
    """
    groups: dict[str, list[Span]] = {}
    shapes: dict[str, str] = {}
    for span in _queries(spans):
        query = query_of(span) or ""
        if _HOUSEKEEPING.match(query):
            continue
        if query not in shapes:
            shapes[query] = shape(query)
        groups.setdefault(shapes[query], []).append(span)
    found = [_repeat(name, group) for name, group in groups.items() if len(group) >= least]
    return tuple(sorted(found, key=lambda item: -item.count))


def _repeat(name: str, group: list[Span]) -> Repeat:
    places = [tuple(span.attributes.get(key) for key in _SENDER) for span in group]
    counts = Counter(places)
    ((most, _),) = counts.most_common(1)
    total = sum(span.duration_ns for span in group)
    return Repeat(name, len(group), total, group[places.index(most)], len(counts))


def is_log(event: Event) -> bool:
    """Tell whether *event* is a log record."""
    return event.name == LOG and "severity_text" in event.attributes


def logs(trace: Trace) -> list[Event]:
    """Return the log records, in their order."""
    return [event for event in trace.events if is_log(event)]


def answerer(trace: Trace) -> Span | None:
    """Return the function whose response was sent; None when it was the framework's own.

    That is the last hook after the view that put another response in the place of the first, else
    the error handler, else the hook before the view that answered, else the view.
    """
    for kinds, what in _ANSWERS:
        found = [span for span in trace.spans if span.kind in kinds and _gave(span, what)]
        if found:
            return None if _lost(trace, found[-1]) else found[-1]
    return None


def _gave(span: Span, what: str) -> bool:
    return str(span.attributes.get("outcome", "")).startswith(what)


def _lost(trace: Trace, span: Span) -> bool:
    """Tell whether an exception that nobody handled came after *span*, so that its answer is gone.

    One that broke off the body came when the answer was under way.
    """
    failure = trace.exception
    if failure is None or failure.handled_by or trace.outcome == "error_in_stream":
        return False
    return failure.at_ns >= span.start_ns + span.duration_ns
