"""Many requests at a time: nothing is mixed, nothing lives on, memory stays as it is.

``python -m tests.benchmarks.load [--library flask] [--by gevent] [--requests 100000]``

Each request has a marker of its own, which the app puts into all that a trace shows. Then a trace
must hold its own marker in all these places and no other one anywhere in its JSON. Objects of
every request are watched through weak references; those must be dead while the traces are still
held. Ends with 1, and says so, when something of this is not so.
"""

import argparse
import gc
import importlib
import json
import os
import platform
import re
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import version
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

WORKERS = 50
BATCH = 2_000
"""Requests between two looks at the memory."""
MARKER = re.compile(r"mk\d+x")
KEPT = 500
"""Traces that the store holds; until they are there the memory grows as it should."""
STRAY_OBJECTS, STRAY_MB = 100, 4.0
"""What may be more at the end than after the warm-up. The cards of the kept traces alone, more or
fewer of which are shared, make 50 to 90 objects between two looks."""
REQUESTS_PER_STRAY = 50
"""Or an object for so many requests: threads come in any order, so which traces are kept, small or
large ones, differs from look to look; what is left behind is one for each request of a kind."""
ENOUGH_FOR_RSS = 20_000
"""Requests below which the allocator has not come to rest."""


class Local:
    """Something in a frame of the app that a weak reference can watch, as no frame can be."""


class Lost(LookupError):
    """What one request in ten raises."""


def shop(lib: Any, flasktrace: Any, watch: Callable[..., None]) -> Any:
    """Make an app that puts the marker of a request wherever it can."""
    from jinja2 import DictLoader

    app = lib.Flask("shop")
    app.secret_key = "key"
    app.logger.disabled = True
    app.jinja_env.loader = DictLoader({"mark.txt": "{{ mark }}"})

    def others() -> None:
        time.sleep(0)  # let another thread or greenlet go on in the midst of this request

    @app.before_request
    def load() -> None:
        lib.g.mark = lib.request.args["mark"]
        lib.request.mark = lib.g.mark
        others()
        lib.session["mark"] = lib.g.mark

    @app.after_request
    def sign(response: Any) -> Any:
        response.headers["X-Mark"] = lib.g.mark
        watch(response)
        return response

    @app.teardown_request
    def forget(error: BaseException | None) -> None:
        flasktrace.event(f"end {lib.g.mark}")

    @app.errorhandler(Lost)
    def lost(error: Lost) -> Any:
        return f"lost {error.args[0]}", 404

    @app.route("/<mark>", methods=["GET", "POST"])
    def show(mark: str) -> Any:
        here = Local()
        proxies = (lib.request, lib.session, lib.g)
        watch(here, *(proxy._get_current_object() for proxy in proxies))
        with flasktrace.span(f"span {mark}", mark=mark):
            others()
            flasktrace.event(f"event {mark}", mark=mark)
        lib.g.mark = f"again {mark}"
        lib.g.mark = mark
        if lib.request.method == "POST":
            error = Lost(mark)
            watch(error)
            raise error

        def parts() -> Iterable[str]:
            here = Local()
            watch(here)
            yield mark
            others()
            yield lib.render_template("mark.txt", mark=mark)

        return lib.Response(lib.stream_with_context(parts()))

    return app


def ask(app: Callable[..., Any], number: int) -> str:
    """Be a server for one request; return what was wrong with the answer, if anything."""
    mark = f"mk{number}x"
    lost = number % 10 == 0
    environ = {
        "REQUEST_METHOD": "POST" if lost else "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": f"/{mark}",
        "QUERY_STRING": f"mark={mark}",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "localhost",
        "HTTP_X_MARK": mark,
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(),
        "wsgi.errors": sys.stderr,
    }
    seen: list[Any] = []
    body = app(environ, lambda status, headers, *_: seen.extend([status, dict(headers)]))
    text = b"".join(body).decode()
    body.close()
    right = f"lost {mark}" if lost else mark * 2
    fine = text == right and seen[1]["X-Mark"] == mark
    return "" if fine else f"{mark} was answered {text!r} {seen}"


