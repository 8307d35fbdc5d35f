"""What the page of a comparison draws."""

from typing import Any

from flasktrace.trace.model import Trace
from flasktrace.trace.show.compare import compare
from flasktrace.trace.show.scale import Scale
from flasktrace.trace.show.waterfall import LENGTH, bands

SHOWN = 500
"""Pairs of spans on the page."""


def compared(before: Trace, after: Trace) -> dict[str, Any]:
    """Return the values of the template: both requests on one scale."""
    both = compare(before, after)
    most = max(before.duration_ns, after.duration_ns)
    lengths = (length or 0 for pair in both.stages for length in (pair.before, pair.after))
    # The bars of the tables begin at one line: there the longest stage may take all the room.
    scale = Scale(max(lengths, default=0), LENGTH)
    return {
        "both": both,
        "strips": (bands(before, most), bands(after, most)),
        "most": most,
        "shown": SHOWN,
        "width": lambda ns: scale.width(0, ns),
    }
