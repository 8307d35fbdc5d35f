"""Which view answers, and what is said when none does."""

import pytest
from werkzeug.routing import BaseConverter, Rule

from tests.flasks import OPTIONS_ARE_LISTED
from tests.side_by_side.harness import same, same_value

VERBS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW")


def echo(rule, **options):
    """An app with one rule, whose view says what it was called with."""

    def build(f):
        app = f.Flask("app")

        @app.route(rule, **options)
        def view(**values):
            return repr(sorted(values.items()))

        return app

    return build


@pytest.mark.parametrize(
    ("rule", "paths"),
    [
        ("/", ["/", "", "/x", "//", "/?q=1"]),
        ("/<name>", ["/a", "/a/b", "/", "/%C3%A9", "/a%2Fb", "/a%20b", "/%ff", "/a/"]),
        ("/<int:n>", ["/1", "/-1", "/x", "/007", "/1.0", "/99999999999999999999"]),
        ("/<int(signed=True):n>", ["/-5", "/+5", "/5"]),
        ("/<int(min=3,max=5):n>", ["/2", "/3", "/5", "/6"]),
        ("/<int(fixed_digits=3):n>", ["/007", "/7"]),
        ("/<float:x>", ["/1", "/1.5", "/-1.5", "/.5", "/nan"]),
        ("/<path:rest>", ["/a/b/c", "/", "/a//b", "/a/", "/../x"]),
        ("/<any(red, green):colour>", ["/red", "/blue"]),
        ("/<uuid:key>", ["/12345678-1234-5678-1234-567812345678", "/1234"]),
        ("/<string(length=2):code>", ["/de", "/deu"]),
        ("/<string(minlength=2,maxlength=3):code>", ["/d", "/de", "/deu", "/deut"]),
        ("/a/<b>/c/<int:d>", ["/a/1/c/2", "/a//c/2", "/a/1/c/x"]),
        ("/<a>-<b>.html", ["/1-2.html", "/1-2-3.html", "/1.html"]),
    ],
)
def test_a_rule_takes_the_same_paths(rule, paths):
    same(echo(rule), *paths)


@pytest.mark.parametrize("methods", [None, ["GET"], ["POST"], ["put", "Delete"], ["OPTIONS"], []])
def test_every_method_is_answered_alike(methods):
    options = {} if methods is None else {"methods": methods}
    same(echo("/", **options), *(f"{verb} /" for verb in VERBS))


@pytest.mark.parametrize("automatic", [pytest.param(True, marks=OPTIONS_ARE_LISTED), False, None])
def test_automatic_options_can_be_chosen(automatic):
    same(echo("/", provide_automatic_options=automatic), *(f"{verb} /" for verb in VERBS))


def test_options_can_be_the_views_own():
    def build(f):
        app = f.Flask("app")

        @app.route("/own", methods=["GET", "OPTIONS"])
        def own():
            return f.request.method

        @app.route("/given", methods=["OPTIONS"], provide_automatic_options=True)
        def given():
            return "never"

        return app

    same(build, "OPTIONS /own", "HEAD /own", "GET /own", "OPTIONS /given", "GET /given")


def test_options_is_switched_off_by_config():
    def build(f):
        app = f.Flask("app")
        app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
        app.add_url_rule("/", "index", lambda: "x")
        return app

    same(build, "OPTIONS /", "GET /", "POST /")


def test_options_names_the_methods_of_all_rules_of_the_path():
    def build(f):
        app = f.Flask("app")
        app.add_url_rule("/", "read", lambda: "r")
        app.add_url_rule("/", "write", lambda: "w", methods=["POST", "PUT"])
        return app

    same(build, "OPTIONS /", "GET /", "POST /", "DELETE /", "OPTIONS /nowhere")


def test_attributes_of_the_view_give_methods():
    def build(f):
        app = f.Flask("app")

        def view():
            return f.request.method

        view.methods = ["POST"]
        view.required_methods = ["LOCK"]
        view.provide_automatic_options = False
        app.add_url_rule("/", view_func=view)
        return app

    same(build, *(f"{verb} /" for verb in (*VERBS, "LOCK")))


@pytest.mark.parametrize("strict", [True, False, None])
@pytest.mark.parametrize("rule", ["/shop/", "/shop"])
def test_slash_at_the_end_redirects_alike(rule, strict):
    options = {} if strict is None else {"strict_slashes": strict}
    build = echo(rule, methods=["GET", "POST"], **options)
    same(build, "/shop", "/shop/", "/shop?a=1&b=%20", "POST /shop", "HEAD /shop", "PUT /shop")


def test_a_redirect_to_the_slash_keeps_host_root_and_scheme():
    request = {"path": "/shop", "base_url": "https://example.org:8443/root"}
    same(echo("/shop/"), request)


