"""A number that several threads count up without a lock."""

import itertools
from collections.abc import Callable


class Tally:
    """Counts exactly: ``next`` on an ``itertools.count`` is one step that no thread can split."""

    __slots__ = ("_count", "add")

    def __init__(self) -> None:
        self._count = itertools.count()
        self.add: Callable[[], int] = self._count.__next__
        """Count one more."""

    @property
    def value(self) -> int:
        """Return the number."""
        # The only way to see where a count stands without moving it.
        return int(repr(self._count)[len("count(") : -1])
