"""Puts a function in the place of ``sqlite3.connect`` whose connections tell of their queries.

Only there: SQLAlchemy, and whoever took the function before, get it from elsewhere and are not told
twice, or not at all. A connection for which the app gives a ``factory`` of its own is left alone.
"""

import sys
from collections.abc import Callable
from typing import Any

from flasktrace.trace.record.seat import seat

_frame = sys._getframe  # noqa: SLF001 - warnings go by it, too
_FACTORY = 5
"""Place of ``factory`` among the arguments of ``connect``."""


def replace_connect() -> Callable[[], None]:
    """Replace ``sqlite3.connect``; return what puts it back, unless another has replaced it."""
    from flasktrace.trace.record.collectors.sqlite_told import Connection

    module: Any = sys.modules["sqlite3"]
    original = module.connect
    on = [True]

    def connect(*args: Any, **named: Any) -> Any:
        if on and len(args) <= _FACTORY and "factory" not in named:
            named["factory"] = Connection
        if len(args) > 1:  # Python 3.13 warns of it, and tells of the caller
            return seat(_frame(1))(original, args, named)
        return original(*args, **named)

    connect.__qualname__ = "connect"
    connect.__module__ = original.__module__
    connect.__doc__ = original.__doc__
    module.connect = connect

    def end() -> None:
        on.clear()
        if module.connect is connect:
            module.connect = original

    return end


def is_told(cursor: Any) -> bool:
    """Tell whether *cursor* tells of its queries by itself."""
    told = sys.modules.get("flasktrace.trace.record.collectors.sqlite_told")
    return told is not None and issubclass(type(cursor), told.Cursor)
