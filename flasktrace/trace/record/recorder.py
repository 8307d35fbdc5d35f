"""Turns the signals of an app into recordings."""

from __future__ import annotations

import sys
import time
import weakref
from collections.abc import Callable, Iterable
from types import FunctionType
from typing import Any, Protocol

from blinker import Signal
from werkzeug.exceptions import HTTPException

from flasktrace import signals
from flasktrace.trace.model import Failure
from flasktrace.trace.record import (
    calls,
    failure,
    handlers,
    lanes,
    notes,
    response_look,
    routing,
    snapshot,
)
from flasktrace.trace.record.chance import new_id
from flasktrace.trace.record.collectors import awaited
from flasktrace.trace.record.collectors.statements import Statements
from flasktrace.trace.record.current import CURRENT
from flasktrace.trace.record.describe import Describer, attributes_of, module_of, type_name
from flasktrace.trace.record.guard import Guard
from flasktrace.trace.record.limits import Limits
from flasktrace.trace.record.notes import CALL, STAGE
from flasktrace.trace.record.place import Place, Places
from flasktrace.trace.record.recording import Recording
from flasktrace.trace.record.redact import MARK, Redactor
from flasktrace.trace.record.residue import PRESERVE, Residue
from flasktrace.trace.record.roster import RANKED, Rosters
from flasktrace.trace.record.snapshot import Look
from flasktrace.trace.record.tracebacks import traceback_of
from flasktrace.trace.record.wrapper_classes import is_framework

Receiver = Callable[..., None]

_MOST_RULES = 1000
_FINISHING = {"make_response", "postprocess"}
_PROPAGATE = "PROPAGATE_EXCEPTIONS"
_MOST_RECEIVERS = 20
"""Receivers of one signal that are named."""


class Host(snapshot.Stack, Protocol):
    """What differs between the apps that can be watched."""

    name: str
    """``flasktrace``, ``flask 3.1.3`` or ``wsgi``."""

    def chunks_of(self, result: Any) -> list[bytes] | None:
        """Return the chunks of what the app has returned, if no code is left to run for them."""

    def follow_bodies(self, wanted: bool) -> None:
        """Give no chunks while somebody may ask how far a body is that is not closed."""


