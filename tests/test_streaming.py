"""Keeping the request while the body is made."""

import threading

import pytest

import flasktrace
from flasktrace import Flask
from flasktrace.globals import context_stack


def test_the_request_is_there_while_the_body_is_made():
    app = Flask("app")

    @app.route("/x")
    def x():
        @flasktrace.stream_with_context
        def body():
            yield flasktrace.request.path
            yield str(len(context_stack()))

        return body()

    assert "/x1" == app.test_client().get("/x").text
    assert () == context_stack()


def test_the_body_may_be_made_in_another_thread():
    app = Flask("app")
    with app.test_request_context("/x"):
        body = flasktrace.stream_with_context(flasktrace.request.path for _ in range(2))
    made = []
    thread = threading.Thread(target=lambda: made.extend(body))
    thread.start()
    thread.join()

    assert ["/x", "/x"] == made


def test_closing_early_closes_the_generator_in_its_context():
    app = Flask("app")
    steps = []

    def body():
        try:
            yield "a"
            yield "b"
        finally:
            steps.append(flasktrace.request.path)

    with app.test_request_context("/x"):
        held = flasktrace.stream_with_context(body())
    assert "a" == next(held)
    held.close()

    assert ["/x"] == steps
    assert () == context_stack()


def test_an_error_in_the_body_reaches_teardown():
    app = Flask("app")
    seen = []

    def body():
        yield "a"
        raise LookupError

    with app.test_request_context("/x"):
        held = flasktrace.stream_with_context(body())
    app.teardown_request(lambda exc: seen.append(type(exc)))
    with pytest.raises(LookupError):
        list(held)

    assert [LookupError] == seen


def test_outside_a_request_there_is_nothing_to_keep():
    with pytest.raises(RuntimeError, match="no request on top"):
        flasktrace.stream_with_context(iter("ab"))
