"""Serves a watched app with another server than werkzeug's."""

import signal
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any

from flasktrace.serving import free_port, leave
from flasktrace.trace.tracer import Tracer

Ready = Callable[[str], None]


class ServerError(Exception):
    """The server cannot be used so; the text says why."""


def serve_with(
    server: str,
    app: Any,
    tracer: Tracer,
    host: str,
    port: int,
    arguments: Sequence[str],
    ready: Ready,
) -> None:
    """Serve *app* with *server*, ``gunicorn`` or ``waitress``, until it is ended.

    *arguments* are those of its own command line. *ready* gets the address before it listens.
    Port 0 is any that is free. Raises `ServerError` when it is not installed, and `PortTakenError`
    and `AddressError`.
    """
    if find_spec(server) is None:
        raise ServerError(f"{server} is not installed here; pip install {server}.")
    port = free_port(host, port)
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    ready(f"http://{place}")
    before = signal.signal(signal.SIGTERM, leave)  # which gunicorn replaces
    try:
        (_gunicorn if server == "gunicorn" else _waitress)(app, place, arguments)
    finally:
        tracer.flush()
        tracer.close()
        signal.signal(signal.SIGTERM, before)


def _gunicorn(app: Any, place: str, arguments: Sequence[str]) -> None:
    from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]

    class Served(BaseApplication):  # type: ignore[misc]
        def load_config(self) -> None:
            given = self.cfg.parser().parse_args(list(arguments))
            self.cfg.set("bind", place)
            for name, value in vars(given).items():
                if value is not None and name in self.cfg.settings:
                    self.cfg.set(name, value)

        def load(self) -> Any:
            return app

    Served().run()


def _waitress(app: Any, place: str, arguments: Sequence[str]) -> None:
    from waitress import serve  # type: ignore[import-untyped]
    from waitress.adjustments import Adjustments  # type: ignore[import-untyped]

    try:
        given, left = Adjustments.parse_args(list(arguments))
    except Exception as error:  # noqa: BLE001 - those of getopt and of waitress itself
        raise ServerError(f"waitress does not take {' '.join(arguments)!r}: {error}") from None
    if left:
        raise ServerError(f"waitress does not take {' '.join(left)!r}; its options begin with --.")
    options = {name: value for name, value in given.items() if name not in {"help", "call", "app"}}
    serve(app, **{"listen": place, **options})
