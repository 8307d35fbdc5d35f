"""Small apps, each with one thing that a tracer could spoil.

Those for ``lib`` are made with flasktrace and with the real flask; *notes* is a list in which an
app writes down what it saw. Each gives the app and the requests to send.
"""

import asyncio
import logging
import types
import unittest.mock
import warnings

from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.wrappers import Response as WerkzeugResponse
from werkzeug.wsgi import FileWrapper

import flasktrace
from tests.trace.record.same import BOOM, Ask

FRAMEWORK_APPS = {}
RAW_APPS = {}


def app_for_both(function):
    FRAMEWORK_APPS[function.__name__] = function
    return function


def raw(*asks):
    def register(function):
        RAW_APPS[function.__name__] = function, asks or (Ask(),)
        return function

    return register


class Hostile:
    """Whose every method is an alarm."""

    calls = 0

    def alarm(self, *_args, **_named):
        type(self).calls += 1
        raise SystemExit("touched")

    def __getattribute__(self, name):
        Hostile.calls += 1
        raise SystemExit("touched")

    __repr__ = __str__ = __len__ = __eq__ = __hash__ = __bool__ = __iter__ = alarm
    __getattr__ = __contains__ = __getitem__ = __int__ = __call__ = __fspath__ = __format__ = alarm
    __class__ = property(alarm)


class HostileDict(dict):
    def alarm(self, *_args, **_named):
        Hostile.calls += 1
        raise SystemExit("touched")

    __repr__ = __str__ = __len__ = __eq__ = __hash__ = __bool__ = __iter__ = items = keys = alarm
    values = get = __contains__ = __getitem__ = __getattribute__ = alarm


# Apps of both frameworks


@app_for_both
def hello(lib, notes):
    app = lib.Flask("hello")

    @app.route("/")
    def index():
        return "hello"

    return app, [
        Ask(),
        Ask("/nowhere"),
        Ask(method="POST"),
        Ask(method="HEAD"),
        Ask("/", "OPTIONS"),
    ]


@app_for_both
def every_kind_of_return(lib, notes):
    app = lib.Flask("returns")
    values = {
        "text": "é",
        "bytes": b"\xff\0",
        "dict": {"a": 1},
        "list": [1, 2],
        "tuple": ("made", 201, {"X-A": "1"}),
        "response": lambda: lib.Response(["a", "b", "c"], headers=[("X-A", "1"), ("X-A", "2")]),
        "generator": lambda: (part for part in ["a", "", "b"]),
        "wsgi": WerkzeugResponse("from a callable", 202),
        "nothing": None,
        "number": 7,
        "long_tuple": ("a", 200, {}, 1),
    }

    @app.route("/<name>")
    def index(name):
        value = values[name]
        return value() if isinstance(value, types.FunctionType) else value

    return app, [Ask(f"/{name}") for name in values]


@app_for_both
def view_raises(lib, notes):
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

    return app, [Ask("/boom"), Ask("/key"), Ask("/abort/404"), Ask("/abort/418")]


@app_for_both
def exceptions_propagate(lib, notes):
    app, _ = view_raises(lib, notes)
    app.config["PROPAGATE_EXCEPTIONS"] = True
    return app, [Ask("/boom"), Ask("/key")]


@app_for_both
def http_errors_are_trapped(lib, notes):
    app, _ = view_raises(lib, notes)
    app.config["TRAP_HTTP_EXCEPTIONS"] = True
    app.testing = True
    return app, [Ask("/abort/404"), Ask("/nowhere")]