class Recorder:
    """Listens to the signals of one app and hands each finished recording to *sink*.

    *clock* gives nanoseconds that never go back, *wall* seconds since 1970, *ids* 32 hexadecimal
    digits. *label* is asked for a name to put on each trace. *collects* are names of collectors.
    """

    def __init__(
        self,
        host: Host,
        app_name: str,
        sink: Callable[[Recording], None],
        *,
        limits: Limits | None = None,
        redactor: Redactor | None = None,
        capture_body: bool = False,
        label: Callable[[], str] = str,
        collects: Iterable[str] = (),
        clock: Callable[[], int] = time.perf_counter_ns,
        wall: Callable[[], float] = time.time,
        ids: Callable[[], str] = new_id,
    ) -> None:
        self.host = host
        self.app_name = app_name
        self.sink = sink
        self.limits = limits or Limits()
        self.redactor = redactor or Redactor()
        self.describe = Describer(self.limits, self.redactor)
        self.capture_body = capture_body
        self.label = None if label is str else label
        #: Names of the collectors that may tell of its requests.
        self.collects = frozenset(collects)
        self.statements = Statements(self.limits, self.redactor)
        #: How many spans, events and looks at changes may be noted of a request.
        self.rooms = self.limits.spans, self.limits.events, self.limits.changes
        self.clock = clock
        self.wall = wall
        self.ids = ids
        self.guard = Guard()
        #: Parts of it that are switched off.
        self.off = self.guard.off
        #: Recordings whose request is not over; id to recording.
        self.live: dict[str, Recording] = {}
        #: Those that ended where Python's stack had no room left, with their end: the garbage
        #: collector may find a body anywhere. `finish_late` takes them up.
        self.late: list[tuple[Recording, int | None]] = []
        #: The converters of the app's url map; how many there were, and whether all are usual.
        self._table: dict[str, type] = {}
        self._converters = 0, False
        #: Whether between two calls of the user's functions only code of the framework runs.
        self.trusts = False
        #: Gives the app whose contexts are watched.
        self.app: Callable[[], Any] = _nothing
        self._connected: list[tuple[Signal, Receiver]] = []
        self.places = Places()
        #: What a host tells of by itself: keyword arguments as of the methods.
        self.host_event = self._guarded("host event", self._host_event)
        self._rosters = Rosters()
        self.residue = Residue(host)
        #: Address of a rule to the rule and what a match with it gives.
        self._rules: dict[int, tuple[Any, dict[str, Any]]] = {}

    # Connecting

    def connect(self, app: Any) -> None:
        """Listen to the signals that *app* sends."""
        self.app = weakref.ref(app)
        self._table = attributes_of(attributes_of(app).get("url_map")).get("converters") or {}
        self._listen(signals.signal_sent, self._guarded("signal", self._signal_sent), app)

    def connect_templates(self, before: Signal, after: Signal, app: Any) -> None:
        """Listen to the two signals around a template; the real flask has its own."""
        self._listen(before, self._guarded("template started", self._template_started), app)
        self._listen(after, self._guarded("template finished", self._template_finished), app)

    def connect_exceptions(self, signal: Signal, app: Any) -> None:
        """Listen to the signal of exceptions that nobody handled; the real flask has its own.

        Most are seen before, where they are raised. A receiver of a signal between the stages
        raises outside of them all.
        """
        self._listen(signal, self._guarded("exception", self._unhandled), app)

    def hears(self, signal: Signal, app: Any) -> Callable[[], None]:
        """Return what makes the recorder note *signal*, with its receivers; safe to call twice."""

        def note(recording: Recording, lane: lanes.Lane | None, **_facts: Any) -> None:
            others = [item for item in signal.receivers_for(app) if not is_ours(item)]
            self._note_signal(recording, lane, signal, others, called=False)

        receiver = self._guarded("signal", note)
        return lambda: self._listen(signal, receiver, app)

    def has_converters(self) -> bool:
        """Tell whether a match may run code of the user's: their own converters."""
        known, found = self._converters
        if len(self._table) != known:
            found = not all(map(is_framework, self._table.values()))
            self._converters = len(self._table), found
        return found

    def _listen(self, signal: Signal, receiver: Receiver, app: Any) -> None:
        # Weak: the app holds the recorder, so that an app that is dropped takes it along.
        signal.connect(receiver, sender=app, weak=True)
        self._connected.append((signal, receiver))

    def disconnect(self) -> None:
        """Stop listening."""
        self.app = _nothing
        for signal, receiver in self._connected:
            signal.disconnect(receiver)
        self._connected.clear()

    # The beginning and the end belong to the WSGI layer, see gateway.py.

    def begin(self, environ: dict[str, Any]) -> Recording:
        """Return the recording of the request that *environ* describes."""
        if self.late:
            self.finish_late()
        recording = Recording(self, self.ids(), self.wall(), environ)
        if self.label is not None:
            recording.label = self.label()
        if awaited.WAITING:
            awaited.look(self.guard.failed)
        outer = CURRENT.get()
        if outer is not None and not outer.finished:
            recording.parent = outer.id
        self.live[recording.id] = recording
        if not self.host.bare():
            self.residue.before(recording)
        return recording

    def returned(self, recording: Recording) -> None:
        """See what the app has left on the stack when it returned, or failed."""
        try:
            if recording.beneath or not self.host.bare():
                self.residue.after(recording)
        except Exception as error:  # noqa: BLE001
            self.failed(recording, "residue", error)

    def failed(self, recording: Recording | None, part: str, error: Exception) -> None:
        """Count an error of the tracer's own, in *part*; see `Guard.failed` for what it raises."""
        if recording is not None:
            recording.partial = True
        self.guard.failed(part, error)

    def abandon(self, recording: Recording) -> None:
        """Forget a recording that could not begin."""
        self.live.pop(recording.id, None)

    def finish(self, recording: Recording, end: int | None = None) -> None:
        """End *recording*, now or at the time *end*, and hand it on; only the first call counts."""
        if recording.finished:
            return
        recording.finished = True
        try:
            if recording.left:
                self.residue.settle(recording)
            if recording.environ is not None and PRESERVE in recording.environ:
                self.residue.keep_preserved(recording)
        except Exception as error:  # noqa: BLE001
            self.failed(recording, "residue", error)
        recording.release()
        self.live.pop(recording.id, None)
        try:
            recording.end = recording.clock() - recording.base if end is None else end
            self.sink(recording)
        except RecursionError:
            self.late.append((recording, recording.end))
        except Exception as error:  # noqa: BLE001
            self.guard.failed("sink", error)

    def finish_late(self) -> None:
        """Finish those that ended where there was no room to."""
        late, self.late = self.late, []
        for recording, end in late:
            recording.finished = False
            self.finish(recording, end)

    # Receivers. What happens oftener than these is in stages.py and calls.py.

    def _guarded(self, part: str, note: Callable[..., None]) -> Receiver:
        """Return a receiver that calls *note*; it can neither fail nor cost the app's clock."""

        def receive(_sender: Any, **facts: Any) -> None:
            recording = CURRENT.get()
            if recording is None or recording.recorder is not self or recording.finished:
                return
            if part in self.guard.off:
                recording.partial = True
                return
            try:
                lane = lanes.lane_of(recording)
                if lane is not None:
                    note(recording, lane, **facts)
                    return
                recording.enter()
                try:
                    note(recording, None, **facts)
                finally:
                    recording.leave()
            except Exception as error:  # noqa: BLE001
                self.failed(recording, part, error)

        return receive

    def stage_failed(self, recording: Recording, at: int, error: BaseException) -> str:
        """Note what a stage raised, unless a function of the user around it may still catch it."""
        if not recording.calls:
            self._see_exception(recording, at, error)
        return type_name(type(error))

    def outcome(self, recording: Recording, at: int, kind: str, value: Any) -> tuple[str, str]:
        """Return what a call gave, in words, and what it means for the verdict."""
        if kind in calls.AFTER:
            return self._outcome_after(recording, at, value)
        if kind == "error_handler" and value is not None:
            return f"answered with {type_name(type(value))}", notes.HANDLED
        if kind == "before_request":
            recording.answered_place = _place_among_hooks(recording)
            return f"answered with {type_name(type(value))}", notes.ANSWERED
        return f"returned {type_name(type(value))}", ""

    def _outcome_after(self, recording: Recording, at: int, value: Any) -> tuple[str, str]:
        self.see_response(recording, at, value)
        recording.response = value
        same = id(value) == recording.response_id
        recording.response_id = id(value)
        return calls.outcome_after(value, same=same)

    def call_failed(
        self, recording: Recording, at: int, kind: str, error: BaseException, place: Place | None
    ) -> None:
        """See what a function of the user raised, with none around that may catch it.

        *place* is None when there was no room to note its call.
        """
        by = "" if place is None else _raiser(recording, kind, error)
        via = failure.wrapper(error, place) if place is not None and place.decorators else None
        self._see_exception(recording, at, error, by, via)

    def routing(self, context: Any, rule: Any, view_args: Any) -> dict[str, Any]:
        """Return the facts of a match; those of a rule without arguments are always the same."""
        if rule is None or view_args:
            return routing.facts(context, rule, view_args, self.describe)
        known = self._rules.get(id(rule))
        if known is None or known[0] is not rule:
            if len(self._rules) >= _MOST_RULES:
                self._rules.clear()
            known = rule, routing.facts(context, rule, view_args, self.describe)
            self._rules[id(rule)] = known
        return known[1]

    def _unhandled(
        self,
        recording: Recording,
        lane: lanes.Lane | None,
        *,
        exception: BaseException,
        **_more: Any,
    ) -> None:
        if lane is None:
            recording.unhandled += 1
            self._see_exception(recording, recording.at, exception)

    def note_choice(self, recording: Recording, at: int, kind: str, function: Any) -> None:
        """Note among which others *function* runs, or, of an error handler, why it was chosen."""
        if kind in RANKED:
            if recording.roster is None:
                recording.roster = self._rosters.of(recording.context.app)
            return
        app, endpoint = recording.context.app, recording.routing.get("endpoint")
        error, late = sys.exception(), _is_late(recording)
        why = handlers.why(app, endpoint, function, error, self.places.of, late=late)
        if why:
            recording.notes.append((notes.WHY, at, why))

    # Signals

    def _signal_sent(
        self,
        recording: Recording,
        lane: lanes.Lane | None,
        *,
        context: Any,
        signal: Signal,
        receivers: list[Any],
    ) -> None:
        called = lane is None and recording.its_context() is context
        self._note_signal(recording, lane, signal, receivers, called=called)

    def _note_signal(
        self,
        recording: Recording,
        lane: lanes.Lane | None,
        signal: Signal,
        receivers: list[Any],
        *,
        called: bool,
    ) -> None:
        if not receivers:
            return
        if recording.event_room <= 0:
            recording.drop("events")
            return
        recording.event_room -= 1
        places, more = self._places_of(receivers)
        name = attributes_of(signal).get("name", "").replace("-", "_")  # as flask spells it
        at = _at(recording, lane)
        recording.notes.append((notes.SIGNAL, at, name, places, more, called, lane))

    def _places_of(self, receivers: list[Any]) -> tuple[tuple[Place, ...], int]:
        """Return the places of the first receivers of a signal, and how many more there are."""
        places = tuple([self.places.of(item) for item in receivers[:_MOST_RECEIVERS]])
        return places, len(receivers) - len(places)

    def see_heard(
        self, recording: Recording, at: int, signal: Signal, receivers: list[Any]
    ) -> None:
        """See what the receivers of a stage's signal have changed; they are no calls."""
        name = attributes_of(signal).get("name", "")
        recording.notes.append((notes.HEARD, at, name, *self._places_of(receivers)))
        self.gaze(recording, at)
        response = recording.sent if recording.response is None else recording.response
        if response is not None and recording.answer is not None:
            self.see_response(recording, at, response)
        recording.notes.append((notes.HEARD, at, "", (), 0))

    # Templates

    def _template_started(
        self, recording: Recording, lane: lanes.Lane | None, *, template: Any, **_more: Any
    ) -> None:
        name = getattr(template, "name", None)
        shown = self.describe.name(name) if name else "(string)"
        if lane is not None:
            lanes.begin_nested(recording, lane, id(template), "template", shown, {})
            return
        noted = recording.has_room()
        if noted:
            self.glance(recording, recording.at)  # what changed so far was not its doing
            recording.notes.append((notes.TEMPLATE, recording.at, shown))
        if recording.templates is None:
            recording.templates = []
        recording.templates.append(noted)

    def _template_finished(
        self, recording: Recording, lane: lanes.Lane | None, *, template: Any, **_more: Any
    ) -> None:
        if lane is not None:
            lanes.end_nested(recording, lane, id(template))
        elif recording.templates and recording.templates.pop():
            self.glance(recording, recording.at)
            recording.notes.append((notes.TEMPLATE_END, recording.at))

    # The user's own

    def begin_user_span(self, recording: Recording, asked: Any) -> int:
        """Begin the span of a user's block; return its number, 0 when there are too many."""
        try:
            lane = lanes.lane_of(recording)
            if lane is not None:
                return self._noted_span(recording, asked, lanes.now(recording), lane)
            recording.enter()
            try:
                self.gaze(recording, recording.at)
                return self._noted_span(recording, asked, recording.at, None)
            finally:
                recording.leave()
        except Exception as error:  # noqa: BLE001
            self.failed(recording, "span", error)
            return 0

    def _noted_span(
        self, recording: Recording, asked: Any, at: int, lane: lanes.Lane | None
    ) -> int:
        if not recording.has_room():
            return 0
        name, attributes = self.describe.name(asked.name), self._attributes(asked.attributes)
        return lanes.begin_span(recording, lane, at, "user", name, attributes)

    def end_user_span(
        self, recording: Recording, number: int, kind: type[BaseException] | None
    ) -> None:
        """End the span of a user's block; *kind* is the class of the exception that ended it."""
        if not number or recording.finished:
            return
        try:
            outcome = None if kind is None else f"raised {type_name(kind)}"
            if lanes.lane_of(recording) is not None:
                at = lanes.now(recording)
                recording.notes.append((notes.SPAN_END, at, number, outcome))
                return
            recording.enter()
            try:
                self.gaze(recording, recording.at)
                recording.notes.append((notes.SPAN_END, recording.at, number, outcome))
            finally:
                recording.leave()
        except Exception as error:  # noqa: BLE001
            self.failed(recording, "span", error)

    def user_event(self, recording: Recording, name: str, attributes: dict[str, Any]) -> None:
        """Note a user's point in time."""
        try:
            lane = lanes.lane_of(recording)
            if lane is not None:
                shown, values = self.describe.name(name), self._attributes(attributes)
                recording.event(lanes.now(recording), shown, values, lane)
                return
            recording.enter()
            try:
                shown, values = self.describe.name(name), self._attributes(attributes)
                recording.event(recording.at, shown, values, None)
            finally:
                recording.leave()
        except Exception as error:  # noqa: BLE001
            self.failed(recording, "event", error)

    def _host_event(
        self,
        recording: Recording,
        lane: lanes.Lane | None,
        *,
        name: str,
        facts: Callable[[Callable[[Any], Place]], dict[str, Any] | None],
    ) -> None:
        """Note a point in time of which the host knows *facts*, given what tells a place."""
        found = facts(self.places.of)
        if found is not None:
            recording.event(_at(recording, lane), name, found, lane)

    def _attributes(self, given: dict[str, Any]) -> dict[str, Any]:
        return {key: self._attribute(value, key) for key, value in given.items()}

    def _attribute(self, value: Any, name: str) -> Any:
        """Return numbers as they are, everything else as short text."""
        if type(value) in {bool, int} and abs(value) < 1 << 53:
            return MARK if self.redactor.is_secret(name) else value
        return self.describe(value, name)

    # What is seen

    def gaze(self, recording: Recording, at: int) -> None:
        """Look at the context stack, and note what changed since the last look."""
        before = recording.looker.last
        after = recording.looker.gaze(self.host)
        if after is not before:
            self.changed(recording, at, before, after)

    def glance(self, recording: Recording, at: int) -> None:
        """Look at ``g``, the session and what the app has put on the request.

        And at everything if they have changed; that costs more.
        """
        looker = recording.looker
        before = looker.last
        if looker.glance(self.host) is before and looker.request_rests():
            return
        after = looker.gaze(self.host)
        if after is not before:
            self.changed(recording, at, before, after)

    def changed(
        self,
        recording: Recording,
        at: int,
        before: Look,
        after: Look,
        *,
        by_framework: bool = False,
    ) -> None:
        """Note that a look has found something else than the one before."""
        recording.looked = True
        if recording.change_room <= 0:
            recording.unnoted = after
            recording.drop("changes")
            return
        recording.change_room -= 1
        recording.notes.append((notes.LOOK, at, before, after, by_framework))

    def stage_answered(self, recording: Recording, at: int, response: Any, *, fresh: bool) -> None:
        """See the response that a stage has made or sends, when somebody may have changed it."""
        recording.response_id = id(response)
        if fresh:  # a hook after the view, if there is one, has it read before it runs
            recording.response = response
            # Else nothing but a hook can change it.
            read = not self.trusts or recording.looker.session_in_use()
            recording.answer = response_look.read(response) if read else None
            return
        recording.response = None
        recording.code = attributes_of(response).get("_status_code")
        if recording.answer is not None:
            self.see_response(recording, at, response, by_framework=True)
        if recording.has_receivers or signals.request_finished.receivers:
            recording.sent = response
            recording.answer = recording.answer or response_look.read(response)
            recording.unread = recording.answer is None

    def see_before_teardown(self, recording: Recording, at: int) -> None:
        """See what receivers changed of the response that the host does not call one by one."""
        if recording.sent is not None and recording.has_receivers and not recording.calls:
            self.see_response(recording, at, recording.sent, by_receivers=True)

    def see_after_receivers(self, recording: Recording, at: int) -> None:
        """See the same where no function of the user has run after them; it changes no more."""
        self.see_before_teardown(recording, at)
        recording.sent = None

    def see_response(
        self,
        recording: Recording,
        at: int,
        response: Any,
        *,
        by_framework: bool = False,
        by_receivers: bool = False,
    ) -> None:
        """Look at the response, and note what changed since the last look."""
        before = recording.answer
        after = recording.answer = response_look.read(response)
        if before is None or after is None or response_look.rests(before, after):
            return
        if recording.change_room <= 0:
            recording.drop("changes")
            return
        found, left_out = response_look.differences(before, after, self.describe)
        if left_out:
            recording.drop("changes", left_out)
        if found:
            recording.change_room -= 1
            recording.notes.append((notes.RESPONSE, at, found, by_framework, by_receivers))

    def _see_exception(
        self,
        recording: Recording,
        at: int,
        error: BaseException,
        by: str = "",
        via: str | None = None,
    ) -> None:
        """Note an exception the first time it is seen; HTTP errors only as an abort."""
        seen = failure.mark(error)
        if seen == recording.failed:
            return
        known = recording.failed in failure.marks_within(error)
        recording.failed = seen
        if known:
            return
        if issubclass(type(error), HTTPException) and by != notes.BY_LATE_CALL:
            code = attributes_of(error).get("code", getattr(type(error), "code", None))
            name = self._http_error(error) if by else _last_name(error)
            code = code if type(code) is int else 0
            where = failure.raiser(error) if by else None
            recording.notes.append((notes.ABORTED, at, code, name, by, where, via))
            return
        recording.too_late = by == notes.BY_LATE_CALL
        recording.notes.append((notes.FAILED, at, self._failure(error, at), by, via))

    def _http_error(self, error: BaseException) -> str:
        """Return what a function of the user has raised: ``Forbidden: for staff only``."""
        told = failure.message(error, self.describe)
        if told:
            return f"{_last_name(error)}: {told}"
        cause = failure.causes(error, self.describe)[:1]
        return f"{_last_name(error)} because of {cause[0]}" if cause else _last_name(error)

    def _failure(self, error: BaseException, at: int) -> Failure:
        found = failure.frames(traceback_of(error), self.limits.frames, self.redactor)
        return Failure(
            at_ns=at,
            type=type_name(type(error)),
            module=module_of(type(error)),
            message=failure.message(error, self.describe),
            frames=found,
            stage=None,
            raised_by=failure.raised_by(found),
            span=None,
            handled_by=None,
            causes=failure.causes(error, self.describe),
        )

    def see_escape(self, recording: Recording, error: BaseException, broken: str = "") -> None:
        """Note an exception that left the app, or *broken*: what was being done with its body.

        There are no HTTP errors outside the app; one that left it is an exception like others.
        """
        try:
            recording.enter()
            try:
                at = recording.at
                recording.broken = broken
                recording.escaped = not broken
                recording.propagates = _propagates(self.app())
                self._see_exception(recording, at, error)
                if issubclass(type(error), HTTPException) and not recording.too_late:
                    recording.notes.append(
                        (notes.FAILED, at, self._failure(error, at), notes.BY_ABORTED, None)
                    )
            finally:
                recording.leave()
        except Exception as mistake:  # noqa: BLE001
            self.failed(recording, "exception", mistake)


