"""Hooks before, after and at the end of a request."""

import functools
import unittest.mock

from tests.flasks import SINCE_3_2
from tests.trace.record.apps.hostile import Hostile, HostileDict
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

        # What a teardown raises leaves flask 3.2 in a group, which ends no process.
        grouped = place == "teardown" and lib.__name__ == "flask" and SINCE_3_2
        ends = dict.fromkeys(kinds, "error") if grouped else ENDS
        return app, [Ask(f"/?kind={kind}", status=status, outcome=ends[kind]) for kind in kinds]

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


@app_for_both
def fault_58_everything_fails_at_once(lib, notes):
    app = lib.Flask("all broken")
    app.errorhandler(500)(lambda error: 1 / 0)

    @lib.got_request_exception.connect_via(app)
    def look(sender, exception, **_named):
        notes.append(repr(exception))

    app.notes_receiver = look  # receivers are held weakly

    @app.teardown_request
    def fail(error):
        raise BOOM

    @app.route("/")
    def index():
        raise KeyError("first")

    return app, [Ask(status=None, outcome="error")]


@app_for_both
def fault_58_receiver_of_the_exception_raises(lib, notes):
    app = lib.Flask("worse")

    @lib.got_request_exception.connect_via(app)
    def fail(sender, **_named):
        raise BOOM

    app.receiver = fail

    @app.route("/")
    def index():
        raise KeyError("first")

    return app, [Ask(status=None, outcome="error")]


@app_for_both
def fault_58_abort_with_a_response(lib, notes):
    app = lib.Flask("aborting")

    @app.before_request
    def check():
        if lib.request.path == "/hook":
            lib.abort(lib.Response("from a hook", 401, {"WWW-Authenticate": "Basic"}))

    @app.route("/hook")
    @app.route("/view")
    def index():
        lib.abort(lib.make_response("from a view", 402))

    return app, [Ask("/hook", status=401), Ask("/view", status=402)]


@app_for_both
def fault_58_some_of_many_teardowns_raise(lib, notes):
    app = lib.Flask("teardowns")

    def ending(name, fails):
        def end(error):
            notes.append((name, type(error)))
            if fails:
                raise OSError(name)

        return end

    for name, fails in (("first", False), ("second", True), ("third", False)):
        app.teardown_request(ending(name, fails))
        app.teardown_appcontext(ending(f"app {name}", False))
    app.add_url_rule("/", "index", lambda: "view")
    return app, [Ask(outcome="error")]


@app_for_both
def fault_58_after_hooks_that_return_nonsense(lib, notes):
    app = lib.Flask("nonsense")

    @app.after_request
    def nonsense(response):
        return None if lib.request.args.get("what") == "none" else "text"

    app.add_url_rule("/", "index", lambda: "view")
    failed = {"status": None, "outcome": "error"}
    return app, [Ask("/?what=none", **failed), Ask("/?what=text", **failed)]


@app_for_both
def hooks_of_nested_blueprints(lib, notes):
    app = lib.Flask("blueprints")
    outer, inner = lib.Blueprint("outer", __name__), lib.Blueprint("inner", __name__)
    for name, scope in (("app", app), ("outer", outer), ("inner", inner)):
        scope.before_request(lambda name=name: notes.append(f"{name} before"))
        scope.teardown_request(lambda error, name=name: notes.append(f"{name} end"))

        @scope.after_request
        def after(response, name=name):
            notes.append(f"{name} after")
            response.headers.add("X-Hook", name)
            return response

        @scope.url_value_preprocessor
        def take(endpoint, values, name=name):
            notes.append((name, endpoint, dict(values or {})))

    @inner.route("/<int:number>")
    def show(number):
        return {"number": number, "endpoint": lib.request.endpoint}

    @inner.errorhandler(ValueError)
    def on_value(error):
        return "inner handler", 400

    @inner.route("/fail")
    def fail():
        raise BOOM

    outer.register_blueprint(inner, url_prefix="/inner")
    app.register_blueprint(outer, url_prefix="/outer")
    return app, [Ask("/outer/inner/1"), Ask("/outer/inner/fail", status=400), Ask("/", status=404)]


class Hook:
    """Callables that are no functions."""

    def __init__(self, notes):
        self.notes = notes

    def __call__(self, *args):
        self.notes.append(f"called with {len(args)}")
        return args[0] if args and args[0] is not None else None

    def method(self, *args):
        return self(*args)

    def __eq__(self, other):
        raise AssertionError("compared")

    __hash__ = object.__hash__


