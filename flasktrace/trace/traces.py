"""The traces of a block or a test, as a list."""

from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from typing import overload

from flasktrace.trace.model import Trace


class Traces(Sequence[Trace]):
    """Traces in the order in which their requests began.

    A request whose body nobody has read to its end is in the list too, as far as it went.
    """

    def __init__(self) -> None:
        #: Each gives the traces of requests that are answered but not finished.
        self.sources: list[Callable[[], Iterable[Trace]]] = []
        self._finished: dict[str, Trace] = {}

    def add(self, trace: Trace) -> None:
        """Put in a finished trace."""
        self._finished[trace.id] = trace

    def clear(self) -> None:
        """Forget all of them."""
        self._finished.clear()

    def _all(self) -> list[Trace]:
        open_ones = {item.id: item for source in self.sources for item in source()}
        known = open_ones | self._finished
        return sorted(known.values(), key=lambda item: item.started)

    @overload
    def __getitem__(self, index: int) -> Trace: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Trace]: ...
    def __getitem__(self, index: int | slice) -> Trace | Sequence[Trace]:
        return self._all()[index]

    def __len__(self) -> int:
        return len(self._all())

    @property
    def last(self) -> Trace:
        """The trace of the latest request; LookupError when there was none."""
        found = self._all()
        if not found:
            raise LookupError("No request was traced; is the app that was asked the wrapped one?")
        return found[-1]

    def find(
        self, path: str | None = None, status: int | None = None, method: str | None = None
    ) -> list[Trace]:
        """Return the traces with this path (a glob), status and method."""
        return [
            item
            for item in self._all()
            if (path is None or fnmatchcase(item.path, path))
            and (status is None or item.status == status)
            and (method is None or item.method == method.upper())
        ]

    def __repr__(self) -> str:
        return f"<{len(self)} traces>"
