"""What a view may return, and what becomes of it."""

import io

import pytest
from markupsafe import Markup
from werkzeug.datastructures import Headers
from werkzeug.exceptions import Forbidden, NotFound
from werkzeug.wrappers import Response as WerkzeugResponse

from tests.side_by_side.harness import same


def returning(make):
    """An app whose only view returns what *make* gives for the module."""

    def build(f):
        app = f.Flask("app")
        app.add_url_rule("/", "index", lambda: make(f))
        return app

    return build


def hello_wsgi(environ, start_response):
    start_response("202 Accepted", [("Content-Type", "text/plain"), ("X-Own", "1")])
    return [b"from ", b"wsgi"]


def raising_wsgi(environ, start_response):
    raise KeyError(environ["PATH_INFO"])


class Callable:
    def __call__(self, environ, start_response):
        start_response("200 OK", [])
        return [environ["PATH_INFO"].encode()]


class Status(int):
    pass


FORMS = {
    "text": lambda f: "hello",
    "empty text": lambda f: "",
    "text beyond ASCII": lambda f: "grüße ☃",
    "bytes": lambda f: b"\x00\xff",
    "bytearray": lambda f: bytearray(b"ab"),
    "memoryview": lambda f: memoryview(b"ab"),
    "dict": lambda f: {"b": 1, "a": [None, True, 1.5, "é"]},
    "empty dict": lambda f: {},
    "list": lambda f: [1, {"x": "y"}],
    "empty list": list,
    "dict, status": lambda f: ({"a": 1}, 201),
    "list, headers": lambda f: ([1], {"X-A": "1"}),
    "response": lambda f: f.Response("r", 203, {"X-A": "1"}),
    "werkzeug response": lambda f: WerkzeugResponse("w", 203, {"X-A": "1"}),
    "response, status": lambda f: (f.Response("r"), 204),
    "response, headers": lambda f: (
        f.Response("r", headers={"X-A": "1", "X-B": "2"}),
        {"X-A": "3"},
    ),
    "response, status and headers": lambda f: (f.Response("r"), "299 Odd", [("X-A", "1")]),
    "HTTP exception": lambda f: NotFound(),
    "HTTP exception with a response": lambda f: Forbidden(response=f.Response("own", 418)),
    "wsgi function": lambda f: hello_wsgi,
    "wsgi object": lambda f: Callable(),
    "wsgi, status": lambda f: (hello_wsgi, 418),
    "wsgi, headers": lambda f: (hello_wsgi, {"X-Own": "2", "X-More": "3"}),
    "wsgi that raises": lambda f: raising_wsgi,
    "text, status": lambda f: ("x", 404),
    "text, status as text": lambda f: ("x", "404 gone fishing"),
    "text, status as digits": lambda f: ("x", "418"),
    "text, own int": lambda f: ("x", Status(201)),
    "text, unknown status": lambda f: ("x", 799),
    "text, status None": lambda f: ("x", None),
    "text, dict": lambda f: ("x", {"X-A": "1", "Content-Type": "text/plain"}),
    "text, dict of lists": lambda f: ("x", {"X-A": ["1", "2"]}),
    "text, list": lambda f: ("x", [("X-A", "1"), ("X-A", "2")]),
    "text, tuple of pairs": lambda f: ("x", (("X-A", "1"),)),
    "text, Headers": lambda f: ("x", Headers([("X-A", "1"), ("X-A", "2")])),
    "text, empty headers": lambda f: ("x", {}),
    "text, status, headers": lambda f: ("x", 201, {"X-A": "1"}),
    "text, status, None": lambda f: ("x", 201, None),
    "text, None, headers": lambda f: ("x", None, {"X-A": "1"}),
    "text, status, list": lambda f: ("x", 201, [("X-A", "1")]),
    "text, 204": lambda f: ("ignored", 204),
    "text, 304": lambda f: ("ignored", 304, {"ETag": '"x"'}),
    "text, location": lambda f: ("x", 302, {"Location": "/a b"}),
    "text, length": lambda f: ("xyz", {"Content-Length": "3"}),
    "generator": lambda f: (c for c in ("a", "b")),
    "generator of bytes": lambda f: (c for c in (b"a", b"b")),
    "iterator": lambda f: iter(["a", "b"]),
    "generator, status, headers": lambda f: ((c for c in "ab"), 201, {"X-A": "1"}),
    "map": lambda f: map(str, range(3)),
    "file object": lambda f: io.BytesIO(b"abc"),
    "empty generator": lambda f: (c for c in ""),
    "Markup": lambda f: Markup("<b>"),
    "make_response()": lambda f: f.make_response(),
    "make_response(text)": lambda f: f.make_response("x"),
    "make_response(text, status)": lambda f: f.make_response("x", 201),
    "make_response(three)": lambda f: f.make_response("x", 201, {"X-A": "1"}),
    "make_response(tuple)": lambda f: f.make_response(("x", 201)),
    "make_response(dict)": lambda f: f.make_response({"a": 1}),
    "make_response(response)": lambda f: f.make_response(f.Response("x")),
    "make_response(wsgi)": lambda f: f.make_response(hello_wsgi),
    "make_response(generator)": lambda f: f.make_response(c for c in "ab"),
    "redirect": lambda f: f.redirect("/else/where?a=1&b=2"),
    "redirect with code": lambda f: f.redirect("https://other.test/", 308),
    "redirect with odd text": lambda f: f.redirect("/ü?<script>\"'"),
    "redirect made wrong": lambda f: f.redirect("/", 200),
    "redirect positional class": lambda f: f.redirect("/", 301, WerkzeugResponse),
    "abort": lambda f: f.abort(403),
    "abort with text": lambda f: f.abort(400, "no & never"),
    "abort with description": lambda f: f.abort(404, description="<b>lost</b>"),
    "abort with response": lambda f: f.abort(f.Response("own", 409)),
    "abort with unknown code": lambda f: f.abort(299),
    "abort 401": lambda f: f.abort(401),
    "abort 405": lambda f: f.abort(405),
    "abort 416": lambda f: f.abort(416),
    "abort 429": lambda f: f.abort(429),
    "abort 503": lambda f: f.abort(503),
    "jsonify": lambda f: f.jsonify(a=1, b=[2]),
    "jsonify, status": lambda f: (f.jsonify([1]), 202),
    # Wrong ones
    "None": lambda f: None,
    "integer": lambda f: 1,
    "float": lambda f: 1.5,
    "True": lambda f: True,
    "object": lambda f: object(),
    "set": lambda f: {1},
    "None, status": lambda f: (None, 200),
    "empty tuple": lambda f: (),
    "one": lambda f: ("x",),
    "four": lambda f: ("x", 200, {}, 1),
    "text, object": lambda f: ("x", object()),
    "text, status, text": lambda f: ("x", 200, "oops"),
    "text, float status": lambda f: ("x", 1.5),
    "text, empty status": lambda f: ("x", ""),
    "text, zero status": lambda f: ("x", 0),
    "class that takes two": lambda f: dict,
    "range": lambda f: range(3),
    "swapped": lambda f: (200, "x"),
    "JSON of what cannot be": lambda f: {"a": object()},
}


