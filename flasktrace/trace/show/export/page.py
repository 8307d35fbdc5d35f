"""A trace for a person: as the terminal prints it, and as one page of HTML."""

from datetime import UTC
from functools import cache

from jinja2 import Environment

from flasktrace.trace.model import Trace
from flasktrace.trace.show import assets
from flasktrace.trace.show.cards import stack
from flasktrace.trace.show.filters import FILTERS
from flasktrace.trace.show.lane import PLACES, lane
from flasktrace.trace.show.waterfall import LENGTH, waterfall
from flasktrace.trace.show.words import CANDIDATES

_WIDTH = 100
_STYLES = "/* all styles */"
_FILES = ("base.css", "trace.css")


def text(trace: Trace) -> str:
    """Return what the terminal prints of it, without colours."""
    from flasktrace.trace.show.terminal import render, tree

    return render(tree(trace, width=_WIDTH, tz=UTC), width=_WIDTH)


def page(trace: Trace) -> str:
    """Return one page that needs no other file, no script and no network."""
    made = (
        _pages()
        .get_template("export.html")
        .render(
            trace=trace,
            steps=lane(trace),
            stacks={name: stack(trace, name) for name in PLACES},
            waterfall=waterfall(trace),
        )
    )
    # The template has this line above everything that comes from the trace.
    return made.replace(_STYLES, "\n".join(_styles()), 1)


@cache
def _styles() -> tuple[str, ...]:
    return tuple(assets.static()[name].content.decode() for name in _FILES)


@cache
def _pages() -> Environment:
    made = Environment(
        loader=assets.templates(), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    made.filters.update(FILTERS)
    made.globals |= {"LENGTH": LENGTH, "SHOWN": CANDIDATES, "root": "", "csrf": ""}
    return made
