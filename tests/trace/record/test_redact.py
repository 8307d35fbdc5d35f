import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flasktrace.trace.record.redact import MARK, Redactor, hidden, secret_segments, without

redactor = Redactor(["internal note"])


@pytest.mark.parametrize(
    "name",
    [
        "password", "PassWord", "db_passwd", "X-Api-Key", "apiKey", "access_token", "SECRET_KEY",
        "csrf_token", "sessionid", "Internal-Note", "pin", "sig", "auth", "user[password]",
        "Set-Cookie", "user_pw", "userPw", "SMTP_PASS", "smtp-pass", "x-key", "device_code",
        "CODE_VERIFIER", "pw", "SAMLResponse", "totpOTP", "Ключ_pw",
    ],
)  # fmt: skip
def test_names_of_secrets_are_known(name):
    assert redactor.is_secret(name)


@pytest.mark.parametrize(
    "name",
    [
        "Access-Control-Allow-Credentials",
        "user",
        "author",
        "spinner",
        "page",
        "",
        "compass",
        "host",
        "bypass",
        "code",
        "key",
        "primary_key",
        "ключ",
        "x2",
    ],
)
def test_other_names_are_left_alone(name):
    assert not redactor.is_secret(name)


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("Cookie", "a=SECRET; SECRET;b=SECRET", "a=••• str(6); ••• str(6); b=••• str(6)"),
        ("Set-Cookie", "a=SECRET; Path=/; Secure", "a=••• str(6); Path=/; Secure"),
        ("Authorization", "Bearer SECRET", "Bearer ••• str(6)"),
        ("Authorization", "SECRET", "••• str(6)"),
        ("Proxy-Authorization", "SECRET SECRET", "••• str(13)"),
        ("Referer", "http://a/?token=SECRET&b=1", "http://a/?token=••• str(6)&b=1"),
        ("Location", "/x#access_token=SECRET", "/x#access_token=••• str(6)"),
        ("Location", "/in?code=SECRET&state=a", "/in?code=••• str(6)&state=a"),
        ("Location", "/in?session_state=a&code=SECRET", "/in?session_state=a&code=••• str(6)"),
        ("Location", "/in?code=404&page=2", "/in?code=404&page=2"),
        ("Location", "/in?zipcode=404&state=NY", "/in?zipcode=404&state=NY"),
        ("X-Forwarded-Url", "/x?token=SECRET", "/x?token=••• str(6)"),
        ("X-Auth-Token", "SECRET", "••• str(6)"),
        ("X-Devpi-Auth", "SECRET", "••• str(6)"),
        ("X-Anything", "postgres://u:SECRET@h", "postgres://••• str(8)@h"),
        ("Accept", "text/html", "text/html"),
        ("Referer", "http://[bad?token=SECRET", "http://[bad?token=••• str(6)"),
    ],
)
def test_headers_lose_their_secrets(name, value, shown):
    assert redactor.header(name, value) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Error: token=SECRET x", "Error: token=••• str(6) x"),
        ("reason=token=SECRET&a=1", "reason=token=••• str(6)&a=1"),
        ("{'password': 'SEC RET'}", "{'password': '••• str(7)'}"),
        ('{"token": {"a": {"b": 1}, "c": "SECRET"}, "d', '{"token": ••• str(30), "d'),
        ('"password": "SECR', '"password": "••• str(4)'),
        ("eyJhbGciOiJIUzI1.eyJzdWIi.c2ln", "••• str(30)"),
        ("key AKIAIOSFODNN7EXAMPLE.", "key ••• str(20)."),
        ("Bearer abcdefghij", "Bearer ••• str(10)"),
        ("no secret: 1 = 1", "no secret: ••• str(1) = 1"),
        ("unclosed token: line 1, column 0", "unclosed token: line 1, column 0"),
        ("invalid_token: The access token is old", "invalid_token: The access token is old"),
        ("token: the", "token: ••• str(3)"),
        ("token=the one", "token=••• str(3) one"),
        ("password: hunter is wrong", "password: ••• str(6) is wrong"),
        ("API key parameter 'a1b2c3d4e5f6g7h8' is bad", "API key parameter '••• str(16)' is bad"),
        ('no such token "a1b2c3d4-e5f6_g7=="', 'no such token "••• str(18)"'),
        ("Unexpected token 'function' in 'a1b2c3d4e5f6g7h8'",) * 2,
        ("no key 'address_of_the_2nd_buyer'", "no key 'address_of_the_2nd_buyer'"),
        ("nothing at all", "nothing at all"),
    ],
)
def test_prose_loses_its_secrets(text, shown):
    assert redactor.prose(text) == shown


