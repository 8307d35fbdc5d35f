"""The plugin, in pytest runs of its own."""

import re

import flask
import pytest

from tests.cases import share
from tests.pytest_plugin.samples import APP, MIXED

pytest_plugins = ["pytester"]


@pytest.fixture(params=["flask", "flasktrace"])
def app(request):
    """The text of a test module that makes an app."""
    return APP.format(package=request.param)


def each_app_or(package):
    """Run a test that takes long with an app of each package, or of *package* alone."""
    packages = sorted(["flask", "flasktrace"], key=lambda name: name != package)
    return pytest.mark.parametrize("app", share(packages), indirect=True)


def text(result):
    """Return the output without the time that the run took."""
    return re.sub(r"in \d+\.\d+s", "in 0s", result.stdout.str())


def test_trees_of_a_failing_test_are_printed_and_none_of_a_passing_one(pytester, app):
    pytester.makepyfile(test_it=app + MIXED)

    result = pytester.runpytest_inprocess("--flasktrace")

    result.assert_outcomes(passed=1, failed=2)
    shown = text(result)
    assert shown.count("- flasktrace -") == 1
    assert "/hello/ada" not in shown.replace('get("/hello/ada")', "")
    result.stdout.fnmatch_lines(
        [
            "*_ test_fails _*",
            "*- flasktrace -*",
            "GET /hello/grace?user=ada * 200 OK*",
            "● preprocess*",
            "*g.user*'ada'*load_user*",
            "GET /nowhere * 404 NOT FOUND*",
            "404: no * matches GET /nowhere*",
            "*_ test_without_an_app _*",
        ]
    )


def test_tree_of_a_failing_contract_is_printed_once(pytester, app):
    pytester.makepyfile(
        app
        + """
from flasktrace.contracts import assert_stages

def test_it(traces):
    app.test_client().get("/hello/ada")
    app.test_client().get("/nowhere")
    assert_stages(traces[0], "push")
"""
    )

    shown = text(pytester.runpytest_inprocess("--flasktrace"))

    complaint, _, trees = shown.partition("- flasktrace -")
    assert "E       GET /hello/ada " in complaint
    assert "GET /hello/ada" not in trees
    assert "GET /nowhere" in trees


def test_trees_fit_the_terminal(pytester, app, monkeypatch):
    monkeypatch.setenv("COLUMNS", "70")
    pytester.makepyfile(app + MIXED)

    shown = text(pytester.runpytest_inprocess("--flasktrace"))

    _, _, trees = shown.partition("- flasktrace -")
    tree = trees.partition("GET")[2].partition("test_without_an_app")[0]
    assert max(map(len, tree.splitlines())) <= 70


@pytest.mark.parametrize("mode", ["--flasktrace", "--flasktrace=failed"])
def test_passing_tests_print_what_they_print_without_the_plugin(pytester, app, mode):
    pytester.makepyfile(app + MIXED.partition("def test_fails")[0])

    with_it, without = (
        pytester.runpytest_inprocess(mode),
        pytester.runpytest_inprocess("-p", "no:flasktrace"),
    )

    assert text(with_it).replace("flasktrace-0.1.0, ", "") == text(without)
    assert with_it.ret == without.ret == 0


@pytest.mark.parametrize("flags", [(), ("-v",), ("-rA",), ("-q", "--tb=short")], ids=str)
def test_without_the_option_all_is_as_without_the_plugin(pytester, app, flags):
    pytester.makepyfile(app + MIXED)

    idle = pytester.runpytest_inprocess(*flags)
    gone = pytester.runpytest_inprocess("-p", "no:flasktrace", *flags)

    assert without_plugins(idle) == without_plugins(gone)
    assert idle.ret == gone.ret == 1


def without_plugins(result):
    return [line for line in text(result).splitlines() if not line.startswith("plugins:")]


def test_idle_plugin_touches_neither_the_apps_nor_the_frameworks(pytester):
    pytester.makepyfile("""
        import flask, flasktrace

        def test_nothing_is_watched():
            for kind in (flask.Flask, flasktrace.Flask):
                assert kind.__call__.__name__ == "__call__"
                assert kind.__call__.__module__ == kind.__module__
                app = kind("x")
                app.test_client().get("/")
                assert "flasktrace" not in app.extensions
                assert "wsgi_app" not in vars(app)
    """)

    pytester.runpytest_inprocess().assert_outcomes(passed=1)


