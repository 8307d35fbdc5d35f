"""What a recording notes of the stages of its request; see `flasktrace.signals.Watcher`.

A request begins and ends some seven: what can be done without a call is, and each function does its
own part of `Recording.enter` and `leave`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flasktrace.signals import STAGE_SIGNALS
from flasktrace.trace.record import routing
from flasktrace.trace.record.notes import STAGE, STAGE_END

if TYPE_CHECKING:
    from flasktrace.trace.record.recording import Recording

BEGIN, END = "stage started", "stage finished"
"""Parts that the guard may switch off."""
_CHANGING = {"push", "pop"}
"""Stages in which the framework itself changes more than session and ``g``."""


def begin(recording: Recording, name: str, around: str | None) -> None:
    """Note that a stage begins in another one, or in a function of the user."""
    recorder = recording.recorder
    if recorder.guard.off and BEGIN in recorder.guard.off:
        recording.partial = True
        return
    try:
        base, entered = recording.base, recording.clock()
        at = entered - base
        if recording.calls:  # what changed so far is the doing of that function
            recorder.gaze(recording, at)
        asked = name == "match" and around != "push" and around in STAGE_SIGNALS
        recording.notes.append((STAGE, at, name, routing.asker() if asked else None))
        recording.base = base + recording.clock() - entered
    except Exception as error:  # noqa: BLE001
        recorder.failed(recording, BEGIN, error)


def end(recording: Recording, name: str, error: BaseException | None, made: Any) -> None:
    """Note that a stage ended, what it left on the stack, and what it made."""
    if recording.finished:
        return
    recorder = recording.recorder
    if recorder.guard.off and END in recorder.guard.off:
        recording.partial = True
        return
    try:
        clock, host, looker = recording.clock, recorder.host, recording.looker
        base, entered = recording.base, clock()
        at = entered - base
        before: Any = looker.last
        after: Any
        if name == "match":
            request = recording.context.request
            rule, view_args = request.url_rule, request.view_args
            if recording.looked or view_args:
                after = looker.matched(host, rule, view_args)
            else:
                after = before = None  # no code of the user has run, see `Story`
            recording.routing = recorder.routing(recording.context, rule, view_args)
        elif name in _CHANGING:
            after = looker.gaze(host)
        else:
            after = looker.glance(host)
        if after is not before:
            recorder.changed(recording, at, before, after, by_framework=True)
        if made is not None:
            if name == "make_response":
                recorder.stage_answered(recording, at, made, fresh=True)
            elif name == "postprocess":
                recorder.stage_answered(recording, at, made, fresh=False)
        failed = None if error is None else recorder.stage_failed(recording, at, error)
        recording.notes.append((STAGE_END, at, name, after, failed))
        recording.base = base + clock() - entered
    except Exception as mistake:  # noqa: BLE001
        recorder.failed(recording, END, mistake)
