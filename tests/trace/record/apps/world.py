"""Apps that do something to the process: its clock, its signals, its memory."""

import random
import signal
import sys
import threading
import time
import unittest.mock
import warnings
from contextlib import contextmanager

import flasktrace
from tests.trace.record.apps.registry import app_for_both, wrapped_with, wsgi
from tests.trace.record.same import BOOM, LEFT, Ask


@contextmanager
def handled(number, handler):
    before = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, before)


@app_for_both
def fault_53_a_signal_ends_the_worker(lib, notes):
    app = lib.Flask("signals")

    def leave(number, frame):
        notes.append(number)
        raise SystemExit(1)

    @app.route("/")
    def index():
        with handled(signal.SIGUSR1, leave), flasktrace.span("working"):
            signal.raise_signal(signal.SIGUSR1)
        return "never"

    app.teardown_request(lambda error: notes.append(type(error)))
    return app, [Ask(status=None, outcome="exit")]


@app_for_both
def what_asks_for_its_caller(lib, notes):
    app = lib.Flask("callers")

    def who(name):
        """As decorators for what is deprecated do: the caller of the caller of this is told."""
        warnings.warn(f"{name} is old", FutureWarning, stacklevel=3)
        app.logger.warning("%s is old", name, stacklevel=3)
        caller = sys._getframe(2)
        code = caller.f_code
        notes.append((caller.f_globals["__name__"], code.co_filename, code.co_qualname))
        notes.append((name, caller.f_lineno))

    @app.url_value_preprocessor
    def values(endpoint, found):
        who("values")

    @app.before_request
    def before():
        who("before")

    @app.after_request
    def after(response):
        who("after")
        return response

    @app.teardown_request
    def teardown(error):
        who("teardown")

    @app.teardown_appcontext
    def at_last(error):
        who("at last")

    @app.context_processor
    def names():
        who("names")
        return {}

    @app.errorhandler(LookupError)
    def sorry(error):
        who("sorry")
        return "sorry", 404

    @app.route("/")
    def index():
        who("index")
        return lib.render_template_string("index")

    @app.route("/lost")
    def lost():
        who("lost")
        raise LookupError

    class Own(type(app.session_interface)):
        def save_session(self, *args):
            who("save")
            return super().save_session(*args)

    app.session_interface, app.secret_key = Own(), "key"
    return app, [Ask(), Ask("/lost", status=404)]


@app_for_both
def fault_53_an_alarm_that_the_app_catches(lib, notes):
    app = lib.Flask("alarm")

    def late(number, frame):
        raise TimeoutError("too late")

    @app.route("/")
    def index():
        with handled(signal.SIGALRM, late):
            signal.setitimer(signal.ITIMER_REAL, 0.05)  # not while the span begins
            try:
                with flasktrace.span("busy"):
                    time.sleep(5)
            except TimeoutError:
                return "in time", 503

    return app, [Ask(status=503)]


@wsgi
def fault_53_interrupted_while_streaming(notes):
    def stop(number, frame):
        raise KeyboardInterrupt

    def app(environ, start_response):
        start_response("200 OK", [])
        yield b"one"
        with handled(signal.SIGUSR1, stop):
            signal.raise_signal(signal.SIGUSR1)
        yield b"never"

    return app, [Ask(outcome="interrupted")]


@app_for_both
def fault_55_the_clock_is_turned_back(lib, notes):
    app = lib.Flask("clock")
    clock = iter(range(1_000_000_000, 0, -1000))

    @app.route("/")
    def index():
        with (
            unittest.mock.patch("time.time", side_effect=lambda: next(clock)),
            unittest.mock.patch("time.monotonic", side_effect=lambda: -float(next(clock))),
            unittest.mock.patch("time.perf_counter", return_value=0.0),
        ):
            for _ in range(3):
                with flasktrace.span("work"):
                    notes.append(time.time())
        return "back"

    return app, [Ask(), Ask()]


@app_for_both
def fault_55_the_clock_stands_still(lib, notes):
    app = lib.Flask("frozen")
    still = unittest.mock.patch.multiple(
        "time", time=lambda: 0.0, perf_counter_ns=lambda: 0, time_ns=lambda: 0
    )
    app.before_request(lambda: still.start() and None)
    app.teardown_request(lambda error: still.stop())
    app.add_url_rule("/", "index", lambda: str(time.time_ns()))
    return app, [Ask(), Ask()]


class Thing:
    """Something that weak references can point to."""


