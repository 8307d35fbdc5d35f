import re

import flask
import pytest

import flasktrace
from tests.flasks import old_signatures
from tests.trace.record.apps import FRAMEWORK_APPS, RAW_APPS
from tests.trace.record.same import Ask, ask

LIBRARIES = {"flasktrace": flasktrace, "flask": flask}


def shop(lib):
    app = lib.Flask("shop")
    app.secret_key = "key"

    @app.before_request
    def load_user():
        at = lib.request.args.get("at")
        if at == "before":
            raise KeyError("user")
        if at == "denied":
            lib.abort(403)

    @app.before_request
    def require_login():
        if lib.request.path == "/cart" and "login" not in lib.request.args:
            return lib.redirect("/login", 302)
        return None

    @app.after_request
    def add_header(response):
        if lib.request.args.get("at") == "after":
            raise KeyError("header")
        return response

    @app.after_request
    def swap(response):
        return lib.Response("swapped") if "swap" in lib.request.args else response

    @app.teardown_request
    def close_db(error):
        if lib.request.args.get("at") == "teardown":
            raise OSError("disk")

    @app.errorhandler(ValueError)
    def on_value(error):
        if "again" in lib.request.args:
            raise LookupError("in the handler")
        return "bad value", 400

    @app.errorhandler(404)
    def not_found(error):
        return "nothing here", 404

    @app.errorhandler(410)
    def gone(error):
        return "gone, but well", 200

    @app.route("/cart")
    def cart():
        return "cart"

    @app.route("/value")
    def value():
        raise ValueError("17 is not\nenough.")

    @app.route("/crash")
    def crash():
        return price({})

    def price(goods):
        return goods["gold"]

    @app.route("/abort/<int:code>")
    def aborting(code):
        lib.abort(code)

    @app.route("/response")
    def own_response():
        lib.abort(lib.Response("mine", 409))

    @app.route("/exit")
    def leave():
        raise {"exit": SystemExit(1), "stop": KeyboardInterrupt()}[lib.request.args["how"]]

    @app.route("/products/", methods=["GET", "POST"])
    def products():
        return "products"

    @app.route("/nothing")
    def nothing():
        return None

    @app.route("/stream")
    def stream():
        def parts():
            yield b"one"
            yield b"two"
            raise OSError("cable")

        return lib.Response(parts())

    @app.route("/close")
    def closing():
        response = lib.Response("x")
        response.call_on_close(lambda: 1 / 0)
        return response

    return app


