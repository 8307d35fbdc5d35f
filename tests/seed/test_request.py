"""The request: what it says of itself, worked out when first asked for and kept."""

import io

import pytest
from werkzeug.exceptions import BadRequest

from flasktrace import Flask, Request, request

FORM = {"a": ["1", "2"], "b": "x y"}
CACHED = ["args", "form", "files", "values", "cookies", "headers", "user_agent", "accept_mimetypes"]


@pytest.fixture
def app():
    made = Flask("app")
    made.config["TESTING"] = True
    return made


def test_in_a_view_request_is_an_instance_of_the_apps_class(app):
    class Own(Request):
        pass

    app.request_class = Own
    with app.test_request_context("/"):
        assert isinstance(request, Own)


@pytest.mark.parametrize("name", CACHED)
def test_it_works_a_property_out_once(app, name):
    with app.test_request_context("/?q=1", method="POST", data=FORM) as context:
        assert getattr(context.request, name) is getattr(context.request, name)


def test_it_has_the_url_in_parts(app):
    context = app.test_request_context("/a%20b?q=1", base_url="https://shop.test:444/mount")
    with context:
        assert {
            "path": "/a b",
            "full_path": "/a b?q=1",
            "root_path": "/mount",
            "script_root": "/mount",
            "query_string": b"q=1",
            "host": "shop.test:444",
            "scheme": "https",
            "is_secure": True,
            "method": "GET",
            "base_url": "https://shop.test:444/mount/a%20b",
            "url": "https://shop.test:444/mount/a%20b?q=1",
            "url_root": "https://shop.test:444/mount/",
            "host_url": "https://shop.test:444/",
        } == {
            name: getattr(request, name)
            for name in (
                *("path", "full_path", "root_path", "script_root", "query_string", "host"),
                *("scheme", "is_secure", "method", "base_url", "url", "url_root", "host_url"),
            )
        }


def test_query_form_and_both_together(app):
    with app.test_request_context("/?q=1&a=0", method="POST", data=FORM):
        assert "1" == request.args["q"]
        assert ["1", "2"] == request.form.getlist("a")
        assert ["0", "1", "2"] == request.values.getlist("a")
        assert 1 == request.args.get("q", type=int)


def test_the_files_of_a_form(app):
    data = {"file": (io.BytesIO(b"text"), "name.txt"), "b": "c"}
    with app.test_request_context("/", method="POST", data=data):
        file = request.files["file"]

        assert ("name.txt", b"text") == (file.filename, file.read())
        assert {"b": "c"} == request.form.to_dict()


def test_a_missing_field_is_a_bad_request(app):
    with app.test_request_context("/"), pytest.raises(BadRequest):
        _ = request.form["none"]


def test_the_body_as_bytes_text_and_stream(app):
    with app.test_request_context("/", method="POST", data="text"):
        assert b"text" == request.get_data() == request.data
        assert "text" == request.get_data(as_text=True)
        assert 4 == request.content_length
    with app.test_request_context("/", method="POST", data="text"):
        assert b"text" == request.stream.read()


def test_json_is_parsed_once(app):
    with app.test_request_context("/", method="POST", json={"a": [1]}):
        assert request.is_json
        assert {"a": [1]} == request.json
        assert request.get_json() is request.json


def test_bad_json_is_a_bad_request(app):
    with (
        app.test_request_context("/", method="POST", data="{", content_type="application/json"),
        pytest.raises(BadRequest),
    ):
        _ = request.json


def test_cookies_headers_and_who_asks(app):
    headers = {"Cookie": "a=1; b=2", "User-Agent": "us", "Accept-Language": "de, en;q=0.5"}
    with app.test_request_context("/", headers=headers, environ_base={"REMOTE_ADDR": "10.0.0.1"}):
        assert {"a": "1", "b": "2"} == request.cookies.to_dict()
        assert "us" == request.user_agent.string == request.headers["user-agent"]
        assert "de" == request.accept_languages.best
        assert "10.0.0.1" == request.remote_addr


def test_basic_authorization(app):
    with app.test_request_context("/", auth=("ada", "lace")):
        assert ("ada", "lace") == (request.authorization.username, request.authorization.password)


@pytest.mark.parametrize("name", ["endpoint", "url_rule", "view_args", "blueprint"])
def test_what_the_rules_say_is_matched_when_first_asked_for(app, name):
    app.add_url_rule("/", "index", lambda: "x")
    with app.test_request_context("/") as context:
        before = context.request.matched
        getattr(request, name)

        assert (False, True) == (before, context.request.matched)


def test_a_request_without_app_can_be_made():
    made = Request({"PATH_INFO": "/x", "REQUEST_METHOD": "GET", "SERVER_NAME": "s"})

    assert ("/x", None, None, []) == (made.path, made.endpoint, made.view_args, made.blueprints)
