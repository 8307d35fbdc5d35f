"""The gate in front of the dashboard: who may look, and what everybody else sees."""

import io
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from flasktrace.trace.show.access import FAILURES, HEADERS, WINDOW, Access, Answer
from tests.trace.show.fakes import FakeLedger

TOKEN = "an-api-token-of-the-test"
HOST = "localhost:5000"
ORIGIN = f"http://{HOST}"


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def gate(**settings: Any) -> Access:
    clock = settings.pop("clock", None) or Clock()
    given = {"token": TOKEN, "trusted_hosts": (), "app_name": "shop", **settings}
    ledger = settings.get("ledger") or FakeLedger(clock)
    return Access("/_trace", **{**given, "ledger": ledger, "clock": clock})


def environ(path: str = "/", method: str = "GET", **more: Any) -> dict[str, Any]:
    base = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "/_trace",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "HTTP_HOST": HOST,
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(b""),
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "5000",
    }
    given = {**base, **more}
    return {name: value for name, value in given.items() if value is not None}


def status(answer: Answer | None) -> int:
    return 0 if answer is None else int(answer[0].split()[0])


def header(answer: Answer | None, name: str) -> str:
    assert answer is not None
    return next((value for key, value in answer[1] if key.lower() == name.lower()), "")


def enter(access: Access) -> str:
    """Log in by a link and return the Cookie header of the browser."""
    query = access.launch_link().partition("?")[2]
    answer = access.check(environ("/login", QUERY_STRING=query))
    assert status(answer) == 303
    return header(answer, "Set-Cookie").partition(";")[0]


def paste(access: Access, body: bytes, **more: Any) -> Answer | None:
    form = {
        "CONTENT_TYPE": "application/x-www-form-urlencoded",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        "HTTP_ORIGIN": ORIGIN,
        **more,
    }
    return access.check(environ("/login", "POST", **form))


