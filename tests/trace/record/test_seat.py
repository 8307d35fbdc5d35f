"""Whoever asks for its caller finds the framework's, traced or not."""

import logging
import sys
import warnings

import flask
import pytest

import flasktrace
from flasktrace.trace.record.seat import seat
from tests.trace.record.same import Ask, ask


def caller_of(*args, **kwargs):
    frame = sys._getframe(1)
    return frame.f_code.co_filename, frame.f_code.co_name, frame.f_lineno, args, kwargs


def test_a_seat_looks_like_the_caller():
    frame = sys._getframe()
    made, line = seat(frame), frame.f_lineno

    assert made(caller_of, (1,), {"two": 2}) == (
        *(__file__, "test_a_seat_looks_like_the_caller", line),
        *((1,), {"two": 2}),
    )


def test_there_is_one_seat_for_each_place():
    def place():
        return seat(sys._getframe(1))

    first, second = place(), place()
    assert first is not second
    assert len({place() for _ in range(3)}) == 1


@pytest.mark.parametrize("lib", [flasktrace, flask], ids=["flasktrace", "flask"])
def test_filters_of_warnings_find_the_same_module(lib):
    app = lib.Flask("x")

    @app.route("/")
    def index():
        warnings.warn("the view is old", DeprecationWarning, stacklevel=2)
        return "fine"

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", module=rf"{lib.__name__}\.app")
        untraced = app.test_client().get("/").status_code
        with flasktrace.capture(app):
            traced = app.test_client().get("/").status_code

    assert (untraced, traced) == (200, 200)


@pytest.mark.parametrize("lib", [flasktrace, flask], ids=["flasktrace", "flask"])
def test_a_log_record_tells_of_the_same_caller(lib, caplog):
    app, logger = lib.Flask("x"), logging.getLogger("who asks for callers")
    app.add_url_rule("/", "index", lambda: logger.warning("who?", stacklevel=2) or "fine")

    with caplog.at_level(logging.WARNING, logger.name):
        ask(app, Ask())
        with flasktrace.capture(app):
            ask(app, Ask())

    untraced, traced = (
        (record.pathname, record.funcName, record.lineno)
        for record in caplog.records
        if record.name == logger.name
    )
    assert untraced == traced


def test_a_seat_is_no_frame_of_an_exception():
    app = flask.Flask("x")

    @app.route("/")
    def index():
        return {}["gold"]

    with flasktrace.capture(app) as traces:
        ask(app, Ask(status=500))

    assert [frame.function for frame in traces.last.exception.frames] == ["index"]
