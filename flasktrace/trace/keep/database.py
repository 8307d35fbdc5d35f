"""One SQLite file that several threads and processes share."""

import ctypes
import sqlite3.dbapi2
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from flasktrace.trace.keep import files, forks
from flasktrace.trace.keep.errors import (
    StoreBusyError,
    StoreError,
    StoreFullError,
    StoreLostError,
    StoreNewerError,
    StoreRefusedError,
)

T = TypeVar("T")

BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}
DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_DAMAGE = "it is damaged; the app that traces into it will set it aside and begin anew"

LOCK_WAIT = 0.25
"""Seconds that SQLite itself waits for a lock. Short, since a fork waits for the same time; what
is left of the patience is spent between the attempts, where nothing is held."""

FORK_WAIT = 1.0
"""Seconds that a fork waits for running transactions."""

PRAGMAS = (
    "trusted_schema=OFF",
    "synchronous=NORMAL",
    "secure_delete=FAST",
    "journal_size_limit=4194304",
)


@dataclass(frozen=True, slots=True)
class Schema:
    """What the file holds, and how an older one becomes that."""

    application_id: int
    """Tells our files from those of other programs (``PRAGMA application_id``)."""
    steps: tuple[tuple[str, ...], ...]
    """The statements of each version; the last one is the present version."""

    @property
    def version(self) -> int:
        """Return the present version (``PRAGMA user_version``)."""
        return len(self.steps)


@dataclass(frozen=True, slots=True, eq=False)
class Handle:
    """An open connection and the file that it opened."""

    connection: sqlite3.Connection
    identity: files.Identity | None
    newer: int
    """The version of a file that a newer flasktrace wrote, else 0."""


class DamagedError(Exception):
    """SQLite found the file damaged; says which file, as others may have replaced it by now."""

    def __init__(self, identity: files.Identity | None) -> None:
        super().__init__(identity)
        self.identity = identity


