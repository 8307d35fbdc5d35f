"""The logger of an app."""

import io
import logging
from contextlib import contextmanager

import pytest

from flasktrace import Flask
from flasktrace.logging import default_handler, has_level_handler, wsgi_errors_stream


@contextmanager
def bare():
    """No handlers anywhere, as in a program that has not set up logging."""
    root = logging.getLogger()
    handlers, root.handlers = root.handlers, []
    try:
        yield
    finally:
        root.handlers = handlers


@pytest.fixture
def name(request):
    """The name of an app whose logger is forgotten after the test."""
    yield request.node.name
    logger = logging.getLogger(request.node.name)
    logger.handlers.clear()
    logger.setLevel(logging.NOTSET)


def test_an_app_without_logging_gets_a_handler(name):
    with bare():
        assert [default_handler] == Flask(name).logger.handlers


def test_an_app_whose_logging_is_set_up_is_left_alone(name):
    logging.getLogger(name).addHandler(handler := logging.NullHandler())

    assert [handler] == Flask(name).logger.handlers


def test_debug_mode_lets_everything_through(name):
    app = Flask(name)
    app.debug = True

    assert logging.DEBUG == app.logger.level
    assert app.logger is logging.getLogger(name)


def test_a_level_that_was_chosen_stays(name):
    logging.getLogger(name).setLevel(logging.ERROR)
    app = Flask(name)
    app.debug = True

    assert logging.ERROR == app.logger.level


def test_records_go_to_the_servers_error_stream(name):
    app = Flask(name)
    app.add_url_rule("/", "index", lambda: app.logger.warning("careful") or "x")
    errors = io.StringIO()
    with bare():
        app.test_client().get("/", errors_stream=errors)

    assert f"WARNING in {__name__.rpartition('.')[2]}: careful" in errors.getvalue()


def test_outside_a_request_the_stream_is_standard_error(capsys):
    wsgi_errors_stream.write("outside")

    assert "outside" == capsys.readouterr().err


def test_a_handler_above_counts_only_when_records_reach_it(name):
    parent, child = logging.getLogger(name), logging.getLogger(f"{name}.child")
    parent.addHandler(logging.NullHandler())

    with bare():
        assert has_level_handler(child)
        child.propagate = False
        assert not has_level_handler(child)
