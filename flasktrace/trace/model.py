"""The trace of one request as plain frozen data.

Everything here is made of ``str``, ``int``, ``float``, ``bool``, ``None``, tuples and dicts of
these, so that a trace can be stored, sent and drawn without the app that it came from.
Times are integer nanoseconds from the start of the trace, measured without the tracer's own work.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple, Self

from flasktrace.trace.frozen import quick

STAGES = ("push", "preprocess", "match", "dispatch", "make_response", "postprocess", "pop")
"""The seven stages of a request, in the order of Flask 0.1."""

NOT_VISIBLE = "not visible in this app"
"""Why a stage of an app that is no Flask app is hollow."""

HOOKS = frozenset(
    {
        "url_value_preprocessor",
        "before_request",
        "after_request",
        "after_this_request",
        "teardown_request",
        "teardown_appcontext",
        "context_processor",
        "error_handler",
    }
)
"""Kinds of spans that are functions which the app has registered, apart from its views."""

MOST_HELD, LONGEST_HELD = 12, 80
"""Keys of g, and of session, that a summary tells of, and characters of each."""

QUOTES = "'\""
_NO_TEXT = re.compile(r"<[0-9]+ bytes of .*>", re.DOTALL)
"""What stands for a body that is no text."""

NOT_REACHED = "the app was not reached"
"""Why a stage of a Flask app is hollow when a middleware has answered."""

NO_CARD = -1
"""Depth of a change of what is on no card of the stack: the response."""


class Record:
    """What the parts of a trace have in common: they turn into plain dicts and back."""

    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the record as a dict that ``json.dumps`` takes as it is."""
        return {item.name: _plain(getattr(self, item.name)) for item in fields(self)}  # type: ignore[arg-type]

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Make the record from what `to_dict` gave; keys it does not know are left out."""
        known = {item.name: item for item in fields(cls)}  # type: ignore[arg-type]
        return cls(**{name: _record(name, data[name]) for name in known if name in data})


@quick
@dataclass(frozen=True, slots=True)
class Card(Record):
    """One context of the stack."""

    kind: str
    """``request`` or ``app``."""
    name: str
    """The app's import name."""
    sections: dict[str, dict[str, str]]
    """``request``, ``session``, ``g``, ``flashes``, ``url_adapter``: key to short text."""


@quick
@dataclass(frozen=True, slots=True)
class Snapshot(Record):
    """The context stack at one instant."""

    at_ns: int
    cards: tuple[Card, ...]
    """Bottom of the stack first."""


@quick
@dataclass(frozen=True, slots=True)
class Change(Record):
    """What differs between two looks at the context stack, with its author."""

    at_ns: int
    depth: int
    """Position of the card in the stack, 0 at the bottom; `NO_CARD` for the response."""
    section: str
    """``g``, ``session``, ``request``, …: a key of `Card.sections`; or ``response``."""
    key: str
    """Of a response ``status``, ``length`` or ``header X-Frame-Options``."""
    before: str | None
    """None: the key was not there."""
    after: str | None
    """None: the key was removed."""
    author: str
    """Who did it, as a person would say it: ``load_user (auth.py:12)``."""
    span: int | None
    """Id of the span that did it; None when it was none: the framework itself, or a receiver."""


@quick
@dataclass(frozen=True, slots=True)
class Span(Record):
    """A timed piece of work: a hook, the view, an error handler, a template, a query, a block."""

    id: int
    """Unique within the trace, in order of start."""
    parent: int | None
    """Id of the span around it; None when it stands in a stage or on its own."""
    stage: str | None
    """The stage that it ran in; None between the stages."""
    kind: str
    """``before_request``, ``view``, ``error_handler``, ``session_open``, ``receiver`` (of a
    signal), ``template``, ``sql``, ``user``, ``body``, …"""
    name: str
    start_ns: int
    duration_ns: int
    attributes: dict[str, Any]
    """Names of OpenTelemetry where there is one: ``code.function.name``, ``code.file.path``,
    ``code.line.number``; ``code.module.name``; in words ``decorators``, one of which may have
    answered in its place, ``outcome``, what it gave, ``order``, which of how many it was
    (``2 of 3``), ``why`` it ran there; and ``lane``, as ``thread Worker-1``, when it did not run
    where the request did."""


