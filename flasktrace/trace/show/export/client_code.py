"""A request as a test: code that asks the app the same once more."""

import re
from collections.abc import Iterator

from flasktrace.trace.model import Trace
from flasktrace.trace.show.export import address
from flasktrace.trace.show.export.curl import notes_on
from flasktrace.trace.show.export.secrets import is_hidden

_WORDS = re.compile(r"[^a-z0-9]+")
_LONGEST_NAME = 60
_SIMPLE = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
_DULL = frozenset({"user-agent", "accept-language", "referer", "cache-control", "pragma", "dnt"})


def client_code(trace: Trace) -> str:
    """Return a test function that takes the app's test client as ``client``."""
    lines = "".join(f"    {line}\n" if line else "\n" for line in _body(trace))
    return f"def {_name(trace)}(client):\n{lines}"


def _name(trace: Trace) -> str:
    words = _WORDS.sub("_", f"{trace.method} {trace.path}".lower()).strip("_")
    return f"test_{words[:_LONGEST_NAME].rstrip('_')}"


def _body(trace: Trace) -> Iterator[str]:
    for note in notes_on(trace):
        yield f"# {note.encode('ascii', 'backslashreplace').decode()}"
    is_simple = trace.method in _SIMPLE
    call = f"client.{trace.method.lower()}" if is_simple else "client.open"
    arguments = [*_arguments(trace)]
    if not is_simple:
        arguments.insert(1, f"method={trace.method!a}")
    if len(arguments) == 1:
        yield f"response = {call}({arguments[0]})"
    else:
        yield f"response = {call}("
        yield from (f"    {argument}," for argument in arguments)
        yield ")"
    yield ""
    if trace.status is not None:
        yield f"assert response.status_code == {trace.status}"
    location = address.header(trace.response.headers, "location")
    if location and not is_hidden(location):
        yield f"assert response.location == {location!a}"


def _arguments(trace: Trace) -> Iterator[str]:
    request = trace.request
    path = address.path(trace).removeprefix(address.quoted(request.root_path)) or "/"
    yield repr(path)
    if trace.query:
        yield f"query_string={address.query(trace)!a}"
    kept = [
        (name, value)
        for name, value in address.headers(request)
        if not is_hidden(value) and not name.lower().startswith("sec-") and not _is_dull(name)
    ]
    if kept:
        yield f"headers={kept!a}"
    if request.body is not None:
        yield f"data={request.body!a}"


def _is_dull(name: str) -> bool:
    return name.lower() in _DULL or name.lower().startswith("upgrade-insecure")