HOOKS = ", with 2 hooks before it and 2 hooks after it"
GOLDEN = [
    (Ask("/cart?login"), f"200 from the view cart (here){HOOKS}."),
    (Ask("/cart?login", "HEAD"), f"200 from the view cart (here){HOOKS}."),
    (
        Ask("/cart?login&swap"),
        f"200 from the view cart (here){HOOKS}; after_request swap (here) replaced the response.",
    ),
    (
        Ask("/cart"),
        "302 from before_request require_login (here), hook 2 of 2; the view of cart never ran.",
    ),
    (
        Ask("/value?at=denied"),
        "403: before_request load_user (here) raised Forbidden; the view of value never ran.",
    ),
    (
        Ask("/value?at=before"),
        (
            "500: KeyError: 'user' raised by before_request load_user (here), no handler for it; "
            "the view of value never ran."
        ),
    ),
    (Ask("/abort/409"), "409: the view aborting (here) raised Conflict."),
    (
        Ask("/abort/404"),
        (
            "404: the view aborting (here) raised NotFound; "
            "the error handler not_found (here) answered."
        ),
    ),
    (
        Ask("/abort/410"),
        "200: the view aborting (here) raised Gone; the error handler gone (here) answered.",
    ),
    (
        Ask("/response"),
        "409: the view own_response (here) raised HTTPException with a response of its own.",
    ),
    (
        Ask("/crt"),
        (
            "404: no route matches GET /crt (did you mean /cart?); "
            "the error handler not_found (here) answered."
        ),
    ),
    (
        Ask("/zzzzzzzzz"),
        "404: no route matches GET /zzzzzzzzz; the error handler not_found (here) answered.",
    ),
    (
        Ask("/products/", "DELETE"),
        "405: the url exists, but not for DELETE /products/; it allows GET, HEAD, OPTIONS, POST.",
    ),
    (
        Ask("/products"),
        (
            "308: the router redirects GET /products to http://localhost/products/ "
            "(/products/ needs a slash at its end)."
        ),
    ),
    (
        Ask("/products/", "OPTIONS"),
        "200: the framework itself answers OPTIONS for products.",
    ),
    (
        Ask("/crash"),
        "500: KeyError: 'gold' raised by price (here) in the view crash (here), no handler for it.",
    ),
    (
        Ask("/value"),
        (
            "400 from the error handler on_value (here) for ValueError: 17 is not raised by "
            "the view value (here)."
        ),
    ),
    (
        Ask("/value?again"),
        (
            "500: LookupError: in the handler raised by the error handler on_value (here), "
            "which handled ValueError: 17 is not."
        ),
    ),
    (
        Ask("/cart?login&at=after"),
        "500: KeyError: 'header' raised by after_request add_header (here), no handler for it.",
    ),
    (
        Ask("/cart?login&at=teardown"),
        (
            "OSError: disk raised by teardown_request close_db (here) left the app "
            "after it had answered 200."
        ),
    ),
    (
        Ask("/exit?how=exit"),
        (
            "SystemExit: 1 raised by the view leave (here) ended the request; "
            "no error handler is asked for that."
        ),
    ),
    (
        Ask("/exit?how=stop"),
        (
            "KeyboardInterrupt raised by the view leave (here) ended the request; "
            "no error handler is asked for that."
        ),
    ),
    (
        Ask("/stream", chunks=1),
        f"200 from the view stream (here){HOOKS}; the client left after 1 chunk (3 bytes).",
    ),
    (
        Ask("/stream", chunks=0),
        f"200 from the view stream (here){HOOKS}; the client left before the first chunk.",
    ),
    (
        Ask("/stream"),
        (
            f"200 from the view stream (here){HOOKS}; the body broke off after 2 chunks with "
            "OSError: cable raised by parts (here)."
        ),
    ),
    (
        Ask("/close"),
        (
            f"200 from the view closing (here){HOOKS}; closing the body failed with "
            "ZeroDivisionError: division by zero raised by <lambda> (here)."
        ),
    ),
]


def sentence(app, wanted):
    with flasktrace.capture(app) as traces:
        ask(app, wanted)
    assert not traces.last.partial
    return re.sub(r"\(\w+\.py:\d+\)", "(here)", traces.last.verdict)


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize(("wanted", "expected"), GOLDEN, ids=lambda item: getattr(item, "path", ""))
def test_both_frameworks_give_the_same_reason(wanted, expected, library):
    if library == "flasktrace":  # which matches a url only when somebody needs to know
        expected = re.sub(r"the view of \w+ never", "the view never", expected)

    assert sentence(shop(LIBRARIES[library]), wanted) == expected


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_view_that_returns_nothing_is_named(library):
    told = sentence(shop(LIBRARIES[library]), Ask("/nothing"))

    assert told == "500: the view nothing (here) returned None, which is no response."


@pytest.mark.parametrize("library", LIBRARIES)
def test_an_exception_that_is_not_answered_in_tests_left_the_app(library):
    app = shop(LIBRARIES[library])
    app.testing = True

    assert sentence(app, Ask("/crash")) == (
        "KeyError: 'gold' raised by price (here) in the view crash (here) left the app, "
        "as exceptions do in tests."
    )


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_trapped_http_error_left_the_app_too(library):
    app = shop(LIBRARIES[library])
    app.testing = app.config["TRAP_HTTP_EXCEPTIONS"] = True

    told = sentence(app, Ask("/abort/409"))

    assert told.startswith("werkzeug.exceptions.Conflict")
    assert told.endswith(
        "raised by the view aborting (here) left the app, as exceptions do in tests."
    )


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_host_that_is_not_trusted_is_named(library):
    app = shop(LIBRARIES[library])
    if "TRUSTED_HOSTS" not in app.config:
        pytest.skip("flask 3.0 trusts every host")
    app.config["TRUSTED_HOSTS"] = ["example.org"]

    assert sentence(app, Ask("/products/")) == "400: the host localhost is not trusted."


