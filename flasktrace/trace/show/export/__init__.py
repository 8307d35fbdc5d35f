"""One trace as a text for other programs and other people."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from flasktrace.trace.model import Trace
from flasktrace.trace.show.export.chrome import chrome
from flasktrace.trace.show.export.client_code import client_code
from flasktrace.trace.show.export.curl import curl
from flasktrace.trace.show.export.data import data, har
from flasktrace.trace.show.export.page import page, text
from flasktrace.trace.show.export.secrets import hide


class Format(NamedTuple):
    """One of the formats of `export`."""

    title: str
    """What a person calls it."""
    write: Callable[[Trace], str]
    media_type: str
    suffix: str
    """Of a file, with its dot."""
    is_short: bool
    """True for what is rather copied than kept as a file."""


FORMATS: Mapping[str, Format] = {
    "curl": Format("curl", curl, "text/plain", ".sh", is_short=True),
    "test": Format("test code", client_code, "text/x-python", ".py", is_short=True),
    "text": Format("text", text, "text/plain", ".txt", is_short=True),
    "json": Format("JSON", data, "application/json", ".json", is_short=False),
    "har": Format("HAR", har, "application/json", ".har", is_short=False),
    "chrome": Format("Chrome trace", chrome, "application/json", ".trace.json", is_short=False),
    "html": Format("one page of HTML", page, "text/html", ".html", is_short=False),
}
"""Name to format, in the order in which views offer them."""


def export(trace: Trace, format: str) -> str:  # noqa: A002 - what everybody calls it
    """Return *trace* as text in one of `FORMATS`, with its secrets taken out once more.

    KeyError when there is no such *format*.
    """
    return FORMATS[format].write(hide(trace))
