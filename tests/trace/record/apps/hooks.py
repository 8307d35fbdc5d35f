"""Hooks before, after and at the end of a request."""

from tests.trace.record.apps.registry import app_for_both
from tests.trace.record.same import BOOM, Ask

ENDS = {"0": "exit", "1": "exit", "int": "interrupted", "gen": "client_disconnected"}


def leaving(place):
    """Make an app in which something leaves *place* that is no Exception."""

    def make(lib, notes):
        app = lib.Flask("leaving")
        kinds = {"0": SystemExit(0), "1": SystemExit(1), "int": KeyboardInterrupt()}
        kinds["gen"] = GeneratorExit()
        status = 200 if place == "teardown" else None

        def leave(*_args):
            raise kinds[lib.request.args["kind"]]

        if place == "hook":
            app.before_request(leave)
        if place == "teardown":
            app.teardown_request(leave)
        app.teardown_request(lambda error: notes.append(type(error)))

        @app.route("/")
        def index():
            if place == "view":
                leave()
            return "stayed"

        return app, [Ask(f"/?kind={kind}", status=status, outcome=ENDS[kind]) for kind in kinds]

    make.__name__ = f"fault_03_leaving_{place}"
    return make


for place in ("view", "hook", "teardown"):
    app_for_both(leaving(place))


@app_for_both
def hooks_of_all_kinds(lib, notes):
    app = lib.Flask("hooks")
    app.before_request(lambda: notes.append("before"))
    app.teardown_request(lambda error: notes.append(f"teardown {error}"))
    app.teardown_appcontext(lambda error: notes.append(f"app teardown {error}"))
    app.url_value_preprocessor(lambda endpoint, args: notes.append((endpoint, args)))

    @app.before_request
    def early():
        if lib.request.args.get("early"):
            return "early", 203
        return None

    @app.after_request
    def after(response):
        notes.append("after")
        if lib.request.args.get("replace"):
            return lib.Response("replaced", 202)
        return response

    @app.route("/")
    def index():
        @lib.after_this_request
        def mark(response):
            response.headers.add("X-This", "1")
            return response

        return "view"

    return app, [
        Ask(),
        Ask("/?early=1", status=203),
        Ask("/?replace=1", status=202),
        Ask("/none", status=404),
    ]


@app_for_both
def fault_58_hooks_raise(lib, notes):
    app = lib.Flask("raising hooks")

    def failing(name):
        def run(*args):
            if lib.request.args.get("at") == name:
                raise BOOM
            return args[0] if name == "after" else None

        return run

    app.before_request(failing("before"))
    app.after_request(failing("after"))
    app.teardown_request(failing("teardown"))

    @app.route("/")
    def index():
        return "view"

    return app, [
        Ask("/?at=before", status=500, outcome="error"),
        Ask("/?at=after", status=500, outcome="error"),
        Ask("/?at=teardown", outcome="error"),
    ]
