"""What is told of the run as a whole."""

import re
from xml.etree import ElementTree as ET

import pytest

from tests.pytest_plugin.samples import MIXED, app

pytest_plugins = ["pytester"]

MORE = """
@app.get("/forgotten")
def forgotten(): return ""

@app.errorhandler(ValueError)
def bad_value(error): return "", 400

@app.teardown_request
def always(error): pass
"""


@pytest.mark.parametrize("package", ["flask", "flasktrace"])
def test_summary_tells_what_no_test_has_used(pytester, package):
    pytester.makepyfile(test_it=app(package) + MORE + MIXED)

    result = pytester.runpytest_inprocess("--flasktrace-summary")

    result.assert_outcomes(passed=1, failed=2)
    lines = result.outlines[
        result.outlines.index(next(x for x in result.outlines if "flasktrace summary" in x)) :
    ]
    shown = "\n".join(lines)
    assert "3 requests in 2 tests." in shown
    assert len(re.findall(r"^  GET /.* in test_it.py::test_", shown, re.MULTILINE)) == 3
    assert (
        "Hooks and error handlers that never ran:\n  error_handler bad_value (test_it.py:" in shown
    )
    assert "load_user" not in shown
    assert "always" not in shown
    assert "Endpoints never requested:\n  crash /crash\n  forgotten /forgotten\n" in shown
    assert "static" not in shown


def test_summary_in_the_ini_file_and_none_without_requests(pytester):
    pytester.makeini("[pytest]\nflasktrace_summary = true")
    pytester.makepyfile("def test_it(): pass")

    result = pytester.runpytest_inprocess()

    result.stdout.fnmatch_lines(["*flasktrace summary*", "0 requests in 0 tests."])


def test_workers_give_their_share(pytester):
    pytester.makepyfile(test_it=app() + MORE + MIXED, test_too=app() + MIXED)

    result = pytester.runpytest_subprocess(
        "-n",
        "2",
        "--dist=loadfile",
        "--flasktrace-summary",
        "--flasktrace-html=run.html",
        "--flasktrace-junit",
        "--junitxml=run.xml",
    )

    result.assert_outcomes(passed=2, failed=4)
    shown = result.stdout.str()
    assert "6 requests in 4 tests." in shown
    assert "  error_handler bad_value (test_it.py:" in shown
    page = (pytester.path / "run.html").read_text("utf-8")
    assert page.count("<details>") == 6
    assert len(ET.parse(pytester.path / "run.xml").findall(".//property[@name='flasktrace']")) == 6


def test_page_has_the_traces_without_scripts_and_secrets(pytester):
    pytester.makepyfile(
        test_it=app()
        + MIXED
        + """
def test_hostile():
    headers = {"Authorization": "Bearer s3cretvalue", "X-Evil": "<script>alert(1)</script>"}
    app.test_client().get("/<img src=x onerror=alert(1)>?token=s3cretvalue", headers=headers)
"""
    )

    result = pytester.runpytest_inprocess("--flasktrace-html=out.html")

    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines(["The traces of this run: out.html"])
    file = pytester.path / "out.html"
    page = file.read_text("utf-8")
    assert file.stat().st_mode & 0o777 == 0o600
    assert page.count("<details>") == 4
    assert '<h2 class="failed">test_it.py::test_fails: failed</h2>' in page
    assert "<h2>test_it.py::test_passes: passed</h2>" in page
    assert "● dispatch" in page
    assert "<script" not in page
    assert "<img" not in page
    assert "s3cretvalue" not in page
    assert "&lt;script&gt;" in page
    assert "default-src 'none'" in page


def test_page_that_cannot_be_written_changes_no_outcome(pytester):
    pytester.makepyfile(app() + MIXED.partition("def test_fails")[0])

    result = pytester.runpytest_inprocess("--flasktrace-html=nowhere/out.html")

    assert result.ret == 0
    result.stdout.fnmatch_lines(["The page nowhere/out.html could not be written: No such file*"])


def test_junit_has_the_verdicts(pytester):
    pytester.makepyfile(app("flasktrace") + MIXED)

    result = pytester.runpytest_inprocess("--flasktrace-junit", "--junitxml=out.xml")

    result.assert_outcomes(passed=1, failed=2)
    cases = ET.parse(pytester.path / "out.xml").findall(".//testcase")
    found = [[p.get("value") for p in case.iter("property")] for case in cases]
    assert [len(values) for values in found] == [1, 2, 0]
    assert re.match(r"GET /hello/ada 200 .*: 200 from the view hello \(", found[0][0])
    assert "404: no route matches GET /nowhere" in found[1][1]
    assert "- flasktrace -" not in result.stdout.str()
