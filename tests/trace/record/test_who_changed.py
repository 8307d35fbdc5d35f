"""What is told of a change is true: who did it, what was there before, and what after."""

import datetime as dt
import decimal
import re
import uuid
from importlib import import_module

import flask
import pytest
from jinja2 import DictLoader
from werkzeug.routing import BaseConverter

import flasktrace
from tests.flasks import SINCE_3_2

LIBRARIES = {"flasktrace": flasktrace, "flask": flask}
both = pytest.mark.parametrize("lib", LIBRARIES.values(), ids=LIBRARIES)
before_3_2 = pytest.mark.skipif(SINCE_3_2, reason="its methods take the context")
ROUTED = {"request.endpoint", "request.rule", "request.view_args"}


def traced(app, path="/"):
    """Return the trace of a request that is answered to its end, whatever comes of it."""
    with flasktrace.capture(app) as traces:
        app.test_client().get(path).close()
    return traces.last


def told(trace):
    """Return what was changed, from what to what and by whom, without the place of that one."""
    return [
        (name, item.before, item.after, item.author.partition(" (")[0])
        for item in trace.changes
        if (name := f"{item.section}.{item.key}") not in ROUTED
        and item.section not in {"url_adapter", "flashes"}
    ]


def new_app(lib):
    app = lib.Flask("who changed")
    app.secret_key = "key"
    app.logger.disabled = True
    return app


@pytest.mark.parametrize("kind", ["teardown_request", "teardown_appcontext", None])
@both
def test_what_a_receiver_changes_of_the_response_is_not_by_a_teardown(lib, kind):
    app = new_app(lib)

    def hears(_app, response, **_more):
        response.headers["X-Heard"] = "1"
        response.status_code = 201

    app.add_url_rule("/", "view", lambda: "x")
    if kind:
        getattr(app, kind)(lambda _error: None)
    signal = import_module(f"{lib.__name__}.signals").request_finished
    with signal.connected_to(hears, app):
        trace = traced(app)

    author = "hears" if lib is flasktrace else "a receiver of request_finished, hears"
    assert told(trace) == [
        ("response.status", "200 OK", "201 CREATED", author),
        ("response.header X-Heard", None, "1", author),
    ]


@pytest.mark.parametrize("kind", ["after_request", "save_session"])
@both
def test_what_a_function_changed_of_the_response_before_it_raised_is_its_doing(lib, kind):
    app = new_app(lib)
    app.add_url_rule("/", "view", lambda: 1 / 0)

    def change(response):
        response.headers["X-Made"] = "1"
        raise LookupError

    if kind == "after_request":
        app.after_request(change)
    else:
        sessions = import_module(f"{lib.__name__}.sessions")

        class Interface(sessions.SecureCookieSessionInterface):
            def save_session(self, _app, _session, response):
                change(response)

        app.session_interface = Interface()
    name = "change" if kind == "after_request" else kind

    trace = traced(app)
    assert ("X-Made", "1") in trace.response.headers
    assert told(trace) == [("response.header X-Made", None, "1", name)]


@both
def test_the_request_is_changed_by_the_view_before_its_template_and_by_that(lib):
    app = new_app(lib)
    app.jinja_loader = DictLoader({"page": "{{ mark() }}"})

    @app.template_global()
    def mark():
        lib.request.shown = 1
        lib.g.shown = 1
        return ""

    @app.template_global()
    def mark_request_only():
        lib.request.shown_too = 1
        return ""

    @app.route("/")
    def view():
        lib.request.by_view = 1
        text = lib.render_template("page")
        return text + lib.render_template_string("{{ mark_request_only() }}")

    assert set(told(traced(app))) == {
        ("request.by_view", None, "1", "view"),
        ("request.shown", None, "1", "the template page"),
        ("g.shown", None, "1", "the template page"),
        ("request.shown_too", None, "1", "the template"),
    }


