"""Every example, started as its reader starts it, asked over HTTP, stopped with Ctrl-C."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

import flasktrace
from flasktrace.demo import traffic
from tests.live.process import until

EXAMPLES = Path(__file__).parents[2] / "examples"
PATIENCE = 30  # seconds until a server must answer, or be gone


@dataclass
class Example:
    url: str
    folder: Path
    process: subprocess.Popen

    @property
    def output(self):
        return (self.folder / "output").read_text()

    def ask(self, path):
        try:
            response = build_opener(ProxyHandler({})).open(self.url + path, timeout=PATIENCE)
        except HTTPError as error:
            response = error
        with response:
            return response.status, response.read().decode(), response.headers


@contextmanager
def running(name, folder):
    """Run an example in a folder of its own, the server and its reloader as one group.

    It has to end cleanly.
    """
    port = free_port()
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, str(EXAMPLES / name)],
            cwd=folder,
            env=environment(port),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    example = Example(f"http://127.0.0.1:{port}", folder, process)
    try:
        wait_for(port, example)
        yield example
        served = example.output
    finally:
        stop(process)
    assert "Traceback" not in example.output.removeprefix(served)
    assert process.returncode in (0, -signal.SIGINT)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def environment(port):
    """Return an environment without settings, with the flasktrace that these tests import."""
    keep = {k: v for k, v in os.environ.items() if not k.startswith(("FLASK", "WERKZEUG"))}
    home = str(Path(flasktrace.__file__).parents[1])
    return {**keep, "PORT": str(port), "PYTHONPATH": home, "PYTHONUNBUFFERED": "1"}


def wait_for(port, example):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        assert example.process.poll() is None, example.output
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"No answer on port {port}:\n{example.output}")


def stop(process):
    """Press Ctrl-C: everything in the group gets the signal."""
    try:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(PATIENCE)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_each_example_is_tested_here():
    tested = {"hello.py", "plain_wsgi.py", "shop.py", "traced_flask.py"}

    assert tested == {path.name for path in EXAMPLES.glob("*.py")}


def test_hello(tmp_path):
    with running("hello.py", tmp_path) as example:
        assert example.ask("/")[:2] == (200, "Hello, World!\n")
        assert example.ask("/hello/Ada")[:2] == (200, "Hello, Ada!\n")
        assert example.ask("/hallo/Ada")[0] == 404
        assert "Traceback" not in example.output


def test_shop(tmp_path):
    with running("shop.py", tmp_path) as example:
        status, page, _ = example.ask("/")

        assert status == 200
        assert "The Difference Shop" in page
        assert "Traceback" not in example.output
        assert traffic.send(example.url) == 21
        assert example.ask("/crash")[0] == 500
        # The visitor's crash and this one; the server writes of it when it has answered.
        until(lambda: example.output.count("KeyError: 'AQ'\n") == 2, lambda: example.output)


def test_traced_flask(tmp_path):
    with running("traced_flask.py", tmp_path) as example:
        status, page, headers = example.ask("/")

        assert (status, page) == (200, "Hello from Flask!\n")
        assert float(headers["X-Seconds"]) >= 0
        assert example.ask("/members")[:2] == (403, "Members only.\n")
        assert example.ask("/members?key=open")[:2] == (200, "Welcome inside.\n")
        assert "Traceback" not in example.output


def test_plain_wsgi(tmp_path):
    with running("plain_wsgi.py", tmp_path) as example:
        assert example.ask("/other")[:2] == (404, "Only / counts down.\n")
        # Last, since it is read to the end of the connection: wsgiref swallows a Ctrl-C that
        # comes while it still works on a request.
        assert example.ask("/")[:2] == (200, "5\n4\n3\n2\n1\nGo!\n")
        assert "Traceback" not in example.output