def leaving(place):
    """Make an app in which something leaves *place* that is no Exception."""

    def make(lib, notes):
        app = lib.Flask("leaving")
        kinds = {"0": SystemExit(0), "1": SystemExit(1), "int": KeyboardInterrupt()}
        kinds["gen"] = GeneratorExit()

        def leave(*_args):
            if lib.request.args.get("at") == place:
                raise kinds[lib.request.args["kind"]]

        app.before_request(lambda: leave())  # noqa: PLW0108
        if place == "teardown":
            app.before_request_funcs.clear()
            app.teardown_request(leave)
        if place == "view":
            app.before_request_funcs.clear()
        app.teardown_request(lambda error: notes.append(type(error)))

        @app.route("/")
        def index():
            leave()
            return "stayed"

        return app, [Ask(f"/?at={place}&kind={kind}") for kind in kinds]

    make.__name__ = f"leaving_{place}"
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

    return app, [Ask(), Ask("/?early=1"), Ask("/?replace=1"), Ask("/none")]


@app_for_both
def hooks_raise(lib, notes):
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

    return app, [Ask(f"/?at={name}") for name in ("before", "after", "teardown")]


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

    return app, [Ask("/value"), Ask("/key"), Ask("/other")]


@app_for_both
def streams(lib, notes):
    app = lib.Flask("streams")

    def parts(end=None):
        try:
            yield "one"
            yield "two"
            if end:
                raise BOOM
            yield "three"
        finally:
            notes.append("generator ended")

    app.teardown_request(lambda error: notes.append("teardown"))

    @app.route("/plain")
    def plain():
        response = lib.Response(parts())
        response.call_on_close(lambda: notes.append("closed"))
        return response

    @app.route("/broken")
    def broken():
        return lib.Response(parts(end=True))

    @app.route("/context")
    def context():
        @lib.stream_with_context
        def generate():
            yield lib.request.path
            yield from parts()

        return lib.Response(generate())

    asks = [Ask("/plain"), Ask("/broken"), Ask("/context")]
    asks += [Ask(path, chunks=count) for path in ("/plain", "/context") for count in (0, 1, 2)]
    return app, [*asks, Ask("/plain", "HEAD")]


@app_for_both
def no_body_by_status(lib, notes):
    app = lib.Flask("statuses")

    @app.route("/<int:code>")
    def index(code):
        return ("", code) if code != 304 else lib.Response(status=304, headers={"ETag": '"x"'})

    return app, [Ask("/204"), Ask("/304"), Ask("/205"), Ask("/599")]


@app_for_both
def body_is_not_read(lib, notes):
    app = lib.Flask("upload")
    app.config["MAX_CONTENT_LENGTH"] = 10

    @app.route("/", methods=["POST"])
    def index():
        return "thanks"

    return app, [Ask("/", "POST", environ={"CONTENT_LENGTH": str(1 << 30)})]


@app_for_both
def body_is_read_in_many_ways(lib, notes):
    app = lib.Flask("reading")
    ways = {
        "form": lambda: lib.request.form.to_dict(),  # noqa: PLW0108
        "json": lambda: lib.request.get_json(silent=True),
        "data": lambda: lib.request.get_data(),  # noqa: PLW0108
        "line": lambda: lib.request.stream.readline(),  # noqa: PLW0108
        "lines": lambda: list(lib.request.stream),
        "some": lambda: lib.request.stream.read(3),
    }

    @app.route("/<way>", methods=["POST"])
    def index(way):
        notes.append(ways[way]())
        return "read"

    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    asks = [Ask(f"/{way}", "POST", b"a=1&b=2\nc=3", kind) for way in ways]
    return app, asks


@app_for_both
def session_is_not_read(lib, notes):
    app = lib.Flask("session")
    app.secret_key = "key"

    @app.route("/")
    def index():
        return "no cookie, no Vary"

    @app.route("/in")
    def log_in():
        lib.session["user"] = "ada"
        return "in"

    @app.route("/who")
    def who():
        return str(lib.session.get("user"))

    return app, [Ask(), Ask("/in"), Ask("/who")]


@app_for_both
def session_without_a_key(lib, notes):
    app = lib.Flask("no key")

    @app.route("/")
    def index():
        notes.append(len(lib.session))
        lib.session["a"] = 1
        return "not reached"

    return app, [Ask()]


