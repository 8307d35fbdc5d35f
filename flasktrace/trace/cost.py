"""What tracing costs an app: the same requests untraced and traced, in turn."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any

from werkzeug.test import EnvironBuilder, run_wsgi_app

from flasktrace.trace.tracer import Tracer, WatchedApp, unwrap

Wsgi = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU time of requests to one path; the ratio is traced to untraced, of each round."""

    path: str
    status: str
    untraced_ns: int
    traced_ns: int
    """Of one request, the median of the rounds."""
    ratio: float
    low: float
    high: float
    """Between these lies the ratio of the middle half of the rounds."""


def measure(
    app: Any, path: str, *, rounds: int, requests: int, store: str = "memory:"
) -> Iterator[Cost | None]:
    """Yield None after each round and at last what requests to *path* cost.

    Each round has so many *requests* of both kinds, which of them comes first changes. Afterwards
    the app is as `unwrap` leaves it. The CPU time is that of all threads, so the writer of a
    *store* in a file is in it.
    """
    app = unwrap(app)
    untraced, traced = [], []
    status = _one(app, path)
    for number in range(rounds):
        for kind in ("untraced", "traced") if number % 2 else ("traced", "untraced"):
            if kind == "untraced":
                untraced.append(_timed(app, path, requests))
            else:
                traced.append(_timed_traced(app, path, requests, store))
        yield None
    ratios = [one / other for one, other in zip(traced, untraced, strict=True)]
    low, _, high = quantiles(ratios, n=4, method="inclusive")
    yield Cost(path, status, int(median(untraced)), int(median(traced)), median(ratios), low, high)


def _timed_traced(app: Any, path: str, requests: int, store: str) -> float:
    tracer = Tracer(app, enabled=True, dashboard=False, store=store, announce=False, exclude=())
    try:
        watched = app if hasattr(app, "wsgi_app") else WatchedApp(tracer)
        return _timed(watched, path, requests, tracer.flush)
    finally:
        tracer.uninstall()


def _timed(
    app: Wsgi, path: str, requests: int, finish: Callable[[], object] = lambda: None
) -> float:
    """Return nanoseconds of CPU time per request; those before it warm up."""
    for _ in range(max(requests // 10, 1)):
        _one(app, path)
    finish()
    environs = [EnvironBuilder(path).get_environ() for _ in range(requests)]
    begin = time.process_time_ns()
    for environ in environs:
        _answer(app, environ)
    finish()
    return max(time.process_time_ns() - begin, 1) / requests


def _one(app: Wsgi, path: str) -> str:
    return _answer(app, EnvironBuilder(path).get_environ())


def _answer(app: Wsgi, environ: dict[str, Any]) -> str:
    body, status, _ = run_wsgi_app(app, environ)
    try:
        for _ in body:
            pass
    finally:
        close = getattr(body, "close", None)
        if close is not None:
            close()
    return status
