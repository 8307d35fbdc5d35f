"""A trace in the making."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flasktrace.trace.record import calls, handlers, notes, stages
from flasktrace.trace.record.beside import Beside
from flasktrace.trace.record.born import BIRTH
from flasktrace.trace.record.current import CURRENT
from flasktrace.trace.record.lanes import Lane, lane_of, spot, thread_name
from flasktrace.trace.record.notes import Note
from flasktrace.trace.record.response_look import Seen
from flasktrace.trace.record.snapshot import Look, Looker

if TYPE_CHECKING:
    from flasktrace.trace.record.recorder import Recorder
    from flasktrace.trace.record.roster import Roster

__all__ = ["CURRENT", "Recording"]

NOTHING: dict[str, Any] = {}
"""Never changed: what has nothing of its own to tell shares it."""


def _nothing() -> None:
    """Give the context of a recording that has held none."""


class Seldom:
    """What most recordings never set: it is as it is here, and costs them nothing."""

    parent: str | None = None
    #: The longest time that the app let the server wait for a chunk after the first.
    longest_gap: int | None = None
    request_body: bytearray | None = None
    bytes_read = 0
    #: Limit to how much was left out because of it.
    dropped: dict[str, int] = NOTHING
    #: What tells the latest exception from others, see `failure.mark`.
    failed: tuple[Any, ...] = ()
    #: Whether an exception left the app.
    escaped = False
    #: Gives the context after it was popped, as long as somebody else holds it.
    gone: Callable[[], Any] = staticmethod(_nothing)
    #: Whether receivers of signals hear of it that nobody sees run.
    has_receivers = False
    #: The response while receivers of ``request_finished`` may change it.
    sent: Any = None
    #: Whether receivers of signals may have changed the response unseen.
    unread = False
    #: The key of the configuration that lets exceptions leave the app, when one did.
    propagates = ""
    #: How many exceptions the app has told of that nobody handled.
    unhandled = 0
    #: Whether the latest exception is an HTTP error that came too late for an answer.
    too_late = False
    #: What broke while it was sent: ``body`` or ``close``; empty when nothing did.
    broken = ""
    #: Which of how many hooks before the view has answered.
    answered_place = (0, 0)
    #: Calls and templates that are open in lanes beside the request's thread, by lane: what
    #: each is of, and its number.
    nested: dict[Any, list[tuple[int, int]]] | None = None
    #: How many queries and log records were noted; and the queries that are open.
    queries = logs = 0
    open_queries: dict[int, int] | None = None
    label = ""
    #: Addresses of the contexts that its body has left behind.
    left_by_body: frozenset[int] = frozenset()
    #: For each template that is being rendered, whether it was noted.
    templates: list[bool] | None = None


class Recording(Seldom):
    """What was noted of one request so far; `Story` tells it afterwards.

    Times are nanoseconds since its begin, the tracer's own work taken out: each look at the app
    is put between `enter` and `leave`, and what lies between stops the clock.
    """

    # A request asks for these some hundred times; without slots each would be a search.
    __slots__ = (
        "_before",
        "_depth",
        "_entered",
        "answer",
        "at",
        "base",
        "beneath",
        "born",
        "bytes",
        "calls",
        "change_room",
        "chunks",
        "clock",
        "close_ns",
        "closed",
        "code",
        "context",
        "end",
        "environ",
        "event_room",
        "finished",
        "first_byte",
        "fresh",
        "headers",
        "id",
        "ident",
        "last_byte",
        "left",
        "looked",
        "looker",
        "notes",
        "origin",
        "outcome",
        "own",
        "partial",
        "pid",
        "reason",
        "recorder",
        "request",
        "request_headers",
        "response",
        "response_body",
        "response_id",
        "returned",
        "room",
        "roster",
        "routing",
        "spot",
        "started",
        "status",
        "thread",
        "unnoted",
        "wary",
    )

    def __init__(
        self, recorder: Recorder, trace_id: str, started: float, environ: dict[str, Any]
    ) -> None:
        self.clock: Callable[[], int] = recorder.clock
        self.origin = self.base = self.clock()
        self.recorder = recorder
        self.id = trace_id
        self.started = started
        self.environ: dict[str, Any] | None = environ
        self.pid = BIRTH.pid
        #: When its process began to record.
        self.born = BIRTH.at
        #: What tells the request's own lane from others, and the thread's part of it.
        self.spot = spot()
        self.ident = ident = self.spot[0]
        self.thread = thread_name(ident) or threading.current_thread().name
        #: What happened, in its order.
        self.notes: list[Note] = []
        #: Addresses of the functions whose calls have not ended; negative when not noted.
        self.calls: list[int] = []
        #: How many more spans, events and looks at changes may be noted.
        self.room, self.event_room, self.change_room = recorder.rooms
        self.looker = Looker(recorder.describe)
        # As it is until something is noted.
        #: The context that the stages belong to, while the request lasts.
        self.context: Any = None
        #: Its address.
        self.own = 0
        #: Whether the stack was looked at; whether functions may run in it that nobody tells of.
        self.looked = self.wary = False
        #: Whether nothing but the framework's own code has run since the latest look.
        self.fresh = False
        #: The latest look, if it was beyond the limit.
        self.unnoted: Look | None = None
        self.partial = False
        #: The method and the path of the client, and what else the environ says of it.
        self.request: dict[str, str] = NOTHING
        self.request_headers: tuple[tuple[str, str], ...] = ()
        self.status: int | None = None
        self.reason = ""
        self.headers: tuple[tuple[str, str], ...] = ()
        self.chunks = 0
        self.bytes = 0
        self.first_byte: int | None = None
        self.last_byte: int | None = None
        #: How long ``close()`` of what the app returned took; None when it was not called.
        self.close_ns: int | None = None
        self.closed = False
        self.returned = False
        self.finished = False
        self.end: int | None = None
        self.outcome = "ok"
        self.response_body: bytearray | None = None
        self.routing: dict[str, Any] = NOTHING
        self.response_id = 0
        #: The response while hooks may change it, and what it said at the last look.
        self.response: Any = None
        self.answer: Seen | None = None
        #: The status of the response as the app's hooks left it.
        self.code: Any = None
        #: The contexts that were there before the request, and those that the app left on return.
        self.beneath: tuple[Any, ...] = ()
        self.left: tuple[Any, ...] = ()
        #: The hooks of the app, once one of them has run.
        self.roster: Roster | None = None
        #: Time of the present look at the app.
        self.at = 0
        #: How many looks are open, and what the times were when the outermost began.
        self._depth = self._before = self._entered = 0

    # What a context tells of its stages and calls, see `flasktrace.signals.Watcher`.

    def adopt(self, context: Any) -> Recording | None:
        """Watch *context*, the first in which a stage begins; others are nested in it."""
        if self.finished or self.recorder.app() is not context.app:
            return None
        if not self.own:
            self.context = context
            self.own = id(context)
            self.looked = self.looked or self.recorder.has_converters()
        elif self.context is not context:
            return None
        context.watcher = self
        return self

    def beside(self) -> Beside:
        """Return what watches a copy of the context."""
        return Beside(self)

    def main(self) -> Recording:
        """Return itself."""
        return self

    begin_stage = stages.begin
    end_stage = stages.end
    after_signal = stages.after_signal
    begin_call = calls.begin
    end_call = calls.end
    end_own_call = calls.end_own
    note_untimed = calls.note_untimed
    begin_handling = handlers.begin
    end_handling = handlers.end

    def let_go(self) -> None:
        """Hold the context no more: what it refers to may be gone before the body is."""
        try:
            self.gone = weakref.ref(self.context)
        except TypeError:  # of a class of the user's without room for that
            return
        self.context = None

    def rest(self) -> None:
        """Hold nothing that a body has streamed with, as it is over."""
        self.looker.release()
        if self.left or not self.recorder.host.bare():
            self.recorder.residue.after_body(self)
        if self.context is not None:
            self.let_go()

    def come_back(self) -> None:
        """Hold the context again, which a body that streams with it has pushed."""
        self.context = self.its_context()

    def its_context(self) -> Any:
        """Return the request's own context; None when there is none, or none any more."""
        return self.context if self.context is not None else self.gone()

    def look(self) -> None:
        """Look at the context stack: what changed is the doing of what runs, or has just run."""
        recorder = self.recorder
        if self.finished or CURRENT.get() is not self or spot() != self.spot:
            return
        try:
            self.enter()
            try:
                recorder.gaze(self, self.at)
            finally:
                self.leave()
        except Exception as error:  # noqa: BLE001
            recorder.failed(self, "look", error)

    def heed(self, what: str, contexts: tuple[Any, ...] = ()) -> None:
        """Note something unusual, in whatever thread it happens, see `Watcher.heed`."""
        if self.finished:
            return
        try:
            lane = lane_of(self)
            if lane is None:
                self.look()
            told = self.recorder.residue.described(contexts)
            where = None if lane is None else lane.name
            self.notes.append((notes.HEED, self.clock() - self.base, what, where, told))
        except Exception as error:  # noqa: BLE001
            self.recorder.failed(self, "look", error)

    def start(self) -> None:
        """Let the clock run: what it took to begin is none of the app's time."""
        self.base = self.clock()

    @property
    def tracer_ns(self) -> int:
        """What the tracer itself took so far."""
        return self.base - self.origin

    def enter(self) -> None:
        """Begin a look at the app; the app's clock stands still until `leave`.

        Looks nest: a garbage collection in the midst of one may run code that looks.
        """
        if not self._depth:
            self._before, self._entered = self.base, self.clock()
            self.at = self._entered - self.base
        self._depth += 1

    def leave(self) -> None:
        """End the look: what it took goes on the tracer's account."""
        self._depth -= 1
        if not self._depth:
            self.base = self._before + self.clock() - self._entered

    def drop(self, limit: str, count: int = 1) -> None:
        """Count something left out because of *limit*."""
        self.dropped = {**self.dropped, limit: self.dropped.get(limit, 0) + count}

    def has_room(self) -> bool:
        """Take room for one more span; False, and counted, when there is none."""
        if self.room <= 0:
            self.drop("spans")
            return False
        self.room -= 1
        return True

    def event(self, at: int, name: str, attributes: dict[str, Any], lane: Lane | None) -> None:
        """Note a point in time."""
        if self.event_room <= 0:
            self.drop("events")
            return
        self.event_room -= 1
        self.notes.append((notes.EVENT, at, name, attributes, lane))

    def release(self) -> None:
        """Let go of everything that belongs to the app."""
        context = self.its_context()
        if context is not None:
            context.watcher = None
        self.context = self.environ = self.response = self.answer = None
        if self.sent is not None:
            self.sent = None
        if self.beneath or self.left:
            self.beneath = self.left = ()
        self.looker.release()
