"""Keeps the tracer's own errors away from the app."""

import contextlib
import logging
import signal
import time
from collections import deque
from collections.abc import Callable
from types import CodeType, FunctionType, MethodType

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
        """Note that *part* raised *error*; raise what is the app's own, see `is_of_a_signal`."""
        try:
            is_the_apps = is_of_a_signal(error)
        except RecursionError:  # no room left even to look
            is_the_apps = False
        if is_the_apps:
            raise error
        with contextlib.suppress(Exception):  # such as a RecursionError where the app had one left
            self._count(part, error)

    def _count(self, part: str, error: Exception) -> None:
        self.errors[part] = self.errors.get(part, 0) + 1
        times = self._times.setdefault(part, deque(maxlen=_MOST))
        times.append(self._clock())
        if part not in self.off and len(times) == _MOST and times[-1] - times[0] < _WINDOW:
            self.off.add(part)
            _say(part, type(error).__name__)


def is_of_a_signal(error: BaseException) -> bool:
    """Tell whether a signal handler of the app raised *error*, wherever the tracer was just then.

    A time limit set with ``signal.alarm`` must not be lost in the tracer's own code.
    """
    handlers = {code for number in signal.valid_signals() if (code := _code_of(number))}
    step = error.__traceback__
    while step is not None:
        if step.tb_frame.f_code in handlers:
            return True
        step = step.tb_next
    return False


def _code_of(number: int) -> CodeType | None:
    handler = signal.getsignal(number)
    handler = handler.__func__ if type(handler) is MethodType else handler
    return handler.__code__ if type(handler) is FunctionType else None


def _say(part: str, error: str) -> None:
    with contextlib.suppress(Exception):  # a log handler of the app may raise
        _log.error(
            "flasktrace: %s failed %d times within a minute and is off now; the last error "
            "was %s. Your app is not affected; traces lack this part.",
            part,
            _MOST,
            error,
        )
