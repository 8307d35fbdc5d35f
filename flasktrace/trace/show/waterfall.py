"""The waterfall: stages and spans as rows of bars on one time scale."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from flasktrace.trace.model import Event, Run, Span, Stage, Trace
from flasktrace.trace.show import words
from flasktrace.trace.show.scale import Scale

LENGTH = 1000
"""Units of a bar's line."""
DEEPEST = 8
"""Levels that are indented; what lies deeper is drawn at this one."""
MOST = 600
"""Rows at once, unless all are asked for."""
BUSY = 200
"""Rows from which on the stages are not drawn behind each of them."""
FEW = 4
"""Alike spans beside each other from which on they are one row."""
LEAST = {"0.1": 100_000, "1": 1_000_000, "10": 10_000_000, "100": 100_000_000}
"""Durations, in milliseconds as a person chooses them, below which spans may be hidden."""
_PARTS = 4
_APART = 1.0

_Children = dict[tuple[int | None, str | None], list[Span]]


@dataclass(frozen=True, slots=True)
class Bar:
    """A piece of a line, in units of `LENGTH`."""

    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Line:
    """One row: a stage or a span."""

    kind: str
    """``stage``, or the span's kind."""
    title: str
    where: str
    """Module, file and line, for who points at the title."""
    position: str
    """Which of how many it was, and why."""
    outcome: str
    details: str
    level: int
    stage: str
    """The stage that gives its colour; ``body`` after the context, ``none`` between stages."""
    start_ns: int
    duration_ns: int
    bars: tuple[Bar, ...]
    ticks: tuple[float, ...]
    """Where events happened."""
    raised: bool
    span: int | None
    self_ns: int = 0
    """What it took without the spans below it."""
    count: int = 1
    """How many alike spans this row stands for."""


@dataclass(frozen=True, slots=True)
class Look:
    """How much of the waterfall to see."""

    zoom: str = ""
    """Name of a stage or id of a span to look at; empty for all."""
    least: str = ""
    """A key of `LEAST`, empty for spans of any duration."""
    repeats: bool = False
    """Whether alike spans have a row each."""
    all: bool = False
    """Whether to draw more than `MOST` rows."""

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> "Look":
        """Return what the query string *asked* for; what is no known value is left out."""
        least = asked.get("least", "")
        return cls(
            zoom=asked.get("zoom", ""),
            least=least if least in LEAST else "",
            repeats=asked.get("repeats") == "1",
            all=asked.get("rows") == "all",
        )

    def link(self, stage: str, **other: str | bool) -> str:
        """Return the query string for this look but for what is *other*."""
        look = replace(self, **other)  # type: ignore[arg-type]
        pairs = {
            "stage": stage,
            "zoom": look.zoom,
            "least": look.least,
            "repeats": "1" if look.repeats else "",
            "rows": "all" if look.all else "",
        }
        return f"?{urlencode({name: value for name, value in pairs.items() if value})}#waterfall"


@dataclass(frozen=True, slots=True)
class Waterfall:
    """All rows, with the scale above them."""

    lines: tuple[Line, ...]
    bands: tuple[tuple[str, Bar], ...]
    """Stage and where it lies, for the background."""
    marks: tuple[int, ...]
    """Nanoseconds to write on the scale, evenly spread from its begin to its end."""
    look: Look = Look()
    zoomed: str = ""
    """Title of what is zoomed into."""
    short: int = 0
    """Spans that are hidden since they were shorter than asked for."""
    repeats: int = 0
    """Spans that are folded into rows of alike ones."""
    left: int = 0
    """Rows that are left out."""

    @property
    def is_busy(self) -> bool:
        """Tell whether there are too many rows to draw the stages behind each."""
        return len(self.lines) > BUSY


