import gc
import weakref

import flask
import pytest
from werkzeug.datastructures import Headers
from werkzeug.wrappers import Response as WerkzeugResponse

import flasktrace
from flasktrace.trace.record.describe import Describer
from flasktrace.trace.record.limits import Limits
from flasktrace.trace.record.redact import Redactor
from flasktrace.trace.record.response_look import differences, read, rests
from flasktrace.trace.show.cards import stack
from flasktrace.trace.show.terminal import render, tree
from tests.trace.record.apps import Hostile
from tests.trace.record.same import Ask, ask

LIBRARIES = {"flasktrace": flasktrace, "flask": flask}
both = pytest.mark.parametrize("lib", LIBRARIES.values(), ids=LIBRARIES)

describe = Describer(Limits(keys=3), Redactor())


def traced(app, wanted=None):
    with flasktrace.capture(app) as traces:
        ask(app, wanted or Ask())
    return traces.last


def changes(trace):
    return [
        (item.key, item.before, item.after, item.author.split(" (")[0])
        for item in trace.changes
        if item.section == "response"
    ]


def changed(do, response=None):
    response = response or flasktrace.Response("body")
    before = read(response)
    do(response)
    after = read(response)
    found, _ = differences(before, after, describe)
    assert bool(found) <= (not rests(before, after))
    return found


# One response


@pytest.mark.parametrize(
    ("do", "found"),
    [
        (lambda r: None, []),
        (lambda r: setattr(r, "status", 200), []),
        (lambda r: setattr(r, "status_code", 404), [("status", "200 OK", "404 NOT FOUND")]),
        (lambda r: setattr(r, "status", "200 Fine"), [("status", "200 OK", "200 Fine")]),
        (lambda r: r.headers.set("X-A", "1"), [("header X-A", None, "1")]),
        (
            lambda r: r.headers.remove("content-type"),
            [("header Content-Type", "text/html; charset=utf-8", None)],
        ),
        (
            lambda r: r.headers.set("content-length", "9"),
            [("header content-length", "4", "9")],
        ),
        (lambda r: r.headers.set("Content-Length", "4"), []),
        (lambda r: r.headers._list.reverse(), []),
        (
            lambda r: r.headers.set("Authorization", "Bearer abcdefghijk"),
            [("header Authorization", None, "Bearer ••• str(11)")],
        ),
        (
            lambda r: r.set_cookie("user", "ada"),
            [("header Set-Cookie", None, "user=••• str(3); Path=/")],
        ),
        (lambda r: setattr(r, "response", [b"a", "é"]), [("length", "4 bytes", "3 bytes")]),
        (lambda r: setattr(r, "response", [b"a"]), [("length", "4 bytes", "1 byte")]),
        (lambda r: setattr(r, "response", iter([b"a"])), [("length", "4 bytes", "unknown")]),
        (lambda r: setattr(r, "response", [Hostile()]), [("length", "4 bytes", "unknown")]),
        (lambda r: r.headers._list.append(Hostile()), [("header ?", None, "?")]),
        (lambda r: r.headers._list.append(("X", Hostile())), [("header X", None, "?")]),
    ],
)
def test_what_changed_is_told(do, found):
    Hostile.calls = 0

    assert changed(do) == found
    assert Hostile.calls == 0


def test_a_second_cookie_is_one_more_header():
    response = flasktrace.Response("body")
    response.set_cookie("a", "1")

    assert changed(lambda r: r.set_cookie("b", "22"), response) == [
        ("header Set-Cookie", None, "b=••• str(2); Path=/")
    ]


def test_more_headers_than_the_limit_are_counted():
    response = flasktrace.Response("body")
    before = read(response)
    for number in range(10):
        response.headers.add("X-Many", str(number))

    found, left_out = differences(before, read(response), describe)

    assert (len(found), left_out) == (3, 7)


@pytest.mark.parametrize("name", ["headers", "status", "status_code", "response", "_status"])
def test_a_class_with_ways_of_its_own_is_not_read(name):
    kind = type("Own", (WerkzeugResponse,), {name: property(lambda _self: 1 / 0)})

    assert read(object.__new__(kind)) is None


@pytest.mark.parametrize("kind", [flask.Response, flasktrace.Response, WerkzeugResponse])
def test_classes_that_add_something_else_are_read(kind):
    own = type("Own", (kind,), {"default_mimetype": "text/plain", "more": lambda self: 1})

    assert read(own("x"))[0] == "200 OK"


@pytest.mark.parametrize("kind", [flask.Response, flasktrace.Response, WerkzeugResponse])
def test_a_class_with_a_mixin_is_read(kind):
    """As that of pytest-flask: a class from object has a ``__dict__`` of Python's in it."""
    mixin = type("Mixin", (), {"__eq__": lambda self, other: 1 / 0, "__hash__": None})
    own = type("Own", (kind, mixin), {})

    assert read(own("x"))[0] == "200 OK"


def test_a_class_with_a_dict_of_its_own_is_not_read():
    own = type("Own", (WerkzeugResponse,), {"__dict__": property(lambda _self: 1 / 0)})

    assert read(object.__new__(own)) is None


def test_what_is_no_response_is_not_read():
    Hostile.calls = 0

    for value in (None, "text", Hostile(), {}, flask.Response):
        assert read(value) is None
    assert Hostile.calls == 0


def test_headers_of_another_class_are_not_read():
    response = flasktrace.Response("x")
    response.headers = type("Own", (Headers,), {})()

    assert read(response) is None


