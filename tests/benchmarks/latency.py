"""How long a client waits: ``python -m tests.benchmarks.latency [--rounds N] [--requests N]``.

Flask's page is served by werkzeug in a process for each variant: untraced, traced in memory, and
traced into SQLite, whose writer has a thread that competes for the interpreter. One client asks
them in turn, round by round, over a new connection each time. Prints milliseconds at the client:
the median says what a request costs, the 95th and 99th percentile what the thread adds at times.
"""

import argparse
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from tests.live.process import Server, python

STORES = {"untraced": "", "memory": "memory:", "sqlite": "sqlite:///traces.db"}
PAUSE = 0.001
"""Seconds between an answer and the next request."""

SERVE = """
import logging, sys
import flask, flasktrace
from werkzeug.serving import make_server
from tests.benchmarks.apps import page

app, store = page(flask), sys.argv[1]
logging.getLogger("werkzeug").disabled = True
if store:
    flasktrace.wrap(app, enabled=True, dashboard=False, store=store)
server = make_server("127.0.0.1", 0, app, threaded=True)
print(f"http://127.0.0.1:{server.port}", flush=True)
server.serve_forever()
"""


def serve(name: str, folder: Path) -> Server:
    folder.mkdir()
    return Server(python("-c", SERVE, STORES[name]), folder, name, {})


def ask(server: Server, count: int) -> list[float]:
    """Return the milliseconds that each of *count* requests took."""
    took = []
    for _ in range(count):
        time.sleep(PAUSE)
        begin = time.perf_counter()
        assert server.ask("/").status == 200
        took.append((time.perf_counter() - begin) * 1e3)
    return took


def measure(servers: dict[str, Server], rounds: int, requests: int) -> dict[str, list[float]]:
    took: dict[str, list[float]] = {name: [] for name in servers}
    for server in servers.values():
        ask(server, requests)  # once for nothing
    for _ in range(rounds):
        for name, server in servers.items():
            took[name] += ask(server, requests)
    return took


def report(name: str, took: list[float]) -> str:
    ordered = sorted(took)
    shares = {f"p{share}": ordered[len(ordered) * share // 100] for share in (50, 90, 95, 99)}
    figures = "   ".join(f"{label} {value:5.2f}" for label, value in shares.items())
    return f"  {name:<10} {figures}   worst {ordered[-1]:6.2f} ms"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--requests", type=int, default=100)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as ends:
        servers = {}
        for name in STORES:
            servers[name] = serve(name, Path(folder, name))
            ends.callback(servers[name].end)
        took = measure(servers, asked.rounds, asked.requests)
    print(f"{asked.rounds} rounds of {asked.requests} requests, in turn; at the client")
    for name, times in took.items():
        print(report(name, times))


if __name__ == "__main__":
    main()
