"""Turns an exception into plain data at once, so that nothing keeps it alive."""

import linecache
from collections.abc import Iterator
from types import TracebackType
from typing import Any

from werkzeug.exceptions import HTTPException
from werkzeug.routing import BuildError

from flasktrace.trace.file_name import file_name
from flasktrace.trace.model import Frame
from flasktrace.trace.record.describe import Describer, attributes_of, type_name
from flasktrace.trace.record.layers import FRAMEWORKS, decorator_of
from flasktrace.trace.record.origin import is_of_app, is_own
from flasktrace.trace.record.place import Place
from flasktrace.trace.record.redact import Redactor
from flasktrace.trace.record.seat import is_seat
from flasktrace.trace.record.tracebacks import traceback_of

_AROUND = 3
_CHAIN = 10
_WRAPPED = 3
_PLAIN = (BaseException.__str__, OSError.__str__)
_UNICODE = (UnicodeDecodeError.__str__, UnicodeEncodeError.__str__)
_LINE = 300
_CALLERS = (*FRAMEWORKS, "asgiref.", "asyncio.", "concurrent.", "threading")
"""Beginnings of the names of modules that call functions for the framework."""
_NAMES = {str, bytes, int, type(None)}


def message(error: BaseException, describe: Describer, depth: int = 0) -> str:
    """Return the text of an exception from its arguments, without calling its ``__str__``.

    *depth* is how many exceptions it is wrapped in, each being an argument of the other.
    """
    args: tuple[Any, ...] = _of(error, "args")
    kind = type(error)
    if isinstance(error, OSError) and _has_plain_names(error) and kind.__str__ in _PLAIN:
        return describe.prose(OSError.__str__(error))
    if kind.__str__ in _UNICODE and all(type(arg) in _NAMES for arg in args):
        return describe.prose(kind.__str__(error))
    if kind is BuildError:
        return _unbuilt(error, describe)
    said = attributes_of(error).get("description") if issubclass(kind, HTTPException) else None
    if type(said) is str:
        return describe.prose(said)
    if len(args) == 1 and type(args[0]) is str and not issubclass(kind, KeyError):
        return describe.prose(args[0])
    return ", ".join(_argument(arg, describe, depth) for arg in args)


def _unbuilt(error: BaseException, describe: Describer) -> str:
    """Return which url werkzeug could not build; its own text would compare all rules."""
    kept = attributes_of(error)
    values = kept.get("values")
    names = [describe.name(name) for name in list(values)[:_CHAIN]] if type(values) is dict else []
    told = f"could not build a url for endpoint {describe(kept.get('endpoint'))}"
    return f"{told} (values: {', '.join(names)})" if names else told


def _argument(value: Any, describe: Describer, depth: int) -> str:
    if issubclass(type(value), BaseException) and depth < _WRAPPED:
        told = message(value, describe, depth + 1)
        return f"{type_name(type(value))}: {told}" if told else type_name(type(value))
    return repr(describe.prose(value)) if type(value) is str else describe(value)


def _has_plain_names(error: OSError) -> bool:
    values = [_of(error, "args", BaseException)]
    values = [*values[0], _of(error, "filename", OSError), _of(error, "filename2", OSError)]
    return all(type(value) in _NAMES for value in values)


def _of(error: BaseException, name: str, kind: type = BaseException) -> Any:
    """Return an attribute past what the exception's class may define."""
    return kind.__dict__[name].__get__(error)


def mark(error: BaseException) -> tuple[Any, ...]:
    """Return what tells this exception from others, without keeping it alive.

    The address alone would not do: the next exception may get that of one that is gone.
    """
    last = traceback_of(error)
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    where = None if last is None else (last.tb_frame.f_code.co_filename, last.tb_lineno)
    return id(error), type(error).__qualname__, where


def marks_within(error: BaseException) -> Iterator[tuple[Any, ...]]:
    """Yield the marks of the exceptions of a group; flask 3.2 makes one of what teardown raised."""
    if isinstance(error, BaseExceptionGroup):
        for inner in BaseExceptionGroup.__dict__["exceptions"].__get__(error):
            yield mark(inner)
            yield from marks_within(inner)


