import functools
import io
import signal
import time
import wsgiref.handlers
import wsgiref.util
from dataclasses import replace
from wsgiref.validate import validator

import flask
import pytest

import flasktrace
from flasktrace.trace.record.guard import Guard
from flasktrace.trace.record.recorder import Recorder
from flasktrace.trace.record.recording import Recording
from flasktrace.trace.tracer import tracer_of
from tests.trace.record.apps import FRAMEWORK_APPS, RAW_APPS, WSGI_APPS, Hostile, noted, theme
from tests.trace.record.same import ask, assert_same
from tests.trace.record.same.truth import assert_times_are_possible

LIBRARIES = {"flasktrace": flasktrace, "flask": flask}


def made_by(name, library=None):
    """Return what makes the app called *name* and the requests to send to it."""
    if library is not None:
        return functools.partial(FRAMEWORK_APPS[name], LIBRARIES[library])
    if name in WSGI_APPS:
        return WSGI_APPS[name]
    function, asks = RAW_APPS[name]
    return lambda _notes: (lambda *args: function(*args), asks)  # noqa: PLW0108


def case(name, library):
    return pytest.param(name, library, id=f"{name}-{library or 'wsgi'}")


CASES = [
    *(case(name, library) for name in FRAMEWORK_APPS for library in LIBRARIES),
    *(case(name, None) for name in (*WSGI_APPS, *RAW_APPS)),
]


@pytest.mark.parametrize(("name", "library"), CASES)
def test_an_app_does_not_notice_the_tracer(name, library):
    make = made_by(name, library)
    special = noted(name)
    Hostile.calls = 0

    assert_same(make, but=special.but, break_tracer=unchanged(special), **special.options)

    assert Hostile.calls == 0


def unchanged(special):
    """Return what makes `assert_same` accept an incomplete trace, where there is no other."""
    return (lambda _recorder: None) if special.incomplete else None


BODIES = {"bodies", "files", "inputs", "starts", "streams", "uploads", "wsgi"}


@pytest.mark.parametrize(
    ("name", "library"), [item for item in CASES if theme(item.values[0]) in BODIES]
)
def test_an_app_does_not_notice_that_bodies_are_captured(name, library):
    make = made_by(name, library)
    special = noted(name)
    options = {"capture_body": True, **special.options}

    assert_same(make, but=("environ", *special.but), **options)


STEPS = {
    "recorder": [
        "gaze",
        "changed",
        "_see_exception",
        "outcome",
        "see_response",
        "stage_answered",
        "_failure",
        "_attributes",
        "describe",
        "begin",
        "sink",
    ],
    "recording": ["has_room", "event", "enter", "leave", "release_", "drop"],
}


def broken(*_args, **_named):
    raise ZeroDivisionError("in the tracer")


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("step", STEPS["recorder"])
@pytest.mark.parametrize("name", ["hooks_of_all_kinds", "fault_58_hooks_raise", "streams"])
def test_fault_01_an_app_does_not_notice_that_a_step_of_the_recorder_fails(step, name, library):
    make = made_by(name, library)

    def break_it(recorder):
        setattr(recorder, step, broken)

    assert_same(make, break_tracer=break_it)


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("step", ["has_room", "event", "enter", "leave"])
@pytest.mark.parametrize("name", ["fault_18_hostile_values", "fault_58_hooks_raise", "streams"])
def test_fault_01_an_app_does_not_notice_that_a_step_of_the_recording_fails(
    step, name, library, monkeypatch
):
    make = made_by(name, library)

    assert_same(make, break_tracer=lambda _: monkeypatch.setattr(Recording, step, broken))


@pytest.mark.parametrize("library", LIBRARIES)
def test_fault_01_an_app_does_not_notice_that_the_host_cannot_read_the_stack(library):
    make = made_by("hooks_of_all_kinds", library)

    def break_it(recorder):
        recorder.host.contexts = recorder.host.groups = broken

    traces = assert_same(make, break_tracer=break_it)

    assert all(item.partial for item in traces)


def test_fault_01_what_fails_ten_times_a_minute_is_switched_off_with_one_line(caplog):
    app = flasktrace.Flask("x")
    app.add_url_rule("/", "index", lambda: "fine")
    tracer = flasktrace.Tracer(app, enabled=True, store="memory:")
    tracer.recorder.host.contexts = tracer.recorder.host.groups = broken
    client = app.test_client()

    for _ in range(30):
        assert client.get("/").text == "fine"

    off = [line for line in caplog.messages if "is off now" in line]
    assert len(off) == len(tracer.recorder.guard.off)
    assert tracer.recorder.guard.errors["call started"] == 10
    tracer.uninstall()


