"""Whose code is it? Told by the file alone; a library's is neither blamed nor credited."""

import sqlite3
import sys

import flask
import pytest

import flasktrace
from flasktrace.trace.record.origin import is_of_app, is_own
from tests.trace.record.collectors.apps import traced
from tests.trace.record.same import Ask, ask

CYTHON, MADE = "sqlalchemy/engine/_result_cy.py", "<sqlalchemy generated wrapper>"


@pytest.mark.parametrize(
    ("file", "is_the_apps"),
    [
        (__file__, True),
        ("/srv/shop/views.py", True),
        ("<template>", True),
        ("<stdin>", True),
        ("<string>", False),
        (MADE, False),
        (CYTHON, False),
        (flask.__file__, False),
        (sys.modules["json"].__file__, False),
        ("/srv/shop/.venv/lib/python3.12/site-packages/x/y.py", False),
        ("<frozen importlib._bootstrap>", False),
        (flasktrace.__file__, False),
    ],
)
def test_a_file_is_the_apps_or_not(file, is_the_apps):
    assert is_of_app(file) is is_the_apps
    assert is_own(file) is (file == flasktrace.__file__)


def test_a_script_that_is_run_by_a_relative_path_is_the_apps(tmp_path, monkeypatch):
    (tmp_path / "script_of_mine.py").write_text("")
    monkeypatch.chdir(tmp_path)

    assert is_of_app("script_of_mine.py")


def library(file, source):
    made = {"sqlite3": sqlite3}
    exec(compile(source, file, "exec"), made)
    return made["work"]


@pytest.mark.parametrize("file", [CYTHON, MADE])
def test_an_exception_of_a_library_is_raised_by_the_line_that_called_it(file):
    work = library(file, "def work():\n    raise LookupError('no row')\n")

    def index():
        work()

    trace = traced(index)

    assert trace.verdict.startswith(
        "500: LookupError: no row raised by the view index (test_origin.py:"
    )
    assert [item.in_app for item in trace.exception.frames][-2:] == [True, False]


@pytest.mark.parametrize("lib", [flasktrace, flask], ids=["flasktrace", "flask"])
def test_what_stands_outside_of_the_request_has_sent_no_query(lib):
    source = "def work():\n    sqlite3.connect(':memory:').execute('select 1')\n    return 'x'\n"
    app = lib.Flask("x")
    app.add_url_rule("/library", "library", library(MADE, source))

    @app.route("/mine")
    def mine():
        return library(MADE, source)()

    flasktrace.wrap(app, enabled=True, store="memory:")
    inner = app.wsgi_app

    def middleware(environ, start_response):
        return inner(environ, start_response)

    app.wsgi_app = middleware
    with flasktrace.capture(app) as traces:
        ask(app, Ask("/library"))
        ask(app, Ask("/mine"))

    senders = [
        [item.attributes.get("code.function.name") for item in trace.spans if item.kind == "sql"]
        for trace in traces
    ]
    assert senders == [[None], ["mine"]]
