"""Where work runs: in the thread that answers the request, or in a lane beside it.

A lane is another thread, greenlet or asyncio task into which the context of the request was copied.
There the tracer notes what the user named, without a look at the context stack and without
stopping the clock: both belong to the request's own thread.
"""

from __future__ import annotations

import sys
import threading
from contextvars import ContextVar
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

from flasktrace.trace.record import notes

if TYPE_CHECKING:
    from flasktrace.trace.record.recording import Recording

INNERMOST: ContextVar[int] = ContextVar("flasktrace.innermost", default=0)
"""Number of the user's span that is open here. A copied context takes it along, so that a lane
knows the span in which it was begun."""

Spot = tuple[int, int, int]
"""What tells lanes apart: thread, greenlet and task; 0 where there is none."""

GREENLET = "greenlet"

_numbers = count(1)
"""Of all spans that have a number; a number that a copied context brings from another request
means nothing in this one."""


class Lane(NamedTuple):
    """A lane beside the request's own thread."""

    key: tuple[Spot, str]
    name: str
    """``thread Worker-1``, ``task Task-3`` or ``greenlet``."""
    origin: int
    """Number of the user's span that was open when the context was copied; 0 when none was."""


def spot() -> Spot:
    """Return what tells this lane apart from the others that run now."""
    # Neither is imported for its own sake, and another thread may be importing it just now.
    greenlet, task = 0, None
    if "greenlet" in _modules:
        current = getattr(_modules["greenlet"], "getcurrent", None)
        greenlet = 0 if current is None else id(current())
    if "asyncio" in _modules:
        running = getattr(_modules["asyncio"], "_get_running_loop", None)
        loop = None if running is None else running()
        task = None if loop is None else _modules["asyncio"].current_task(loop)
    return _get_ident(), greenlet, 0 if task is None else id(task)


_modules: dict[str, Any] = sys.modules
_get_ident = threading.get_ident


def lane_of(recording: Recording) -> Lane | None:
    """Return the lane in which this runs; None in the request's own."""
    here = spot()
    if here == recording.spot:
        return None
    name = _name(here, recording.spot)
    # Addresses are given again to later tasks and threads; their names are not.
    return Lane((here, name), name, INNERMOST.get())


def _name(here: Spot, own: Spot) -> str:
    ident, _, task = here
    if task and task != own[2]:
        return f"task {_task_name()}"
    name = thread_name(ident)
    return f"thread {name}" if name and ident != own[0] else GREENLET


def _task_name() -> str:
    import asyncio

    task = asyncio.current_task()
    # The class's own method: a task may be of a class of the user's.
    named = task is not None and issubclass(type(task), asyncio.Task)
    name = asyncio.Task.get_name(task) if named else ""  # type: ignore[arg-type]
    return name if type(name) is str else ""


def thread_name(ident: int) -> str:
    """Return the name of a thread, empty when Python has not started it; none is made up."""
    known: dict[int, Any] = getattr(threading, "_active", {})
    name = getattr(known.get(ident), "_name", "")
    return name if type(name) is str else ""


# What is noted of a lane


def now(recording: Recording) -> int:
    """Return the time, as `Recording.enter` gives it in the request's own thread."""
    return recording.clock() - recording.base


def begin_span(
    recording: Recording,
    lane: Lane | None,
    at: int,
    kind: str,
    name: str,
    attributes: dict[str, Any],
) -> int:
    """Note that a span with a number begins; return the number."""
    number = next(_numbers)
    recording.notes.append((notes.SPAN, at, number, kind, name, attributes, lane))
    return number


def begin_nested(
    recording: Recording,
    lane: Lane,
    what: int,
    kind: str,
    name: str,
    attributes: dict[str, Any],
) -> None:
    """Note a span that will be ended by what it is of: *what* is the address of a function."""
    if not recording.has_room():
        return
    number = begin_span(recording, lane, now(recording), kind, name, attributes)
    if recording.nested is None:
        recording.nested = {}
    recording.nested.setdefault(lane.key, []).append((what, number))


def end_nested(recording: Recording, lane: Lane, what: int, outcome: str | None = None) -> None:
    """Note the end of the latest span of *what* in this lane."""
    nested = {} if recording.nested is None else recording.nested
    open_here = nested.get(lane.key, [])
    for position in range(len(open_here) - 1, -1, -1):
        known, number = open_here[position]
        if known == what:
            del open_here[position:]
            recording.notes.append((notes.SPAN_END, now(recording), number, outcome))
            break
    if not open_here:
        nested.pop(lane.key, None)
