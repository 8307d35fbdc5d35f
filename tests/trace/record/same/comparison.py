"""The comparison itself: one app made twice, asked the same, once untraced and once traced."""

import gc
from contextlib import contextmanager, nullcontext
from itertools import zip_longest
from typing import Any

import itsdangerous.timed

import flasktrace
from flasktrace.trace.tracer import tracer_of
from tests.trace.record.same.notes import Notes
from tests.trace.record.same.process import watched
from tests.trace.record.same.server import Ask, ask, told
from tests.trace.record.same.surface import hooks, is_flask, receivers
from tests.trace.record.same.truth import assert_true

OPTIONS = {"enabled": True, "store": "memory:", "dashboard": False}


def run(wsgi, asks, notes) -> list[dict[str, Any]]:
    """Ask *wsgi* everything; return what was seen of each answer."""
    return [run_one(wsgi, wanted, notes) for wanted in asks]


def run_one(wsgi, wanted: Ask, notes: Notes) -> dict[str, Any]:
    notes.handed, notes.called = None, wsgi
    with watched() as process:
        seen = ask(wsgi, wanted, notes)
        errors = {key: seen.pop(key) for key in list(seen) if "error" in key and key != "errors"}
        shown = {key: told(error, notes) for key, error in errors.items()}
        errors.clear()
        notes.handed = notes.called = None
        notes.append(("alive", notes.alive()))
    return {**seen, **shown, **process}


def differences(plain, traced, but=()) -> list[Any]:
    """Return what differs between the answers of the untraced and the traced app."""
    pairs = zip(plain, traced, strict=True)
    return [found for one, other in pairs if (found := different(one, other, *but))]


def first_difference(expected, actual) -> Any:
    """Return the first place where two lists of notes part, and what stands there in each."""
    for number, (one, other) in enumerate(zip_longest(expected, actual)):
        if one != other:
            return number, one, other
    return None


def different(expected, actual, *but) -> dict[str, Any]:
    keys = [key for key in {**expected, **actual} if key not in but]
    return {
        key: (expected.get(key), actual.get(key))
        for key in keys
        if expected.get(key) != actual.get(key)
    }


@contextmanager
def one_moment():
    """Let both runs sign cookies at the same time, and collect no garbage of others."""
    fixed = itsdangerous.timed.TimestampSigner.get_timestamp
    itsdangerous.timed.TimestampSigner.get_timestamp = lambda _self: 1_700_000_000
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        itsdangerous.timed.TimestampSigner.get_timestamp = fixed
        if collects:
            gc.enable()


def assert_same(make, *, break_tracer=None, but=(), **options) -> list[Any]:
    """Compare the app that *make* gives, untraced and traced; return the traces.

    *make* gets the `Notes`, in which the app may write down what it saw, and gives the app and
    the requests to send. *break_tracer* gets the
    recorder of the traced app; then nothing is asked of the traces. *but* are keys of what is
    seen that may differ.
    """
    plain_notes, notes = Notes(), Notes()
    with one_moment(), plain_notes.end, notes.end:
        plain_app, asks = make(plain_notes)
        heard = receivers()
        plain = run(plain_app, asks, plain_notes)
        growth = grown(heard)
        app, asks = make(notes)
        before, heard = (hooks(app) if is_flask(app) else None), receivers()
        traced_app = flasktrace.wrap(app, **{**OPTIONS, **options})
        tracer = tracer_of(traced_app)
        if break_tracer:
            break_tracer(tracer.recorder)
        if is_flask(app):
            assert traced_app is app
        finished = counted(tracer.recorder) if tracer.on else []
        with tracer.collect() if tracer.on else nullcontext([]) as traces:
            traced = run(traced_app, asks, notes)
        assert flasktrace.unwrap(traced_app) is app
        assert grown(heard) == growth

    assert not (found := differences(plain, traced, but)), found
    assert not (found := first_difference(plain_notes, notes)), found
    if before is not None:
        assert_left_as_it_was(app, before, plain_app)
    assert not (tracer.on and tracer.recorder.live)
    if not break_tracer:
        assert not (tracer.on and tracer.recorder.guard.errors)
        assert len(finished) == len(set(finished)) == len(traces)
        assert_true(traces, asks, traced, bodies=options.get("capture_body", False))
    return list(traces)


def counted(recorder) -> list[str]:
    """Return a list that gets the id of each recording as it is finished."""
    finished: list[str] = []
    sink = recorder.sink

    def noting(recording):
        finished.append(recording.id)
        sink(recording)

    recorder.sink = noting
    return finished


def grown(before: list[int]) -> list[int]:
    """Return how many receivers each signal has more than *before*."""
    return [now - then for now, then in zip(receivers(), before, strict=True)]


def assert_left_as_it_was(app, before, plain_app) -> None:
    after = hooks(app)
    assert not (found := (set(after) ^ set(hooks(plain_app))) - {"name"}), found
    changing = {"_got_first_request", "error_handler_spec", "name"}
    kept = {key: after[key] for key in before}
    assert not (found := different(before, kept, *changing)), found
