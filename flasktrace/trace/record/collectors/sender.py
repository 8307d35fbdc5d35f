"""Which line of the app has sent a query: the first that is not a library's."""

import sys
from types import FrameType
from typing import Any

from flasktrace.trace.record.origin import DOORS, is_of_app
from flasktrace.trace.record.spot import spot_of

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
            return _told(frame)
        if file in DOORS:
            break
        frame = frame.f_back
    return {}


def _told(frame: FrameType) -> dict[str, Any]:
    name, file, line = spot_of(frame)
    return {"code.function.name": name, "code.file.path": file, "code.line.number": line}
