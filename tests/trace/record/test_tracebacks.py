"""Tracebacks of a traced app read as those of the app that nobody traces."""

import io
import logging
import traceback

import flask
import pytest
from flask.sessions import SecureCookieSessionInterface
from werkzeug.test import Client

import flasktrace
from flasktrace.trace.record.tracebacks import hide_watchers

BOOM = "boom"


def fail(*_given, **_named):
    raise ValueError(BOOM)


class Sessions(SecureCookieSessionInterface):
    save_session = fail


def app_that_fails(where):
    """An app of the real flask; *where* is what raises."""
    app = flask.Flask("failing")
    app.secret_key = "key"
    app.add_url_rule("/", "index", fail if where == "view" else lambda: "fine")
    app.add_url_rule("/<int:number>", "wrong", lambda: "fine")  # is not given what it takes
    app.add_url_rule("/raise", "raise", lambda: flask.abort(418))
    register = getattr(app, where, None)
    if register is not None:
        register(418)(fail) if where == "errorhandler" else register(fail)
    if where == "session":
        app.session_interface = Sessions()
    return app


def logged(app, path):
    """What the app logs for a request, as text."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    app.logger.addHandler(handler)
    app.logger.propagate = False
    Client(app).get(path)
    app.logger.removeHandler(handler)
    return out.getvalue()


def once(text):
    """The lines of a traceback without marks below them, each once."""
    return list(dict.fromkeys(line for line in text.splitlines() if line.strip(" ^")))


@pytest.mark.parametrize(
    ("where", "path"),
    [
        ("view", "/"),
        ("before_request", "/"),
        ("after_request", "/"),
        ("url_value_preprocessor", "/"),
        ("errorhandler", "/raise"),
        ("session", "/"),
    ],
)
@pytest.mark.parametrize("sample", [1.0, 0.0], ids=["recorded", "left out"])
def test_the_log_shows_none_of_the_tracer(where, path, sample):
    app = app_that_fails(where)
    untraced = logged(app, path)
    flasktrace.wrap(app, enabled=True, store="memory:", dashboard=False, sample=sample)

    traced = logged(app, path)

    assert BOOM in untraced
    assert traced == untraced
    flasktrace.unwrap(app)


def test_an_error_of_the_call_itself_shows_where_flask_calls_it():
    app = app_that_fails("")
    untraced = logged(app, "/1")
    flasktrace.wrap(app, enabled=True, store="memory:", dashboard=False)

    traced = logged(app, "/1")

    assert "TypeError" in untraced
    assert traced.count("in dispatch_request") == 2  # the second is the one that calls
    assert once(traced) == once(untraced)
    flasktrace.unwrap(app)


def test_what_a_server_gets_comes_straight_from_the_app(caplog):
    app = app_that_fails("view")
    app.config["PROPAGATE_EXCEPTIONS"] = True
    flasktrace.wrap(app, enabled=True, store="memory:", dashboard=False)

    with pytest.raises(ValueError, match=BOOM) as found:
        Client(app).get("/")

    files = [frame.filename for frame in traceback.extract_tb(found.value.__traceback__)]
    assert not [file for file in files if "/trace/" in file and "/tests/" not in file]
    assert files[-1] == __file__
    flasktrace.unwrap(app)


def test_what_has_no_traceback_or_only_our_own_stays_as_it_is():
    error = ValueError(BOOM)
    hide_watchers(error)

    assert error.__traceback__ is None
