"""Requests as points: when each began, how long it took, how it ended."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from flasktrace.trace.model import Point
from flasktrace.trace.show import words

MOST = 300
"""Points in one drawing."""
_LOWEST, _HIGHEST = 100_000, 10_000_000_000
"""Nanoseconds that the scale shows at least: a tenth of a millisecond, up to what is there."""
_DECADE = 10
_SHAPES = {"2xx": "round", "3xx": "ring", "4xx": "corner", "5xx": "cross", "none": "cross"}


class Dot(NamedTuple):
    """A point in its place; x and y in percent, y from above."""

    id: str
    x: float
    y: float
    shape: str
    """One for each class of status, as colour alone tells nothing to some."""
    status_class: str
    started: int
    duration_ns: int


class Mark(NamedTuple):
    """A line of the scale."""

    at: float
    text: str


class Scatter(NamedTuple):
    """The drawing."""

    dots: tuple[Dot, ...]
    first: int
    """Microseconds since 1970 at the left edge."""
    last: int
    low: int
    """Nanoseconds at the lower edge, on a scale of logarithms."""
    high: int
    marks: tuple[Mark, ...]
    slowest: str
    counts: tuple[tuple[str, int], ...]
    """How many there are of each class of status."""


def scatter(points: Sequence[Point]) -> Scatter | None:
    """Return the drawing of *points*; None when there are too few to see anything."""
    if len(points) < 2:  # noqa: PLR2004 - one point has no scale
        return None
    first = min(point.started for point in points)
    last = max(first + 1, *(point.started for point in points))
    slowest = max(point.duration_ns for point in points)
    low, high = _LOWEST, max(_LOWEST * _DECADE, _decade_above(min(slowest, _HIGHEST * _DECADE)))
    dots = tuple(_dot(point, (first, last), (low, high)) for point in reversed(points))
    counts: dict[str, int] = {}
    for dot in dots:
        counts[dot.status_class] = counts.get(dot.status_class, 0) + 1
    marks = tuple(_marks(low, high))
    told = tuple(sorted(counts.items()))
    return Scatter(dots, first, last, low, high, marks, words.duration(slowest), told)


def _dot(point: Point, times: tuple[int, int], durations: tuple[int, int]) -> Dot:
    low, high = durations
    first, last = times
    height = math.log(max(point.duration_ns, low) / low) / math.log(high / low)
    kind = words.status_class(point.status)
    return Dot(
        point.id,
        round((point.started - first) / (last - first) * 100, 2),
        round(100 - min(height, 1.0) * 100, 2),
        _SHAPES.get(kind, "round"),
        kind,
        point.started,
        point.duration_ns,
    )


def _decade_above(duration_ns: int) -> int:
    return int(10 ** math.ceil(math.log10(max(duration_ns, 1))))


def _marks(low: int, high: int) -> list[Mark]:
    decades = round(math.log10(high / low))
    return [
        Mark(round(100 - number / decades * 100, 2), words.duration(low * _DECADE**number))
        for number in range(decades + 1)
    ]


def moment(microseconds: int) -> str:
    """Return *microseconds* since 1970 as ISO 8601, UTC; the nearest end of the calendar if out."""
    try:
        return datetime.fromtimestamp(microseconds / 1e6, UTC).isoformat(timespec="microseconds")
    except (ValueError, OverflowError, OSError):
        return ""
