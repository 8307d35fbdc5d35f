"""Why this route, and why none: what the match found, and what would have been near."""

import difflib
import sys
from types import FrameType
from typing import Any

from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import RequestRedirect

from flasktrace.trace.record.place import short

_NEAR = 3
_DEEP = 40
_FRAMEWORKS = ("/flasktrace/", "/flask/", "/werkzeug/", "/blinker/")


def facts(context: Any, rule: Any, view_args: Any) -> dict[str, Any]:
    """Return what the match made, as plain data but for the view arguments."""
    if rule is not None:
        return {"endpoint": rule.endpoint, "rule": rule.rule, "view_args": dict(view_args or {})}
    request = context.request
    error = request.routing_exception
    if isinstance(error, RequestRedirect):
        return {"error": "redirect", "to": error.new_url}
    if isinstance(error, MethodNotAllowed):
        return {"error": "method", "allowed": sorted(error.valid_methods or ())}
    if isinstance(error, NotFound):
        return {"error": "none", "near": near(request.path, context.url_adapter.map)}
    return {"error": "other", "code": getattr(error, "code", None)}


def near(path: str, rules: Any) -> list[str]:
    """Return the rules most like *path*, best first."""
    known = sorted(
        {rule.rule for rule in rules.iter_rules() if not rule.build_only and rule.rule != "/"}
    )
    wanted = _shape(path)
    ratios = [(difflib.SequenceMatcher(None, wanted, _shape(rule)).ratio(), rule) for rule in known]
    good = sorted((pair for pair in ratios if pair[0] >= 0.6), reverse=True)  # noqa: PLR2004
    return [rule for _, rule in good[:_NEAR]]


def _shape(path: str) -> str:
    """Return *path* with each number and each converter as one sign, so that they are alike."""
    parts = path[:200].split("/")
    return "/".join("#" if part.isdigit() or part.startswith("<") else part for part in parts)


def asker() -> str | None:
    """Return who made the lazy match happen: the attribute asked for, and where."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001
    attribute = ""
    for _ in range(_DEEP):
        if frame is None:
            return None
        file = frame.f_code.co_filename.replace("\\", "/")
        if file.endswith("/flasktrace/wrappers.py"):
            attribute = frame.f_code.co_name
        elif attribute and not any(part in file for part in _FRAMEWORKS):
            where = f"{frame.f_code.co_name} ({short(file)}:{frame.f_lineno})"
            return f"request.{attribute} in {where}"
        frame = frame.f_back
    return None