# What each row adds to a request of a known browser, and what comes back; 0 is let through.
READS: list[tuple[str, Mapping[str, Any], int]] = [
    ("localhost", {"HTTP_HOST": "localhost:5000"}, 0),
    ("localhost without a port", {"HTTP_HOST": "localhost"}, 0),
    ("capital letters", {"HTTP_HOST": "LOCALHOST:5000"}, 0),
    ("a name below localhost", {"HTTP_HOST": "shop.localhost:5000"}, 0),
    ("127.0.0.1", {"HTTP_HOST": "127.0.0.1:5000"}, 0),
    ("IPv6", {"HTTP_HOST": "[::1]:5000"}, 0),
    ("IPv6 in its long form", {"HTTP_HOST": "[0:0:0:0:0:0:0:1]:5000"}, 0),
    ("0.0.0.0", {"HTTP_HOST": "0.0.0.0:5000"}, 403),
    ("IPv6 any address", {"HTTP_HOST": "[::]:5000"}, 403),
    ("0", {"HTTP_HOST": "0:5000"}, 403),
    ("127.1", {"HTTP_HOST": "127.1:5000"}, 403),
    ("a decimal address", {"HTTP_HOST": "2130706433"}, 403),
    ("a hexadecimal address", {"HTTP_HOST": "0x7f000001"}, 403),
    ("an octal address", {"HTTP_HOST": "0177.0.0.1"}, 403),
    ("another loopback address", {"HTTP_HOST": "127.0.0.2"}, 403),
    ("a LAN address", {"HTTP_HOST": "192.168.1.5:5000"}, 403),
    ("a mapped address", {"HTTP_HOST": "[::ffff:127.0.0.1]"}, 403),
    ("a rebound name", {"HTTP_HOST": "evil.example:5000"}, 403),
    ("localhost in front", {"HTTP_HOST": "localhost.evil.example"}, 403),
    ("localhost glued on", {"HTTP_HOST": "evillocalhost"}, 403),
    ("a dot behind", {"HTTP_HOST": "localhost."}, 403),
    ("no Host", {"HTTP_HOST": None}, 403),
    ("an empty Host", {"HTTP_HOST": ""}, 403),
    ("two Hosts", {"HTTP_HOST": "localhost,evil.example"}, 403),
    ("a user in Host", {"HTTP_HOST": "evil@localhost"}, 403),
    ("a path in Host", {"HTTP_HOST": "localhost/x"}, 403),
    ("a space in Host", {"HTTP_HOST": "localhost x"}, 403),
    ("a newline behind", {"HTTP_HOST": "localhost\n"}, 403),
    ("a NUL", {"HTTP_HOST": "localhost\0"}, 403),
    ("letters as a port", {"HTTP_HOST": "localhost:abc"}, 403),
    ("a port too high", {"HTTP_HOST": "localhost:99999"}, 403),
    ("an unclosed bracket", {"HTTP_HOST": "[::1"}, 403),
    ("a broken IPv6 address", {"HTTP_HOST": "[1:2:3]"}, 403),
    ("letters that are not ASCII", {"HTTP_HOST": "lÃ¶calhost"}, 403),
    ("a very long Host", {"HTTP_HOST": "a" * 100_000}, 403),
    ("an unknown scheme", {"wsgi.url_scheme": "gopher"}, 403),
    ("own Origin", {"HTTP_ORIGIN": ORIGIN}, 0),
    ("own Origin in capitals", {"HTTP_ORIGIN": "HTTP://LOCALHOST:5000"}, 0),
    ("another port", {"HTTP_ORIGIN": "http://localhost:5001"}, 403),
    ("no port", {"HTTP_ORIGIN": "http://localhost"}, 403),
    ("another scheme", {"HTTP_ORIGIN": "https://localhost:5000"}, 403),
    ("another name of this machine", {"HTTP_ORIGIN": "http://127.0.0.1:5000"}, 403),
    ("another site", {"HTTP_ORIGIN": "http://evil.example"}, 403),
    ("Origin null", {"HTTP_ORIGIN": "null"}, 403),
    ("an empty Origin", {"HTTP_ORIGIN": ""}, 403),
    ("an Origin with a path", {"HTTP_ORIGIN": f"{ORIGIN}/x"}, 403),
    ("an Origin with a user", {"HTTP_ORIGIN": "http://x@localhost:5000"}, 403),
    ("an extension", {"HTTP_ORIGIN": "chrome-extension://abc"}, 403),
    ("a malformed Origin", {"HTTP_ORIGIN": "http://[::1"}, 403),
    ("two Origins", {"HTTP_ORIGIN": f"{ORIGIN} {ORIGIN}"}, 403),
    ("the default port", {"HTTP_HOST": "localhost", "HTTP_ORIGIN": "http://localhost:80"}, 0),
    ("from here", {"HTTP_SEC_FETCH_SITE": "same-origin"}, 0),
    ("typed in", {"HTTP_SEC_FETCH_SITE": "none"}, 0),
    ("same site", {"HTTP_SEC_FETCH_SITE": "same-site"}, 403),
    ("cross site", {"HTTP_SEC_FETCH_SITE": "cross-site"}, 403),
    ("an unknown site", {"HTTP_SEC_FETCH_SITE": "moon"}, 403),
    ("an empty site", {"HTTP_SEC_FETCH_SITE": ""}, 403),
    (
        "a link on another site",
        {
            "HTTP_SEC_FETCH_SITE": "cross-site",
            "HTTP_SEC_FETCH_MODE": "navigate",
            "HTTP_SEC_FETCH_DEST": "document",
        },
        403,
    ),
    ("X-Forwarded-For", {"HTTP_X_FORWARDED_FOR": "127.0.0.1"}, 403),
    ("X-Forwarded-Host", {"HTTP_X_FORWARDED_HOST": "localhost"}, 403),
    ("X-Forwarded-Proto", {"HTTP_X_FORWARDED_PROTO": "http"}, 403),
    ("Forwarded", {"HTTP_FORWARDED": "for=127.0.0.1"}, 403),
    ("Via", {"HTTP_VIA": "1.1 proxy"}, 403),
    (
        "a configured proxy",
        {
            "HTTP_X_FORWARDED_FOR": "10.0.0.1",
            "werkzeug.proxy_fix.orig": {"HTTP_HOST": "127.0.0.1:8000"},
        },
        0,
    ),
    (
        "a rebound name below a configured proxy",
        {
            "HTTP_X_FORWARDED_HOST": HOST,
            "werkzeug.proxy_fix.orig": {"HTTP_HOST": "evil.example:5000"},
        },
        403,
    ),
    ("no cookie", {"HTTP_COOKIE": None}, 401),
    ("a wrong cookie", {"HTTP_COOKIE": "flasktrace_00000000=x"}, 401),
    ("garbage as a cookie", {"HTTP_COOKIE": "=;;\xff=\xfe; a"}, 401),
    ("the token", {"HTTP_COOKIE": None, "HTTP_AUTHORIZATION": f"Bearer {TOKEN}"}, 0),
    ("small letters", {"HTTP_COOKIE": None, "HTTP_AUTHORIZATION": f"bearer {TOKEN}"}, 0),
    ("a wrong token", {"HTTP_COOKIE": None, "HTTP_AUTHORIZATION": "Bearer x"}, 401),
    ("an empty token", {"HTTP_COOKIE": None, "HTTP_AUTHORIZATION": "Bearer "}, 401),
    ("half a token", {"HTTP_COOKIE": None, "HTTP_AUTHORIZATION": f"Bearer {TOKEN[:-1]}"}, 401),
    ("not ASCII", {"HTTP_COOKIE": None, "HTTP_AUTHORIZATION": "Bearer \xff\u20ac"}, 401),
    ("Basic", {"HTTP_COOKIE": None, "HTTP_AUTHORIZATION": f"Basic {TOKEN}"}, 401),
    ("HEAD", {"REQUEST_METHOD": "HEAD"}, 0),
    ("POST without anything", {"REQUEST_METHOD": "POST"}, 403),
    ("DELETE without anything", {"REQUEST_METHOD": "DELETE"}, 403),
    ("an unknown method", {"REQUEST_METHOD": "BREW"}, 403),
]
PATHS = ["/", "/api/traces", "/events", f"/{'0' * 32}", "/health"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("name", "more", "expected"), READS, ids=[row[0] for row in READS])
def test_every_path_has_the_same_gate(
    name: str, more: Mapping[str, Any], expected: int, path: str
) -> None:
    access = gate()
    given = {"HTTP_COOKIE": enter(access), **more}

    answer = access.check(environ(path, **given))

    assert expected == status(answer), name


