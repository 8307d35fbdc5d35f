"""Tracebacks without those who only watch: as they are in an app that nobody traces."""

import os
from contextlib import suppress
from types import CodeType, TracebackType
from typing import Any

from flasktrace import signals
from flasktrace.trace.record.seat import is_seat

_TRACEBACK: Any = BaseException.__dict__["__traceback__"]
_RECORD = os.path.join(os.path.dirname(__file__), "")  # noqa: PTH118, PTH120 as code has it
_STAGES = signals.__file__


def hide_watchers(error: BaseException) -> None:
    """Take the frames of the tracer off the traceback of *error*, as it leaves the last of them.

    The innermost frame stays, whoever's it is: by it an error is known again.
    """
    with suppress(Exception):
        _hide(error)


def _hide(error: BaseException) -> None:
    first = trace = traceback_of(error)
    kept: TracebackType | None = None
    while trace is not None:
        inner = trace.tb_next
        if inner is None or not _watches(trace.tb_frame.f_code):
            if kept is None:
                first = trace
            elif kept.tb_next is not trace:
                kept.tb_next = trace
            kept = trace
        trace = inner
    if first is not traceback_of(error):
        BaseException.with_traceback(error, first)


signals.leaving.append(hide_watchers)


def _watches(code: CodeType) -> bool:
    file = code.co_filename
    return file == _STAGES or file.startswith(_RECORD) or is_seat(code)


def traceback_of(error: BaseException) -> TracebackType | None:
    """Return the traceback of *error*, past what its class may define under that name."""
    found: TracebackType | None = _TRACEBACK.__get__(error)
    return found
