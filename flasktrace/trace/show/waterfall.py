"""The waterfall: stages and spans as rows of bars on one time scale."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from flasktrace.trace.model import Event, Run, Span, Stage, Trace
from flasktrace.trace.show import words
from flasktrace.trace.show.scale import Scale

LENGTH = 1000
"""Units of a bar's line."""
DEEPEST = 8
"""Levels that are indented; what lies deeper is drawn at this one."""
_PARTS = 4

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


@dataclass(frozen=True, slots=True)
class Waterfall:
    """All rows, with the scale above them."""

    lines: tuple[Line, ...]
    bands: tuple[tuple[str, Bar], ...]
    """Stage and where it lies, for the background."""
    marks: tuple[int, ...]
    """Nanoseconds to write on the scale, evenly spread from 0 to the end."""


def waterfall(trace: Trace) -> Waterfall:
    """Return the rows of *trace* in order of time, children below their parents."""
    total = max([trace.duration_ns, *(span.start_ns + span.duration_ns for span in trace.spans)])
    scale = Scale(total, LENGTH)
    ran = sorted((s for s in trace.stages if s.start_ns is not None), key=lambda s: s.start_ns or 0)
    drawer = _Drawer(trace, scale, ran)
    return Waterfall(
        lines=tuple(drawer.lines()),
        bands=tuple(_bands(ran, trace, scale)),
        marks=tuple(total * part // _PARTS for part in range(_PARTS + 1)),
    )


def bands(trace: Trace, total: int) -> tuple[tuple[str, Bar], ...]:
    """Return the stages and the body of *trace* on a line of *total* nanoseconds."""
    ran = sorted((s for s in trace.stages if s.start_ns is not None), key=lambda s: s.start_ns or 0)
    return tuple(_bands(ran, trace, Scale(total, LENGTH)))


class _Drawer:
    """Turns one trace into lines."""

    def __init__(self, trace: Trace, scale: Scale, ran: list[Stage]) -> None:
        self.scale = scale
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
        )

    def _spans(self, spans: Iterable[Span], level: int) -> Iterator[Line]:
        waiting = [(span, level) for span in reversed([*spans])]
        while waiting:
            span, depth = waiting.pop()
            yield self._span(span, min(depth, DEEPEST))
            below = self.children.get((span.id, None), [])
            waiting.extend((child, depth + 1) for child in reversed(below))

    def _span(self, span: Span, level: int) -> Line:
        outcome = words.outcome(span)
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
            duration_ns=span.duration_ns,
            bars=tuple(self._bars([span])),
            ticks=self._ticks(span.id),
            raised=outcome.startswith("raised"),
            span=span.id,
        )

    def _bars(self, runs: Iterable[Run | Span]) -> Iterator[Bar]:
        for run in runs:
            width = self.scale.width(run.start_ns, run.duration_ns)
            yield Bar(self.scale.x(run.start_ns), width)

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