def test_slashes_may_be_merged_or_kept():
    def build(f):
        app = f.Flask("app")
        app.url_map.merge_slashes = False
        app.add_url_rule("/a/b", "ab", lambda: "ab")
        return app

    same(build, "/a//b", "/a/b")
    same(echo("/a/b"), "/a//b", "//a/b", "/a///b?x=1")


def test_slashes_are_not_strict_for_a_whole_map():
    def build(f):
        app = f.Flask("app")
        app.url_map.strict_slashes = False
        app.add_url_rule("/a/", "a", lambda: "a")
        app.add_url_rule("/b", "b", lambda: "b")
        return app

    same(build, "/a", "/a/", "/b", "/b/")


def test_defaults_redirect_to_the_shorter_url():
    def build(f):
        app = f.Flask("app")

        @app.route("/list/", defaults={"page": 1})
        @app.route("/list/<int:page>")
        def listing(page):
            return f"{page} {f.url_for('listing', page=page)} {f.url_for('listing', page=1)}"

        return app

    same(build, "/list/", "/list", "/list/1", "/list/2", "/list/0")


def test_redirect_to_leads_elsewhere():
    def build(f):
        app = f.Flask("app")
        app.add_url_rule("/old/<int:n>", "old", lambda n: "", redirect_to="new/<n>")
        app.add_url_rule("/older/<n>", "older", redirect_to=lambda _map, n: f"/new/{n}x")
        app.add_url_rule("/new/<n>", "new", lambda n: n)
        return app

    same(build, "/old/3", "/older/4", "/old/x", "/new/3", "POST /old/3")


def test_aliases_redirect():
    def build(f):
        app = f.Flask("app")
        app.add_url_rule("/users/", "users", lambda: "users")
        app.add_url_rule("/people/", "users", alias=True)
        return app

    same(build, "/people/", "/users/", "/people/?x=1")


def test_a_converter_of_ones_own():
    class Names(BaseConverter):
        def to_python(self, value):
            return value.split("+")

        def to_url(self, value):
            return "+".join(value)

    def build(f):
        app = f.Flask("app")
        app.url_map.converters["names"] = Names

        @app.route("/<names:who>")
        def view(who):
            return f"{who} {f.url_for('view', who=[*who, 'z'])}"

        return app

    same(build, "/a+b", "/a")


def test_rules_can_be_added_to_the_map_and_given_a_view_later():
    def build(f):
        app = f.Flask("app")
        app.url_map.add(Rule("/by-map", endpoint="mapped"))
        app.add_url_rule("/without", endpoint="without")

        @app.endpoint("mapped")
        def mapped():
            return f.request.endpoint

        return app

    same(build, "/by-map", "OPTIONS /by-map", "/without", "OPTIONS /without")


def test_several_rules_lead_to_one_view():
    def build(f):
        app = f.Flask("app")

        @app.route("/a", endpoint="x")
        @app.route("/b")
        @app.get("/c")
        @app.post("/d")
        @app.put("/d")
        @app.delete("/d")
        @app.patch("/d")
        def view():
            return f"{f.request.method} {f.request.endpoint} {f.request.url_rule}"

        return app

    same(build, "/a", "/b", "/c", "POST /d", "PUT /d", "DELETE /d", "PATCH /d", "GET /d")


def test_the_more_special_rule_wins():
    def build(f):
        app = f.Flask("app")
        for rule in ("/<a>", "/x", "/<int:n>", "/<path:p>", "/<a>/edit"):
            app.add_url_rule(rule, rule, lambda **v: f"{f.request.url_rule.rule} {v}")
        return app

    same(build, "/x", "/1", "/y", "/y/z", "/y/edit", "/1/edit")


def test_websocket_rules_are_apart():
    def build(f):
        app = f.Flask("app")
        app.add_url_rule("/ws", "ws", lambda: "ws", websocket=True)
        return app

    same(build, "/ws")


def test_hosts_are_matched():
    def build(f):
        app = f.Flask("app", host_matching=True, static_host="static.test")
        app.add_url_rule("/", "a", lambda: "a " + f.url_for("b"), host="a.test")
        app.add_url_rule("/", "b", lambda: "b " + f.url_for("a"), host="b.test")
        app.add_url_rule("/w", "w", lambda h: h, host="<h>.test")
        return app

    hosts = ("a.test", "b.test", "c.test", "a.test:80", "a.test:8080")
    same(
        build,
        *({"path": "/", "base_url": f"http://{host}"} for host in hosts),
        {"path": "/w", "base_url": "http://any.test"},
    )