# In a trace


@both
def test_each_hook_is_the_author_of_what_it_changed(lib):
    app = lib.Flask("x")
    app.secret_key = "key"
    app.add_url_rule("/", "index", lambda: "body")

    @app.after_request
    def add_status(response):
        response.status_code = 404
        return response

    @app.after_request
    def harden(response):
        response.headers["X-Frame-Options"] = "DENY"
        del response.headers["Content-Type"]
        return response

    @app.before_request
    def before():
        lib.session["a"] = 1

        @lib.after_this_request
        def shout(response):
            response.set_data("LONGER")
            return response

    trace = traced(app)

    assert [item[:3] for item in changes(trace)][:4] == [
        ("header Content-Length", "4", "6"),
        ("length", "4 bytes", "6 bytes"),
        ("header Content-Type", "text/html; charset=utf-8", None),
        ("header X-Frame-Options", None, "DENY"),
    ]
    assert [(item[0], item[3].rpartition(".")[2]) for item in changes(trace)] == [
        ("header Content-Length", "shout"),
        ("length", "shout"),
        ("header Content-Type", "harden"),
        ("header X-Frame-Options", "harden"),
        ("status", "add_status"),
        ("header Vary", "the framework"),
        ("header Set-Cookie", "the framework"),
    ]
    found = [item for item in trace.changes if item.section == "response"]
    assert list(trace.stage("postprocess").changes) == found
    names = {span.id: span.name.rpartition(".")[2] for span in trace.spans}
    assert [names.get(item.span) for item in found[:5:2]] == ["shout", "harden", "add_status"]
    assert "add_status (test_response_look.py:" in trace.verdict
    assert ") changed the status; before that it was 200 from the view " in trace.verdict
    text = render(tree(trace), width=120)
    assert "+ response header X-Frame-Options = DENY  by harden (test_response_look.py:" in text
    sections = [part.name for card in stack(trace, "postprocess").cards for part in card.sections]
    assert "response" not in sections


@both
@pytest.mark.parametrize("use", ["read", "set", "clear"])
def test_the_session_is_saved_by_the_framework_without_any_hook(lib, use):
    app = lib.Flask("x")
    app.secret_key = "key"
    steps = {
        "read": lambda: lib.session.get("a"),
        "set": lambda: lib.session.update(a=1),
        "clear": lambda: lib.session.clear(),  # noqa: PLW0108
    }

    @app.route("/<step>")
    def index(step):
        steps[step]()
        return "x"

    client = app.test_client()
    client.get("/set")
    with flasktrace.capture(app) as traces:
        client.get(f"/{use}")

    expected = {"read": ["header Vary"]}.get(use, ["header Vary", "header Set-Cookie"])
    assert [item[0] for item in changes(traces.last)] == expected
    assert {item[3] for item in changes(traces.last)} == {"the framework"}


@both
def test_a_hook_that_gives_another_response_has_changed_what_differs(lib):
    app = lib.Flask("x")
    app.add_url_rule("/", "index", lambda: "body")

    @app.after_request
    def swap(response):
        return lib.Response("swapped", 202)

    trace = traced(app)

    assert [item[:3] for item in changes(trace)] == [
        ("status", "200 OK", "202 ACCEPTED"),
        ("header Content-Length", "4", "7"),
        ("length", "4 bytes", "7 bytes"),
    ]
    assert trace.verdict.startswith("202: after_request ")
    assert " replaced the response; before that it was 200 from the view " in trace.verdict


@both
def test_hooks_that_change_nothing_leave_no_change(lib):
    app = lib.Flask("x")
    app.secret_key = "key"
    app.add_url_rule("/", "index", lambda: "body")
    app.after_request(lambda response: response)
    app.after_request(lambda response: lib.Response("body"))

    assert changes(traced(app)) == []


@both
def test_the_status_of_a_response_that_was_not_sent_is_not_in_the_verdict(lib):
    app = lib.Flask("x")
    app.add_url_rule("/", "index", lambda: "body")

    @app.after_request
    def fail(response):
        if response.status_code == 404:
            raise KeyError("k")
        return response

    @app.after_request
    def add_status(response):
        if response.status_code == 200:
            response.status_code = 404
        return response

    trace = traced(app)

    assert trace.status == 500
    assert ("status", "200 OK", "404 NOT FOUND", "add_status") in [
        (*item[:3], item[3].rpartition(".")[2]) for item in changes(trace)
    ]
    assert "changed the status" not in trace.verdict


@both
def test_no_response_outlives_its_request(lib):
    app = lib.Flask("x")
    app.secret_key = "key"
    seen = []

    class Response(lib.Response):
        pass

    app.response_class = Response

    @app.after_request
    def keep(response):
        response.headers["X-A"] = "1"
        seen.append(weakref.ref(response))
        return response

    @app.route("/")
    def index():
        lib.session["a"] = 1
        return "x"

    with flasktrace.capture(app) as traces:
        ask(app, Ask())
        gc.collect()
        assert [ref() for ref in seen] == [None]
    assert traces.last.status == 200


@both
def test_the_value_of_a_cookie_is_nowhere_in_the_trace(lib):
    app = lib.Flask("x")
    app.add_url_rule("/", "index", lambda: "body")

    @app.after_request
    def remember(response):
        response.set_cookie("name", "SECRETVALUE")
        return response

    trace = traced(app)

    assert "SECRETVALUE" not in str(trace.to_dict())
    assert "name=•••" in str(trace.changes)
