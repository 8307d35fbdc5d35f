"""Which line of the app has sent a query: the first that is not a library's."""

import sys
import sysconfig
from types import FrameType
from typing import Any

from flasktrace.trace.record.failure import is_own

_DEEPEST = 200
_MOST = 2000
_LIBRARIES = tuple(
    path for key in ("stdlib", "purelib", "platlib") if (path := sysconfig.get_path(key))
)
_SIGNS = ("/site-packages/", "/dist-packages/")
_TYPED = ("<template>", "<stdin>", "<ipython", "<console>")
"""What has no file and is yet no code that a library has made."""

_known: dict[str, bool] = {}
"""Whether a file is the app's."""


def sender() -> dict[str, Any]:
    """Return function, file and line, under OpenTelemetry's names; empty when there is none."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001
    for _ in range(_DEEPEST):
        if frame is None:
            break
        file = frame.f_code.co_filename
        own = _known.get(file)
        if _is_of_app(file) if own is None else own:
            return _told(frame, file)
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


def _is_of_app(file: str) -> bool:
    plain = file.replace("\\", "/")
    library = (
        file.startswith(_LIBRARIES)
        or any(sign in plain for sign in _SIGNS)
        or (file.startswith("<") and not file.startswith(_TYPED))
    )
    if len(_known) >= _MOST:
        _known.clear()
    _known[file] = found = not library and not is_own(file)
    return found
