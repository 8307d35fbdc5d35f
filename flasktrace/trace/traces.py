"""The traces of a block or a test, as a list."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import SupportsIndex, overload

from flasktrace.trace.model import Trace

_NONE = "No request was traced; is the app that was asked the wrapped one?"
_LISTED = 20
"""Traces that a message names."""


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

    def __iter__(self) -> Iterator[Trace]:
        return iter(self._all())  # all at once: those that are not finished are made each time

    def __len__(self) -> int:
        return len(self._all())

    def __bool__(self) -> bool:
        return bool(self._finished or self._all())

    @property
    def last(self) -> Trace:
        """The trace of the latest request; LookupError when there was none."""
        found = self._all()
        if not found:
            raise LookupError(_NONE)
        return found[-1]

    def find(
        self,
        path: str | None = None,
        status: int | str | None = None,
        method: str | None = None,
        *,
        endpoint: str | None = None,
        rule: str | None = None,
        outcome: str | None = None,
        exception: str | None = None,
        app: str | None = None,
    ) -> "Found":
        """Return the traces that meet all conditions, in their order.

        Texts are globs: ``path="/cart*"``; *status* is a number or a text such as ``5xx``;
        *exception* is the name of a type. Where nothing is found, the result is empty, and asking
        it for a trace is a LookupError that tells which traces there are.
        """
        given = {
            "path": path,
            "status": status,
            "method": method and method.upper(),
            "endpoint": endpoint,
            "rule": rule,
            "outcome": outcome,
            "exception": exception,
            "app": app,
        }
        wanted = {name: value for name, value in given.items() if value is not None}
        every = self._all()
        return Found([item for item in every if _meets(item, wanted)], wanted, every)

    def __repr__(self) -> str:
        return f"<{len(self)} traces>"


class Found(list[Trace]):
    """What `Traces.find` found: a list that says what there is instead of what it lacks."""

    def __init__(
        self, found: Iterable[Trace], wanted: Mapping[str, object], every: Sequence[Trace]
    ) -> None:
        super().__init__(found)
        self._wanted = " ".join(f"{name}={value!r}" for name, value in wanted.items())
        self._every = every

    @property
    def last(self) -> Trace:
        """The latest of them; LookupError when there is none."""
        return self[-1]

    @property
    def only(self) -> Trace:
        """The one that was found; LookupError when there is none, or several."""
        if len(self) > 1:
            raise MissingTraceError(f"{len(self)} traces have {self._wanted}: {_listed(self)}")
        return self[0]

    @overload
    def __getitem__(self, index: SupportsIndex) -> Trace: ...
    @overload
    def __getitem__(self, index: slice) -> list[Trace]: ...
    def __getitem__(self, index: SupportsIndex | slice) -> Trace | list[Trace]:
        try:
            return super().__getitem__(index)
        except IndexError:
            raise MissingTraceError(self._complaint()) from None

    def _complaint(self) -> str:
        wanted = self._wanted or "any value"
        if self:
            return f"Only {len(self)} of the traces have {wanted}: {_listed(self)}"
        if not self._every:
            return _NONE
        return f"No trace has {wanted}; there are: {_listed(self._every)}"

    def __repr__(self) -> str:
        return f"<{len(self)} traces: {_listed(self)}>" if self else f"<{self._complaint()}>"


class MissingTraceError(IndexError):
    """The trace that was asked for is not there; the message tells which ones are."""


def _meets(trace: Trace, wanted: Mapping[str, object]) -> bool:
    return all(_fits(_value(trace, name), value) for name, value in wanted.items())


def _value(trace: Trace, name: str) -> object:
    if name == "exception":
        return trace.exception and trace.exception.type
    return getattr(trace, name)


def _fits(value: object, wanted: object) -> bool:
    if isinstance(value, int):
        text = str(wanted).lower()
        return str(value) == text or (text[1:] == "xx" and str(value)[:1] == text[:1])
    return value is not None and fnmatchcase(str(value), str(wanted))


def _listed(traces: Sequence[Trace]) -> str:
    lines = "".join(f"\n  {_line(item)}" for item in traces[:_LISTED])
    left = len(traces) - _LISTED
    return f"{lines}\n  … and {left} more" if left > 0 else lines


def _line(trace: Trace) -> str:
    asked = f"{trace.path}?{trace.query}" if trace.query else trace.path
    line = f"{trace.method} {asked} {trace.status or '---'} {trace.endpoint or ''}".rstrip()
    return line.encode("unicode_escape").decode("ascii") if not line.isprintable() else line
