"""A trace that is put together when somebody first reads it."""

from collections.abc import Callable

from flasktrace.trace.model import Trace


class Deferred:
    """Stands for a trace: most traces of a ring are never looked at.

    *make* returns the trace, from plain data alone, and is called at most once. *size* is about
    how many bytes it takes.
    """

    __slots__ = ("_make", "_trace", "id", "size")

    def __init__(self, trace_id: str, size: int, make: Callable[[], Trace]) -> None:
        self.id = trace_id
        self.size = size
        self._make: Callable[[], Trace] | None = make
        self._trace: Trace | None = None

    @property
    def trace(self) -> Trace:
        """The trace itself."""
        make = self._make
        if make is not None:
            # Of two readers at once both may make it; the traces are equal.
            self._trace = make()
            self._make = None
        return self._trace  # type: ignore[return-value]
