"""Serves a watched app with werkzeug's development server, a line for each request."""

import errno
import logging
import os
import secrets
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from dataclasses import fields
from ipaddress import ip_address
from typing import Any

from werkzeug.debug import DebuggedApplication
from werkzeug.serving import is_running_from_reloader, make_server, run_simple
from werkzeug.utils import redirect

from flasktrace.trace.keep.store import Store
from flasktrace.trace.model import Trace
from flasktrace.trace.mount import Mount
from flasktrace.trace.options import DEFAULT_PATH, Options
from flasktrace.trace.tracer import Tracer, WatchedApp, tracer_of, unwrap

_ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what to ask instead

# From the reloader to the processes that it starts, so that a restart changes neither.
_KEPT_PORT = "FLASKTRACE_RELOADER_PORT"
_KEPT_TOKEN = "FLASKTRACE_RELOADER_TOKEN"  # noqa: S105 - the name of a variable


class AddressError(Exception):
    """Nobody can listen on the address; the text says why."""

    def __init__(self, host: str, port: int, error: OSError) -> None:
        super().__init__(f"Cannot listen on port {port} of {host}: {error.strerror or error}.")


class PortTakenError(AddressError):
    """Somebody else listens on the port."""

    def __init__(self, host: str, port: int) -> None:
        Exception.__init__(
            self,
            f"Port {port} of {host} is taken. Choose another with --port, or --port 0 for any "
            "that is free.",
        )


