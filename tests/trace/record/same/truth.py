"""What a trace says, held against what the server got."""

from typing import Any

from flasktrace.trace.model import STAGES
from tests.trace.record.same.server import Ask


def assert_true(traces, asks, answers, *, bodies=False) -> None:
    """One trace for each request, which says what the server saw and what the request expects."""
    tops = [item for item in traces if item.parent is None]
    wanted = [(ask, seen) for ask, seen in zip(asks, answers, strict=True) if ask.traced]
    assert len(tops) == len(wanted), [(item.path, item.status) for item in tops]
    for trace, (ask, seen) in zip(tops, wanted, strict=True):
        assert_tells(trace, ask, seen)
        if bodies and seen["taken"] is not None:
            assert trace.request.bytes_read == seen["taken"], ask.path
        assert len(within(trace, traces)) == ask.children


def within(trace, traces) -> list[Any]:
    """Return the traces of requests that were made inside that of *trace*."""
    direct = [item for item in traces if item.parent == trace.id]
    return direct + [deeper for item in direct for deeper in within(item, traces)]


def assert_tells(trace, ask: Ask, seen) -> None:
    told = (trace.status, trace.outcome)
    assert told == (ask.status, ask.outcome), (ask.path, told, trace.verdict)
    assert trace.status == status_of(seen), ask.path
    assert not trace.partial
    if not seen.get("is a file"):  # which is handed on itself, so that nobody sees its end
        assert trace.response.closed == (ask.close and "returned" in seen), ask.path
        assert_counts(trace, seen["chunks"])
    assert_times_are_possible(trace)


def assert_counts(trace, chunks) -> None:
    if all(type(chunk) is bytes for chunk in chunks):
        assert (trace.response.chunks, trace.response.bytes) == (len(chunks), sum(map(len, chunks)))


def status_of(seen) -> int | None:
    """Return the status that the server has accepted last."""
    code = str(seen.get("status", "")).partition(" ")[0]
    return int(code) if code.isdecimal() else None


def assert_times_are_possible(trace) -> None:
    assert trace.duration_ns > 0
    assert trace.tracer_ns > 0
    assert sorted(item.name for item in trace.stages) == sorted(STAGES)
    for item in (*trace.spans, *(run for stage in trace.stages for run in stage.runs)):
        assert 0 <= item.start_ns <= item.start_ns + item.duration_ns <= trace.duration_ns, item
    assert all(0 <= item.at_ns <= trace.duration_ns for item in trace.events)
