"""Says that traces get lost, once when it begins and once when it is over."""

import logging
from collections.abc import Callable
from contextlib import suppress

QUIET = 1.0
"""Seconds without a loss after which it counts as over."""

_logger = logging.getLogger("flasktrace")


class Loss:
    """A stretch of time in which traces get lost, for one reason or several."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.on = False
        self._clock = clock
        self._last = 0.0
        self._count = 0

    def note(self, why: str, count: int) -> None:
        """Take up that *count* traces were lost just now."""
        self._last = self._clock()
        self._count += count
        if not self.on:
            self.on = True
            _say("traces are being lost: %s", why)

    def calm(self) -> None:
        """Take up that nothing is being lost just now."""
        if self.on and self._clock() - self._last >= QUIET:
            self.on = False
            _say("traces are complete again; %d were lost or kept in memory only", self._count)
            self._count = 0


def _say(text: str, value: object) -> None:
    # A handler of the app that raises must not stop the writer.
    with suppress(Exception):
        _logger.warning(text, value)
