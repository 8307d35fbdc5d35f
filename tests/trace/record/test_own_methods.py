"""Methods of the framework that an app has replaced, by a class of its own or on the app itself."""

import flask
import pytest

import flasktrace
from tests.flasks import old_signatures
from tests.trace.record.same import Ask, ask

LIBRARIES = {"flasktrace": flasktrace, "flask": flask}
both = pytest.mark.parametrize("lib", LIBRARIES.values(), ids=LIBRARIES)


def shop(lib, methods=None):
    for name, method in (methods or {}).items():
        method.__name__ = name  # flask 3.2 asks for it
    with old_signatures():
        app = type("Shop", (lib.Flask,), methods or {})("shop")

    @app.route("/crash")
    def crash():
        return {}["gold"]

    @app.route("/gone")
    def gone():
        lib.abort(410)

    return app


def traced(app, path="/crash"):
    with flasktrace.capture(app) as traces:
        ask(app, Ask(path, status=None))
    assert not traces.last.partial
    return traces.last


def teapot(*_args):
    return "teapot", 418


def handling():
    def handle(_app, *_args):
        return "teapot", 418

    return handle


def failing(app, *_args):
    return app.response_class("sorry", 500)


# What answers exceptions


@both
def test_the_apps_own_handling_is_told_as_the_handler(lib):
    trace = traced(shop(lib, {"handle_user_exception": handling()}))

    assert trace.verdict.startswith(
        "418 from the app's own handle_user_exception (test_own_methods.py:"
    )
    assert ") for KeyError: 'gold' raised by the view crash (" in trace.verdict
    assert trace.exception.handled_by.startswith(
        "the app's own handle_user_exception (test_own_methods.py:"
    )
    assert (trace.outcome, "handled" in trace.marks) == ("ok", True)


@both
def test_handling_may_be_replaced_on_the_app_itself(lib):
    app = shop(lib)
    app.handle_user_exception = teapot

    assert traced(app).verdict.startswith("418 from the app's own teapot (test_own_methods.py:")


@both
def test_the_apps_own_answer_to_what_nobody_handled_is_told(lib):
    trace = traced(shop(lib, {"handle_exception": failing}))

    assert trace.verdict.startswith("500 from the app's own handle_exception (test_own_methods.py:")
    assert (trace.outcome, "handled" in trace.marks) == ("error", True)


@both
@pytest.mark.parametrize("how", ["a class", "the app"])
def test_handling_that_calls_that_of_the_framework_is_no_handler(lib, how):
    names = "handle_user_exception", "handle_exception"
    if how == "a class":
        app = shop(lib, {name: passing(getattr(lib.Flask, name)) for name in names})
    else:
        app = shop(lib)
        for name in names:
            setattr(app, name, passing(getattr(app, name)))

    crash, gone = traced(app), traced(app, "/gone")

    assert crash.verdict.endswith(", no handler for it.")
    assert crash.exception.handled_by is None
    assert gone.verdict.startswith("410: the view gone (test_own_methods.py:")
    assert gone.verdict.endswith(" raised Gone.")


def passing(method):
    def passed(*args):
        return method(*args)

    return passed


@both
def test_handling_that_tells_of_the_exception_by_itself_is_still_the_handler(lib):
    """As that of Flask-RESTful does."""

    def handle(app, *args):
        lib.signals.got_request_exception.send(app, exception=args[-1])
        return "teapot", 418

    trace = traced(shop(lib, {"handle_user_exception": handle}))

    assert trace.verdict.startswith("418 from the app's own handle_user_exception (")


@both
def test_a_handler_that_the_apps_own_handling_calls_is_named(lib):
    app = shop(lib, {"handle_user_exception": passing(lib.Flask.handle_user_exception)})
    app.register_error_handler(KeyError, teapot)

    assert traced(app).verdict.startswith("418 from the error handler teapot (")


@both
def test_handling_that_gives_an_http_error_another_status_is_named(lib):
    trace = traced(shop(lib, {"handle_user_exception": handling()}), "/gone")

    assert trace.verdict.startswith("418: the view gone (")
    assert (
        " raised Gone; the app's own handle_user_exception (test_own_methods.py:" in trace.verdict
    )
    assert trace.verdict.endswith(") answered.")


@both
def test_handling_that_raises_is_no_handler(lib):
    def handle(app, *args):
        raise LookupError("in the handling")

    trace = traced(shop(lib, {"handle_user_exception": handle}))

    assert trace.exception.type == "LookupError"
    assert trace.exception.handled_by is None


# Stages that are replaced on the app


def mine(*_args):
    return "mine"


def theirs(*_args):
    return "theirs"


@both
def test_a_stage_may_be_replaced_on_an_app_that_is_wrapped(lib):
    app = shop(lib)
    app.dispatch_request = mine
    with flasktrace.capture(app) as traces:
        assert app.test_client().get("/crash").data == b"mine"
        app.dispatch_request = theirs
        assert app.test_client().get("/crash").data == b"theirs"

    for trace, name in zip(traces, ("mine", "theirs"), strict=True):
        assert trace.stage("dispatch").skipped is None
        start = f"200: the app's own {name} (test_own_methods.py:"
        assert trace.verdict.startswith(start), trace.verdict


def test_a_stage_of_flask_that_was_put_back_is_dressed_once():
    app = shop(flask)
    app.add_url_rule("/", "index", lambda: "index")
    flasktrace.wrap(app, enabled=True, dashboard=False, store="memory:")
    for _ in range(3):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(app, "dispatch_request", mine)
            assert app.test_client().get("/").data == b"mine"
        assert app.test_client().get("/").data == b"index"
    flasktrace.unwrap(app)

    assert not {"dispatch_request", "request_context", "ensure_sync"} & vars(app).keys()


def test_a_stage_of_flask_that_was_replaced_is_the_users_after_unwrap():
    app = shop(flask)
    flasktrace.wrap(app, enabled=True, dashboard=False, store="memory:")
    app.dispatch_request = mine
    app.test_client().get("/")
    assert app.dispatch_request is not mine
    flasktrace.unwrap(app)

    assert app.dispatch_request is mine
