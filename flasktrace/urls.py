"""Where to: urls of endpoints, redirects, and leaving with an error."""

from typing import Any, NoReturn

import werkzeug.exceptions
import werkzeug.utils
from werkzeug.wrappers import Response as WerkzeugResponse

from flasktrace.globals import contexts, current_context


def url_for(
    endpoint: str, *,
    _anchor: str | None = None, _method: str | None = None,
    _scheme: str | None = None, _external: bool | None = None,
    **values: Any,
) -> str:  # fmt: skip
    """Return the url of *endpoint*; see `Flask.url_for`."""
    how = {"_anchor": _anchor, "_method": _method, "_scheme": _scheme, "_external": _external}
    return current_context().app.url_for(endpoint, **{**values, **how})


def redirect(
    location: str,
    code: int = 302,
    Response: type[WerkzeugResponse] | None = None,  # noqa: N803, Flask's name
) -> WerkzeugResponse:
    """Return a redirect to *location*."""
    context = contexts.top
    if context is None:
        return werkzeug.utils.redirect(location, code, Response)
    return context.app.redirect(location, code)


def abort(code: int | WerkzeugResponse, *args: Any, **kwargs: Any) -> NoReturn:
    """Raise the HTTP error *code*, or an error that answers with the response given."""
    context = contexts.top
    if context is not None:
        context.app.aborter(code, *args, **kwargs)
    werkzeug.exceptions.abort(code, *args, **kwargs)