def test_subdomains_are_matched_only_when_asked_for():
    def build(matching, server_name):
        def made(f):
            app = f.Flask("app", subdomain_matching=matching)
            app.config["SERVER_NAME"] = server_name
            app.add_url_rule("/", "bare", lambda: "bare")
            app.add_url_rule("/", "fixed", lambda: "fixed", subdomain="api")
            app.add_url_rule("/", "any", lambda who: f.url_for("any", who="z"), subdomain="<who>")
            return app

        return made

    urls = ("http://example.org", "http://api.example.org", "http://x.example.org", "http://o.net")
    for matching in (True, False):
        for server_name in ("example.org", None):
            same(build(matching, server_name), *({"path": "/", "base_url": url} for url in urls))


def test_trusted_hosts_are_checked():
    def build(f):
        app = f.Flask("app")
        app.config["TRUSTED_HOSTS"] = ["good.test", ".wide.test"]
        app.add_url_rule("/", "index", lambda: f.request.host)
        return app

    hosts = ("good.test", "bad.test", "a.wide.test", "good.test:81")
    same(build, *({"path": "/", "base_url": f"http://{host}"} for host in hosts))


def test_an_invalid_host_is_refused():
    same(echo("/"), {"path": "/", "headers": {"Host": "bad host/"}})


def test_a_hook_still_runs_before_404_405_and_redirects():
    def build(f, said):
        app = f.Flask("app")
        app.add_url_rule("/a/", "a", lambda: "a")

        @app.before_request
        def note():
            said.append((f.request.path, f.request.endpoint, f.request.view_args))
            said.append(type(f.request.routing_exception).__name__)

        return app

    same(build, "/a/", "/a", "/b", "POST /a/")


def test_url_value_preprocessors_take_values_out():
    def build(f, said):
        app = f.Flask("app")

        @app.url_value_preprocessor
        def language(endpoint, values):
            said.append((endpoint, values and dict(values)))
            f.g.lang = values.pop("lang", "?") if values else "none"

        @app.url_defaults
        def with_language(endpoint, values):
            values.setdefault("lang", f.g.get("lang"))

        @app.route("/<lang>/about")
        def about():
            return f"{f.g.lang} {f.url_for('about')} {f.url_for('about', lang='fr')}"

        @app.errorhandler(404)
        def lost(error):
            return f.g.lang, 404

        return app

    same(build, "/de/about", "/nowhere", "/en/about")


def test_facts_of_the_request_are_alike():
    def build(f):
        app = f.Flask("app")

        @app.route("/<path:rest>", methods=["GET", "POST"])
        def view(rest):
            r = f.request
            facts = [r.method, r.path, r.full_path, r.url, r.base_url, r.root_url, r.host_url]
            facts += [r.script_root, r.query_string, r.args, r.form, r.values, r.is_json]
            facts += [r.blueprint, r.blueprints, r.endpoint, r.view_args, str(r.url_rule)]
            facts += [r.remote_addr, r.content_type, r.mimetype, r.content_length, r.get_data()]
            return repr(facts)

        return app

    same(
        build,
        "/a/b?x=1&x=2",
        {"path": "/f", "method": "POST", "data": {"a": "1", "b": "2"}},
        {"path": "/j", "method": "POST", "json": {"a": [1]}},
        {"path": "/d", "method": "POST", "data": b"\x00raw", "content_type": "text/x"},
        {"path": "/é/ü", "base_url": "https://h.test:444/app"},
    )


@pytest.mark.parametrize(
    "wrong",
    [
        lambda f, app: app.add_url_rule("no-slash", "a", lambda: ""),
        lambda f, app: app.add_url_rule("/", "a", lambda: "", methods="GET"),
        lambda f, app: app.add_url_rule("/"),
        lambda f, app: app.add_url_rule("/<nope:x>", "a", lambda x: ""),
        lambda f, app: app.add_url_rule("/<x>/<x>", "a", lambda x: ""),
        lambda f, app: app.get("/", methods=["POST"]),
        lambda f, app: (app.add_url_rule("/", "a", print), app.add_url_rule("/b", "a", repr)),
        lambda f, app: (app.test_client().get("/"), app.add_url_rule("/", "a", print)),
        lambda f, app: (app.test_client().get("/"), app.before_request(print)),
        lambda f, app: f.Flask("app", host_matching=True),
        lambda f, app: f.Flask("app", static_host="a.test"),
    ],
)
def test_wrong_registrations_fail_alike(wrong):
    def work(f):
        return wrong(f, f.Flask("app")) is None

    same_value(work)


def test_endpoints_come_from_the_name_of_the_function():
    def work(f):
        app = f.Flask("app")

        @app.route("/a")
        def first():
            return ""

        app.add_url_rule("/b", view_func=first)
        app.add_url_rule("/c", "third", first, defaults={"x": 1})
        return [
            (r.rule, r.endpoint, sorted(r.methods), r.defaults) for r in app.url_map.iter_rules()
        ]

    same_value(work)
