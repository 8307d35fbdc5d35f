"""What a recording notes of the stages of its request; see `flasktrace.signals.Watcher`.

A request begins and ends some seven: what can be done without a call is, and each function does its
own part of `Recording.enter` and `leave`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flasktrace.signals import STAGE_SIGNALS
from flasktrace.trace.record import routing
from flasktrace.trace.record.notes import OVERRIDDEN, STAGE, STAGE_END

if TYPE_CHECKING:
    from flasktrace.trace.record.recorder import Recorder
    from flasktrace.trace.record.recording import Recording
    from flasktrace.trace.record.snapshot import Look

BEGIN, END, HEARD = "stage started", "stage finished", "stage heard"
"""Parts that the guard may switch off."""


def begin(recording: Recording, name: str, around: str | None, method: Any, *, own: bool) -> None:
    """Note that a stage begins in another one, or in a function of the user, or is one itself."""
    recorder = recording.recorder
    if BEGIN in recorder.off:
        recording.partial = True
        return
    try:
        if recording.context is None:
            recording.come_back()
        base, entered = recording.base, recording.clock()
        at = entered - base
        # What changed so far is not the doing of the stage.
        if recording.calls or recording.wary or not own:
            recorder.gaze(recording, at)
        asked = name == "match" and around != "push" and around in STAGE_SIGNALS
        recording.notes.append((STAGE, at, name, routing.asker() if asked else None))
        if not own:
            recording.notes.append((OVERRIDDEN, at, recorder.places.of(method)))
        recording.base = base + recording.clock() - entered
    except Exception as error:  # noqa: BLE001
        recorder.failed(recording, BEGIN, error)


def end(recording: Recording, name: str, error: BaseException | None, made: Any) -> None:
    """Note that a stage ended, what it left on the stack, and what it made."""
    recorder = recording.recorder
    if recording.finished or END in recorder.off:
        recording.partial = recording.partial or not recording.finished
        return
    try:
        if recording.context is None:
            recording.come_back()
        base, entered = recording.base, recording.clock()
        at = entered - base
        look = _LOOKS[name](recording, recorder, at, made)
        failed = None if error is None else recorder.stage_failed(recording, at, error)
        recording.notes.append((STAGE_END, at, name, look, failed))
        recording.base = base + recording.clock() - entered
    except Exception as mistake:  # noqa: BLE001
        recorder.failed(recording, END, mistake)


def after_signal(recording: Recording, signal: Any) -> None:
    """Note what the receivers of a stage's signal have changed."""
    recorder = recording.recorder
    if recording.finished or HEARD in recorder.off:
        return
    try:
        app = recorder.app()
        receivers = [] if app is None else list(signal.receivers_for(app))
        if not receivers:
            return
        recording.enter()
        try:
            recorder.see_heard(recording, recording.at, signal, receivers)
        finally:
            recording.leave()
    except Exception as error:  # noqa: BLE001
        recorder.failed(recording, HEARD, error)


def _glance(recording: Recording, recorder: Recorder, at: int, _made: Any) -> Look:
    """Look for what may have changed in a stage: ``g`` and session."""
    looker = recording.looker
    return _noted(recording, recorder, at, looker.last, looker.glance(recorder.host))


def _pushed(recording: Recording, recorder: Recorder, at: int, _made: Any) -> Look:
    """Look at what the framework has put there."""
    looker = recording.looker
    return _noted(recording, recorder, at, looker.last, looker.gaze(recorder.host))


def _popped(recording: Recording, recorder: Recorder, at: int, _made: Any) -> Look:
    """Look at what the framework has taken away."""
    recorder.see_after_receivers(recording, at)
    looker = recording.looker
    look = _noted(recording, recorder, at, looker.last, looker.left(recorder.host))
    if recording.own not in look.owners:
        recording.let_go()
    return look


def _noted(recording: Recording, recorder: Recorder, at: int, before: Look, after: Look) -> Look:
    if after is not before:
        recorder.changed(recording, at, before, after, by_framework=True)
    return after


def _match(recording: Recording, recorder: Recorder, at: int, _made: Any) -> Look | None:
    request = recording.context.request
    rule, view_args = request.url_rule, request.view_args
    recording.fresh = False  # converters may be the user's
    look = None
    if recording.looked or view_args:
        looker = recording.looker
        found = looker.last, looker.matched(recorder.host, rule, view_args)
        look = _noted(recording, recorder, at, *found)
    # Else no code of the user has run, see `Story`.
    recording.routing = recorder.routing(recording.context, rule, view_args)
    return look


def _response_made(recording: Recording, recorder: Recorder, at: int, made: Any) -> Look:
    look = _glance(recording, recorder, at, made)
    recording.fresh = recorder.trusts and not recording.wary
    if made is not None:
        recorder.stage_answered(recording, at, made, fresh=True)
    return look


def _response_sent(recording: Recording, recorder: Recorder, at: int, made: Any) -> Look:
    fresh = recording.fresh and made is not None
    look = recording.looker.last if fresh else _glance(recording, recorder, at, made)
    if made is not None:
        recorder.stage_answered(recording, at, made, fresh=False)
    return look


_LOOKS: dict[str, Callable[[Recording, Recorder, int, Any], Look | None]] = {
    "push": _pushed,
    "preprocess": _glance,
    "match": _match,
    "dispatch": _glance,
    "make_response": _response_made,
    "postprocess": _response_sent,
    "pop": _popped,
}
