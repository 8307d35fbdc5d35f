"""Which collectors are installed in this process, and how many tracers hold each."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from threading import RLock
from typing import TYPE_CHECKING
from weakref import finalize

if TYPE_CHECKING:
    from flasktrace.trace.record.collectors.collector import Collector
    from flasktrace.trace.record.recorder import Recorder

_lock = RLock()
_held: dict[int, _Installed] = {}
_dropped: deque[tuple[int, ...]] = deque()
"""What tracers held that were dropped with their apps. What installs may not be undone from within
the garbage collector: it may run in the midst of what a collector watches."""


class _Installed:
    def __init__(self, collector: Collector) -> None:
        self.collector = collector  # so that nothing else gets its address
        self.count = 0
        self.undo = collector.install()


def hold(collectors: Iterable[Collector], recorder: Recorder) -> Callable[[], None]:
    """Install what is not installed yet; return what lets go of it, the last one uninstalls.

    A collector that cannot be installed is counted among the recorder's errors and left out.
    """
    keys: list[int] = []
    with _lock:
        _sweep()
        for collector in collectors:
            key = id(collector)
            try:
                known = _held.get(key) or _held.setdefault(key, _Installed(collector))
            except Exception as error:  # noqa: BLE001
                recorder.guard.failed(f"collector {collector.name}", error)
                continue
            known.count += 1
            keys.append(key)
    ending = finalize(recorder, _dropped.append, tuple(keys))
    ending.atexit = False

    def release() -> None:
        if ending.detach() is not None:
            with _lock:
                _dropped.append(tuple(keys))
                _sweep()

    return release


def _sweep() -> None:
    while _dropped:
        for key in _dropped.popleft():
            known = _held[key]
            known.count -= 1
            if not known.count:
                del _held[key]
                with suppress(Exception):  # a collector of the user
                    known.undo()
