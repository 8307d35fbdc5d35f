"""The lifecycle of a request without times, places and values: what ran, and in which order.

Two runs of the same request have the same outline, on any machine.
"""

import re
from collections.abc import Iterator
from difflib import ndiff

from flasktrace.trace.model import Event, Span, Stage, Trace
from flasktrace.trace.roles import is_log, query_of, shape
from flasktrace.trace.show.sanitize import clean

_INDENT = "  "
_SIGNAL = "signal "
_ADDRESS = re.compile(r"0x[0-9a-fA-F]+")


def outline(trace: Trace) -> str:
    """Return the outline of *trace*, a line each for what ran, indented by what it ran in."""
    return "".join(f"{line.rstrip()}\n" for line in _lines(trace))


def difference(stored: str, now: str) -> str:
    """Return both outlines as one tree, ``-`` before what is gone, ``+`` before what is new."""
    told = ndiff(stored.splitlines(), now.splitlines())
    return "\n".join(line.rstrip() for line in told if not line.startswith("?"))


def _lines(trace: Trace) -> Iterator[str]:
    where = trace.rule or "(no rule)"
    yield clean(f"{trace.method} {where} → {trace.status or 'no status'}")
    for event in _events(trace, None, None):
        yield f"{_INDENT}{event}"
    told: set[int] = set()
    for stage in trace.stages:
        yield from _stage(trace, stage, told)
    loose = [
        span
        for span in trace.spans
        if span.parent is None and span.id not in told and span.kind != "body"
    ]
    if loose:
        yield "between the stages"
        for span in loose:
            yield from _span(trace, span, 1, told)


def _stage(trace: Trace, stage: Stage, told: set[int]) -> Iterator[str]:
    if stage.start_ns is None:
        yield clean(f"{stage.name} skipped: {stage.skipped}")
        return
    raised = f" raised {stage.exception}" if stage.exception else ""
    again = f" ran {len(stage.runs)} times" if len(stage.runs) > 1 else ""
    within = f" within {stage.within}" if stage.within else ""
    yield clean(f"{stage.name}{within}{again}{raised}")
    for event in _events(trace, None, stage.name):
        yield f"{_INDENT}{event}"
    for span in trace.spans:
        if span.parent is None and span.stage == stage.name:
            yield from _span(trace, span, 1, told)


def _span(trace: Trace, span: Span, depth: int, told: set[int]) -> Iterator[str]:
    told.add(span.id)
    query = query_of(span)
    name = f"{span.kind} {span.name}" if query is None else f"query {shape(query)}"
    outcome = str(span.attributes.get("outcome") or "")
    ends = f" {outcome}" if outcome.startswith(("answered", "raised", "replaced")) else ""
    yield _INDENT * depth + clean(_ADDRESS.sub("0x…", f"{name}{ends}"))
    for event in _events(trace, span.id, span.stage):
        yield f"{_INDENT * (depth + 1)}{event}"
    for inner in trace.children(span.id):
        yield from _span(trace, inner, depth + 1, told)


def _events(trace: Trace, span: int | None, stage: str | None) -> Iterator[str]:
    for event in trace.events:
        if is_log(event):
            continue  # which libraries log what depends on their versions and on levels
        if event.span == span and (span is not None or event.stage == stage):
            yield _event(event)


def _event(event: Event) -> str:
    return clean(event.name if event.name.startswith(_SIGNAL) else f"event {event.name}")
