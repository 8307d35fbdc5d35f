"""What a recording notes of the functions of the user that the framework calls.

See `flasktrace.signals.Watcher`; each function does its own part of `Recording.enter` and `leave`.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from flasktrace.trace.record import lanes, notes, response_look
from flasktrace.trace.record.current import CURRENT
from flasktrace.trace.record.describe import attributes_of, type_name
from flasktrace.trace.record.layers import FRAMEWORKS
from flasktrace.trace.record.notes import CALL, CALL_END
from flasktrace.trace.record.place import ClassPlace, Place
from flasktrace.trace.record.roster import RANKED

if TYPE_CHECKING:
    from flasktrace.trace.record.recording import Recording

BEGIN, END = "call started", "call finished"
"""Parts that the guard may switch off."""
AFTER = {"after_request", "after_this_request"}
"""Kinds of functions that get the response and return one."""
TEARDOWNS = ("teardown_request", "teardown_appcontext")
"""Kinds of functions that run when a context ends."""
OF_A_COPY = "at the end of a copy of the context"
"""Why a teardown function ran, when it was not for the request's own context."""
_SAVES = "session_save"
_CHANGING = AFTER | {_SAVES}
_CHOSEN = RANKED | {"error_handler"}
_ITS_CALLER = 0
"""Stands for code of the user that calls a copy; no function has that address."""
_RETURNED_NONE = "returned None", ""
_SAME_RESPONSE = "returned the response", ""
_OTHER_RESPONSE = "replaced the response", notes.REPLACED
_ident = threading.get_ident


def begin(recording: Recording, kind: str, function: Any) -> None:
    """Note that the framework calls *function*."""
    recorder = recording.recorder
    unusual = recording.finished or recorder.off or CURRENT.get() is not recording
    if unusual and _is_deaf(recording, BEGIN):
        return
    try:
        if _ident() != recording.ident:
            _begin_beside(recording, kind, function)
            return
        if recording.context is None:
            recording.come_back()
        base, entered = recording.base, recording.clock()
        at, address = entered - base, id(function)
        if recording.calls or not recording.fresh:
            _look_before(recording, at)
        recording.fresh = False
        if kind in _CHANGING and recording.answer is None:  # before the function may change it
            recording.answer = response_look.read(recording.response)
        if recording.room > 0:
            recording.room -= 1
            known = recorder.places.known.get(address)
            place = known[1] if known and known[0]() is function else recorder.places.of(function)
            if type(place) is ClassPlace:
                place = _place(recording, function)
            recording.notes.append((CALL, at, address, kind, place))
            recording.calls.append(address)
            if kind in _CHOSEN and (recording.roster is None or kind not in RANKED):
                recorder.note_choice(recording, at, kind, function)
        else:
            recording.drop("spans")
            recording.calls.append(-address)
        recording.base = base + recording.clock() - entered
    except Exception as error:  # noqa: BLE001
        recorder.failed(recording, BEGIN, error)


def end(
    recording: Recording, kind: str, function: Any, error: BaseException | None, value: Any
) -> None:
    """Note that *function* returned *value*, or raised *error*."""
    recorder = recording.recorder
    unusual = recording.finished or recorder.off or CURRENT.get() is not recording
    if unusual and _is_deaf(recording, END):
        return
    try:
        if _ident() != recording.ident:
            _end_beside(recording, function, error, value)
            return
        base, entered = recording.base, recording.clock()
        at, looker, calls, address = entered - base, recording.looker, recording.calls, id(function)
        noted = _ended(calls, address) or _ended_beyond(recording, at, function)
        before = looker.last
        after = looker.gaze(recorder.host)
        if after is not before:
            recorder.changed(recording, at, before, after)
        recording.fresh = recorder.trusts and not recording.wary
        if recording.sent is not None:  # a receiver of request_finished, or one in it
            recorder.see_response(recording, at, recording.sent)
        if error is None and value is None and kind not in _CHANGING:
            outcome, meaning = _RETURNED_NONE
        else:
            outcome, meaning = _outcome(recording, at, kind, error, value)
        if noted:
            recording.notes.append((CALL_END, at, address, kind, None, outcome, meaning))
        elif meaning:
            place = recorder.places.of(function)
            recording.notes.append((CALL_END, at, address, kind, place, outcome, meaning))
        if error is not None and not calls:
            # Else the function around it may still catch it.
            where = _place(recording, function) if noted else None
            recorder.call_failed(recording, at, kind, error, where)
        recording.base = base + recording.clock() - entered
    except Exception as mistake:  # noqa: BLE001
        recorder.failed(recording, END, mistake)