@pytest.mark.parametrize(("name", "more", "expected"), READS, ids=[row[0] for row in READS])
def test_an_answer_of_the_gate_has_all_headers_and_no_permission_for_others(
    name: str, more: Mapping[str, Any], expected: int
) -> None:
    answer = gate().check(environ(**more))

    if expected:
        assert answer is not None, name
        # Where styles are refused as well, the page has its own inside: by its digest, no other.
        sent = {key: re.sub("'sha256-[^']+'", "'self'", text) for key, text in answer[1]}
        assert set(HEADERS) <= set(sent.items())
        assert not [key for key, _ in answer[1] if key.startswith("Access-Control")]
        assert status(answer) in {401, 403}


JSON_CHANGE = {
    "REQUEST_METHOD": "POST",
    "CONTENT_TYPE": "application/json",
    "HTTP_X_FLASKTRACE": "1",
    "HTTP_ORIGIN": ORIGIN,
}
CHANGES: list[tuple[str, Mapping[str, Any], int]] = [
    ("all there", {}, 0),
    ("JSON with a charset", {"CONTENT_TYPE": "application/json; charset=utf-8"}, 0),
    ("a form", {"CONTENT_TYPE": "application/x-www-form-urlencoded"}, 403),
    ("plain text", {"CONTENT_TYPE": "text/plain"}, 403),
    ("text that says JSON", {"CONTENT_TYPE": "text/plain; application/json"}, 403),
    ("no type", {"CONTENT_TYPE": None}, 403),
    ("no X-Flasktrace", {"HTTP_X_FLASKTRACE": None}, 403),
    ("another X-Flasktrace", {"HTTP_X_FLASKTRACE": "0"}, 403),
    ("no Origin", {"HTTP_ORIGIN": None}, 403),
    ("another Origin", {"HTTP_ORIGIN": "http://localhost:5001"}, 403),
    ("no CSRF token", {"HTTP_X_FLASKTRACE_TOKEN": None}, 403),
    ("a wrong CSRF token", {"HTTP_X_FLASKTRACE_TOKEN": "x"}, 403),
    ("an empty CSRF token", {"HTTP_X_FLASKTRACE_TOKEN": ""}, 403),
    ("a CSRF token that is not ASCII", {"HTTP_X_FLASKTRACE_TOKEN": "\xff\u20ac"}, 403),
    ("DELETE", {"REQUEST_METHOD": "DELETE"}, 0),
    (
        "DELETE without a CSRF token",
        {"REQUEST_METHOD": "DELETE", "HTTP_X_FLASKTRACE_TOKEN": ""},
        403,
    ),
]