def ask_at_once(app: Callable[..., Any], numbers: range) -> list[str]:
    """Send the requests in threads, each its share; return what was wrong with the answers."""
    wrong: list[str] = []

    def work(share: range) -> None:
        wrong.extend(filter(None, (ask(app, number) for number in share)))

    threads = [threading.Thread(target=work, args=(numbers[n::WORKERS],)) for n in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return wrong


def faults_of(trace: Any) -> Iterable[str]:
    """Tell what is wrong with one trace."""
    mark = trace.path[1:]
    text = json.dumps(trace.to_dict())
    if strangers := set(MARKER.findall(text)) - {mark}:
        yield f"the trace of {mark} holds {strangers}"
    changed = {item.section for item in trace.changes if mark in str(item.after)}
    places = {
        "path": trace.path == f"/{mark}",
        "view_args": trace.view_args == {"mark": mark},
        "query": trace.query == f"mark={mark}",
        "header": ("X-Mark", mark) in trace.request.headers,
        "answer's header": ("X-Mark", mark) in trace.response.headers,
        "changes": changed >= {"g", "session", "request"},
        "span": f"span {mark}" in [item.name for item in trace.spans],
        "events": {item.name for item in trace.events} >= {f"event {mark}", f"end {mark}"},
        "exception": trace.method == "GET" or mark in str(trace.exception),
        "whole": not trace.partial,
    }
    if missing := [name for name, there in places.items() if not there]:
        yield f"the trace of {mark} lacks its {', '.join(missing)}"


class Memory:
    """How many objects there were, and how much memory the process had, at each look."""

    def __init__(self) -> None:
        self.objects: list[int] = []
        self.rss: list[float] = []

    def look(self) -> None:
        self.objects.append(len(gc.get_objects()))
        self.rss.append(rss())

    def faults(self, requests: int) -> Iterable[str]:
        """Compare the second quarter of the looks with the last one."""
        if len(self.objects) < 3:
            return
        quarter = max(len(self.objects) // 4, 1)
        for name, found, limit in (
            ("objects", self.objects, max(STRAY_OBJECTS, requests // 2 // REQUESTS_PER_STRAY)),
            ("MB", self.rss, STRAY_MB if requests >= ENOUGH_FOR_RSS else float("inf")),
        ):
            before = sum(found[quarter : 2 * quarter]) / quarter
            after = sum(found[-quarter:]) / quarter
            if after - before > limit and (name == "MB" or _rises(found[quarter:])):
                yield f"{before:.0f} {name} became {after:.0f}"


def _rises(found: Sequence[float]) -> bool:
    """Tell whether it is more at nearly each look: what is loaded once makes one step."""
    steps = [after > before for before, after in pairwise(found)]
    return sum(steps) > 0.6 * len(steps)


def rss() -> float:
    """Return the MB of memory of this process that are resident; 0 where nothing tells them."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def run(library: str, requests: int, batch: int) -> list[str]:
    """Send *requests*, print the figures and return all that was wrong."""
    import flasktrace

    lib = importlib.import_module(library)
    refs: list[weakref.ref[Any]] = []
    app = shop(lib, flasktrace, lambda *things: refs.extend(map(weakref.ref, things)))
    tracer = flasktrace.Tracer(app, enabled=True, store="memory:", dashboard=False)
    faults: list[str] = []
    memory, watched, traced = Memory(), 0, 0
    begin = time.monotonic()
    with tracer.collect() as traces:
        for first in range(0, requests, batch):
            numbers = range(first, min(first + batch, requests))
            faults += ask_at_once(app, numbers)
            found = list(traces)
            faults += [fault for trace in found for fault in faults_of(trace)]
            if len(found) != len(numbers):
                faults.append(f"{len(numbers)} requests have {len(found)} traces")
            gc.collect()
            faults += [f"alive: {type(thing)}" for ref in refs if (thing := ref()) is not None]
            watched, traced = watched + len(refs), traced + len(found)
            refs.clear()
            traces.clear()
            del found
            if traced >= KEPT:
                memory.look()
    kept = tracer.store.page(limit=KEPT).summaries
    faults += [f for item in kept for f in faults_of(tracer.store.get(item.id))]
    faults += [f"{name} failed" for name in tracer.recorder.guard.errors]
    faults += memory.faults(requests)
    spent = time.monotonic() - begin
    print(f"{traced} traces, {watched} objects of requests watched, {len(kept)} traces kept")
    print(f"{spent:.1f} s; looks at the memory: {len(memory.objects)}")
    for name, values in (("objects", memory.objects), ("RSS, MB", memory.rss)):
        few = values[:: max(len(values) // 8, 1)] + values[-1:]
        print(f"  {name}: {' '.join(f'{value:.0f}' for value in few)}")
    return faults


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--library", choices=["flask", "flasktrace"], default="flask")
    parser.add_argument("--by", choices=["threads", "gevent"], default="threads")
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--batch", type=int, default=BATCH)
    given = parser.parse_args()
    if given.by == "gevent":
        from gevent import monkey

        monkey.patch_all()
    else:
        sys.setswitchinterval(1e-3)  # so that threads take turns in the midst of everything
    names = ["flask", "werkzeug", *(["gevent"] if given.by == "gevent" else [])]
    packages = [f"{name} {version(name)}" for name in names]
    print(f"{given.library} by {WORKERS} {given.by}, Python", platform.python_version(), *packages)
    faults = run(given.library, given.requests, given.batch)
    print(f"{len(faults)} faults", *faults[:20], sep="\n  ")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