def _nothing() -> None:
    """Give the app of a recorder that is not connected."""


def _at(recording: Recording, lane: lanes.Lane | None) -> int:
    return recording.at if lane is None else lanes.now(recording)


def is_ours(receiver: Any) -> bool:
    """Tell whether a recorder listens there."""
    return type(receiver) is FunctionType and receiver.__globals__ is globals()


def _last_name(error: BaseException) -> str:
    return type_name(type(error)).rpartition(".")[2]


def _raiser(recording: Recording, kind: str, error: BaseException) -> str:
    """Return the word for who raised: a call; a late one when the view has answered before.

    Then an HTTP error is no answer by itself any more.
    """
    late = (
        kind == "error_handler"
        or recording.context.stage == "postprocess"
        or (kind == "receiver" and recording.response_id != 0)
    )
    return notes.BY_LATE_CALL if late and issubclass(type(error), HTTPException) else notes.BY_CALL


def _is_late(recording: Recording) -> bool:
    """Tell whether the response of the view, or of what answered first, was being finished."""
    return any(note[0] == STAGE and note[2] in _FINISHING for note in recording.notes)


def _propagates(app: Any) -> str:
    """Return the key of the app's configuration that lets exceptions leave it; empty for none."""
    config: Any = attributes_of(app).get("config")
    if not issubclass(type(config), dict):
        return ""
    wanted = dict.get(config, _PROPAGATE)
    if wanted is not None:
        return _PROPAGATE if wanted is True else ""
    return next((key for key in ("TESTING", "DEBUG") if dict.get(config, key) is True), "")


def _place_among_hooks(recording: Recording) -> tuple[int, int]:
    """Return which hook before the view ran last, and how many there are for this request."""
    hooks = recording.context.app.before_request_funcs
    parts = str(recording.routing.get("endpoint") or "").split(".")[:-1]
    scopes = [None, *(".".join(parts[: end + 1]) for end in range(len(parts)))]
    ran = sum(note[0] == CALL and note[3] == "before_request" for note in recording.notes)
    return ran, sum(len(hooks.get(scope, ())) for scope in scopes)
