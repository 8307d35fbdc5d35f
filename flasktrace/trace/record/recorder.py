"""Turns the signals of an app into recordings."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from secrets import token_hex
from typing import Any, Protocol

from blinker import Signal
from werkzeug.exceptions import HTTPException

from flasktrace import signals
from flasktrace.trace.model import Failure
from flasktrace.trace.record import failure, routing, snapshot
from flasktrace.trace.record.describe import Describer, attributes_of, module_of, type_name
from flasktrace.trace.record.guard import Guard
from flasktrace.trace.record.limits import Limits
from flasktrace.trace.record.place import author_of, place_of
from flasktrace.trace.record.recording import CURRENT, OpenSpan, Recording, StageRun
from flasktrace.trace.record.redact import MARK, Redactor

_THE_FRAMEWORK = "the framework"


def _new_id() -> str:
    return token_hex(16)


class Host(Protocol):
    """What differs between the apps that can be watched."""

    name: str
    """``flasktrace``, ``flask 3.1.3`` or ``wsgi``."""

    def cards(self) -> list[snapshot.RawCard]:
        """Return the contexts on the stack, the bottom first."""


def _look(part: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a method a guarded look at the app: it can neither fail nor cost the app's clock."""

    def decorate(method: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(method)
        def run(self: Recorder, _sender: Any, **facts: Any) -> None:
            recording = CURRENT.get()
            if recording is None or recording.recorder is not self or recording.finished:
                return
            if part in self.guard.off:
                recording.partial = True
                return
            try:
                recording.enter()
                try:
                    method(self, recording, **facts)
                finally:
                    recording.leave()
            except Exception as error:  # noqa: BLE001
                self.failed(recording, part, error)

        return run

    return decorate


class Recorder:
    """Listens to the signals of one app and hands each finished recording to *sink*.

    *clock* gives nanoseconds that never go back, *wall* seconds since 1970, *ids* 32 hexadecimal
    digits. *label* is asked for a name to put on each trace.
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
        clock: Callable[[], int] = time.perf_counter_ns,
        wall: Callable[[], float] = time.time,
        ids: Callable[[], str] = _new_id,
    ) -> None:
        self.host = host
        self.app_name = app_name
        self.sink = sink
        self.limits = limits or Limits()
        self.redactor = redactor or Redactor()
        self.describe = Describer(self.limits, self.redactor)
        self.capture_body = capture_body
        self.label = label
        self.clock = clock
        self.wall = wall
        self.ids = ids
        self.guard = Guard()
        #: Recordings whose request is not over; id to recording.
        self.live: dict[str, Recording] = {}
        self._connected: list[tuple[Signal, Callable[..., None]]] = []

    # Connecting

    def connect(self, app: Any) -> None:
        """Listen to the signals that *app* sends."""
        for name, (started, finished) in signals.STAGE_SIGNALS.items():
            self._listen(started, functools.partial(self._stage_started, name=name), app)
            self._listen(finished, functools.partial(self._stage_finished, name=name), app)
        self._listen(signals.call_started, functools.partial(self._call_started), app)
        self._listen(signals.call_finished, functools.partial(self._call_finished), app)

    def connect_templates(self, before: Signal, after: Signal, app: Any) -> None:
        """Listen to the two signals around a template; the real flask has its own."""
        self._listen(before, functools.partial(self._template_started), app)
        self._listen(after, functools.partial(self._template_finished), app)

    def _listen(self, signal: Signal, receiver: Callable[..., None], app: Any) -> None:
        # Weak: the app holds the recorder, so that an app that is dropped takes it along.
        signal.connect(receiver, sender=app, weak=True)
        self._connected.append((signal, receiver))

    def disconnect(self) -> None:
        """Stop listening."""
        for signal, receiver in self._connected:
            signal.disconnect(receiver)
        self._connected.clear()

    # The beginning and the end belong to the WSGI layer, see gateway.py.

    def begin(self, environ: dict[str, Any]) -> Recording:
        """Return the recording of the request that *environ* describes."""
        recording = Recording(self, self.ids(), self.wall(), environ)
        outer = CURRENT.get()
        if outer is not None:
            recording.parent = outer.id
        self.live[recording.id] = recording
        return recording

    def failed(self, recording: Recording, part: str, error: Exception) -> None:
        """Count an error of the tracer's own, in *part*."""
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
        recording.release()
        self.live.pop(recording.id, None)
        try:
            now = recording.clock() - recording.origin - recording.tracer_ns
            recording.end = now if end is None else end
            self.sink(recording)
        except Exception as error:  # noqa: BLE001
            self.guard.failed("sink", error)

    # Stages

    @_look("stage started")
    def _stage_started(self, recording: Recording, *, name: str, context: Any) -> None:
        if recording.context is None:
            recording.context = context
        elif recording.context is not context:
            return
        if recording.open_spans:
            self._see_changes(recording)  # before the stage has any
        run = StageRun(name, recording.at, recording.stage)
        if name == "match" and run.within not in {None, "push"}:
            run.asked_by = routing.asker()
        recording.runs.append(run)
        recording.open_runs.append(run)

    @_look("stage finished")
    def _stage_finished(
        self,
        recording: Recording,
        *,
        name: str,
        context: Any,
        exception: BaseException | None = None,
        **made: Any,
    ) -> None:
        if recording.context is not context or not recording.open_runs:
            return
        run = recording.open_runs[-1]
        if run.name != name:
            return
        run.duration = recording.at - run.start
        self._see_changes(recording, framework=True)
        run.cards = recording.at, recording.looker.last
        if exception is not None:
            run.exception = type_name(type(exception))
            if not recording.calls:
                self._see_exception(recording, exception)
        if name == "match":
            recording.routing = routing.facts(
                context, made["rule"], made["view_args"], self.describe
            )
        if "response" in made:
            recording.response_id = id(made["response"])
        recording.open_runs.pop()

    # Calls

    @_look("call started")
    def _call_started(
        self, recording: Recording, *, context: Any, kind: str, function: Any
    ) -> None:
        if recording.context is not context:
            return
        self._see_changes(recording)
        place = place_of(function)
        made = recording.open_span(kind, place.name, place.attributes())
        recording.calls.append((id(function), made))
        if made is not None and kind == "view" and recording.view is None:
            recording.view = made

    @_look("call finished")
    def _call_finished(
        self,
        recording: Recording,
        *,
        context: Any,
        kind: str,
        function: Any,
        exception: BaseException | None,
        value: Any,
    ) -> None:
        if recording.context is not context:
            return
        made = _ended_call(recording, function)
        self._see_changes(recording)
        if made is not None:
            recording.close_span(made)
        if exception is not None:
            if not recording.calls:  # else the function around it may still catch it
                self._see_exception(recording, exception, made)
            outcome = f"raised {type_name(type(exception))}"
        else:
            outcome = self._outcome(recording, made or _unseen(kind, function), value)
        if made is not None:
            made.attributes["outcome"] = outcome

    def _outcome(self, recording: Recording, made: OpenSpan, value: Any) -> str:
        kind, what = made.kind, type_name(type(value))
        if kind == "before_request" and value is not None:
            recording.answered = made
            recording.answered_place = _place_among_hooks(recording)
            return f"answered with {what}"
        if kind == "error_handler":
            recording.handler = made
            recording.handled_by = author_of(made)
            return f"answered with {what}"
        if kind in {"after_request", "after_this_request"}:
            return self._after(recording, made, value)
        return "returned None" if value is None else f"returned {what}"

    def _after(self, recording: Recording, made: OpenSpan, value: Any) -> str:
        same = id(value) == recording.response_id
        recording.response_id = id(value)
        if same:
            return "returned the response"
        recording.replaced = made
        return "replaced the response"

    # Templates

    @_look("template started")
    def _template_started(self, recording: Recording, *, template: Any, **_more: Any) -> None:
        name = getattr(template, "name", None)
        recording.open_span("template", self.describe.name(name) if name else "(string)", {})

    @_look("template finished")
    def _template_finished(self, recording: Recording, **_more: Any) -> None:
        for made in reversed(recording.open_spans):
            if made.kind == "template":
                recording.close_span(made)
                return

    # The user's own

    def begin_user_span(self, recording: Recording, asked: Any) -> OpenSpan | None:
        """Begin the span of a user's block."""
        try:
            recording.enter()
            try:
                self._see_changes(recording)
                name = self.describe.name(asked.name)
                return recording.open_span("user", name, self._attributes(asked.attributes))
            finally:
                recording.leave()
        except Exception as error:  # noqa: BLE001
            self.failed(recording, "span", error)
            return None

    def end_user_span(
        self, recording: Recording, made: OpenSpan | None, kind: type[BaseException] | None
    ) -> None:
        """End the span of a user's block; *kind* is the class of the exception that ended it."""
        if made is None:
            return
        try:
            recording.enter()
            try:
                if kind is not None:
                    made.attributes["outcome"] = f"raised {type_name(kind)}"
                self._see_changes(recording)
                recording.close_span(made)
            finally:
                recording.leave()
        except Exception as error:  # noqa: BLE001
            self.failed(recording, "span", error)

    def user_event(self, recording: Recording, name: str, attributes: dict[str, Any]) -> None:
        """Note a user's point in time."""
        try:
            recording.enter()
            try:
                recording.event(self.describe.name(name), self._attributes(attributes))
            finally:
                recording.leave()
        except Exception as error:  # noqa: BLE001
            self.failed(recording, "event", error)

    def _attributes(self, given: dict[str, Any]) -> dict[str, Any]:
        return {key: self._attribute(value, key) for key, value in given.items()}

    def _attribute(self, value: Any, name: str) -> Any:
        """Return numbers as they are, everything else as short text."""
        if type(value) in {bool, int} and abs(value) < 1 << 53:
            return MARK if self.redactor.is_secret(name) else value
        return self.describe(value, name)

    # What is seen

    def _see_changes(self, recording: Recording, *, framework: bool = False) -> None:
        """Look at the context stack, and put down what changed since the last look.

        The author is the innermost open span, or the framework when there is none.
        """
        before = recording.looker.last
        after = recording.looker.look(self.host.cards())
        if after is before:
            return
        made = recording.open_spans[-1] if recording.open_spans and not framework else None
        author = _THE_FRAMEWORK if made is None else author_of(made)
        span = None if made is None else made.id
        for change in snapshot.changes(before, after, recording.at, author, span):
            if len(recording.changes) >= self.limits.changes:
                recording.drop("changes")
                continue
            recording.changes.append(change)
            if recording.open_runs:
                recording.open_runs[-1].changes.append(change)

    def _see_exception(
        self, recording: Recording, error: BaseException, made: OpenSpan | None = None
    ) -> None:
        """Put down an exception the first time it is seen; HTTP errors only as an abort."""
        seen = failure.mark(error)
        if seen == recording.failed:
            return
        known = recording.failed in failure.marks_within(error)
        recording.failed = seen
        if known:
            return
        recording.handler = recording.handled_by = None
        if issubclass(type(error), HTTPException):
            code = attributes_of(error).get("code", getattr(type(error), "code", None))
            name = type_name(type(error)).rpartition(".")[2]
            code = code if type(code) is int else 0
            recording.aborted = made, code, name, recording.stage
            return
        recording.failure = self._failure(recording, error, made)

    def _failure(
        self, recording: Recording, error: BaseException, made: OpenSpan | None
    ) -> Failure:
        found = failure.frames(failure.traceback_of(error), self.limits.frames, self.redactor)
        return Failure(
            at_ns=recording.at,
            type=type_name(type(error)),
            module=module_of(type(error)),
            message=failure.message(error, self.describe),
            frames=found,
            stage=recording.stage,
            raised_by=failure.raised_by(found),
            span=None if made is None else made.id,
            handled_by=None,
            causes=failure.causes(error, self.describe),
        )

    def see_escape(self, recording: Recording, error: BaseException, broken: str = "") -> None:
        """Put down an exception that left the app, or *broken*: what was being done with its body.

        There are no HTTP errors outside the app; one that left it is an exception like others.
        """
        try:
            recording.enter()
            try:
                recording.broken = broken
                recording.escaped = not broken
                self._see_exception(recording, error)
                if issubclass(type(error), HTTPException):
                    made = recording.aborted[0] if recording.aborted else None
                    recording.failure = self._failure(recording, error, made)
            finally:
                recording.leave()
        except Exception as mistake:  # noqa: BLE001
            self.failed(recording, "exception", mistake)


def _ended_call(recording: Recording, function: Any) -> OpenSpan | None:
    """Return the span of the latest call of *function*; None when it was beyond the limit."""
    for position in range(len(recording.calls) - 1, -1, -1):
        address, made = recording.calls[position]
        if address == id(function):
            del recording.calls[position:]
            return made
    return None


def _unseen(kind: str, function: Any) -> OpenSpan:
    """Return a span for a call that is beyond the limit, for the verdict alone."""
    place = place_of(function)
    return OpenSpan(0, None, None, kind, place.name, 0, place.attributes())


def _place_among_hooks(recording: Recording) -> tuple[int, int]:
    """Return which hook before the view ran last, and how many there are for this request."""
    hooks = recording.context.app.before_request_funcs
    parts = str(recording.routing.get("endpoint") or "").split(".")[:-1]
    scopes = [None, *(".".join(parts[: end + 1]) for end in range(len(parts)))]
    ran = sum(item.kind == "before_request" for item in recording.spans)
    return ran, sum(len(hooks.get(scope, ())) for scope in scopes)