def test_source_lines_lose_literals_only():
    assert redactor.source('password = "SECRET"') == 'password = "••• str(6)"'
    assert redactor.source("h['token'] = 'SECRET'") == "h['token'] = '••• str(6)'"
    assert redactor.source("password = form.get(name)") == "password = form.get(name)"


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ('{"a": [{"token": "SECRET"}], "b": 1}', '{"a": [{"token": "••• str(6)"}], "b": 1}'),
        ('{"tokens": ["SECRET"]}', '{"tokens": "•••"}'),
        ('{"token": ["SECRET", ', '{"token": ••• str(11)'),
        ("a=1&pass%77ord=SECRET", "a=1&pass%77ord=••• str(6)"),
        (
            "grant_type=authorization_code&code=SECRET",
            "grant_type=authorization_code&code=••• str(6)",
        ),
        ("<a><password>SECRET</password></a>", "<a><password>••• str(6)</password></a>"),
        ("[" * 5000, "[" * 5000),
    ],
)
def test_bodies_lose_their_secrets(body, shown):
    assert redactor.body(body) == shown


def test_a_secret_argument_is_left_out_of_any_text():
    text = "at /reset/a%20b/x for 'a b'"

    assert without(text, ["a b"]) == f"at /reset/a%20b/x for '{hidden('a b')}'".replace(
        "'••• str(3)'", "'a b'"
    ).replace("a%20b", hidden("a b"))


def test_a_short_secret_argument_is_only_left_out_as_a_segment():
    assert without("/pay/12 of 12, 3123", ["12"]) == f"/pay/{hidden('12')} of 12, 3123"


def test_the_rule_tells_which_segments_are_secret():
    assert secret_segments("/a/<token>/<int:pin>/<b>", "/a/x/7/y", ["token", "pin"]) == ["x", "7"]
    assert secret_segments("/a/<path:token>", "/a/x/y", ["token"]) == []


@given(st.text(max_size=300))
def test_no_text_is_refused(text):
    for change in (redactor.text, redactor.prose, redactor.source, redactor.url, redactor.query):
        assert isinstance(change(text), str)
    assert isinstance(redactor.header("X", text), str)
    assert isinstance(redactor.body(text), str)


@given(st.text("abc./?&=;: \"'[]{}@", max_size=60))
def test_a_secret_never_survives_beside_odd_text(text):
    canary = "kanarienvogel"

    assert canary not in redactor.prose(f"{text} password={canary}")
    assert canary not in redactor.body(f'{{"x": {text!r}, "password": "{canary}"')


@pytest.mark.parametrize(
    "text",
    [
        "a" * 65_536,
        "token '" * 9000,
        "token " * 9000 + "'",
        "token=(" * 9000,
        '"' * 65_536,
        "<a " * 20_000,
        "eyJ" * 20_000,
        "://" * 20_000,
    ],
)
def test_hostile_text_takes_linear_time(text):
    start = time.process_time()

    redactor.body(text)
    redactor.prose(f"{text}token '{text}")

    assert time.process_time() - start < 0.5


def test_names_from_clients_do_not_fill_the_memory():
    some = Redactor()

    for number in range(20_000):
        some.is_secret(f"name{number}")
    some.is_secret("x" * 1_000_000)

    assert len(some._known) == 10_000
    assert MARK == "•••"