class Database:
    """A pool of connections: each is used by one thread at a time, in this process only.

    Before a fork all connections are closed: SQLite keeps its view of locks in the memory of the
    process, and a child that inherits it corrupts the file (sqlite.org/howtocorrupt.html, 2.6).
    """

    def __init__(self, path: Path, schema: Schema, *, patience: float = 2.0) -> None:
        self.path = path
        self.moved: Path | None = None
        """Where a damaged file was put."""
        self.pragmas = PRAGMAS
        """Set on each new connection."""
        self._schema = schema
        self._patience = patience
        self._idle: list[Handle] = []
        self._known: files.Identity | None = None
        """The file that was last found to be ours."""
        self._begin()
        forks.watch(self)
        weakref.finalize(self, _close_all, self._idle)

    def read(self, work: Callable[[sqlite3.Connection], T], missing: T, *, heal: bool = False) -> T:
        """Return what *work* reads, or *missing* when there is no file yet.

        Raises `StoreBusyError`, `StoreLostError`; also for a damaged file, unless *heal* sets it
        aside.
        """

        def once() -> T:
            with self._lease(create=False) as handle:
                return missing if handle is None else work(handle.connection)

        return self._insist(once, heal=heal)

    def write(self, work: Callable[[sqlite3.Connection], T], *, heal: bool = True) -> T:
        """Return what *work* gives, done in one transaction in a file that is made if need be.

        With *heal* a damaged file of ours is set aside first. Raises `StoreBusyError`,
        `StoreLostError`; then nothing was written.
        """

        def once() -> T:
            with self._lease(create=True) as handle:
                assert handle is not None  # noqa: S101 (create=True always gives one)
                if handle.newer:
                    raise StoreNewerError(self.path, _newer(handle.newer))
                return _in_transaction(handle.connection, work)

        return self._insist(once, heal=heal)

    def outside(self, statement: str) -> None:
        """Run *statement* without a transaction, once; what it does is not vital."""
        # As a script, since a plain execute stops PRAGMA incremental_vacuum after one page.
        with (
            suppress(sqlite3.Error, OSError, StoreError, DamagedError),
            self._lease(create=False) as handle,
        ):
            if handle is not None:
                handle.connection.executescript(statement)

    def newer(self) -> str:
        """Return why the file can only be read, or nothing."""
        with self._lease(create=False) as handle:
            return _newer(handle.newer) if handle and handle.newer else ""

    def close(self) -> None:
        """Close the connections that nobody uses at the moment."""
        _close_all(self._idle)

    def before_fork(self) -> None:
        """Let the running transactions end, then close every connection."""
        with self._resting:
            self._frozen = True
            self._resting.wait_for(lambda: not self._leased, timeout=FORK_WAIT)
        self.close()

    def after_fork_in_parent(self) -> None:
        """Go on; connections are opened anew."""
        with self._resting:
            self._frozen = False
            self._resting.notify_all()

    def after_fork_in_child(self) -> None:
        """Begin without connections; park those that were in use, and then stay closed."""
        inherited = [handle for handle in self._leased.values() if handle]
        self._begin(spoilt=bool(self._leased))
        for handle in inherited:
            # Never freed, as that would close it and drop or spoil the parent's locks and log.
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(handle.connection))

    def _begin(self, *, spoilt: bool = False) -> None:
        self._resting = threading.Condition()
        self._leased: dict[object, Handle | None] = {}
        self._frozen = False
        self._spoilt = spoilt

    def _insist(self, attempt: Callable[[], T], *, heal: bool) -> T:
        """Try until it works, the patience is over, or no further try makes sense."""
        deadline = time.monotonic() + self._patience
        pause = 0.005
        while True:
            try:
                return attempt()
            except DamagedError as damage:
                if damage.identity and damage.identity == files.identity(self.path):
                    self._check_ours(damage.identity)
                    if not heal:
                        raise StoreLostError(self.path, _DAMAGE) from damage
                    with suppress(BlockingIOError):
                        self._replace(damage.identity)
            except (sqlite3.Error, OSError) as error:
                self._give_up(error, late=time.monotonic() > deadline)
            time.sleep(pause)
            pause = min(2 * pause, LOCK_WAIT)

    def _give_up(self, error: sqlite3.Error | OSError, *, late: bool) -> None:
        """Raise what *error* means, unless another try makes sense."""
        code = _primary(error)
        if code in BUSY or isinstance(error, BlockingIOError):
            if late:
                why = f"another process has kept it locked for {self._patience:g} s"
                raise StoreBusyError(self.path, why) from error
        elif code == sqlite3.SQLITE_FULL:
            raise StoreFullError(self.path, "the disk or the quota is full") from error
        elif code == sqlite3.SQLITE_READONLY:
            why = "it is read-only; make the file and its folder writable"
            raise StoreLostError(self.path, why) from error
        else:
            raise StoreLostError(self.path, str(error)) from error

    def _check_ours(self, damaged: files.Identity) -> None:
        """Refuse a file that was never known as ours, by this object or by its header."""
        if damaged == self._known:
            return
        application = files.application_id(self.path)
        if application == self._schema.application_id:
            return
        if application is None:
            why = "it is no SQLite database, and so no trace store"
        else:
            why = "it is a damaged database, and does not say that it is a trace store"
        raise StoreRefusedError(self.path, f"{why}; choose another path, or move it away")

    def _replace(self, damaged: files.Identity) -> None:
        """Set the damaged file aside, once, unless another process has done so."""
        if self.moved is not None:
            why = f"it is damaged again, after {self.moved.name}; look at the disk"
            raise StoreLostError(self.path, why)
        with files.folder_lock(self.path.parent, LOCK_WAIT):
            if files.identity(self.path) == damaged:
                self.moved = files.set_aside(self.path)

    @contextmanager
    def _lease(self, *, create: bool) -> Iterator[Handle | None]:
        token = object()
        handle = self._enter(token)
        keep = False
        try:
            handle = self._leased[token] = self._current(handle, create=create)
            yield handle
            keep = True
        except sqlite3.Error as error:
            code = _primary(error)
            keep = code in BUSY
            if code in DAMAGED:
                found = handle.identity if handle else files.identity(self.path)
                raise DamagedError(found) from error
            raise
        finally:
            self._leave(token, keep=keep)

    def _enter(self, token: object) -> Handle | None:
        with self._resting:
            if not self._resting.wait_for(lambda: not self._frozen, timeout=3 * FORK_WAIT):
                raise StoreBusyError(self.path, "this process is being forked")
            if self._spoilt:
                why = "this process was forked in the middle of a transaction; start it anew"
                raise StoreLostError(self.path, why)
            handle = self._idle.pop() if self._idle else None
            self._leased[token] = handle
        return handle

    def _leave(self, token: object, *, keep: bool) -> None:
        handle = self._leased.get(token)
        if handle is not None and not keep:
            _close(handle)
        with self._resting:
            self._leased.pop(token, None)
            if handle is not None and keep:
                self._idle.append(handle)
            self._resting.notify_all()

    def _current(self, handle: Handle | None, *, create: bool) -> Handle | None:
        """Return *handle* if the path still names its file, else a new one, None without file."""
        now = files.identity(self.path)
        if handle is not None:
            if handle.identity == now:
                return handle
            _close(handle)
        if now is None and not create:
            return None
        return self._open(create=create)

    def _open(self, *, create: bool) -> Handle | None:
        if create:
            files.make_folder(self.path.parent)
        with files.folder_lock(self.path.parent, LOCK_WAIT):
            if create:
                files.make_file(self.path)
            else:
                files.check_file(self.path)
            # Not `sqlite3.connect`, in whose place the collector of queries may have put its own.
            connection = sqlite3.dbapi2.connect(
                f"{self.path.as_uri()}?mode=rw",
                uri=True,
                timeout=LOCK_WAIT,
                isolation_level=None,
                check_same_thread=False,
            )
            try:
                handle = self._prepare(connection, create=create)
            except BaseException:
                connection.close()
                raise
            if handle is None:
                connection.close()
            return handle

    def _prepare(self, connection: sqlite3.Connection, *, create: bool) -> Handle | None:
        """Set the connection up; None when the file is empty and stays so."""
        for pragma in self.pragmas:
            connection.execute(f"PRAGMA {pragma}").fetchall()
        version = self._version(connection)
        files.close_to_others(self.path)
        newer = version if version > self._schema.version else 0
        if newer:
            connection.execute("PRAGMA query_only=ON")
        elif version < self._schema.version:
            if not create and version == 0:
                return None
            if version == 0:
                # Must stand before the first page is written; journal_mode writes it.
                connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
            connection.execute("PRAGMA journal_mode=WAL").fetchall()
            _in_transaction(connection, self._upgrade)
        self._known = files.identity(self.path)
        return Handle(connection, self._known, newer)

    def _version(self, connection: sqlite3.Connection) -> int:
        """Return the version of the file, 0 for an empty one; refuse another program's."""
        version = _number(connection, "PRAGMA user_version")
        application = _number(connection, "PRAGMA application_id")
        tables = _number(connection, "SELECT count(*) FROM sqlite_schema")
        if application != self._schema.application_id and (version or application or tables):
            why = "it is a database of another program; choose another path"
            raise StoreRefusedError(self.path, why)
        return version

    def _upgrade(self, connection: sqlite3.Connection) -> None:
        done = _number(connection, "PRAGMA user_version")
        for step in self._schema.steps[done:]:
            for statement in step:
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id={self._schema.application_id}")
        connection.execute(f"PRAGMA user_version={max(done, self._schema.version)}")


def _in_transaction(connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], T]) -> T:
    # Not the deferred BEGIN: its later write lock fails at once, whatever the timeout
    # (SQLITE_BUSY_SNAPSHOT, sqlite.org/isolation.html).
    connection.execute("BEGIN IMMEDIATE")
    try:
        result = work(connection)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
        raise
    return result


def _primary(error: sqlite3.Error | OSError) -> int:
    """Return the primary result code of *error* (sqlite.org/rescode.html)."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF


def _number(connection: sqlite3.Connection, statement: str) -> int:
    return int(connection.execute(statement).fetchone()[0])


def _newer(version: int) -> str:
    return f"a newer flasktrace wrote it (schema {version}); update flasktrace or move the file"


def _close_all(idle: list[Handle]) -> None:
    while idle:
        with suppress(IndexError):
            _close(idle.pop())


def _close(handle: Handle) -> None:
    with suppress(sqlite3.Error):
        handle.connection.close()
