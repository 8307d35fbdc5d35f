"""Time to position: nanoseconds of a trace on a line of a given length."""

from dataclasses import dataclass

_THINNEST = 0.004
"""Part of the line that even the shortest work takes, so that it can be seen."""


@dataclass(frozen=True, slots=True)
class Scale:
    """A line of *length* units for *total_ns* nanoseconds; what lies outside is pulled in."""

    total_ns: int
    length: float
    begin_ns: int = 0
    """What stands at its left end."""

    def x(self, at_ns: int) -> float:
        """Return where *at_ns* lies."""
        part = (at_ns - self.begin_ns) / self.total_ns if self.total_ns > 0 else 0.0
        return round(min(max(part, 0.0), 1.0 - _THINNEST) * self.length, 2)

    def width(self, start_ns: int, duration_ns: int) -> float:
        """Return how long *duration_ns* is when it begins at *start_ns*; never nothing."""
        left = self.x(start_ns)
        end = start_ns + duration_ns - self.begin_ns
        part = end / self.total_ns if self.total_ns > 0 else 0.0
        width = min(max(part, 0.0), 1.0) * self.length - left
        return round(max(width, _THINNEST * self.length), 2)
