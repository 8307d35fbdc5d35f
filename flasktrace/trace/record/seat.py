"""Frames that stand right above a function of the user, as those of its caller did.

What asks for its caller (``warnings.warn`` and ``logging`` with ``stacklevel=2``, and decorators
that use them) would find the tracer there, and with it another file, module and line, by which
filters of warnings go. A seat is a function with the name, file, line and globals of the caller
that calls what it is given.
"""

from collections.abc import Callable
from types import CodeType, FrameType, FunctionType
from typing import Any

Seat = Callable[[Any, tuple[Any, ...], dict[str, Any]], Any]

_MOST = 1000
_seats: dict[tuple[int, int], tuple[CodeType, Seat]] = {}
"""Address of a caller's code and the place in it, to the code and its seat."""
_codes: set[int] = set()
"""Addresses of the code of the seats."""


def _call(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return function(*args, **kwargs)


def seat(caller: FrameType) -> Seat:
    """Return a function that calls what it gets (function, arguments) in the place of *caller*."""
    code = caller.f_code
    key = id(code), caller.f_lasti
    known = _seats.get(key)
    if known is None or known[0] is not code:
        if len(_seats) >= _MOST:
            _seats.clear()
            _codes.clear()
        known = _seats[key] = code, _made(caller)
    return known[1]


def is_seat(code: CodeType) -> bool:
    """Tell whether *code* is that of a seat."""
    return id(code) in _codes


def _made(caller: FrameType) -> Seat:
    code = caller.f_code
    made = _call.__code__.replace(
        co_filename=code.co_filename,
        co_name=code.co_name,
        co_qualname=code.co_qualname,
        co_firstlineno=caller.f_lineno - 1,  # the call stands in the second line
    )
    _codes.add(id(made))
    return FunctionType(made, caller.f_globals, code.co_name)
