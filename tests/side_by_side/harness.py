"""Runs one app under flask and under flasktrace and compares what comes back.

Differences that are meant, and so are looked for by no test here:

- Matching is lazy. A hook that asks for nothing about the route sees it unmatched, a subclass that
  overrides the matching is called later, and `request.url_rule` is found when it is first read.
  What a converter raises beside `ValidationError` has the same handlers as an error of the view.
- There is one kind of context, as in Flask 0.1 and 3.2. Flask 3.1 lets a request that begins while
  a context of the same app stands (a view that calls its own app, a client used in
  `with app.app_context():`) share its `g`, and end no context; here each request has its own.
- When the response cannot be given to the server (a hook returned something that is no WSGI
  callable), teardown functions hear of that error here; flask tells them that all went well.
"""

import inspect
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from importlib import import_module
from typing import Any

import flask
from itsdangerous import URLSafeTimedSerializer
from werkzeug.http import parse_cookie
from werkzeug.test import Client, EnvironBuilder, run_wsgi_app

import flasktrace
from tests.flasks import SINCE_3_2

KEY = "the same key for both"
_A_MOMENT = timedelta(seconds=3)
_before_3_2 = {"303 SEE OTHER": "302 FOUND"} if SINCE_3_2 else {}
"""The newer Flask redirects by 303 where nothing else is said."""


def same(build: Callable[[Any], Any], *requests: str | dict[str, Any]) -> list[Any]:
    """Send *requests*, with cookies kept between them, to the app that *build* makes of a module.

    A request is ``"/path"``, ``"METHOD /path"`` or the arguments of werkzeug's EnvironBuilder.
    Returns what flasktrace answered, for a test that says what it expects besides.
    """
    expected, expected_said = _run(build, flask, requests)
    actual, actual_said = _run(build, flasktrace, requests)
    for wanted, got, sent in zip(expected, actual, requests, strict=True):
        assert wanted.plain == got.plain, f"{sent}: {wanted.plain} != {got.plain}"
        _close(wanted.moments, got.moments)

    assert expected_said == actual_said, f"{expected_said} != {actual_said}"
    return actual


def same_value(work: Callable[[Any], Any]) -> Any:
    """Call *work* with each module; both give the same value, or fail.

    Our exception is of the kind of flask's. Where flask only asserts, any exception will do.
    """
    expected, actual = _value_of(work, flask), _value_of(work, flasktrace)
    if isinstance(expected, AssertionError):
        assert isinstance(actual, Exception), f"did not fail, but gave {actual!r}"
    elif isinstance(expected, Exception):
        assert isinstance(actual, type(expected)), f"{actual!r} is no {type(expected)}"
    else:
        assert expected == actual, f"{expected!r} != {actual!r}"
    return actual


def part(module: Any, name: str) -> Any:
    """Return the sub-module *name* of flask or flasktrace."""
    return import_module(f"{module.__name__}.{name}")


class Answer:
    """Status, headers in order and body; what holds the time of day apart."""

    def __init__(self, status: str, headers: list[tuple[str, str]], body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body
        self.moments: list[datetime] = []
        plain = [(key, self._plain(key, value)) for key, value in headers]
        self.plain = (_before_3_2.get(status, status), plain, body)

    def _plain(self, key: str, value: str) -> Any:
        if key in {"Date", "Expires"}:
            return self._moment(value)
        if key != "Set-Cookie":
            return value
        value = re.sub(r"(?<=Expires=)(?!Thu, 01 Jan 1970)[^;]+", self._expires, value)
        name, _, rest = value.partition("=")
        cookie, _, attributes = rest.partition(";")
        return name, decoded(cookie), attributes

    def _moment(self, value: str) -> str:
        self.moments.append(parsedate_to_datetime(value))
        return "a moment"

    def _expires(self, found: re.Match[str]) -> str:
        return self._moment(found.group())


def decoded(cookie: str) -> Any:
    """Return what a session cookie holds, or the text when it is no session."""
    signer = URLSafeTimedSerializer(
        KEY, salt="cookie-session", signer_kwargs={"key_derivation": "hmac"}
    )
    _, payload = signer.loads_unsafe(cookie)  # whatever key it is signed with
    return cookie if payload is None else payload


def cookie_of(answer: Answer, name: str = "session") -> str:
    """Return the value of the cookie that *answer* sets."""
    (found,) = [value for key, value in answer.headers if key == "Set-Cookie"]
    return parse_cookie(found.partition(";")[0])[name]


def _run(
    build: Callable[[Any], Any], module: Any, requests: tuple[Any, ...]
) -> tuple[list[Answer], Any]:
    said: list[Any] = []
    takes_said = len(inspect.signature(build).parameters) > 1
    app = build(module, said) if takes_said else build(module)
    client = Client(app)
    return [_answer(client, app, request) for request in requests], said


def _answer(client: Client, app: Any, request: Any) -> Answer:
    builder = _builder(request)
    environ = builder.get_environ()
    if "HTTP_COOKIE" not in environ:
        client._add_cookies_to_wsgi(environ)
    try:
        body, status, headers = run_wsgi_app(app, environ)
        text = b"".join(body)
        if hasattr(body, "close"):
            body.close()
    except Exception as error:  # noqa: BLE001
        return Answer(f"left the app: {type(_the_one_in(error)).__name__}", [], b"")
    finally:
        builder.close()
    url = environ["HTTP_HOST"].partition(":")[0], environ["PATH_INFO"]
    client._update_cookies_from_response(*url, headers.getlist("Set-Cookie"))
    return Answer(status, list(headers), text)


def _the_one_in(error: BaseException) -> BaseException:
    """Return the only error of a group, in which Flask 3.2 puts what a teardown raised."""
    while SINCE_3_2 and isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


def _builder(request: Any) -> EnvironBuilder:
    if isinstance(request, dict):
        return EnvironBuilder(**request)
    method, _, path = request.rpartition(" ")
    return EnvironBuilder(path, method=method or "GET")


def _close(wanted: list[datetime], got: list[datetime]) -> None:
    assert len(wanted) == len(got)
    assert all(abs(one - other) < _A_MOMENT for one, other in zip(wanted, got, strict=True))


def _value_of(work: Callable[[Any], Any], module: Any) -> Any:
    try:
        return work(module)
    except Exception as error:  # noqa: BLE001
        return error
