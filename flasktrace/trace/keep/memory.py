"""A store in the memory of this process."""

import threading
from collections import OrderedDict, deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from flasktrace.trace.keep import forks
from flasktrace.trace.keep.deferred import Deferred
from flasktrace.trace.keep.url import MEMORY
from flasktrace.trace.model import Page, Point, Snapshot, Trace
from flasktrace.trace.query import Query, microseconds

_FEW = 20
"""Traces that may wait to be moved into the ring; readers move them before they read."""
_HEX = frozenset("0123456789abcdef")


class Entry(NamedTuple):
    """A trace with its place in the order of storing."""

    seq: int
    held: Trace | Deferred
    size: int
    """Bytes, estimated."""

    @property
    def trace(self) -> Trace:
        """The trace itself."""
        return self.held.trace if isinstance(self.held, Deferred) else self.held


class MemoryStore:
    """A ring of the newest traces, bounded by number and by estimated bytes.

    ``put`` never waits: it appends to a deque, and whoever finds the lock free moves that into
    the ring. Readers take the lock for as long as a copy of references lasts.
    """

    def __init__(self, *, max_traces: int = 500, max_bytes: int = 64 * 2**20) -> None:
        self.url = MEMORY
        self._max_traces = max_traces
        self._max_bytes = max_bytes
        self._incoming: deque[Trace | Deferred] = deque()
        # A plain dict would search for its first key among the places of those that have left.
        self._ring: OrderedDict[str, Entry] = OrderedDict()
        self._bytes = 0
        self._last = 0
        self._lock = threading.Lock()
        forks.watch(self)

    def put(self, traces: Sequence[Trace | Deferred]) -> None:
        """Store *traces*; waits for nothing."""
        self._incoming.extend(traces)
        if len(self._incoming) >= _FEW and self._lock.acquire(blocking=False):
            try:
                self._settle()
            finally:
                self._lock.release()

    def get(self, trace_id: str) -> Trace | None:
        """Return the trace, None when it is not (or no longer) there."""
        with self._lock:
            self._settle()
            entry = self._ring.get(trace_id)
        return entry.trace if entry else None

    def find(self, prefix: str, limit: int = 10) -> list[str]:
        """Return the ids that begin with the hexadecimal *prefix*, newest first."""
        prefix = prefix.lower()
        if not _HEX.issuperset(prefix):
            return []
        found = [entry.held.id for entry in self._newest() if entry.held.id.startswith(prefix)]
        return found[: max(1, limit)]

    def page(
        self,
        *,
        limit: int = 50,
        query: Query | None = None,
        before: int | None = None,
        points: int = 0,
    ) -> Page:
        """Return the newest summaries (stored before the cursor), newest first."""
        limit = max(1, limit)
        older = (entry for entry in self._newest() if before is None or entry.seq < before)
        found = _matching(older, query, max(limit + 1, points))
        shown = found[:limit]
        return Page(
            [entry.trace.summary() for entry in shown],
            shown[-1].seq if len(found) > limit else None,
            _points(found[:points]),
        )

    def since(self, cursor: int | None, limit: int = 200, query: Query | None = None) -> Page:
        """Return what was stored after *cursor*, oldest first; None stands for now."""
        with self._lock:
            self._settle()
            entries, end = list(self._ring.values()), self._last
        if cursor is None:
            return Page([], end)
        start = cursor if cursor <= end else 0
        newer = (entry for entry in entries if entry.seq > start)
        found = _matching(newer, query, max(1, limit))
        cut = len(found) == max(1, limit)
        return Page([entry.trace.summary() for entry in found], found[-1].seq if cut else end)

    def traces(self) -> tuple[Trace, ...]:
        """Return all traces, oldest first."""
        return tuple(entry.trace for entry in self._newest()[::-1])

    def count(self) -> int:
        """Return how many traces there are."""
        return len(self._newest())

    def clear(self) -> int:
        """Remove all traces and return how many there were."""
        with self._lock:
            self._settle()
            count = len(self._ring)
            self._ring.clear()
            self._bytes = 0
        return count

    def health(self) -> dict[str, int | str]:
        """Return what a person should know about the store."""
        count = self.count()
        return {
            "url": self.url,
            "state": "ok",
            "count": count,
            "bytes": self._bytes,
            "max_traces": self._max_traces,
            "max_bytes": self._max_bytes,
        }

    def close(self) -> None:
        """Do nothing: there is nothing to let go of."""

    def before_fork(self) -> None:
        """Do nothing: a fork does not wait for readers."""

    def after_fork_in_parent(self) -> None:
        """Do nothing."""

    def after_fork_in_child(self) -> None:
        """Take a new lock: the old one may be held by a thread that is not here."""
        self._lock = threading.Lock()
        self._bytes = sum(entry.size for entry in self._ring.values())

    def _newest(self) -> list[Entry]:
        with self._lock:
            self._settle()
            entries = list(self._ring.values())
        return entries[::-1]

    def _settle(self) -> None:
        """Move what came in into the ring; call with the lock held."""
        incoming, ring = self._incoming, self._ring
        while incoming:
            held = incoming.popleft()
            size = held.size if isinstance(held, Deferred) else size_of(held)
            if held.id in ring:
                self._remove(held.id)
            self._last += 1
            ring[held.id] = Entry(self._last, held, size)
            self._bytes += size
        while len(ring) > self._max_traces or (self._bytes > self._max_bytes and ring):
            self._bytes -= ring.popitem(last=False)[1].size

    def _remove(self, trace_id: str) -> None:
        entry = self._ring.pop(trace_id, None)
        if entry is not None:
            self._bytes -= entry.size


def size_of(trace: Trace) -> int:
    """Return about how many bytes *trace* takes, from the numbers of its parts.

    Texts are short by the time they are in a trace; only those that may be long are measured.
    """
    long = (trace.path, trace.query, trace.verdict, trace.request.body, trace.response.body)
    parts = 700 * len(trace.spans) + 400 * (len(trace.events) + len(trace.changes))
    headers = 200 * (len(trace.request.headers) + len(trace.response.headers))
    # Stages often share one snapshot, which then takes its memory once.
    snapshots = {id(stage.snapshot): stage.snapshot for stage in trace.stages}
    cards = sum(map(_size_of_snapshot, snapshots.values()))
    failure = 0
    if trace.exception is not None:
        failure = 1500 * len(trace.exception.frames) + 2 * len(trace.exception.message)
    return 4000 + parts + headers + cards + failure + sum(2 * len(text or "") for text in long)


def _size_of_snapshot(snapshot: Snapshot | None) -> int:
    cards = snapshot.cards if snapshot else ()
    return sum(300 + 250 * len(keys) for card in cards for keys in card.sections.values())


def _matching(entries: Iterable[Entry], query: Query | None, limit: int) -> list[Entry]:
    found: list[Entry] = []
    for entry in entries:
        if query is None or query.matches(entry.trace.summary()):
            found.append(entry)
            if len(found) == limit:
                break
    return found


def _points(entries: Iterable[Entry]) -> list[Point]:
    traces = (entry.trace for entry in entries)
    starts = ((trace, microseconds(trace.started)) for trace in traces)
    return [
        Point(trace.id, started, trace.duration_ns, trace.status)
        for trace, started in starts
        if started is not None
    ]