@quick
@dataclass(frozen=True, slots=True)
class Event(Record):
    """A point in time."""

    at_ns: int
    name: str
    span: int | None
    stage: str | None
    attributes: dict[str, Any]


@quick
@dataclass(frozen=True, slots=True)
class Run(Record):
    """One run of a stage; a stage can run twice, say when an after hook raises."""

    start_ns: int
    duration_ns: int
    exception: str | None
    """The type's name when the stage raised."""


@quick
@dataclass(frozen=True, slots=True)
class Stage(Record):
    """One of the seven stages."""

    name: str
    start_ns: int | None
    """Start of the first run; None when it did not run."""
    duration_ns: int
    """Sum over the runs."""
    skipped: str | None
    """Why it did not run; None when it ran."""
    runs: tuple[Run, ...] = ()
    spans: tuple[int, ...] = ()
    """Ids of the spans that ran in it."""
    snapshot: Snapshot | None = None
    """The stack at its end."""
    changes: tuple[Change, ...] = ()
    exception: str | None = None
    """The type's name when its last run raised."""
    within: str | None = None
    """The stage that was open when it ran (match is lazy); None when it stood alone."""
    asked_by: str | None = None
    """Who made the lazy match happen: ``request.endpoint in require_login (auth.py:9)``."""


@quick
@dataclass(frozen=True, slots=True)
class Frame(Record):
    """One line of a traceback, its source taken when it happened."""

    file: str
    line: int
    function: str
    source: tuple[tuple[int, str], ...]
    """Line numbers and text around the line."""
    in_app: bool
    """False for the standard library and installed packages."""


@quick
@dataclass(frozen=True, slots=True)
class Failure(Record):
    """An exception that was raised while the request was handled."""

    at_ns: int
    type: str
    module: str
    message: str
    frames: tuple[Frame, ...]
    """Outermost first."""
    stage: str | None
    raised_by: str | None
    """``crash (shop.py:77)``: the function of the app that it left first."""
    span: int | None
    handled_by: str | None
    """The error handler that answered, ``to_400 (shop.py:20)``; None when there was none."""
    causes: tuple[str, ...] = ()
    """``KeyError: 'x'``: the chain of ``__cause__`` and ``__context__``."""


@quick
@dataclass(frozen=True, slots=True)
class Leak(Record):
    """A context, a teardown or a body of this request that did not end as it should."""

    kind: str
    """``found``, ``preserved``, ``not popped``, ``popped early``, ``popped another's``,
    ``popped elsewhere``, ``out of order``, ``teardown never``, ``teardown twice``, ``not closed``
    or ``outlived``."""
    sentence: str
    """What happened, and who did it, in one sentence."""
    is_fault: bool
    """False where it may be meant so, as with a context that a test has pushed."""
    culprit: str | None = None
    """Who did it, ``view leak (shop.py:12)``; None when that is not known."""
    trace: str | None = None
    """Id of the trace of the other request that has a part in it."""


@quick
@dataclass(frozen=True, slots=True)
class Candidate(Record):
    """A rule that the match could have chosen."""

    rule: str
    endpoint: str
    methods: tuple[str, ...]
    """Those that it takes; empty for all."""
    refused: str | None
    """Why it was not chosen, ``the int converter does not take 'abc'``; None when it was."""


@quick
@dataclass(frozen=True, slots=True)
class Routing(Record):
    """Why the match found no rule."""

    error: str
    """``none`` (404), ``method`` (405), ``redirect``, ``websocket`` or ``other``."""
    candidates: tuple[Candidate, ...] = ()
    """Those that fit the whole path in the order in which they are tried, then the nearest."""
    others: int = 0
    """How many rules there are beside the candidates."""
    near: tuple[str, ...] = ()
    """Urls and rules that were perhaps meant, the best first."""
    to: str | None = None
    """Where a redirect leads."""
    allowed: tuple[str, ...] = ()
    """The methods that the url takes, when it does not take the request's."""


