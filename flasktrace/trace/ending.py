"""The end of the program: what it has not read or closed by then is told as far as it came."""

from __future__ import annotations

import atexit
from typing import TYPE_CHECKING
from weakref import WeakSet

from flasktrace.trace.record.running import finish_returned

if TYPE_CHECKING:
    from flasktrace.trace.tracer import Tracer

EXIT_WAIT = 1.0
"""Seconds that the end of the program waits for each app's last traces."""

_tracers: WeakSet[Tracer] = WeakSet()


def watch(tracer: Tracer) -> None:
    """Have what *tracer* records finished before the program ends."""
    _tracers.add(tracer)


@atexit.register
def _finish() -> None:
    """Store also the requests whose answers nobody has closed, as a script leaves some."""
    for tracer in list(_tracers):
        if tracer.recorder is not None:
            finish_returned(tracer.recorder)
        if "writer" in vars(tracer):  # else there is nothing to store
            tracer.flush(EXIT_WAIT)