@pytest.mark.parametrize(("name", "more", "expected"), CHANGES, ids=[row[0] for row in CHANGES])
def test_a_change_needs_all_four_signs(name: str, more: Mapping[str, Any], expected: int) -> None:
    access = gate()
    cookie = enter(access)
    csrf = access.csrf_token({"HTTP_COOKIE": cookie})
    given = {"HTTP_COOKIE": cookie, "HTTP_X_FLASKTRACE_TOKEN": csrf, **JSON_CHANGE, **more}

    assert expected == status(access.check(environ("/api/traces", **given))), name


def test_the_csrf_token_of_one_browser_is_not_that_of_another() -> None:
    access = gate()
    mine, other = enter(access), enter(access)
    given = {
        **JSON_CHANGE,
        "HTTP_COOKIE": mine,
        "HTTP_X_FLASKTRACE_TOKEN": access.csrf_token({"HTTP_COOKIE": other}),
    }

    assert status(access.check(environ("/api/traces", **given))) == 403


def test_a_program_changes_things_with_its_token_and_without_an_origin() -> None:
    given = {**JSON_CHANGE, "HTTP_ORIGIN": None, "HTTP_AUTHORIZATION": f"Bearer {TOKEN}"}

    assert gate().check(environ("/api/traces", **given)) is None
    given["HTTP_X_FLASKTRACE"] = None
    assert status(gate().check(environ("/api/traces", **given))) == 403


def test_a_login_link_works_once() -> None:
    access = gate()
    link = access.launch_link()
    query = link.partition("?")[2]

    first = access.check(environ("/login", QUERY_STRING=query))
    second = access.check(environ("/login", QUERY_STRING=query))

    assert re.fullmatch(r"/_trace/login\?token=[\w-]{32}", link)
    assert status(first) == 303
    assert header(first, "Location") == "/_trace/"
    assert status(second) == 401
    assert not header(second, "Set-Cookie")


def test_a_used_link_leads_to_the_list_who_is_signed_in_by_it() -> None:
    access = gate()
    query = access.launch_link().partition("?")[2]
    cookie = header(access.check(environ("/login", QUERY_STRING=query)), "Set-Cookie")

    for _ in range(20):  # none of them is a wrong token
        again = access.check(
            environ("/login", QUERY_STRING=query, HTTP_COOKIE=cookie.partition(";")[0])
        )
        assert (status(again), header(again, "Location")) == (303, "/_trace/")


def test_a_login_link_dies_after_twelve_hours() -> None:
    clock = Clock()
    access = gate(clock=clock)
    query = access.launch_link().partition("?")[2]
    clock.now += 12 * 3600 + 1

    assert status(access.check(environ("/login", QUERY_STRING=query))) == 401


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS"])
def test_a_program_that_looks_ahead_does_not_use_the_link_up(method: str) -> None:
    access = gate()
    query = access.launch_link().partition("?")[2]

    ahead = access.check(environ("/login", method, QUERY_STRING=query))

    assert status(ahead) == 401
    assert status(access.check(environ("/login", QUERY_STRING=query))) == 303


def test_the_cookie_is_for_this_dashboard_and_for_no_script() -> None:
    access = gate()
    query = access.launch_link().partition("?")[2]

    cookie = header(access.check(environ("/login", QUERY_STRING=query)), "Set-Cookie")

    assert re.match(r"flasktrace_[0-9a-f]{8}=[\w-]{32};", cookie)
    parts = {part.strip() for part in cookie.split(";")[1:]}
    assert {"HttpOnly", "SameSite=Strict", "Path=/_trace", "Max-Age=604800"} <= parts
    assert "Domain" not in cookie


def test_the_cookie_path_follows_where_the_app_is_mounted() -> None:
    access = gate()
    query = access.launch_link().partition("?")[2]

    answer = access.check(environ("/login", QUERY_STRING=query, SCRIPT_NAME="/shop/_trace"))

    assert "Path=/shop/_trace" in header(answer, "Set-Cookie")
    assert header(answer, "Location") == "/shop/_trace/"


def test_two_apps_on_one_machine_have_two_cookies() -> None:
    assert gate(app_name="shop").cookie_name != gate(app_name="blog").cookie_name


