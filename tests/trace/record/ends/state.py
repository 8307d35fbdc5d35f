"""What changes on the context stack while a request is handled, and who did it."""

from tests.trace.record.ends.registry import end
from tests.trace.record.same import Ask


@end("/login", "/keep", "/cart", "/quiet")
def session(lib):
    app = lib.Flask("shop")
    app.secret_key = "key"

    @app.before_request
    def load_user():
        if lib.request.path != "/quiet":
            lib.g.user = lib.session.get("user")

    @app.route("/login")
    def login():
        lib.session["user"] = "ada"
        return "hello"

    @app.route("/keep")
    def keep():
        lib.session.permanent = True
        return "kept"

    @app.route("/cart")
    def cart():
        lib.session["cart"] = ["apple"]
        lib.session["cart"].append("pear")
        lib.session.modified = True
        return "cart"

    @app.route("/quiet")
    def quiet():
        return "nobody looks at the session"

    return app


@end("/logout", "/look", "/rename")
def session_that_was_there(lib):
    from importlib import import_module

    sessions = import_module(f"{lib.__name__}.sessions")

    class Kept(sessions.SecureCookieSessionInterface):
        def open_session(self, app, request):
            return sessions.SecureCookieSession({"user": "ada", "cart": [1]})

    app = lib.Flask("shop")
    app.secret_key = "key"
    app.session_interface = Kept()

    @app.route("/logout")
    def logout():
        lib.session.clear()
        return "bye"

    @app.route("/look")
    def look():
        return lib.session["user"]

    @app.route("/rename")
    def rename():
        lib.session["user"] = "bob"
        lib.session["cart"].append(2)
        del lib.session["cart"][0]
        return "renamed"

    return app


@end("/")
def g_in_place(lib):
    app = lib.Flask("shop")

    @app.before_request
    def prepare():
        lib.g.seen = ["prepare"]
        lib.g.prices = {"gold": 100}
        lib.g.tags = {"a"}

    @app.before_request
    def load_user():
        lib.g.seen.append("load_user")
        lib.g.prices["gold"] = 120

    @app.after_request
    def forget(response):
        lib.g.seen.clear()
        lib.g.tags.discard("a")
        del lib.g.prices
        return response

    @app.route("/")
    def index():
        add(3)
        return "index"

    def add(number):
        lib.g.seen.append(f"index {number}")

    return app


@end("/save")
def flash(lib):
    app = lib.Flask("shop")
    app.secret_key = "key"

    @app.route("/save")
    def save():
        lib.flash("saved")
        lib.flash("but not sent", "warning")
        return lib.redirect("/")

    return app


@end("/")
def flashes_are_read(lib):
    app = lib.Flask("shop")
    app.secret_key = "key"

    @app.route("/")
    def index():
        lib.flash("saved")
        messages = lib.get_flashed_messages()
        return str(len(messages))

    return app


@end("/cart")
def context_processors(lib):
    app = lib.Flask("shop")
    shop = lib.Blueprint("shop", __name__)

    @app.context_processor
    def with_user():
        lib.g.user = "ada"
        return {"user": "ada"}

    @shop.context_processor
    def with_prices():
        lib.g.prices = {"gold": 100}
        return {"prices": lib.g.prices}

    @shop.route("/cart")
    def cart():
        return lib.render_template_string("{{ user }}: {{ prices.gold }}")

    app.register_blueprint(shop)
    return app


@end("/", Ask("/", "POST", b"amount=3", {"Content-Type": "application/x-www-form-urlencoded"}))
def request_attributes(lib):
    app = lib.Flask("shop")

    @app.before_request
    def number_it():
        lib.request.number = 17

    @app.before_request
    def number_it_again():
        lib.request.number = 18

    @app.route("/", methods=["GET", "POST"])
    def index():
        return str(lib.request.form.get("amount"))

    return app


@end("/", "/key")
def set_by_whom(lib):
    app = lib.Flask("shop")

    @app.errorhandler(KeyError)
    def no_key(error):
        lib.g.error = "no key"
        return "no key", 400

    @app.teardown_request
    def forget(error):
        lib.g.pop("user", None)

    @app.route("/")
    def index():
        lib.g.user = "ada"
        lib.g.password = "hunter2"
        return "index"

    @app.route("/key")
    def key():
        lib.g.user = "bob"
        return {}["gold"]

    return app
