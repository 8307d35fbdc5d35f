"""Tells from the notes of a recording what ran when: stages, spans, changes, and who did what."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from flasktrace.trace.model import NO_CARD, Change, Event, Failure
from flasktrace.trace.record import notes, snapshot
from flasktrace.trace.record.handlers import BECOMES_500
from flasktrace.trace.record.lanes import GREENLET, Lane
from flasktrace.trace.record.place import author_of
from flasktrace.trace.record.snapshot import NOTHING, Look

if TYPE_CHECKING:
    from flasktrace.trace.record.notes import Note
    from flasktrace.trace.record.place import Place
    from flasktrace.trace.record.recording import Recording
    from flasktrace.trace.record.residue import Remnant
    from flasktrace.trace.record.response_look import Difference

CONNECTED = "connected to "
"""Why a receiver of a signal ran, before the signal's name."""

BODY_NAME = "response body"
"""Name of the span of a body."""
_THE_FRAMEWORK = "the framework"
_BETWEEN = "code of the app between its hooks"
"""Who did what no framework does, when no function of the app is known to have run."""
_CONVERTER = "a URL converter"
"""The same in the match."""
_ITS_KEYS = {"method", "path", *snapshot.BY_MATCH}
"""What of a request is the framework's."""
_PUSHED = "a receiver of appcontext_pushed, "
_TEARING_DOWN = "a receiver of request_tearing_down, ", "a receiver of appcontext_tearing_down, "
_SEEN = {notes.LOOK, notes.STAGE_END}
"""Notes whose fourth part is a look, or None."""
_ITS_SESSIONS = {"flask.sessions", "flasktrace.sessions"}
"""Modules of functions that a class of the user's may have from the framework."""
_IN_CALLS = {"user", "sql"}
"""Kinds of spans that are no functions which the framework called."""
_FINISHING = {"make_response", "postprocess"}
_CALLS = {notes.BY_CALL, notes.BY_LATE_CALL}


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


class Abort(NamedTuple):
    """An HTTP error that was raised."""

    span: OpenSpan | None
    """The call that raised it, None for one of the framework's stages."""
    code: int
    """Its status, 0 when it brought a response of its own."""
    name: str
    """What it is and says: ``Forbidden: for staff only``."""
    stage: str | None
    raised_by: str | None
    """The function of the app that is nearest to where it was raised, and its line."""
    via: str | None
    """The wrapper of the call's function that raised it: empty for none, None when unknown."""


class StageRun:
    """One run of a stage."""

    __slots__ = (
        "asked_by", "by", "changes", "duration", "exception", "look", "name", "place", "start",
        "within",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        start: int,
        within: str | None,
        asked_by: str | None,
        by: OpenSpan | None,
    ) -> None:
        self.name = name
        self.start = start
        self.within = within
        self.asked_by = asked_by
        #: Where its method stands, if it is not the framework's.
        self.place: Place | None = None
        #: The span in which it began, None for the framework itself.
        self.by = by
        self.duration: int | None = None
        self.exception: str | None = None
        #: When the stack was looked at, and what stood on it.
        self.look: tuple[int, Look] | None = None
        self.changes: list[Change] = []


