"""A store in a SQLite file that all processes of an app share."""

import json
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flasktrace.trace.keep.codec import pack, pack_summary, unpack, unpack_summary
from flasktrace.trace.keep.database import Database, Schema
from flasktrace.trace.keep.errors import StoreBusyError, StoreError
from flasktrace.trace.keep.url import SQLITE
from flasktrace.trace.model import Page, Point, Summary, Trace
from flasktrace.trace.query import Cell, Query, clean, columns

DAY = 24 * 60 * 60.0

STEP = 32
"""Traces deleted in one go, so that the lock is never held for long."""

MAX_STEPS = 200
"""Per put; what is left then is left to the next one."""

VACUUM = 1024
"""Free pages given back to the disk in one go."""

WAL_TRUNCATE = 8 * 2**20
"""Bytes of the log above which it is cut, if no reader is in the way."""

WAL_MAX = 64 * 2**20
"""Bytes of the log above which nothing is written until the stuck reader is gone."""

WAL_PAUSE = 5.0
"""Seconds between two attempts to cut the log."""

SCHEMA = Schema(
    application_id=0x464C5452,  # "FLTR"
    steps=(
        (
            # The texts come before the blob: rows are read without its overflow pages.
            """CREATE TABLE trace (
                seq INTEGER PRIMARY KEY AUTOINCREMENT,
                id TEXT NOT NULL UNIQUE,
                stored REAL NOT NULL,
                status INTEGER,
                method TEXT NOT NULL,
                path TEXT NOT NULL,
                endpoint TEXT,
                outcome TEXT NOT NULL,
                exc TEXT,
                dur INTEGER NOT NULL,
                marks TEXT NOT NULL,
                words TEXT NOT NULL,
                app TEXT NOT NULL,
                pid INTEGER NOT NULL,
                label TEXT NOT NULL,
                summary TEXT NOT NULL,
                trace BLOB NOT NULL
            )""",
        ),
        (
            "ALTER TABLE trace ADD COLUMN started INTEGER",
            "ALTER TABLE trace ADD COLUMN hooks TEXT NOT NULL DEFAULT ''",
            "ALTER TABLE trace ADD COLUMN held TEXT NOT NULL DEFAULT ''",
            """UPDATE trace SET started =
                CAST(strftime('%s', substr(json_extract(summary, '$.started'), 1, 19)) AS INTEGER)
                * 1000000
                + CAST(substr(json_extract(summary, '$.started'), 21, 6) AS INTEGER)""",
            # A filter that fits little looks at every row: here they are narrow, and in the order
            # of the list.
            """CREATE INDEX trace_facts ON trace (
                seq, status, dur, started, method, path, endpoint, outcome, exc, app, pid, label,
                marks, hooks, held, words, id
            )""",
        ),
    ),
)

_INSERT = """INSERT OR REPLACE INTO trace (
    id, stored, status, method, path, endpoint, outcome, exc, dur, marks, words, app, pid, label,
    started, hooks, held, summary, trace
) VALUES (
    :id, :stored, :status, :method, :path, :endpoint, :outcome, :exc, :dur, :marks, :words, :app,
    :pid, :label, :started, :hooks, :held, :summary, :trace
)"""
_END = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'trace'"
_OF_THESE = """SELECT seq, summary FROM trace
    WHERE seq IN (SELECT value FROM json_each(?)) ORDER BY seq DESC"""
_OLDEST = "SELECT max(seq) FROM (SELECT seq FROM trace ORDER BY seq LIMIT ?)"


@dataclass(frozen=True, slots=True)
class Room:
    """What is left to do about the size of the file."""

    crowded: bool
    """More traces must go."""
    slack: bool
    """So many pages are free that the disk should have them back."""


