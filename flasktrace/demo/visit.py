"""The example shop, served and traced, with a visitor in it."""

import logging
import signal
import threading
import time
from collections.abc import Callable

from flasktrace.demo.shop import create_app
from flasktrace.demo.traffic import send
from flasktrace.serving import PortTakenError, free_port, say, serve, watched
from flasktrace.trace.model import Trace
from flasktrace.trace.tracer import Tracer

_PATIENCE = 2.0
"""Seconds for requests that still run when the visitor has gone."""


def visited_shop(
    host: str,
    port: int,
    store: str,
    *,
    show: Callable[[Trace], None],
    rounds: int,
    pause: float,
    leave: bool,
) -> None:
    """Serve the shop until interrupted, or, with *leave*, until the visitor has gone."""
    app = create_app()
    # The line of a crash says what happened; its traceback would push the others away.
    app.logger.handlers[:] = [logging.NullHandler()]
    app, tracer = watched(app, show=show, host=host, store=store)
    stop = threading.Event()

    def ready(address: str) -> None:
        say(f"The shop (sign in as ada, password lovelace):\n  {address}")
        say(f"Dashboard (this link signs in once):\n  {address}{tracer.login_link()}")
        say(f"Traces, also by 'flasktrace list --store {store}':\n  {tracer.store.url}")
        say("Press Ctrl-C to stop.")
        visitor = threading.Thread(
            target=_visit, args=(address, tracer, rounds, pause, stop, leave), daemon=True
        )
        visitor.start()

    try:
        serve(app, tracer, host, _own_port(host, port), ready=ready, threaded=True)
    finally:
        stop.set()


def _own_port(host: str, port: int) -> int:
    """Return *port*, or another one when that is taken."""
    try:
        return free_port(host, port)
    except PortTakenError:
        other = free_port(host)
        say(f"Port {port} is taken; using {other}.")
        return other


def _visit(
    address: str, tracer: Tracer, rounds: int, pause: float, stop: threading.Event, leave: bool
) -> None:
    for _ in range(rounds):
        if stop.is_set():
            return
        send(address, rounds=1, pause=pause, stop=stop)
    if leave:
        _wait_for_the_last(tracer)
        # Not the signal of Ctrl-C: a shell starts what it does not wait for without that one.
        signal.raise_signal(signal.SIGTERM)


def _wait_for_the_last(tracer: Tracer) -> None:
    """Wait until nothing runs any more: the download that was left ends with its next line."""
    end = time.monotonic() + _PATIENCE
    while tracer.recorder is not None and tracer.recorder.live and time.monotonic() < end:
        time.sleep(0.01)