class Story:
    """One request as its recording tells it, also while it still goes on."""

    # What most requests never change stands here.

    failure: Failure | None = None
    #: Through which wrapper of its span's function it was raised, as `Abort.via`.
    via: str | None = None
    #: Facts for the verdict: span of the hook that answered, of the handler, of the view.
    answered: OpenSpan | None = None
    handler: OpenSpan | None = None
    handled_by: str | None = None
    #: The method of the app's own that answered an exception.
    taken_by: str | None = None
    view: OpenSpan | None = None
    replaced: OpenSpan | None = None
    #: What an error handler was handling when it raised; whether it was an HTTP error.
    handling: tuple[str, ...] = ()
    too_late = False
    #: What was raised while the answer to an unhandled exception was finished: it changes
    #: nothing, the framework logs it only.
    logged: Failure | None = None
    #: The latest HTTP error.
    aborted: Abort | None = None
    #: Contexts that stood there before, were taken away, were left behind.
    found: tuple[Remnant, ...] = ()
    gone: tuple[Remnant, ...] = ()
    left: tuple[Remnant, ...] = ()
    #: Address of one that was popped and came back to who pushed it then.
    pushed_back: Mapping[int, str | None] = {}
    #: What else happened to contexts: what, who did it, and with which ones.
    heeded: tuple[tuple[str, str, tuple[Remnant, ...]], ...] = ()
    #: The stage that is open.
    _stage: str | None = None
    #: Who was told by the signal that was sent last between stages, if nobody saw them run.
    _told = ""
    #: The same of the signal of a stage, while what they changed is told.
    _heard = ""
    #: The function beyond the limit of spans whose end is told.
    _beyond = ""
    #: The same of ``request_finished``.
    _finished_told = ""
    #: The span of the call that ended last.
    _ended: OpenSpan | None = None
    _looked = False
    #: Whether a match has begun.
    _matched = False
    #: The latest look up to what is being told.
    _known = NOTHING

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.runs: list[StageRun] = []
        self.spans: list[OpenSpan] = []
        self.events: list[Event] = []
        self.changes: list[Change] = []
        self.dropped = dict(recording.dropped)
        #: Address of a context that came or went to who did it; the framework is None.
        self.pushed_by: dict[int, str | None] = {}
        self.popped_by: dict[int, str | None] = {}
        #: Those that stood above the request's own when it was popped: kind and name of the app.
        self.above: dict[int, tuple[str, str]] = {}
        #: Address of a context to its card at the last look.
        self._cards: dict[int, Any] = {}
        self._open_runs: list[StageRun] = []
        self._open_spans: list[OpenSpan] = []
        #: Names of the lanes that have run since the last look, and whether each has a ``g`` of
        #: its own.
        self._lanes: dict[str, bool] = {}
        #: The open spans of each lane beside the request's own.
        self._beside: dict[Any, list[OpenSpan]] = {}
        self._calls: list[tuple[int, OpenSpan]] = []
        #: All calls, each with the address of its function.
        self.called: list[tuple[int, OpenSpan]] = []
        #: For each depth of open spans the signal that was sent last there: its name, how many
        #: receivers it has, how many of them were called.
        self._sent: dict[int, list[Any]] = {}
        self._numbered: dict[int, OpenSpan] = {}
        listed = list(recording.notes)  # another thread may still be adding
        self._first_look = _first_look(listed)
        latest, readers = 0, self._readers
        # There are many notes: what is in one is left to its reader.
        for note in listed:
            at = note[1]
            # A look within a look, or in another thread, may have read the clock a little early.
            if at < latest:
                at = latest
            else:
                latest = at
            readers[note[0]](self, at, note)

    # Stages

    def _begin_stage(self, at: int, note: Note) -> None:
        _, _, name, asked_by = note
        by = self._open_spans[-1] if self._open_spans else None
        self._told = self._beyond = ""  # what they changed was seen just before
        run = StageRun(name, at, self._stage, asked_by, by)
        self.runs.append(run)
        self._open_runs.append(run)
        self._stage = name
        if name == "match":
            self._matched = True

    def _overridden(self, _at: int, note: Note) -> None:
        if self._open_runs:
            self._open_runs[-1].place = note[2]

    def _end_stage(self, at: int, note: Note) -> None:
        _, _, name, look, exception = note
        self._told = self._beyond = ""
        if self._stage != name:
            return  # its begin could not be noted
        if look is None:
            look = self._unseen(at)
        self._known = look
        run = self._open_runs.pop()
        self._stage = run.within
        run.duration = at - run.start
        run.look = at, look
        run.exception = exception

    def _unseen(self, at: int) -> Look:
        """Return what stood on the stack at the end of a stage that was not looked at.

        Until the first look no code of the user has run, so only the match can have changed
        anything; later it changed since the latest look nothing at all.
        """
        if self._looked:
            return self._known
        if self._matched:
            look = self._first_look
        else:
            first, own = self._first_look, self.recording.own
            look = self._known if self._known.seen else _unmatched(first, own)
        if look is not self._known:
            self._look(at, self._known, look, True)
        return look

    # Spans

    def _open(
        self,
        at: int,
        kind: str,
        name: str,
        attributes: dict[str, Any],
        lane: Lane | None = None,
    ) -> OpenSpan:
        if lane is not None:
            return self._open_beside(at, kind, name, attributes, lane)
        parent = self._open_spans[-1].id if self._open_spans else None
        made = OpenSpan(len(self.spans) + 1, parent, self._stage, kind, name, at, attributes)
        self.spans.append(made)
        self._open_spans.append(made)
        return made

    def _open_beside(
        self, at: int, kind: str, name: str, attributes: dict[str, Any], lane: Lane
    ) -> OpenSpan:
        around, stage = self._around(lane), self._stage
        attributes.setdefault("lane", self._lane_name(lane))
        # A copy of the context has a ``g`` of its own.
        self._lanes.setdefault(attributes["lane"], kind == "call")
        # The request goes on meanwhile, but the work is that of the stage that began it.
        stage = stage if around is None else around.stage
        parent = None if around is None else around.id
        made = OpenSpan(len(self.spans) + 1, parent, stage, kind, name, at, attributes)
        self.spans.append(made)
        self._spans_in(lane).append(made)
        return made

    def _spans_in(self, lane: Lane | None) -> list[OpenSpan]:
        return self._open_spans if lane is None else self._beside.setdefault(lane.key, [])

    def _around(self, lane: Lane | None) -> OpenSpan | None:
        """Return the innermost open span of a lane; for an empty one, that in which it began."""
        spans = self._spans_in(lane)
        if spans or lane is None:
            return spans[-1] if spans else None
        if lane.origin in self._numbered:
            return self._numbered[lane.origin]
        # It began outside of every user's span, so inside of a function that the app called.
        calls = (made for made in reversed(self._open_spans) if made.kind not in _IN_CALLS)
        return next(calls, None)

    def _lane_name(self, lane: Lane) -> str:
        if lane.name != GREENLET:
            return lane.name
        greenlets = [key for key in self._beside if key[1] == GREENLET]
        return f"{GREENLET} {greenlets.index(lane.key) + 1}"

    def _close(self, at: int, span: OpenSpan) -> None:
        """End *span*, and whatever was left open inside it."""
        span.duration = at - span.start
        if self._open_spans and self._open_spans[-1] is span and not self._beside:
            self._open_spans.pop()
            return
        for spans in (self._open_spans, *self._beside.values()):
            if span in spans:
                while (inner := spans.pop()) is not span:
                    inner.duration = at - inner.start

    def _begin_call(self, at: int, note: Note) -> None:
        _, _, address, kind, place = note
        if kind != "session_open":  # what opens it the real flask calls before anybody can look
            self._told = ""
        made = self._open(at, kind, place.name, place.attributes())
        call = address, made
        self._calls.append(call)
        self.called.append(call)
        if kind == "receiver":
            self._number(made)
        if kind == "view" and self.view is None:
            self.view = made

    def _end_beyond(self, _at: int, note: Note) -> None:
        self._told = ""
        self._beyond = str(note[2])

    def _taken(self, _at: int, note: Note) -> None:
        if self.handler is None:
            self.taken_by = f"the app's own {note[2]}"
            if self.failure is not None:
                self.handled_by = self.taken_by

    def _why(self, _at: int, note: Note) -> None:
        self._calls[-1][1].attributes["why"] = note[2]

    def _signal(self, at: int, note: Note) -> None:
        _, _, name, places, more, called, lane = note
        told = _listed(places, more)
        self._put_event(at, f"signal {name}", {"receivers": told}, lane)
        self._told = "" if called or lane else f"a receiver of {name}, {told}"
        if name == "request_finished":
            self._finished_told = self._told
        if called:
            self._sent[len(self._open_spans)] = [name, len(places) + more, 0]

    def _hear(self, _at: int, note: Note) -> None:
        _, _, name, places, more = note
        self._heard = f"a receiver of {name}, {_listed(places, more)}" if name else ""

    def _number(self, made: OpenSpan) -> None:
        """Tell which receiver of which signal has begun."""
        sent = self._sent.get(len(self._open_spans) - 1)
        if sent is None or "events" in self.dropped:  # then the last one noted may be another
            return
        sent[2] += 1
        made.attributes["order"] = f"{sent[2]} of {sent[1]}"
        made.attributes["why"] = f"{CONNECTED}{sent[0]}"

    def _end_call(self, at: int, note: Note) -> None:
        _, _, address, kind, place, outcome, meaning = note
        made = self._ended = self._ended_call(address)
        if made is not None:
            self._close(at, made)
            made.attributes["outcome"] = outcome
            if not meaning:
                return
        # A call beyond the limit is no span, but the verdict has to know it.
        if made is None and place is None:
            return  # its begin was lost
        told = made or OpenSpan(0, None, None, kind, place.name, 0, place.attributes())
        if meaning == notes.ANSWERED:
            self.answered = told
        elif meaning == notes.HANDLED:
            self.handler, self.handled_by = told, author_of(told)
        elif meaning == notes.REPLACED:
            self.replaced = told

    def _ended_call(self, address: int) -> OpenSpan | None:
        """Return the span of the latest call of a function; None when it was beyond the limit."""
        calls = self._calls
        if calls and calls[-1][0] == address:
            return calls.pop()[1]
        for position in range(len(calls) - 1, -1, -1):
            known, made = calls[position]
            if known == address:
                del calls[position:]
                return made
        return None

    def _begin_template(self, at: int, note: Note) -> None:
        self._open(at, "template", note[2], {})

    def _end_template(self, at: int, _note: Note) -> None:
        for made in reversed(self._open_spans):
            if made.kind == "template":
                self._close(at, made)
                return

    def _begin_span(self, at: int, note: Note) -> None:
        _, _, number, kind, name, attributes, lane = note
        self._numbered[number] = self._open(at, kind, name, dict(attributes), lane)

    def _end_span(self, at: int, note: Note) -> None:
        _, _, number, outcome, *more = note
        made = self._numbered[number]
        for attributes in more:
            made.attributes.update(attributes or {})
        if outcome is not None:
            made.attributes["outcome"] = outcome
        self._close(at, made)

    def _begin_body(self, at: int, _note: Note) -> None:
        self._open_spans.clear()  # what was left open ended with the app's call
        self._open(at, "body", BODY_NAME, {})

    def _end_body(self, at: int, note: Note) -> None:
        _, _, chunks, size = note
        for made in self.spans:
            if made.kind == "body" and made.duration is None:
                self._close(at, made)
                made.attributes = {"chunks": chunks, "bytes": size}

    def _event(self, at: int, note: Note) -> None:
        _, _, name, attributes, lane = note
        self._put_event(at, name, attributes, lane)

    def _put_event(self, at: int, name: str, attributes: dict[str, Any], lane: Lane | None) -> None:
        around, stage = self._around(lane), self._stage
        if lane is not None:
            attributes = {"lane": self._lane_name(lane), **attributes}
            stage = stage if around is None else around.stage
        span = None if around is None else around.id
        self.events.append(Event(at, name, span, stage, attributes))

    # What was seen

    def _look_noted(self, at: int, note: Note) -> None:
        _, _, before, after, by_framework = note
        self._looked = True
        self._look(at, before, after, by_framework)

    def _look(self, at: int, before: Look, after: Look, by_framework: bool) -> None:
        """Put down what changed: its author is the innermost open span, if any."""
        stood = before
        if before is NOTHING:
            # What was told already of the first look, or of a context that is back again.
            before = stood = self._known
            if before is NOTHING and self.recording.own in self._cards:
                before = Look(tuple(self._cards), tuple(self._cards.values()))
            if before is NOTHING and (
                self._is_by_opener()
                or self._is_by_pushed()
                or self._is_by_converter()
                or self._is_by_heard()
            ):
                before = snapshot.without_g(after)
        self._known = after
        self._cards.update(zip(after.owners, after.seen, strict=True))
        author, span = self._author(by_framework)
        found = snapshot.changes(before, after, at, author, span)
        opens = by_framework and self._stage == "push"
        if opens or (self._open_spans and self._open_spans[-1].kind == "session_open"):
            # What the session brings is no change of it.
            found = [item for item in found if item.section != "session"]
        if self._told and not self._heard and (span is None or self._tears_down_in_a_body()):
            found = [
                item
                if item.section == "request" and item.key in snapshot.BY_MATCH
                else replace(item, author=self._told, span=None)
                for item in found
            ]
        elif author == _THE_FRAMEWORK and (by_framework or not self._open_spans):
            found = [self._by_nobody_known(item) for item in found]
        self._put(self._perhaps_in_a_lane(found) if self._lanes else found)
        self._stacked(stood, after, None if span is None else author)

    def _tears_down_in_a_body(self) -> bool:
        """Tell whether receivers of a teardown ran last, at the end of a body with a context."""
        return self._open_spans[-1].kind == "body" and self._told.startswith(_TEARING_DOWN)

    def _perhaps_in_a_lane(self, found: list[Change]) -> list[Change]:
        """Name the lanes, too, that have run since the last look, and may have changed it."""
        lanes = self._lanes
        open_now = {spans[0].attributes.get("lane") for spans in self._beside.values() if spans}
        self._lanes = {name: copied for name, copied in lanes.items() if name in open_now}
        return [_by_lanes(item, lanes) for item in found]

    def _is_by_opener(self) -> bool:
        """Tell whether all on ``g`` was put there by what opened the session.

        The real flask lets nobody look before: then the context is new and ``g`` empty, unless
        there was one already, or receivers of signals have run.
        """
        spans = self._open_spans
        heard = any(item.name == "signal appcontext_pushed" for item in self.events)
        alone = not self.found and not heard
        return alone and bool(spans) and spans[-1].kind == "session_open"

    def _is_by_pushed(self) -> bool:
        """Tell whether all on ``g`` is by receivers that heard of the new context."""
        return self._told.startswith(_PUSHED) and not self.found and not self._open_spans

    def _is_by_heard(self) -> bool:
        """Tell whether all on ``g`` is by receivers that heard of the first stage."""
        return bool(self._heard) and not self.found and not self._open_spans

    def _is_by_converter(self) -> bool:
        """Tell whether all on ``g`` was put there by the match in a push: the context is new."""
        heard = any(item.name == "signal appcontext_pushed" for item in self.events)
        alone = self._looked and not (self.found or heard or self._open_spans)
        return alone and [run.name for run in self._open_runs] == ["push", "match"]

    def _by_nobody_known(self, item: Change) -> Change:
        """Return a change by the framework with another author if no framework does such a thing.

        What it does to the session is opening it.
        """
        if item.section == "request":
            if item.key in _ITS_KEYS:
                return item
        elif item.section != "g" and (item.section != "session" or self._stage == "push"):
            return item
        return replace(item, author=_CONVERTER if self._stage == "match" else _BETWEEN)

    def _stacked(self, before: Look, after: Look, author: str | None) -> None:
        """Put down who has pushed and popped what."""
        if before.owners == after.owners:
            return
        for owner in set(after.owners).difference(before.owners):
            self.pushed_by.setdefault(owner, author)
            if self.popped_by.get(owner) is not None:
                self.pushed_back = {**self.pushed_back, owner: author}
        gone = set(before.owners).difference(after.owners)
        if self._stage == "pop" and self.recording.own in gone:
            self._lose_above(before)
        for owner in gone:
            if self.popped_by.get(owner) is None:  # who popped it first, should it come back
                self.popped_by[owner] = author

    def _lose_above(self, look: Look) -> None:
        """Put down what stood above the request's own context when that was popped."""
        if self.recording.own in look.owners:
            above = look.owners.index(self.recording.own) + 1
            for owner, card in zip(look.owners[above:], look.seen[above:], strict=True):
                self.above[owner] = card[0], card[1]

    def _heed(self, _at: int, note: Note) -> None:
        _, _, what, where, contexts = note
        if what in {"popped again", "popped below others"}:
            self._lose_above(self._known)
            return
        item = what, where or self._author(by_framework=False)[0], contexts
        if item not in self.heeded:
            self.heeded = (*self.heeded, item)

    def _found(self, _at: int, note: Note) -> None:
        self.found = note[2]

    def _gone(self, _at: int, note: Note) -> None:
        self.gone = note[2]

    def _left(self, _at: int, note: Note) -> None:
        self.left = note[2]

    def _response(self, at: int, note: Note) -> None:
        """Put down what changed of the response, which is on no card of the stack."""
        found: list[Difference] = note[2]
        _, _, _, by_framework, by_receivers = note
        author = self._author(by_framework)
        if by_receivers:
            author = self._finished_told or _BETWEEN, None
        self._put([Change(at, NO_CARD, "response", *item, *author) for item in found])

    def _author(self, by_framework: bool) -> tuple[str, int | None]:
        if self._heard:
            return self._heard, None
        if self._beyond and not (by_framework or self._open_spans):
            return self._beyond, None
        if by_framework or not self._open_spans:
            place = self._open_runs[-1].place if self._open_runs else None
            return _THE_FRAMEWORK if place is None else str(place), None
        made = self._open_spans[-1]
        if made.attributes.get("code.module.name") in _ITS_SESSIONS:
            return _THE_FRAMEWORK, None
        return author_of(made), made.id

    def _put(self, found: list[Change]) -> None:
        if not found:
            return
        room = self.recording.recorder.limits.changes - len(self.changes)
        if len(found) > room:
            self.dropped["changes"] = self.dropped.get("changes", 0) + len(found) - room
            found = found[:room]
        self.changes += found
        if self._open_runs:
            self._open_runs[-1].changes += found

    def _failed(self, _at: int, note: Note) -> None:
        _, _, failure, by, via = note
        if by in _CALLS and self._finishes_a_500():
            made = self._ended
            self.logged = replace(failure, span=None if made is None else made.id)
            return
        if by == notes.BY_ABORTED:
            made = self.aborted.span if self.aborted else None
            via = self.aborted.via if self.aborted else None
        else:
            made = self._ended if by else None
            self.handling = self._handled()
            self.handler = self.handled_by = self.taken_by = None
        self.too_late = by == notes.BY_LATE_CALL
        self.via = via
        self.failure = replace(failure, stage=self._stage, span=None if made is None else made.id)

    def _finishes_a_500(self) -> bool:
        """Tell whether the answer to an exception that nobody handled is being finished."""
        failure = self.failure
        if failure is None or self._stage == "pop":
            return False
        late = failure.stage in _FINISHING  # then no handler but that of a 500 is asked
        if self.handler is not None and not late and not self.handler_of_500:
            return False
        ended = failure.stage is None or any(
            run.exception for run in self.runs if run.name == failure.stage
        )
        return ended and any(
            run.name == "postprocess" and run.start >= failure.at_ns for run in self.runs
        )

    @property
    def handler_of_500(self) -> bool:
        """Whether the handler that answered is that for exceptions nobody else handles."""
        why = "" if self.handler is None else str(self.handler.attributes.get("why", ""))
        return why.endswith(BECOMES_500)

    def _handled(self) -> tuple[str, ...]:
        """Return the exception that was seen last, the one that an error handler handles."""
        if self.failure is not None:
            return (": ".join(filter(None, (self.failure.type, self.failure.message))),)
        return (self.aborted.name,) if self.aborted else ()

    def _aborted(self, _at: int, note: Note) -> None:
        _, _, code, name, by, raised_by, via = note
        self.handler = self.handled_by = self.taken_by = None
        self.aborted = Abort(self._ended if by else None, code, name, self._stage, raised_by, via)

    _readers: ClassVar[dict[str, Callable[..., None]]] = {
        notes.STAGE: _begin_stage,
        notes.OVERRIDDEN: _overridden,
        notes.STAGE_END: _end_stage,
        notes.CALL: _begin_call,
        notes.CALL_END: _end_call,
        notes.BEYOND: _end_beyond,
        notes.TAKEN: _taken,
        notes.WHY: _why,
        notes.SIGNAL: _signal,
        notes.HEARD: _hear,
        notes.LOOK: _look_noted,
        notes.RESPONSE: _response,
        notes.FAILED: _failed,
        notes.ABORTED: _aborted,
        notes.TEMPLATE: _begin_template,
        notes.TEMPLATE_END: _end_template,
        notes.SPAN: _begin_span,
        notes.SPAN_END: _end_span,
        notes.EVENT: _event,
        notes.FOUND: _found,
        notes.GONE: _gone,
        notes.LEFT: _left,
        notes.HEED: _heed,
        notes.BODY: _begin_body,
        notes.BODY_END: _end_body,
    }


