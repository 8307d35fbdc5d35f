"""The address of a request, as a program can ask for it again."""

import re
from urllib.parse import quote

from flasktrace.trace.model import RequestFacts, Trace

_HOST = re.compile(r"[A-Za-z0-9._-]+(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_IN_PATH = "/:@!$&'()*+,;=-._~"
_IN_QUERY = _IN_PATH + "?%"
_OF_CONNECTION = frozenset(
    {"host", "content-length", "connection", "accept-encoding", "transfer-encoding"}
    | {"keep-alive", "te", "trailer", "upgrade", "expect", "proxy-connection"}
)
"""Headers that a client writes itself, or that belong to one connection."""


def origin(request: RequestFacts) -> str:
    """Return ``http://localhost:5000``; what is no host is quoted."""
    scheme = request.scheme if _SCHEME.fullmatch(request.scheme) else "http"
    host = request.host if _HOST.fullmatch(request.host) else quote(request.host, errors="replace")
    return f"{scheme}://{host or 'localhost'}"


def path(trace: Trace) -> str:
    """Return the path, quoted for a URL."""
    return quoted(trace.path or "/")


def quoted(text: str) -> str:
    """Return a piece of a path, quoted for a URL."""
    return quote(text, safe=_IN_PATH, errors="replace")


def query(trace: Trace) -> str:
    """Return the query string, quoted where it has to be."""
    return quote(trace.query, safe=_IN_QUERY, errors="replace")


def target(trace: Trace) -> str:
    """Return path and query, quoted for a URL."""
    return f"{path(trace)}?{query(trace)}" if trace.query else path(trace)


def url(trace: Trace) -> str:
    """Return the whole address."""
    return f"{origin(trace.request)}{target(trace)}"


def headers(request: RequestFacts) -> list[tuple[str, str]]:
    """Return those headers that another client should send, too."""
    return [
        (name, value)
        for name, value in request.headers
        if name.lower() not in _OF_CONNECTION and _TOKEN.fullmatch(name)
    ]


def header(pairs: tuple[tuple[str, str], ...], name: str) -> str:
    """Return the value of the first header called *name*, in small letters; empty for none."""
    return next((value for key, value in pairs if key.lower() == name), "")
