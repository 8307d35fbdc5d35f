"""What many traces say together: the newest of a store, read once and kept as a few figures each.

The store is asked only for what came since the last look, so that a page about ten thousand
requests costs little. Nothing here holds a trace.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import NamedTuple, Protocol, TypeVar, cast

from flasktrace.trace.model import HOOKS, STAGES, Page, Summary, Trace
from flasktrace.trace.query import Query, microseconds

T = TypeVar("T")

MOST = 10_000
"""Summaries that are looked at, the newest."""
CLOSELY = 20
"""Traces of each endpoint that are looked at whole, the newest."""
MOST_CLOSELY = 400
"""Such traces altogether."""
PARTS = (*STAGES, "body")
"""What the time of a request is told by."""
QUERIES = frozenset({"query", "sql"})
"""Kinds of spans that are queries of a database."""


class Store(Protocol):
    """The part of a store that is read here."""

    def page(
        self, *, limit: int = 50, query: Query | None = None, before: int | None = None
    ) -> Page:
        """Return summaries, newest first."""

    def since(self, cursor: int | None, limit: int = 200, query: Query | None = None) -> Page:
        """Return what came after *cursor*, oldest first; ``next`` is always the cursor after."""

    def get(self, trace_id: str, /) -> Trace | None:
        """Return the trace, None when it is not there (any more)."""

    def count(self) -> int:
        """Return how many traces there are."""


class Work(NamedTuple):
    """A function of the app, a template or a query that ran in one trace."""

    kind: str
    name: str
    file: str
    line: int
    duration_ns: int


class Fact(NamedTuple):
    """A summary, with what is worked out of it once."""

    summary: Summary
    started: int | None
    """Microseconds since 1970."""
    spent: tuple[int, ...]
    """Nanoseconds in each of `PARTS`; what lies inside of a stage is taken off it."""


class Digest:
    """The newest summaries of a store, and the work in some of their traces."""

    def __init__(self, store: Store, most: int = MOST) -> None:
        self._store = store
        self._most = most
        self._cursor: int | None = None
        self._known: dict[str, Fact] = {}
        self._works: dict[str, tuple[Work, ...]] = {}
        self._made: tuple[tuple[int, str] | None, object] = None, None
        self._lock = threading.Lock()

    def summaries(self) -> list[Summary]:
        """Return the newest summaries, the oldest of them first."""
        return [fact.summary for fact in self.facts()]

    def facts(self) -> list[Fact]:
        """Return the newest summaries with what was worked out, the oldest of them first."""
        with self._lock:
            self._catch_up()
            # Those that have left the store were its oldest.
            kept = min(self._store.count(), self._most)
            for trace_id in list(islice(self._known, max(len(self._known) - kept, 0))):
                del self._known[trace_id]
            return list(self._known.values())

    def _catch_up(self) -> None:
        end = self._store.since(None, 1).next
        if self._cursor is None or end is None or end < self._cursor:
            self._known = {}
            self._take(reversed(self._store.page(limit=self._most).summaries))
        elif end > self._cursor:
            page = self._store.since(self._cursor, self._most)
            self._take(page.summaries)
            end = page.next
        self._cursor = end

    def _take(self, summaries: Iterable[Summary]) -> None:
        for item in summaries:
            self._known.pop(item.id, None)  # what is stored again counts as the newest
            self._known[item.id] = Fact(item, microseconds(item.started), _spent(item))

    def once(self, facts: list[Fact], make: Callable[[], T]) -> T:
        """Return what *make* gives, or what it gave before when *facts* are still the same.

        They are when as many are there and the last is the same: facts come at the end only.
        """
        state = (len(facts), facts[-1].summary.id if facts else "")
        known, made = self._made
        if known != state:
            made = make()
            self._made = state, made
        return cast("T", made)

    def works(self, summaries: Sequence[Summary]) -> dict[str, tuple[Work, ...]]:
        """Return by id what ran in the newest traces of each endpoint of *summaries*."""
        wanted = _newest_of_each(summaries)
        known = self._works
        found = {trace_id: known.get(trace_id) or self._work(trace_id) for trace_id in wanted}
        self._works = found
        return found

    def _work(self, trace_id: str) -> tuple[Work, ...]:
        trace = self._store.get(trace_id)
        return () if trace is None else tuple(_works(trace))


def _spent(item: Summary) -> tuple[int, ...]:
    spent = dict.fromkeys(PARTS, 0)
    end = before = 0
    around = ""
    for name, start, length in sorted(
        (stage for stage in item.stages if stage[1] is not None), key=lambda stage: stage[1] or 0
    ):
        begin = start or 0
        if name not in spent:
            continue
        spent[name] += length
        if begin + length <= end and around:  # match is lazy: it may lie inside of another stage
            spent[around] = max(spent[around] - length, 0)
            continue
        end, around, before = begin + length, name, before + length
    spent["body"] = max(item.duration_ns - end, 0) if before else 0
    return tuple(spent.values())


def _newest_of_each(summaries: Sequence[Summary]) -> list[str]:
    counts: dict[str | None, int] = {}
    wanted: list[str] = []
    for item in reversed(summaries):
        seen = counts.get(item.endpoint, 0)
        if seen < CLOSELY and len(wanted) < MOST_CLOSELY:
            counts[item.endpoint] = seen + 1
            wanted.append(item.id)
    return wanted


def _works(trace: Trace) -> Iterable[Work]:
    for span in trace.spans:
        if span.kind in HOOKS or span.kind in {"view", "receiver", "template"} | QUERIES:
            told = span.attributes.get
            line = told("code.line.number")
            name = str(told("code.function.name") or span.name)
            if span.kind == "template":
                name = span.name
            file = str(told("code.file.path") or "")
            yield Work(span.kind, name, file, line if type(line) is int else 0, span.duration_ns)
