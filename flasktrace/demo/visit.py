"""The example shop, served and traced, with a visitor in it."""

import os
import signal
import threading
from collections.abc import Callable

from flasktrace.demo.shop import create_app
from flasktrace.demo.traffic import send
from flasktrace.serving import free_port, is_free, say, serve, watched
from flasktrace.trace.model import Trace


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
    if port and not is_free(host, port):
        taken, port = port, free_port(host)
        say(f"Port {taken} is taken; using {port}.")
    app, tracer = watched(create_app(), show=show, store=store)
    stop = threading.Event()

    def ready(address: str) -> None:
        say(f"The shop:  {address}  (sign in as ada, password lovelace)")
        say(f"Dashboard: {address}{tracer.login_link()}  (this link signs in once)")
        say(f"Traces:    {tracer.store.url}, also by 'flasktrace list --store {store}'")
        say("Press Ctrl-C to stop.")
        visitor = threading.Thread(
            target=_visit, args=(address, rounds, pause, stop, leave), daemon=True
        )
        visitor.start()

    try:
        serve(app, tracer, host, port, ready=ready, threaded=True)
    finally:
        stop.set()


def _visit(address: str, rounds: int, pause: float, stop: threading.Event, leave: bool) -> None:
    for _ in range(rounds):
        if stop.is_set():
            return
        send(address, rounds=1, pause=pause, stop=stop)
    if leave:
        os.kill(os.getpid(), signal.SIGINT)
