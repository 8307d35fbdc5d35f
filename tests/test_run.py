"""`Flask.run` in real processes."""

import contextlib
import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

import flasktrace
from tests.cases import long

ROOT = Path(__file__).parents[1]
PATIENCE = 20.0

APP = """
import os, sys, threading, time
from flasktrace import Flask
app = Flask("served")
barrier = threading.Barrier(2)

@app.route("/")
def index():
    return f"{os.getpid()} {threading.current_thread() is threading.main_thread()}"

@app.route("/meet")
def meet():
    barrier.wait(10)
    return "met"

@app.route("/word")
def word():
    return "first"

@app.route("/crash")
def crash():
    raise ZeroDivisionError("on purpose")

app.run(port=int(sys.argv[1]), **OPTIONS)
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Served:
    """An app that runs in a process of its own, its source in *folder*."""

    def __init__(self, folder, source, *, given=None, **options):
        self.port = given or free_port()
        self.file = folder / "served_app.py"
        self.file.write_text(source.replace("OPTIONS", repr(options)))
        self.log = folder / "log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(self.file), str(self.port)],
                cwd=folder,
                env={**os.environ, "PYTHONPATH": str(ROOT), "WERKZEUG_DEBUG_PIN": "off"},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def get(self, path="/"):
        """Status and text, waiting until the server is up."""
        ends = time.monotonic() + PATIENCE
        while True:
            try:
                with urllib.request.urlopen(
                    f"http://127.0.0.1:{self.port}{path}", timeout=15
                ) as got:
                    return got.status, got.read().decode()
            except urllib.error.HTTPError as error:
                with error:
                    return error.code, error.read().decode()
            except (OSError, http.client.IncompleteRead):  # not up yet, or restarting just now
                assert self.process.poll() is None, self.log.read_text()
                assert time.monotonic() < ends, self.log.read_text()
                time.sleep(0.02)

    def until(self, path, text):
        """Wait until *path* answers *text*."""
        ends = time.monotonic() + PATIENCE
        while self.get(path)[1] != text:
            assert time.monotonic() < ends, self.log.read_text()
            time.sleep(0.05)

    def end(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE)


@pytest.fixture
def serve(tmp_path):
    running = []

    def start(source=APP, **options):
        running.append(Served(tmp_path, source, **options))
        return running[-1]

    yield start
    for served in running:
        served.end()


def test_it_serves_in_threads(serve):
    from concurrent.futures import ThreadPoolExecutor

    served = serve()
    pid = served.process.pid

    assert (200, f"{pid} False") == served.get()
    with ThreadPoolExecutor(2) as pool:
        both = pool.map(lambda _n: served.get("/meet"), range(2))

    assert [(200, "met"), (200, "met")] == list(both)


def test_it_serves_without_threads(serve):
    served = serve(threaded=False)

    assert (200, f"{served.process.pid} True") == served.get()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_it_serves_in_processes(serve):
    served = serve(threaded=False, processes=2)
    status, text = served.get()
    pid, main_thread = text.split()

    assert (200, "True") == (status, main_thread)
    assert served.process.pid != int(pid)


@long
def test_a_changed_file_restarts_it(serve):
    served = serve(use_reloader=True, reloader_type="stat", reloader_interval=0.1)
    assert (200, "first") == served.get("/word")
    before = served.get()[1].split()[0]

    source = served.file.read_text().replace('"first"', '"second"')
    ahead = time.time() + 10
    served.file.write_text(source)
    os.utime(served.file, (ahead, ahead))
    served.until("/word", "second")

    assert before != served.get()[1].split()[0]


def test_a_crash_shows_the_debugger(serve):
    served = serve(debug=True, use_reloader=False)
    status, page = served.get("/crash")

    assert 500 == status
    assert "ZeroDivisionError: on purpose" in page
    assert re.search(r"EVALEX = true", page)
    assert (200, "first") == served.get("/word")


def test_without_debugger_a_crash_is_an_error_page_and_a_log_entry(serve):
    served = serve()
    status, page = served.get("/crash")

    assert 500 == status
    assert "ZeroDivisionError" not in page
    assert "Exception on /crash [GET]" in served.log.read_text()


def test_static_files_are_served(serve, tmp_path):
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "a.txt").write_text("static text")
    served = serve(APP.replace('Flask("served")', "Flask(__name__)"))

    assert (200, "static text") == served.get("/static/a.txt")


def test_ctrl_c_ends_it(serve):
    served = serve()
    served.get()
    served.process.send_signal(signal.SIGINT)

    assert 0 == served.process.wait(PATIENCE)


def test_host_and_port_come_from_the_server_name(monkeypatch):
    asked = []
    monkeypatch.setattr("werkzeug.serving.run_simple", lambda *args, **kw: asked.append((args, kw)))
    app = flasktrace.Flask("app")
    app.run()
    app.config["SERVER_NAME"] = "shop.test:81"
    app.run()
    app.run("0.0.0.0", 82, debug=True, threaded=False)

    assert [
        ("127.0.0.1", 5000),
        ("shop.test", 81),
        ("0.0.0.0", 82),
    ] == [args[:2] for args, _ in asked]
    assert [False, False, True] == [options["use_reloader"] for _, options in asked]
    assert [True, True, False] == [options["threaded"] for _, options in asked]


def test_it_does_nothing_when_a_command_serves_already(monkeypatch):
    monkeypatch.setenv("FLASK_RUN_FROM_CLI", "true")
    monkeypatch.setattr("werkzeug.serving.run_simple", lambda *args, **kw: 1 / 0)

    assert flasktrace.Flask("app").run() is None