def free_port(host: str, port: int = 0) -> int:
    """Return *port* of *host*, on which nobody listens, or for 0 any such port.

    Raises `PortTakenError` and `AddressError`.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET  # as werkzeug chooses
    try:
        address = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)[0][4]
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            found: int = probe.getsockname()[1]
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortTakenError(host, port) from None
        raise AddressError(host, port, error) from None
    return found


def watched(
    app: Any, *, show: Callable[[Trace], None], host: str, **options: Any
) -> tuple[Any, Tracer]:
    """Return *app* with tracing and dashboard on, to be served on *host*, and its tracer.

    What *app* was wrapped with holds where *options* say nothing (None).
    """
    before = tracer_of(app)
    app = unwrap(app)
    own = {} if before is None else _as_arguments(before.options)
    given = own | {name: value for name, value in options.items() if value is not None}
    chosen = Options.of(given, getattr(app, "config", None) or {})
    given["token"] = chosen.token or os.environ.pop(_KEPT_TOKEN, "") or secrets.token_urlsafe(24)
    given["trusted_hosts"] = (*chosen.trusted_hosts, *_trusted(host))
    given |= {"enabled": True, "dashboard": True}
    tracer = Tracer(app, listeners=[show], announce=False, **given)
    return (app if hasattr(app, "wsgi_app") else WatchedApp(tracer)), tracer


def _as_arguments(options: Options) -> dict[str, Any]:
    return {item.name: getattr(options, item.name) for item in fields(options)}


def _trusted(host: str) -> tuple[str, ...]:
    """Return *host* when it is an address: no other site can have a name that looks like it."""
    try:
        return () if ip_address(host).is_unspecified else (host,)
    except ValueError:
        return ()


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
    ssl_context: Any = None,
    extra_files: Sequence[str] = (),
    exclude_patterns: Sequence[str] = (),
) -> None:
    """Serve until interrupted or terminated; *ready* gets the address that is listened on.

    Port 0 is any that is free. *ssl_context* is what werkzeug takes for TLS. The reloader also
    watches *extra_files*, and leaves alone what *exclude_patterns* fit. Raises `PortTakenError`
    when somebody else listens on the port, `AddressError` when nobody can.
    """
    reloaded = use_reloader and is_running_from_reloader()
    if not reloaded and (port or use_reloader):
        port = free_port(host, port)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # each request has its line already
    before = signal.signal(signal.SIGTERM, leave)
    try:
        if use_reloader:
            files = {"extra_files": extra_files, "exclude_patterns": exclude_patterns}
            _serve_reloading(
                app, tracer, host, port, ready, threaded, use_debugger, ssl_context, **files
            )
        else:
            _serve_once(app, host, port, ready, threaded, use_debugger, ssl_context)
    except KeyboardInterrupt:
        if sys.stderr.isatty():
            say("")  # the prompt shall not stand behind ^C
    finally:
        tracer.flush()
        tracer.close()
        signal.signal(signal.SIGTERM, before)


def serve_store(
    store: Store,
    host: str,
    port: int,
    *,
    token: str | None,
    ready: Callable[[str, str, str], None],
) -> None:
    """Serve the dashboard of *store* alone until interrupted or terminated.

    *ready* gets the address, the path of a login link and the token: *token* or one that is made.
    Raises as `serve` does.
    """
    from flasktrace.trace.keep.ledger import ledger_for
    from flasktrace.trace.show.access import Access
    from flasktrace.trace.show.web import create_app

    token = token or secrets.token_urlsafe(24)
    access = Access(
        mount=DEFAULT_PATH,
        token=token,
        trusted_hosts=_trusted(host),
        ledger=ledger_for(store.url),
        app_name="flasktrace",
    )

    def dashboard() -> Callable[..., Any]:
        return create_app(
            store,
            access,
            mount=DEFAULT_PATH,
            health=lambda: {"store": store.health()},
            alone=store.url,
        )

    mounted = Mount(_to_dashboard, DEFAULT_PATH, dashboard)
    if port:
        port = free_port(host, port)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    before = signal.signal(signal.SIGTERM, leave)
    try:
        _serve_once(
            mounted, host, port, lambda at: ready(at, access.launch_link(), token), True, False
        )
    except KeyboardInterrupt:
        if sys.stderr.isatty():
            say("")
    finally:
        store.close()
        signal.signal(signal.SIGTERM, before)


def _to_dashboard(environ: Any, start_response: Any) -> Any:
    answer = redirect(f"{DEFAULT_PATH}/")
    return answer(environ, start_response)


def _serve_once(
    app: Any,
    host: str,
    port: int,
    ready: Callable[[str], None],
    threaded: bool,
    debugger: bool,
    tls: Any = None,
) -> None:
    with make_server(host, port, app, threaded=threaded, ssl_context=tls) as server:
        ready(_address(host, server.port, tls))
        if debugger:
            server.app = _debugged(app, host)
        server.serve_forever()


def _serve_reloading(
    app: Any,
    tracer: Tracer,
    host: str,
    port: int,
    ready: Callable[[str], None],
    threaded: bool,
    debugger: bool,
    tls: Any,
    **files: Sequence[str],
) -> None:
    if is_running_from_reloader():
        port = int(os.environ.get(_KEPT_PORT, port))
        ready(_address(host, port, tls))
        app = _debugged(app, host) if debugger else app
    else:
        os.environ[_KEPT_PORT] = str(port)
        os.environ[_KEPT_TOKEN] = tracer.options.token or ""
    run_simple(
        host,
        port,
        app,
        use_reloader=True,
        threaded=threaded,
        ssl_context=tls,
        **files,  # type: ignore[arg-type]
    )


def _debugged(app: Any, host: str) -> DebuggedApplication:
    """Return *app* in werkzeug's debugger, as `run_simple` makes it, and print the PIN."""
    made = DebuggedApplication(app, evalex=True, pin_logging=False)
    made.trusted_hosts.append(host)
    if made.pin is not None:
        say(f"Debugger PIN: {made.pin}")
    return made


def _address(host: str, port: int, tls: Any = None) -> str:
    """Return the URL of what listens on *host*: not "localhost", which may be somebody else.

    A name stands for an IPv4 and an IPv6 address, and each of them has ports of its own.
    """
    host = _ANY_ADDRESS.get(host, host)
    scheme = "http" if tls is None else "https"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def leave(_signal: int, _frame: Any) -> None:
    """End the program as it ends by itself, for a signal."""
    raise SystemExit(0)


def say(text: str) -> None:
    """Write a line to standard error, at once."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
