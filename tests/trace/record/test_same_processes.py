"""What can only be compared in processes of their own: how they start, and how they end."""

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from flasktrace.trace.keep.store import open_store
from tests.cases import long

ROOT = Path(__file__).parents[3]

WITHOUT_ASSERT = """
import sys
import flask, flasktrace
from tests.trace.record.apps import FRAMEWORK_APPS
from tests.trace.record.same import Notes, differences
from tests.trace.record.same.comparison import OPTIONS, run

for name in {names}:
    for lib in (flask, flasktrace):
        make, plain_notes, notes = FRAMEWORK_APPS[name], Notes(), Notes()
        plain, asks = make(lib, plain_notes)
        answers = run(plain, asks, plain_notes)
        app, asks = make(lib, notes)
        flasktrace.wrap(app, **OPTIONS)
        with flasktrace.capture(app) as traces:
            found = differences(answers, run(app, asks, notes))
        print(name, found or "same", plain_notes == notes, len(traces) == len(asks))
print(__debug__)
"""

ENDING = """
import atexit, os, sys
import {package}

app = {package}.Flask("ending")
app.add_url_rule("/", "index", lambda: "here")
if {traced}:
    import flasktrace
    flasktrace.wrap(app, enabled=True, store="sqlite:///" + sys.argv[1], dashboard=False)


@atexit.register
def late():
    sys.stderr.write(app.test_client().get("/").text + " late\\n")


print(app.test_client().get("/").text, flush=True)
{deed}
sys.exit(3)
"""

GONE = "os.path.exists(sys.argv[1]) and os.remove(sys.argv[1])"
DEEDS = {
    "without its store and output": f"{GONE}; sys.stdout.close()",
    "with an error": "raise KeyError('at the end')",
    "at once": "os._exit(4)",
}


def ran(*command):
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, *command],
        capture_output=True,
        text=True,
        timeout=60,
        env=env,
        cwd=ROOT,
        check=False,
    )


@long
def test_fault_30_without_assert_statements_the_apps_notice_nothing_either():
    names = ["streams", "hooks_of_all_kinds", "fault_58_hooks_raise"]

    done = ran("-O", "-c", WITHOUT_ASSERT.format(names=names))

    assert done.returncode == 0, done.stderr
    *lines, debug = done.stdout.splitlines()
    assert debug == "False"
    assert lines == [f"{name} same True True" for name in names for _ in range(2)]


@pytest.mark.parametrize("deed", DEEDS)
def test_fault_54_a_traced_process_ends_as_an_untraced_one(deed, tmp_path):
    def end(traced):
        code = ENDING.format(package="flasktrace", traced=traced, deed=DEEDS[deed])
        done = ran("-c", code, str(tmp_path / "traces.db"))
        return done.returncode, done.stdout, done.stderr

    assert end(traced=True) == end(traced=False)


CHILD = """
import multiprocessing, sys
import flasktrace

app = flasktrace.Flask("child")
app.add_url_rule("/<name>", "index", lambda name: name)
flasktrace.wrap(app, enabled=True, store="sqlite:///" + sys.argv[1], dashboard=False)


def ask(name):
    print(app.test_client().get("/" + name).text, flush=True)


def have(deed, name, how):
    child = multiprocessing.get_context(how).Process(target=deed, args=(name, how))
    child.start()
    child.join()
    return child.exitcode


def work(name, how):
    ask(name)
    if name == "child":
        sys.exit(have(work, "grandchild", how))


if __name__ == "__main__":
    ask("parent")
    sys.exit(have(work, "child", sys.argv[2]))
"""


@pytest.mark.parametrize("how", ["fork", "forkserver"])
def test_fault_29_a_child_of_multiprocessing_stores_its_traces(how, tmp_path):
    """Below Python 3.13 it runs nothing of what atexit knows."""
    program, path = tmp_path / "program.py", tmp_path / "traces.db"
    program.write_text(CHILD)

    done = ran(str(program), str(path), how)

    names = ["parent", "child", "grandchild"]
    assert (done.returncode, done.stdout.split(), done.stderr) == (0, names, "")
    with closing(open_store(f"sqlite:///{path}")) as store:
        summaries = store.page().summaries
    assert sorted(item.path for item in summaries) == sorted(f"/{name}" for name in names)
    assert len({item.pid for item in summaries}) == len(names)