def test_idle_plugin_starts_nothing_that_the_package_does_not_import_anyway(pytester):
    pytester.makepyfile("""
        import sys

        def test_views_are_not_loaded():
            assert not {"rich", "sqlite3", "flask"} & set(sys.modules)
            assert "flasktrace.trace.everywhere" not in sys.modules
    """)

    result = pytester.runpytest_subprocess("-p", "no:xdist")

    result.assert_outcomes(passed=1)


def test_all_prints_passing_tests_too_below_their_line(pytester, app):
    pytester.makepyfile(test_it=app + MIXED)

    result = pytester.runpytest_inprocess("--flasktrace=all", "-v")

    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(
        [
            "test_it.py::test_passes PASSED*",
            "*- flasktrace test_it.py::test_passes -*",
            "GET /hello/ada * 200 OK*",
            "test_it.py::test_fails FAILED*",
        ]
    )


def test_all_prints_each_tree_once_even_with_a_summary_of_all(pytester, app):
    pytester.makepyfile(app + MIXED.partition("def test_fails")[0])

    shown = text(pytester.runpytest_inprocess("--flasktrace=all", "-rA"))
    before_summary = shown.partition("= PASSES =")[0]

    assert before_summary.count("GET /hello/ada ") == 1


def test_other_value_is_refused_with_the_way_out(pytester):
    pytester.makepyfile(test_it="def test_it(): pass")

    result = pytester.runpytest_inprocess("--flasktrace", "test_it.py")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["*'test_it.py' is none of failed, slow, all, off; before a path write*"]
    )


def test_fixture_gives_the_traces_of_the_test(pytester, app):
    pytester.makepyfile(
        app
        + """
def test_traces(traces):
    client = app.test_client()
    assert not traces
    client.get("/hello/ada?user=grace")
    client.get("/nowhere")

    assert len(traces) == 2
    assert [trace.path for trace in traces] == ["/hello/ada", "/nowhere"]
    assert traces[0].stage("preprocess").changes[0].key == "user"
    assert traces.last.id == traces[-1].id  # the response is open: its trace goes on
    assert traces.last.status == 404
    assert traces.find(path="/hello/*") == [traces[0]]
    assert traces.find(status=404) == [traces[1]]
    assert traces.find(method="post") == []


def test_traces_are_those_of_this_test_only(traces):
    app.test_client().get("/hello/grace")
    assert [trace.path for trace in traces] == ["/hello/grace"]


def test_last_says_what_is_wrong_when_there_is_none(traces):
    with pytest.raises(LookupError, match="No request was traced"):
        traces.last


def test_exception_goes_through(traces):
    with pytest.raises(LookupError):
        app.test_client().get("/crash")
    assert traces.last.exception.type == "LookupError"


def test_open_stream_is_there_already(traces):
    response = app.test_client().get("/hello/ada", buffered=False)
    assert traces.last.status == 200
    response.close()
    assert len(traces) == 1
"""
    )

    pytester.runpytest_inprocess().assert_outcomes(passed=5)


@pytest.mark.parametrize(
    "place",
    ["imported", "module fixture", "session fixture", "factory in the test"],
)
def test_app_may_be_made_anywhere(pytester, app, place):
    made = {
        "imported": "from shop import app\n",
        "module fixture": "@pytest.fixture(scope='module')\ndef app():\n    return shop.app\n",
        "session fixture": "@pytest.fixture(scope='session')\ndef app():\n    return shop.app\n",
        "factory in the test": "",
    }[place]
    body = "    import shop\n    app = shop.app\n" if place == "factory in the test" else ""
    argument = ", app" if "fixture" in place else ""
    pytester.makepyfile(
        shop=app,
        test_it=f"""import pytest\nimport {"sys" if body else "shop"}\n{made}
@pytest.mark.parametrize("turn", [1, 2])
def test_it(traces{argument}, turn):
{body}    app.test_client().get(f"/hello/{{turn}}")
    assert [trace.path for trace in traces] == [f"/hello/{{turn}}"]
""",
    )
    pytester.syspathinsert()

    pytester.runpytest_inprocess("--flasktrace").assert_outcomes(passed=2)


def test_apps_of_both_frameworks_are_watched_in_one_test(pytester):
    pytester.makepyfile("""
        import flask, flasktrace

        def test_both(traces):
            for kind in (flask.Flask, flasktrace.Flask):
                kind("x").test_client().get(f"/{kind.__module__}")
            assert [trace.host.split()[0] for trace in traces] == ["flask", "flasktrace"]
    """)

    pytester.runpytest_inprocess().assert_outcomes(passed=1)


