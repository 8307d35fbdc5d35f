"""Keeps the tracer's own errors away from the app."""

import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable

_log = logging.getLogger("flasktrace")
_WINDOW = 60.0
_MOST = 10


class Guard:
    """Counts the errors of each part of the tracer; a part that fails too often is switched off.

    Too often is ten times within a minute. What is switched off stays off.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._times: dict[str, deque[float]] = {}
        #: Part to number of errors.
        self.errors: dict[str, int] = {}
        #: Parts that are switched off.
        self.off: set[str] = set()

    def failed(self, part: str, error: Exception) -> None:
        """Note that *part* raised *error*."""
        with contextlib.suppress(Exception):  # such as a RecursionError where the app had one left
            self._count(part, error)

    def _count(self, part: str, error: Exception) -> None:
        self.errors[part] = self.errors.get(part, 0) + 1
        times = self._times.setdefault(part, deque(maxlen=_MOST))
        times.append(self._clock())
        if part not in self.off and len(times) == _MOST and times[-1] - times[0] < _WINDOW:
            self.off.add(part)
            _say(part, type(error).__name__)


def _say(part: str, error: str) -> None:
    with contextlib.suppress(Exception):  # a log handler of the app may raise
        _log.error(
            "flasktrace: %s failed %d times within a minute and is off now; the last error "
            "was %s. Your app is not affected; traces lack this part.",
            part,
            _MOST,
            error,
        )