def _place(recording: Recording, function: Any) -> Place:
    """Return where a function stands; of a class of views, what answers this request."""
    place = recording.recorder.places.of(function)
    if type(place) is not ClassPlace:
        return place
    return place.of(attributes_of(recording.context.request).get("method"))


def _is_deaf(recording: Recording, part: str) -> bool:
    """Tell whether a call is not to be noted: not this one, not here, or not any more."""
    if recording.finished or CURRENT.get() is not recording:
        return True
    off = part in recording.recorder.off
    recording.partial = recording.partial or off
    return off


def _look_before(recording: Recording, at: int) -> None:
    """Note what has changed before a call: inside another one anything may have."""
    recorder, looker = recording.recorder, recording.looker
    before = looker.last
    anything = recording.calls or recording.wary
    if anything:
        recorder.see_before_teardown(recording, at)
        after = looker.gaze(recorder.host)
    else:
        after = looker.glance(recorder.host)
    if after is not before:
        recorder.changed(recording, at, before, after)


def _outcome(
    recording: Recording, at: int, kind: str, error: BaseException | None, value: Any
) -> tuple[str, str]:
    if error is not None:
        if kind in _CHANGING:  # the response is sent all the same when an error is finished
            recording.recorder.see_response(recording, at, recording.response)
        return f"raised {type_name(type(error))}", ""
    if kind == _SAVES:
        recording.recorder.see_response(recording, at, recording.response)
        if value is None:
            return _RETURNED_NONE
    return recording.recorder.outcome(recording, at, kind, value)


def outcome_after(value: Any, *, same: bool) -> tuple[str, str]:
    """Return what a function that got the response gave, in words, and what it means."""
    if value is None:
        return notes.NO_RESPONSE, notes.REPLACED
    return _SAME_RESPONSE if same else _OTHER_RESPONSE


def _ended(calls: list[int], address: int) -> bool:
    """Take the latest call of a function off, and those in it; tell whether it was noted."""
    if calls and calls[-1] == address:
        del calls[-1]
        return True
    for position in range(len(calls) - 1, -1, -1):
        if abs(calls[position]) == address:
            noted = calls[position] == address
            del calls[position:]
            return noted
    return False


def _ended_beyond(recording: Recording, at: int, function: Any) -> bool:
    """Note that a function has ended whose begin there was no room to note; tell that it was not.

    In another one it is that which has changed what is seen now.
    """
    if not recording.calls:
        recording.notes.append((notes.BEYOND, at, _place(recording, function)))
    return False


def end_own(recording: Recording, kind: str, function: Any, began: int, value: Any) -> None:
    """Note that a function of the framework itself has run; what it changed the framework did.

    It may have run instead of one of the user, but there is none in it.
    """
    recorder = recording.recorder
    if recording.finished or CURRENT.get() is not recording:
        return
    try:
        outcome = "returned None" if value is None else f"returned {type_name(type(value))}"
        _note_whole(recording, kind, function, began, outcome)
    except Exception as error:  # noqa: BLE001
        recorder.failed(recording, END, error)


