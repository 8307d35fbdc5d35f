"""What a program has answered but not closed when it ends is stored all the same."""

import os
from pathlib import Path

import pytest

from flasktrace.trace.keep.sqlite import SqliteStore
from tests.trace.keep.processes import python

PROGRAM = """
import sys
import {lib} as lib
import flasktrace

app = lib.Flask("script")
app.add_url_rule("/<int:number>", "index", lambda number: "fine")
app.add_url_rule("/parts", "parts", lambda: iter(["one", "two", "three"]))
flasktrace.wrap(app, enabled=True, store="sqlite:///" + sys.argv[1], dashboard=False)
client = app.test_client()
held = [client.get(f"/{{number}}") for number in range(3)]
for number in range(3, 6):
    held_too = client.get(f"/{{number}}")
parts = client.get("/parts")
client.get("/6").close()
{more}
"""


def stored(tmp_path: Path, lib: str, more: str = "") -> list[tuple[str, str, bool]]:
    """Run the program; return path, outcome and whether it was closed of each trace."""
    path = tmp_path / "traces.db"
    program = python(PROGRAM.format(lib=lib, more=more), path)
    program.communicate(timeout=60)
    store = SqliteStore(path)
    found = [store.get(item.id) for item in reversed(store.page().summaries)]
    store.close()
    return sorted((trace.path, trace.outcome, trace.response.closed) for trace in found)


EXPECTED = [
    *((f"/{number}", "ok", False) for number in range(6)),
    ("/6", "ok", True),
    ("/parts", "abandoned", False),
]


@pytest.mark.parametrize("lib", ["flask", "flasktrace"])
def test_responses_that_a_script_holds_are_stored_when_it_ends(lib, tmp_path):
    assert stored(tmp_path, lib) == EXPECTED


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_leaves_those_of_its_parent_to_it(tmp_path):
    more = "import os\npid = os.fork()\nif pid: os.waitpid(pid, 0)\nelse: sys.exit()"

    assert stored(tmp_path, "flask", more) == EXPECTED


def test_the_body_stays_as_the_program_left_it(tmp_path):
    later = (
        "from flasktrace.trace.ending import _finish\n_finish()\n"
        "assert b''.join(parts.response) == b'onetwothree'\n"
        "assert held[0].data == b'fine'\n"
        "sys.stdout.write('read')"
    )
    path = tmp_path / "traces.db"
    program = python(PROGRAM.format(lib="flask", more=later), path)
    out, _ = program.communicate(timeout=60)

    assert (program.returncode, out) == (0, "read")
