"""Request and response."""

import io
from datetime import UTC, datetime

import pytest
from werkzeug.datastructures import Headers
from werkzeug.routing import Map, Rule
from werkzeug.test import EnvironBuilder, create_environ
from werkzeug.wrappers import Request as WerkzeugRequest
from werkzeug.wrappers import Response as WerkzeugResponse

import flasktrace
from flasktrace import Flask, Request, Response


def test_a_request_is_matched_when_somebody_asks():
    app = Flask("app")
    app.add_url_rule("/<int:n>", "number", lambda n: "")
    with app.test_request_context("/3") as context:
        request = context.request

        assert not request.matched
        assert ("number", {"n": 3}) == (request.endpoint, request.view_args)
        assert request.matched


def test_a_request_of_no_app_has_no_rule():
    request = Request({"PATH_INFO": "/", "REQUEST_METHOD": "GET"})

    assert (None, None, None, None) == (
        request.url_rule,
        request.endpoint,
        request.view_args,
        request.routing_exception,
    )
    assert (None, []) == (request.blueprint, request.blueprints)


def test_a_request_below_the_top_of_the_stack_can_still_be_matched():
    app = Flask("app")
    app.add_url_rule("/x", "x", lambda: "")
    with app.test_request_context("/x") as context, app.app_context():
        assert "x" == context.request.endpoint


def test_rule_and_arguments_can_be_set():
    rule = Rule("/a/<b>", endpoint="outer.inner.view")
    Map([rule])
    request = Request({"PATH_INFO": "/", "REQUEST_METHOD": "GET"})
    request.url_rule = rule
    request.view_args = {"b": "1"}

    assert ("outer.inner.view", {"b": "1"}) == (request.endpoint, request.view_args)
    assert "outer.inner" == request.blueprint
    assert ["outer.inner", "outer"] == request.blueprints


def test_a_routing_error_is_kept_for_dispatch():
    app = Flask("app")
    with app.test_request_context("/lost") as context:
        assert 404 == context.request.routing_exception.code
        assert context.request.url_rule is None


def test_a_match_that_fails_with_another_error_fails_once():
    app = Flask("app")

    class Broken(app.url_map.converters["default"]):
        def to_python(self, value):
            raise LookupError

    app.url_map.converters["broken"] = Broken
    app.add_url_rule("/<broken:x>", "x", lambda x: "")

    assert 500 == app.test_client().get("/a").status_code


@pytest.mark.parametrize("name", ["max_content_length", "max_form_memory_size", "max_form_parts"])
def test_limits_are_the_apps_unless_set(name):
    app = Flask("app")
    app.config[name.upper()] = 5
    with app.test_request_context("/") as context:
        assert 5 == getattr(context.request, name)
        setattr(context.request, name, 7)
        assert 7 == getattr(context.request, name)

    assert getattr(Request({}), name) is None


def test_broken_json_is_explained_in_debug_mode_only():
    app = Flask("app")
    app.config["TRAP_BAD_REQUEST_ERRORS"] = False
    app.add_url_rule("/", "index", lambda: flasktrace.request.json, methods=["POST"])

    def answer():
        return app.test_client().post("/", data="{", content_type="application/json").text

    assert "Failed to decode" not in answer()
    app.debug = True
    assert "Failed to decode" in answer()


def test_a_response_is_html_unless_told_otherwise():
    assert "text/html" == Response("x").mimetype
    assert "text/plain" == Response("x", mimetype="text/plain").mimetype


def test_the_size_of_cookies_is_the_apps():
    app = Flask("app")
    app.config["MAX_COOKIE_SIZE"] = 10

    assert 4093 == Response().max_cookie_size
    with app.app_context():
        assert 10 == Response().max_cookie_size


def test_a_location_is_sent_as_it_is():
    app = Flask("app")
    app.add_url_rule("/", "index", lambda: flasktrace.redirect("relative"))

    assert "relative" == app.test_client().get("/").headers["Location"]


# The short ways