def test_requests_of_fixtures_belong_to_the_test(pytester, app):
    pytester.makepyfile(
        app
        + """
@pytest.fixture
def client():
    client = app.test_client()
    client.get("/hello/fixture")
    return client

def test_it(client, traces):
    client.get("/hello/test")
    assert [trace.path for trace in traces] == ["/hello/fixture", "/hello/test"]
"""
    )

    pytester.runpytest_inprocess().assert_outcomes(passed=1)


def test_fixture_can_be_asked_for_while_the_test_runs(pytester, app):
    pytester.makepyfile(
        app
        + """
def test_it(request):
    traces = request.getfixturevalue("traces")
    app.test_client().get("/hello/late")
    assert traces.last.path == "/hello/late"
"""
    )

    pytester.runpytest_inprocess().assert_outcomes(passed=1)
    pytester.runpytest_inprocess("--flasktrace").assert_outcomes(passed=1)


def test_failing_fixture_and_failing_teardown_show_their_requests(pytester, app):
    pytester.makepyfile(
        app
        + """
@pytest.fixture
def broken():
    app.test_client().get("/hello/setup")
    raise RuntimeError("in the fixture")

@pytest.fixture
def untidy():
    yield
    app.test_client().get("/hello/teardown")
    raise RuntimeError("after the test")

def test_setup(broken): pass

def test_teardown(untidy): pass
"""
    )

    result = pytester.runpytest_inprocess("--flasktrace")

    result.assert_outcomes(passed=1, errors=2)
    result.stdout.fnmatch_lines(
        [
            "*ERROR at setup of*",
            "GET /hello/setup *",
            "*ERROR at teardown*",
            "GET /hello/teardown *",
        ]
    )


def test_unittest_style_tests_are_watched(pytester, app):
    pytester.makepyfile(
        app
        + """
import unittest

class ShopTest(unittest.TestCase):
    def setUp(self):
        self.client = app.test_client()
        self.client.get("/hello/setup")

    def test_it(self):
        self.client.get("/hello/test")
        self.fail("so that it is shown")
"""
    )

    result = pytester.runpytest_inprocess("--flasktrace")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["GET /hello/setup *", "GET /hello/test *"])


def test_wrapped_app_is_watched_and_stays_wrapped(pytester, app):
    pytester.makepyfile(
        app
        + """
import flasktrace
from flasktrace.trace.tracer import tracer_of

flasktrace.wrap(app, enabled=True, store="memory:")
tracer = tracer_of(app)

def test_it(traces):
    app.test_client().get("/hello/ada")
    assert traces.last.path == "/hello/ada"
    assert tracer_of(app) is tracer
    tracer.flush()
    assert tracer.store.count() == 1
"""
    )

    pytester.runpytest_inprocess("--flasktrace").assert_outcomes(passed=1)


def test_everything_is_as_before_after_the_run(pytester, app):
    before = (flask.Flask.__call__, flask.Flask.wsgi_app)
    pytester.makepyfile(app + MIXED)

    pytester.runpytest_inprocess("--flasktrace")

    assert (flask.Flask.__call__, flask.Flask.wsgi_app) == before


@pytest.mark.parametrize("flags", [("--flasktrace=all",)], ids=str)
@each_app_or("flask")
def test_works_in_parallel(pytester, app, flags):
    pytester.makepyfile(test_it=app + MIXED, test_more=app + MIXED)

    result = pytester.runpytest_subprocess("-n", "2", *flags)

    result.assert_outcomes(passed=2, failed=4)
    shown = text(result)
    assert len(re.findall(r"^GET /nowhere ", shown, re.MULTILINE)) == 2
    found = len(re.findall(r"^GET /hello/ada ", shown, re.MULTILINE))
    assert found == (2 if flags == ("--flasktrace=all",) else 0)


@each_app_or("flasktrace")
def test_fixture_works_in_parallel(pytester, app):
    pytester.makepyfile(
        app
        + """
@pytest.mark.parametrize("number", range(8))
def test_it(traces, number):
    app.test_client().get(f"/hello/{number}")
    assert [trace.path for trace in traces] == [f"/hello/{number}"]
"""
    )

    pytester.runpytest_subprocess("-n", "2").assert_outcomes(passed=8)


def test_switched_off_plugin_is_gone(pytester, app):
    pytester.makepyfile(app + MIXED + "\ndef test_it(traces): pass\n")

    result = pytester.runpytest_inprocess("-p", "no:flasktrace")
    refused = pytester.runpytest_inprocess("-p", "no:flasktrace", "--flasktrace")

    result.assert_outcomes(passed=1, failed=2, errors=1)
    result.stdout.fnmatch_lines(["*fixture 'traces' not found*"])
    assert refused.ret == pytest.ExitCode.USAGE_ERROR


