"""Serves a watched app with werkzeug's development server, a line for each request."""

import logging
import os
import secrets
import signal
import socket
import sys
from collections.abc import Callable
from typing import Any

from werkzeug.debug import DebuggedApplication
from werkzeug.serving import is_running_from_reloader, make_server, run_simple

from flasktrace.trace.model import Trace
from flasktrace.trace.tracer import Tracer, WatchedApp, tracer_of, unwrap


class PortTakenError(Exception):
    """Somebody else listens on the port."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(
            f"Port {port} of {host} is taken. Choose another with --port, or --port 0 for any "
            "that is free."
        )


def is_free(host: str, port: int) -> bool:
    """Tell whether nobody listens on *port* of *host*."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port(host: str) -> int:
    """Return a port of *host* that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def watched(app: Any, *, show: Callable[[Trace], None], **options: Any) -> tuple[Any, Tracer]:
    """Return *app* with tracing and dashboard on, whatever it was before, and its tracer."""
    app = unwrap(app) if tracer_of(app) is not None else app
    options.setdefault("token", os.environ.get("FLASKTRACE_TOKEN") or secrets.token_urlsafe(24))
    tracer = Tracer(
        app, listeners=[show], announce=False, **{"enabled": True, "dashboard": True, **options}
    )
    return (app if hasattr(app, "wsgi_app") else WatchedApp(tracer)), tracer


def serve(
    app: Any,
    tracer: Tracer,
    host: str,
    port: int,
    *,
    ready: Callable[[str], None],
    threaded: bool = True,
    use_reloader: bool = False,
    use_debugger: bool = False,
) -> None:
    """Serve until interrupted or terminated; *ready* gets the address that is listened on.

    Port 0 is any that is free. `PortTakenError` when somebody else listens on the port.
    """
    if not is_running_from_reloader() and port and not is_free(host, port):
        raise PortTakenError(host, port)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # each request has its line already
    signal.signal(signal.SIGTERM, _leave)
    try:
        if use_reloader:
            _serve_reloading(app, host, port, ready, threaded, use_debugger)
        else:
            _serve_once(app, host, port, ready, threaded, use_debugger)
    except KeyboardInterrupt:
        pass
    finally:
        tracer.flush()
        tracer.close()


def _serve_once(
    app: Any, host: str, port: int, ready: Callable[[str], None], threaded: bool, debugger: bool
) -> None:
    if debugger:
        app = DebuggedApplication(app, evalex=True)
    with make_server(host, port, app, threaded=threaded) as server:
        ready(_address(host, server.port))
        server.serve_forever()


def _serve_reloading(
    app: Any, host: str, port: int, ready: Callable[[str], None], threaded: bool, debugger: bool
) -> None:
    port = port or int(os.environ.setdefault("FLASKTRACE_FREE_PORT", str(free_port(host))))
    if is_running_from_reloader():
        ready(_address(host, port))
    run_simple(host, port, app, use_reloader=True, use_debugger=debugger, threaded=threaded)


def _address(host: str, port: int) -> str:
    name = "localhost" if host in {"127.0.0.1", "0.0.0.0", "::1"} else host  # noqa: S104
    return f"http://{name}:{port}"


def _leave(_signal: int, _frame: Any) -> None:
    raise SystemExit(0)


def say(text: str) -> None:
    """Write a line to standard error, at once."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
