"""JSON as the current app wants it: its provider when there is an app, else plain."""

import json as _json
from typing import IO, Any

from flasktrace.globals import top_context
from flasktrace.json.provider import plain_default


def dumps(obj: Any, **kwargs: Any) -> str:
    """Return *obj* as JSON text; TypeError for what JSON and the provider do not know."""
    context = top_context()
    if context is not None:
        return context.app.json.dumps(obj, **kwargs)
    kwargs.setdefault("default", plain_default)
    return _json.dumps(obj, **kwargs)


def dump(obj: Any, fp: IO[str], **kwargs: Any) -> None:
    """Write *obj* as JSON text to *fp*."""
    fp.write(dumps(obj, **kwargs))


def loads(s: str | bytes, **kwargs: Any) -> Any:
    """Return the value that the JSON text *s* stands for; ValueError when it is none."""
    context = top_context()
    if context is not None:
        return context.app.json.loads(s, **kwargs)
    return _json.loads(s, **kwargs)


def load(fp: IO[Any], **kwargs: Any) -> Any:
    """Return the value of the JSON text in *fp*."""
    return loads(fp.read(), **kwargs)


def jsonify(*args: Any, **kwargs: Any) -> Any:
    """Return a response with the arguments as JSON: one value, a list of them, or a dict."""
    from flasktrace.globals import current_app

    return current_app.json.response(*args, **kwargs)
