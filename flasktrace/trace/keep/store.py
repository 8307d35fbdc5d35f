"""What every store of traces can do, and how to open one by its address."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from flasktrace.trace.keep.errors import (
    StoreBusyError,
    StoreError,
    StoreFullError,
    StoreLostError,
    StoreNewerError,
    StoreRefusedError,
    StoreURLError,
)
from flasktrace.trace.keep.url import DEFAULT_URL, path_of
from flasktrace.trace.model import Page, Trace
from flasktrace.trace.query import Query

__all__ = [
    "DEFAULT_URL",
    "Store",
    "StoreBusyError",
    "StoreError",
    "StoreFullError",
    "StoreLostError",
    "StoreNewerError",
    "StoreRefusedError",
    "StoreURLError",
    "open_store",
]

MEMORY_BYTES = 64 * 2**20
SQLITE_BYTES = 256 * 2**20


@runtime_checkable
class Store(Protocol):
    """A bounded place for traces; the oldest leave first.

    Traces are numbered in the order in which they were stored, across all processes; a cursor is
    such a number. A trace that is stored again under its id replaces the earlier one and counts
    as the newest.
    """

    url: str
    """The address that opens it."""

    def put(self, traces: Sequence[Trace]) -> None:
        """Store all of *traces* or none; raises `StoreBusyError`, `StoreLostError`."""

    def get(self, trace_id: str) -> Trace | None:
        """Return the trace, None when it is not (or no longer) there."""

    def find(self, prefix: str, limit: int = 10) -> list[str]:
        """Return the ids that begin with the hexadecimal *prefix*, newest first."""

    def page(
        self,
        *,
        limit: int = 50,
        query: Query | None = None,
        before: int | None = None,
        points: int = 0,
    ) -> Page:
        """Return the newest summaries (stored before the cursor), newest first.

        `Page.next` is the cursor for *before* of the page that follows, None when there is none.
        `Page.points` are times and durations of the newest *points* of those that fit, also beyond
        the page; a trace whose start is no time has none.
        """

    def since(self, cursor: int | None, limit: int = 200, query: Query | None = None) -> Page:
        """Return what was stored after *cursor*, oldest first; None stands for now.

        `Page.next` is always the cursor to go on with. A cursor beyond the end belongs to a store
        that has been replaced: all that is there counts as new.
        """

    def count(self) -> int:
        """Return how many traces there are."""

    def clear(self) -> int:
        """Remove all traces and return how many there were; cursors stay good."""

    def health(self) -> dict[str, int | str]:
        """Return what a person should know about the store; never raises."""

    def close(self) -> None:
        """Let go of files; a later call opens them again."""


def open_store(url: str, *, max_traces: int = 500, max_bytes: int | None = None) -> Store:
    """Return the store at *url*, which holds at most so much.

    *max_bytes* is 64 MiB in memory and 256 MiB in a file unless given. Nothing is created before
    the first trace is stored. Raises `StoreURLError`.
    """
    path = path_of(url)
    if path is None:
        from flasktrace.trace.keep.memory import MemoryStore

        return MemoryStore(max_traces=max_traces, max_bytes=max_bytes or MEMORY_BYTES)
    from flasktrace.trace.keep.sqlite import SqliteStore

    return SqliteStore(path, max_traces=max_traces, max_bytes=max_bytes or SQLITE_BYTES)
