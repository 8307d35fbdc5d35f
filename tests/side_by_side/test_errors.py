"""Which handler answers for which error, and what is said without one."""

import pytest
from werkzeug.exceptions import (
    BadRequest,
    Forbidden,
    HTTPException,
    InternalServerError,
    MethodNotAllowed,
    NotFound,
    default_exceptions,
)
from werkzeug.routing import RequestRedirect

from tests.side_by_side.harness import same, same_value


class Teapot(HTTPException):
    code = 418
    description = "short & stout"


class Odd(HTTPException):
    code = 599


class Quiet(NotFound):
    pass


class Lost(LookupError):
    pass


class Both(KeyError, ValueError):
    pass


RAISED = {
    "key": KeyError("k"),
    "lost": Lost("l"),
    "both": Both("b"),
    "zero": ZeroDivisionError("z"),
    "teapot": Teapot(),
    "odd": Odd(),
    "quiet": Quiet(),
    "notfound": NotFound("text & more"),
    "forbidden": Forbidden(),
    "bad": BadRequest(),
    "server": InternalServerError(),
    "server-original": InternalServerError(original_exception=KeyError("o")),
    "method": MethodNotAllowed(["GET", "PUT"]),
    "redirect": RequestRedirect("http://localhost/x"),
    "nocode": HTTPException("no code"),
    "own": HTTPException(response=None),
    "exit": SystemExit(3),
}
PATHS = [f"/{name}" for name in RAISED if name != "exit"]


def raising(f, said=None):
    app = f.Flask("app")

    @app.route("/<name>")
    def view(name):
        if name in RAISED:
            # Without the frames of each time that it was raised before.
            raise RAISED[name].with_traceback(None)
        return f.abort(404)

    return app


def handled(*kinds):
    def build(f, said):
        app = raising(f)
        for kind in kinds:

            def handler(error, kind=kind):
                original = getattr(error, "original_exception", None)
                said.append((str(kind), type(error).__name__, type(original).__name__))
                return f"handled {kind}", 400

            app.register_error_handler(kind, handler)
        return app

    return build


def test_errors_without_handlers_are_answered_alike():
    same(raising, *PATHS, "/unknown", "/", "POST /key")


@pytest.mark.parametrize(
    "kinds",
    [
        (404,),
        (500,),
        (418,),
        (405,),
        (308,) if 308 in default_exceptions else (400,),
        (Exception,),
        (HTTPException,),
        (LookupError,),
        (KeyError, LookupError),
        (ValueError, KeyError),
        (ValueError,),
        (NotFound,),
        (Quiet,),
        (404, HTTPException),
        (HTTPException, Exception),
        (404, NotFound, Quiet),
        (Quiet, 404),
        (InternalServerError, Exception),
        (InternalServerError,),
        (500, KeyError),
        (Teapot, Odd),
        (RequestRedirect,),
        (Forbidden, 403, BadRequest),
        (ZeroDivisionError, ArithmeticError),
    ],
    ids=str,
)
def test_the_same_handler_is_chosen(kinds):
    same(handled(*kinds), *PATHS, "/unknown", "/", "POST /key")


@pytest.mark.parametrize("setting", ["DEBUG", "TESTING", "PROPAGATE_EXCEPTIONS"])
def test_unhandled_errors_leave_the_app_alike(setting):
    def build(f, said):
        app = handled(500, ValueError)(f, said)
        app.config[setting] = True
        return app

    same(build, *PATHS)


def test_testing_can_keep_errors_in():
    def build(f, said):
        app = handled(500)(f, said)
        app.config.update(TESTING=True, PROPAGATE_EXCEPTIONS=False)
        return app

    same(build, *PATHS)


@pytest.mark.parametrize("setting", ["TRAP_HTTP_EXCEPTIONS", "TRAP_BAD_REQUEST_ERRORS"])
def test_http_errors_can_be_trapped(setting):
    for kinds in ((), (404,), (Exception,), (BadRequest,), (500,)):

        def build(f, said, kinds=kinds):
            app = handled(*kinds)(f, said)
            app.config[setting] = True
            return app

        same(build, *PATHS)


def test_a_handler_may_return_anything_a_view_may():
    def build(f):
        app = raising(f)
        app.register_error_handler(404, lambda error: {"error": error.code})
        app.register_error_handler(KeyError, lambda error: ("text", 201, {"X-A": "1"}))
        app.register_error_handler(403, lambda error: error)
        app.register_error_handler(400, lambda error: error.get_response())
        app.register_error_handler(418, lambda error: None)
        app.register_error_handler(ZeroDivisionError, lambda error: f.redirect("/"))
        return app

    same(build, *PATHS)


def test_a_handler_may_fail():
    def build(f, said):
        app = raising(f)
        app.register_error_handler(404, lambda error: 1 / 0)
        app.register_error_handler(KeyError, lambda error: f.abort(404))
        app.register_error_handler(ZeroDivisionError, lambda error: said.append("zero") or "zero")
        app.register_error_handler(403, lambda error: f.abort(409))
        return app

    same(build, *PATHS)


def test_a_handler_of_500_may_fail():
    def build(f):
        app = raising(f)
        app.register_error_handler(500, lambda error: 1 / 0)
        return app

    same(build, "/key", "/server")


def test_hooks_see_the_answers_of_handlers():
    def build(f, said):
        app = handled(404, KeyError, 500)(f, said)

        @app.after_request
        def note(response):
            said.append((response.status_code, response.get_data()))
            return response

        app.teardown_request(lambda exc: said.append(type(exc).__name__))
        return app

    same(build, *PATHS)


def test_errors_in_hooks_are_handled_too():
    def build(f, said):
        app = handled(KeyError)(f, said)
        app.before_request(lambda: {}["x"] if f.request.args else None)
        return app

    same(build, "/zero?x=1", "/zero", "/unknown?x=1")


def test_responses_in_exceptions_go_out_as_they_are():
    def build(f):
        app = f.Flask("app")

        @app.route("/")
        def index():
            f.abort(f.Response("own answer", 418, {"X-A": "1"}))

        @app.errorhandler(HTTPException)
        def handle(error):
            return f"never {error.code}", 200

        return app

    same(build, "/", "/lost")


@pytest.mark.parametrize(
    "kind", [999, 200, "404", KeyError("x"), NotFound(), int, None, object, BaseException, 3.5, ()]
)
def test_wrong_kinds_are_refused(kind):
    same_value(lambda f: f.Flask("app").register_error_handler(kind, print))
    same_value(lambda f: f.Flask("app").errorhandler(kind)(print))


def test_a_debug_form_error_shows_the_key():
    def build(f):
        app = f.Flask("app")
        app.config.update(DEBUG=True, TRAP_BAD_REQUEST_ERRORS=False)
        app.add_url_rule("/", "index", lambda: f.request.form["name"], methods=["POST"])
        return app

    same(build, "POST /")


def test_aborters_of_the_app_are_used():
    def build(f):
        app = f.Flask("app")
        app.aborter.mapping[418] = Teapot
        app.add_url_rule("/<int:code>", "index", f.abort)
        return app

    same(build, "/418", "/404", "/299", "/500")
