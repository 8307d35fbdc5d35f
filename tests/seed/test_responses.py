"""What a view may return, and what becomes of it."""

import pytest
from werkzeug.datastructures import Headers
from werkzeug.wrappers import Response as WerkzeugResponse

from flasktrace import Flask, Response, jsonify, make_response, redirect

HTML, JSON = "text/html; charset=utf-8", "application/json"


def wsgi(environ, start_response):
    """A WSGI app, a view's value like any other."""
    start_response("202 Accepted", [("Content-Type", "text/x"), ("X-From", environ["PATH_INFO"])])
    return [b"from ", b"wsgi"]


class Own(Response):
    default_mimetype = "text/own"


BODIES = {
    "a text": (lambda: "ü", "ü", HTML),
    "bytes": (lambda: b"\xc3\xbc", "ü", HTML),
    "a bytearray": (lambda: bytearray(b"x"), "x", HTML),
    "an empty text": (lambda: "", "", HTML),
    "a dict": (lambda: {"b": 1, "a": None}, '{"a":null,"b":1}\n', JSON),
    "an empty dict": (dict, "{}\n", JSON),
    "a list": (lambda: [1, "x"], '[1,"x"]\n', JSON),
    "a generator of text": (lambda: (part for part in "ab"), "ab", HTML),
    "an iterator of bytes": (lambda: iter([b"a", b"b"]), "ab", HTML),
    "a response": (lambda: Response("x", mimetype="text/plain"), "x", "text/plain; charset=utf-8"),
    "a response of another class": (lambda: Own("x"), "x", "text/own; charset=utf-8"),
    "werkzeug's response": (lambda: WerkzeugResponse("x"), "x", "text/plain; charset=utf-8"),
    "a WSGI app": (lambda: wsgi, "from wsgi", "text/x"),
    "what jsonify makes": (lambda: jsonify(a=1), '{"a":1}\n', JSON),
    "what make_response makes": (lambda: make_response("x", 200), "x", HTML),
}


@pytest.mark.parametrize(("make", "text", "kind"), BODIES.values(), ids=BODIES)
def test_a_body_becomes_a_response(make, text, kind):
    app = Flask("app")
    app.add_url_rule("/", "view", make)
    response = app.test_client().get("/")

    assert (202 if "wsgi" in text else 200) == response.status_code
    assert (text, kind) == (response.text, response.headers["Content-Type"])


@pytest.mark.parametrize(("make", "text", "kind"), BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("headers", [dict, list, Headers, None])
def test_a_body_may_have_status_and_headers(make, text, kind, headers):
    app = Flask("app")
    app.add_url_rule("/", "view", lambda: (make(), 201, headers and headers([("X-A", "1")])))
    response = app.test_client().get("/")

    assert (201, text, kind) == (
        response.status_code,
        response.text,
        response.headers["Content-Type"],
    )
    assert (None if headers is None else "1") == response.headers.get("X-A")


PAIRS = {
    "a number": (("x", 404), "404 NOT FOUND", None),
    "a text": (("x", "299 All's well"), "299 All's well", None),
    "None": (("x", None), "200 OK", None),
    "a dict": (("x", {"X-A": "1"}), "200 OK", "1"),
    "pairs": (("x", [("X-A", "1")]), "200 OK", "1"),
    "Headers": (("x", Headers([("X-A", "1")])), "200 OK", "1"),
    "a dict after a status in text": (("x", "201 Made", {"X-A": "1"}), "201 Made", "1"),
}


@pytest.mark.parametrize(("value", "status", "header"), PAIRS.values(), ids=PAIRS)
def test_beside_the_body_stand_status_or_headers(value, status, header):
    app = Flask("app")
    app.add_url_rule("/", "view", lambda: value)
    response = app.test_client().get("/")

    assert (status, header) == (response.status, response.headers.get("X-A"))


def test_the_headers_of_the_tuple_go_before_those_of_the_response():
    app = Flask("app")
    made = Response("x", headers={"X-A": "1", "X-B": "1"})
    app.add_url_rule("/", "view", lambda: (made, {"X-A": "2"}))
    headers = app.test_client().get("/").headers

    assert ("2", "1") == (headers["X-A"], headers["X-B"])


def test_a_content_type_in_the_headers_counts():
    app = Flask("app")
    app.add_url_rule("/", "view", lambda: ("x", {"Content-Type": "text/x"}))

    assert "text/x" == app.test_client().get("/").headers["Content-Type"]


def test_the_apps_response_class_is_used():
    app = Flask("app")
    app.response_class = Own
    app.add_url_rule("/", "view", lambda: "x")
    app.add_url_rule("/other", "other", lambda: Response("x"))
    client = app.test_client()

    assert "text/own; charset=utf-8" == client.get("/").headers["Content-Type"]
    assert HTML == client.get("/other").headers["Content-Type"]


def test_a_redirect_is_a_response():
    app = Flask("app")
    app.add_url_rule("/", "view", lambda: redirect("/there", 303))
    response = app.test_client().get("/")

    assert (303, "/there") == (response.status_code, response.location)


NO_BODIES = {
    "None": (None, "'view' returned None"),
    "None with a status": ((None, 201), "has no body"),
    "a number": (1, "returned a int"),
    "a set": ({1}, "returned a set"),
    "an empty tuple": ((), "a tuple of 0"),
    "a tuple of one": (("x",), "a tuple of 1"),
    "a tuple of four": (("x", 200, {}, 1), "a tuple of 4"),
    "something callable that is no WSGI app": (len, "returned a builtin_function_or_method"),
}


@pytest.mark.parametrize(("value", "text"), NO_BODIES.values(), ids=NO_BODIES)
def test_anything_else_is_an_error_that_says_what_is_possible(value, text):
    app = Flask("app")
    app.testing = True
    app.add_url_rule("/", "view", lambda: value)

    with pytest.raises(TypeError, match=text):
        app.test_client().get("/")


def test_make_response_takes_what_a_view_returns():
    app = Flask("app")
    with app.test_request_context("/path"):
        made = [
            make_response(),
            make_response("x"),
            make_response("x", 201),
            make_response(("x", 202)),
            make_response("x", {"X-A": "1"}),
            make_response(wsgi),
        ]

    assert [200, 200, 201, 202, 200, 202] == [response.status_code for response in made]
    assert "1" == made[4].headers["X-A"]
    assert "/path" == made[5].headers["X-From"]


def test_without_a_request_a_text_becomes_a_response_too():
    with Flask("app").app_context():
        assert b"x" == make_response("x").data
