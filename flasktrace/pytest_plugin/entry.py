"""A request of the run as plain data, which gets from a worker of xdist to its controller."""

from dataclasses import replace
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from flasktrace.trace.model import Trace

ATTRIBUTE = "flasktrace_requests"
"""Name of the attribute of a test's last report that has its entries."""

_WIDTH = 120
_LONGEST = 40_000
"""Characters of a tree."""


class Entry(TypedDict):
    """One request."""

    line: str
    """``GET /cart 200 OK 12.3 ms``."""
    verdict: str
    duration_ns: int
    app: str
    endpoint: str
    functions: list[str]
    """Hooks and error handlers that ran: ``before_request load_user (shop.py:12)``."""
    tree: str
    """Empty unless there is to be a page."""


def entry(trace: "Trace", *, tree: bool) -> Entry:
    """Return *trace* as an entry, with its tree when *tree* is true."""
    from flasktrace.trace.roles import HOOKS
    from flasktrace.trace.show import words
    from flasktrace.trace.show.sanitize import clean

    kinds = (*HOOKS, "error_handler")
    return Entry(
        line=line(trace),
        verdict=clean(trace.verdict),
        duration_ns=trace.duration_ns,
        app=clean(trace.app),
        endpoint=clean(trace.endpoint or ""),
        functions=sorted(
            {f"{span.kind} {words.place(span)}" for span in trace.spans if span.kind in kinds}
        ),
        tree=_tree(trace) if tree else "",
    )


def line(trace: "Trace") -> str:
    """Return *trace* as one line, without its label: that is the name of the test."""
    from flasktrace.trace.show.words import plain_line

    return plain_line(replace(trace.summary(), label=""))


def _tree(trace: "Trace") -> str:
    from flasktrace.trace.show import terminal

    text = terminal.render(terminal.tree(trace, width=_WIDTH), width=_WIDTH)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…\n"
