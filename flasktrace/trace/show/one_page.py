"""What the page of one request draws."""

from collections.abc import Mapping
from typing import Any

from flasktrace.trace.model import Trace
from flasktrace.trace.show.cards import stack
from flasktrace.trace.show.editor import Editor
from flasktrace.trace.show.export import FORMATS
from flasktrace.trace.show.facets import facets
from flasktrace.trace.show.history import Pages, relatives
from flasktrace.trace.show.lane import PLACES, first_look, lane
from flasktrace.trace.show.learn import lessons
from flasktrace.trace.show.spent import spent
from flasktrace.trace.show.waterfall import Look, bands, waterfall


def one(store: Pages, trace: Trace, asked: Mapping[str, str], editor: Editor) -> dict[str, Any]:
    """Return the values of the template, as the query string *asked* for them."""
    stage = asked.get("stage", "")
    return {
        "trace": trace,
        "steps": lane(trace),
        "chosen": stage if stage in PLACES else first_look(trace),
        "to_scale": asked.get("lane") == "scale",
        "strip": bands(trace, trace.duration_ns),
        "stacks": {name: stack(trace, name) for name in PLACES},
        "waterfall": waterfall(trace, Look.of(asked)),
        "kin": relatives(store, trace),
        "parts": facets(trace),
        "lessons": lessons(trace),
        "spent": spent(trace),
        "formats": FORMATS,
        "sources": editor.spans(trace),
        "editor": editor.link,
    }
