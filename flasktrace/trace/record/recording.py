"""A trace in the making."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from flasktrace.trace.model import Change, Event, Failure
from flasktrace.trace.record.snapshot import Look, Looker

if TYPE_CHECKING:
    from flasktrace.trace.record.recorder import Recorder

CURRENT: ContextVar[Recording | None] = ContextVar("flasktrace.recording", default=None)
"""What records in this thread, greenlet or task."""


class OpenSpan:
    """A span that has begun."""

    __slots__ = ("attributes", "duration", "id", "kind", "name", "parent", "stage", "start")

    def __init__(
        self,
        number: int,
        parent: int | None,
        stage: str | None,
        kind: str,
        name: str,
        start: int,
        attributes: dict[str, Any],
    ) -> None:
        self.id = number
        self.parent = parent
        self.stage = stage
        self.kind = kind
        self.name = name
        self.start = start
        self.duration: int | None = None
        self.attributes = attributes


class StageRun:
    """One run of a stage."""

    __slots__ = ("asked_by", "cards", "changes", "duration", "exception", "name", "start", "within")

    def __init__(self, name: str, start: int, within: str | None) -> None:
        self.name = name
        self.start = start
        self.within = within
        self.duration: int | None = None
        self.exception: str | None = None
        self.asked_by: str | None = None
        self.cards: tuple[int, Look] | None = None
        self.changes: list[Change] = []


class Recording:
    """What was seen of one request so far.

    Times are nanoseconds since its begin, the tracer's own work taken out: each look at the app
    is put between `enter` and `leave`, and what lies between stops the clock.
    """

    def __init__(  # noqa: PLR0915 one line for each fact
        self, recorder: Recorder, trace_id: str, started: float, environ: dict[str, Any]
    ) -> None:
        self.recorder = recorder
        self.id = trace_id
        self.started = started
        self.environ: dict[str, Any] | None = environ
        self.clock: Callable[[], int] = recorder.clock
        self.origin = self.clock()
        self.tracer_ns = 0
        #: Time of the present look at the app.
        self.at = 0
        self._entered = self.origin
        self.pid = os.getpid()
        self.thread = threading.current_thread().name
        self.host = recorder.host.name
        self.app_name = recorder.app_name
        self.parent: str | None = None
        self.label = recorder.label()

        #: The context that the stages belong to, while the request lasts.
        self.context: Any = None
        self.runs: list[StageRun] = []
        self.open_runs: list[StageRun] = []
        self.spans: list[OpenSpan] = []
        self.open_spans: list[OpenSpan] = []
        #: The calls that have begun: address of the function, and its span if there is room.
        self.calls: list[tuple[int, OpenSpan | None]] = []
        self.events: list[Event] = []
        self.changes: list[Change] = []
        self.looker = Looker(recorder.describe)
        self.dropped: dict[str, int] = {}
        self.partial = False

        self.request: dict[str, Any] = {}
        self.status: int | None = None
        self.reason = ""
        self.headers: list[tuple[str, str]] = []
        self.chunks = 0
        self.bytes = 0
        self.first_byte: int | None = None
        self.closed = False
        self.returned = False
        self.finished = False
        self.end: int | None = None
        self.outcome = "ok"
        self.request_body: bytearray | None = None
        self.response_body: bytearray | None = None
        self.bytes_read = 0

        self.routing: dict[str, Any] = {}
        self.failure: Failure | None = None
        #: What tells the latest exception from others, see `failure.mark`.
        self.failed: tuple[Any, ...] = ()
        #: Whether an exception left the app.
        self.escaped = False
        #: What broke while it was sent: ``body`` or ``close``; empty when nothing did.
        self.broken = ""
        self.handled_by: str | None = None
        #: Facts for the verdict: span of the hook that answered, of the handler, of the view.
        self.answered: OpenSpan | None = None
        #: Which of how many hooks before the view it was.
        self.answered_place = (0, 0)
        self.handler: OpenSpan | None = None
        self.view: OpenSpan | None = None
        #: The latest HTTP error: its span, code, name, and the stage in which it was raised.
        self.aborted: tuple[OpenSpan | None, int, str, str | None] | None = None
        self.replaced: OpenSpan | None = None
        self.response_id = 0

    def enter(self) -> None:
        """Begin a look at the app; the app's clock stands still until `leave`."""
        self._entered = now = self.clock()
        self.at = now - self.origin - self.tracer_ns

    def leave(self) -> None:
        """End the look: what it took goes on the tracer's account."""
        self.tracer_ns += self.clock() - self._entered

    @property
    def stage(self) -> str | None:
        """The innermost open stage."""
        return self.open_runs[-1].name if self.open_runs else None

    def drop(self, limit: str, count: int = 1) -> None:
        """Count something left out because of *limit*."""
        self.dropped[limit] = self.dropped.get(limit, 0) + count

    def open_span(self, kind: str, name: str, attributes: dict[str, Any]) -> OpenSpan | None:
        """Begin a span now, inside the one open; None when there are too many."""
        if len(self.spans) >= self.recorder.limits.spans:
            self.drop("spans")
            return None
        parent = self.open_spans[-1].id if self.open_spans else None
        made = OpenSpan(len(self.spans) + 1, parent, self.stage, kind, name, self.at, attributes)
        self.spans.append(made)
        self.open_spans.append(made)
        return made

    def close_span(self, span: OpenSpan) -> None:
        """End *span* now, and whatever was left open inside it."""
        span.duration = self.at - span.start
        if span not in self.open_spans:
            return
        while (inner := self.open_spans.pop()) is not span:
            inner.duration = self.at - inner.start

    def event(self, name: str, attributes: dict[str, Any]) -> None:
        """Note a point in time."""
        if len(self.events) >= self.recorder.limits.events:
            self.drop("events")
            return
        span = self.open_spans[-1].id if self.open_spans else None
        self.events.append(Event(self.at, name, span, self.stage, attributes))

    def release(self) -> None:
        """Let go of everything that belongs to the app."""
        self.context = None
        self.environ = None
        self.calls.clear()
        self.open_spans.clear()
        self.looker.release()