@both
def test_attributes_of_the_request_come_and_go_at_once(lib):
    app = new_app(lib)

    @app.before_request
    def first():
        lib.request.old = 1

    @app.before_request
    def second():
        lib.request.one = 1
        lib.request.two = 2
        del lib.request.old

    app.add_url_rule("/", "view", lambda: "x")
    assert told(traced(app)) == [
        ("request.old", None, "1", "first"),
        ("request.one", None, "1", "second"),
        ("request.two", None, "2", "second"),
        ("request.old", "1", None, "second"),
    ]


@pytest.mark.parametrize(
    "make",
    [
        lambda n: decimal.Decimal(f"{n}.5"),
        lambda n: dt.datetime(2000 + n, 1, 1),  # noqa: DTZ001
        lambda n: uuid.UUID(int=n),
        lambda n: b"x" * (n + 2),
        lambda n: chr(64 + n) * 5000,
        lambda n: [decimal.Decimal(f"{n}.5")],
    ],
    ids=["Decimal", "datetime", "UUID", "bytes", "long text", "list"],
)
@both
def test_a_value_that_gets_the_address_of_the_one_before_is_another(lib, make):
    app = new_app(lib)
    lists = isinstance(make(1), list)

    @app.before_request
    def first():
        lib.g.it = make(1)

    @app.before_request
    def second():
        if lists:
            lib.g.it.clear()
            lib.g.it += make(2)
        else:
            del lib.g.it
            lib.g.it = make(2)

    app.add_url_rule("/", "view", lambda: "x")
    (_, none, one, _), (_, before, two, author) = told(traced(app))
    assert (none, before, author) == (None, one, "second")
    assert one != two


@both
def test_a_request_within_a_request_matches_its_own_only(lib):
    app = new_app(lib)
    app.add_url_rule("/inner", "inner", lambda: "x")

    @app.before_request
    def hook():
        lib.g.n = 1

    @app.route("/")
    def view():
        return app.test_client().get("/inner").text

    with flasktrace.capture(app) as traces:
        app.test_client().get("/").close()
    [inner] = [trace for trace in traces if trace.path == "/inner"]
    own = len(inner.stage("match").snapshot.cards) - 1
    assert {item.depth for item in inner.changes if item.section == "request"} <= {own}


@both
def test_what_a_converter_puts_on_g_is_not_by_the_framework(lib):
    app = new_app(lib)

    class Kept(BaseConverter):
        def to_python(self, value):
            lib.g.kept = value
            return value

    app.url_map.converters["kept"] = Kept
    app.add_url_rule("/<kept:it>", "view", lambda it: it)
    assert told(traced(app, "/x")) == [("g.kept", None, "'x'", "a URL converter")]


@before_3_2
def test_what_the_app_does_between_the_stages_is_not_by_the_framework():
    class App(flask.Flask):
        def finalize_request(self, *args, **named):
            flask.g.late = 1
            return super().finalize_request(*args, **named)

    app = App("x")
    app.add_url_rule("/", "view", lambda: "x")
    app.before_request(lambda: setattr(flask.g, "n", 1))
    assert told(traced(app))[1:] == [("g.late", None, "1", "code of the app between its hooks")]


@both
def test_what_receivers_of_the_teardown_change_at_the_end_of_a_body_is_theirs(lib):
    app = new_app(lib)

    def tears(_app, **_more):
        lib.g.torn = lib.g.get("torn", 0) + 1

    @app.route("/")
    def view():
        def body():
            lib.g.sent = 1
            yield "x"

        return lib.Response(lib.stream_with_context(body()))

    signal = import_module(f"{lib.__name__}.signals").request_tearing_down
    with signal.connected_to(tears, app):
        trace = traced(app)

    author = "tears" if lib is flasktrace else "a receiver of request_tearing_down, tears"
    assert {(name, who) for name, _, _, who in told(trace)} == {
        ("g.sent", "response body"),
        ("g.torn", author),
    }


@both
def test_what_the_session_brings_is_no_change(lib):
    app = new_app(lib)
    app.before_request(lambda: setattr(lib.g, "n", 1))

    @app.route("/")
    def view():
        lib.session["times"] = lib.session.get("times", 0) + 1
        return "x"

    with flasktrace.capture(app) as traces:
        client = app.test_client()
        client.get("/").close()
        client.get("/").close()

    assert [
        (before, after, author)
        for name, before, after, author in told(traces.last)
        if name == "session.times"
    ] == [("1", "2", "view")]


