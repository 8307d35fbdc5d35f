"""Request and response."""

import pytest
from werkzeug.routing import Map, Rule

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
