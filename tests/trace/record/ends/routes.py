"""What the router decides: no route, the wrong method, redirects."""

import uuid
from functools import wraps

from werkzeug.routing import BaseConverter, Rule

from tests.trace.record.ends.registry import end
from tests.trace.record.same import Ask


@end("/crat", "/cart/7", "/zzzzzzzz", "/Cart", "/user/ada/order", "/users/ada")
def no_route(lib):
    app = lib.Flask("shop")

    @app.route("/cart")
    def cart():
        return "cart"

    @app.route("/")
    def index():
        return "index"

    @app.route("/user/<name>")
    def user(name):
        return name

    @app.route("/user/<name>/orders")
    def orders(name):
        return name

    return app


@end("/orders/seven", "/orders/-7", "/files/17", "/sizes/xxl", "/codes/12", "/orders/7")
def converter_refuses(lib):
    class FourDigits(BaseConverter):
        regex = r"\d{4}"

    app = lib.Flask("shop")
    app.url_map.converters["code"] = FourDigits

    @app.route("/orders/<int:number>")
    def order(number):
        return str(number)

    @app.route("/files/<uuid:key>")
    def file(key: uuid.UUID):
        return str(key)

    @app.route("/sizes/<any(small, large):size>")
    def size(size):
        return size

    @app.route("/codes/<code:code>")
    def code(code):
        return code

    return app


@end("/about/", "/products", Ask("/products?page=2"), Ask("/products", "POST"))
def slash_at_the_end(lib):
    app = lib.Flask("shop")

    @app.route("/about")
    def about():
        return "about"

    @app.route("/products/", methods=["GET", "POST"])
    def products():
        return "products"

    return app


@end(
    Ask("/", headers={"Host": "shop.test"}),
    Ask("/", headers={"Host": "api.shop.test"}),
    Ask("/orders", headers={"Host": "shop.test"}),
    Ask("/orders", headers={"Host": "elsewhere.test"}),
)
def subdomain(lib):
    app = lib.Flask("shop", subdomain_matching=True)
    app.config["SERVER_NAME"] = "shop.test"

    @app.route("/")
    def index():
        return "index"

    @app.route("/orders", subdomain="api")
    def orders():
        return "orders"

    return app


@end(
    Ask("/", headers={"Host": "admin.test"}),
    Ask("/", headers={"Host": "shop.test"}),
)
def host_matching(lib):
    app = lib.Flask("shop", host_matching=True, static_host="static.test")

    @app.route("/", host="admin.test")
    def admin():
        return "admin"

    return app


@end(Ask("/cart", "DELETE"), Ask("/orders", "PUT"), Ask("/crat", "POST"), Ask("/carts", "DELETE"))
def method_not_allowed(lib):
    app = lib.Flask("shop")

    @app.route("/cart")
    def cart():
        return "cart"

    @app.get("/orders")
    def orders():
        return "orders"

    @app.post("/orders")
    def order():
        return "ordered"

    return app


@end(Ask("/", "HEAD"), Ask("/", "OPTIONS"), Ask("/quiet", "OPTIONS"), Ask("/own", "OPTIONS"))
def answered_by_the_framework(lib):
    app = lib.Flask("shop")

    @app.route("/")
    def index():
        return "index"

    @app.route("/quiet", provide_automatic_options=False)
    def quiet():
        return "quiet"

    @app.route("/own", methods=["GET", "OPTIONS"])
    def own():
        return "own"

    return app


@end("/old", "/old/7", "/moved/7")
def redirect_of_a_rule(lib):
    app = lib.Flask("shop")

    @app.route("/new")
    def new():
        return "new"

    app.add_url_rule("/old", redirect_to="/new", endpoint="old", view_func=new)
    app.add_url_rule("/old/<int:id>", redirect_to="/new/<id>", endpoint="olds", view_func=new)
    app.add_url_rule(
        "/moved/<int:number>",
        redirect_to=lambda _adapter, number: f"/new/{number}",
        endpoint="moved",
        view_func=new,
    )
    return app


@end("/shop//cart", "//shop/cart")
def slashes_merged(lib):
    app = lib.Flask("shop")

    @app.route("/shop/cart")
    def cart():
        return "cart"

    return app


@end("/list/1", "/list/2", "/all", "/list")
def another_url_of_the_same_page(lib):
    app = lib.Flask("shop")

    @app.route("/list", defaults={"page": 1})
    @app.route("/list/<int:page>")
    def listing(page):
        return str(page)

    @app.route("/everything")
    def everything():
        return "everything"

    app.add_url_rule("/all", endpoint="everything", alias=True)
    return app


@end(
    "/feed",
    Ask("/news", headers={"Connection": "Upgrade", "Upgrade": "websocket"}),
    Ask("/feed", headers={"Connection": "Upgrade", "Upgrade": "websocket"}),
)
def websocket(lib):
    app = lib.Flask("shop")

    def feed():
        return "feed"

    app.view_functions["feed"] = feed
    app.url_map.add(Rule("/feed", endpoint="feed", websocket=True))

    @app.route("/news")
    def news():
        return "news"

    return app


@end("/cdn/logo.png")
def only_for_building(lib):
    app = lib.Flask("shop")
    app.add_url_rule("/cdn/<path:name>", endpoint="cdn", build_only=True)
    return app


@end(Ask("/", headers={"Host": "evil.test"}))
def host_that_is_not_trusted(lib):
    app = lib.Flask("shop")
    app.config["TRUSTED_HOSTS"] = ["shop.test"]

    @app.route("/")
    def index():
        return "index"

    return app


@end(
    Ask("/items/", "DELETE"),
    Ask("/items/", "POST"),
    Ask("/items/", "HEAD"),
    "/timed/",
    Ask("/secret/", "POST"),
    differs="flask calls the methods of a class as it calls all that may be async",
)
def view_of_a_class(lib):
    from importlib import import_module

    base = import_module(f"{lib.__name__}.views").MethodView
    app = lib.Flask("shop")

    class Items(base):
        def get(self):
            return "items"

        def post(self):
            return "made", 201

    class Timed(base):
        def dispatch_request(self, **kwargs):
            return super().dispatch_request(**kwargs)

        def get(self):
            return "timed"

    def for_staff(view):
        @wraps(view)
        def wrapper(**kwargs):
            return "not for you", 403

        return wrapper

    class Secret(Items):
        decorators = (for_staff,)

    app.add_url_rule("/items/", view_func=Items.as_view("items"))
    app.add_url_rule("/timed/", view_func=Timed.as_view("timed"))
    app.add_url_rule("/secret/", view_func=Secret.as_view("secret"))
    return app


@end("/shop/cart", "/shop/crat", "/shop/cart/", differs="flask has matched before the hooks")
def urls_of_a_blueprint(lib):
    app = lib.Flask("shop")
    shop = lib.Blueprint("shop", __name__, url_prefix="/shop")

    @shop.url_value_preprocessor
    def count(endpoint, values):
        lib.g.endpoint = endpoint

    @shop.before_request
    def load_cart():
        lib.g.cart = []

    @shop.before_app_request
    def load_user():
        lib.g.user = "ada"

    @shop.route("/cart")
    def cart():
        return "cart"

    app.register_blueprint(shop)
    return app


@end(Ask("/cart", environ={"SCRIPT_NAME": "/eu"}), Ask("/", environ={"SCRIPT_NAME": "/eu"}))
def below_a_prefix(lib):
    app = lib.Flask("shop")

    @app.route("/cart/")
    def cart():
        return "cart"

    return app
