"""Tells of the requests that are not over: where each one is, and since when.

Nothing here runs while a request is handled; it is for whoever asks, in another thread.
"""

from __future__ import annotations

import gc
import sys
from datetime import UTC, datetime
from types import CodeType, FrameType
from typing import Any

from flasktrace.trace.file_name import file_name
from flasktrace.trace.model import STAGES
from flasktrace.trace.record import lanes, notes
from flasktrace.trace.record.body import Body, is_left
from flasktrace.trace.record.gateway import Gateway
from flasktrace.trace.record.origin import is_own
from flasktrace.trace.record.place import Place
from flasktrace.trace.record.recorder import Recorder
from flasktrace.trace.record.recording import Recording
from flasktrace.trace.record.redact import without

_MOST = 30
"""Lines of a stack, the innermost ones."""
PATIENCE = 5 * 60 * 1_000_000_000
"""Nanoseconds after which a body that nobody has begun to read counts as abandoned."""
_DOORS = {Gateway.__call__.__code__, Body.take.__code__, Body.close.__code__}
"""Through which a server comes to the app: each has its ``recording``."""


def in_flight(recorder: Recorder) -> list[dict[str, Any]]:
    """Return the requests that are not over as plain data, the one that began first at first."""
    running = list(recorder.live.values())
    frames = sys._current_frames()  # noqa: SLF001
    try:
        return [_told(item, _stack(item, frames.get(item.ident))) for item in running]
    finally:
        frames.clear()


def _told(recording: Recording, stack: list[str]) -> dict[str, Any]:
    since = datetime.fromtimestamp(recording.started, UTC)
    return {
        "id": recording.id,
        "method": recording.request.get("REQUEST_METHOD", ""),
        "path": without(recording.request.get("path", ""), recording.routing.get("secrets") or ()),
        "since": since.isoformat(timespec="microseconds"),
        "for_ns": max(lanes.now(recording), 0),
        "stage": _stage(recording),
        "doing": _doing(recording),
        "thread": recording.thread,
        "ident": recording.ident,
        "pid": recording.pid,
        "stack": stack,
    }


def _stage(recording: Recording) -> str | None:
    """Return the stage that a request is in, ``body`` after them, None between them."""
    context = recording.its_context()
    stage: str | None = None if context is None else context.stage
    if stage in STAGES:
        return stage
    return "body" if recording.returned else None


def _doing(recording: Recording) -> str | None:
    """Return which function of the app is at work: ``view slow (shop.py:12)``."""
    calls = recording.calls[-1:]
    for note in reversed(list(recording.notes)):
        if calls and note[0] == notes.CALL and note[2] == calls[0]:
            kind, place = note[3:5]
            return f"{kind} {place}" if type(place) is Place else str(kind)
    return None


# Where a thread is


def _stack(recording: Recording, frame: FrameType | None) -> list[str]:
    """Return what the thread of a request is doing, outermost first; empty when it is elsewhere.

    A thread may have gone on to another request, or to this very question; and the stack of a
    greenlet that waits is not its thread's.
    """
    if recording.ident == lanes.spot()[0]:
        return []
    inside = [
        f"{code.co_name} ({file_name(code.co_filename)}:{line})"
        for code, line in _steps(recording, frame)
        if not is_own(code.co_filename)
    ]
    return inside[-_MOST:]


def _steps(recording: Recording, frame: FrameType | None) -> list[tuple[CodeType, int]]:
    """Return the steps inside of the request.

    Those of the server, or of a request around it, are outside of its door.
    """
    found: list[tuple[CodeType, int]] = []
    while frame is not None:
        code = frame.f_code
        if code in _DOORS and frame.f_locals.get("recording") is recording:
            found.reverse()
            return found
        found.append((code, frame.f_lineno or 0))
        frame = frame.f_back
    return []


# What will never end


def sweep(recorder: Recorder, patience: int = PATIENCE) -> None:
    """Finish the recordings whose bodies nobody has begun to read for *patience* nanoseconds."""
    for recording in list(recorder.live.values()):
        returned = _returned_at(recording) if is_left(recording) else None
        if returned is not None and lanes.now(recording) - returned >= patience:
            recording.outcome = "abandoned"
            recorder.finish(recording, returned)


def finish_returned(recorder: Recorder) -> None:
    """Finish the recordings of this process whose responses are returned, but not closed.

    For the end of the program: nobody closes them any more.
    """
    if not any(map(is_left, list(recorder.live.values()))):
        return
    # Nothing knows the bodies, so that they live as long as untraced, but for the collector.
    bodies = [item for item in gc.get_objects() if issubclass(type(item), Body)]
    for body in bodies:
        body.give_up(recorder)
    sweep(recorder, 0)


def _returned_at(recording: Recording) -> int | None:
    """Return when a response was returned whose body nobody reads; None for all others."""
    if not recording.returned or recording.chunks or recording.first_byte is not None:
        return None
    known = list(recording.notes)
    if recording.room <= 0 or any(note[0] == notes.BODY for note in known):
        return None  # it is being read, or nobody can tell
    # The return itself is not noted, but the end of the last stage is.
    return known[-1][1] if known else 0
