"""Connections and cursors of ``sqlite3`` that tell of their queries; imported when the app has it.

Both go by the names of what they stand for.
"""

import sqlite3
from collections.abc import Callable
from typing import Any

from flasktrace.trace.record.collectors import queries
from flasktrace.trace.record.describe import type_name
from flasktrace.trace.record.recording import CURRENT, Recording

_execute, _many, _script = (
    sqlite3.Cursor.execute,
    sqlite3.Cursor.executemany,
    sqlite3.Cursor.executescript,
)


class Cursor(sqlite3.Cursor):  # noqa: D101 help() shows what it stands for
    __slots__ = ()

    def execute(self, *args: Any, **named: Any) -> Any:  # noqa: D102
        recording = CURRENT.get()
        if recording is None:
            return _execute(self, *args, **named)
        return _told(recording, self, _execute, args, named)

    def executemany(self, *args: Any, **named: Any) -> Any:  # noqa: D102
        recording = CURRENT.get()
        if recording is None:
            return _many(self, *args, **named)
        return _told(recording, self, _many, args, named)

    def executescript(self, *args: Any, **named: Any) -> Any:  # noqa: D102
        recording = CURRENT.get()
        if recording is None:
            return _script(self, *args, **named)
        return _told(recording, self, _script, args, named)


class Connection(sqlite3.Connection):  # noqa: D101
    __slots__ = ()

    def cursor(self, factory: Any = Cursor) -> Any:  # noqa: D102
        return super().cursor(factory)

    # As sqlite3's own do, which in some versions of Python make their cursor past `cursor`.

    def execute(self, *args: Any, **named: Any) -> Any:  # noqa: D102
        if named:  # there are none: sqlite3 says so
            return super().execute(*args, **named)
        return self.cursor().execute(*args)

    def executemany(self, *args: Any, **named: Any) -> Any:  # noqa: D102
        if named:
            return super().executemany(*args, **named)
        return self.cursor().executemany(*args)

    def executescript(self, *args: Any, **named: Any) -> Any:  # noqa: D102
        if named:
            return super().executescript(*args, **named)
        return self.cursor().executescript(*args)


for _told_of, _kind in ((Connection, sqlite3.Connection), (Cursor, sqlite3.Cursor)):
    _told_of.__module__ = "sqlite3"
    _told_of.__qualname__ = _kind.__name__
    _told_of.__doc__ = _kind.__doc__


def _told(
    recording: Recording,
    cursor: Cursor,
    do: Callable[..., Any],
    args: tuple[Any, ...],
    named: dict[str, Any],
) -> Any:
    number = _begin(recording, do, args)
    if not number:
        return do(cursor, *args, **named)
    try:
        result = do(cursor, *args, **named)
    except BaseException as error:
        _end(recording, number, f"raised {type_name(type(error))}", cursor)
        raise
    _end(recording, number, None, cursor)
    return result


def _begin(recording: Recording, do: Callable[..., Any], args: tuple[Any, ...]) -> int:
    try:
        statement = args[0] if args else None
        given = args[1] if len(args) > 1 else None
        if do is _many:
            return queries.begin(recording, "sqlite", statement, None, queries.count_of(given))
        return queries.begin(recording, "sqlite", statement, given, None)
    except Exception as error:  # noqa: BLE001
        recording.recorder.failed(recording, "sql", error)
        return 0


def _end(recording: Recording, number: int, outcome: str | None, cursor: Cursor) -> None:
    try:
        queries.end(recording, number, outcome, queries.rows_of(cursor))
    except Exception as error:  # noqa: BLE001
        recording.recorder.failed(recording, "sql", error)
