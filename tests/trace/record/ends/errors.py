"""Exceptions, and who answers for them."""

from importlib import import_module

from werkzeug.exceptions import HTTPException, InternalServerError, NotFound

from tests.trace.record.ends.registry import end
from tests.trace.record.same import Ask

OWN_WORDS = "each says in its own words what a view may return"


@end("/nowhere", "/gone", Ask("/", "POST"))
def handler_by_code(lib):
    app = lib.Flask("shop")

    @app.errorhandler(404)
    def not_found(error):
        return "nothing here", 404

    @app.errorhandler(405)
    def wrong_method(error):
        return "not like this", 405

    @app.errorhandler(HTTPException)
    def any_other(error):
        return f"sorry: {error.code}", error.code

    @app.route("/")
    def index():
        return "index"

    @app.route("/gone")
    def gone():
        lib.abort(410)

    return app


@end("/value")
def handler_by_class(lib):
    app = lib.Flask("shop")

    @app.errorhandler(ValueError)
    def bad_value(error):
        return "bad value", 400

    @app.errorhandler(KeyError)
    def bad_key(error):
        return "bad key", 400

    @app.route("/value")
    def value():
        return str(int("seven".strip()[0:0] or price()))

    def price():
        raise ValueError("17 is not enough")

    return app


@end("/key", "/hidden")
def handler_by_base_class(lib):
    class HiddenError(NotFound):
        """Not for everybody."""

    app = lib.Flask("shop")

    @app.errorhandler(Exception)
    def anything(error):
        return "something broke", 500

    @app.errorhandler(LookupError)
    def nothing_found(error):
        return "nothing found", 404

    @app.errorhandler(404)
    def not_found(error):
        return "nothing here", 404

    @app.route("/key")
    def key():
        return {}["gold"]

    @app.route("/hidden")
    def hidden():
        raise HiddenError

    return app


@end("/admin/key", "/admin/gone", "/key")
def handler_of_the_blueprint_first(lib):
    app = lib.Flask("shop")
    admin = lib.Blueprint("admin", __name__, url_prefix="/admin")

    @app.errorhandler(KeyError)
    def for_all(error):
        return "no such key", 400

    @app.errorhandler(410)
    def gone_for_all(error):
        return "gone", 410

    @admin.errorhandler(KeyError)
    def for_admins(error):
        return f"no such key: {error}", 400

    @admin.route("/key")
    @app.route("/key")
    def key():
        return {}["gold"]

    @admin.route("/gone")
    def gone():
        lib.abort(410)

    app.register_blueprint(admin)
    return app


@end("/crash", "/abort")
def handler_of_500(lib):
    app = lib.Flask("shop")

    @app.errorhandler(500)
    def sorry(error):
        return f"sorry: {type(error.original_exception).__name__}", 500

    @app.route("/crash")
    def crash():
        return {}["gold"]

    @app.route("/abort")
    def aborting():
        lib.abort(500)

    return app


@end("/crash")
def handler_of_500_answers_well(lib):
    app = lib.Flask("shop")

    @app.errorhandler(InternalServerError)
    def pretend(error):
        return "all is well", 200

    @app.route("/crash")
    def crash():
        return {}["gold"]

    return app


@end("/key", "/os", "/value", differs="each says in its own words that g has no such attribute")
def handler_raises(lib):
    app = lib.Flask("shop")

    @app.errorhandler(KeyError)
    def broken(error):
        return f"sorry {lib.g.user}"

    @app.errorhandler(OSError)
    def to_404(error):
        lib.abort(404)

    @app.errorhandler(ValueError)
    def again(error):
        raise error

    @app.route("/key")
    def key():
        return {}["gold"]

    @app.route("/os")
    def missing_file():
        raise OSError("no such file")

    @app.route("/value")
    def value():
        raise ValueError("17 is not enough")

    return app


@end("/key", differs=OWN_WORDS)
def handler_returns_none(lib):
    app = lib.Flask("shop")

    @app.errorhandler(KeyError)
    def forget_to_answer(error):
        pass

    @app.route("/key")
    def key():
        return {}["gold"]

    return app


