"""What a user writes into the trace: spans, events, and the trace that is being recorded."""

import functools
import inspect
from collections.abc import Callable
from contextvars import Token
from types import TracebackType
from typing import Any, Self, TypeVar

from flasktrace.trace.record.lanes import INNERMOST
from flasktrace.trace.record.recording import CURRENT, Recording

Function = TypeVar("Function", bound=Callable[..., Any])


def _current() -> Recording | None:
    """Return what records here; what a finished request left running writes nowhere."""
    recording = CURRENT.get()
    return None if recording is None or recording.finished else recording


class span:  # noqa: N801
    """A named block of work, as a context manager or a decorator.

    ``with span("price cart", items=3): …`` or ``@span("price cart")``, also on async functions.
    The keyword arguments are its attributes. Without a trace being recorded it does nothing.
    """

    def __init__(self, name: str, /, **attributes: Any) -> None:
        self.name = name
        self.attributes = attributes
        #: Number of each block that is open to its recording and to what was open before: the
        #: same span may be entered again, also elsewhere, before it is left.
        self._open: dict[int, tuple[Recording, Token[int]]] = {}

    def __enter__(self) -> Self:
        recording = _current()
        if recording is not None:
            number = recording.recorder.begin_user_span(recording, self)
            if number:
                self._open[number] = recording, INNERMOST.set(number)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        _error: BaseException | None,
        _where: TracebackType | None,
    ) -> None:
        here = INNERMOST.get()
        number = here if here in self._open else next(reversed(self._open), 0)
        if number not in self._open:
            return
        recording, before = self._open.pop(number)
        if number == here:  # else it was entered in another context, which goes on without it
            _go_back(before)
        recording.recorder.end_user_span(recording, number, kind)

    def __call__(self, function: Function) -> Function:
        """Return *function* with the span around each call."""
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def wait(*args: Any, **kwargs: Any) -> Any:
                with type(self)(self.name, **self.attributes):
                    return await function(*args, **kwargs)

            return wait  # type: ignore[return-value]

        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            with type(self)(self.name, **self.attributes):
                return function(*args, **kwargs)

        return run  # type: ignore[return-value]


def _go_back(before: Token[int]) -> None:
    """Leave the context as it was, without the variable if it had none."""
    try:
        INNERMOST.reset(before)
    except ValueError:  # a copy of the context in which it was set
        INNERMOST.set(0 if before.old_value is Token.MISSING else before.old_value)


def event(name: str, /, **attributes: Any) -> None:
    """Note a point in time, with attributes; without a trace being recorded do nothing."""
    recording = _current()
    if recording is not None:
        recording.recorder.user_event(recording, name, attributes)


class CurrentTrace:
    """The trace being recorded here; false when there is none."""

    def __bool__(self) -> bool:
        return _current() is not None

    @property
    def id(self) -> str | None:
        """Its id, 32 hexadecimal digits, or None when there is no trace."""
        recording = _current()
        return None if recording is None else recording.id

    def event(self, name: str, /, **attributes: Any) -> None:
        """Note a point in time, see `event`."""
        event(name, **attributes)

    def span(self, name: str, /, **attributes: Any) -> span:
        """Return a span, see `span`."""
        return span(name, **attributes)

    def __repr__(self) -> str:
        return f"<current trace {self.id or 'none'}>"


current_trace = CurrentTrace()
"""The trace being recorded, falsy outside one."""
