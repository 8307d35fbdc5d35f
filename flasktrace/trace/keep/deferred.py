"""A trace that is put together when somebody first reads it."""

from collections.abc import Callable
from typing import Any

from flasktrace.trace.model import Trace


class Deferred:
    """Stands for a trace: most traces of a ring are never looked at.

    *make* returns the trace of *recorded*, which is plain data alone. *size* is about how many
    bytes it takes.
    """

    __slots__ = ("_made", "_recorded", "id", "size")

    def __init__(
        self, trace_id: str, size: int, make: Callable[[Any], Trace], recorded: Any
    ) -> None:
        self.id = trace_id
        self.size = size
        self._made: Trace | Callable[[Any], Trace] = make
        self._recorded = recorded

    @property
    def trace(self) -> Trace:
        """The trace itself."""
        recorded, made = self._recorded, self._made  # in this order: both change in the other
        if not isinstance(made, Trace):
            # Of two readers at once both may make it; the traces are equal.
            made = self._made = made(recorded)
            self._recorded = None
        return made
