"""Requests in requests, apps in apps, and what stands around them."""

from werkzeug.middleware.dispatcher import DispatcherMiddleware

from tests.trace.record.ends.registry import end
from tests.trace.record.same import Ask

SHARED_G = "in flask 3.1 a request inside of another one to the same app shares its g"


@end("/", differs=SHARED_G)
def client_in_a_view(lib):
    app = lib.Flask("shop")

    @app.before_request
    def mark():
        lib.g.path = lib.request.path

    @app.route("/")
    def index():
        answer = app.test_client().get("/price")
        return f"the price is {answer.text}"

    @app.route("/price")
    def price():
        return "100"

    return app


@end("/", differs=SHARED_G)
def context_in_a_view(lib):
    app = lib.Flask("shop")

    @app.route("/")
    def index():
        with app.app_context():
            lib.g.job = "mail"
        with app.test_request_context("/price"):
            lib.g.path = lib.request.path
        lib.g.done = True
        return "index"

    return app


@end(Ask("/7", "POST", headers={"X-HTTP-Method-Override": "DELETE"}), Ask("/7", "POST"))
def method_override(lib):
    class Override:
        def __init__(self, app):
            self.app = app

        def __call__(self, environ, start_response):
            method = environ.get("HTTP_X_HTTP_METHOD_OVERRIDE")
            if method:
                environ["REQUEST_METHOD"] = method
            return self.app(environ, start_response)

    app = lib.Flask("shop")
    app.wsgi_app = Override(app.wsgi_app)

    @app.delete("/<int:number>")
    def delete(number):
        return "", 204

    return app


@end("/admin/users", "/admin/nothing", "/nothing", "/")
def mounted_app(lib):
    app, admin = lib.Flask("shop"), lib.Flask("admin")
    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/admin": admin})

    @app.route("/")
    def index():
        return "index"

    @admin.route("/users")
    def users():
        return "users"

    return app


@end(Ask("/crash"), Ask("/mask"))
def middleware_changes_the_answer(lib):
    class Mask:
        def __init__(self, app):
            self.app = app

        def __call__(self, environ, start_response):
            if environ["PATH_INFO"] == "/mask":
                start_response("200 OK", [])
                return [b"masked"]
            return self.app(environ, start_response)

    app = lib.Flask("shop")
    app.wsgi_app = Mask(app.wsgi_app)

    @app.route("/crash")
    def crash():
        return {}["gold"]

    return app
