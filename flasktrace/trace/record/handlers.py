"""Why an error handler was chosen: by code before by class, blueprint before app, then by MRO.

And whether a method of the app's own has answered instead of one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from werkzeug.exceptions import HTTPException, InternalServerError, default_exceptions

from flasktrace.trace.record import notes
from flasktrace.trace.record.current import CURRENT
from flasktrace.trace.record.describe import attributes_of, found_on, type_name
from flasktrace.trace.record.notes import CALL
from flasktrace.trace.record.place import Place

if TYPE_CHECKING:
    from flasktrace.trace.record.recording import Recording

Scope = str | None

_DICTS = {dict, defaultdict}
BECOMES_500 = "an exception that nobody handles becomes a 500"
"""Why a handler of 500 was asked for another exception."""

_LAST = "handle_exception"
_MOST = 3
"""Handlers that are named beside the chosen one."""


class _Handler(NamedTuple):
    """A registered handler that fits the exception."""

    scope: Scope
    code: int | None
    kind: type
    function: Any


def begin(recording: Recording) -> tuple[int, int]:
    """Return what tells later whether the framework answered; see `flasktrace.signals.Watcher`."""
    return len(recording.notes), recording.unhandled


def end(recording: Recording, name: str, method: Any, begun: tuple[int, int]) -> None:
    """Note that a method of the app's own has answered an exception, if nobody else has.

    The framework's methods, which it may have called, either raise or call an error handler; but
    ``handle_exception`` answers by itself, after it has told that nobody handled the exception.
    """
    recorder, (count, unhandled) = recording.recorder, begun
    if recording.finished or CURRENT.get() is not recording:
        return
    if name == _LAST and recording.unhandled != unhandled:
        return
    try:
        if any(note[0] == CALL and note[3] == "error_handler" for note in recording.notes[count:]):
            return
        recording.enter()
        try:
            place = recorder.places.of(method)
            recording.notes.append((notes.TAKEN, recording.at, place))
        finally:
            recording.leave()
    except Exception as error:  # noqa: BLE001
        recorder.failed(recording, "handling", error)


def why(
    app: Any,
    endpoint: Any,
    chosen: Any,
    error: BaseException | None,
    place_of: Callable[[Any], Place],
    *,
    late: bool,
) -> str | None:
    """Return why *chosen* handles *error* in a request for *endpoint*; None when it cannot tell.

    *late* tells that the response was being finished: then any exception becomes a 500.
    """
    spec: Any = attributes_of(app).get("error_handler_spec")
    if type(spec) not in _DICTS or error is None:
        return None
    scopes = _scopes(endpoint)
    told = None
    if not late:
        told = _told(spec, scopes, chosen, type(error), _code(error), place_of)
    if told is None and (late or not issubclass(type(error), HTTPException)):
        told = _told(spec, scopes, chosen, InternalServerError, 500, place_of)
        told = told and f"{told}; {BECOMES_500}"
    return told


def _scopes(endpoint: Any) -> list[Scope]:
    """Return the blueprints of the request, the innermost first, and the app."""
    parts = endpoint.split(".")[:-1] if type(endpoint) is str else []
    return [*(".".join(parts[:end]) for end in range(len(parts), 0, -1)), None]


def _code(error: BaseException) -> int | None:
    if not issubclass(type(error), HTTPException):
        return None
    code = found_on(error, "code")
    return code if type(code) is int else None


def _mro(kind: type) -> tuple[type, ...]:
    # type.__dict__ goes past a metaclass.
    found: tuple[type, ...] = type.__dict__["__mro__"].__get__(kind)
    return found


def _told(
    spec: dict[Any, Any],
    scopes: Sequence[Scope],
    chosen: Any,
    kind: type,
    code: int | None,
    place_of: Callable[[Any], Place],
) -> str | None:
    fitting = list(_fitting(spec, scopes, _mro(kind), code))
    if not fitting or fitting[0].function is not chosen:
        return None
    best, *others = fitting
    nothing = _nothing(scopes[: scopes.index(best.scope)], best)
    told = f"handles {_what(best)} of {_whose(best.scope)}{_base(best, kind)}{nothing}"
    if others:
        named = [
            f"{place_of(item.function)} for {_what(item)} of {_whose(item.scope)}"
            for item in others[:_MOST]
        ]
        more = f" and {len(others) - _MOST} more" if len(others) > _MOST else ""
        told += f"; before {', '.join(named)}{more}"
    return told


def _fitting(
    spec: dict[Any, Any], scopes: Sequence[Scope], mro: Sequence[type], code: int | None
) -> Iterator[_Handler]:
    """Yield the handlers that fit, in the order in which they are asked for."""
    for group in (None,) if code is None else (code, None):
        for scope in scopes:
            by_code: Any = spec.get(scope)
            table: Any = by_code.get(group) if type(by_code) in _DICTS else None
            found = list(table.items()) if type(table) in _DICTS else []
            for kind in mro:
                for known, function in found:
                    if known is kind:
                        yield _Handler(scope, group, kind, function)


def _what(handler: _Handler) -> str:
    """Return what a handler is for: ``404`` or ``KeyError``."""
    if handler.code is not None and handler.kind is default_exceptions.get(handler.code):
        return str(handler.code)
    return _name(handler.kind)


def _base(handler: _Handler, kind: type) -> str:
    if handler.code is not None or handler.kind is kind:
        return ""
    return f", a base of {_name(kind)}"


def _name(kind: type) -> str:
    return type_name(kind).rpartition(".")[2]


def _whose(scope: Scope) -> str:
    return "the app" if scope is None else f"blueprint {scope}"


def _nothing(scopes: Sequence[Scope], best: _Handler) -> str:
    names = " and ".join(str(scope) for scope in scopes)
    some = f"blueprints {names} have" if len(scopes) > 1 else f"blueprint {names} has"
    what = "that fits" if best.code is None else f"for {best.code}"
    return f"; {some} none {what}" if scopes else ""