def test_the_ledger_holds_no_secret_as_it_is() -> None:
    ledger = FakeLedger(Clock())
    access = gate(ledger=ledger)
    link = access.launch_link()
    cookie = enter(access).partition("=")[2]

    kept = json.dumps([[*key, value[2]] for key, value in ledger.facts.items()])

    assert link.partition("token=")[2] not in kept
    assert cookie not in kept


def test_a_cookie_dies_after_seven_days() -> None:
    clock = Clock()
    access = gate(clock=clock)
    given = {"HTTP_COOKIE": enter(access)}
    assert access.check(environ(**given)) is None
    clock.now += 7 * 24 * 3600 + 1

    assert status(access.check(environ(**given))) == 401


WAY_IN = {
    "HTTP_SEC_FETCH_SITE": "cross-site",
    "HTTP_SEC_FETCH_MODE": "navigate",
    "HTTP_SEC_FETCH_DEST": "document",
}


def test_a_link_in_a_web_terminal_gives_a_page_since_a_redirect_would_lose_the_cookie() -> None:
    access = gate()
    query = access.launch_link().partition("?")[2]

    answer = access.check(environ("/login", QUERY_STRING=query, **WAY_IN))

    assert answer is not None
    assert status(answer) == 200
    assert b"url=/_trace/" in answer[2]
    assert header(answer, "Set-Cookie")


@pytest.mark.parametrize(
    "more",
    [
        {"HTTP_SEC_FETCH_MODE": "no-cors"},
        {"HTTP_SEC_FETCH_DEST": "iframe"},
        {"HTTP_SEC_FETCH_DEST": "image"},
        {"REQUEST_METHOD": "POST"},
    ],
)
def test_only_a_top_level_navigation_may_come_from_another_site(more: dict[str, str]) -> None:
    access = gate()
    query = access.launch_link().partition("?")[2]

    assert status(access.check(environ("/login", QUERY_STRING=query, **{**WAY_IN, **more}))) == 403


def test_the_pasted_token_logs_in() -> None:
    answer = paste(gate(), f"token={TOKEN}".encode())

    assert status(answer) == 303
    assert header(answer, "Set-Cookie")


def test_a_token_of_any_alphabet_can_be_pasted_and_sent() -> None:
    access = gate(token="gehört-€-mir")

    assert status(paste(access, b"token=geh%C3%B6rt-%E2%82%AC-mir")) == 303
    sent = "Bearer gehört-€-mir".encode().decode("latin-1")
    assert access.check(environ(HTTP_AUTHORIZATION=sent)) is None


@pytest.mark.parametrize(
    ("name", "body", "more", "expected"),
    [
        ("wrong", b"token=x", {}, 401),
        ("empty", b"", {}, 401),
        ("no such field", b"other=x", {}, 401),
        ("no Origin", f"token={TOKEN}".encode(), {"HTTP_ORIGIN": None}, 403),
        ("Origin null", f"token={TOKEN}".encode(), {"HTTP_ORIGIN": "null"}, 403),
        ("another Origin", f"token={TOKEN}".encode(), {"HTTP_ORIGIN": "http://evil.example"}, 403),
        ("cross site", f"token={TOKEN}".encode(), {"HTTP_SEC_FETCH_SITE": "cross-site"}, 403),
        ("as JSON", b'{"token": "x"}', {"CONTENT_TYPE": "application/json"}, 401),
        ("too long", b"token=" + b"x" * 5000, {}, 401),
        ("a length that is none", f"token={TOKEN}".encode(), {"CONTENT_LENGTH": "-1"}, 401),
        ("a length in other digits", b"token=x", {"CONTENT_LENGTH": "²"}, 401),
        ("too many fields", b"&".join([b"a=b"] * 100), {}, 401),
        ("not UTF-8", b"token=%ff%fe", {}, 401),
    ],
)
def test_a_form_that_is_not_right_does_not_log_in(
    name: str, body: bytes, more: dict[str, Any], expected: int
) -> None:
    answer = paste(gate(), body, **more)

    assert expected == status(answer), name
    assert not header(answer, "Set-Cookie")


def test_without_an_api_token_none_is_right() -> None:
    access = gate(token=None)

    assert status(access.check(environ(HTTP_AUTHORIZATION="Bearer "))) == 401
    assert status(access.check(environ(HTTP_AUTHORIZATION="Bearer None"))) == 401
    assert status(paste(access, b"token=None")) == 401
    page = access.check(environ())
    assert page is not None
    assert b"<form" not in page[2]


