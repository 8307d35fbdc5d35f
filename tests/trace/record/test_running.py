"""Which requests are not over, where they are, and which will never end."""

import json
import threading
from contextlib import contextmanager
from datetime import datetime

import flask
import pytest

import flasktrace
from flasktrace import span
from flasktrace.trace.tracer import Tracer
from tests.trace.record.same import Ask, ask
from tests.trace.record.test_recorder import Clock

LIBRARIES = {"flasktrace": flasktrace, "flask": flask}
both = pytest.mark.parametrize("lib", LIBRARIES.values(), ids=LIBRARIES)
MINUTE = 60 * 1_000_000_000


@pytest.fixture
def watch():
    """Return what makes a tracer of an app, with all traces in memory."""
    made = []

    def make(app, **options):
        made.append(Tracer(app, enabled=True, store="memory:", dashboard=False, **options))
        return made[-1]

    yield make
    for tracer in made:
        tracer.uninstall()


class Stop:
    """A place at which a request waits until it was looked at."""

    def __init__(self):
        self.reached, self.go = threading.Event(), threading.Event()

    def wait(self):
        self.reached.set()
        self.go.wait(5)


@contextmanager
def asking(app, stop, path="/"):
    thread = threading.Thread(target=ask, args=(app, Ask(path)), name="Server-1")
    thread.start()
    try:
        assert stop.reached.wait(5)
        yield thread
    finally:
        stop.go.set()
        thread.join()


@both
def test_a_request_that_hangs_tells_where(lib, watch):
    stop = Stop()
    app = lib.Flask("x")

    @app.route("/slow")
    def slow():
        with span("work"):
            wait_for_it()
        return "x"

    def wait_for_it():
        stop.wait()

    tracer = watch(app)
    with asking(app, stop, "/slow?page=2") as thread:
        (item,) = tracer.in_flight()
        assert tracer.health()["in_flight"] == 1

    assert json.loads(json.dumps(item)) == item
    assert (item["method"], item["path"], item["stage"]) == ("GET", "/slow", "dispatch")
    assert item["doing"].startswith("view slow (test_running.py:")
    assert (item["thread"], item["ident"]) == ("Server-1", thread.ident)
    assert datetime.fromisoformat(item["since"]).tzinfo is not None
    assert item["for_ns"] > 0
    names = [line.partition(" (")[0] for line in item["stack"]]
    assert names[-3:] == ["wait", "wait", "wait"]  # of Stop, Event and Condition
    assert names.index("slow") < names.index("wait_for_it")
    own = ("recorder.py", "gateway.py", "signals.py", "recording.py")
    assert not [line for line in item["stack"] if any(file in line for file in own)]
    assert "ask" not in names  # the server's frames are none of the request's
    assert tracer.in_flight() == []
    assert tracer.store.count() == 1


@both
def test_a_hook_that_hangs_is_named(lib, watch):
    stop = Stop()
    app = lib.Flask("x")
    app.before_request(stop.wait)
    tracer = watch(app)

    with asking(app, stop):
        (item,) = tracer.in_flight()

    assert item["stage"] == "preprocess"
    assert item["doing"].startswith("before_request wait (test_running.py:")


@both
def test_a_body_that_hangs_is_no_stage(lib, watch):
    stop = Stop()
    app = lib.Flask("x")

    @app.route("/")
    def index():
        def parts():
            yield "one"
            stop.wait()
            yield "two"

        return lib.Response(parts())

    tracer = watch(app)
    with asking(app, stop):
        (item,) = tracer.in_flight()

    assert (item["stage"], item["doing"]) == ("body", None)
    assert any(line.startswith("parts (test_running.py:") for line in item["stack"])


@both
def test_a_long_stack_is_cut_to_its_innermost_lines(lib, watch):
    stop = Stop()
    app = lib.Flask("x")

    @app.route("/")
    def index():
        return deep(50)

    def deep(left):
        if left:
            return deep(left - 1)
        stop.wait()
        return "x"

    tracer = watch(app)
    with asking(app, stop):
        (item,) = tracer.in_flight()

    assert len(item["stack"]) == 30
    assert item["stack"][0].startswith("deep (")


