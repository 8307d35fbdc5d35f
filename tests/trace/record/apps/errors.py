"""Exceptions on their way through an app."""

import asyncio
import sys

import flasktrace
from tests.trace.record.apps.registry import app_for_both, incomplete
from tests.trace.record.same import BOOM, Ask
from tests.trace.record.same.server import lines


@app_for_both
def fault_02_view_raises(lib, notes):
    app = lib.Flask("raises")

    @app.errorhandler(KeyError)
    def on_key(error):
        return f"caught {error}", 400

    @app.route("/boom")
    def boom():
        raise BOOM

    @app.route("/key")
    def key():
        raise KeyError("k")

    @app.route("/abort/<int:code>")
    def aborts(code):
        lib.abort(code)

    return app, [
        Ask("/boom", status=500, outcome="error"),
        Ask("/key", status=400),
        Ask("/abort/404", status=404),
        Ask("/abort/418", status=418),
    ]


@app_for_both
def fault_02_exceptions_propagate(lib, notes):
    app, _ = fault_02_view_raises(lib, notes)
    app.config["PROPAGATE_EXCEPTIONS"] = True
    return app, [Ask("/boom", status=None, outcome="error"), Ask("/key", status=400)]


@app_for_both
def http_errors_are_trapped(lib, notes):
    app, _ = fault_02_view_raises(lib, notes)
    app.config["TRAP_HTTP_EXCEPTIONS"] = True
    app.testing = True
    return app, [Ask(path, status=None, outcome="error") for path in ("/abort/404", "/nowhere")]


@app_for_both
def handlers_raise(lib, notes):
    app = lib.Flask("raising handlers")

    @app.errorhandler(ValueError)
    def again(error):
        raise BOOM

    @app.errorhandler(KeyError)
    def other(error):
        lib.abort(409)

    @app.errorhandler(500)
    def last(error):
        return f"sorry: {type(error.original_exception).__name__}", 500

    @app.route("/<kind>")
    def index(kind):
        raise {"value": BOOM, "key": KeyError("k"), "other": OSError(2, "gone", "file")}[kind]

    return app, [Ask(path, status=500, outcome="error") for path in ("/value", "/key", "/other")]


@app_for_both
def hostile_exceptions(lib, notes):
    class Bad(Exception):
        def alarm(self, *_args):
            notes.append("touched")
            return "touched"

        __str__ = __repr__ = alarm
        args = property(alarm)

    app = lib.Flask("bad exceptions")

    @app.errorhandler(Bad)
    def on_bad(error):
        return "caught", 400

    @app.route("/")
    def index():
        raise Bad("x") from Bad("y")

    return app, [Ask(status=400)]


@app_for_both
@incomplete
def a_deep_recursion(lib, notes):
    app = lib.Flask("deep")

    def down(depth):
        with flasktrace.span("down"):
            return down(depth + 1)

    @app.route("/")
    def index():
        try:
            down(0)
        except RecursionError:
            return "too deep"

    return app, [Ask()]


@app_for_both
def fault_02_errors_with_causes_and_notes(lib, notes):
    app = lib.Flask("causes")

    @app.route("/from")
    def chained():
        try:
            {}["first"]
        except KeyError as error:
            raise BOOM from error

    @app.route("/group")
    def group():
        error = ExceptionGroup("many", [ValueError(1), ExceptionGroup("more", [OSError(2)])])
        error.add_note("a note")
        raise error

    @app.route("/circle")
    def circle():
        one, two = ValueError("one"), ValueError("two")
        one.__context__, two.__context__ = two, one
        raise one

    @app.errorhandler(Exception)
    def on_any(error):
        notes.append((type(error), type(error.__cause__), getattr(error, "__notes__", None)))
        return "caught", 400

    return app, [Ask(path, status=400) for path in ("/from", "/group", "/circle")]


@app_for_both
def fault_02_the_lines_of_a_traceback(lib, notes):
    app = lib.Flask("lines")

    def deep():
        raise BOOM

    @app.before_request
    def before():
        if lib.request.path == "/hook":
            deep()

    @app.route("/hook")
    @app.route("/view")
    def index():
        deep()

    @app.errorhandler(ValueError)
    def on_value(error):
        notes.append([name for name, _ in lines(error)])
        return "caught", 400

    @app.teardown_request
    def end(error):
        notes.append(error)

    return app, [Ask("/hook", status=400), Ask("/view", status=400)]


@app_for_both
def fault_02_one_error_raised_again_and_again(lib, notes):
    app = lib.Flask("again")

    @app.errorhandler(ValueError)
    def on_value(error):
        notes.append(error is BOOM)
        raise error

    @app.route("/")
    def index():
        try:
            raise BOOM
        except ValueError:
            notes.append("caught")
        raise BOOM

    return app, [Ask(status=500, outcome="error")]


@app_for_both
def fault_02_classes_of_errors_that_are_no_usual_ones(lib, notes):
    class Unequal(Exception):
        def __eq__(self, other):
            raise AssertionError("compared")

        __hash__ = None

    class Lying(Exception):
        __class__ = property(lambda self: 1 / 0)

    class Silent(Exception):
        def __getattribute__(self, name):
            if name in {"args", "code", "name", "description"}:
                notes.append(f"asked for {name}")
            return super().__getattribute__(name)

    kinds = {"stop": StopIteration(1), "cancel": asyncio.CancelledError(), "unequal": Unequal()}
    kinds |= {"big": ValueError("x" * 1_000_000), "silent": Silent("s"), "base": BaseException("b")}
    app = lib.Flask("kinds")

    @app.route("/<kind>")
    def index(kind):
        raise kinds[kind]

    failed = {"status": 500, "outcome": "error"}
    asks = [Ask(f"/{kind}", **failed) for kind in kinds if kind not in {"cancel", "base"}]
    return app, [
        *asks,
        Ask("/cancel", status=None, outcome="error"),
        Ask("/base", status=None, outcome="error"),
    ]


@app_for_both
def handlers_by_code_and_by_class(lib, notes):
    app = lib.Flask("handlers")
    app.errorhandler(404)(lambda error: (f"no {lib.request.path}", 404))
    app.errorhandler(OSError)(lambda error: ("os", 507))
    app.errorhandler(LookupError)(lambda error: ("lookup", 409))
    kinds = {
        "file": FileNotFoundError(2, "gone"),
        "index": IndexError(),
        "other": ArithmeticError(),
    }

    @app.route("/<kind>")
    def index(kind):
        raise kinds[kind]

    return app, [
        Ask("/file", status=507, outcome="error"),
        Ask("/index", status=409),
        Ask("/a/b", status=404),
        Ask("/other", status=500, outcome="error"),
    ]


@app_for_both
def the_error_in_sight_is_the_apps_own(lib, notes):
    app = lib.Flask("sight")

    def look(*args):
        notes.append(sys.exc_info()[0])
        return args[0] if args else None

    app.before_request(look)
    app.after_request(look)
    app.teardown_request(lambda error: look() and None)

    @app.errorhandler(KeyError)
    def on_key(error):
        look()
        return "caught", 400

    @app.route("/")
    def index():
        look()
        raise KeyError("k")

    return app, [Ask(status=400)]


@app_for_both
def exceptions_are_for_the_debugger(lib, notes):
    app = lib.Flask("debugged")
    app.config["TRAP_BAD_REQUEST_ERRORS"] = True
    app.debug = True

    @app.route("/")
    def index():
        return lib.request.form["missing"]

    return app, [Ask(status=None, outcome="error")]
