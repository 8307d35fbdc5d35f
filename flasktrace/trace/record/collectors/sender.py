"""Which line of the app has sent a query: the first that is not a library's."""

import sys
from types import FrameType
from typing import Any

from flasktrace.trace.record.origin import DOORS, is_of_app

_DEEPEST = 200


def sender() -> dict[str, Any]:
    """Return function, file and line, under OpenTelemetry's names; empty when there is none.

    What stands outside of the request, such as a middleware, has not sent anything in it.
    """
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001
    for _ in range(_DEEPEST):
        if frame is None:
            break
        file = frame.f_code.co_filename
        if is_of_app(file):
            return _told(frame, file)
        if file in DOORS:
            break
        frame = frame.f_back
    return {}


def _told(frame: FrameType, file: str) -> dict[str, Any]:
    line = frame.f_lineno
    name = frame.f_code.co_name
    if "__jinja_template__" in frame.f_globals:
        line, name = _line_of_template(frame.f_globals.get("debug_info"), line), "template"
    return {"code.function.name": name, "code.file.path": file, "code.line.number": line}


def _line_of_template(lines: Any, line: int) -> int:
    """Return the line in the template's source; *lines* are jinja's ``1=12&3=15``."""
    found = 1
    for pair in lines.split("&") if type(lines) is str else ():
        source, _, made = pair.partition("=")
        if not made.isdecimal() or int(made) > line:
            break
        found = int(source)
    return found
