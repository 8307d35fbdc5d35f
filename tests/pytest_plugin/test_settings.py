"""The options, on the command line and in the ini file."""

import pytest

from tests.pytest_plugin.samples import APP

pytest_plugins = ["pytester"]

SLOW = (
    APP.format(package="flasktrace")
    + """
import time

@app.get("/slow")
def slow():
    time.sleep(0.06)
    return "at last"

def test_of_both():
    client = app.test_client()
    client.get("/hello/quick")
    client.get("/slow")
"""
)


@pytest.mark.parametrize(
    ("flags", "ini"),
    [
        (["--flasktrace=slow", "--flasktrace-slow=50"], ""),
        (["--flasktrace-slow", "50"], ""),
        ([], "flasktrace = slow\nflasktrace_slow = 50"),
        (["--flasktrace-slow=50"], "flasktrace = slow\nflasktrace_slow = 70000"),
    ],
)
def test_slow_prints_the_slow_requests_of_tests_that_pass(pytester, flags, ini):
    pytester.makepyfile(SLOW)
    pytester.makeini(f"[pytest]\n{ini}")

    result = pytester.runpytest_inprocess(*flags)

    result.assert_outcomes(passed=1)
    shown = result.stdout.str()
    assert shown.count("\nGET /slow ") == 1
    assert "\nGET /hello/quick " not in shown


def test_slow_means_half_a_second_unless_told(pytester):
    pytester.makepyfile(SLOW)

    shown = pytester.runpytest_inprocess("--flasktrace=slow").stdout.str()

    assert "\nGET " not in shown


def test_off_overrides_the_ini_file(pytester):
    pytester.makepyfile(SLOW)
    pytester.makeini("[pytest]\nflasktrace = all")

    assert "\nGET /slow " in pytester.runpytest_inprocess().stdout.str()
    assert "GET" not in pytester.runpytest_inprocess("--flasktrace=off").stdout.str()


@pytest.mark.parametrize(
    "line", ["flasktrace = often", "flasktrace_slow = soon", "flasktrace_junit = perhaps"]
)
def test_bad_ini_value_is_refused(pytester, line):
    pytester.makepyfile("def test_it(): pass")
    pytester.makeini(f"[pytest]\n{line}")

    result = pytester.runpytest_inprocess()

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*ini file's flasktrace options: *{line.split()[-1]}*"])


@pytest.mark.parametrize("value", ["soon", "-1", "nan", "inf"])
def test_bad_duration_is_refused(pytester, value):
    result = pytester.runpytest_inprocess(f"--flasktrace-slow={value}")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*'{value}' is no number of milliseconds*"])
