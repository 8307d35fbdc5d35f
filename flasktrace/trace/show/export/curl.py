"""A request as a command for curl."""

import re
from collections.abc import Iterator
from shlex import quote

from flasktrace.trace.model import Trace
from flasktrace.trace.show.export import address
from flasktrace.trace.show.export.secrets import is_hidden, names
from flasktrace.trace.show.sanitize import clean

_METHOD = re.compile(r"[A-Z]{1,20}")
_DOTS = re.compile(r"/\.{1,2}(/|$)")


def curl(trace: Trace) -> str:
    """Return the command; what had to be left out of it stands below, as comments."""
    command = " \\\n  ".join(("curl", *_parts(trace)))
    notes = "".join(f"# {note}\n" for note in notes_on(trace))
    return f"{command}\n{notes}"


def notes_on(trace: Trace) -> Iterator[str]:
    """Yield what another client cannot send, since the trace does not have it."""
    left_out = names(address.headers(trace.request))
    if left_out:
        yield clean(f"left out, the values are secret: {', '.join(left_out)}")
    if is_hidden(trace.query):
        yield "the query holds a secret that was taken out; put it back in"
    body = trace.request.body
    if body is None and trace.request.bytes_read:
        yield "the body was not kept; capture_body=True keeps its beginning"
    elif body is not None and is_hidden(body):
        yield "the body holds secrets that were taken out; put them back in"
    elif body is not None and len(body.encode(errors="replace")) < trace.request.bytes_read:
        yield "only the beginning of the body was kept"


def _parts(trace: Trace) -> Iterator[str]:
    url = address.url(trace)
    if trace.method == "HEAD":
        yield "--head"
    elif trace.method != "GET" or trace.request.body is not None:
        yield f"--request {trace.method if _METHOD.fullmatch(trace.method) else 'GET'}"
    if "[" in url:
        yield "--globoff"
    if _DOTS.search(url):
        yield "--path-as-is"
    if address.header(trace.request.headers, "accept-encoding"):
        yield "--compressed"
    yield quote(url)
    for name, value in address.headers(trace.request):
        if not is_hidden(value):
            # A header without a value ends in a semicolon there.
            text = f"{name}: {value}" if value else f"{name};"
            yield f"--header {quote(clean(text))}"
    if trace.request.body is not None:
        yield f"--data-raw {quote(clean(trace.request.body, multiline=True))}"
