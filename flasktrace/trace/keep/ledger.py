"""Short-lived secrets of the dashboard's access control, shared by all processes of an app."""

import hashlib
import json
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from flasktrace.trace.keep import forks
from flasktrace.trace.keep.database import Database, Schema
from flasktrace.trace.keep.url import path_of

MAX_ENTRIES = 10_000
"""Per kind; a flood of one kind (failed logins) cannot push out another (sessions)."""

SCHEMA = Schema(
    application_id=0x464C4C47,  # "FLLG"
    steps=(
        (
            """CREATE TABLE entry (
                seq INTEGER PRIMARY KEY AUTOINCREMENT,
                kind TEXT NOT NULL,
                key TEXT NOT NULL,
                value TEXT NOT NULL,
                added REAL NOT NULL,
                expires REAL NOT NULL,
                UNIQUE (kind, key)
            )""",
        ),
    ),
)


class Ledger(Protocol):
    """Keeps a value under a kind and a key for a while; only a hash of the key is kept."""

    def add(self, kind: str, key: str, ttl: float, value: str = "") -> None:
        """Keep *value* for *ttl* seconds; an earlier entry of that key is replaced."""

    def get(self, kind: str, key: str) -> str | None:
        """Return the value, None when it is missing or expired."""

    def take(self, kind: str, key: str) -> str | None:
        """Remove the entry and return its value; of all callers only one gets it."""

    def remove(self, kind: str, key: str) -> None:
        """Forget the entry if there is one."""

    def count(self, kind: str, since: float) -> int:
        """Return how many entries were added at *since* (epoch seconds) or later, not expired."""

    def close(self) -> None:
        """Let go of files; a later call opens them again."""


class MemoryLedger:
    """A ledger for one process."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._kinds: dict[str, dict[str, tuple[str, float, float]]] = {}
        """Kind to hashed key to value, time added, time of expiry; oldest first."""
        self._lock = threading.Lock()
        forks.watch(self)

    def add(self, kind: str, key: str, ttl: float, value: str = "") -> None:
        """Keep *value* for *ttl* seconds."""
        now = self._now()
        with self._lock:
            entries = self._kinds.setdefault(kind, {})
            for name in [name for name, (_, _, expires) in entries.items() if expires <= now]:
                del entries[name]
            entries.pop(_hashed(key), None)
            entries[_hashed(key)] = value, now, now + ttl
            if len(entries) > MAX_ENTRIES:
                del entries[next(iter(entries))]

    def get(self, kind: str, key: str) -> str | None:
        """Return the value, None when it is missing or expired."""
        with self._lock:
            return self._valid(self._kinds.get(kind, {}).get(_hashed(key)))

    def take(self, kind: str, key: str) -> str | None:
        """Remove the entry and return its value."""
        with self._lock:
            return self._valid(self._kinds.get(kind, {}).pop(_hashed(key), None))

    def remove(self, kind: str, key: str) -> None:
        """Forget the entry if there is one."""
        self.take(kind, key)

    def count(self, kind: str, since: float) -> int:
        """Return how many entries were added at *since* or later and have not expired."""
        now = self._now()
        with self._lock:
            entries = tuple(self._kinds.get(kind, {}).values())
        return sum(added >= since and expires > now for _, added, expires in entries)

    def close(self) -> None:
        """Do nothing: there is nothing to let go of."""

    def before_fork(self) -> None:
        """Do nothing: a fork does not wait for readers."""

    def after_fork_in_parent(self) -> None:
        """Do nothing."""

    def after_fork_in_child(self) -> None:
        """Take a new lock: the old one may be held by a thread that is not here."""
        self._lock = threading.Lock()

    def _valid(self, entry: tuple[str, float, float] | None) -> str | None:
        return entry[0] if entry and entry[2] > self._now() else None


class SqliteLedger:
    """A ledger in a file of its own; raises `StoreBusyError` and `StoreLostError` as stores do.

    A damaged one is set aside also by those who only look, since nobody can sign in before that.
    """

    def __init__(self, path: Path, now: Callable[[], float] = time.time) -> None:
        self.path = Path.cwd() / path
        self._now = now
        self._database = Database(self.path, SCHEMA)

    def add(self, kind: str, key: str, ttl: float, value: str = "") -> None:
        """Keep *value* for *ttl* seconds."""
        now = self._now()
        row = (_plain(kind), _hashed(key), _plain(value), now, now + ttl)

        def insert(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM entry WHERE expires <= ?", (now,))
            connection.execute(
                "INSERT OR REPLACE INTO entry (kind, key, value, added, expires)"
                " VALUES (?, ?, ?, ?, ?)",
                row,
            )
            connection.execute(
                "DELETE FROM entry WHERE seq IN (SELECT seq FROM entry WHERE kind = ?"
                " ORDER BY seq DESC LIMIT -1 OFFSET ?)",
                (_plain(kind), MAX_ENTRIES),
            )

        self._database.write(insert)

    def get(self, kind: str, key: str) -> str | None:
        """Return the value, None when it is missing or expired."""
        return self._database.read(
            lambda connection: self._look(connection, kind, key), None, heal=True
        )

    def take(self, kind: str, key: str) -> str | None:
        """Remove the entry and return its value; of several processes only one gets it."""
        if not self.path.exists():
            return None

        def remove(connection: sqlite3.Connection) -> str | None:
            value = self._look(connection, kind, key)
            connection.execute("DELETE FROM entry WHERE kind = ? AND key = ?", _name(kind, key))
            return value

        return self._database.write(remove)

    def remove(self, kind: str, key: str) -> None:
        """Forget the entry if there is one."""
        self.take(kind, key)

    def count(self, kind: str, since: float) -> int:
        """Return how many entries were added at *since* or later and have not expired."""
        sql = "SELECT count(*) FROM entry WHERE kind = ? AND added >= ? AND expires > ?"
        row = (_plain(kind), since, self._now())
        return self._database.read(
            lambda connection: int(connection.execute(sql, row).fetchone()[0]), 0, heal=True
        )

    def close(self) -> None:
        """Close the file; a later call opens it again."""
        self._database.close()

    def _look(self, connection: sqlite3.Connection, kind: str, key: str) -> str | None:
        sql = "SELECT value FROM entry WHERE kind = ? AND key = ? AND expires > ?"
        row = connection.execute(sql, (*_name(kind, key), self._now())).fetchone()
        return None if row is None else str(json.loads(row[0]))


def ledger_for(store_url: str) -> Ledger:
    """Return the ledger that belongs to a store: beside its file, or in memory.

    Raises `StoreURLError`.
    """
    path = path_of(store_url)
    return MemoryLedger() if path is None else SqliteLedger(path.with_name(f"{path.name}.ledger"))


def _name(kind: str, key: str) -> tuple[str, str]:
    return _plain(kind), _hashed(key)


def _hashed(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def _plain(text: str) -> str:
    """Return *text* as JSON, in which SQLite can hold any character."""
    return json.dumps(text)
