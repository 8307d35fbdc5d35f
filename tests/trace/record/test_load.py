"""What `tests.benchmarks.load` does with 10^5 requests, done with a few."""

import os
import re
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.benchmarks.load import Memory, faults_of
from tests.cases import cover, many
from tests.needs import do_without
from tests.trace.samples import cart

ROOT = Path(__file__).parents[3]
REQUESTS = 100 + many(2_000)


@pytest.mark.parametrize(("by", "library"), cover(["threads", "gevent"], ["flask", "flasktrace"]))
def test_fault_26_27_56_nothing_is_mixed_or_kept_under_load(by, library):
    if by == "gevent" and not find_spec("gevent"):
        do_without("gevent")
    options = ["--by", by, "--library", library, "--requests", str(REQUESTS), "--batch", "100"]

    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.benchmarks.load", *options],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    traces, watched = map(int, re.search(r"(\d+) traces, (\d+) objects", done.stdout).groups())
    assert traces == REQUESTS
    assert watched > 5 * REQUESTS
    assert "\n0 faults" in done.stdout


def test_a_trace_with_anything_of_another_is_a_fault():
    trace = replace(cart(), path="/mk1x", query="mark=mk2x")

    found = list(faults_of(trace))

    assert found[0] == "the trace of mk1x holds {'mk2x'}"
    assert "lacks its view_args, query" in found[1]


def test_memory_that_grows_is_a_fault():
    memory = Memory()
    memory.rss = [50.0] * 8
    memory.objects = list(range(0, 1600, 200))

    assert [fault.split()[1] for fault in memory.faults(800)] == ["objects"]
    memory.objects = [0] * 6 + [1400] * 2
    assert list(memory.faults(800)) == []
    memory.objects, memory.rss = [5] * 8, [40.0 + 2 * n for n in range(8)]
    assert [fault.split()[1] for fault in memory.faults(10**5)] == ["MB"]
    assert list(memory.faults(800)) == []