def causes(error: BaseException, describe: Describer) -> tuple[str, ...]:
    """Return the exceptions that led to this one, nearest first."""
    found: list[str] = []
    seen = {id(error)}
    current = _cause(error)
    while current is not None and id(current) not in seen and len(found) < _CHAIN:
        seen.add(id(current))
        text = message(current, describe)
        found.append(f"{type_name(type(current))}: {text}" if text else type_name(type(current)))
        current = _cause(current)
    return tuple(found)


def _cause(error: BaseException) -> BaseException | None:
    cause: BaseException | None = _of(error, "__cause__")
    if cause is not None:
        return cause
    context: BaseException | None = _of(error, "__context__")
    return None if _of(error, "__suppress_context__") else context


def frames(
    trace: TracebackType | None, limit: int, redactor: Redactor | None = None
) -> tuple[Frame, ...]:
    """Return the lines of a traceback, outermost first, those of flasktrace itself left out."""
    steps = [step for step in _steps(trace) if not is_own(step.tb_frame.f_code.co_filename)]
    if len(steps) > limit:
        steps = steps[: limit // 2] + steps[len(steps) - (limit - limit // 2) :]
    redact = redactor or Redactor()
    return tuple(_frame(step, redact) for step in steps)


def raised_by(found: tuple[Frame, ...]) -> str | None:
    """Return the function of the app nearest to where it was raised, and its line, if any."""
    for item in reversed(found):
        if item.in_app:
            return f"{item.function} ({file_name(item.file)}:{item.line})"
    return None


def raiser(error: BaseException) -> str | None:
    """Return the same of an exception whose frames are not kept."""
    found = None
    for step in _steps(traceback_of(error)):
        code = step.tb_frame.f_code
        if is_of_app(code.co_filename):
            found = f"{code.co_name} ({file_name(code.co_filename)}:{step.tb_lineno})"
    return found


def wrapper(error: BaseException, place: Place) -> str | None:
    """Return which wrapper of the function at *place* has raised, empty for the function itself.

    The function itself ran if it is in the traceback, or in that of what led to this exception.
    Of several wrappers it is the innermost that ran. None when nobody can tell.
    """
    current: BaseException | None = error
    for _ in range(_CHAIN):
        if current is None:
            break
        if any(_is_at(step, place) for step in _steps(traceback_of(current))):
            return ""
        current = _of(current, "__context__")
    outermost = innermost = None
    for step in _steps(traceback_of(error)):
        code, module = step.tb_frame.f_code, step.tb_frame.f_globals.get("__name__")
        if is_own(code.co_filename) or str(module).startswith(_CALLERS):
            continue
        outermost = outermost or step
        if decorator_of(code) in place.decorators:
            innermost = step
    found = innermost or outermost
    if found is None:
        return None
    code = found.tb_frame.f_code
    return f"{code.co_name} ({file_name(code.co_filename)}:{found.tb_lineno})"


def _is_at(step: TracebackType, place: Place) -> bool:
    code = step.tb_frame.f_code
    return code.co_firstlineno == place.line and code.co_filename == place.file


def _steps(trace: TracebackType | None) -> Iterator[TracebackType]:
    while trace is not None:
        if not is_seat(trace.tb_frame.f_code):
            yield trace
        trace = trace.tb_next


def _frame(step: TracebackType, redactor: Redactor) -> Frame:
    code = step.tb_frame.f_code
    line = step.tb_lineno
    return Frame(
        file=code.co_filename,
        line=line,
        function=code.co_name,
        source=_source(code.co_filename, line, redactor),
        in_app=is_of_app(code.co_filename),
    )


def _source(file: str, line: int, redactor: Redactor) -> tuple[tuple[int, str], ...]:
    lines = linecache.getlines(file)
    first = max(line - _AROUND, 1)
    last = min(line + _AROUND, len(lines))
    return tuple(
        (number, redactor.source(lines[number - 1].rstrip("\n")[:_LINE]))
        for number in range(first, last + 1)
    )
