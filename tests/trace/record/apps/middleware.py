"""Middleware around apps, below the tracer and above."""

import io
import warnings
import wsgiref.validate

from werkzeug.debug import DebuggedApplication
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.lint import LintMiddleware
from werkzeug.middleware.profiler import ProfilerMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.middleware.shared_data import SharedDataMiddleware

import flasktrace
from tests.trace.record.apps.registry import app_for_both, raw, wsgi
from tests.trace.record.apps.wsgi import plain_list
from tests.trace.record.same import BOOM, Ask


def _echo(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{environ['SCRIPT_NAME']}|{environ['PATH_INFO']}".encode()]


@raw(Ask("/a/x"), Ask("/b/x"), Ask("/c"))
def fault_24_two_apps_under_one(environ, start_response):
    inner = DispatcherMiddleware(_echo, {"/a": _echo, "/b": plain_list})
    return inner(environ, start_response)


@app_for_both
def fault_24_the_app_is_mounted_below_another(lib, notes):
    app = lib.Flask("outer")
    below = lib.Flask("below")

    @app.route("/")
    @below.route("/")
    def index():
        return f"{lib.request.script_root}|{lib.url_for('index')}|{lib.current_app.name}"

    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/below": below.wsgi_app})
    return app, [Ask(), Ask("/below/"), Ask("/below/none", status=404)]


@app_for_both
def fault_24_behind_a_proxy(lib, notes):
    app = lib.Flask("proxied")
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_host=1, x_prefix=1)

    @app.route("/")
    def index():
        return f"{lib.request.remote_addr} {lib.request.host} {lib.url_for('index')}"

    names = {"For": "10.1.1.1", "Host": "shop", "Prefix": "/p"}
    headers = {f"X-Forwarded-{name}": value for name, value in names.items()}
    return app, [Ask(headers=headers), Ask()]


@wsgi
def fault_24_an_app_that_is_traced_already(notes):
    inner = flasktrace.wrap(_echo, enabled=True, store="memory:", dashboard=False)

    def app(environ, start_response):
        return inner(environ, start_response)

    return app, [Ask("/x")]


@app_for_both
def fault_24_installed_twice(lib, notes):
    app = lib.Flask("twice")
    app.add_url_rule("/", "index", lambda: "once")
    original = app.wsgi_app

    def wsgi_app(environ, start_response):
        if "flasktrace" in app.extensions:
            assert flasktrace.wrap(app) is app
        return original(environ, start_response)

    app.wsgi_app = wsgi_app
    return app, [Ask(), Ask()]


def around(middleware):
    """Make a small app with *middleware* around it."""

    def make(lib, notes):
        app = lib.Flask("around")

        @app.route("/")
        def index():
            notes.append("view")
            return lib.Response(["one", "two"], mimetype="text/plain")

        @app.route("/boom")
        def boom():
            raise BOOM

        app.wsgi_app = middleware(app.wsgi_app)
        return app

    return make


@app_for_both
def fault_25_below_werkzeugs_debugger(lib, notes):
    app = around(lambda inner: DebuggedApplication(inner, evalex=False))(lib, notes)
    return app, [Ask(), Ask("/none", status=404)]


@app_for_both
def fault_25_below_werkzeugs_profiler(lib, notes):
    app = around(lambda inner: ProfilerMiddleware(inner, stream=io.StringIO()))(lib, notes)
    return app, [Ask(), Ask("/boom", status=500, outcome="error")]


@app_for_both
def fault_25_below_werkzeugs_lint(lib, notes):
    return around(LintMiddleware)(lib, notes), [Ask(), Ask(chunks=1, outcome="client_disconnected")]


@app_for_both
def fault_25_below_the_validator(lib, notes):
    strict = {"QUERY_STRING": ""}
    app = around(wsgiref.validate.validator)(lib, notes)
    return app, [Ask(environ=strict), Ask("/none", environ=strict, status=404)]


@app_for_both
def files_below_middleware(lib, notes):
    app = around(lambda inner: SharedDataMiddleware(inner, {"/f": ("tests.trace", "record")}))
    found = app(lib, notes)
    return found, [Ask("/f/test_same.py", "HEAD"), Ask("/f/none", status=404), Ask()]


@app_for_both
def middleware_that_gathers_the_body(lib, notes):
    def gather(inner):
        def run(environ, start_response):
            body = inner(environ, start_response)
            try:
                return [b"".join(body)]
            finally:
                body.close()

        return run

    return around(gather)(lib, notes), [Ask(), Ask("/boom", status=500, outcome="error")]


@app_for_both
def middleware_that_asks_twice(lib, notes):
    def twice(inner):
        def run(environ, start_response):
            first = inner(environ, lambda *_args: None)
            notes.append(b"".join(first))
            first.close()
            return inner(environ, start_response)

        return run

    return around(twice)(lib, notes), [Ask()]


@app_for_both
def middleware_that_answers_itself(lib, notes):
    def early(inner):
        def run(environ, start_response):
            start_response("418 Teapot", [])
            return [b"no tea"]

        return run

    return around(early)(lib, notes), [Ask(status=418)]


@app_for_both
def middleware_that_catches_errors(lib, notes):
    def catching(inner):
        def run(environ, start_response):
            try:
                return inner(environ, start_response)
            except ValueError as error:
                notes.append(error is BOOM)
                start_response("503 Later", [])
                return [b"later"]

        return run

    app = around(catching)(lib, notes)
    app.config["PROPAGATE_EXCEPTIONS"] = True
    return app, [Ask("/boom", status=503, outcome="error")]


@app_for_both
def middleware_that_warns(lib, notes):
    def warning(inner):
        def run(environ, start_response):
            warnings.warn("from middleware", ResourceWarning, stacklevel=1)
            return inner(environ, start_response)

        return run

    return around(warning)(lib, notes), [Ask()]