@app_for_both
def hooks_that_are_no_functions(lib, notes):
    app = lib.Flask("callables")
    hook = Hook(notes)
    app.before_request(hook)
    app.before_request(hook.method)
    app.before_request(functools.partial(notes.append, "partial"))
    app.before_request(unittest.mock.MagicMock(return_value=None))
    app.after_request(hook)
    app.after_request(functools.partial(hook.method))
    app.teardown_request(hook.method)
    app.add_url_rule("/", "index", functools.partial(str, "a partial view"))
    app.add_url_rule("/mock", "mock", unittest.mock.Mock(spec=[], return_value="a mock"))
    app.add_url_rule("/builtin", "builtin", dict)
    return app, [Ask(), Ask("/mock"), Ask("/builtin")]


@app_for_both
def hooks_that_are_looked_at_by_the_app(lib, notes):
    app = lib.Flask("looking")

    @app.before_request
    def before():
        notes.append(
            [len(app.before_request_funcs[None]), app.before_request_funcs[None][0] is before]
        )

    @app.route("/")
    def index():
        notes.append(app.view_functions["index"] is index)
        notes.append(app.error_handler_spec == {} or sorted(map(str, app.error_handler_spec)))
        notes.append([len(app.after_request_funcs), len(app.teardown_request_funcs)])
        return "looked"

    return app, [Ask()]


@app_for_both
def hooks_that_add_hooks(lib, notes):
    app = lib.Flask("adding")

    @app.before_request
    def before():
        app.before_request_funcs[None].append(lambda: notes.append("added"))

        @lib.after_this_request
        def inner(response):
            lib.after_this_request(lambda response: response)
            return response

    @app.teardown_request
    def end(error):
        del app.before_request_funcs[None][1:]

    app.add_url_rule("/", "index", lambda: "view")
    return app, [Ask(), Ask()]


@app_for_both
def hooks_change_the_response(lib, notes):
    app = lib.Flask("changing")
    app.secret_key = "key"

    class Watched(lib.Response):
        @property
        def headers(self):
            notes.append("headers")
            return self.__dict__["headers"]

        @headers.setter
        def headers(self, value):
            self.__dict__["headers"] = value

    class Asked(lib.Request):
        @property
        def user(self):
            notes.append("user")
            return self.__dict__["kept"]

    app.request_class = Asked

    @app.before_request
    def put():
        lib.request.thing = Hostile()
        lib.request.map = HostileDict(a=1)
        lib.request.kept = [1]
        lib.session["a"] = 1

    @app.after_request
    def hostile_chunks(response):
        response.response = [*response.response, Hostile()]
        response.headers._list.append(("X-Odd", "1"))
        response.response.pop()
        response.status = 203
        response.set_cookie("b", "2")
        del response.headers["Content-Type"]
        return response

    @app.after_request
    def stream(response):
        if "stream" in lib.request.args:
            response.response = iter([b"a", b"b"])
            del response.headers["Content-Length"]
        return response

    @app.route("/")
    def index():
        return (Watched if "watched" in lib.request.args else lib.Response)("view")

    return app, [
        Ask(status=203),
        Ask("/?watched=1", status=203),
        Ask("/?stream=1", status=203),
        Ask(method="HEAD", status=203),
    ]


@app_for_both
def what_hooks_can_see_of_the_app(lib, notes):
    """Url values, the session's end and receivers: all of them get the app itself."""
    base = type(lib.Flask.session_interface)

    class Interface(base):
        def is_null_session(self, session):
            notes.append(("null", lib.current_app._get_current_object() is app))
            return super().is_null_session(session)

        def save_session(self, given, session, response):
            notes.append(("save", given is app, given.session_interface is self))
            return super().save_session(given, session, response)

    class App(lib.Flask):
        @property
        def session_interface(self):
            notes.append("interface asked for")
            return interface

    app, interface, shop = App("seeing"), Interface(), lib.Blueprint("shop", "shop")
    app.secret_key = "key"
    lists = app.url_value_preprocessors

    @app.url_value_preprocessor
    def first(endpoint, values):
        notes.append((endpoint, values is lib.request.view_args, lib.current_app.name))
        notes.append([function.__name__ for function in lists[None]])
        if lib.request.args.get("more") and len(lists[None]) == 1:
            lists[None].append(later)  # runs at once, as the list is read while they run

    def later(endpoint, values):
        notes.append("later")
        lists[None].remove(later)

    @shop.url_value_preprocessor
    def language(endpoint, values):
        notes.append(values.pop("language"))
        if lib.request.args.get("fail"):
            raise BOOM

    @shop.route("/<language>")
    def index():
        lib.session["a"] = 1
        lib.flash("said")
        return "seen"

    app.register_blueprint(shop)

    def on_flash(sender, message, category):
        notes.append((sender is app, message, category))

    def wsgi(original):
        def run(environ, start_response):
            with lib.signals.message_flashed.connected_to(on_flash, sender=app):
                return original(environ, start_response)

        return run

    app.wsgi_app = wsgi(app.wsgi_app)
    return app, [
        Ask("/de"),
        Ask("/de?fail=1", status=500, outcome="error"),
        Ask("/none/such", status=404),
        Ask("/de?more=1"),
    ]
