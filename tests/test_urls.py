"""Urls, redirects and leaving with an error."""

import pytest
from werkzeug.exceptions import NotFound
from werkzeug.routing import BuildError

import flasktrace
from flasktrace import Flask


def shop():
    app = Flask("app")
    app.add_url_rule("/item/<int:n>", "item", lambda n: "")
    return app


def test_an_endpoint_has_a_url():
    with shop().test_request_context("/"):
        assert "/item/3" == flasktrace.url_for("item", n=3)
        assert "/item/3?q=a+b#top" == flasktrace.url_for("item", n=3, q="a b", _anchor="top")
        assert "http://localhost/item/3" == flasktrace.url_for("item", n=3, _external=True)
        assert "https://localhost/item/3" == flasktrace.url_for("item", n=3, _scheme="https")


def test_a_url_without_request_needs_a_server_name():
    app = shop()
    with app.app_context(), pytest.raises(RuntimeError, match="Set SERVER_NAME"):
        flasktrace.url_for("item", n=3)

    app.config["SERVER_NAME"] = "shop.test"
    with app.app_context():
        assert "http://shop.test/item/3" == flasktrace.url_for("item", n=3)


def test_an_endpoint_that_is_not_there_is_named():
    with shop().test_request_context("/"), pytest.raises(BuildError, match="nothing"):
        flasktrace.url_for("nothing")


def test_a_handler_may_give_the_url():
    app = shop()
    app.url_build_error_handlers.append(
        lambda error, endpoint, values: f"/{endpoint}/{values['n']}"
    )
    with app.test_request_context("/"):
        assert "/nothing/1" == flasktrace.url_for("nothing", n=1)


def test_a_scheme_needs_a_host():
    with shop().test_request_context("/"), pytest.raises(ValueError, match="leave out _external"):
        flasktrace.url_for("item", n=3, _scheme="https", _external=False)


def test_asking_for_a_url_does_not_match_the_request():
    with shop().test_request_context("/item/3") as context:
        flasktrace.url_for("item", n=1)

        assert not context.request.matched


def test_abort_and_redirect_work_without_an_app():
    with pytest.raises(NotFound):
        flasktrace.abort(404)

    assert (302, "/x") == ((made := flasktrace.redirect("/x")).status_code, made.location)


def test_a_redirect_is_of_the_apps_class():
    app = shop()
    with app.app_context():
        assert type(flasktrace.redirect("/x")) is app.response_class