@quick
@dataclass(frozen=True, slots=True)
class RequestFacts(Record):
    """What the client sent."""

    method: str
    root_path: str
    path: str
    query: str
    scheme: str
    host: str
    http_version: str
    remote_addr: str
    headers: tuple[tuple[str, str], ...]
    bytes_read: int
    """How much of the body the app has read."""
    body: str | None = None
    """Its beginning, when bodies are captured."""

    @property
    def text(self) -> str | None:
        """What was kept of the body as it came; None for nothing, or for what is no text."""
        return None if self.body is None or _NO_TEXT.fullmatch(self.body) else self.body

    @property
    def body_kept(self) -> str:
        """Return ``none`` when there was no body, ``whole``, ``cut`` or ``lost``."""
        lengths = [value for name, value in self.headers if name.lower() == "content-length"]
        told = [int(value) for value in lengths if value.isascii() and value.isdecimal()]
        length = max([self.bytes_read, *told])
        if self.text is None:
            return "lost" if length or self.body is not None else "none"
        return "whole" if len(self.text.encode(errors="replace")) >= length else "cut"


@quick
@dataclass(frozen=True, slots=True)
class ResponseFacts(Record):
    """What the app answered."""

    status: int | None
    """None when the app never called ``start_response``."""
    reason: str
    headers: tuple[tuple[str, str], ...]
    chunks: int
    bytes: int
    first_byte_ns: int | None
    closed: bool
    """Whether ``close()`` was called by the server."""
    body: str | None = None
    last_byte_ns: int | None = None
    longest_gap_ns: int | None = None
    """The longest time that the app let the server wait between two chunks; None for one chunk."""
    close_ns: int | None = None
    """How long ``close()`` of the app's body took; None when there was none to call."""


@quick
@dataclass(frozen=True, slots=True)
class Trace(Record):
    """The record of one request."""

    id: str
    """32 hexadecimal digits."""
    started: str
    """ISO 8601, UTC, microseconds."""
    duration_ns: int
    method: str
    path: str
    """SCRIPT_NAME and PATH_INFO, as text."""
    query: str
    status: int | None
    endpoint: str | None
    rule: str | None
    view_args: dict[str, Any]
    outcome: str
    """``ok``, ``error``, ``error_in_stream``, ``client_disconnected``, ``abandoned``, ``exit``,
    ``interrupted``."""
    verdict: str
    """One sentence: why this response."""
    stages: tuple[Stage, ...]
    """All seven; those that ran in the order in which they ran."""
    spans: tuple[Span, ...]
    events: tuple[Event, ...]
    exception: Failure | None
    request: RequestFacts
    response: ResponseFacts
    tracer_ns: int
    """What the tracer itself took; in no other figure of the trace."""
    dropped: dict[str, int]
    """What was left out because of a limit: name of the limit to count."""
    app: str = ""
    """The app's import name."""
    host: str = ""
    """What kind of app: ``flasktrace``, ``flask 3.1.3``, ``wsgi``."""
    pid: int = 0
    thread: str = ""
    parent: str | None = None
    """Id of the trace that this request was made in (a test client inside a view)."""
    marks: tuple[str, ...] = ()
    """What is special, for the list: ``answered by a hook``, ``exception``, …"""
    changes: tuple[Change, ...] = ()
    """All changes, in order of time."""
    partial: bool = False
    """True when an error inside the tracer may have left something out."""
    label: str = ""
    """A name given from outside, such as the test that made the request."""
    routing: Routing | None = None
    """Why the match found no rule; None when it found one, or never ran."""
    born: str = ""
    """When its process began to record: ISO 8601, UTC; empty when that is not known."""
    leaks: tuple[Leak, ...] = ()
    """What this request left behind, or found left behind by others."""

    def stage(self, name: str) -> Stage:
        """Return the stage called *name*; KeyError when *name* is none of the seven."""
        for item in self.stages:
            if item.name == name:
                return item
        raise KeyError(name)

    def children(self, span: int | None, stage: str | None = None) -> Iterator[Span]:
        """Yield the spans right below *span*, or, for None, those that stand alone in *stage*."""
        for item in self.spans:
            if item.parent == span and (span is not None or item.stage == stage):
                yield item

    def summary(self) -> "Summary":
        """Return the facts that a list shows."""
        return Summary(
            id=self.id,
            started=self.started,
            duration_ns=self.duration_ns,
            method=self.method,
            path=self.path,
            query=self.query,
            status=self.status,
            endpoint=self.endpoint,
            rule=self.rule,
            outcome=self.outcome,
            verdict=self.verdict,
            marks=self.marks,
            stages=tuple([(s.name, s.start_ns, s.duration_ns) for s in self.stages]),
            exception=None if self.exception is None else self.exception.type,
            app=self.app,
            host=self.host,
            pid=self.pid,
            parent=self.parent,
            label=self.label,
            tracer_ns=self.tracer_ns,
            hooks=tuple(dict.fromkeys([s.name for s in self.spans if s.kind in HOOKS])),
            held=tuple(self._held()),
            born=self.born,
        )

    def _held(self) -> Iterator[str]:
        """Yield ``g.user=ada`` for what g and session held in the end, or just before pop."""
        for stage in reversed(self.stages):
            if stage.snapshot is not None and stage.snapshot.cards:
                sections = stage.snapshot.cards[-1].sections
                break
        else:
            return
        for section in ("g", "session"):
            held = sections.get(section)
            if held:
                for key, text in list(held.items())[:MOST_HELD]:
                    yield f"{section}.{key}={text.strip(QUOTES)}"[:LONGEST_HELD]