@both
def test_secrets_in_the_path_stay_secret(lib, watch):
    stop = Stop()
    app = lib.Flask("x")

    @app.route("/reset/<token>")
    def reset(token):
        stop.wait()
        return "x"

    tracer = watch(app)
    with asking(app, stop, "/reset/a1b2c3d4e5f6"):
        (item,) = tracer.in_flight()

    assert "a1b2c3d4e5f6" not in json.dumps(item)
    assert item["path"].startswith("/reset/")


@both
def test_the_thread_that_asks_is_not_taken_for_the_request_it_left(lib, watch):
    app = lib.Flask("x")
    app.add_url_rule("/", "index", lambda: lib.Response(iter(["one", "two"])))
    tracer = watch(app)
    result = answer(app)

    (item,) = tracer.in_flight()

    assert (item["stage"], item["stack"]) == ("body", [])
    result.close()


@both
def test_a_body_that_hangs_when_it_is_closed_tells_where(lib, watch):
    stop = Stop()
    app = lib.Flask("x")

    @app.route("/")
    def index():
        response = lib.Response("x")
        response.call_on_close(stop.wait)
        return response

    tracer = watch(app)
    with asking(app, stop):
        (item,) = tracer.in_flight()

    assert item["stage"] == "body"
    assert any(line.startswith("wait (test_running.py:") for line in item["stack"])


@both
def test_a_request_within_another_tells_its_own_part_of_the_stack(lib, watch):
    stop = Stop()
    app = lib.Flask("x")
    app.add_url_rule("/inner", "inner", stop.wait)

    @app.route("/")
    def outer():
        return app.test_client().get("/inner").text

    tracer = watch(app)
    with asking(app, stop):
        around, within = tracer.in_flight()

    def names(item):
        return [line.partition(" (")[0] for line in item["stack"]]

    assert names(around)[-len(names(within)) :] == names(within)
    assert "outer" in names(around)
    assert "outer" not in names(within)


def test_a_tracer_that_is_off_has_nothing_running():
    assert Tracer(flasktrace.Flask("x"), enabled=False).in_flight() == []


# What will never end


def answer(app):
    """Call the app as a server that then forgets to go on."""
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "SERVER_NAME": "x", "SERVER_PORT": "80"}
    environ |= {"wsgi.url_scheme": "http", "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.input": None}
    return app.wsgi_app(environ, lambda *_args: None)


@pytest.fixture
def stalled(request, watch):
    """Return a tracer with a clock, and the body of a response that it waits for."""

    def make(lib):
        app = lib.Flask("x")
        app.add_url_rule("/", "index", lambda: lib.Response(iter(["one", "two"])))
        tracer = watch(app)
        clock = Clock()
        tracer.recorder.clock = clock
        tracer.recorder.disconnect()
        tracer.recorder.connect(app)  # its receivers have to have the clock too
        return tracer, clock, answer(app)

    return make


@both
@pytest.mark.parametrize("look", ["health", "in_flight"])
def test_a_body_that_nobody_begins_to_read_is_abandoned(lib, look, stalled):
    tracer, clock, body = stalled(lib)

    clock.now += 4 * MINUTE
    getattr(tracer, look)()
    assert tracer.store.count() == 0
    clock.now += 2 * MINUTE
    getattr(tracer, look)()

    (summary,) = tracer.store.page().summaries
    assert summary.outcome == "abandoned"
    assert summary.duration_ns < MINUTE  # of the wait nothing is known
    assert tracer.recorder.live == {}
    assert list(body) == [b"one", b"two"]
    body.close()
    assert tracer.store.count() == 1


@both
def test_a_body_that_is_read_slowly_is_not_abandoned(lib, stalled):
    tracer, clock, body = stalled(lib)
    next(body)

    clock.now += 60 * MINUTE

    assert len(tracer.in_flight()) == 1
    body.close()


def test_a_request_that_takes_long_is_not_abandoned(watch):
    stop, clock = Stop(), Clock()
    app = flasktrace.Flask("x")
    app.add_url_rule("/", "index", stop.wait)
    tracer = watch(app)
    tracer.recorder.clock = clock

    with asking(app, stop):
        clock.now += 60 * MINUTE
        assert len(tracer.in_flight()) == 1
