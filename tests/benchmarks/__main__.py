"""CPU per request, side by side: ``python -m tests.benchmarks [--rounds N] [--requests N]``.

Every variant answers the same request as a WSGI call in this process. The variants take turns,
round by round; each figure is the median over the rounds of the CPU time of the process per
request (so the store's writer thread is in it), and the ratio is to Flask untraced. The machine
may be noisy: read the ratios, and the spread beside them.
"""

import argparse
import gc
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import Any

import flask

import flasktrace
from tests.benchmarks.apps import hello, page

Options = dict[str, Any]


def environ(path: str, cookie: str = "") -> dict[str, object]:
    made: dict[str, object] = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "localhost",
        "HTTP_USER_AGENT": "benchmark",
        "HTTP_ACCEPT": "text/html",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(),
        "wsgi.errors": BytesIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    if cookie:
        made["HTTP_COOKIE"] = cookie
    return made


def ask(app: Callable[..., object], path: str, cookie: str) -> list[tuple[str, str]]:
    seen: list[tuple[str, str]] = []

    def start_response(_status: str, headers: list[tuple[str, str]], *_more: object) -> None:
        seen.extend(headers)

    body = app(environ(path, cookie), start_response)
    for _ in body:
        pass
    if hasattr(body, "close"):
        body.close()
    return seen


def cpu_per_request(app: Any, options: Options, path: str, cookie: str, requests: int) -> float:
    """Wrap the app, ask it, unwrap it: a traced neighbour would cost the untraced ones."""
    tracer = flasktrace.Tracer(app, dashboard=False, **options) if options else None
    try:
        ask(app, path, cookie)
        begin = time.process_time_ns()
        for _ in range(requests):
            ask(app, path, cookie)
        if tracer is not None:
            tracer.flush(30)
        return (time.process_time_ns() - begin) / requests / 1000
    finally:
        if tracer is not None:
            tracer.uninstall()


def variants(folder: Path) -> list[tuple[str, Any, Options]]:
    memory = {"enabled": True, "store": "memory:"}
    sqlite = {"enabled": True, "store": f"sqlite:///{folder}/traces.db"}
    return [
        ("flask untraced", flask, {}),
        ("flasktrace untraced", flasktrace, {}),
        ("flasktrace traced, memory", flasktrace, memory),
        ("flasktrace traced, sqlite", flasktrace, sqlite),
        ("flask wrapped, memory", flask, memory),
        ("flask wrapped, sqlite", flask, sqlite),
        ("flask wrapped, enabled=False", flask, {"enabled": False}),
    ]


def measure(name: str, make: Callable[[Any], Any], path: str, rounds: int, requests: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = [(make(module), options) for _, module, options in variants(Path(folder))]
        cookies = [cookie_of(app, path) for app, _ in found]
        times: list[list[float]] = [[] for _ in found]
        for number in range(rounds + 1):
            for index, (app, options) in enumerate(found):
                gc.collect()
                spent = cpu_per_request(app, options, path, cookies[index], requests)
                if number:  # the first round warms up
                    times[index].append(spent)
        print_table(name, [label for label, _, _ in variants(Path(folder))], times)


def cookie_of(app: Callable[..., object], path: str) -> str:
    found = dict(ask(app, path, ""))
    return found.get("Set-Cookie", "").partition(";")[0]


def print_table(name: str, labels: list[str], times: list[list[float]]) -> None:
    print(f"\n{name}")
    base = times[0]
    for label, row in zip(labels, times, strict=True):
        ratios = sorted(mine / flask_s for mine, flask_s in zip(row, base, strict=True))
        low, high = ratios[len(ratios) // 10], ratios[-1 - len(ratios) // 10]
        print(
            f"  {label:30} {statistics.median(row):8.1f} µs"
            f"  {statistics.median(ratios):6.2f} × flask   ({low:.2f} to {high:.2f})"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--requests", type=int, default=400)
    given = parser.parse_args()
    packages = ", ".join(f"{name} {version(name)}" for name in ("flask", "werkzeug", "blinker"))
    print(f"Python {platform.python_version()}, {packages}, {platform.machine()}")
    print(f"{given.rounds} rounds of {given.requests} requests, interleaved; CPU time, medians")
    measure("hello: one view, JSON", hello, "/", given.rounds, given.requests)
    requests = max(given.requests // 4, 1)
    measure("page: 3 hooks, session, template of 50 rows", page, "/", given.rounds, requests)


if __name__ == "__main__":
    main()
