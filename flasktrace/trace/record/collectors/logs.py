"""Tells of the log records that are emitted: those that their logger's level and filters let pass.

The place is `logging.Logger.filter`. It has returned before a handler runs, so that nothing of the
tracer's is on the stack that a handler, or logging's own report of an error, may look at; and
neither the handlers, levels and filters of a logger nor the factory of records change.
"""

import logging
from collections.abc import Callable
from typing import Any

from flasktrace.trace.record import lanes, notes
from flasktrace.trace.record.collectors.message import message
from flasktrace.trace.record.describe import Describer, attributes_of, type_name
from flasktrace.trace.record.failure import message as message_of
from flasktrace.trace.record.recording import CURRENT, Recording

_OWN = "flasktrace"
_USUAL = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_MOST = 20
"""Extras of one record that are told."""
_NUMBERS = ((logging.CRITICAL, 21), (logging.ERROR, 17), (logging.WARNING, 13), (logging.INFO, 9))
_DEBUG, _TRACE = 5, 1


class Logs:
    """The collector ``logs``."""

    name = "logs"

    def install(self) -> Callable[[], None]:
        """Dress `logging.Logger.filter`; return what puts it back, unless another dressed it."""
        kind: Any = logging.Logger
        before = vars(kind).get("filter")
        original = kind.filter
        on = [True]

        def filter(self: Any, record: Any) -> Any:  # noqa: A001
            passes = original(self, record)
            if passes is not False and on:
                recording = CURRENT.get()
                if recording is not None:  # since Python 3.12 a filter may give another record
                    _note(recording, record if passes is True else passes)
            return passes

        filter.__qualname__, filter.__module__ = original.__qualname__, original.__module__
        filter.__doc__ = original.__doc__
        kind.filter = filter

        def end() -> None:
            on.clear()
            if vars(kind).get("filter") is not filter:
                return
            if before is None:
                del kind.filter
            else:
                kind.filter = before

        return end


def _note(recording: Recording, record: Any) -> None:
    recorder = recording.recorder
    if recording.finished or "logs" not in recorder.collects:
        return
    try:
        kept = attributes_of(record)
        if kept.get("name") == _OWN:
            return
        if "logs" in recorder.guard.off:
            recording.partial = True
            return
        if recording.logs >= recorder.limits.logs:
            recording.drop("logs")
            return
        recording.logs += 1
        lane = lanes.lane_of(recording)
        if lane is not None:
            told = _told(kept, recorder.describe)
            recording.notes.append((notes.EVENT, lanes.now(recording), "log", told, lane))
            return
        recording.enter()
        try:
            told = _told(kept, recorder.describe)
            recording.notes.append((notes.EVENT, recording.at, "log", told, None))
        finally:
            recording.leave()
    except Exception as error:  # noqa: BLE001
        recorder.failed(recording, "logs", error)


def _told(kept: dict[str, Any], describe: Describer) -> dict[str, Any]:
    """Return a record under the names that OpenTelemetry has for them."""
    level, logger, where = kept.get("levelno"), kept.get("name"), kept.get("pathname")
    severity, function, line = kept.get("levelname"), kept.get("funcName"), kept.get("lineno")
    told: dict[str, Any] = {
        "severity_text": severity if type(severity) is str else "",
        "severity_number": _number(level) if type(level) is int else 0,
        "otel.scope.name": describe.name(logger),
        "body": message(kept, describe),
    }
    if type(where) is str and type(line) is int:
        told["code.function.name"] = function if type(function) is str else ""
        told["code.file.path"] = where
        told["code.line.number"] = line
    _put_exception(told, kept.get("exc_info"), describe)
    if len(kept) > len(_USUAL) - 3:  # message, asctime and taskName need not be there
        _put_extras(told, kept, describe)
    return told


def _number(level: int) -> int:
    for least, number in _NUMBERS:
        if level >= least:
            return number
    return _DEBUG if level >= logging.DEBUG else _TRACE


def _put_exception(told: dict[str, Any], info: Any, describe: Describer) -> None:
    if type(info) is not tuple or len(info) != 3 or info[1] is None:  # noqa: PLR2004
        return
    error = info[1]
    if issubclass(type(error), BaseException):
        told["exception.type"] = type_name(type(error))
        told["exception.message"] = message_of(error, describe)


def _put_extras(told: dict[str, Any], kept: dict[str, Any], describe: Describer) -> None:
    extras = [name for name in list(kept) if name not in _USUAL and type(name) is str]
    for name in extras[:_MOST]:
        key = describe.name(name)
        told[f"extra.{key}" if key in told else key] = describe(kept[name], name)
