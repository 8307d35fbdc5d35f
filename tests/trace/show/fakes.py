"""A store and a ledger in memory, just enough for the dashboard."""

import time
from collections.abc import Callable, Sequence

from flasktrace.trace.model import Page, Point, Trace
from flasktrace.trace.query import Query, microseconds


class FakeLedger:
    """Keeps facts in a dict; *clock* gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.facts: dict[tuple[str, str], tuple[float, float, str]] = {}

    def add(self, kind: str, key: str, ttl: float, value: str = "") -> None:
        self.facts[kind, key] = (self.clock(), ttl, value)

    def get(self, kind: str, key: str) -> str | None:
        added, ttl, value = self.facts.get((kind, key), (0.0, 0.0, ""))
        return value if self.clock() < added + ttl else None

    def take(self, kind: str, key: str) -> str | None:
        value = self.get(kind, key)
        self.remove(kind, key)
        return value

    def remove(self, kind: str, key: str) -> None:
        self.facts.pop((kind, key), None)

    def count(self, kind: str, since: float) -> int:
        return sum(
            1
            for (own, _), (added, _, _) in self.facts.items()
            if (own, added > since) == (kind, True)
        )


class FakeStore:
    """Holds traces in a list; a cursor is a position in it."""

    def __init__(self, traces: Sequence[Trace] = ()) -> None:
        self.traces = list(traces)

    def page(
        self,
        *,
        limit: int = 50,
        query: Query | None = None,
        before: int | None = None,
        points: int = 0,
    ) -> Page:
        end = len(self.traces) if before is None else min(before, len(self.traces))
        found = [n for n in range(end - 1, -1, -1) if self._fits(n, query)]
        rows = [self.traces[n].summary() for n in found[:limit]]
        drawn = [self._point(n) for n in found[:points]]
        return Page(rows, found[limit - 1] if len(found) > limit else None, drawn)

    def find(self, prefix: str, limit: int = 10) -> list[str]:
        return [item.id for item in reversed(self.traces) if item.id.startswith(prefix)][:limit]

    def since(self, cursor: int | None, limit: int = 200, query: Query | None = None) -> Page:
        start = len(self.traces) if cursor is None else cursor
        found = [n for n in range(start, len(self.traces)) if self._fits(n, query)][:limit]
        after = found[-1] + 1 if len(found) == limit else len(self.traces)
        return Page([self.traces[n].summary() for n in found], after)

    def get(self, trace_id: str) -> Trace | None:
        return next((trace for trace in self.traces if trace.id == trace_id), None)

    def count(self) -> int:
        return len(self.traces)

    def clear(self) -> int:
        count = len(self.traces)
        self.traces.clear()
        return count

    def _point(self, position: int) -> Point:
        item = self.traces[position]
        return Point(item.id, microseconds(item.started) or 0, item.duration_ns, item.status)

    def _fits(self, position: int, query: Query | None) -> bool:
        return query is None or query.matches(self.traces[position].summary())
