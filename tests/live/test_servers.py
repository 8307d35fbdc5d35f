"""Wrapped apps under the servers that people deploy with, several workers on one file."""

import signal
import socket
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from importlib.util import find_spec
from types import SimpleNamespace

import pytest

from flasktrace.trace.keep.store import open_store
from flasktrace.trace.show import words
from tests.cases import cover, long
from tests.live.process import Server, free_port, python, until

APP = """
import os
import time

import flasktrace
from {package} import Flask, Response, request

app = Flask(__name__)


@app.get("/hello/<name>")
def hello(name):
    time.sleep(0.01)
    return {{"hello": name, "pid": os.getpid()}}


@app.get("/ready")
def ready():
    time.sleep(0.01)
    return {{"pid": os.getpid()}}


@app.post("/echo")
def echo():
    return request.get_data(), 201, {{"X-Mine": "yes"}}


@app.get("/crash")
def crash():
    raise LookupError("not today")


@app.get("/stream")
def stream():
    def lines():
        for number in range(5000):
            time.sleep(0.002)
            yield f"{{number:05}} " + "x" * 4000 + "\\n"

    return Response(lines(), mimetype="text/plain")


flasktrace.wrap(app, enabled=True, exclude=["/ready"])
"""

FREE = "a free port"
"""Where a server does not tell which one it has taken when asked for any."""
GUNICORN = ("gunicorn", "--bind", "127.0.0.1:0", "--workers", "2", "--graceful-timeout", "10")
SERVERS = {
    "gunicorn-sync": GUNICORN,
    "gunicorn-sync-preload": (*GUNICORN, "--preload"),
    "gunicorn-gthread": (*GUNICORN, "--worker-class", "gthread", "--threads", "4"),
    "gunicorn-gthread-preload": (*GUNICORN, "--threads", "4", "--preload"),
    "gunicorn-gevent": (*GUNICORN, "--worker-class", "gevent"),
    "granian": ("granian", "--interface", "wsgi", "--workers", "2", "--port", FREE),
    "waitress": ("waitress", "--listen", "127.0.0.1:0"),
}
REQUESTS = 60
HOST = {"flask": "flask ", "flasktrace": "flasktrace"}


def under_each_server(*packages):
    """Run a test under each server; if not with an app of each package, then in this order."""
    pairs = cover(list(SERVERS), packages)
    return pytest.mark.parametrize("running", pairs, indirect=True, ids="-".join)


@pytest.fixture
def running(request, tmp_path, do_without):
    """Serve an app; give the server, its store and the way to stop it gently."""
    kind, package = request.param
    command = [str(free_port()) if part is FREE else part for part in SERVERS[kind]]
    if not find_spec(command[0]):
        do_without(command[0])
    if "gevent" in command:
        skip_without_gevent()
    (tmp_path / "shop.py").write_text(APP.format(package=package))
    with ExitStack() as end:
        server = Server(python("-m", *command, "shop:app"), tmp_path, "server", {})
        end.callback(server.end)
        until(lambda: answers(server), lambda: server.err)  # granian listens before it can
        store = end.enter_context(
            closing(open_store(f"sqlite:///{tmp_path / '.flasktrace' / 'traces.db'}"))
        )
        # Waitress knows no signal but Ctrl-C.
        gentle = signal.SIGINT if command[0] == "waitress" else signal.SIGTERM
        workers = 1 + (command[0] != "waitress")
        if command[0] == "granian":  # its workers lose a signal that comes while they start
            until(lambda: len(ready(server)) == workers, lambda: server.err)
        yield SimpleNamespace(
            server=server,
            store=store,
            gentle=gentle,
            workers=workers,
            package=package,
        )


def answers(server):
    with suppress(OSError):
        socket.create_connection(("127.0.0.1", server.port), 1).close()
        return True
    return False


def ready(server):
    """Ask several times at once; return the pids of the workers that answered."""
    with ThreadPoolExecutor(4) as pool:
        return set(pool.map(lambda _: server.ask("/ready").json["pid"], range(4)))


def skip_without_gevent():
    try:
        import gunicorn.workers.ggevent  # noqa: F401
    except (ImportError, RuntimeError) as error:  # gunicorn's own words when it is too old
        pytest.skip(str(error))


def hello(server, number):
    answer = server.ask(f"/hello/{number}")
    assert (answer.status, answer.json["hello"]) == (200, str(number))
    return answer.json["pid"]


@under_each_server("flask", "flasktrace")
def test_every_request_of_every_worker_is_in_one_store(running):
    server = running.server
    server.port  # noqa: B018 - waits until it listens
    with ThreadPoolExecutor(8) as pool:
        pids = Counter(pool.map(lambda number: hello(server, number), range(REQUESTS)))
    echoed = server.ask("/echo", "POST", b"\x00body" * 1000)
    crashed, lost = server.ask("/crash"), server.ask("/nowhere")

    assert server.stop(running.gentle) == 0, server.err

    assert (echoed.status, echoed.body) == (201, b"\x00body" * 1000)
    assert echoed.header("X-Mine") == "yes"
    assert (crashed.status, lost.status) == (500, 404)
    summaries = running.store.page(limit=500).summaries
    assert len(summaries) == REQUESTS + 3
    assert Counter(item.pid for item in summaries if item.rule == "/hello/<name>") == pids
    assert len(pids) <= running.workers
    assert Counter(item.status for item in summaries) == {200: REQUESTS, 201: 1, 404: 1, 500: 1}
    assert all(item.host.startswith(HOST[running.package]) for item in summaries)
    assert next(item for item in summaries if item.path == "/crash").exception == "LookupError"


@long
@under_each_server("flasktrace", "flask")
def test_client_that_leaves_a_stream_is_seen(running):
    running.server.hang_up("/stream")

    [summary] = until(lambda: running.store.page().summaries, lambda: running.server.err)
    trace = running.store.get(summary.id)

    assert summary.outcome == "client_disconnected"
    assert trace.response.closed
    assert 0 < trace.response.chunks < 5000
    assert words.marks(summary) == ("client disconnected",)


@long
@under_each_server("flasktrace", "flask")
def test_stopping_during_traffic_loses_no_answer_that_was_given(running):
    server = running.server
    server.port  # noqa: B018 - waits until it listens
    answered = []

    def ask_on(client):
        # The server is gone, or closes the connection that it has not looked at yet.
        with suppress(OSError):
            for number in range(500):
                hello(server, f"{client}-{number}")
                answered.append(f"/hello/{client}-{number}")

    with ThreadPoolExecutor(4) as pool:
        clients = [pool.submit(ask_on, number) for number in range(4)]
        until(lambda: len(answered) > 20)
        code = server.stop(running.gentle)
        for client in clients:
            client.result()

    paths = Counter(item.path for item in running.store.page(limit=500).summaries)
    assert code == 0
    assert set(answered) <= set(paths)
    assert set(paths.values()) == {1}
