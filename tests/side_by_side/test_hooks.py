"""Hooks before and after, and at the end whatever happened."""

import pytest

from tests.flasks import CONTEXT_FIRST, ONE_CONTEXT, TEARDOWN_IN_FULL
from tests.side_by_side.harness import same


def everything(f, said):
    """An app with each kind of hook twice; all of them say when they were called."""
    app = f.Flask("app")
    for n in (1, 2):
        app.before_request(lambda n=n: said.append(f"before {n}"))
        app.teardown_request(lambda exc, n=n: said.append(f"teardown {n} {type(exc)}"))
        app.teardown_appcontext(lambda exc, n=n: said.append(f"end {n} {type(exc)}"))

        @app.after_request
        def after(response, n=n):
            said.append(f"after {n} {response.status_code}")
            response.headers.add("X-After", str(n))
            return response

    @app.route("/")
    def index():
        said.append("view")
        return "x"

    @app.route("/crash")
    def crash():
        raise ZeroDivisionError("by view")

    @app.route("/refuse")
    def refuse():
        f.abort(403)

    return app


def test_hooks_run_in_the_same_order():
    same(everything, "/", "/lost", "POST /", "/crash", "/refuse", "OPTIONS /", "HEAD /")


@pytest.mark.parametrize(
    "setting", ["TESTING", "PROPAGATE_EXCEPTIONS", "TRAP_HTTP_EXCEPTIONS", "DEBUG"]
)
def test_hooks_run_in_the_same_order_when_errors_leave_the_app(setting):
    def build(f, said):
        app = everything(f, said)
        app.config[setting] = True
        return app

    same(build, "/", "/lost", "POST /", "/crash", "/refuse")


@pytest.mark.parametrize(
    "answer", ["text", ("made", 201), {"a": 1}, [], 0, "", False, (), 3.5, b"", {}]
)
def test_a_hook_may_answer_first(answer):
    def build(f, said):
        app = everything(f, said)
        app.before_request(lambda: answer)
        app.before_request(lambda: said.append("never, unless the one before gave None"))
        return app

    same(build, "/", "/lost", "/crash")


def test_a_hook_may_abort_or_redirect():
    def build(f, said):
        app = everything(f, said)

        @app.before_request
        def guard():
            if f.request.path == "/":
                f.abort(401)
            return f.redirect(f.url_for("index"), 302)  # Flask 3.2 has 303 as default

        return app

    same(build, "/", "/lost", "/crash")


def test_a_hook_before_may_crash():
    def build(f, said):
        app = everything(f, said)
        app.before_request(lambda: {}["missing"])
        return app

    same(build, "/", "/lost")


def test_a_hook_after_may_replace_the_response():
    def build(f, said):
        app = everything(f, said)
        app.after_request(lambda response: f.Response(f"instead of {response.status}", 299))
        return app

    same(build, "/", "/lost", "/crash")


def test_a_hook_after_may_crash_abort_or_return_nothing():
    def build(work):
        def made(f, said):
            app = everything(f, said)
            app.after_request(lambda response: work(f, response))
            return app

        return made

    for work in (
        lambda f, response: 1 / 0,
        lambda f, response: f.abort(404),
        lambda f, response: None,
        lambda f, response: "text",
    ):
        same(build(work), "/", "/lost", "/crash")


@TEARDOWN_IN_FULL
def test_a_teardown_that_crashes_leaves_the_app():
    def build(kind):
        def made(f, said):
            app = everything(f, said)

            @getattr(app, kind)
            def fail(exc):
                raise LookupError(kind)

            return app

        return made

    same(build("teardown_request"), "/", "/crash", "/")
    same(build("teardown_appcontext"), "/", "/crash", "/")


def test_teardown_sees_what_ended_the_request():
    def build(f, said):
        app = everything(f, said)
        app.register_error_handler(ZeroDivisionError, lambda error: ("handled", 500))
        app.register_error_handler(403, lambda error: 1 / 0)
        return app

    same(build, "/crash", "/refuse", "/")


def test_after_this_request_runs_first_and_once():
    def build(f, said):
        app = everything(f, said)

        @app.route("/once")
        def once():
            @f.after_this_request
            def first(response):
                said.append("this 1")
                response.set_cookie("seen", "1")
                return response

            f.after_this_request(lambda response: (said.append("this 2"), response)[1])
            return "once"

        @app.before_request
        def early():
            if f.request.args.get("early"):
                f.after_this_request(lambda response: f.Response("replaced"))

        return app

    same(build, "/once", "/", "/?early=1", "/once?early=1", "/crash?early=1")


@ONE_CONTEXT
def test_after_this_request_outside_a_request_fails():
    def build(f):
        app = f.Flask("app")

        @app.route("/")
        def index():
            return "x"

        with app.app_context():
            for where in (f.after_this_request, f.copy_current_request_context):
                with pytest.raises(RuntimeError):
                    where(print)
        return app

    same(build, "/")


def test_g_lasts_as_long_as_the_request():
    def build(f, said):
        app = f.Flask("app")

        @app.before_request
        def fill():
            said.append(sorted(f.g))
            f.g.user = "me"

        @app.route("/")
        def index():
            g = f.g
            facts = ["user" in g, g.get("user"), g.get("no"), g.get("no", 1), list(g), g.user]
            facts += [g.setdefault("made", 2), g.pop("made"), g.pop("made", 3), hasattr(g, "made")]
            del g.user
            return repr([*facts, list(g)])

        @app.route("/missing")
        def missing():
            return f.g.nothing

        @app.route("/unpopped")
        def unpopped():
            return f.g.pop("nothing")

        @app.teardown_request
        def end(exc):
            said.append(sorted(f.g))

        return app

    same(build, "/", "/", "/missing", "/unpopped")


@CONTEXT_FIRST
def test_functions_of_the_app_may_be_called_by_hand():
    def build(f, said):
        app = everything(f, said)
        with app.test_request_context("/"):
            said.append(app.preprocess_request())
            said.append(app.dispatch_request())
            response = app.make_response(("by hand", 201))
            said.append((response.status, response.data))
            said.append(app.process_response(response).headers["X-After"])
        with app.app_context():
            said.append(app.make_response("no request").data)
        with app.test_request_context("/crash"), pytest.raises(ZeroDivisionError):
            app.dispatch_request()
        with app.test_request_context("/lost"), pytest.raises(Exception, match="404"):
            app.dispatch_request()
        return app

    same(build, "/")


@CONTEXT_FIRST
def test_overriding_the_stages_works_as_in_flask():
    def build(f, said):
        class Own(f.Flask):
            def preprocess_request(self):
                said.append("preprocess")
                return super().preprocess_request()

            def dispatch_request(self):
                said.append("dispatch")
                return super().dispatch_request()

            def make_response(self, rv):
                said.append(f"make {rv!r}")
                return super().make_response(rv)

            def process_response(self, response):
                said.append(f"process {response.status}")
                response = super().process_response(response)
                response.headers["X-Own"] = "1"
                return response

            def handle_user_exception(self, e):
                said.append(f"user {type(e).__name__}")
                return super().handle_user_exception(e)

            def handle_exception(self, e):
                said.append(f"unhandled {type(e).__name__}")
                return super().handle_exception(e)

            def do_teardown_request(self, *args):
                said.append("teardown")
                super().do_teardown_request(*args)

        app = Own("app")
        app.add_url_rule("/", "index", lambda: "x")
        app.add_url_rule("/crash", "crash", lambda: 1 / 0)
        return app

    same(build, "/", "/crash", "OPTIONS /")