def test_an_empty_api_token_counts_as_none() -> None:
    assert status(gate(token="").check(environ(HTTP_AUTHORIZATION="Bearer "))) == 401


def wrong(access: Access, times: int) -> None:
    for _ in range(times):
        access.check(environ("/api/traces", HTTP_AUTHORIZATION="Bearer wrong"))


def test_many_wrong_tokens_shut_the_door_in_all_workers_even_for_the_right_one() -> None:
    clock = Clock()
    ledger = FakeLedger(clock)
    workers = [gate(ledger=ledger, clock=clock) for _ in range(4)]
    cookie = enter(workers[0])
    link = workers[0].launch_link()
    for number in range(FAILURES):
        wrong(workers[number % 4], 1)

    right = environ("/api/traces", HTTP_AUTHORIZATION=f"Bearer {TOKEN}")

    assert status(workers[1].check(right)) == 429
    assert header(workers[1].check(right), "Retry-After") == str(WINDOW)
    assert status(paste(workers[2], f"token={TOKEN}".encode())) == 429
    query = link.partition("?")[2]
    assert status(workers[3].check(environ("/login", QUERY_STRING=query))) == 429
    assert workers[3].check(environ(HTTP_COOKIE=cookie)) is None
    clock.now += WINDOW + 1
    assert workers[1].check(right) is None
    assert status(workers[3].check(environ("/login", QUERY_STRING=query))) == 303


def test_fewer_wrong_tokens_shut_nothing() -> None:
    access = gate()
    wrong(access, FAILURES - 1)

    assert access.check(environ(HTTP_AUTHORIZATION=f"Bearer {TOKEN}")) is None


def test_a_stale_cookie_is_no_wrong_token() -> None:
    access = gate()
    for _ in range(FAILURES + 1):
        access.check(environ(HTTP_COOKIE=f"{access.cookie_name}=stale"))

    assert access.check(environ(HTTP_AUTHORIZATION=f"Bearer {TOKEN}")) is None


def test_logging_out_ends_the_session_and_clears_the_cookie() -> None:
    access = gate()
    cookie = enter(access)
    csrf = access.csrf_token({"HTTP_COOKIE": cookie})
    given = {**JSON_CHANGE, "HTTP_COOKIE": cookie, "HTTP_X_FLASKTRACE_TOKEN": csrf}

    answer = access.check(environ("/logout", **given))

    assert status(answer) == 200
    assert "Max-Age=0" in header(answer, "Set-Cookie")
    assert status(access.check(environ(HTTP_COOKIE=cookie))) == 401


def test_logging_out_is_a_change_like_any_other() -> None:
    access = gate()
    cookie = enter(access)

    assert status(access.check(environ("/logout", "POST", HTTP_COOKIE=cookie))) == 403
    assert access.check(environ(HTTP_COOKIE=cookie)) is None


def test_the_login_page_sends_a_known_browser_on() -> None:
    access = gate()

    answer = access.check(environ("/login", HTTP_COOKIE=enter(access)))

    assert status(answer) == 303
    assert header(answer, "Location") == "/_trace/"


def test_the_style_sheet_is_there_before_the_login_but_not_for_other_sites() -> None:
    access = gate()

    assert access.check(environ("/static/base.css")) is None
    assert status(access.check(environ("/static/base.css", HTTP_HOST="evil.example"))) == 403
    crossed = environ("/static/base.css", HTTP_SEC_FETCH_SITE="cross-site")
    assert status(access.check(crossed)) == 403
    assert status(access.check(environ("/static/base.css", "POST"))) == 401


def test_anonymous_access_drops_the_login_and_nothing_else() -> None:
    access = gate(token=None, dangerously_allow_anonymous=True)

    assert access.check(environ()) is None
    assert status(access.check(environ(HTTP_HOST="evil.example"))) == 403
    assert status(access.check(environ(HTTP_ORIGIN="http://evil.example"))) == 403
    assert status(access.check(environ("/api/traces", "POST"))) == 403
    assert access.check(environ("/api/traces", **JSON_CHANGE)) is None


