"""How long the requests of each endpoint usually take, so that a slow one can be marked.

Only a few hundred of the newest are looked at, so that a page of the list stays cheap.
"""

import threading
from collections import deque
from collections.abc import Iterable
from statistics import median
from typing import Protocol

from flasktrace.trace.model import Page, Summary
from flasktrace.trace.query import Query

LOOK = 300
"""Summaries that are looked at at once, the newest."""
KEPT = 50
"""Durations of one endpoint that make what is usual, the newest."""
FEW = 8
"""Requests below which nothing is usual yet."""
TIMES = 3
"""How many times as long as usual is slow."""
LEAST_NS = 5_000_000
"""How much longer it has to be: below, everything on the machine makes a difference."""


class Source(Protocol):
    """The part of a store that is read here."""

    def page(
        self, *, limit: int = 50, query: Query | None = None, before: int | None = None
    ) -> Page:
        """Return summaries, newest first."""

    def since(self, cursor: int | None, limit: int = 200, query: Query | None = None) -> Page:
        """Return what came after *cursor*, oldest first; ``next`` is always the cursor after."""


class Pace:
    """The usual durations of the endpoints of one store."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._cursor: int | None = None
        self._durations: dict[str, deque[int]] = {}
        self._lock = threading.Lock()

    def look(self) -> None:
        """Take in what has come since the last look; of very much only the newest."""
        with self._lock:
            end = self._source.since(None, 1).next or 0
            if self._cursor is None or end < self._cursor:
                self._durations = {}
                self._take(reversed(self._source.page(limit=LOOK).summaries))
            elif end > self._cursor:
                self._take(self._source.since(max(self._cursor, end - LOOK), LOOK).summaries)
            self._cursor = end

    def usual(self, item: Summary) -> int | None:
        """Return the usual nanoseconds when *item* took much longer, else None."""
        durations = self._durations.get(item.endpoint or "", ())
        if not item.endpoint or len(durations) < FEW:
            return None
        usual = int(median(durations))
        slow = item.duration_ns > TIMES * usual and item.duration_ns - usual > LEAST_NS
        return usual if slow else None

    def _take(self, summaries: Iterable[Summary]) -> None:
        for item in summaries:
            if item.endpoint:
                kept = self._durations.setdefault(item.endpoint, deque(maxlen=KEPT))
                kept.append(item.duration_ns)