def test_a_log_handler_that_raises_does_not_reach_the_app(monkeypatch):
    guard = Guard(clock=lambda: 0.0)
    monkeypatch.setattr("flasktrace.trace.record.guard._log.error", broken)

    for _ in range(20):
        guard.failed("part", ValueError())

    assert guard.errors == {"part": 20}
    assert guard.off == {"part"}


def test_a_list_under_wsgiref_still_gets_its_length():
    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"hello"]

    def served(wsgi):
        environ, out = {}, io.BytesIO()
        wsgiref.util.setup_testing_defaults(environ)
        handler = wsgiref.handlers.SimpleHandler(io.BytesIO(), out, io.StringIO(), environ)
        handler.run(wsgi)
        return out.getvalue()

    assert served(flasktrace.wrap(app, enabled=True, store="memory:")) == served(app)
    assert b"Content-Length: 5" in served(app)


def test_a_file_for_the_server_is_handed_on_itself():
    class FileWrapper:
        def __iter__(self):
            yield b"file"

    made = FileWrapper()

    def app(environ, start_response):
        start_response("200 OK", [("Content-Length", "4")])
        return made

    traced = flasktrace.wrap(app, enabled=True, store="memory:")
    with flasktrace.capture(traced) as traces:
        result = traced({"wsgi.file_wrapper": FileWrapper}, lambda *_args: None)

    assert result is made
    assert traces.last.response.bytes == 4


def test_response_headers_are_added_when_asked_for():
    def app(environ, start_response):
        start_response("200 OK", [("A", "1")])
        return []

    traced = flasktrace.wrap(app, enabled=True, store="memory:", response_headers=True)
    with flasktrace.capture(traced) as traces:
        seen = []
        traced({}, lambda *args: seen.append(args))

    assert seen == [("200 OK", [("A", "1"), ("X-Flasktrace-Id", traces.last.id)])]


def test_recorder_names_in_the_breaking_tests_exist():
    assert all(
        hasattr(Recorder, step) or step in {"describe", "sink"} for step in STEPS["recorder"]
    )


def test_fault_53_an_error_of_a_signal_handler_goes_through_the_tracers_own_code():
    def late(_number, _frame):
        raise TimeoutError("too late")

    def app(environ, start_response):
        with flasktrace.span("busy"):
            pass
        start_response("200 OK", [])
        return [b"never"]

    traced = flasktrace.wrap(app, enabled=True, store="memory:")
    describe = tracer_of(traced).recorder.describe
    name = describe.name
    describe.name = lambda value: signal.raise_signal(signal.SIGUSR1) or name(value)
    before = signal.signal(signal.SIGUSR1, late)
    try:
        with pytest.raises(TimeoutError):
            traced({}, lambda *_args: None)
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_fault_52_an_event_while_the_tracer_works_bends_no_time():
    def app(environ, start_response):
        with flasktrace.span("work"):
            time.sleep(0.001)
        start_response("200 OK", [])
        return []

    traced = flasktrace.wrap(app, enabled=True, store="memory:")
    describe = tracer_of(traced).recorder.describe
    name = describe.name

    def collecting(value):
        """Do what a collection in the midst of the tracer's own work does."""
        if value == "work":
            flasktrace.event("collected")
        else:
            time.sleep(0.003)
        return name(value)

    describe.name = collecting
    with flasktrace.capture(traced) as traces:
        list(traced({}, lambda *_args: None))

    assert_times_are_possible(traces.last)


@pytest.mark.parametrize("name", ["plain_list", "fault_09_by_write", "fault_11_a_body_for_head"])
def test_a_traced_app_keeps_to_the_protocol(name):
    """The validator of the standard library raises when a wrapper breaks PEP 3333."""
    function, asks = RAW_APPS[name]

    def typed(environ, start_response):
        def start(status, headers):
            return start_response(status, [*headers, ("Content-Type", "text/plain")])

        return function(environ, start)

    for wanted in asks:
        answers = [
            ask(validator(app), replace(wanted, environ={"QUERY_STRING": ""}))
            for app in (typed, flasktrace.wrap(typed, enabled=True, store="memory:"))
        ]
        assert answers[0]["error"] is answers[1]["error"] is None
        assert answers[0]["chunks"] == answers[1]["chunks"]
