"""Answers of views and hooks, and what hooks after them do."""

from functools import wraps

from tests.trace.record.ends.registry import end

HOOK_FIRST = "flask matches before the hooks, flasktrace only when somebody needs the rule"


@end("/cart")
def view_answers(lib):
    app = lib.Flask("shop")

    @app.before_request
    def load_user():
        lib.g.user = "ada"

    @app.before_request
    def count_visits():
        lib.g.visits = 3

    @app.after_request
    def add_headers(response):
        response.headers["X-Frame-Options"] = "DENY"
        return response

    @app.after_request
    def set_cookie(response):
        response.set_cookie("seen", "yes")
        return response

    @app.teardown_request
    def close_db(error):
        lib.g.pop("user")

    @app.teardown_appcontext
    def return_connection(error):
        pass

    @app.route("/cart")
    def cart():
        return "cart"

    return app


@end("/cart", "/nowhere", differs=HOOK_FIRST)
def hook_of_app_answers(lib):
    app = lib.Flask("shop")

    @app.before_request
    def load_user():
        lib.g.user = None

    @app.before_request
    def require_login():
        return lib.redirect("/login")

    @app.before_request
    def count_visits():
        lib.g.visits = 3

    @app.after_request
    def add_headers(response):
        response.headers["X-Frame-Options"] = "DENY"
        return response

    @app.route("/cart")
    def cart():
        return "cart"

    return app


@end("/admin/users/", differs=HOOK_FIRST)
def hook_of_blueprint_answers(lib):
    app = lib.Flask("shop")
    admin = lib.Blueprint("admin", __name__, url_prefix="/admin")
    users = lib.Blueprint("users", __name__, url_prefix="/users")

    @app.before_request
    def load_user():
        lib.g.user = "bob"

    @admin.before_request
    def require_admin():
        return None if lib.g.user == "ada" else "for admins only"

    @users.before_request
    def load_users():
        lib.g.users = []

    @users.after_request
    def count_users(response):
        return response

    @app.after_request
    def add_headers(response):
        return response

    @users.route("/")
    def listing():
        return "users"

    admin.register_blueprint(users)
    app.register_blueprint(admin)
    return app


@end("/", differs=HOOK_FIRST)
def hook_returns_a_tuple(lib):
    app = lib.Flask("shop")

    @app.before_request
    def closed_at_night():
        return "closed", 503, {"Retry-After": "3600"}

    @app.route("/")
    def index():
        return "open"

    return app


@end("/", "/about", differs=HOOK_FIRST)
def hook_asks_for_the_endpoint(lib):
    app = lib.Flask("shop")

    @app.before_request
    def require_login():
        if lib.request.endpoint == "index":
            return "log in first", 401
        return None

    @app.route("/")
    def index():
        return "index"

    @app.route("/about")
    def about():
        return "about"

    return app


@end("/de/cart", "/xx/cart", "/en/cart", differs=HOOK_FIRST)
def url_value_preprocessor(lib):
    app = lib.Flask("shop")

    @app.url_value_preprocessor
    def pull_language(endpoint, values):
        lib.g.language = values.pop("language")

    @app.url_value_preprocessor
    def check_language(endpoint, values):
        if lib.g.language == "xx":
            lib.abort(404)
        if lib.g.language == "en":
            raise LookupError("no such language: en")

    @app.before_request
    def load_user():
        lib.g.user = "ada"

    @app.route("/<language>/cart")
    def cart():
        return lib.g.language

    return app


@end("/page", "/hidden", "/teapot")
def abort_in_a_view(lib):
    app = lib.Flask("shop")

    @app.route("/page")
    def page():
        lib.abort(404)

    @app.route("/hidden")
    def hidden():
        lib.abort(403, "for staff only")

    @app.route("/teapot")
    def teapot():
        lib.abort(lib.Response("short and stout", 418))

    return app


@end("/1", "/staff", "/login", "/none", differs=HOOK_FIRST)
def abort_in_a_helper(lib):
    app = lib.Flask("shop")

    def find(number):
        return None if number else lib.abort(404, "no such product")

    def price(number):
        return find(number - 1)

    def for_staff(view):
        @wraps(view)
        def wrapper(**kwargs):
            if lib.request.path == "/staff":
                lib.abort(403)
            return view(**kwargs)

        return wrapper

    @app.route("/<int:number>")
    def product(number):
        return price(number)

    @app.route("/staff")
    @app.route("/login")
    @for_staff
    def staff():
        return find(0)

    @app.before_request
    def check():
        if lib.request.path == "/none":
            find(0)

    return app


