"""Whoever answers says so in the body: the verdict has to say the same, wherever it went wrong."""

import flask
import pytest
from werkzeug.exceptions import HTTPException

import flasktrace
from tests.trace.record.same import Ask, ask

LIBRARIES = {"flasktrace": flasktrace, "flask": flask}
PLACES = "before", "view", "after", "after once", "after this", "handler"
HANDLERS = {
    "none": None,
    "500": 500,
    "409": 409,
    "any": Exception,
    "any of HTTP": HTTPException,
    "this": LookupError,
}


def aborting(lib):
    lib.abort(409)


def aborting_with_a_response(lib):
    lib.abort(lib.Response("nobody", 409))


def aborting_with_500(lib):
    lib.abort(500)


def raising(_lib):
    raise LookupError("nothing there")


def made(lib, place, fail, handler):
    app = lib.Flask("x")
    ran = []

    def at(*places):
        if place in places:
            fail(lib)

    @app.before_request
    def before():
        at("before")

    @app.after_request
    def after(response):
        at("after")
        if not ran:
            ran.append(1)
            at("after once")
        return response

    @app.route("/")
    def view():
        if place == "after this":
            lib.after_this_request(lambda _response: fail(lib))
        if place == "handler":
            raise ZeroDivisionError
        at("view")
        return "view"

    @app.errorhandler(ZeroDivisionError)
    def first(_error):
        fail(lib)

    if handler is not None:
        app.register_error_handler(handler, lambda _error: ("handler", 599))
    return app


@pytest.mark.parametrize("lib", LIBRARIES.values(), ids=LIBRARIES)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "fail",
    [aborting, aborting_with_a_response, aborting_with_500, raising],
    ids=lambda f: f.__name__,
)
def test_the_verdict_names_who_answered(lib, place, fail):
    for name, handler in HANDLERS.items():
        app = made(lib, place, fail, handler)
        with flasktrace.capture(app) as traces:
            response = app.test_client().get("/")
        trace = traces.last
        answered = response.text == "handler"

        told = (name, response.status, trace.verdict)
        assert trace.verdict.startswith(str(response.status_code)), told
        assert ("the error handler <lambda>" in trace.verdict) == answered, told
        assert not (answered and "no handler for it" in trace.verdict), told
        if trace.exception is not None and answered:
            assert trace.exception.handled_by.startswith("<lambda> (test_who_answered.py:"), told


@pytest.mark.parametrize("lib", LIBRARIES.values(), ids=LIBRARIES)
def test_stages_that_a_failing_handler_kept_from_running_say_so(lib):
    app = lib.Flask("x")
    app.config["PROPAGATE_EXCEPTIONS"] = True

    @app.route("/")
    def view():
        lib.abort(418)

    @app.errorhandler(418)
    def teapot(_error):
        raise LookupError("no tea")

    with flasktrace.capture(app) as traces, pytest.raises(LookupError):
        app.test_client().get("/")
    trace = traces.last

    for name in ("make_response", "postprocess"):
        assert trace.stage(name).skipped.startswith("the error handler teapot (")
        assert trace.stage(name).skipped.endswith(") raised LookupError")
    assert ", which handled ImATeapot, left the app, as PROPAGATE_" in trace.verdict


@pytest.mark.parametrize("lib", LIBRARIES.values(), ids=LIBRARIES)
@pytest.mark.parametrize("fail", [aborting, raising], ids=["an HTTP error", "another"])
def test_a_handler_of_what_went_wrong_in_the_end_got_a_500(lib, fail):
    app = made(lib, "after once", fail, Exception)
    with flasktrace.capture(app) as traces:
        ask(app, Ask("/", status=599))

    [handler] = [item for item in traces.last.spans if item.kind == "error_handler"]
    assert handler.attributes["why"] == (
        "handles Exception of the app, a base of InternalServerError; "
        "an exception that nobody handles becomes a 500"
    )


@pytest.mark.parametrize("lib", LIBRARIES.values(), ids=LIBRARIES)
def test_a_handler_that_the_app_found_in_its_own_way_is_named_when_its_answer_breaks(lib):
    """Nobody can tell why that one was chosen; it is known all the same that it got a 500."""

    class Own(lib.Flask):
        def _find_error_handler(self, *_arguments):
            return mine

    def mine(_error):
        return "handler", 500

    app = Own("x")
    app.add_url_rule("/", "view", lambda: "view")

    @app.after_request
    def after(_response):
        raise LookupError

    with flasktrace.capture(app) as traces:
        assert app.test_client().get("/").text == "handler"

    assert "the error handler mine (" in traces.last.verdict
    assert traces.last.exception.handled_by.startswith("mine (")