@app_for_both
def session_of_another_class(lib, notes):
    base = type(lib.Flask.session_interface).__mro__[1]

    class Strange(HostileDict):
        accessed = modified = False

    class Interface(base):
        def open_session(self, app, request):
            notes.append("opened")
            return Strange(a=1)

        def is_null_session(self, session):
            return False

        def save_session(self, app, session, response):
            notes.append("saved")

    app = lib.Flask("own session")
    app.session_interface = Interface()
    app.add_url_rule("/", "index", lambda: "fine")
    return app, [Ask()]


@app_for_both
def hostile_values(lib, notes):
    app = lib.Flask("hostile")

    @app.before_request
    def load():
        lib.g.user = Hostile()
        lib.g.map = HostileDict(a=1)
        lib.g.nested = {"list": [Hostile(), (Hostile(),)]}

    @app.route("/")
    def index():
        with flasktrace.span("work", thing=Hostile()):
            flasktrace.event("point", thing=Hostile())
        return "fine"

    @app.route("/args")
    def args():
        lib.request.view_args = {"thing": Hostile()}
        lib.g.more = 1
        return "fine"

    @app.route("/raise")
    def fail():
        raise ValueError(Hostile())

    app.errorhandler(ValueError)(lambda error: ("caught", 400))
    app.teardown_request(lambda error: notes.append(Hostile.calls))
    return app, [Ask(), Ask("/args"), Ask("/raise")]


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

    return app, [Ask()]


@app_for_both
def odd_values(lib, notes):
    app = lib.Flask("odd")

    @app.before_request
    def load():
        cycle = [1]
        cycle.append(cycle)
        deep = []
        for _ in range(10_000):
            deep = [deep]
        lib.g.values = [cycle, 10**5000, float("nan"), "\ud800", "a\0b", {b"k": 1, None: 2}, -0.0]
        lib.g.deep, lib.g.wide = deep, dict.fromkeys(range(100_000))
        lib.g.mock, lib.g.proxy = unittest.mock.MagicMock(), lib.request
        lib.g.generator = (notes.append("consumed") for _ in range(3))
        lib.g.file = open("/dev/null")  # noqa: PTH123, SIM115
        lib.g.coroutine = asyncio.sleep(0)

    @app.route("/")
    def index():
        notes.append(next(lib.g.generator))
        return "fine"

    @app.teardown_request
    def close(error):
        lib.g.file.close()
        lib.g.coroutine.close()

    return app, [Ask()]


@app_for_both
def odd_requests(lib, notes):
    app = lib.Flask("odd requests")

    @app.route("/<path:rest>")
    def index(rest):
        response = lib.Response(repr(rest))
        response.headers["X-Latin"] = "é"
        return response

    paths = ["/\xff\xfe", "/a\0b", "/\xc3\xa9", "//double", "/%2e%2e/x"]
    asks = [Ask("/x", environ={"PATH_INFO": path}) for path in paths]
    return app, [
        *asks,
        Ask("/x", environ={"QUERY_STRING": "a=\xff&b=%ff&c"}),
        Ask("/x", environ={"HTTP_X_ODD": "\xff\x01"}),
        Ask("/x", environ={"SCRIPT_NAME": "/app", "HTTP_HOST": "bad host"}),
        Ask("/x", environ={"HTTP_COOKIE": "a; =b; c=d=e;;"}),
    ]


@app_for_both
def client_in_a_view(lib, notes):
    app = lib.Flask("nested")

    @app.route("/<int:depth>")
    def index(depth):
        inner = app.test_client().get(f"/{depth - 1}").text if depth else "end"
        return f"{depth} {inner}"

    return app, [Ask("/5")]


