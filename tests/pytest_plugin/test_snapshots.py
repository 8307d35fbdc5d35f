"""Lifecycles that are stored beside the tests."""

import pytest

from tests.pytest_plugin.samples import app

pytest_plugins = ["pytester"]

TESTS = """
@pytest.mark.parametrize("name", ["ada", "a/b"])
def test_hello(traces, assert_lifecycle, name):
    app.test_client().get("/hello/ada")
    app.test_client().get("/nowhere")
    assert_lifecycle(traces[0])
    assert_lifecycle(traces[1], "nowhere")

class TestGroup:
    def test_hello(self, traces, assert_lifecycle):
        app.test_client().get("/hello/ada")
        assert_lifecycle(traces.last)
        with pytest.raises(ValueError, match="a name of its own"):
            assert_lifecycle(traces.last)
"""


@pytest.mark.parametrize("package", ["flask", "flasktrace"])
def test_stored_lifecycle_is_compared(pytester, package):
    pytester.makepyfile(test_it=app(package) + TESTS)

    missing = pytester.runpytest_inprocess()
    assert not (pytester.path / "__lifecycles__").exists()
    stored = pytester.runpytest_inprocess("--flasktrace-update")
    same = pytester.runpytest_inprocess()
    more = app(package).replace("@app.get", "@app.before_request\ndef check(): pass\n\n@app.get", 1)
    pytester.makepyfile(test_it=more + TESTS)
    other = pytester.runpytest_inprocess()

    missing.assert_outcomes(failed=3)
    missing.stdout.fnmatch_lines(["There is no stored lifecycle __lifecycles__/test_it/*"])
    stored.assert_outcomes(passed=3)
    same.assert_outcomes(passed=3)
    other.assert_outcomes(failed=3)
    other.stdout.fnmatch_lines(
        ["*before_request load_user", "+   before_request check", "*pytest --flasktrace-update*"]
    )
    for run in (missing, other):
        run.stdout.no_fnmatch_line("*exception was raised*")
        run.stdout.no_fnmatch_line("*During handling*")
    files = sorted(path.name for path in pytester.path.glob("__lifecycles__/test_it/*"))
    assert len(files) == 5
    assert "TestGroup.test_hello.txt" in files
    assert "test_hello[ada].txt" in files
    text = (pytester.path / "__lifecycles__/test_it/test_hello[ada].txt").read_text("utf-8")
    assert text.startswith("GET /hello/<name> → 200\n")
    assert "  before_request load_user\n" in text
    assert ".py" not in text