def _by_lanes(item: Change, lanes: dict[str, bool]) -> Change:
    """Return a change with the lanes that may have made it as authors, too."""
    names = [name for name, copied in lanes.items() if not (copied and item.section == "g")]
    if not names or item.depth == NO_CARD:
        return item
    more = f" and {len(names) - 1} more" if names[1:] else ""
    others = "" if item.author == _BETWEEN else f"{item.author} or "
    return replace(item, author=f"{others}{names[0]}{more}", span=None)


def _first_look(listed: list[Note]) -> Look:
    # The end of a stage tells of it where there was no room to note the look itself.
    for place, note in enumerate(listed):
        if note[0] in _SEEN and note[3] is not None:
            look: Look = note[3]
            by_heard = place > 0 and listed[place - 1][0] == notes.HEARD
            shared = any(item[0] == notes.FOUND for item in listed[:place])
            return snapshot.without_g(look) if by_heard and not shared else look
    return NOTHING


def _listed(places: Iterable[Place], more: int) -> str:
    """Return the names and places of receivers in words."""
    return ", ".join(map(str, places)) + (f" and {more} more" if more else "")


_MOST = 100
_unmatched_stacks: dict[int, tuple[Any, Any]] = {}
"""Address of what was seen, to itself and what was there before the match; `_MOST` of them."""


def _unmatched(look: Look, own: int) -> Look:
    """Return what a look would have found before the match, the same for requests alike."""
    if not look.owners or look.owners[-1] != own:
        return snapshot.unmatched(look, own)
    known = _unmatched_stacks.get(id(look.seen))
    if known is None:
        if len(_unmatched_stacks) >= _MOST:
            _unmatched_stacks.clear()
        known = _unmatched_stacks[id(look.seen)] = look.seen, snapshot.unmatched(look, own).seen
    return look if known[1] is look.seen else Look(look.owners, known[1])


def forget_stacks() -> None:
    """Let go of what is remembered of requests: it may hold a secret."""
    _unmatched_stacks.clear()