def test_hostile_request_prints_no_escapes(pytester, app):
    pytester.makepyfile(
        app
        + """
def test_it():
    app.test_client().get("/a%1b]0;owned%07%1b[31m", headers={"X-Evil": "\\x1b[2J"})
    assert False
"""
    )

    result = pytester.runpytest_inprocess("--flasktrace", "--color=no", "--show-capture=all")

    trees = text(result).partition("- flasktrace -")[2]
    assert "\x1b" not in trees
    assert "\x07" not in trees
    assert r"\x1b]0;owned\x07" in trees


def test_report_file_keeps_the_trees_and_is_valid(pytester, app):
    from xml.etree import ElementTree as ET

    pytester.makepyfile(app + MIXED)

    pytester.runpytest_inprocess("--flasktrace", "--junitxml=report.xml")

    assert len(ET.parse("report.xml").findall(".//testcase")) == 3


TOUCHY = """
import logging
import sqlite3
import threading
import warnings


@pytest.fixture
def database():
    made = sqlite3.connect(":memory:", isolation_level=None)
    asked = []
    made.set_trace_callback(asked.append)
    yield made, asked
    made.close()


@pytest.fixture
def broken():
    app.test_client().get("/hello/fixture")
    raise KeyError("broken")


@pytest.mark.parametrize("name", ["a/b", "c::d", "é[x]"])
def test_names(name):
    assert app.test_client().get("/hello/x").status_code == 200


def test_no_log_and_no_output(caplog, capsys):
    app.test_client().get("/hello/x")
    assert caplog.records == []
    assert capsys.readouterr() == ("", "")


def test_no_query_of_others(database):
    app.test_client().get("/hello/x")
    made, asked = database
    made.execute("SELECT 1")
    assert asked == ["SELECT 1"]


def test_no_thread_and_no_warning(recwarn):
    before = threading.active_count()
    app.test_client().get("/hello/x")
    assert threading.active_count() == before
    assert not recwarn.list


def test_that_needs_what_is_broken(broken):
    pass


def test_that_an_error_is_raised():
    with pytest.raises(LookupError, match="not today"):
        app.test_client().get("/crash")


@pytest.mark.xfail(strict=True, raises=LookupError)
def test_that_is_expected_to_fail():
    app.test_client().get("/crash")
"""


@pytest.mark.parametrize("flags", [(), ("-s",), ("-p", "no:logging")], ids=" ".join)
def test_fault_59_tests_that_look_around_see_nothing_of_the_plugin(pytester, app, flags):
    tests = TOUCHY if "no:logging" not in flags else TOUCHY.replace("caplog, ", "")
    if "no:logging" in flags:
        tests = tests.replace("    assert caplog.records == []\n", "")
    pytester.makepyfile(app + tests)

    traced = pytester.runpytest_inprocess("--flasktrace", "-v", *flags)
    gone = pytester.runpytest_inprocess("-p", "no:flasktrace", "-v", *flags)

    expected = {"passed": 7, "errors": 1, "xfailed": 1}
    assert traced.parseoutcomes() == gone.parseoutcomes() == expected
    assert traced.ret == gone.ret == 1
    assert verdicts(traced) == verdicts(gone)


def verdicts(result):
    """Return the line of each test with what became of it."""
    return [line for line in result.outlines if re.match(r"\S+\.py::.* (PASS|FAIL|ERR|XF)", line)]


def test_apps_are_gone_when_their_test_lets_go_of_them(pytester, app):
    pytester.makepyfile(
        shop="import gc, weakref\nfound = []\n",
        test_it=f"""
import shop
{app}

@pytest.mark.parametrize("turn", range(3))
def test_it(turn):
    mine = Flask("mine")
    mine.add_url_rule("/", "index", lambda: "x")
    mine.add_url_rule("/unused", "unused", lambda: "y")
    assert mine.test_client().get("/").text == "x"
    shop.found.append(shop.weakref.ref(mine))

def test_earlier_ones_are_gone():
    shop.gc.collect()
    assert [made() for made in shop.found] == [None] * 3
""",
    )
    pytester.syspathinsert()

    result = pytester.runpytest_inprocess("--flasktrace-summary", "--flasktrace")

    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(
        ["3 requests in 3 tests.", "Endpoints never requested:", "  unused /unused"]
    )