@end("/cart", differs=HOOK_FIRST)
def abort_in_a_hook(lib):
    app = lib.Flask("shop")

    @app.before_request
    def load_user():
        lib.g.user = None

    @app.before_request
    def require_login():
        lib.abort(401)

    @app.after_request
    def add_headers(response):
        return response

    @app.route("/cart")
    def cart():
        return "cart"

    return app


@end("/cart", differs=HOOK_FIRST)
def hook_raises(lib):
    app = lib.Flask("shop")

    @app.before_request
    def load_user():
        raise ConnectionError("the database is down")

    @app.before_request
    def count_visits():
        lib.g.visits = 3

    @app.route("/cart")
    def cart():
        return "cart"

    return app


@end("/", "/missing")
def after_hook_replaces_the_response(lib):
    app = lib.Flask("shop")

    @app.after_request
    def add_headers(response):
        response.headers["X-Page"] = "shop"
        return response

    @app.after_request
    def maintenance_page(response):
        return lib.Response("back soon", 503)

    @app.route("/")
    def index():
        return "index"

    return app


@end("/")
def after_hook_changes_the_response(lib):
    app = lib.Flask("shop")

    @app.after_request
    def hide_errors(response):
        response.status_code = 202
        response.set_data("accepted")
        response.headers["X-Robots-Tag"] = "noindex"
        del response.headers["X-Debug"]
        return response

    @app.route("/")
    def index():
        return "index", {"X-Debug": "1"}

    return app


@end("/?key=old", "/")
def after_hook_raises(lib):
    app = lib.Flask("shop")

    @app.after_request
    def add_headers(response):
        response.headers["X-Page"] = "shop"
        return response

    @app.after_request
    def sign(response):
        response.headers["X-Signed"] = str(len(lib.request.args["key"]))
        if lib.request.args["key"] == "old":
            raise ValueError("the key is too old")
        return response

    @app.route("/")
    def index():
        return "index"

    return app


@end("/")
def after_hook_returns_none(lib):
    app = lib.Flask("shop")

    @app.after_request
    def forget_to_return(response):
        response.headers["X-Page"] = "shop"

    @app.route("/")
    def index():
        return "index"

    return app


@end("/")
def after_this_request(lib):
    app = lib.Flask("shop")

    @app.after_request
    def add_headers(response):
        response.headers["X-Page"] = "shop"
        return response

    @app.route("/")
    def index():
        @lib.after_this_request
        def remember_language(response):
            response.set_cookie("language", "de")
            return response

        @lib.after_this_request
        def no_cache(response):
            response.cache_control.no_store = True
            return response

        return "index"

    return app


@end("/", "/crash", "/nothing")
def teardown_raises(lib):
    app = lib.Flask("shop")

    @app.teardown_request
    def close_db(error):
        pass

    @app.teardown_request
    def delete_upload(error):
        raise FileNotFoundError("upload.tmp")

    @app.teardown_appcontext
    def return_connection(error):
        pass

    @app.route("/")
    def index():
        return "index"

    @app.route("/crash")
    def crash():
        return {}["gold"]

    return app


@end("/shop/", "/shop/crash")
def teardown_in_its_order(lib):
    app = lib.Flask("shop")
    shop = lib.Blueprint("shop", __name__, url_prefix="/shop")

    @app.teardown_request
    def first(error):
        lib.g.seen = [*lib.g.get("seen", []), "first"]

    @app.teardown_request
    def second(error):
        lib.g.seen = [*lib.g.get("seen", []), "second"]

    @shop.teardown_request
    def of_shop(error):
        lib.g.seen = [f"of shop: {type(error).__name__}"]

    @app.teardown_appcontext
    def last(error):
        lib.g.done = True

    @shop.route("/")
    def index():
        return "index"

    @shop.route("/crash")
    def crash():
        raise KeyError("gold")

    app.register_blueprint(shop)
    return app
