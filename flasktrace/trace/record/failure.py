"""Turns an exception into plain data at once, so that nothing keeps it alive."""

import linecache
import sysconfig
from collections.abc import Iterator
from types import TracebackType
from typing import Any

from flasktrace.trace.model import Frame
from flasktrace.trace.record.describe import Describer, type_name
from flasktrace.trace.record.place import short

_AROUND = 3
_CHAIN = 10
_FOREIGN = tuple(
    path for path in (sysconfig.get_path("stdlib"), sysconfig.get_path("purelib")) if path
)
_OWN = __file__.replace("\\", "/").rpartition("/trace/")[0] + "/"
_DEMO = f"{_OWN}demo/"
_PLAIN = {BaseException.__str__, Exception.__str__}


def message(error: BaseException, describe: Describer) -> str:
    """Return the text of an exception from its arguments, without calling its ``__str__``."""
    args: tuple[Any, ...] = BaseException.__dict__["args"].__get__(error)
    if len(args) == 1 and type(args[0]) is str and type(error).__str__ in _PLAIN:
        return describe.redactor.text(args[0][: describe.limits.value])
    if issubclass(type(error), OSError) and type(error).__str__ is OSError.__str__:
        return describe.redactor.text(str(OSError.__str__(error))[: describe.limits.value])
    return ", ".join(describe(arg) for arg in args)


def causes(error: BaseException, describe: Describer) -> tuple[str, ...]:
    """Return the exceptions that led to this one, nearest first."""
    found: list[str] = []
    seen = {id(error)}
    current = _cause(error)
    while current is not None and id(current) not in seen and len(found) < _CHAIN:
        seen.add(id(current))
        found.append(f"{type_name(type(current))}: {message(current, describe)}")
        current = _cause(current)
    return tuple(found)


def _cause(error: BaseException) -> BaseException | None:
    if error.__cause__ is not None:
        return error.__cause__
    return None if error.__suppress_context__ else error.__context__


def frames(trace: TracebackType | None, limit: int) -> tuple[Frame, ...]:
    """Return the lines of a traceback, outermost first, those of flasktrace itself left out."""
    found = [_frame(step) for step in _steps(trace) if not _is_own(step)]
    if len(found) > limit:
        found = found[: limit // 2] + found[len(found) - limit // 2 :]
    return tuple(found)


def raised_by(found: tuple[Frame, ...]) -> str | None:
    """Return the function of the app nearest to where it was raised, and its line."""
    for item in reversed(found):
        if item.in_app:
            return f"{item.function} ({short(item.file)}:{item.line})"
    if not found:
        return None
    return f"{found[-1].function} ({short(found[-1].file)}:{found[-1].line})"


def _steps(trace: TracebackType | None) -> Iterator[TracebackType]:
    while trace is not None:
        yield trace
        trace = trace.tb_next


def _is_own(step: TracebackType) -> bool:
    file = step.tb_frame.f_code.co_filename.replace("\\", "/")
    return file.startswith(_OWN) and not file.startswith(_DEMO)


def _frame(step: TracebackType) -> Frame:
    code = step.tb_frame.f_code
    line = step.tb_lineno
    return Frame(
        file=code.co_filename,
        line=line,
        function=code.co_name,
        source=_source(code.co_filename, line),
        in_app=not code.co_filename.startswith(_FOREIGN) and "<frozen" not in code.co_filename,
    )


def _source(file: str, line: int) -> tuple[tuple[int, str], ...]:
    lines = linecache.getlines(file)
    first = max(line - _AROUND, 1)
    last = min(line + _AROUND, len(lines))
    return tuple((number, lines[number - 1].rstrip("\n")) for number in range(first, last + 1))