@pytest.mark.parametrize("library", LIBRARIES)
def test_an_app_that_catches_by_itself_is_told_so(library):
    lib = LIBRARIES[library]

    with old_signatures():

        class Catching(lib.Flask):
            def dispatch_request(self, *args):
                try:
                    return super().dispatch_request(*args)
                except KeyError:
                    return "caught"

    app = Catching("catching")

    @app.route("/")
    def crash():
        raise KeyError("k")

    assert sentence(app, Ask("/")) == (
        "200: KeyError: 'k' raised by the view crash (here), but the app caught it."
    )


def test_a_wsgi_app_answers_without_a_reason():
    app = flasktrace.wrap(RAW_APPS["plain_list"][0], enabled=True, store="memory:")

    assert sentence(app, Ask()) == "200 from plain_list; its stages are not visible."


def test_a_wsgi_app_that_raises_leaves_it_to_the_server():
    app = flasktrace.wrap(RAW_APPS["raising_before_the_start"][0], enabled=True, store="memory:")

    assert sentence(app, Ask()) == (
        "ValueError: the one and only raised by raising_before_the_start (here) left the app; "
        "the server has to answer."
    )


def test_a_generator_that_is_closed_in_a_view_is_no_client_that_left():
    app, asks = FRAMEWORK_APPS["fault_03_leaving_view"](flasktrace, [])

    told = sentence(app, asks[-1])

    assert told == (
        "GeneratorExit raised by leave (here) in the view index (here) ended the request; "
        "no error handler is asked for that."
    )


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize(
    ("config", "why"),
    [
        ({}, "left the app; the server has to answer."),
        ({"DEBUG": True}, "left the app, as exceptions do in debug mode."),
        ({"TESTING": True}, "left the app, as exceptions do in tests."),
        (
            {"PROPAGATE_EXCEPTIONS": True, "TESTING": True},
            "left the app, as PROPAGATE_EXCEPTIONS wants it.",
        ),
        (
            {"PROPAGATE_EXCEPTIONS": False, "TESTING": True},
            "left the app; the server has to answer.",
        ),
    ],
)
def test_why_an_exception_left_the_app_is_told(library, config, why):
    app = LIBRARIES[library].Flask("sorry")
    app.config |= config

    @app.errorhandler(500)
    def sorry(error):
        raise OSError("no template")

    @app.route("/")
    def crash():
        raise OSError("disk")

    assert sentence(app, Ask()).endswith(why)


@pytest.mark.parametrize("library", LIBRARIES)
def test_hooks_after_the_view_that_changed_the_status_come_first(library):
    lib = LIBRARIES[library]
    app = lib.Flask("changing")

    @app.after_request
    def last(response):
        response.status_code = 203
        return response

    @app.after_request
    def first(response):
        return lib.Response("gone", 410)

    @app.route("/")
    def index():
        return "x"

    assert sentence(app, Ask()) == (
        "203: after_request first (here) replaced the response; after_request last (here) "
        "changed the status from 410 to 203; before that it was 200 from the view index (here), "
        "with 2 hooks after it."
    )


@pytest.mark.parametrize("library", LIBRARIES)
def test_an_http_error_after_the_view_that_leaves_the_app_is_told_once(library):
    lib = LIBRARIES[library]
    app = lib.Flask("late")
    app.testing = True

    @app.after_request
    def check(response):
        lib.abort(409)

    @app.route("/")
    def index():
        return "x"

    assert sentence(app, Ask()) == (
        "werkzeug.exceptions.Conflict raised by after_request check (here) left the app, "
        "as exceptions do in tests."
    )


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_hook_that_got_none_from_the_one_before_it(library):
    app = LIBRARIES[library].Flask("forgetful")

    @app.after_request
    def add_header(response):
        response.headers["X"] = "y"
        return response

    @app.after_request
    def forget(response):
        pass

    @app.route("/")
    def index():
        return "x"

    assert sentence(app, Ask()) == (
        "500: AttributeError: 'NoneType' object has no attribute 'headers' raised by "
        "after_request add_header (here), no handler for it; "
        "after_request forget (here) returned None instead of a response."
    )


