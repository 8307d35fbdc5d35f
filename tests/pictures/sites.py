"""Shops that are served with a dashboard, in every state that a dashboard can be in."""

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server

from flasktrace.demo.shop import create_app
from flasktrace.demo.traffic import send
from flasktrace.trace.tracer import Tracer

PATIENCE = 20.0
TOKEN = "a-token-of-the-test"


class Silent(WSGIRequestHandler):
    """Logs nothing."""

    def log(self, *_: object) -> None:
        pass


@dataclass(frozen=True)
class Site:
    """An app with a dashboard at *address*; *release* lets go of what hangs."""

    name: str
    tracer: Tracer
    port: int
    release: threading.Event = field(default_factory=threading.Event)

    @property
    def address(self) -> str:
        # A host name of its own: cookies know no ports, and the same shop has the same cookie.
        return f"http://{self.name}.localhost:{self.port}"

    @property
    def server(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def link(self) -> str:
        """Return a login link that nobody has used."""
        return f"{self.address}{self.tracer.login_link()}"

    def ask(self, path: str, headers: dict[str, str] | None = None) -> None:
        """Make one request, and wait for nothing but its answer."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request("GET", path, headers=headers or {})
            connection.getresponse().read()
        finally:
            connection.close()

    def ids(self, query: Callable[[Any], bool]) -> list[str]:
        """Return the ids of the requests that fit, newest first."""
        return [item.id for item in self.tracer.store.page(limit=500).summaries if query(item)]

    def wait_for(self, count: int) -> None:
        """Wait until so many traces are stored."""
        end = time.monotonic() + PATIENCE
        while self.tracer.store.count() < count:
            assert time.monotonic() < end, f"{self.tracer.store.count()} traces, not {count}"
            time.sleep(0.02)


@contextmanager
def served(name: str, app: Any = None, **options: Any) -> Iterator[Site]:
    """Serve *app*, or the shop, traced in memory."""
    app = app or quiet_shop()
    given = {"store": "memory:", "enabled": True, "announce": False, "dashboard": True}
    tracer = Tracer(app, **(given | {"token": TOKEN} | options))
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Silent)
    thread = threading.Thread(target=server.serve_forever, args=[0.02])
    thread.start()
    site = Site(name, tracer, server.port)
    if "wait" in getattr(app, "view_functions", {}):
        app.view_functions["wait"] = lambda: str(site.release.wait(PATIENCE * 30))
    try:
        yield site
    finally:
        site.release.set()
        server.shutdown()
        thread.join()
        server.server_close()
        tracer.uninstall()


def quiet_shop() -> Any:
    """Return the shop, with a page that hangs until it is let go."""
    app = create_app()
    app.logger.handlers[:] = [logging.NullHandler()]
    app.add_url_rule("/wait", "wait", view_func=str)
    return app


@contextmanager
def all_sites() -> Iterator[dict[str, Site]]:
    """Give a shop that nobody has asked yet, one that answered once, and one with visitors."""
    with ExitStack() as stack:
        sites = {
            name: stack.enter_context(served(name, replay="1", editor="vscode://{path}:{line}"))
            for name in ("empty", "single", "busy")
        }
        sites["single"].ask("/products/3")
        sites["single"].wait_for(1)
        busy = sites["busy"]
        count = send(busy.server, rounds=3)
        busy.wait_for(count)
        visitor = threading.Thread(target=_hang, args=[busy])
        visitor.start()
        stack.callback(visitor.join)
        stack.callback(busy.release.set)
        end = time.monotonic() + PATIENCE
        while not busy.tracer.in_flight() and time.monotonic() < end:
            time.sleep(0.02)
        yield sites


def _hang(site: Site) -> None:
    with suppress(OSError), socket.create_connection(("127.0.0.1", site.port)) as client:
        client.sendall(b"GET /wait HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        while client.recv(4096):
            pass
