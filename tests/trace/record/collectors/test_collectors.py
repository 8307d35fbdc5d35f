"""The protocol: chosen by name or as objects, installed once, for as long as somebody watches."""

import gc
import logging
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

import flasktrace
from flasktrace.trace.options import OptionError, Options
from flasktrace.trace.roles import logs, queries
from flasktrace.trace.tracer import tracer_of
from tests.trace.record.collectors.apps import hosted, traced

PAGE = Path(__file__).parents[4] / "docs" / "collectors.md"


class Counting:
    """Notes how it is installed."""

    name = "counting"

    def __init__(self):
        self.notes = []

    def install(self):
        self.notes.append("in")
        return lambda: self.notes.append("out")


def wrapped(**options):
    options = {"enabled": True, "store": "memory:", "dashboard": False, **options}
    return flasktrace.wrap(flasktrace.Flask("x"), **options)


def test_it_is_installed_with_the_first_tracer_and_uninstalled_with_the_last():
    made = Counting()

    first, second = wrapped(collectors=[made]), wrapped(collectors=["logs", made])
    flasktrace.unwrap(first)
    assert made.notes == ["in"]

    flasktrace.unwrap(second)
    assert made.notes == ["in", "out"]


def test_an_app_that_is_dropped_lets_go_of_it_when_the_next_one_comes():
    made = Counting()
    app = wrapped(collectors=[made])
    del app
    gc.collect()

    flasktrace.unwrap(wrapped(collectors=[]))

    assert made.notes == ["in", "out"]


def test_nothing_is_installed_by_a_tracer_that_is_off():
    made = Counting()

    flasktrace.unwrap(wrapped(enabled=False, collectors=[made]))

    assert made.notes == []


def test_a_collector_that_cannot_be_installed_is_counted():
    class Broken(Counting):
        def install(self):
            raise ImportError("no such thing")

    app = wrapped(collectors=[Broken()])
    errors = tracer_of(app).health()["internal_errors"]
    flasktrace.unwrap(app)

    assert errors == {"collector counting": 1}


def view():
    logging.getLogger("shop").error("said")
    with closing(sqlite3.connect(":memory:")) as base:
        base.execute("SELECT 1")
    return "ok"


@pytest.mark.parametrize(
    ("wanted", "found"),
    [(["logs"], (1, 0)), ("sql", (0, 1)), ((), (0, 0)), ("", (0, 0)), ("logs, sql", (1, 1))],
)
def test_only_the_chosen_ones_tell(wanted, found):
    other = wrapped()  # which has both installed
    trace = traced(view, collectors=wanted)
    flasktrace.unwrap(other)

    assert (len(logs(trace)), len(queries(trace))) == found


@pytest.mark.parametrize(
    "value", ["log", ["logs", "sequel"], 7, [7], [Counting], [Counting(), Counting()], [object()]]
)
def test_what_is_no_collector_is_named_with_the_remedy(value):
    with pytest.raises(OptionError, match=r"name some of logs, sql, or give objects"):
        Options.of({"collectors": value}, {})


def test_collectors_are_read_from_the_environment(monkeypatch):
    monkeypatch.setenv("FLASKTRACE_COLLECTORS", "logs")

    assert Options.of({}, {}).collectors == ("logs",)


def test_settings_tell_their_names():
    app = wrapped(collectors=["sql", Counting()])
    told = tracer_of(app).settings()["collectors"]
    flasktrace.unwrap(app)

    assert told == ["sql", "counting"]


def test_the_example_of_the_page_runs():
    text = PAGE.read_text("utf-8")
    code = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)[0]
    names = {"__name__": "example"}
    exec(code, names)
    app = hosted(names["index"], flasktrace)

    with flasktrace.capture(app, collectors=[names["Mails"]()]) as traces:
        assert app.test_client().get("/").status_code == 200
    (span,) = [span for span in traces.last.spans if span.name == "send mail"]

    assert span.attributes["to"] == "'ada@example.org'"
    assert names["Mailer"].send.__name__ == "send"