def receiving(lib, change, response_class=None):
    """The verdict on an app of which a receiver of request_finished changes the response."""
    signals = flasktrace.signals if lib is flasktrace else flask.signals
    app = lib.Flask("x")
    app.response_class = response_class or app.response_class
    app.add_url_rule("/", "index", lambda: "fine")

    @signals.request_finished.connect_via(app)
    def finished(_sender, response, **_more):
        change(response)

    with flasktrace.capture(app) as traces:
        app.test_client().get("/")
    return traces.last


def accept(response):
    response.status_code = 202


@pytest.mark.parametrize("lib", [flasktrace, flask], ids=["flasktrace", "flask"])
def test_a_receiver_of_request_finished_that_changed_the_status_is_named(lib):
    verdict = receiving(lib, accept).verdict

    by = (
        "the receiver finished" if lib is flasktrace else "a receiver of request_finished, finished"
    )
    assert verdict.startswith(f"202: {by} (test_verdict.py:")
    assert " changed the status; before that it was 200 from the view" in verdict
    assert "between" not in verdict


@pytest.mark.parametrize("lib", [flasktrace, flask], ids=["flasktrace", "flask"])
def test_a_receiver_of_request_finished_is_the_author_of_what_it_changed(lib):
    def change(response):
        response.headers["X-Changed"] = "yes"

    [change] = [item for item in receiving(lib, change).changes if item.section == "response"]

    by = "finished (" if lib is flasktrace else "a receiver of request_finished, finished ("
    assert (change.key, change.after) == ("header X-Changed", "yes")
    assert change.author.startswith(by)


@pytest.mark.parametrize("lib", [flasktrace, flask], ids=["flasktrace", "flask"])
def test_a_receiver_may_have_changed_a_response_that_cannot_be_read(lib):
    class Own(lib.Response):
        headers = None

    verdict = receiving(lib, accept, Own).verdict

    assert verdict.startswith("202: a receiver of request_finished, finished (test_verdict.py:")
    assert ", or what stands between the app and the server changed the status; " in verdict
    assert "before that it was 200 from the view" in verdict


@pytest.mark.parametrize("lib", [flasktrace, flask], ids=["flasktrace", "flask"])
def test_a_receiver_that_changed_nothing_is_not_blamed_for_the_middleware(lib):
    app = lib.Flask("x")
    app.add_url_rule("/", "index", lambda: "fine")
    signals = flasktrace.signals if lib is flasktrace else flask.signals
    signals.request_finished.connect(nothing, app)
    answer = app.wsgi_app

    def middleware(environ, start_response):
        def start(_status, headers, *more):
            return start_response("503 Busy", headers, *more)

        return answer(environ, start)

    app.wsgi_app = middleware
    with flasktrace.capture(app) as traces:
        app.test_client().get("/")

    assert traces.last.verdict.startswith(
        "503: what stands between the app and the server changed the status; before that it was 200"
    )


def nothing(*_args, **_kwargs):
    """Listens only."""


@pytest.mark.parametrize("lib", [flasktrace, flask], ids=["flasktrace", "flask"])
def test_a_response_that_is_not_started_is_told_as_that(lib):
    """As that of a websocket, which takes the socket over."""

    class Silent(lib.Response):
        def __call__(self, environ, start_response):
            return []

    app = lib.Flask("x")

    @app.route("/")
    def echo():
        return Silent()

    with flasktrace.capture(app) as traces, pytest.raises(TypeError):
        app.test_client().get("/")  # which wants a status

    verdict = traces.last.verdict
    assert verdict.startswith("No response was started, though the view echo (test_verdict.py:")
    assert ") returned " in verdict
