"""Notes a query of a request as a span, under OpenTelemetry's names."""

from types import GetSetDescriptorType, MemberDescriptorType
from typing import Any

from flasktrace.trace.record import lanes, notes
from flasktrace.trace.record.collectors.sender import sender
from flasktrace.trace.record.collectors.statements import Statement
from flasktrace.trace.record.describe import Describer, type_name
from flasktrace.trace.record.recording import Recording

UNKNOWN = -1
"""Size of a batch that nobody has counted."""

_FIELDS = {GetSetDescriptorType, MemberDescriptorType}
"""Attributes that are no code of Python."""
_MOST = 20
"""Parameters of one query that are told."""
_KEYS = tuple(f"db.query.parameter.{number}" for number in range(_MOST))
_SECRET = "secret"  # noqa: S105 a name, under which a describer shows no value


def begin(
    recording: Recording, system: str, statement: Any, parameters: Any, batch: int | None
) -> int:
    """Note that a query is sent; return the number of its span, 0 when none is made of it.

    *batch* is how often it is sent with other values, `UNKNOWN`, or None when it is sent once.
    """
    recorder = recording.recorder
    if recording.finished or "sql" not in recorder.collects:
        return 0
    if "sql" in recorder.guard.off:
        recording.partial = True
        return 0
    if recording.queries >= recorder.limits.queries:
        recording.drop("queries")
        return 0
    recording.queries += 1
    lane = lanes.lane_of(recording)
    if lane is not None:
        told = _told(recording, system, statement, parameters, batch)
        return lanes.begin_span(recording, lane, lanes.now(recording), "sql", *told)
    recording.enter()
    try:
        told = _told(recording, system, statement, parameters, batch)
        return lanes.begin_span(recording, None, recording.at, "sql", *told)
    finally:
        recording.leave()


def end(recording: Recording, number: int, outcome: str | None, rows: int | None) -> None:
    """Note that the query is over; *rows* are those that it changed, None when nobody knows."""
    if not number or recording.finished:
        return
    more = {} if rows is None else {"db.response.affected_rows": rows}
    if lanes.lane_of(recording) is not None:
        at = lanes.now(recording)
        recording.notes.append((notes.SPAN_END, at, number, outcome, more))
        return
    recording.enter()
    recording.notes.append((notes.SPAN_END, recording.at, number, outcome, more))
    recording.leave()


def open_of(recording: Recording) -> dict[int, int]:
    """Return the queries that are open, by what tells them apart."""
    if recording.open_queries is None:
        recording.open_queries = {}
    return recording.open_queries


def count_of(several: Any) -> int:
    """Return how many sets of parameters there are, without asking a foreign object."""
    return len(several) if type(several) in {list, tuple} else UNKNOWN


def are_several(parameters: Any) -> bool:
    """Tell whether these are sets of parameters; SQLAlchemy may have put several into one."""
    if type(parameters) not in {list, tuple} or not parameters:
        return True
    return type(parameters[0]) in {tuple, list, dict}


def rows_of(cursor: Any) -> int | None:
    """Return how many rows *cursor* has changed, when that is a field of it and no call.

    What gives rows has not counted them yet.
    """
    rows = _field(cursor, "rowcount")
    if type(rows) is not int or rows < 0 or _field(cursor, "description") is not None:
        return None
    return rows


def _field(cursor: Any, name: str) -> Any:
    for kind in type.__dict__["__mro__"].__get__(type(cursor)):
        field = type.__dict__["__dict__"].__get__(kind).get(name)
        if field is not None:
            return field.__get__(cursor) if type(field) in _FIELDS else None
    return None


def _told(
    recording: Recording, system: str, statement: Any, parameters: Any, batch: int | None
) -> tuple[str, dict[str, Any]]:
    recorder = recording.recorder
    if type(statement) is not str:
        shown = f"<{type_name(type(statement))}>"
        return shown, {"db.system.name": system, "db.query.text": shown}
    known = recorder.statements.of(statement)
    attributes: dict[str, Any] = {"db.system.name": system, "db.query.text": known.text}
    if batch is not None and batch != UNKNOWN:
        attributes["db.operation.batch.size"] = batch
    if parameters is not None:
        _put_parameters(attributes, known, parameters, recorder.describe)
    attributes.update(sender())
    return known.summary, attributes


def _put_parameters(
    attributes: dict[str, Any], known: Statement, parameters: Any, describe: Describer
) -> None:
    kind = type(parameters)
    if kind is tuple or kind is list:
        secret = known.secret
        sure = len(secret) == len(parameters)
        for number, value in enumerate(parameters[:_MOST]):
            hide = secret[number] if sure else known.has_secrets
            attributes[_KEYS[number]] = describe(value, _SECRET if hide else "")
    elif kind is dict:
        for key, value in list(parameters.items())[:_MOST]:
            name = key if type(key) is str else ""
            hide = name in known.secret_names
            attributes[f"db.query.parameter.{describe.name(key)}"] = describe(
                value, _SECRET if hide else name
            )
    else:  # of a class that may act when it is read
        attributes["db.query.parameters"] = f"<{type_name(kind)}>"
        return
    if len(parameters) > _MOST:
        attributes["db.query.parameters"] = f"… {len(parameters) - _MOST} more"
