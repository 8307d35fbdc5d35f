"""Exceptions on their way through an app."""

import flasktrace
from tests.trace.record.apps.registry import app_for_both, incomplete
from tests.trace.record.same import BOOM, Ask


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
