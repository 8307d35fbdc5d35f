"""Where a frame stands: function, file and line; of a template the line in its source."""

from types import FrameType
from typing import NamedTuple


class Spot(NamedTuple):
    """What runs in a frame, and where."""

    name: str
    file: str
    line: int


def spot_of(frame: FrameType) -> Spot:
    """Return where *frame* is: jinja compiles a template into a module with lines of its own."""
    file, line = frame.f_code.co_filename, frame.f_lineno
    if "__jinja_template__" in frame.f_globals:
        line = _line_of_template(frame.f_globals.get("debug_info"), line)
        return Spot("template", file, line)
    return Spot(frame.f_code.co_name, file, line)


def _line_of_template(lines: object, line: int) -> int:
    """Return the line in the template's source; *lines* are jinja's ``1=12&3=15``."""
    found = 1
    for pair in lines.split("&") if type(lines) is str else ():
        source, _, made = pair.partition("=")
        if not made.isdecimal() or int(made) > line:
            break
        found = int(source)
    return found
