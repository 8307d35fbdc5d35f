"""Versions, also where packages have no metadata: a frozen program carries none."""

from importlib.metadata import PackageNotFoundError, version

import flask
import pytest
from werkzeug.test import Client

import flasktrace
from flasktrace.trace.show.export.data import har
from flasktrace.trace.tracer import tracer_of
from flasktrace.trace.version import version_of


@pytest.fixture
def frozen(monkeypatch):
    def fail(package):
        raise PackageNotFoundError(package)

    monkeypatch.setattr("flasktrace.trace.version.version", fail)


def test_the_version_of_an_installed_package_is_known():
    assert version_of("flask") == version("flask")
    assert version_of("no-such-package") == ""


def test_a_flask_app_of_a_frozen_program_is_traced(frozen):
    app = flask.Flask("frozen")
    app.add_url_rule("/", "index", lambda: "fine")
    flasktrace.wrap(app, enabled=True, store="memory:")
    tracer = tracer_of(app)

    assert Client(app).get("/").text == "fine"
    (trace,) = tracer.store.traces()
    assert (trace.host, trace.verdict[:8]) == ("flask", "200 from")
    assert tracer.health()["flasktrace"] == ""
    assert '"version": ""' in har(trace)
    flasktrace.unwrap(app)
