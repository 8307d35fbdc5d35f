"""Listens to the events that SQLAlchemy sends around each execution of a cursor."""

import sys
from collections.abc import Callable
from typing import Any

from flasktrace.trace.record.collectors import queries, sqlite
from flasktrace.trace.record.describe import attributes_of, found_on, type_name
from flasktrace.trace.record.recording import CURRENT

_SYSTEMS = {"oracle": "oracle.db", "mssql": "microsoft.sql_server"}
"""OpenTelemetry's names, where they are not the dialect's."""


def listen() -> Callable[[], None]:
    """Listen to all engines, also those that are there already; return what ends it."""
    events, engine = sys.modules["sqlalchemy.event"], sys.modules["sqlalchemy.engine"].Engine
    pairs = (
        ("before_cursor_execute", _before),
        ("after_cursor_execute", _after),
        ("handle_error", _failed),
    )
    for name, function in pairs:
        events.listen(engine, name, function)

    def end() -> None:
        for name, function in pairs:
            events.remove(engine, name, function)

    return end


def _before(
    conn: Any, cursor: Any, statement: Any, parameters: Any, _context: Any, executemany: bool
) -> None:
    recording = CURRENT.get()
    if recording is None or sqlite.is_told(cursor):
        return
    try:
        size = None
        if executemany and queries.are_several(parameters):
            size, parameters = queries.count_of(parameters), None
        number = queries.begin(recording, _system(conn), statement, parameters, size)
        if number:
            queries.open_of(recording)[id(cursor)] = number
    except Exception as error:  # noqa: BLE001
        recording.recorder.failed(recording, "sql", error)


def _after(
    _conn: Any, cursor: Any, _statement: Any, _parameters: Any, _context: Any, _many: bool
) -> None:
    _end(cursor, None)


def _failed(context: Any) -> None:
    recording = CURRENT.get()
    if recording is None or not recording.open_queries:
        return
    try:
        cursor = getattr(context.execution_context, "cursor", None)
        raised = f"raised {type_name(type(context.original_exception))}"
    except Exception as error:  # noqa: BLE001
        recording.recorder.failed(recording, "sql", error)
        return
    _end(cursor, raised)


def _end(cursor: Any, outcome: str | None) -> None:
    recording = CURRENT.get()
    if recording is None or not recording.open_queries:
        return
    try:
        number = recording.open_queries.pop(id(cursor), 0)
        queries.end(recording, number, outcome, queries.rows_of(cursor))
    except Exception as error:  # noqa: BLE001
        recording.recorder.failed(recording, "sql", error)


def _system(conn: Any) -> str:
    name = found_on(attributes_of(conn).get("dialect"), "name")
    return _SYSTEMS.get(name, name) if type(name) is str else "other_sql"