def test_the_short_ways_are_used_with_this_werkzeug():
    assert Request._fills
    assert Response._fills
    assert Response._sends


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"REQUEST_METHOD": "post", "wsgi.url_scheme": "wss"},
        {"SCRIPT_NAME": "/base/", "PATH_INFO": "//\xc3\xa4", "QUERY_STRING": "q=\xfc"},
        {"SCRIPT_NAME": "", "PATH_INFO": "\xff"},
        {"SCRIPT_NAME": None, "PATH_INFO": None, "QUERY_STRING": None, "REQUEST_METHOD": None},
        {"SERVER_NAME": None},
        {"SERVER_NAME": "unix:/run/socket", "SERVER_PORT": ""},
        {"SERVER_PORT": None},
        {"REMOTE_ADDR": "::1", "HTTP_COOKIE": 'a=1; b=\xc3\xa4; c="x"'},
        {"HTTP_COOKIE": "\xe9=\xff; =; ;"},
        {"HTTP_COOKIE": ""},
        {"HTTP_X_FORWARDED_FOR": "1.2.3.4, 5.6.7.8", "CONTENT_TYPE": "text/plain"},
    ],
)
def test_a_request_keeps_what_werkzeugs_keeps(given):
    environ = {**create_environ("/path?x=1", "http://example.org/"), **given}
    environ = {key: value for key, value in environ.items() if value is not None}
    usual, ours = WerkzeugRequest(environ, False), Request(environ, False)

    assert "werkzeug.request" not in environ
    for name in (*vars(usual), "host", "url", "cookies", "access_route", "content_type"):
        assert getattr(usual, name) == getattr(ours, name), name


def test_a_request_is_put_into_the_environ_unless_it_is_shallow():
    environ = create_environ("/")
    Request(environ, shallow=True)
    Request(environ, populate_request=False)
    assert "werkzeug.request" not in environ

    assert Request(environ) is environ["werkzeug.request"]


def test_files_that_were_sent_are_closed_with_the_request():
    environ = EnvironBuilder(data={"file": (io.BytesIO(b"x"), "x.txt")}).get_environ()
    request = Request(environ)
    request.close()
    stream = request.files["file"].stream
    assert not stream.closed
    request.close()

    assert stream.closed


def test_headers_of_a_request_can_be_replaced():
    request = Request({**create_environ("/"), "HTTP_COOKIE": "a=1"})
    request.headers = Headers([("Cookie", "b=2")])

    assert {"b": "2"} == request.cookies.to_dict()


def test_a_class_between_the_request_and_werkzeugs_is_not_left_out():
    class Between(WerkzeugRequest):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.seen = True

    class Own(Request, Between):
        pass

    assert Own(create_environ("/x")).seen
    assert "/x" == Own(create_environ("/x")).path


RESPONSES = [
    (),
    ("text",),
    ("",),
    (b"bytes",),
    (bytearray(b"array"),),
    (["a", "b"],),
    (["a"],),
    ([b"a"],),
    (("a", b"b"),),
    ([],),
    (iter(["a"]),),
    ("text", 201),
    ("text", True),
    ("text", 299),
    ("text", 100),
    ("text", 204),
    ("text", 304),
    ("text", "404 Lost"),
    ("text", "only words"),
    ("text", 999),
    ("text", None, {}),
    ("text", None, {"X-A": "1", "content-type": "text/own"}),
    ("text", None, [("X-A", "1"), ("X-A", "2")]),
    ("text", None, Headers({"Content-Length": "7"})),
    ("text", None, {"Location": "/\xe4"}),
    ("text", None, {"Content-Location": "/\xe4?\xfc"}),
    ("text", None, None, "application/json"),
    ("text", None, None, "text/plain"),
    ("text", None, None, "image/svg+xml"),
    ("text", None, None, ""),
    ("text", None, None, None, "text/own; charset=latin1"),
    ("text", None, None, None, None, True),
]


class Usual(WerkzeugResponse):
    default_mimetype = "text/html"
    autocorrect_location_header = False


