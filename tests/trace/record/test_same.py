import io
import wsgiref.handlers
import wsgiref.util

import flask
import pytest

import flasktrace
from flasktrace.trace.record.guard import Guard
from flasktrace.trace.record.recorder import Recorder
from flasktrace.trace.record.recording import Recording
from tests.trace.record.apps import FRAMEWORK_APPS, RAW_APPS, Hostile
from tests.trace.record.same import assert_same

LIBRARIES = {"flasktrace": flasktrace, "flask": flask}


AT_ITS_LIMIT = "a_deep_recursion"
"""Where the app has no room left, the tracer has none either."""


def case(name, library):
    make, lib = FRAMEWORK_APPS[name], LIBRARIES[library]
    return (lambda notes: make(lib, notes)[0]), make(lib, [])[1]


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("name", [name for name in FRAMEWORK_APPS if name != AT_ITS_LIMIT])
def test_an_app_of_a_framework_does_not_notice_the_tracer(name, library):
    make, asks = case(name, library)
    Hostile.calls = 0

    traces = assert_same(make, asks)

    assert len([item for item in traces if item.parent is None]) == len(asks)
    assert not any(item.partial for item in traces)
    assert Hostile.calls == 0


@pytest.mark.parametrize("library", LIBRARIES)
def test_an_app_at_the_limit_of_recursion_does_not_notice_the_tracer(library):
    make, asks = case(AT_ITS_LIMIT, library)

    assert_same(make, asks, break_tracer=lambda _recorder: None)


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("name", ["streams", "hooks_of_all_kinds", "body_is_read_in_many_ways"])
def test_an_app_does_not_notice_that_bodies_are_captured(name, library, monkeypatch):
    make, asks = case(name, library)
    monkeypatch.setattr("tests.trace.record.same.comparable", without_input)

    traces = assert_same(make, asks, capture_body=True)

    assert not any(item.partial for item in traces)


def without_input(seen):
    return {key: seen[key] for key in ("starts", "chunks", "taken", "logs", "keys")}


@pytest.mark.parametrize("name", RAW_APPS)
def test_any_wsgi_app_does_not_notice_the_tracer(name):
    function, asks = RAW_APPS[name]

    traces = assert_same(lambda _notes: lambda *args: function(*args), asks)  # noqa: PLW0108

    assert len(traces) == len(asks)
    assert not any(item.partial for item in traces)


STEPS = {
    "recorder": [
        "_adopted",
        "_gaze",
        "_changed",
        "_see_exception",
        "_outcome",
        "_see_response",
        "_stage_answered",
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
@pytest.mark.parametrize("name", ["hooks_of_all_kinds", "hooks_raise", "streams"])
def test_an_app_does_not_notice_that_a_step_of_the_recorder_fails(step, name, library):
    make, asks = case(name, library)

    def break_it(recorder):
        setattr(recorder, step, broken)

    assert_same(make, asks, break_tracer=break_it)


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("step", ["has_room", "event", "enter", "leave"])
@pytest.mark.parametrize("name", ["hostile_values", "hooks_raise", "streams"])
def test_an_app_does_not_notice_that_a_step_of_the_recording_fails(
    step, name, library, monkeypatch
):
    make, asks = case(name, library)

    assert_same(make, asks, break_tracer=lambda _: monkeypatch.setattr(Recording, step, broken))


@pytest.mark.parametrize("library", LIBRARIES)
def test_an_app_does_not_notice_that_the_host_cannot_read_the_stack(library):
    make, asks = case("hooks_of_all_kinds", library)

    def break_it(recorder):
        recorder.host.contexts = broken

    traces = assert_same(make, asks, break_tracer=break_it)

    assert all(item.partial for item in traces)


def test_what_fails_ten_times_a_minute_is_switched_off_with_one_line(caplog):
    app = flasktrace.Flask("x")
    app.add_url_rule("/", "index", lambda: "fine")
    tracer = flasktrace.Tracer(app, enabled=True, store="memory:")
    tracer.recorder.host.contexts = broken
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
