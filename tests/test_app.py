"""Flask: registration, the request from end to end, and what the app says when it is misused."""

import logging

import pytest
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as WerkzeugResponse

import flasktrace
from flasktrace import Flask
from flasktrace.registry import SetupError


def test_a_request_goes_through_hooks_and_view():
    app = Flask("app")
    steps = []
    app.before_request(lambda: steps.append("before"))
    app.teardown_request(lambda exc: steps.append("teardown"))

    @app.after_request
    def after(response):
        steps.append("after")
        return response

    @app.route("/hello/<name>")
    def hello(name):
        steps.append("view")
        return f"Hello {name}"

    response = app.test_client().get("/hello/Ada")

    assert "Hello Ada" == response.text
    assert ["before", "view", "after", "teardown"] == steps


def test_a_hook_that_answers_first_is_never_matched():
    app = Flask("app")
    seen = []
    app.add_url_rule("/", "index", lambda: "never")
    app.before_request(lambda: "early")
    app.teardown_request(lambda exc: seen.append(flasktrace.request.matched))

    assert "early" == app.test_client().get("/").text
    assert [False] == seen


def test_middleware_can_be_put_around_the_stages():
    app = Flask("app")
    app.add_url_rule("/", "index", lambda: "x")
    inner = app.wsgi_app

    def middleware(environ, start_response):
        environ["PATH_INFO"] = "/"
        return inner(environ, start_response)

    app.wsgi_app = middleware

    assert "x" == app.test_client().get("/anywhere").text


def test_registering_after_the_first_request_says_why_not():
    app = Flask("app")
    app.test_client().get("/")

    with pytest.raises(SetupError, match="'before_request' was called after") as caught:
        app.before_request(lambda: None)
    assert "before_request" == caught.value.what


def test_an_endpoint_has_one_view():
    app = Flask("app")
    app.add_url_rule("/", "index", print)
    app.add_url_rule("/again", "index", print)

    with pytest.raises(AssertionError, match="'index' has a view already"):
        app.add_url_rule("/other", "index", repr)


def test_methods_as_text_are_refused_with_the_remedy():
    with pytest.raises(TypeError, match=r"such as methods=\['POST'\]"):
        Flask("app").add_url_rule("/", "index", print, methods="POST")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "The view of 'index' returned None"),
        ((None, 200), r"returned \(None, 200\), which has no body"),
        (7, "The view of 'index' returned a int"),
        ((1, 2, 3, 4), "returned a tuple of 4"),
    ],
)
def test_a_wrong_value_of_a_view_is_named(value, message):
    app = Flask("app")
    app.testing = True
    app.add_url_rule("/", "index", lambda: value)

    with pytest.raises(TypeError, match=message):
        app.test_client().get("/")


def test_a_callable_that_is_no_wsgi_app_says_so():
    app = Flask("app")
    app.testing = True
    app.add_url_rule("/", "index", lambda: lambda: "x")

    with pytest.raises(TypeError, match="Called as a WSGI application, it failed"):
        app.test_client().get("/")


def test_a_response_of_werkzeug_becomes_one_of_the_app():
    app = Flask("app")
    with app.test_request_context("/"):
        made = app.make_response(WerkzeugResponse("x", 203))

    assert type(made) is app.response_class
    assert (203, b"x") == (made.status_code, made.data)


def test_a_response_stays_the_same_object():
    app = Flask("app")
    response = app.response_class("x")
    with app.test_request_context("/"):
        made = app.make_response((response, 201, {"X-A": "1"}))

    assert made is response
    assert (201, "1") == (made.status_code, made.headers["X-A"])


def test_an_unhandled_exception_is_logged_with_path_and_method(caplog):
    app = Flask("app")
    app.add_url_rule("/crash", "crash", lambda: 1 / 0)

    assert 500 == app.test_client().get("/crash").status_code
    (record,) = caplog.records
    assert "Exception on /crash [GET]" == record.getMessage()
    assert ZeroDivisionError is record.exc_info[0]
    assert logging.ERROR == record.levelno