def note_untimed(recording: Recording, kind: str, function: Any, outcome: str) -> None:
    """Note a call that the host knows of, but could not put anything around."""
    if recording.finished or _ident() != recording.ident:
        return
    try:
        _note_whole(recording, kind, function, None, outcome, looks=True)
    except Exception as error:  # noqa: BLE001
        recording.recorder.failed(recording, END, error)


def _note_whole(
    recording: Recording,
    kind: str,
    function: Any,
    began: int | None,
    outcome: str,
    *,
    looks: bool = False,
) -> None:
    """Note a call that is over: it began then, or took no time that is known.

    *looks* tells that what it changed is to be seen, unless it is the framework's.
    """
    base, entered = recording.base, recording.clock()
    if recording.has_room():
        at, address = entered - base, id(function)
        start, place = at if began is None else began, recording.recorder.places.of(function)
        recording.notes.append((CALL, start, address, kind, place))
        if looks and not place.module.startswith(FRAMEWORKS):
            recording.recorder.gaze(recording, at)
        recording.notes.append((CALL_END, at, address, kind, None, outcome, ""))
    recording.base = base + recording.clock() - entered


# In a lane beside the request's own


def begin_in_copy(recording: Recording, kind: str, function: Any) -> None:
    """Note that a copy of the request's context calls *function*, in whatever lane."""
    if _is_deaf(recording, BEGIN):
        return
    try:
        lane = lanes.lane_of(recording)
        if lane is None:
            begin(recording, kind, function)
            if kind in TEARDOWNS and recording.calls:
                recording.notes.append((notes.WHY, recording.notes[-1][1], OF_A_COPY))
        else:
            _begin_in_lane(recording, lane, kind, function, {"why": OF_A_COPY})
    except Exception as error:  # noqa: BLE001
        recording.recorder.failed(recording, BEGIN, error)


def end_in_copy(
    recording: Recording, kind: str, function: Any, error: BaseException | None, value: Any
) -> None:
    """Note that *function* returned *value*, or raised *error*."""
    if _is_deaf(recording, END):
        return
    try:
        lane = lanes.lane_of(recording)
        if lane is None:
            _end_in_own_thread(recording, kind, function, error, value)
        else:
            _end_in_lane(recording, lane, function, error, value)
    except Exception as mistake:  # noqa: BLE001
        recording.recorder.failed(recording, END, mistake)


def _end_in_own_thread(
    recording: Recording, kind: str, function: Any, error: BaseException | None, value: Any
) -> None:
    """Note the end of a call in a copy: code of the user around it may catch what it raised.

    In a body no other call is open that would say so.
    """
    alone = not recording.calls or abs(recording.calls[0]) == id(function)
    if alone:
        recording.calls.insert(0, _ITS_CALLER)
    try:
        end(recording, kind, function, error, value)
    finally:
        if alone:
            del recording.calls[0]


def _begin_beside(recording: Recording, kind: str, function: Any) -> None:
    lane = lanes.lane_of(recording)
    if lane is not None:
        _begin_in_lane(recording, lane, kind, function, {})


def _end_beside(
    recording: Recording, function: Any, error: BaseException | None, value: Any
) -> None:
    lane = lanes.lane_of(recording)
    if lane is not None:
        _end_in_lane(recording, lane, function, error, value)


def _begin_in_lane(
    recording: Recording, lane: lanes.Lane, kind: str, function: Any, why: dict[str, str]
) -> None:
    place = recording.recorder.places.of(function)
    attributes = {**place.attributes(), **(why if kind in TEARDOWNS else {})}
    lanes.begin_nested(recording, lane, id(function), kind, place.name, attributes)


def _end_in_lane(
    recording: Recording,
    lane: lanes.Lane,
    function: Any,
    error: BaseException | None,
    value: Any,
) -> None:
    if error is not None:
        outcome = f"raised {type_name(type(error))}"
    else:
        outcome = "returned None" if value is None else f"returned {type_name(type(value))}"
    lanes.end_nested(recording, lane, id(function), outcome)
