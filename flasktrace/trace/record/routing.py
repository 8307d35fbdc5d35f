"""Why this route, and why none: what the match found, or the rules that it refused."""

import sys
from pathlib import Path
from types import FrameType
from typing import Any

import blinker
import jinja2
import werkzeug
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import RequestRedirect, WebsocketMismatch

from flasktrace.trace.file_name import file_name
from flasktrace.trace.record.candidates import explain
from flasktrace.trace.record.describe import Describer, attributes_of, plain
from flasktrace.trace.record.redact import secret_segments
from flasktrace.trace.record.spot import spot_of

_DEEP = 40
_OWN = Path(__file__).parents[2]
_WRAPPERS = str(_OWN / "wrappers.py")
_APP = str(_OWN / "app.py")
_FRAMEWORKS_NEEDS = {
    "_preprocess_url_values": "the url value preprocessors",
    "preprocess_request": "the hooks of blueprints",
    "handle_user_exception": "the error handlers of blueprints",
    "process_response": "the hooks of blueprints",
    "do_teardown_request": "the hooks of blueprints",
}
"""Methods of the app that ask for the rule by themselves, and what for."""
_FRAMEWORKS = tuple(
    f"{Path(file).parent}{sign}"
    for file in (_OWN / "__init__.py", werkzeug.__file__, blinker.__file__, jinja2.__file__)
    for sign in "/\\"
)
_DEMO = (str(_OWN / "demo"),)


def facts(context: Any, rule: Any, view_args: Any, describe: Describer) -> dict[str, Any]:
    """Return what the match made, as plain data."""
    request = context.request
    if rule is not None:
        given = view_args if type(view_args) is dict else {}
        return {
            "endpoint": describe.name(rule.endpoint),
            "rule": describe.name(rule.rule),
            "view_args": {name: _shown(name, value, describe) for name, value in given.items()},
            "secrets": _secrets(rule.rule, request, given, describe),
        }
    error = _error_of(request)
    found = _outcome(error, describe)
    return {**found, **_explained(context.url_adapter, found["error"], describe)}


def _outcome(error: Any, describe: Describer) -> dict[str, Any]:
    if isinstance(error, RequestRedirect):
        return {"error": "redirect", "to": plain(describe.redactor.url(error.new_url))}
    if isinstance(error, MethodNotAllowed):
        return {"error": "method", "allowed": sorted(error.valid_methods or ())}
    if isinstance(error, NotFound):
        return {"error": "none"}
    if isinstance(error, WebsocketMismatch):
        return {"error": "websocket"}
    return {"error": "other", "code": getattr(error, "code", None)}


def _explained(adapter: Any, outcome: str, describe: Describer) -> dict[str, Any]:
    """Return the rules that were refused, as plain data; empty when nobody can tell."""
    kept = attributes_of(adapter)
    path, method = kept.get("path_info"), kept.get("default_method")
    if outcome == "other" or type(path) is not str or type(method) is not str:
        return {}
    websocket = kept.get("websocket") is True
    told = explain(adapter, path, method, websocket=websocket, describe=describe, known=outcome)
    if told is None:
        return {}
    return {
        "candidates": told.candidates,
        "others": told.others,
        "near": told.near,
        "near_methods": told.near_methods,
        "secrets": told.secrets,
    }


def _error_of(request: Any) -> Any:
    kept = attributes_of(request)
    return kept.get("_routing_exception") or kept.get("routing_exception")


def _shown(name: str, value: Any, describe: Describer) -> Any:
    """Return numbers and short texts as they are, everything else as described."""
    if describe.redactor.is_secret(name) or type(value) not in {int, str}:
        return describe(value, name)
    if type(value) is int:
        return value if abs(value) < 1 << 53 else describe(value)
    described = describe(value)
    return plain(value) if described == repr(value) else described


def _secrets(rule: Any, request: Any, given: dict[str, Any], describe: Describer) -> list[str]:
    """Return the texts in the path that are the values of secret arguments."""
    names = [name for name in given if describe.redactor.is_secret(name)]
    if not names:
        return []
    path = attributes_of(request).get("path")
    found = secret_segments(rule, path, names) if type(path) is str and type(rule) is str else []
    return [*found, *(given[name] for name in names if type(given[name]) is str)]


def asker() -> str | None:
    """Return who made the lazy match happen: the attribute asked for, and where."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001
    attribute = ""
    for _ in range(_DEEP):
        if frame is None:
            return None
        file = frame.f_code.co_filename
        if file == _WRAPPERS:
            attribute = frame.f_code.co_name
        elif file == _APP and frame.f_code.co_name in _FRAMEWORKS_NEEDS:
            return f"the framework, for {_FRAMEWORKS_NEEDS[frame.f_code.co_name]}"
        elif attribute and (file.startswith(_DEMO) or not file.startswith(_FRAMEWORKS)):
            name, file, line = spot_of(frame)
            return f"request.{attribute} in {name} ({file_name(file)}:{line})"
        frame = frame.f_back
    return None
