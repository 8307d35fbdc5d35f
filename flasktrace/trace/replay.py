"""Sends a recorded request to its app once more, in this process."""

import contextvars
import secrets
import time
from collections.abc import Callable
from io import BytesIO
from typing import Any
from urllib.parse import quote

from werkzeug.test import EnvironBuilder

from flasktrace.trace.model import Trace

HEADER = "X-Flasktrace-Replay"
"""Tells the app, and the new trace, that it is a repetition, and of which trace."""

SAFE = frozenset({"GET", "HEAD"})
LONGEST = 30.0
"""Seconds after which no more of the body is waited for."""
MARK = "•••"
_OWN = frozenset({"host", "content-length", "connection", "transfer-encoding", "upgrade"})


class ReplayError(ValueError):
    """The request cannot be sent again, and why."""


def refusal(trace: Trace, *, all_methods: bool) -> str:
    """Return why *trace* cannot be sent again; empty when it can."""
    if trace.method not in SAFE and not all_methods:
        return f"{trace.method} may change something; the option replay='all' allows it."
    if MARK in trace.query or MARK in trace.path:
        return "The address holds a secret that was taken out when the request was recorded."
    if trace.request.body_kept == "lost":
        return "The body was not kept as text; the option capture_body keeps its beginning."
    if trace.request.body_kept == "cut" or MARK in (trace.request.body or ""):
        return "The body was not kept whole."
    return ""


def environ_of(trace: Trace) -> tuple[dict[str, Any], str]:
    """Return a WSGI environ for the request of *trace*, and the value of its `HEADER`."""
    request = trace.request
    token = f"{trace.id}-{secrets.token_hex(8)}"
    body = (request.text or "").encode(errors="replace")
    root = request.root_path
    builder = EnvironBuilder(
        path=quote(trace.path.removeprefix(root) or "/", errors="replace"),
        base_url=f"{request.scheme or 'http'}://{request.host or 'localhost'}{quote(root)}/",
        query_string=trace.query,
        method=trace.method,
        input_stream=BytesIO(body),
        headers=[
            *((n, v) for n, v in request.headers if n.lower() not in _OWN and MARK not in v),
            (HEADER, token),
        ],
    )
    environ = builder.get_environ()
    environ["CONTENT_LENGTH"] = str(len(body))
    environ["REMOTE_ADDR"] = request.remote_addr
    environ["wsgi.multithread"] = True
    return environ, token


def send(app: Callable[..., Any], environ: dict[str, Any]) -> None:
    """Ask *app*, and take its answer to the end, or for `LONGEST` seconds."""
    # An empty context: the app must not see the contexts of who asks.
    contextvars.Context().run(_send, app, environ)


def _send(app: Callable[..., Any], environ: dict[str, Any]) -> None:
    deadline = time.monotonic() + LONGEST
    body = app(environ, lambda _status, _headers, _error=None: lambda _data: None)
    try:
        for _ in body:
            if time.monotonic() > deadline:
                break
    finally:
        close = getattr(body, "close", None)
        if close is not None:
            close()
