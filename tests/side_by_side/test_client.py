"""The test client, the contexts it keeps, and the signals of Flask."""

import threading
from contextlib import suppress

import pytest
from werkzeug.test import EnvironBuilder

from tests.flasks import ONE_CONTEXT, TEARDOWN_IN_FULL
from tests.side_by_side.harness import KEY, part, same, same_value


def mirror(f):
    """An app that tells what it was asked."""
    app = f.Flask("app")
    app.secret_key = KEY

    @app.route("/", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    @app.route("/<path:rest>", methods=["GET", "POST"])
    def index(rest=""):
        r = f.request
        f.g.seen = rest
        facts = [r.method, r.url, r.get_data(), r.content_type, r.cookies, r.remote_addr]
        facts += [r.user_agent.string, r.headers.get("X-A"), r.environ.get("own"), r.form]
        return repr(facts)

    @app.route("/go/<int:n>", methods=["GET", "POST"])
    def go(n):
        return f.redirect(f.url_for("go", n=n - 1) if n else "/end?x=1", 307 if n == 2 else 302)

    @app.route("/count")
    def count():
        f.session["n"] = f.session.get("n", 0) + 1
        return str(f.session["n"])

    @app.route("/json", methods=["GET", "POST"])
    def json():
        return {"got": f.request.get_json(silent=True)}

    @app.route("/crash")
    def crash():
        raise ZeroDivisionError

    return app


CALLS = {
    "get": lambda c: c.get("/"),
    "query": lambda c: c.get("/?a=1", query_string=None),
    "query string": lambda c: c.get("/x", query_string={"a": [1, 2]}),
    "post form": lambda c: c.post("/", data={"a": "1"}),
    "post json": lambda c: c.post("/json", json={"b": 1, "a": [None]}),
    "put bytes": lambda c: c.put("/", data=b"raw"),
    "patch": lambda c: c.patch("/", data="text", content_type="text/plain"),
    "delete": lambda c: c.delete("/"),
    "head": lambda c: c.head("/"),
    "options": lambda c: c.options("/"),
    "full url": lambda c: c.get("https://other.test/x?y=1"),
    "base url": lambda c: c.get("/x", base_url="https://base.test:8443/root"),
    "subdomain": lambda c: c.get("/x", subdomain="sub"),
    "scheme": lambda c: c.get("/x", url_scheme="https"),
    "both": lambda c: c.get("/x", base_url="http://a.test", subdomain="b"),
    "headers": lambda c: c.get("/", headers={"X-A": "1", "User-Agent": "me"}),
    "environ base": lambda c: c.get("/", environ_base={"REMOTE_ADDR": "10.0.0.1", "own": "o"}),
    "environ overrides": lambda c: c.get("/", environ_overrides={"own": "o"}),
    "redirects": lambda c: c.get("/go/3", follow_redirects=True),
    "redirects of post": lambda c: c.post("/go/3", data={"a": 1}, follow_redirects=True),
    "no redirects": lambda c: c.get("/go/1"),
    "buffered": lambda c: c.get("/", buffered=True),
    "builder": lambda c: c.open(EnvironBuilder("/built", data={"a": "1"}, method="POST")),
    "environ": lambda c: c.open(EnvironBuilder("/environ").get_environ()),
    "request": lambda c: c.open(EnvironBuilder("/request").get_request()),
    "unicode": lambda c: c.get("/é/ü?ö=ä"),
    "lost": lambda c: c.get("/json/x/y/z", method="BREW"),
    "count": lambda c: (c.get("/count"), c.get("/count"))[1],
    "own environ": lambda c: (c.environ_base.update(own="base", REMOTE_ADDR="1.2.3.4"), c.get("/"))[
        1
    ],
    "cookie": lambda c: (c.set_cookie("a", "b"), c.get("/"))[1],
    "cookie of a domain": lambda c: (c.set_cookie("a", "b", domain="x.test"), c.get("/"))[1],
    "deleted cookie": lambda c: (c.set_cookie("a", "b"), c.delete_cookie("a"), c.get("/"))[2],
    "crash": lambda c: c.get("/crash"),
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("server_name", [None, "shop.test"])
def test_the_client_sends_the_same_requests(name, server_name):
    def work(f):
        app = mirror(f)
        app.config["SERVER_NAME"] = server_name
        response = CALLS[name](app.test_client())
        history = [(r.status, r.location) for r in response.history]
        return response.status, response.data, response.is_json and response.json, history

    same_value(work)


def test_a_client_without_cookies_keeps_none():
    def work(f):
        client = mirror(f).test_client(use_cookies=False)
        return client.get("/count").text, client.get("/count").text

    same_value(work)


def test_a_client_class_of_ones_own_gets_its_arguments():
    def work(f):
        testing = part(f, "testing")

        class Client(testing.FlaskClient):
            def __init__(self, *args, **kwargs):
                self.word = kwargs.pop("word")
                super().__init__(*args, **kwargs)

        app = mirror(f)
        app.test_client_class = Client
        client = app.test_client(word="x")
        return client.word, client.get("/").status, client.application is app

    same_value(work)


def test_session_transactions_change_the_session():
    def work(f):
        app = mirror(f)
        with app.test_client() as client:
            with client.session_transaction() as session:
                session["n"] = 10
            first = client.get("/count").text
            with client.session_transaction() as session:
                found = dict(session)
                session.clear()
            return first, found, client.get("/count").text, dict(f.session)

    same_value(work)


def test_session_transactions_take_a_place():
    def work(f):
        client = mirror(f).test_client()
        with client.session_transaction("/", base_url="http://other.test") as session:
            session["n"] = 5
        return client.get("/count").text, client.get("/count", base_url="http://other.test").text

    same_value(work)


def test_session_transactions_fail_without_key_or_cookies():
    def without_key(f):
        app = mirror(f)
        app.secret_key = None
        with app.test_client().session_transaction() as session:
            return dict(session)

    def without_cookies(f):
        with mirror(f).test_client(use_cookies=False).session_transaction():
            return "opened"

    def crashing(f):
        client = mirror(f).test_client()
        with suppress(LookupError), client.session_transaction() as session:
            session["n"] = 5
            raise LookupError
        return client.get("/count").text

    same_value(without_key)
    same_value(without_cookies)
    same_value(crashing)


def test_the_context_is_kept_until_the_block_ends():
    def work(f):
        ended = []
        app = mirror(f)
        app.teardown_request(lambda exc: ended.append(f.request.path))
        app.teardown_appcontext(lambda exc: ended.append(type(exc).__name__))
        with app.test_client() as client:
            client.get("/one")
            first = f.request.path, f.g.seen, list(ended)
            client.get("/two")
            second = f.request.path, f.g.seen, list(ended)
            client.get("/go/1", follow_redirects=True)
            third = f.request.path, list(ended)
        return first, second, third, ended, f.has_request_context(), f.has_app_context()

    same_value(work)


def test_a_block_cannot_be_nested():
    def work(f):
        client = mirror(f).test_client()
        with client, client:
            return "nested"

    same_value(work)


def test_errors_of_a_testing_app_reach_the_test():
    def work(f):
        app = mirror(f)
        app.testing = True
        app.test_client().get("/crash")

    same_value(work)


def test_made_up_requests_are_alike():
    def work(f):
        app = mirror(f)
        with app.test_request_context(
            "/x?a=1", method="POST", json={"k": "é"}, headers={"X-A": "1"}
        ):
            r = f.request
            return r.url, r.method, r.endpoint, r.view_args, r.json, r.data, r.headers.get("X-A")

    same_value(work)
    same_value(lambda f: mirror(f).test_request_context("/", base_url="http://a", subdomain="b"))


def test_contexts_tell_whether_they_are_there():
    def work(f):
        app = mirror(f)
        facts = [f.has_app_context(), f.has_request_context()]
        with app.app_context():
            facts += [f.has_app_context(), f.has_request_context(), f.current_app.name]
            with app.test_request_context("/x"):
                facts += [f.has_app_context(), f.has_request_context(), f.request.path]
            facts += [f.has_app_context(), f.has_request_context()]
        return [*facts, f.has_app_context(), bool(f.current_app), bool(f.request), bool(f.g)]

    same_value(work)


@pytest.mark.parametrize("name", ["current_app", "g", "request", "session"])
def test_names_outside_their_context_fail(name):
    same_value(lambda f: getattr(f, name).anything)
    same_value(lambda f: getattr(f, name)._get_current_object())


def test_names_fail_in_an_app_context_without_request():
    def work(name):
        def made(f):
            with mirror(f).app_context():
                return getattr(f, name).anything

        return made

    for name in ("request", "session", "g"):
        same_value(work(name))


def test_a_copied_context_works_in_a_thread():
    def build(f, said):
        app = mirror(f)
        app.teardown_request(lambda exc: said.append("teardown"))
        app.teardown_appcontext(lambda exc: said.append("end"))

        @app.route("/thread")
        def thread():
            f.session["a"] = 1
            f.g.x = 1

            @f.copy_current_request_context
            def work(word):
                said.append((word, f.request.path, dict(f.session), "x" in f.g))

            started = threading.Thread(target=work, args=("in thread",))
            started.start()
            started.join()
            said.append("view ends")
            return "x"

        return app

    same(build, "/thread")


def test_a_view_may_call_its_own_app():
    def build(f, said):
        app = mirror(f)
        app.teardown_request(lambda exc: said.append(f.request.path))

        @app.route("/outer")
        def outer():
            inner = app.test_client().get("/inner").text
            return f"{inner} {f.request.path}"

        @app.route("/inner")
        def inner():
            return f.request.path

        return app

    same(build, "/outer")


def note_signals(f, app, said):
    signals = part(f, "signals")
    names = [
        "template_rendered",
        "before_render_template",
        "request_started",
        "request_finished",
        "request_tearing_down",
        "got_request_exception",
        "appcontext_tearing_down",
        "appcontext_pushed",
        "appcontext_popped",
        "message_flashed",
    ]

    def plain(value):
        return value if isinstance(value, str | None) else type(value).__name__

    app.noted = []  # receivers are held weakly
    for name in names:

        def receiver(sender, name=name, **given):
            arguments = {key: plain(value) for key, value in sorted(given.items())}
            arguments.pop("context", None)  # its class is dict in both
            said.append((name, sender is app, sorted(given), arguments))

        app.noted.append(receiver)
        getattr(signals, name).connect(receiver, app)


@ONE_CONTEXT
def test_the_ten_signals_of_flask_are_sent_alike():
    def build(f, said):
        app = mirror(f)
        note_signals(f, app, said)
        app.before_request(lambda: said.append("before"))
        app.after_request(lambda response: (said.append("after"), response)[1])
        app.teardown_request(lambda exc: said.append("teardown"))
        app.teardown_appcontext(lambda exc: said.append("end"))
        app.register_error_handler(404, lambda error: said.append("handler") or "lost")

        @app.route("/page")
        def page():
            f.flash("said", "loud")
            with app.app_context():
                said.append("inner")
            return f.render_template_string("{{ 1 }}")

        @app.route("/stream")
        def stream():
            return f.stream_template_string("{{ 1 }}")

        @app.route("/broken")
        def broken():
            return f.render_template_string("{{ 1 / 0 }}")

        with app.test_request_context("/"):
            said.append("made up")
        return app

    same(build, "/page", "/stream", "/broken", "/crash", "/x/y", "PATCH /page", "/go/1")


@pytest.mark.parametrize(
    "where",
    [
        pytest.param("teardown_request", marks=TEARDOWN_IN_FULL),
        pytest.param("teardown_appcontext", marks=TEARDOWN_IN_FULL),
        "after_request",
    ],
)
def test_signals_are_sent_alike_when_a_hook_fails(where):
    def build(f, said):
        app = mirror(f)
        note_signals(f, app, said)
        getattr(app, where)(lambda exc: 1 / 0)
        return app

    same(build, "/", "/crash")


def test_errors_in_testing_are_told_before_they_leave():
    def build(f, said):
        app = mirror(f)
        app.testing = True
        note_signals(f, app, said)
        return app

    same(build, "/crash", "/")


def test_async_functions_are_refused_or_run_alike():
    def build(f):
        app = mirror(f)

        @app.route("/async")
        async def view():
            return "x"

        return app

    same(build, "/async")


@pytest.mark.parametrize(
    "setting", ["SECRET_KEY", "TESTING", "DEBUG", "PERMANENT_SESSION_LIFETIME"]
)
def test_attributes_and_config_are_one(setting):
    attribute = setting.lower()

    def work(f):
        app = mirror(f)
        before = getattr(app, attribute)
        app.config[setting] = 5
        after = getattr(app, attribute)
        setattr(app, attribute, 7)
        return before, after, app.config[setting], getattr(app, attribute)

    same_value(work)


def test_the_default_config_is_the_same():
    same_value(lambda f: dict(f.Flask("app").config))


def test_the_name_and_the_shell_context_are_alike():
    def work(f):
        app = f.Flask("app")
        app.shell_context_processor(lambda: {"x": 1})
        return repr(app), app.name, sorted(app.make_shell_context()), app.import_name, app.debug

    same_value(work)


@pytest.mark.parametrize("server_name", [None, "shop.test", "shop.test:81", "shop.test:0"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"host": "0.0.0.0"},
        {"port": 82},
        {"port": 0},
        {"debug": True},
        {"debug": False, "threaded": False, "use_reloader": True},
        {"processes": 3, "threaded": False, "ssl_context": "adhoc"},
    ],
    ids=str,
)
def test_run_serves_at_the_same_place(server_name, options, monkeypatch, capsys):
    asked = []

    def run_simple(host, port, app, **given):
        asked.append((host, port, app.debug, given))

    monkeypatch.setattr("werkzeug.serving.run_simple", run_simple)

    def work(f):
        app = mirror(f)
        app.config["SERVER_NAME"] = server_name
        app.run(**options)
        return asked.pop()

    same_value(work)
