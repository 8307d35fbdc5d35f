"""Making a response by hand."""

from typing import Any

from flasktrace.globals import current_app
from flasktrace.wrappers import Response


def make_response(*args: Any) -> Response:
    """Return the response that a view's value would become, to change its headers or cookies.

    Without arguments an empty response; one is the value, more are the tuple of a view.
    """
    if not args:
        return current_app.response_class()
    return current_app.make_response(args[0] if len(args) == 1 else args)