@pytest.mark.parametrize("name", FORMS)
def test_a_view_may_return(name):
    same(returning(FORMS[name]), "/", "HEAD /")


def test_a_response_class_of_the_app_is_used():
    def build(f):
        class Plain(f.Response):
            default_mimetype = "text/plain"

        app = f.Flask("app")
        app.response_class = Plain
        app.add_url_rule("/text", "text", lambda: "x")
        app.add_url_rule("/other", "other", lambda: f.Response("y"))
        app.add_url_rule("/dict", "dict", lambda: {"a": 1})
        app.add_url_rule("/wsgi", "wsgi", lambda: hello_wsgi)
        app.add_url_rule("/redirect", "redirect", lambda: f.redirect("/"))
        app.add_url_rule("/made", "made", lambda: type(f.make_response("x")).__name__)
        app.add_url_rule("/kind", "kind", lambda: type(f.make_response(hello_wsgi)).__name__)
        return app

    paths = ("/text", "/other", "/dict", "/wsgi", "/redirect", "/made", "/kind", "/lost")
    same(build, *paths, "OPTIONS /text")


def test_cookies_and_headers_are_set_on_a_made_response():
    def build(f):
        app = f.Flask("app")

        @app.route("/")
        def index():
            response = f.make_response("x")
            response.set_cookie("a", "1", max_age=5, httponly=True, samesite="Lax")
            response.set_cookie("b", "ü;=,")
            response.delete_cookie("c")
            response.headers.add("X-A", "1")
            response.headers.add("X-A", "2")
            response.vary.add("Accept")
            response.cache_control.no_store = True
            return response

        return app

    same(build, "/")


