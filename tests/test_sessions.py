"""Sessions: the signed cookie and what is saved in it."""

import hashlib

import pytest
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.datastructures import Headers

import flasktrace
from flasktrace import Flask
from flasktrace.json.tag import TaggedJSONSerializer
from flasktrace.sessions import (
    NullSession,
    SecureCookieSession,
    SecureCookieSessionInterface,
    SessionInterface,
)


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


# The kept signer


def plain_signer(app):
    """What the interface would make without keeping anything."""
    interface = app.session_interface
    return URLSafeTimedSerializer(
        [*(app.config["SECRET_KEY_FALLBACKS"] or ()), app.secret_key],
        serializer=interface.serializer,
        salt=interface.salt,
        signer_kwargs={
            "key_derivation": interface.key_derivation,
            "digest_method": interface.digest_method,
        },
    )


class Salted(SecureCookieSessionInterface):
    salt = "pepper"


class Longer(SecureCookieSessionInterface):
    digest_method = staticmethod(hashlib.sha512)


class Concatenating(SecureCookieSessionInterface):
    key_derivation = "django-concat"


class Underived(SecureCookieSessionInterface):
    key_derivation = "none"


@pytest.mark.parametrize(
    "kind", [SecureCookieSessionInterface, Salted, Longer, Concatenating, Underived]
)
@pytest.mark.parametrize("key", ["key", b"key", bytearray(b"key"), "\xe4"])
@pytest.mark.parametrize("fallbacks", [None, [], ["old", b"older"]])
def test_the_kept_signer_signs_and_checks_as_a_new_one(kind, key, fallbacks):
    app = Flask("app")
    app.session_interface = kind()
    app.config.update(SECRET_KEY=key, SECRET_KEY_FALLBACKS=fallbacks)
    for value in ({"a": 1}, {"a": "x" * 300}):
        kept, new = app.session_interface.get_signing_serializer(app), plain_signer(app)

        assert value == new.loads(kept.dumps(value)) == kept.loads(new.dumps(value))
        assert value == new.loads(kept.dumps(value, salt="s"), salt="s")
        for old in fallbacks or ():
            app.config["SECRET_KEY"] = old
            assert value == kept.loads(plain_signer(app).dumps(value))
            app.config["SECRET_KEY"] = key
        app.config["SECRET_KEY"] = "another"
        with pytest.raises(BadSignature):
            kept.loads(plain_signer(app).dumps(value))
        app.config["SECRET_KEY"] = key


def test_a_changed_key_counts_at_once():
    app = counting()
    client = app.test_client()
    assert ["1", "2"] == [client.get("/").text for _ in range(2)]
    app.secret_key = "new"
    assert "1" == client.get("/").text
    app.config.update(SECRET_KEY="newer", SECRET_KEY_FALLBACKS=["new"])
    assert "2" == client.get("/").text
    app.config.update(SECRET_KEY_FALLBACKS=None)

    assert "3" == client.get("/").text


def test_who_signs_can_be_overridden():
    class Own(SecureCookieSessionInterface):
        def get_signing_serializer(self, app):
            return URLSafeTimedSerializer("own", salt="own")

    app = counting()
    app.session_interface = Own()
    client = app.test_client()
    client.get("/")

    value = client.get_cookie("session").value
    assert {"n": 1} == URLSafeTimedSerializer("own", salt="own").loads(value)


def test_vary_is_added_to_headers_of_any_kind():
    app = counting()

    class Own(Headers):
        pass

    @app.after_request
    def replace(response):
        response.headers = Own(response.headers)
        return response

    assert "Cookie" == app.test_client().get("/").headers["Vary"]


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        (None, "Cookie"),
        ("Cookie", "Cookie"),
        ("cookie", "cookie"),
        ("Accept", "Accept, Cookie"),
        ("Accept, cookie", "Accept, cookie"),
        ("*", "*, Cookie"),
    ],
)
def test_vary_keeps_what_was_there(there, expected):
    app = counting()

    @app.after_request
    def vary(response):
        if there is not None:
            response.headers["Vary"] = there
        return response

    assert expected == app.test_client().get("/").headers["Vary"]
