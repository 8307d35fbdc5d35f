"""The marker ``trace_budget``."""

import pytest

from tests.pytest_plugin.samples import app

pytest_plugins = ["pytester"]

TESTS = """
import time
import unittest
import flasktrace

@app.get("/cart/<int:size>")
def cart(size):
    for number in range(size):
        text = f"SELECT * FROM items WHERE id = {number}"
        with flasktrace.span("select", **{"db.query.text": text}):
            pass
    with flasktrace.span("wait for stock"):
        time.sleep(0.02)
    return "cart"

@pytest.fixture
def login():
    app.test_client().get("/cart/9")

def ask(size=3):
    app.test_client().get(f"/cart/{size}")

@pytest.mark.trace_budget(ms=60000, sql=3, spans=50)
def test_within(login):
    ask()

@pytest.mark.trace_budget(sql=2)
def test_queries():
    ask(1)
    ask(3)

@pytest.mark.trace_budget(ms=15)
def test_time():
    ask()

@pytest.mark.trace_budget(spans=4)
def test_spans():
    ask()

@pytest.mark.trace_budget(ms=15)
def test_own_failure():
    ask()
    assert 1 == 2

@pytest.mark.trace_budget(sql=2)
def test_no_request():
    pass

@pytest.mark.trace_budget(5, calls=1)
def test_bad_marker():
    ask()

@pytest.mark.xfail(strict=True)
@pytest.mark.trace_budget(sql=0)
def test_expected():
    ask()

class OldTest(unittest.TestCase):
    @pytest.mark.trace_budget(sql=0)
    def test_old(self):
        ask()

    @pytest.mark.trace_budget(sql=3)
    def test_old_within(self):
        ask()
"""


@pytest.mark.parametrize("package", ["flask", "flasktrace"])
def test_budget(pytester, package):
    pytester.makepyfile(app(package) + TESTS)

    result = pytester.runpytest_inprocess("--strict-markers")

    result.assert_outcomes(passed=2, failed=7, xfailed=1)
    shown = result.stdout.str()
    parts = {name: next(p for p in parts_of(shown) if name in p.splitlines()[0]) for name in NAMES}
    assert "GET /cart/3 made 3 queries, its budget is 2:" in parts["test_queries"]
    assert "3 x  SELECT * FROM items WHERE id = ?" in parts["test_queries"]
    assert "GET /cart/1 " not in parts["test_queries"]
    assert "its budget is 15 ms. The most was spent in" in parts["test_time"]
    assert "ms  user wait for stock" in parts["test_time"].split("most was spent in\n")[1][:60]
    assert "● dispatch" in parts["test_time"]
    assert "spans, its budget is 4:" in parts["test_spans"]
    assert "3 x  user select" in parts["test_spans"]
    assert "assert 1 == 2" in parts["test_own_failure"]
    assert "budget is" not in parts["test_own_failure"]
    assert "no request that was traced" in parts["test_no_request"]
    assert "takes numbers by name" in parts["test_bad_marker"]
    assert "made 3 queries, its budget is 0" in parts["test_old"]


NAMES = ["test_queries", "test_time", "test_spans", "test_own_failure", "test_no_request"]
NAMES += ["test_bad_marker", "test_old"]


def parts_of(shown):
    """Return the failures, each from its title on."""
    return shown.split("FAILURES")[1].split("short test summary")[0].split("\n____")


def test_failure_by_budget_shows_each_tree_once(pytester):
    pytester.makepyfile(app() + TESTS)

    result = pytester.runpytest_inprocess("--flasktrace", "-k", "test_queries")

    assert result.stdout.str().count("● dispatch") == 1


REAL = """
import sqlite3

@app.get("/cart/<int:size>")
def cart(size):
    base = sqlite3.connect(":memory:")
    for number in range(size):
        base.execute("SELECT ?", (number,))
    base.close()
    return "cart"

@pytest.mark.trace_budget(sql=2)
def test_within():
    app.test_client().get("/cart/2")

@pytest.mark.trace_budget(sql=2)
def test_beyond():
    app.test_client().get("/cart/3")
"""


def test_budget_counts_what_is_really_sent(pytester):
    pytester.makepyfile(app() + REAL)

    result = pytester.runpytest_inprocess()

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*GET /cart/3 made 3 queries, its budget is 2:"])