def test_a_large_cookie_warns_in_both():
    def build(f):
        app = f.Flask("app")
        app.config["MAX_COOKIE_SIZE"] = 100

        @app.route("/")
        def index():
            response = f.Response("x")
            with pytest.warns(UserWarning, match="too large"):
                response.set_cookie("a", "x" * 200)
            return response

        return app

    same(build, "/")


def test_conditional_answers_are_alike():
    def build(f):
        app = f.Flask("app")

        @app.route("/")
        def index():
            response = f.make_response("body of it")
            response.add_etag()
            return response.make_conditional(f.request, accept_ranges=True, complete_length=10)

        return app

    etag = same(build, "/")[0].headers
    tag = dict(etag)["ETag"]
    same(build, {"headers": {"If-None-Match": tag}}, {"headers": {"Range": "bytes=2-4"}})


def test_form_limits_are_alike():
    def build(f):
        app = f.Flask("app")
        app.config.update(MAX_CONTENT_LENGTH=2000, MAX_FORM_MEMORY_SIZE=50, MAX_FORM_PARTS=2)

        @app.route("/", methods=["POST"])
        def index():
            return repr(sorted(f.request.form.items()))

        @app.route("/wide", methods=["POST"])
        def wide():
            f.request.max_content_length = 10_000
            f.request.max_form_memory_size = 5_000
            f.request.max_form_parts = 10
            return str(len(f.request.form))

        @app.route("/limits")
        def limits():
            r = f.request
            return f"{r.max_content_length} {r.max_form_memory_size} {r.max_form_parts}"

        return app

    def post(path, **fields):
        return {
            "path": path,
            "method": "POST",
            "data": fields,
            "content_type": "multipart/form-data; boundary=b",
        }

    many = {name: name for name in "abcd"}
    same(
        build,
        "/limits",
        post("/", a="1"),
        post("/", a="x" * 60),
        post("/", **many),
        post("/", a="x" * 3000),
        post("/wide", **many),
        post("/wide", a="x" * 3000),
    )


def test_json_that_cannot_be_read_is_a_bad_request():
    def build(debug):
        def made(f):
            app = f.Flask("app")
            app.debug = debug

            @app.route("/", methods=["POST"])
            def index():
                return repr(f.request.get_json())

            @app.route("/silent", methods=["POST"])
            def silent():
                return repr(f.request.get_json(silent=True, force=True))

            return app

        return made

    for debug in (False, True):
        same(
            build(debug),
            {"method": "POST", "data": "{", "content_type": "application/json"},
            {"method": "POST", "data": "{", "content_type": "text/plain"},
            {"method": "POST", "data": '{"a": 1}', "content_type": "application/x+json"},
            {"path": "/silent", "method": "POST", "data": "{"},
            {"path": "/silent", "method": "POST", "data": "[1]"},
        )


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("trap", [None, False, True])
def test_a_missing_form_key_is_a_bad_request(debug, trap):
    def build(f):
        app = f.Flask("app")
        app.debug = debug
        app.config.update(TRAP_BAD_REQUEST_ERRORS=trap, PROPAGATE_EXCEPTIONS=False)
        app.add_url_rule("/", "index", lambda: f.request.args["name"])
        return app

    same(build, "/", "/?name=x")