@app_for_both
def arguments_with_common_names(lib, notes):
    app = lib.Flask("names")
    names = ("kind", "function", "context", "name", "self", "run", "app", "environ", "sender")
    rule = "/" + "/".join(f"<{name}>" for name in names)

    @app.route(rule)
    def index(**named):
        with flasktrace.span("work", name="n", self=1, kind=2):
            flasktrace.event("point", name="n", self=1)
        return str(sorted(named.items()))

    return app, [Ask("/" + "/".join("123456789"))]


@app_for_both
def another_receiver_raises(lib, notes):
    app = lib.Flask("receivers")

    @app.route("/")
    def index():
        return lib.render_template_string("hi {{ 1 }}")

    def fails(sender, **_named):
        raise BOOM

    signals = lib.signals
    which = {
        "request_started": signals.request_started,
        "request_finished": signals.request_finished,
        "template_rendered": signals.template_rendered,
        "request_tearing_down": signals.request_tearing_down,
    }

    @app.before_request
    def noted():
        notes.append(lib.request.args["at"])

    asks = [Ask(f"/?at={name}") for name in which]

    def wsgi(original):
        def run(environ, start_response):
            signal = which[environ["QUERY_STRING"].partition("=")[2]]
            with signal.connected_to(fails, sender=app):
                return original(environ, start_response)

        return run

    app.wsgi_app = wsgi(app.wsgi_app)
    return app, asks


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
    return app, [Ask("/de"), Ask("/de?fail=1"), Ask("/none/such"), Ask("/de?more=1")]


@app_for_both
def contexts_by_hand(lib, notes):
    app, other = lib.Flask("outer"), lib.Flask("other")

    @app.route("/")
    def index():
        lib.g.mine = 1
        with other.app_context():
            lib.g.theirs = 2
            with app.test_request_context("/made-up"):
                notes.append(lib.request.path)
        return lib.request.path

    return app, [Ask()]


@app_for_both
def overridden_stages(lib, notes):
    class App(lib.Flask):
        def make_response(self, rv):
            notes.append("make_response")
            return super().make_response(rv)

        def full_dispatch_request(self, *args):
            notes.append("full")
            return super().full_dispatch_request(*args)

    app = App("overridden")
    app.add_url_rule("/", "index", lambda: "fine")
    app.ensure_sync = app.ensure_sync  # an attribute of the user's own
    return app, [Ask(), Ask("/none")]


@app_for_both
def it_logs_and_warns(lib, notes):
    app = lib.Flask("logs")

    @app.route("/")
    def index():
        app.logger.warning("a %s", "line")
        logging.getLogger("other").error("b")
        warnings.warn("old", DeprecationWarning, stacklevel=1)
        return "said"

    return app, [Ask(), Ask()]


@app_for_both
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
def files_and_templates(lib, notes):
    app = lib.Flask("files")
    app.context_processor(lambda: {"who": "you"})

    @app.route("/file")
    def file():
        return lib.send_file(__file__, conditional=True, mimetype="text/plain")

    @app.route("/template")
    def template():
        return lib.render_template_string("{{ who }} {{ request.path }} {{ session|length }}")

    @app.route("/stream")
    def stream():
        return lib.stream_template_string("{% for n in [1, 2] %}{{ n }}{% endfor %}")

    @app.route("/broken")
    def broken():
        return lib.render_template_string("{{ nothing.at.all }}")

    asks = [Ask("/file"), Ask("/file", headers={"Range": "bytes=0-9"}), Ask("/file", "HEAD")]
    wrapped = {"wsgi.file_wrapper": FileWrapper}
    return app, [
        *asks,
        Ask("/file", environ=wrapped),
        *map(Ask, ("/template", "/stream", "/broken")),
    ]


@app_for_both
def untrusted_host(lib, notes):
    app = lib.Flask("hosts")
    app.config["TRUSTED_HOSTS"] = ["example.org"]
    app.add_url_rule("/", "index", lambda: "fine")
    return app, [Ask(), Ask(headers={"Host": "example.org"})]


