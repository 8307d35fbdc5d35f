"""Wrapped apps under werkzeug's own server: threads, processes, and the reloader."""

import os
import signal
import subprocess
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress

import pytest

from flasktrace.trace.keep.store import open_store
from tests.cases import cover, long
from tests.live.process import Server, free_port, python, until

APP = """
import os
import threading

import flasktrace
from {package} import Flask

app = Flask(__name__)
meeting = threading.Barrier(2)


@app.get("/<name>")
def index(name):
    return {{"pid": os.getpid(), "word": "first"}}


@app.get("/meet/<name>")
def meet(name):
    meeting.wait(20)
    return {{"pid": os.getpid()}}


flasktrace.wrap(app, enabled=True, exclude=["/ready"])
if __name__ == "__main__":
    app.run(port={port}, {options})
"""
THREADS = "threaded=True"
PROCESSES = "threaded=False, processes=3"
RELOADER = "use_reloader=True, reloader_type='stat', reloader_interval=0.1"


@pytest.fixture
def running(request, tmp_path):
    """Run the app as a program that serves itself, in a group of its own."""
    package, options = request.param
    source = APP.format(package=package, port=free_port(), options=options)
    (tmp_path / "shop.py").write_text(source)
    server = Server(python("shop.py"), tmp_path, "server", {})
    until(lambda: word(server), lambda: server.err)
    yield server
    server.end()


def served(options):
    pairs = [(package, options) for (package,) in cover(["flask", "flasktrace"])]
    return pytest.mark.parametrize("running", pairs, indirect=True, ids=[pair[0] for pair in pairs])


def word(server):
    with suppress(OSError, AssertionError):
        return server.ask("/ready").json["word"]
    return None


def stored(server):
    """The summaries in the file, which is whole."""
    path = server.folder / ".flasktrace" / "traces.db"
    with closing(open_store(f"sqlite:///{path}")) as store:
        return store.page(limit=500).summaries


def stop_all(server):
    """Press Ctrl-C, which everything in the group hears; nothing of it is left then."""
    server.stop(signal.SIGINT, whole_group=True)

    until(lambda: not alive(server.popen.pid), lambda: f"the end of {alive(server.popen.pid)}")


def alive(group):
    """The processes of the group; those that only wait to be buried do not count."""
    listed = subprocess.run(["ps", "-eo", "pgid,stat,pid"], capture_output=True, check=True)
    lines = [line.split() for line in listed.stdout.decode().splitlines()]
    return [pid for of, state, pid in lines if of == str(group) and not state.startswith("Z")]


@served(THREADS)
def test_threads_of_werkzeug_store_into_one_file(running):
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda n: running.ask(f"/meet/{n}"), range(6)))

    # Ctrl-C waits for no thread that has answered but not yet closed the body.
    until(lambda: len(stored(running)) == 6, lambda: running.err)
    stop_all(running)

    assert {answer.status for answer in answers} == {200}
    assert Counter(item.path for item in stored(running)) == {f"/meet/{n}": 1 for n in range(6)}


@served(PROCESSES)
def test_a_process_for_each_request_stores_its_trace_before_it_ends(running):
    """It ends by os._exit as soon as the connection is closed, and runs nothing of atexit."""
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda n: running.ask(f"/{n}"), range(9)))

    # Nothing else is to come that could write them; but Ctrl-C would end who is still at it.
    summaries = until(lambda: len(stored(running)) == 9 and stored(running), lambda: running.err)
    stop_all(running)

    assert Counter(item.path for item in summaries) == {f"/{n}": 1 for n in range(9)}
    assert {item.pid for item in summaries} == {answer.json["pid"] for answer in answers}
    assert running.popen.pid not in {item.pid for item in summaries}


@long
@served(RELOADER)
def test_fault_30_the_reloader_leaves_one_writer_and_no_process(running):
    before = running.ask("/before").json["pid"]
    until(lambda: stored(running), lambda: running.err)
    file = running.folder / "shop.py"
    file.write_text(file.read_text().replace('"first"', '"second"'))
    os.utime(file, (2**31, 2**31))
    until(lambda: word(running) == "second", lambda: running.err)
    after = running.ask("/after").json["pid"]

    # When Ctrl-C is pressed the reloader gives the server a quarter of a second to end.
    until(lambda: len(stored(running)) == 2, lambda: running.err)
    stop_all(running)

    assert len({before, after, running.popen.pid}) == 3
    pids = [(item.path, item.pid) for item in stored(running)]
    assert sorted(pids) == [("/after", after), ("/before", before)]
    assert "flasktrace:" not in running.err
