"""Beside pytest-flask, which makes a client of every fixture called ``app``."""

import pytest

from tests.cases import long
from tests.pytest_plugin.samples import app

pytest_plugins = ["pytester"]

TESTS = """
@pytest.fixture(name="app")
def app_of_the_tests():
    return app

def test_client(client, traces):
    assert client.get("/hello/ada").text == "Hello, ada!"
    assert traces.find(path="/hello/*").only.status == 200

@pytest.mark.usefixtures("client_class")
class TestClass:
    def test_it(self, traces):
        assert self.client.get("/nowhere").status_code == 404
        assert traces.last.status == 404

def test_live_server(live_server, traces):
    from urllib.request import urlopen
    assert urlopen(live_server.url("/hello/live")).read() == b"Hello, live!"

def test_fails(client):
    assert client.get("/nowhere").status_code == 200
"""


@long
def test_outcomes_are_those_without_us(pytester, monkeypatch):
    pytest.importorskip("pytest_flask.plugin")
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:hypothesispytest")
    pytester.makepyfile(app() + TESTS)
    pytester.makeini("[pytest]\nlive_server_scope = function")

    plain = pytester.runpytest_subprocess().parseoutcomes()

    result = pytester.runpytest_subprocess("--flasktrace")

    assert result.parseoutcomes() == plain
    assert plain["passed"] >= 2  # under flask 3.0 the live server has no such url by itself
    assert plain["failed"] >= 1
    result.stdout.fnmatch_lines(["*- flasktrace -*", "GET /nowhere *404 NOT FOUND*"])