@app_for_both
def redirects_by_the_router(lib, notes):
    app = lib.Flask("slashes")
    app.add_url_rule("/shop/", "shop", lambda: "shop")
    app.add_url_rule("/old", redirect_to="/shop/", endpoint="old")
    return app, [Ask("/shop"), Ask("/shop/"), Ask("/old"), Ask("/shop?a=1", "HEAD")]


# Raw WSGI callables


@raw()
def plain_list(environ, start_response):
    start_response("200 OK", [("A", "1"), ("A", "2"), ("Content-Length", "5")])
    return [b"he", b"", b"llo"]


@raw(Ask(), Ask(chunks=1), Ask(chunks=0))
def generator_starting_late(environ, start_response):
    start_response("200 OK", [])
    yield b"late"
    yield b"later"


@raw()
def by_write(environ, start_response):
    write = start_response("200 OK", [("Content-Type", "text/plain")])
    write(b"one")
    write(b"two")
    return [b"three"]


@raw()
def with_exc_info(environ, start_response):
    start_response("200 OK", [])
    try:
        raise BOOM
    except ValueError as error:
        start_response("500 Oops", [("X", "1")], (type(error), error, None))
    return [b"sorry"]


@raw()
def with_named_exc_info(environ, start_response):
    start_response("200 OK", [], exc_info=None)
    return [b"named"]


@raw()
def odd_status(environ, start_response):
    start_response("abc", [])
    return (b"a", b"b")


@raw()
def raising_before_the_start(environ, start_response):
    raise BOOM


@raw()
def raising_after_the_start(environ, start_response):
    start_response("200 OK", [])
    raise BOOM


@raw(Ask(), Ask(chunks=1), Ask(chunks=2))
def generator_raising_halfway(environ, start_response):
    start_response("200 OK", [])
    yield b"one"
    raise BOOM


@raw()
def returning_nothing(environ, start_response):
    start_response("200 OK", [])


@raw()
def returning_text(environ, start_response):
    start_response("200 OK", [])
    return "text"


@raw()
def returning_bytes(environ, start_response):
    start_response("200 OK", [])
    return b"bytes"


class Closing:
    def __init__(self, error=None):
        self.error = error
        self.closed = 0

    def __iter__(self):
        yield b"body"

    def close(self):
        if self.error:
            raise self.error


@raw(Ask(), Ask(chunks=0))
def close_raises(environ, start_response):
    start_response("200 OK", [])
    return Closing(BOOM)


@raw()
def leaving_while_streaming(environ, start_response):
    start_response("200 OK", [])

    def parts():
        yield b"a"
        raise SystemExit(3)

    return parts()


@raw(Ask(method="POST", body=b"a\nb\nc"))
def reading_the_input(environ, start_response):
    stream = environ["wsgi.input"]
    found = [stream.read(1), stream.readline(), stream.readlines()]
    start_response("200 OK", [])
    return [repr(found).encode()]


@raw()
def looking_at_the_environ(environ, start_response):
    start_response("200 OK", [])
    kinds = sorted((key, type(value).__name__) for key, value in environ.items())
    environ["changed"] = True
    return [repr(kinds).encode()]


@raw(Ask("/a/x"), Ask("/b/x"), Ask("/c"))
def two_apps_under_one(environ, start_response):
    inner = DispatcherMiddleware(_echo, {"/a": _echo, "/b": plain_list})
    return inner(environ, start_response)


def _echo(environ, start_response):
    start_response("200 OK", [])
    return [f"{environ['SCRIPT_NAME']}|{environ['PATH_INFO']}".encode()]


@raw()
def headers_as_a_strange_list(environ, start_response):
    class Pairs(list):
        def __iter__(self):
            raise AssertionError("touched")

    headers = [("X", "1")]
    start_response("200 OK", headers)
    headers.append(("Y", "2"))
    return [b"x"]
