"""Requests and answers of all kinds."""

import types

from werkzeug.routing import ValidationError
from werkzeug.wrappers import Response as WerkzeugResponse

import flasktrace
from tests.trace.record.apps.registry import app_for_both
from tests.trace.record.same import Ask


@app_for_both
def hello(lib, notes):
    app = lib.Flask("hello")

    @app.route("/")
    def index():
        return "hello"

    return app, [
        Ask(),
        Ask("/nowhere", status=404),
        Ask(method="POST", status=405),
        Ask(method="HEAD"),
        Ask("/", "OPTIONS"),
    ]


@app_for_both
def every_kind_of_return(lib, notes):
    app = lib.Flask("returns")
    values = {
        "text": "é",
        "bytes": b"\xff\0",
        "dict": {"a": 1},
        "list": [1, 2],
        "tuple": ("made", 201, {"X-A": "1"}),
        "response": lambda: lib.Response(["a", "b", "c"], headers=[("X-A", "1"), ("X-A", "2")]),
        "generator": lambda: (part for part in ["a", "", "b"]),
        "wsgi": WerkzeugResponse("from a callable", 202),
        "nothing": None,
        "number": 7,
        "long_tuple": ("a", 200, {}, 1),
    }

    failed = {"status": 500, "outcome": "error"}
    ends = {"tuple": {"status": 201}, "wsgi": {"status": 202}}
    ends |= dict.fromkeys(("nothing", "number", "long_tuple"), failed)

    @app.route("/<name>")
    def index(name):
        value = values[name]
        return value() if isinstance(value, types.FunctionType) else value

    return app, [Ask(f"/{name}", **ends.get(name, {})) for name in values]


@app_for_both
def fault_11_no_body_by_status(lib, notes):
    app = lib.Flask("statuses")

    @app.route("/<int:code>")
    def index(code):
        return ("", code) if code != 304 else lib.Response(status=304, headers={"ETag": '"x"'})

    return app, [Ask(f"/{code}", status=code) for code in (204, 304, 205, 599)]


@app_for_both
def fault_22_odd_requests(lib, notes):
    app = lib.Flask("odd requests")

    @app.route("/<path:rest>")
    def index(rest):
        response = lib.Response(repr(rest))
        response.headers["X-Latin"] = "é"
        return response

    paths = ["/\xff\xfe", "/a\0b", "/\xc3\xa9", "//double", "/%2e%2e/x"]
    asks = [Ask("/x", environ={"PATH_INFO": path}) for path in paths]
    return app, [
        *asks,
        Ask("/x", environ={"QUERY_STRING": "a=\xff&b=%ff&c"}),
        Ask("/x", environ={"HTTP_X_ODD": "\xff\x01"}),
        Ask("/x", environ={"SCRIPT_NAME": "/app", "HTTP_HOST": "bad host"}),
        Ask("/x", environ={"HTTP_COOKIE": "a; =b; c=d=e;;"}),
    ]


@app_for_both
def arguments_with_common_names(lib, notes):
    app = lib.Flask("names")
    names = ("kind", "function", "context", "name", "self", "run", "app", "environ", "sender")
    rule = "/" + "/".join(f"<{name}>" for name in names)

    @app.route(rule)
    def index(**named):
        with flasktrace.span("work", name="n", self=1, kind=2):
            flasktrace.event("point", name="n", self=1)
        return str(sorted(named.items()))

    return app, [Ask("/" + "/".join("123456789"))]


@app_for_both
def untrusted_host(lib, notes):
    app = lib.Flask("hosts")
    app.config["TRUSTED_HOSTS"] = ["example.org"]
    app.add_url_rule("/", "index", lambda: "fine")
    checked = "TRUSTED_HOSTS" in app.default_config  # flask 3.0 has no such setting
    return app, [Ask(status=400 if checked else 200), Ask(headers={"Host": "example.org"})]


@app_for_both
def redirects_by_the_router(lib, notes):
    app = lib.Flask("slashes")
    app.add_url_rule("/shop/", "shop", lambda: "shop")
    app.add_url_rule("/old", redirect_to="/shop/", endpoint="old")
    return app, [
        Ask("/shop", status=308),
        Ask("/shop/"),
        Ask("/old", status=308),
        Ask("/shop?a=1", "HEAD", status=308),
    ]


@app_for_both
def fault_11_ranges_and_conditions(lib, notes):
    app = lib.Flask("ranges")

    @app.route("/")
    def index():
        response = lib.Response("0123456789", headers={"ETag": '"x"'})
        return response.make_conditional(lib.request, accept_ranges=True, complete_length=10)

    def asked(**headers):
        return {name.replace("_", "-"): value for name, value in headers.items()}

    return app, [
        Ask(headers=asked(Range="bytes=0-3"), status=206),
        Ask(headers=asked(Range="bytes=20-"), status=416),
        Ask(headers=asked(Range="bytes=0-1", If_Range='"y"')),
        Ask(headers=asked(If_None_Match='"x"'), status=304),
        Ask(headers=asked(If_None_Match='"y"')),
    ]


@app_for_both
def hosts_and_subdomains(lib, notes):
    app = lib.Flask("hosts", subdomain_matching=True)
    app.config["SERVER_NAME"] = "shop.test"
    app.add_url_rule("/", "index", lambda: "main")
    app.add_url_rule("/", "sub", lambda who: who, subdomain="<who>")
    return app, [
        Ask(headers={"Host": "shop.test"}),
        Ask(headers={"Host": "ada.shop.test"}),
    ]


@app_for_both
def converters_that_fail(lib, notes):
    app = lib.Flask("converters")

    class Bad(app.url_map.converters["default"]):
        def to_python(self, value):
            notes.append(value)
            raise ValidationError(value)

    app.url_map.converters["bad"] = Bad
    app.add_url_rule("/<bad:value>", "bad", lambda value: value)
    return app, [Ask("/other", status=404)]


@app_for_both
def routes_that_are_asked_for_early(lib, notes):
    app = lib.Flask("early")

    @app.before_request
    def look():
        notes.append((lib.request.endpoint, lib.request.view_args, lib.request.url_rule and 1))
        notes.append(type(lib.request.routing_exception))

    app.add_url_rule("/<int:number>", "show", lambda number: f"{number}")
    return app, [Ask("/1"), Ask("/x", status=404), Ask("/1", "POST", status=405)]


@app_for_both
def options_and_methods(lib, notes):
    app = lib.Flask("methods")
    app.add_url_rule("/auto", "auto", lambda: "auto", methods=["PUT"])
    app.add_url_rule(
        "/own",
        "own",
        lambda: lib.request.method,
        methods=["OPTIONS"],
        provide_automatic_options=False,
    )
    return app, [
        Ask("/auto", "OPTIONS"),
        Ask("/own", "OPTIONS"),
        Ask("/auto", "PUT"),
        Ask("/auto", status=405),
        Ask("/auto", "BREW", status=405),
    ]
