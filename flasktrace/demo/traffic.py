"""A visitor of the example shop, over real HTTP."""

import socket
import struct
import threading
from collections.abc import Iterator
from http.client import HTTPException, HTTPResponse
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
from urllib.request import (
    BaseHandler,
    HTTPCookieProcessor,
    OpenerDirector,
    ProxyHandler,
    Request,
    build_opener,
)

TIMEOUT = 10.0
"""Seconds that one answer may take."""

HANG_UP = "HANG UP"
"""The method of a visitor who leaves in the middle of a download."""

LOGIN = {"name": "ada", "password": "lovelace"}

VISIT: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("GET", "/", {}),
    ("GET", "/static/shop.css", {}),
    ("GET", "/product/3", {}),  # 404: the page is /products/3
    ("GET", "/products/3", {}),
    ("GET", "/account", {}),  # answered early by a hook, goes on to /login
    ("POST", "/login", LOGIN),  # goes on to /account
    ("POST", "/cart/add", {"product": "3", "quantity": "2"}),  # goes on to /cart
    ("POST", "/cart/add", {"product": "3", "quantity": "two"}),  # 400 by an error handler
    ("GET", "/about", {}),  # goes on to /about/
    ("GET", "/api/products", {}),
    ("POST", "/api/products", {}),  # 405
    ("GET", "/report", {}),  # slow
    ("GET", "/crash", {}),  # 500
    ("GET", "/export.csv", {}),
    (HANG_UP, "/export.csv", {}),
    ("POST", "/logout", {}),  # goes on to /
)
"""One visit: method, path and form of each step; redirects are followed, as a browser does."""


def send(
    base_url: str, *, rounds: int = 1, pause: float = 0.0, stop: threading.Event | None = None
) -> int:
    """Visit the shop ``rounds`` times, ``pause`` seconds before each step; return the requests.

    Errors are part of the visit. A server that does not answer ends the round, ``stop`` ends all.
    """
    stop = stop or threading.Event()
    return sum(_visit(base_url.rstrip("/"), pause, stop) for _ in range(rounds))


def _visit(base_url: str, pause: float, stop: threading.Event) -> int:
    """Make one visit as somebody new; return how many requests were made."""
    answers = _Answers()
    # No proxies: the shop runs on this machine, whatever the environment says.
    opener = build_opener(ProxyHandler({}), HTTPCookieProcessor(), answers)
    try:
        for method, path, form in _steps(pause, stop):
            if method == HANG_UP:
                answers.count += _hang_up(base_url, path)
            else:
                _ask(opener, method, base_url + path, form)
    except (OSError, HTTPException):
        pass  # the server has stopped
    return answers.count


def _steps(pause: float, stop: threading.Event) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yield the steps of a visit until ``stop`` is set."""
    for step in VISIT:
        if stop.wait(pause):
            return
        yield step


def _ask(opener: OpenerDirector, method: str, url: str, form: dict[str, str]) -> None:
    """Make one request, follow its redirects and read the answer to its end."""
    body = urlencode(form).encode() if method == "POST" else None
    request = Request(url, body, method=method)  # noqa: S310 - the caller's own server
    try:
        with opener.open(request, timeout=TIMEOUT) as response:
            response.read()
    except HTTPError as error:
        with error:
            error.read()


def _hang_up(base_url: str, path: str) -> int:
    """Start a download and leave after its first piece."""
    url = urlsplit(base_url)
    with socket.create_connection((url.hostname, url.port or 80), TIMEOUT) as client:
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: {url.netloc}\r\n\r\n".encode())
        client.recv(256)
        # Linger for zero seconds: close() resets the connection, as a killed client does.
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return 1


class _Answers(BaseHandler):
    """Counts every answer, also the redirects between a step and its page."""

    def __init__(self) -> None:
        self.count = 0

    def http_response(self, _request: Request, response: HTTPResponse) -> HTTPResponse:
        """Count an answer and pass it on."""
        self.count += 1
        return response