STAGE_SIGNALS = [
    f"{stage}_{half}"
    for stage in ("match", "preprocess", "dispatch", "make_response", "postprocess")
    for half in ("started", "finished")
]


@pytest.mark.parametrize("heard", [STAGE_SIGNALS, *([name] for name in STAGE_SIGNALS)])
@both
def test_what_receivers_of_a_stage_change_is_theirs(lib, heard):
    app = new_app(lib)
    app.before_request(lambda: setattr(lib.g, "hook", 1))
    app.add_url_rule("/", "view", lambda: setattr(lib.g, "view", 1) or "x")

    def connect(name):
        def hears(_app, **_more):
            setattr(lib.g, name, 1)

        getattr(flasktrace.signals, name).connect(hears, app)
        return hears

    kept = [connect(name) for name in heard]
    assert {name: author for name, _, _, author in told(traced(app))} == {
        "g.hook": "<lambda>",
        "g.view": "<lambda>",
        **{f"g.{name}": f"a receiver of {name}, hears" for name in heard},
    }
    assert len(kept) == len(heard)


@both
def test_what_receivers_of_a_stage_change_of_the_response_is_theirs(lib):
    app = new_app(lib)
    app.after_request(lambda response: response)
    app.add_url_rule("/", "view", lambda: lib.session.update(a=1) or "x")

    def hears(_app, response, **_more):
        response.headers["X-Heard"] = "1"

    with flasktrace.signals.make_response_finished.connected_to(hears, app):
        found = told(traced(app))
    author = "a receiver of make_response_finished, hears"
    assert ("response.header X-Heard", None, "1", author) in found


@pytest.mark.parametrize("room", [0, 2, 4, 6])
@both
def test_functions_beyond_the_limit_of_spans_are_authors(lib, room):
    app = new_app(lib)
    app.before_request(lambda: setattr(lib.g, "n", 1))

    @app.route("/")
    def view():
        lib.g.n = 2
        return lib.render_template_string("{{ g.n }}")

    @app.after_request
    def after(response):
        lib.g.n = 3
        response.headers["X-After"] = "1"
        return response

    @app.teardown_request
    def teardown(_error):
        lib.g.n = 4

    with flasktrace.capture(app, limits={"spans": room}) as traces:
        app.test_client().get("/").close()
    assert traces.last.dropped["spans"]
    assert told(traces.last) == [
        ("g.n", None, "1", "<lambda>"),
        ("g.n", "1", "2", "view"),
        ("g.n", "2", "3", "after"),
        ("response.header X-After", None, "1", "after"),
        ("g.n", "3", "4", "teardown"),
    ]


@both
def test_a_converter_that_a_hook_asks_for_is_the_author_within_the_hook(lib):
    app = new_app(lib)

    class Kept(BaseConverter):
        def to_python(self, value):
            lib.g.kept = value
            return value

    @app.before_request
    def hook():
        lib.g.before = 1
        lib.g.after = lib.request.endpoint

    app.url_map.converters["kept"] = Kept
    app.add_url_rule("/<kept:it>", "view", lambda it: it)
    assert sorted(told(traced(app, "/x"))) == [
        ("g.after", None, "'view'", "hook"),
        ("g.before", None, "1", "hook"),
        ("g.kept", None, "'x'", "a URL converter"),
    ]


@pytest.mark.parametrize("path", ["/", "/fine"])
@both
def test_the_verdict_tells_who_changed_the_status_of_the_response_that_was_sent(lib, path):
    app = new_app(lib)
    app.add_url_rule("/", "view", lambda: 1 / 0)
    app.add_url_rule("/fine", "fine", lambda: "x")

    @app.after_request
    def after(response):
        response.status_code = 299
        raise LookupError

    verdict = re.sub(r" \(\S+:\d+\)", "", traced(app, path).verdict)
    begin = "299: after_request after changed the status; before that it was 500: "
    assert verdict.startswith(begin)
    error = "LookupError raised by after_request after" if path == "/fine" else "ZeroDivisionError"
    assert verdict.startswith(f"{begin}{error}")
