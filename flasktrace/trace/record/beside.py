"""What a recording notes of copies of its request's context, which run beside it.

Flask's ``copy_current_request_context`` takes no context variables along: the copy brings the
recording, and each function that is called in it stands in a lane.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flasktrace.trace.record import calls

if TYPE_CHECKING:
    from flasktrace.trace.record.recording import Recording


class Beside:
    """Watches a copy of a request's context, see `flasktrace.signals.Watcher`.

    The stages of a copy are none of the request's.
    """

    looked = wary = False
    unnoted: Any = None

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.clock: Callable[[], int] = recording.clock
        self.base = recording.base
        self.notes: Any = deque(maxlen=0)
        #: Stays empty: a thread of its own may run in each copy.
        self.calls: list[int] = []

    def adopt(self, _context: Any) -> None:
        """Watch no other context."""

    def beside(self) -> Beside:
        """Watch a copy of the copy, too."""
        return self

    def main(self) -> Recording:
        """Return the recording of the request."""
        return self.recording

    def heed(self, what: str, contexts: tuple[Any, ...] = ()) -> None:
        """Note nothing."""

    def begin_stage(self, name: str, around: str | None, method: Any, *, own: bool) -> None:
        """Note nothing."""

    def end_stage(self, name: str, error: BaseException | None, made: Any) -> None:
        """Note nothing."""

    def after_signal(self, signal: Any) -> None:
        """Note nothing."""

    def begin_call(self, kind: str, function: Any) -> None:
        """Note that a function of the user begins in this lane."""
        calls.begin_in_copy(self.recording, kind, function)

    def end_call(self, kind: str, function: Any, error: BaseException | None, value: Any) -> None:
        """Note that it has ended."""
        calls.end_in_copy(self.recording, kind, function, error, value)

    def end_own_call(self, kind: str, function: Any, began: int, value: Any) -> None:
        """Note nothing."""

    def begin_handling(self) -> None:
        """Note nothing."""

    def end_handling(self, name: str, method: Callable[..., Any], begun: Any) -> None:
        """Note nothing."""