class Refused(Exception):
    """What weak references can point to, other than a KeyError."""


@app_for_both
def fault_56_nothing_of_a_request_outlives_it(lib, notes):
    app = lib.Flask("leaks")
    app.secret_key = "key"

    def watch(name, proxy):
        notes.watch(name, proxy._get_current_object())

    @app.before_request
    def load():
        lib.g.thing = Thing()
        notes.watch("thing", lib.g.thing)
        for name in ("request", "session", "g"):
            watch(name, getattr(lib, name))

    @app.after_request
    def after(response):
        notes.watch("response", response)
        return response

    @app.route("/")
    def index():
        lib.session["user"] = "ada"
        with flasktrace.span("work", thing=lib.g.thing):
            return lib.render_template_string("{{ g.thing }}"[:0])

    @app.route("/stream")
    def stream():
        return lib.Response(part for part in (b"a", b"b"))

    @app.route("/fail")
    def fail():
        error = Refused(Thing())
        notes.watch("error", error)
        raise error

    app.errorhandler(Refused)(lambda error: ("caught", 400))
    return app, [
        Ask(),
        Ask("/stream"),
        Ask("/stream", chunks=1, outcome=LEFT),
        Ask("/stream", close=False, chunks=1, outcome="abandoned"),
        Ask("/fail", status=400),
        Ask("/none", status=404),
    ]


@wsgi
def fault_56_nothing_of_a_body_outlives_it(notes):
    class Body:
        def __iter__(self):
            yield b"one"
            yield b"two"

    def app(environ, start_response):
        body, thing = Body(), Thing()
        environ["app.thing"] = thing
        notes.watch("body", body)
        notes.watch("thing", thing)
        start_response("200 OK", [])
        return body

    return app, [
        Ask(),
        Ask(chunks=1, outcome=LEFT),
        Ask(chunks=0, close=False, outcome="abandoned"),
    ]


@wsgi
def fault_56_nothing_of_an_escaped_error_outlives_it(notes):
    def app(environ, start_response):
        error = Refused("to go on")
        notes.watch("error", error)
        raise error

    return app, [Ask(status=None, outcome="error")]


@wrapped_with(sample=0.999999)
@wsgi
def numbers_drawn_at_random(notes):
    def app(environ, start_response):
        start_response("200 OK", [])
        notes.append(random.random())
        return []

    return app, [Ask(), Ask()]


@app_for_both
def the_depth_of_the_stack_is_the_apps(lib, notes):
    app = lib.Flask("depth")

    @app.route("/")
    def index():
        before = sys.getrecursionlimit()
        sys.setrecursionlimit(before + 1000)
        notes.append(sys.getrecursionlimit() - before)
        sys.setrecursionlimit(before)
        return threading.current_thread().name

    return app, [Ask()]


@app_for_both
def a_profile_of_a_view(lib, notes):
    app = lib.Flask("profile")

    def noted(frame, event, argument):
        if event == "call" and frame.f_code.co_name in {"inner", "index"}:
            notes.append(frame.f_code.co_name)

    @app.route("/")
    def index():
        def inner():
            raise BOOM

        sys.setprofile(noted)
        try:
            inner()
        finally:
            sys.setprofile(None)

    return app, [Ask(status=500, outcome="error")]


@wrapped_with(exclude=("/quiet*",))
@app_for_both
def paths_that_are_excluded(lib, notes):
    app = lib.Flask("excluded")
    app.add_url_rule("/<path:path>", "index", lambda path: path)
    return app, [Ask("/quiet/x", traced=False), Ask("/loud"), Ask("/quiet", traced=False)]


@wrapped_with(enabled=False)
@app_for_both
def fault_60_tracing_is_off(lib, notes):
    app = lib.Flask("off")
    app.add_url_rule("/", "index", lambda: "as ever")

    @app.before_request
    def look():
        notes.append(sorted({"wsgi_app", "dispatch_request", "ensure_sync"} & set(vars(app))))

    @app.route("/fail")
    def fail():
        raise BOOM

    return app, [Ask(traced=False), Ask("/fail", traced=False)]


@wrapped_with(enabled=False)
@wsgi
def fault_60_tracing_of_a_wsgi_app_is_off(notes):
    def app(environ, start_response):
        notes.append(environ is notes.environ)
        start_response("200 OK", [])
        return [b"as ever"]

    return app, [Ask(traced=False), Ask(chunks=0, traced=False)]