def waterfall(trace: Trace, look: Look = Look()) -> Waterfall:
    """Return the rows of *trace* in order of time, children below their parents."""
    total = max([trace.duration_ns, *(span.start_ns + span.duration_ns for span in trace.spans)])
    begin, length, title = _window(trace, look, total)
    scale = Scale(length, LENGTH, begin)
    ran = sorted((s for s in trace.stages if s.start_ns is not None), key=lambda s: s.start_ns or 0)
    drawer = _Drawer(trace, scale, ran, look)
    lines = [*drawer.lines()]
    shown = lines if look.all else lines[:MOST]
    return Waterfall(
        lines=tuple(shown),
        bands=tuple(_bands(ran, trace, scale)),
        marks=tuple(begin + length * part // _PARTS for part in range(_PARTS + 1)),
        look=look,
        zoomed=title,
        short=drawer.short,
        repeats=drawer.folded,
        left=len(lines) - len(shown),
    )


def _window(trace: Trace, look: Look, total: int) -> tuple[int, int, str]:
    """Return where the scale begins, how long it is, and what it is the time of."""
    for stage in trace.stages:
        if stage.name == look.zoom and stage.start_ns is not None:
            end = max(run.start_ns + run.duration_ns for run in words.stage_runs(stage))
            return stage.start_ns, max(end - stage.start_ns, 1), stage.name
    for span in trace.spans:
        if str(span.id) == look.zoom:
            return span.start_ns, max(span.duration_ns, 1), words.title(span)
    return 0, total, ""


def bands(trace: Trace, total: int) -> tuple[tuple[str, Bar], ...]:
    """Return the stages and the body of *trace* on a line of *total* nanoseconds."""
    ran = sorted((s for s in trace.stages if s.start_ns is not None), key=lambda s: s.start_ns or 0)
    return tuple(_bands(ran, trace, Scale(total, LENGTH)))


class _Drawer:
    """Turns one trace into lines."""

    def __init__(self, trace: Trace, scale: Scale, ran: list[Stage], look: Look) -> None:
        self.scale = scale
        self.look = look
        self.short = self.folded = 0
        self.ran = ran
        self.children = _children(trace.spans, {stage.name for stage in ran})
        self.events: dict[object, list[Event]] = defaultdict(list)
        for event in trace.events:
            self.events[event.span if event.span is not None else event.stage].append(event)

    def lines(self) -> Iterator[Line]:
        loose = self.children.get((None, None), [])
        items: list[Stage | Span] = [*self.ran, *loose]
        for item in sorted(items, key=lambda item: item.start_ns or 0):
            if isinstance(item, Stage):
                if self._is_in(item.start_ns or 0, item.duration_ns):
                    yield self._stage(item)
                yield from self._spans(self.children.get((None, item.name), []), 1)
            else:
                yield from self._spans([item], 0)

    def _stage(self, stage: Stage) -> Line:
        return Line(
            kind="stage",
            title=stage.name,
            where="",
            position="",
            outcome="; ".join(words.stage_notes(stage)),
            details="",
            level=0,
            stage=stage.name,
            start_ns=stage.start_ns or 0,
            duration_ns=stage.duration_ns,
            bars=tuple(self._bars(words.stage_runs(stage))),
            ticks=self._ticks(stage.name),
            raised=bool(stage.exception),
            span=None,
            self_ns=max(stage.duration_ns - self._inside(stage), 0),
        )

    def _inside(self, stage: Stage) -> int:
        """Return what the spans and stages in *stage* took."""
        spans = self.children.get((None, stage.name), [])
        return sum(span.duration_ns for span in spans) + sum(
            other.duration_ns for other in self.ran if other.within == stage.name
        )

    def _spans(self, spans: Iterable[Span], level: int) -> Iterator[Line]:
        waiting = [(span, level) for span in reversed([*spans])]
        while waiting:
            span, depth = waiting.pop()
            if not self._is_in(span.start_ns, span.duration_ns):
                pass
            elif span.duration_ns < LEAST.get(self.look.least, 0):
                self.short += 1
            else:
                alike = self._alike(waiting, span, depth)
                yield self._span([span, *alike], min(depth, DEEPEST))
            below = self.children.get((span.id, None), [])
            waiting.extend((child, depth + 1) for child in reversed(below))

    def _is_in(self, start: int, length: int) -> bool:
        """Tell whether some of the time lies on the scale."""
        end = self.scale.begin_ns + self.scale.total_ns
        return not self.look.zoom or (start < end and start + length > self.scale.begin_ns)

    def _alike(self, waiting: list[tuple[Span, int]], span: Span, depth: int) -> list[Span]:
        """Take those that follow *span* and do the same from *waiting*, when they are many."""
        if self.look.repeats or (span.id, None) in self.children:
            return []
        count = 0
        for other, level in reversed(waiting):
            if level != depth or not self._does_the_same(other, span):
                break
            count += 1
        if count + 1 < FEW:
            return []
        found = [waiting.pop()[0] for _ in range(count)]
        self.folded += count
        return found

    def _does_the_same(self, span: Span, other: Span) -> bool:
        names = ("code.function.name", "code.line.number")
        return (
            (span.kind, span.name, span.stage) == (other.kind, other.name, other.stage)
            and all(span.attributes.get(name) == other.attributes.get(name) for name in names)
            and (span.id, None) not in self.children
        )

    def _span(self, spans: list[Span], level: int) -> Line:
        span = spans[0]
        outcome = words.outcome(span)
        total = sum(item.duration_ns for item in spans)
        below = self.children.get((span.id, None), [])
        lane = span.attributes.get("lane")
        inside = sum(s.duration_ns for s in below if s.attributes.get("lane") == lane)
        return Line(
            kind=span.kind,
            title=words.title(span),
            where=words.whereabouts(span),
            position=words.position(span),
            outcome=outcome,
            details=words.span_details(span),
            level=level,
            stage=span.stage or ("body" if span.kind == "body" else "none"),
            start_ns=span.start_ns,
            duration_ns=total,
            bars=tuple(self._bars(spans)),
            ticks=self._ticks(span.id),
            raised=outcome.startswith("raised"),
            span=span.id,
            self_ns=max(total - inside, 0),
            count=len(spans),
        )

    def _bars(self, runs: Sequence[Run | Span]) -> Iterator[Bar]:
        last = -_APART
        apart = _APART if len(runs) > FEW else 0.0
        for run in runs:
            if not self._is_in(run.start_ns, run.duration_ns):
                continue
            x = self.scale.x(run.start_ns)
            if x - last < apart:  # it would not be seen beside the one before
                continue
            last = x
            width = self.scale.width(run.start_ns, run.duration_ns)
            yield Bar(x, width)

    def _ticks(self, owner: object) -> tuple[float, ...]:
        return tuple(self.scale.x(event.at_ns) for event in self.events.get(owner, ()))


def _children(spans: Iterable[Span], stages: set[str]) -> _Children:
    """Return the spans by their parent, or by their stage when they have none."""
    found: _Children = defaultdict(list)
    known: set[int] = set()
    for span in sorted(spans, key=lambda span: span.id):
        stage = span.stage if span.stage in stages else None
        # A parent begins earlier and so has a smaller id; anything else would be a circle.
        found[(span.parent, None) if span.parent in known else (None, stage)].append(span)
        known.add(span.id)
    return found


def _bands(ran: list[Stage], trace: Trace, scale: Scale) -> Iterator[tuple[str, Bar]]:
    for stage in ran:
        for run in words.stage_runs(stage):
            yield stage.name, Bar(scale.x(run.start_ns), scale.width(run.start_ns, run.duration_ns))
    for span in trace.spans:
        if span.kind == "body":
            width = scale.width(span.start_ns, span.duration_ns)
            yield "body", Bar(scale.x(span.start_ns), width)