@pytest.mark.parametrize(
    ("name", "host", "expected"),
    [
        ("dev.example.com", "dev.example.com", 0),
        ("dev.example.com", "DEV.example.com:8000", 0),
        ("dev.example.com", "other.example.com", 403),
        ("dev.example.com", "a.dev.example.com", 403),
        (".example.com", "a.b.example.com", 0),
        (".example.com", "example.com", 0),
        (".example.com", "evilexample.com", 403),
        ("devbox", "devbox:5000", 0),
        ("192.168.1.5", "192.168.1.5", 0),
        ("[fd00::5]", "[fd00::5]:80", 0),
        ("fd00::5", "[FD00:0::5]", 0),
    ],
)
def test_a_trusted_host_is_exact_or_all_below_a_dot(name: str, host: str, expected: int) -> None:
    access = gate(trusted_hosts=[name])
    given = {"HTTP_HOST": host, "HTTP_AUTHORIZATION": f"Bearer {TOKEN}"}

    assert expected == status(access.check(environ(**given)))


@pytest.mark.parametrize(
    "name",
    [
        "*",
        "*.example.com",
        "",
        ".",
        "..",
        ".com",
        "com",
        "de",
        ".local",
        ".co.uk",
        "0.0.0.0",
        "::",
        "http://dev.example.com",
        "dev.example.com:8000",
        "a b",
        "ex_ample..com",
        "127.1",
        "0x7f000001",
        "1",
        chr(0x660),
    ],
)
def test_a_host_setting_that_is_too_wide_or_none_at_all_is_refused_by_name(name: str) -> None:
    with pytest.raises(ValueError, match="trusted_hosts") as caught:
        gate(trusted_hosts=[name])

    assert repr(name) in str(caught.value)


def test_the_refusal_names_the_setting_and_the_host_escaped() -> None:
    answer = gate().check(environ(HTTP_HOST="<script>alert(1)</script>"))

    assert answer is not None
    page = answer[2].decode()
    assert "trusted_hosts" in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page


def test_programs_get_json() -> None:
    unknown = gate().check(environ("/api/traces"))
    refused = gate().check(environ("/api/traces", HTTP_HOST="evil.example"))

    assert unknown is not None
    assert refused is not None
    assert header(unknown, "Content-Type").startswith("application/json")
    assert "remedy" in json.loads(unknown[2])
    assert json.loads(refused[2])["host"] == "evil.example"


def test_the_login_page_says_what_to_do() -> None:
    answer = gate().check(environ())

    assert answer is not None
    page = answer[2].decode()
    assert "login link" in page
    assert 'name="token"' in page
    assert 'content="strict-origin"' in page


def test_the_login_page_tells_nothing_of_the_app() -> None:
    answer = gate(app_name="very-secret-project").check(environ())

    assert answer is not None
    assert b"very-secret-project" not in answer[2]


def test_an_answer_to_head_has_no_body() -> None:
    answer = gate().check(environ(method="HEAD"))

    assert answer is not None
    assert answer[2] == b""


class BrokenLedger(FakeLedger):
    def get(self, kind: str, key: str) -> str | None:
        raise OSError("disk I/O error at a secret path")


def test_a_broken_ledger_gives_a_fixed_text_and_lets_nobody_in() -> None:
    access = gate(ledger=BrokenLedger())

    answer = access.check(environ(HTTP_COOKIE=f"{access.cookie_name}=x"))

    assert answer is not None
    assert status(answer) == 500
    assert answer[2] == b"500 Internal Server Error\n"
    assert set(HEADERS) <= set(answer[1])


def broken() -> Iterator[tuple[str, object]]:
    keys = ["HTTP_HOST", "HTTP_ORIGIN", "HTTP_COOKIE", "HTTP_AUTHORIZATION", "QUERY_STRING"]
    values = ["\ud800", "\0", "%ff%fe%00", "[" * 999, ":" * 999, "\xff" * 99, "=" * 999, "Bearer"]
    yield from ((key, value) for key in [*keys, "PATH_INFO", "SCRIPT_NAME"] for value in values)


@pytest.mark.parametrize(("key", "value"), [*broken()])
def test_nothing_that_a_client_sends_breaks_the_gate(key: str, value: str) -> None:
    answer = gate().check(environ(**{key: value}))

    assert status(answer) in {401, 403}


def test_a_malformed_login_query_is_no_error() -> None:
    query = "&".join(f"a{n}=b" for n in range(1000))

    assert status(gate().check(environ("/login", QUERY_STRING=query))) == 401