@end("/crash", "/chain")
def nobody_handles(lib):
    app = lib.Flask("shop")

    @app.after_request
    def add_headers(response):
        return response

    @app.teardown_request
    def close_db(error):
        lib.g.error = type(error).__name__

    @app.route("/crash")
    def crash():
        return price({})

    def price(goods):
        return goods["gold"]

    @app.route("/chain")
    def chain():
        try:
            return price({})
        except KeyError as error:
            raise RuntimeError("no price for gold") from error

    return app


@end(Ask("/crash", status=None))
def nobody_handles_in_tests(lib):
    app = lib.Flask("shop")
    app.testing = True

    @app.teardown_request
    def close_db(error):
        pass

    @app.route("/crash")
    def crash():
        return {}["gold"]

    return app


@end("/none", "/number", "/four", differs=OWN_WORDS)
def no_valid_response(lib):
    app = lib.Flask("shop")

    @app.route("/none")
    def none():
        return None

    @app.route("/number")
    def number():
        return 17

    @app.route("/four")
    def four():
        return "text", 200, {}, "more"

    return app


@end(Ask("/", "POST", b"name=ada", {"Content-Type": "application/x-www-form-urlencoded"}))
def form_key_is_missing(lib):
    app = lib.Flask("shop")

    @app.post("/")
    def order():
        return lib.request.form["amount"]

    return app


@end(Ask("/exit", status=None), Ask("/stop", status=None))
def exit_in_a_view(lib):
    app = lib.Flask("shop")

    @app.errorhandler(Exception)
    def anything(error):
        return "never", 500

    @app.teardown_request
    def close_db(error):
        pass

    @app.route("/exit")
    def leave():
        raise SystemExit(3)

    @app.route("/stop")
    def stop():
        raise KeyboardInterrupt

    return app


@end("/text", "/processor", "/missing")
def template_fails(lib):
    app = lib.Flask("shop")

    @app.context_processor
    def with_user():
        if lib.request.path == "/processor":
            raise LookupError("no user")
        return {"user": "ada"}

    @app.route("/text")
    def text():
        return lib.render_template_string("{{ user }} pays {{ prices['gold'] + 1 }}", prices={})

    @app.route("/processor")
    def processor():
        return lib.render_template_string("{{ user }}")

    @app.route("/missing")
    def missing():
        return lib.render_template("missing.html")

    return app


@end("/")
def caught_by_the_app(lib):
    class Forgiving(lib.Flask):
        def dispatch_request(self, *args):
            try:
                return super().dispatch_request(*args)
            except KeyError:
                return "never mind"

    app = Forgiving("shop")

    @app.route("/")
    def index():
        return {}["gold"]

    return app


@end(
    "/link",
    "/decode",
    "/session",
    Ask("/json", "POST", b"{", {"Content-Type": "application/json"}),
    Ask("/json", "POST", b"{}"),
    "/import",
    "/name",
    differs="each says in its own words that there is no secret key",
)
def mistakes_of_every_day(lib):
    app = lib.Flask("shop")

    @app.route("/link")
    def link():
        return lib.url_for("order", number=7)

    @app.route("/decode")
    def decode():
        return b"\xff".decode()

    @app.route("/session")
    def session():
        lib.session["user"] = "ada"
        return "hello"

    @app.post("/json")
    def json():
        return lib.request.json["name"]

    @app.route("/import")
    def importing():
        import_module("prices")

    @app.route("/name")
    def name():
        return prices  # noqa: F821

    return app


@end("/admin/nothing", "/admin/gone")
def handler_of_a_blueprint_is_not_asked(lib):
    app = lib.Flask("shop")
    admin = lib.Blueprint("admin", __name__, url_prefix="/admin")

    @admin.errorhandler(404)
    def for_admins(error):
        return "nothing for admins", 404

    @admin.route("/gone")
    def gone():
        lib.abort(404)

    app.register_blueprint(admin)
    return app


@end("/stream", "/list", "/response", "/wsgi")
def kinds_of_answers(lib):
    app = lib.Flask("shop")

    @app.route("/stream")
    def stream():
        yield "one"
        yield "two"

    @app.route("/list")
    def listing():
        return [1, 2]

    @app.route("/response")
    def response():
        return lib.make_response("made", 201)

    @app.route("/wsgi")
    def wsgi():
        def answer(environ, start_response):
            start_response("202 Accepted", [])
            return [b"accepted"]

        return answer

    return app