class SqliteStore:
    """Traces in one file, bounded by number, bytes and age; only its owner can read it.

    A file that is locked is waited for (`StoreBusyError` when that takes too long), one of a newer
    flasktrace is only read. A damaged one is set aside once, when traces are put into it and it was
    a store; a file of another kind is left alone.
    """

    def __init__(
        self,
        path: Path,
        *,
        max_traces: int = 500,
        max_bytes: int = 256 * 2**20,
        max_age: float = DAY,
        now: Callable[[], float] = time.time,
        patience: float = 2.0,
    ) -> None:
        self.path = Path.cwd() / path
        self.url = f"{SQLITE}{self.path}"
        self._max_traces = max_traces
        self._max_bytes = max_bytes
        self._max_age = max_age
        self._now = now
        self._next_cut = 0.0
        self._database = Database(self.path, SCHEMA, patience=patience)

    def put(self, traces: Sequence[Trace]) -> None:
        """Store all of *traces* or none, then let the oldest go.

        Raises `StoreBusyError`, `StoreLostError`, and TypeError or ValueError for a trace that
        holds foreign objects.
        """
        if not traces:
            return
        rows = [self._row(trace) for trace in traces]
        self._bound_log()

        def insert(connection: sqlite3.Connection) -> Room:
            connection.executemany(_INSERT, rows)
            return self._trim(connection)

        room = self._database.write(insert)
        # What is stored is stored: the next put goes on where this one is interrupted.
        with suppress(StoreBusyError):
            for _ in range(MAX_STEPS):
                if not room.crowded:
                    break
                room = self._database.write(self._trim)
        if room.slack:
            self._database.outside(f"PRAGMA incremental_vacuum({VACUUM})")

    def get(self, trace_id: str) -> Trace | None:
        """Return the trace, None when it is not (or no longer) there."""
        sql = "SELECT trace FROM trace WHERE id = ?"
        rows = self._select(sql, (clean(trace_id),))
        return unpack(rows[0][0]) if rows else None

    def find(self, prefix: str, limit: int = 10) -> list[str]:
        """Return the ids that begin with the hexadecimal *prefix*, newest first."""
        prefix = prefix.lower()
        if not set("0123456789abcdef").issuperset(prefix):
            return []
        # "g" follows all hexadecimal digits, so that the index on the ids answers.
        sql = "SELECT id FROM trace WHERE id >= ? AND id < ? ORDER BY seq DESC LIMIT ?"
        return [row[0] for row in self._select(sql, (prefix, f"{prefix}g", max(1, limit)))]

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
        clause, parameters = _before(query, before)
        find = f"SELECT seq, id, started, dur, status FROM trace INDEXED BY trace_facts WHERE {clause} ORDER BY seq DESC LIMIT ?"  # noqa: E501, S608

        def look(connection: sqlite3.Connection) -> Page:
            # One pass for the page and the points: a filter that fits little looks at every row.
            found = connection.execute(find, (*parameters, max(limit + 1, points))).fetchall()
            shown = [row[0] for row in found[:limit]]
            return Page(
                _summaries(connection.execute(_OF_THESE, (json.dumps(shown),)).fetchall()),
                shown[-1] if len(found) > limit else None,
                [Point(*row[1:]) for row in found[:points] if row[2] is not None],
            )

        return self._database.read(look, Page([], None, []))

    def since(self, cursor: int | None, limit: int = 200, query: Query | None = None) -> Page:
        """Return what was stored after *cursor*, oldest first; None stands for now."""
        limit = max(1, limit)
        clause, parameters = (query or Query()).sql()
        sql = f"SELECT seq, summary FROM trace WHERE seq > ? AND seq <= ? AND {clause} ORDER BY seq LIMIT ?"  # noqa: E501, S608

        def look(connection: sqlite3.Connection) -> Page:
            end = _one(connection, _END)
            if cursor is None:
                return Page([], end)
            start = cursor if cursor <= end else 0
            rows = connection.execute(sql, (start, end, *parameters, limit)).fetchall()
            return Page(_summaries(rows), rows[-1][0] if len(rows) == limit else end)

        return self._database.read(look, Page([], 0))

    def count(self) -> int:
        """Return how many traces there are."""
        return int(self._database.read(_count, 0))

    def clear(self) -> int:
        """Remove all traces, give the space back, and return how many there were."""
        if not self.path.exists():
            return 0

        def empty(connection: sqlite3.Connection) -> int:
            count = _count(connection)
            connection.execute("DELETE FROM trace")
            return count

        count = self._database.write(empty, heal=False)
        self._database.outside("PRAGMA incremental_vacuum")
        self._database.outside("PRAGMA wal_checkpoint(TRUNCATE)")
        return count

    def health(self) -> dict[str, int | str]:
        """Return what a person should know about the store; never raises."""
        report: dict[str, int | str] = {
            "url": self.url,
            "state": "ok",
            "max_traces": self._max_traces,
            "max_bytes": self._max_bytes,
            "max_age_s": int(self._max_age),
            "bytes": _size(self.path),
            "wal_bytes": self._log_size(),
            "sqlite": sqlite3.sqlite_version,
        }
        try:
            report["count"] = self.count()
            report["state"] = self._database.newer() or "ok"
        except (StoreError, sqlite3.Error, OSError) as error:
            report["state"] = str(error)
        if self._database.moved is not None:
            report["set_aside"] = str(self._database.moved)
        return report

    def close(self) -> None:
        """Close the file; a later call opens it again."""
        self._database.close()

    def _row(self, trace: Trace) -> dict[str, Cell | float | bytes]:
        summary = trace.summary()
        return {
            **columns(summary),
            "id": clean(trace.id),
            "stored": self._now(),
            "summary": pack_summary(summary),
            "trace": pack(trace),
        }

    def _select(self, sql: str, parameters: tuple[Cell, ...]) -> list[tuple[Any, ...]]:
        # Fetched at once: a cursor that stays open would keep the log from being cut.
        return self._database.read(
            lambda connection: connection.execute(sql, parameters).fetchall(), []
        )

    def _trim(self, connection: sqlite3.Connection) -> Room:
        """Delete a few of the oldest if there are too many, and return what is left to do."""
        over = max(self._too_many(connection), self._too_old(connection))
        pages = _one(connection, "PRAGMA page_count")
        free = _one(connection, "PRAGMA freelist_count")
        most = self._max_bytes // _one(connection, "PRAGMA page_size")
        count = _count(connection) if pages - free > most else 0
        if count:
            over = max(over, min(STEP, max(1, count // 10)))
        if over:
            last = _one(connection, _OLDEST, min(over, STEP))
            connection.execute("DELETE FROM trace WHERE seq <= ?", (last,))
        # Some free pages are welcome: the next traces go there.
        return Room(over >= STEP or count > 0, pages > most or free > max(VACUUM, pages // 2))

    def _too_many(self, connection: sqlite3.Connection) -> int:
        """Return how many traces are over the limit; counts only when that is possible."""
        # Each is one look-up at an end of the table; asked for together they would be a full pass.
        newest = _one(connection, "SELECT max(seq) FROM trace")
        oldest = _one(connection, "SELECT min(seq) FROM trace")
        if newest - oldest < self._max_traces:
            return 0
        return max(0, _count(connection) - self._max_traces)

    def _too_old(self, connection: sqlite3.Connection) -> int:
        """Return how many of the oldest few are past their time."""
        sql = f"SELECT count(*) FROM (SELECT stored FROM trace ORDER BY seq LIMIT {STEP}) WHERE stored < ?"  # noqa: E501, S608
        return _one(connection, sql, self._now() - self._max_age)

    def _bound_log(self) -> None:
        """Cut a long write-ahead log; raises `StoreBusyError` when it may not grow any more.

        SQLite cannot start the log again while a reader stands in it (sqlite.org/wal.html, 6).
        """
        if self._log_size() < WAL_TRUNCATE:
            return
        if time.monotonic() >= self._next_cut:
            self._database.outside("PRAGMA wal_checkpoint(TRUNCATE)")
            self._next_cut = time.monotonic() + WAL_PAUSE
        if self._log_size() >= WAL_MAX:
            raise StoreBusyError(self.path, "a reader that does not end makes its log grow")

    def _log_size(self) -> int:
        return _size(self.path.with_name(f"{self.path.name}-wal"))


def _before(query: Query | None, before: int | None) -> tuple[str, tuple[Cell, ...]]:
    """Return a WHERE clause for what fits *query* and was stored before the cursor."""
    clause, parameters = (query or Query()).sql()
    return (
        (clause, parameters) if before is None else (f"seq < ? AND {clause}", (before, *parameters))
    )


def _summaries(rows: Sequence[tuple[int, str]]) -> list[Summary]:
    return [summary for _, text in rows if (summary := unpack_summary(text))]


def _count(connection: sqlite3.Connection) -> int:
    return _one(connection, "SELECT count(*) FROM trace")


def _one(connection: sqlite3.Connection, sql: str, *parameters: Cell | float) -> int:
    return int(connection.execute(sql, parameters).fetchone()[0] or 0)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