def sent(response, method, change=None):
    if change is not None:
        change(response)
    started = []
    body = response(create_environ("/", method=method), lambda *args: started.append(args))
    chunks = list(body)
    body_closes = getattr(body, "close", None)
    if body_closes is not None:
        body_closes()
    return started, chunks, body_closes is not None


CHANGES = [
    None,
    lambda response: response.headers.add("X-A", "\xe4"),
    lambda response: response.headers.remove("Content-Length"),
    lambda response: response.headers.set("content-length", "3"),
    lambda response: setattr(response, "status", 204),
    lambda response: setattr(response, "status_code", 304),
    lambda response: setattr(response, "location", "/\xe4"),
    lambda response: setattr(response, "data", "other"),
    lambda response: setattr(response, "response", ["text"]),
    lambda response: setattr(response, "headers", Headers([("A", "b")])),
    lambda response: response.set_cookie("a", "b"),
    lambda response: setattr(response, "last_modified", datetime(2026, 1, 1, tzinfo=UTC)),
]


def fresh(given):
    """The arguments for one more response: what is used up or changed by the first, anew."""
    for item in given:
        if isinstance(item, Headers):
            yield Headers(item)
        else:
            yield iter(["a"]) if hasattr(item, "__next__") else item


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize("number", range(len(RESPONSES)))
def test_a_response_is_made_and_sent_as_werkzeug_does_it(number, method):
    for change in CHANGES:
        usual, ours = (kind(*fresh(RESPONSES[number])) for kind in (Usual, Response))

        assert set(vars(usual)) == set(vars(ours))
        assert list(usual.headers) == list(ours.headers)
        assert (usual.status, usual.status_code) == (ours.status, ours.status_code)
        assert sent(usual, method, change) == sent(ours, method, change)


def test_a_line_break_in_the_mimetype_is_refused():
    with pytest.raises(ValueError, match="newline"):
        Response("x", mimetype="text/x\r\nX-A: 1")


def test_a_response_is_closed_by_who_got_the_body():
    closed = []

    class Closing(Response):
        def close(self):
            closed.append("class")
            super().close()

    response = Closing("x")
    body = response(create_environ("/"), lambda *args: None)
    response.call_on_close(lambda: closed.append("function"))

    assert b"x" == next(body)
    assert [] == list(body)
    body.close()
    assert ["class", "function"] == closed


@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("set_data", lambda self, value: WerkzeugResponse.set_data(self, f"<{value}>")),
        ("get_wsgi_headers", lambda self, environ: Headers({"X-Own": "1"})),
        ("get_app_iter", lambda self, environ: [b"own"]),
        ("iter_encoded", lambda self: iter([b"own"])),
        ("get_wsgi_response", lambda self, environ: ([b"own"], "200 OWN", [])),
        ("status", property(lambda self: "299 OWN", lambda self, value: None)),
        ("default_status", 203),
        ("default_status", "203 Own"),
        ("default_mimetype", None),
        ("default_mimetype", "text/own"),
        ("automatically_set_content_length", False),
    ],
)
def test_what_a_class_of_responses_overrides_counts(name, method):
    usual, ours = type("Usual", (Usual,), {name: method}), type("Own", (Response,), {name: method})
    expected, actual = usual.__new__(usual), ours.__new__(ours)
    for response in (expected, actual):
        response._status, response._status_code = "200 OK", 200
        response.__init__("text")

    assert sent(expected, "GET") == sent(actual, "GET")


def test_a_class_between_the_response_and_werkzeugs_is_not_left_out():
    class Between(WerkzeugResponse):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.headers["X-Init"] = "1"

        def __call__(self, environ, start_response):
            self.headers["X-Call"] = "1"
            return super().__call__(environ, start_response)

    class Own(Response, Between):
        pass

    ((_, headers),), _, _ = sent(Own("x"), "GET")

    assert {("X-Init", "1"), ("X-Call", "1")} < set(headers)