@quick
@dataclass(frozen=True, slots=True)
class Summary(Record):
    """One row of a list of traces."""

    id: str
    started: str
    duration_ns: int
    method: str
    path: str
    query: str
    status: int | None
    endpoint: str | None
    rule: str | None
    outcome: str
    verdict: str
    marks: tuple[str, ...]
    stages: tuple[tuple[str, int | None, int], ...]
    """Name, start or None, duration; of each of the seven."""
    exception: str | None
    app: str
    host: str
    pid: int
    parent: str | None
    label: str
    tracer_ns: int
    hooks: tuple[str, ...] = ()
    """Names of the hooks and error handlers that ran."""
    held: tuple[str, ...] = ()
    """What g and session held in the end, cut short: ``g.user=ada``, ``session.user_id=1``."""
    born: str = ""
    """When its process began to record."""


class Point(NamedTuple):
    """What a drawing of many requests needs of each."""

    id: str
    started: int
    """Microseconds since 1970, UTC."""
    duration_ns: int
    status: int | None


@dataclass(frozen=True, slots=True)
class Page:
    """A piece of the list of traces."""

    summaries: Sequence[Summary]
    next: int | None = field(default=None)
    """Cursor to go on with, None at the end."""
    points: Sequence[Point] = ()
    """Where asked for: of the summaries and of what follows them."""


_PARTS: dict[str, type[Record]] = {
    "snapshot": Snapshot,
    "exception": Failure,
    "request": RequestFacts,
    "response": ResponseFacts,
    "routing": Routing,
}
_LISTS: dict[str, type[Record]] = {
    "candidates": Candidate,
    "cards": Card,
    "changes": Change,
    "runs": Run,
    "stages": Stage,
    "spans": Span,
    "events": Event,
    "frames": Frame,
    "leaks": Leak,
}


def _plain(value: Any) -> Any:
    if isinstance(value, Record):
        return value.to_dict()
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


def _record(name: str, value: Any) -> Any:
    """Turn the plain *value* of the field *name* back into what the field holds."""
    if isinstance(value, Mapping) and name in _PARTS:
        return _PARTS[name].from_dict(value)
    if isinstance(value, list | tuple):
        kind = _LISTS.get(name)
        if kind and value and isinstance(value[0], Mapping):
            return tuple(kind.from_dict(item) for item in value)
        return tuple(tuple(item) if isinstance(item, list) else item for item in value)
    return value