def test_a_handler_of_500_gets_the_original_exception():
    app = Flask("app")
    error = LookupError("original")
    seen = []

    @app.route("/")
    def index():
        raise error

    @app.errorhandler(500)
    def handle(internal):
        seen.append(internal.original_exception)
        return "handled", 500

    assert "handled" == app.test_client().get("/").text
    assert seen[0] is error


def test_the_exception_that_leaves_is_the_same_object():
    app = Flask("app")
    app.testing = True
    error = LookupError("original")

    @app.route("/")
    def index():
        raise error

    with pytest.raises(LookupError) as caught:
        app.test_client().get("/")
    assert caught.value is error


def test_the_handler_of_the_nearest_class_answers():
    app = Flask("app")

    @app.route("/<kind>")
    def fail(kind):
        raise {"key": KeyError, "index": IndexError}[kind]

    app.register_error_handler(LookupError, lambda error: "lookup")
    app.register_error_handler(KeyError, lambda error: "key")
    client = app.test_client()

    assert "key" == client.get("/key").text
    assert "lookup" == client.get("/index").text


def test_a_code_is_asked_before_a_class():
    app = Flask("app")
    app.register_error_handler(Exception, lambda error: "class")
    app.register_error_handler(404, lambda error: "code")

    assert "code" == app.test_client().get("/lost").text


def test_an_error_can_be_kept_from_teardown():
    class Lenient(Flask):
        def should_ignore_error(self, error):
            return isinstance(error, KeyError)

    app = Lenient("app")
    seen = []
    app.teardown_request(lambda exc: seen.append(type(exc).__name__))
    app.add_url_rule("/key", "key", lambda: {}["missing"])
    app.add_url_rule("/zero", "zero", lambda: 1 / 0)
    client = app.test_client()
    client.get("/key")
    client.get("/zero")

    assert ["NoneType", "ZeroDivisionError"] == seen


def test_the_session_is_saved_when_an_error_was_handled():
    app = Flask("app")
    app.secret_key = "key"

    @app.route("/")
    def index():
        flasktrace.session["a"] = 1
        raise LookupError

    app.register_error_handler(LookupError, lambda error: "handled")

    assert "session=" in app.test_client().get("/").headers["Set-Cookie"]


def test_an_app_of_a_script_is_named_after_its_file(monkeypatch):
    import sys
    from types import SimpleNamespace

    monkeypatch.setitem(sys.modules, "__main__", SimpleNamespace(__file__="folder/shop.py"))

    assert "shop" == Flask("__main__", root_path="folder").name
    monkeypatch.setitem(sys.modules, "__main__", SimpleNamespace())
    assert "__main__" == Flask("__main__", root_path="folder").name


@pytest.mark.parametrize(
    ("value", "debug"), [("1", True), ("true", True), ("0", False), ("no", False), ("", False)]
)
def test_the_environment_chooses_debug_mode(monkeypatch, value, debug):
    monkeypatch.setenv("FLASK_DEBUG", value)

    assert debug == Flask("app").debug


def test_debug_mode_reloads_templates_also_when_set_late():
    app = Flask("app")
    assert not app.jinja_env.auto_reload

    app.debug = True

    assert app.jinja_env.auto_reload


def test_an_untrusted_host_is_answered_with_400_and_tears_down():
    app = Flask("app")
    app.config["TRUSTED_HOSTS"] = ["good.test"]
    app.add_url_rule("/", "index", lambda: "x")
    ended = []
    app.teardown_request(ended.append)
    client = app.test_client()

    assert 200 == client.get("/", base_url="http://good.test").status_code
    assert 400 == client.get("/", base_url="http://bad.test").status_code
    assert [None, None] == ended


def test_async_views_need_asgiref(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "asgiref.sync", None)
    app = Flask("app")
    app.testing = True

    @app.route("/")
    async def index():
        return "x"

    with pytest.raises(RuntimeError, match="asgiref"):
        app.test_client().get("/")


def test_an_app_shows_its_name():
    class Shop(Flask):
        pass

    assert "<Shop 'app'>" == repr(Shop("app"))


def test_errors_that_pass_through_make_response_keep_their_headers():
    app = Flask("app")
    app.register_error_handler(NotFound, lambda error: ({"code": error.code}, 404))

    response = app.test_client().get("/lost")

    assert ({"code": 404}, "application/json") == (response.json, response.mimetype)
