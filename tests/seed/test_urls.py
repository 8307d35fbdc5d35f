"""Url rules: what they match, what they give, and where else they send."""

import pytest
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import BaseConverter, BuildError, RequestRedirect

from flasktrace import Flask, request, url_for


@pytest.fixture
def app():
    return Flask("app")


CONVERTERS = {
    "a text": ("/<name>", "/ada", {"name": "ada"}),
    "a text, named": ("/<string:name>", "/ada", {"name": "ada"}),
    "a text of a length": ("/<string(length=3):name>", "/ada", {"name": "ada"}),
    "an int": ("/<int:number>", "/42", {"number": 42}),
    "a signed int": ("/<int(signed=True):number>", "/-42", {"number": -42}),
    "a float": ("/<float:number>", "/4.5", {"number": 4.5}),
    "a path": ("/<path:rest>", "/a/b/c", {"rest": "a/b/c"}),
    "one of some": ("/<any(red, blue):color>", "/blue", {"color": "blue"}),
    "a uuid": ("/<uuid:key>", "/12345678-1234-5678-1234-567812345678", None),
    "two values": ("/<name>/<int:number>", "/ada/1", {"name": "ada", "number": 1}),
    "an escaped text": ("/<name>", "/%C3%BC%20b", {"name": "ü b"}),
}


@pytest.mark.parametrize(("rule", "path", "values"), CONVERTERS.values(), ids=CONVERTERS)
def test_a_converter_gives_the_view_a_value(app, rule, path, values):
    seen = []
    app.add_url_rule(rule, "view", lambda **given: seen.append(given) or "x")

    assert 200 == app.test_client().get(path).status_code
    if values is None:
        assert path == f"/{seen[0]['key']}"
    else:
        assert [values] == seen


@pytest.mark.parametrize("path", ["/x", "/-1", "/1.0", "/1/2", "/", "/%31x"])
def test_what_the_converter_does_not_take_is_not_found(app, path):
    app.add_url_rule("/<int:number>", "view", lambda number: "x")

    assert 404 == app.test_client().get(path).status_code


def test_a_converter_of_ones_own_can_be_added(app):
    class Names(BaseConverter):
        def to_python(self, value):
            return value.split("+")

        def to_url(self, value):
            return "+".join(value)

    app.url_map.converters["names"] = Names
    app.add_url_rule("/<names:who>", "view", lambda who: who)

    assert ["ada", "bob"] == app.test_client().get("/ada+bob").json
    with app.test_request_context():
        assert "/ada+bob" == url_for("view", who=["ada", "bob"])


@pytest.mark.parametrize("query", ["", "?a=1&b=%20"])
def test_without_its_slash_a_folder_is_redirected_to(app, query):
    app.add_url_rule("/folder/", "view", lambda: "x")
    response = app.test_client().get(f"/folder{query}")

    assert 308 == response.status_code
    assert f"http://localhost/folder/{query}" == response.location


def test_with_a_slash_a_file_is_not_found(app):
    app.add_url_rule("/file", "view", lambda: "x")

    assert 404 == app.test_client().get("/file/").status_code


def test_strict_slashes_can_be_off(app):
    app.add_url_rule("/folder/", "view", lambda: "x", strict_slashes=False)

    assert "x" == app.test_client().get("/folder").text


def test_the_request_knows_its_rule(app):
    app.add_url_rule("/<int:number>", "view", lambda number: "x")
    with app.test_request_context("/42"):
        assert "view" == request.endpoint
        assert {"number": 42} == request.view_args
        assert "/<int:number>" == request.url_rule.rule
        assert request.routing_exception is None


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("GET", "/none", NotFound),
        ("POST", "/folder/", MethodNotAllowed),
        ("GET", "/folder", RequestRedirect),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_the_request_keeps_why_there_is_no_rule(app, method, path, kind):
    app.add_url_rule("/folder/", "view", lambda: "x")
    with app.test_request_context(path, method=method):
        assert (None, None, None) == (request.endpoint, request.view_args, request.url_rule)
        assert type(request.routing_exception) is kind


def test_the_wrong_method_is_told_which_are_right(app):
    app.add_url_rule("/", "view", lambda: "x", methods=["GET", "PUT"])
    response = app.test_client().post("/")

    assert 405 == response.status_code
    assert {"GET", "HEAD", "PUT", "OPTIONS"} == set(response.allow)


def test_a_rule_of_get_answers_head_and_options(app):
    app.add_url_rule("/", "view", lambda: "text")
    head, options = app.test_client().head("/"), app.test_client().options("/")

    assert ("4", b"") == (head.headers["Content-Length"], head.data)
    assert {"GET", "HEAD", "OPTIONS"} == set(options.allow)


def test_url_for_turns_an_endpoint_into_its_url(app):
    app.add_url_rule("/<int:number>", "view", lambda number: "x")
    with app.test_request_context():
        assert "/42" == url_for("view", number=42)
        assert "/42?q=a+b" == url_for("view", number=42, q="a b")
        assert "http://localhost/42#top" == url_for(
            "view", number=42, _external=True, _anchor="top"
        )
        with pytest.raises(BuildError, match="view"):
            url_for("view")
        with pytest.raises(BuildError, match="none"):
            url_for("none")


def test_a_rule_may_have_defaults(app):
    app.add_url_rule("/all/", "view", lambda page: f"page {page}", defaults={"page": 1})
    app.add_url_rule("/all/<int:page>", "view")
    client = app.test_client()

    assert ["page 1", "page 3"] == [client.get(path).text for path in ("/all/", "/all/3")]
    assert "http://localhost/all/" == client.get("/all/1").location


def test_an_endpoint_has_one_view(app):
    app.add_url_rule("/", "view", lambda: "x")

    with pytest.raises(AssertionError, match="'view' has a view already"):
        app.add_url_rule("/other", "view", lambda: "y")
