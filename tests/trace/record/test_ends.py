"""What the traces of apps with known ends say, word for word; ends/golden/*.txt were read by eye.

Where the two frameworks truly differ, ``NAME.flask.txt`` is what the trace of real flask says.
"""

import inspect
import os
from importlib.metadata import version
from pathlib import Path

import flask
import pytest

import flasktrace
from tests.trace.record.ends import ENDS, text
from tests.trace.record.same import ask

GOLDEN = Path(__file__).parent / "ends" / "golden"
LIBRARIES = {"flasktrace": flasktrace, "flask": flask}
READ_WITH = "3.1."
"""The flask whose texts were read."""


def told(name, library):
    wanted = ENDS[name]
    app = wanted.make(LIBRARIES[library])
    with flasktrace.capture(app) as traces:
        for item in wanted.asks:
            ask(app, item)
        found = list(traces)
    lines = inspect.getsourcelines(wanted.make)[1]
    return text(found, inspect.getfile(wanted.make), lines)


def golden(name, library):
    own = library == "flask" and ENDS[name].differs
    return GOLDEN / (f"{name}.flask.txt" if own else f"{name}.txt")


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("name", ENDS)
def test_trace_reads_as_it_did_when_it_was_read(name, library):
    if library == "flask" and not version("flask").startswith(READ_WITH):
        pytest.skip(f"the texts were read with flask {READ_WITH}*")
    found, path = told(name, library), golden(name, library)
    if os.environ.get("WRITE_GOLDEN") and (library == "flasktrace" or ENDS[name].differs):
        path.write_text(found, encoding="utf-8")  # then read what changed

    assert path.read_text(encoding="utf-8") == found


def test_every_golden_text_belongs_to_an_app():
    names = {golden(name, library).name for name in ENDS for library in LIBRARIES}

    assert names == {path.name for path in GOLDEN.iterdir()}


@pytest.mark.parametrize("name", [name for name in ENDS if ENDS[name].differs])
def test_two_texts_do_differ(name):
    one, other = golden(name, "flasktrace"), golden(name, "flask")

    assert one.read_text(encoding="utf-8") != other.read_text(encoding="utf-8")
