"""The lifecycle lane: the seven stages in their fixed places, then the body."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from flasktrace.trace.model import STAGES, Change, Span, Stage, Trace
from flasktrace.trace.show import words
from flasktrace.trace.show.sanitize import clean

BODY = "body"
PLACES = (*STAGES, BODY)
"""The stops of the lane, in the order in which they are drawn."""

_BROKEN_BODY = frozenset({"client_disconnected", "error_in_stream"})


DEEPEST = 8
"""Levels that are indented."""
MOST_CALLS = 100
"""Calls that are shown of a stage."""


@dataclass(frozen=True, slots=True)
class Call:
    """A span among the calls of a stage."""

    span: Span
    level: int
    """0 for what stands right in the stage."""


@dataclass(frozen=True, slots=True)
class Step:
    """One stop of the lane."""

    name: str
    number: int
    """From 1, as they ran; one that did not run keeps that of its place."""
    state: str
    """``ran``, ``raised`` or ``hollow``."""
    reason: str
    """Why it is hollow, or what is unusual about it; empty when there is nothing to say."""
    start_ns: int | None
    duration_ns: int
    percent: int
    """Its part of the request's time."""
    spans: tuple[Span, ...]
    changes: tuple[Change, ...]
    calls: tuple[Call, ...] = ()
    """The spans with what ran inside of them, in order of time, at most `MOST_CALLS`."""
    more_calls: int = 0
    """Those that are left out."""
    within: str = ""
    """The stage that was open when it ran; empty when it stood alone."""
    lazily: bool = False
    """Whether it ran when somebody asked for what it gives."""


def lane(trace: Trace) -> tuple[Step, ...]:
    """Return the eight steps of *trace*, in the order in which they ran."""
    found = {stage.name: stage for stage in trace.stages}
    stages = [found.get(name) or _missing(name) for name in STAGES]
    numbers = _numbers(stages)
    stages.sort(key=lambda stage: numbers[stage.name])
    return (*(_step(trace, numbers[stage.name], stage) for stage in stages), _body(trace))


def _numbers(stages: list[Stage]) -> dict[str, int]:
    """Return the number of each stage: those that ran share their places in order of time."""
    numbers = {stage.name: number for number, stage in enumerate(stages, 1)}
    ran = [(stage.start_ns, stage.name) for stage in stages if stage.start_ns is not None]
    places = sorted(numbers[name] for _, name in ran)
    # A stable sort: of two that began at the same instant, the places decide.
    ran.sort(key=lambda item: item[0])
    return numbers | {name: place for (_, name), place in zip(ran, places, strict=True)}


def first_look(trace: Trace) -> str:
    """Return the step that tells most: where it broke, no rule, who answered, else the view."""
    if trace.outcome in _BROKEN_BODY:
        return BODY
    if trace.exception and trace.exception.stage in STAGES:
        return trace.exception.stage
    ran = {stage.name for stage in trace.stages if stage.start_ns is not None}
    if trace.routing and "match" in ran and "answered by a hook" not in trace.marks:
        return "match"
    raised = next((stage.name for stage in trace.stages if stage.exception), None)
    if raised is not None:
        return raised
    for span in trace.spans:
        if span.stage in ran and words.outcome(span).startswith("answered"):
            return span.stage or BODY
    return next((name for name in ("dispatch", *STAGES) if name in ran), BODY)


def _step(trace: Trace, number: int, stage: Stage) -> Step:
    spans = tuple(_of_stage(trace, stage.name))
    calls = tuple(_calls(trace, stage.name, spans))
    return Step(
        name=stage.name,
        number=number,
        state="raised" if stage.exception else "ran" if stage.start_ns is not None else "hollow",
        reason=clean(stage.skipped or "; ".join(words.stage_notes(stage))),
        start_ns=stage.start_ns,
        duration_ns=stage.duration_ns,
        percent=_percent(stage.duration_ns, trace),
        spans=spans,
        changes=stage.changes,
        calls=calls[:MOST_CALLS],
        more_calls=max(len(calls) - MOST_CALLS, 0),
        within=clean(stage.within or ""),
        lazily=bool(stage.asked_by),
    )


def _calls(trace: Trace, stage: str, roots: tuple[Span, ...]) -> Iterator[Call]:
    """Yield *roots* with all that ran inside of them, each before its children."""
    below: dict[int, list[Span]] = defaultdict(list)
    known: set[int] = set()
    for span in sorted(trace.spans, key=lambda span: span.id):
        # A parent begins earlier and so has a smaller id; anything else would be a circle.
        if span.stage == stage and span.parent in known:
            below[span.parent or 0].append(span)
        known.add(span.id)
    waiting = [Call(span, 0) for span in reversed(roots)]
    while waiting:
        call = waiting.pop()
        yield call
        waiting.extend(
            Call(child, min(call.level + 1, DEEPEST)) for child in reversed(below[call.span.id])
        )


def _of_stage(trace: Trace, stage: str) -> Iterator[Span]:
    """Yield the spans that stand right in *stage*."""
    own = {span.id for span in trace.spans if span.stage == stage}
    for span in trace.spans:
        if span.id in own and span.parent not in own:
            yield span


def _body(trace: Trace) -> Step:
    spans = tuple(span for span in trace.spans if span.kind == BODY)
    length = sum(span.duration_ns for span in spans)
    ran = bool(spans or trace.response.chunks)
    state = "raised" if trace.outcome in _BROKEN_BODY else "ran" if ran else "hollow"
    return Step(
        name=BODY,
        number=len(PLACES),
        state=state,
        reason=words.body_sentence(trace.response) if ran else "no body was sent",
        start_ns=spans[0].start_ns if spans else None,
        duration_ns=length,
        percent=_percent(length, trace),
        spans=spans,
        changes=(),
    )


def _missing(name: str) -> Stage:
    return Stage(name=name, start_ns=None, duration_ns=0, skipped="not recorded")


def _percent(duration_ns: int, trace: Trace) -> int:
    return min(round(100 * duration_ns / trace.duration_ns), 100) if trace.duration_ns > 0 else 0
