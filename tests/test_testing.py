"""The test client."""

import pytest

import flasktrace
from flasktrace import Flask
from flasktrace.globals import context_stack
from flasktrace.testing import FlaskClient


def hello():
    app = Flask("app")
    app.secret_key = "key"

    @app.route("/<path:rest>", methods=["GET", "POST"])
    def index(rest):
        return {"rest": rest, "host": flasktrace.request.host, "n": flasktrace.session.get("n")}

    @app.route("/go")
    def go():
        return flasktrace.redirect("/there")

    return app


def test_a_client_used_as_a_block_keeps_the_last_context():
    app = hello()
    with app.test_client() as client:
        client.get("/a")
        assert "/a" == flasktrace.request.path
        client.get("/b")
        assert "/b" == flasktrace.request.path
        assert 1 == len(context_stack())

    assert () == context_stack()


def test_the_context_of_the_last_redirect_is_on_top():
    with hello().test_client() as client:
        client.get("/go", follow_redirects=True)

        assert "/there" == flasktrace.request.path


def test_a_client_without_a_block_keeps_nothing():
    hello().test_client().get("/a")

    assert () == context_stack()


def test_blocks_cannot_be_nested():
    client = hello().test_client()
    with client, pytest.raises(RuntimeError, match="cannot be nested"):
        client.__enter__()


def test_the_session_can_be_filled_before_a_request():
    client = hello().test_client()
    with client.session_transaction() as session:
        session["n"] = 5

    assert 5 == client.get("/x").json["n"]


def test_a_session_needs_cookies():
    client = hello().test_client(use_cookies=False)
    with pytest.raises(TypeError, match="use_cookies=True"), client.session_transaction():
        pass


def test_a_session_needs_a_secret_key():
    app = hello()
    app.secret_key = None
    with (
        pytest.raises(RuntimeError, match="no secret key"),
        app.test_client().session_transaction() as session,
    ):
        assert {} == dict(session)


def test_a_base_url_leaves_no_room_for_subdomain_and_scheme():
    with pytest.raises(ValueError, match="not both"):
        hello().test_client().get("/", base_url="http://a.test", subdomain="b")


def test_the_host_is_the_apps():
    app = hello()
    app.config["SERVER_NAME"] = "shop.test"

    assert "shop.test" == app.test_client().get("/x").json["host"]


def test_a_client_class_of_ones_own_is_used():
    class Own(FlaskClient):
        pass

    app = hello()
    app.test_client_class = Own

    assert type(app.test_client()) is Own
