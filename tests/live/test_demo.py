"""The demo as it is started, used, interrupted and killed."""

import json
import signal
import socket
import sqlite3
from contextlib import closing

import pytest

from tests.cases import long, many, share
from tests.live.process import Server, flasktrace, python, until

STORE = "sqlite:///.flasktrace/demo.db"
VISIT = 21
"""Requests of one visit."""


def assert_store_is_whole(folder):
    with closing(sqlite3.connect(folder / ".flasktrace" / "demo.db")) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def listed(folder):
    done = flasktrace(folder, "list", "--json", "-n", "1000", "--store", STORE)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["traces"]


def test_demo_prints_the_login_link_and_a_line_for_each_request(serve):
    demo = serve("demo", "--port", "0", "--pause", "0")

    lines = demo.lines(VISIT)

    assert demo.ask(demo.link.removeprefix(demo.address)).status == 303
    assert len(lines) == VISIT
    assert [line.split()[1] for line in lines].count("POST") == 5
    # By what they say: the one before may be closed only when the next has been asked.
    assert sum("no route" in line for line in lines) == 1
    assert sum("answered by a hook" in line for line in lines) == 1
    assert "Traceback" not in demo.out + demo.err


@pytest.fixture(scope="module")
def standing(tmp_path_factory):
    """A demo without its visitor, for tests that do not end it."""
    folder = tmp_path_factory.mktemp("demo")
    command = python("-m", "flasktrace", "demo", "--port", "0", "--rounds", "0")
    demo = Server(command, folder, "server", {})
    yield demo
    demo.end()


def test_link_signs_in_once(standing):
    link = standing.link.removeprefix(standing.address)

    assert [standing.ask(link).status for _ in range(2)] == [303, 401]


def test_demo_without_a_stop_is_traced_on(standing):
    before = len(standing.out.splitlines())

    assert standing.ask("/products/3").status == 200
    assert "/products/3" in standing.lines(before + 1)[-1]


def test_demo_takes_another_port_when_its_own_is_busy(serve):
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        demo = serve("demo", "--port", str(port), "--rounds", "0")

        demo.says(rf"Port {port} is taken; using \d+\.")
        assert demo.port != port
        assert demo.ask("/").status == 200


def test_second_demo_of_the_same_folder_runs_beside_the_first(serve):
    first = serve("demo", "--port", "0", "--rounds", "0", name="first")
    second = serve("demo", "--port", str(first.port), "--rounds", "0", name="second")

    assert second.ask("/").status == first.ask("/").status == 200
    assert first.port != second.port


@pytest.mark.parametrize("how", share([signal.SIGINT, signal.SIGTERM]))
def test_demo_ends_cleanly(serve, tmp_path, how):
    demo = serve("demo", "--port", "0", "--pause", "0", "--rounds", "1000")
    demo.lines(VISIT)

    code = demo.stop(how)

    assert code == 0
    assert "Traceback" not in demo.out + demo.err
    assert_store_is_whole(tmp_path)


@pytest.mark.parametrize("how", share([signal.SIGTERM, signal.SIGINT]))
def test_demo_ends_cleanly_while_a_browser_watches(serve, how):
    demo = serve("demo", "--port", "0", "--rounds", "0")
    link = demo.link.removeprefix(demo.address)
    cookie = demo.ask(link).header("Set-Cookie").partition(";")[0]
    with socket.create_connection(("127.0.0.1", demo.port), 10) as watcher:
        request = f"GET /_trace/events HTTP/1.1\r\nHost: 127.0.0.1:{demo.port}\r\nCookie: {cookie}"
        watcher.sendall(f"{request}\r\n\r\n".encode())
        assert b"200 OK" in watcher.recv(100)

        code = demo.stop(how)

    assert code == 0
    assert "Traceback" not in demo.err


def test_demo_with_exit_ends_by_itself_and_keeps_every_trace(serve, tmp_path):
    demo = serve("demo", "--port", "0", "--pause", "0", "--rounds", "2", "--exit")

    assert demo.popen.wait(30) == 0
    traces = listed(tmp_path)
    assert len(traces) == len(demo.out.splitlines()) == 2 * VISIT
    assert [item["outcome"] for item in traces].count("client_disconnected") == 2
    assert {item["status"] for item in traces} == {200, 302, 303, 308, 400, 404, 405, 500}
    assert demo.err.splitlines()[-1] == "Press Ctrl-C to stop."


@long
def test_demo_with_exit_ends_where_a_shell_has_switched_ctrl_c_off(serve):
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as for `demo --exit &` in a script
    try:
        demo = serve("demo", "--port", "0", "--pause", "0", "--exit")
    finally:
        signal.signal(signal.SIGINT, before)

    assert demo.popen.wait(30) == 0


@long
def test_demo_leaves_only_its_store_behind(serve, tmp_path):
    demo = serve("demo", "--port", "0", "--pause", "0", "--exit", TMPDIR=str(tmp_path))
    demo.popen.wait(30)

    folder = tmp_path / ".flasktrace"
    assert {path.name for path in tmp_path.iterdir()} == {folder.name, "server.out", "server.err"}
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.glob("demo.db*")} == {0o600}


def test_killed_demo_leaves_a_store_that_opens_with_nothing_torn(serve, tmp_path):
    stored = 0
    for turn in range(1 + many(10)):
        demo = serve("demo", "--port", "0", "--pause", "0", "--rounds", "1000", name=f"d{turn}")
        demo.lines(VISIT + 7 * turn)
        demo.stop(signal.SIGKILL)

        assert_store_is_whole(tmp_path)
        traces = listed(tmp_path)
        assert len(traces) >= stored + VISIT + 7 * turn or len(traces) == 500
        stored = len(traces)

    again = serve("demo", "--port", "0", "--rounds", "0", name="again")
    again.ask("/products/3")
    until(lambda: again.out)
    traces = listed(tmp_path)
    assert traces[0]["path"] == "/products/3"
    assert not list((tmp_path / ".flasktrace").glob("*corrupt*"))
    assert_every_trace_can_be_shown(tmp_path, traces)


def assert_every_trace_can_be_shown(folder, traces):
    from flasktrace.trace.keep.store import open_store
    from flasktrace.trace.show.terminal import render, tree

    store = open_store(f"sqlite:///{folder / '.flasktrace' / 'demo.db'}")
    try:
        for summary in traces:
            trace = store.get(summary["id"])
            assert trace.summary().to_dict() == summary
            assert summary["id"] in render(tree(trace))
    finally:
        store.close()
    oldest = flasktrace(folder, "show", traces[-1]["id"], "--store", STORE)
    assert (oldest.returncode, oldest.stderr) == (0, "")
