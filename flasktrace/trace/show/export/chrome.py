"""A trace in Chrome's trace event format, which Perfetto and ``chrome://tracing`` open."""

import json
from collections.abc import Iterator
from typing import Any

from flasktrace.trace.model import Trace
from flasktrace.trace.show import words

_FIRST_LANE = 1
"""The thread that the request ran in."""


def chrome(trace: Trace) -> str:
    """Return the events; times are microseconds from the start of the request."""
    lanes = _lanes(trace)
    data = {
        "traceEvents": [*_names(trace, lanes), *_slices(trace, lanes), *_points(trace, lanes)],
        "displayTimeUnit": "ms",
        "otherData": {"id": trace.id, "started": trace.started, "verdict": trace.verdict},
    }
    return f"{json.dumps(data, indent=1)}\n"


def _lanes(trace: Trace) -> dict[str, int]:
    """Return a number for each lane; slices in one lane have to lie inside of each other."""
    found = dict.fromkeys(str(span.attributes.get("lane") or "") for span in trace.spans)
    others = [lane for lane in found if lane]
    return {"": _FIRST_LANE, **{lane: number for number, lane in enumerate(others, 2)}}


def _names(trace: Trace, lanes: dict[str, int]) -> Iterator[dict[str, Any]]:
    yield _event("M", trace, _FIRST_LANE, name="process_name", args={"name": trace.app or "app"})
    for lane, number in lanes.items():
        name = lane or trace.thread or "request"
        yield _event("M", trace, number, name="thread_name", args={"name": name})


def _slices(trace: Trace, lanes: dict[str, int]) -> Iterator[dict[str, Any]]:
    facts = {"status": trace.status, "endpoint": trace.endpoint, "verdict": trace.verdict}
    name = f"{trace.method} {words.target(trace)}"
    yield _slice(trace, _FIRST_LANE, 0, trace.duration_ns, name=name, cat="request", args=facts)
    for stage in trace.stages:
        for run in words.stage_runs(stage):
            notes = {"notes": "; ".join(words.stage_notes(stage))}
            given = {"name": stage.name, "cat": "stage", "args": notes}
            yield _slice(trace, _FIRST_LANE, run.start_ns, run.duration_ns, **given)
    for span in trace.spans:
        lane = lanes[str(span.attributes.get("lane") or "")]
        given = {"name": words.title(span), "cat": span.kind, "args": dict(span.attributes)}
        yield _slice(trace, lane, span.start_ns, span.duration_ns, **given)


def _points(trace: Trace, lanes: dict[str, int]) -> Iterator[dict[str, Any]]:
    owners = {span.id: span for span in trace.spans}
    for event in trace.events:
        owner = owners.get(event.span) if event.span is not None else None
        lane = lanes[str(owner.attributes.get("lane") or "")] if owner else _FIRST_LANE
        kind, told = words.point_kind(event), dict(event.attributes)
        given = {"name": words.point_name(event), "cat": kind, "args": told}
        yield _event("i", trace, lane, ts=event.at_ns / 1000, s="t", **given)
    for change in trace.changes:
        given = {"name": words.change_sentence(change), "cat": "change"}
        yield _event("i", trace, _FIRST_LANE, ts=change.at_ns / 1000, s="t", **given)


def _slice(trace: Trace, lane: int, start: int, length: int, **more: Any) -> dict[str, Any]:
    return _event("X", trace, lane, ts=start / 1000, dur=length / 1000, **more)


def _event(phase: str, trace: Trace, lane: int, **more: Any) -> dict[str, Any]:
    return {"ph": phase, "pid": trace.pid or 1, "tid": lane, **more}
