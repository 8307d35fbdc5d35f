"""Sessions: the signed cookie and what is saved in it."""

import pytest
from itsdangerous import URLSafeTimedSerializer

import flasktrace
from flasktrace import Flask
from flasktrace.json.tag import TaggedJSONSerializer
from flasktrace.sessions import NullSession, SecureCookieSession, SessionInterface


def counting():
    app = Flask("app")
    app.secret_key = "key"

    @app.route("/")
    def index():
        flasktrace.session["n"] = flasktrace.session.get("n", 0) + 1
        return str(flasktrace.session["n"])

    @app.route("/quiet")
    def quiet():
        return "x"

    return app


def test_a_session_lasts_from_request_to_request():
    client = counting().test_client()

    assert ["1", "2", "3"] == [client.get("/").text for _ in range(3)]


def test_each_client_has_its_own():
    app = counting()

    assert ("1", "1") == (app.test_client().get("/").text, app.test_client().get("/").text)


def test_nobody_looked_nothing_is_said():
    response = counting().test_client().get("/quiet")

    assert "Set-Cookie" not in response.headers
    assert "Vary" not in response.headers


def test_the_cookie_is_signed_tagged_json():
    app = counting()
    client = app.test_client()
    client.get("/")
    signer = URLSafeTimedSerializer(
        "key",
        salt="cookie-session",
        serializer=TaggedJSONSerializer(),
        signer_kwargs={"key_derivation": "hmac"},
    )

    assert {"n": 1} == signer.loads(client.get_cookie("session").value)


def test_a_forged_cookie_is_an_empty_session():
    client = counting().test_client()
    client.get("/")
    value = client.get_cookie("session").value
    client.set_cookie("session", value[:-2] + ("AA" if value[-2:] != "AA" else "BB"))

    assert "1" == client.get("/").text


def test_writing_without_a_secret_key_says_what_to_do():
    app = counting()
    app.secret_key = None
    app.testing = True

    with pytest.raises(RuntimeError, match=r"Set app\.secret_key to random bytes"):
        app.test_client().get("/")


@pytest.mark.parametrize(
    "write",
    [
        lambda session: session.__setitem__("a", 1),
        lambda session: session.update(a=1),
        lambda session: session.setdefault("a", 1),
        lambda session: session.pop("a", None),
        lambda session: session.clear(),
        lambda session: session.popitem(),
        lambda session: session.__delitem__("a"),
    ],
)
def test_a_null_session_refuses_every_write(write):
    with pytest.raises(RuntimeError, match="no secret key"):
        write(NullSession())


def test_a_null_session_can_be_read():
    session = NullSession()

    assert (0, None, False, False) == (
        len(session),
        session.get("a"),
        "a" in session,
        session.permanent,
    )


def test_a_session_knows_that_it_was_changed():
    session = SecureCookieSession({"a": 1})

    assert not session.modified
    session["a"] = 2
    assert session.modified


def test_a_session_interface_must_give_two_methods():
    interface = SessionInterface()
    for method, arguments in ((interface.open_session, 2), (interface.save_session, 3)):
        with pytest.raises(NotImplementedError):
            method(*[None] * arguments)


def test_an_emptied_session_deletes_the_cookie():
    app = counting()

    @app.route("/end")
    def end():
        flasktrace.session.clear()
        return "ended"

    client = app.test_client()
    client.get("/")
    response = client.get("/end")

    assert client.get_cookie("session") is None
    assert "Cookie" == response.headers["Vary"]
