"""Urls of endpoints, in requests and outside them."""

import pytest
from werkzeug.routing import BuildError

from tests.side_by_side.harness import same, same_value


def shop(f, **config):
    app = f.Flask("app")
    app.config.update(config)
    for rule in ("/", "/item/<int:n>", "/find/<path:rest>", "/say/<text>"):
        app.add_url_rule(rule, rule.split("/")[1] or "index", lambda **values: "x")
    app.add_url_rule("/save", "save", lambda: "", methods=["POST"])
    app.add_url_rule("/list/", "list", lambda page: "", defaults={"page": 1})
    app.add_url_rule("/list/<int:page>", "list", app.view_functions["list"])
    app.add_url_rule("/tls", "tls", lambda: "")
    return app


CALLS = {
    "plain": lambda url: url("index"),
    "value": lambda url: url("item", n=3),
    "value as text": lambda url: url("item", n="3"),
    "wrong value": lambda url: url("item", n="x"),
    "missing value": lambda url: url("item"),
    "none value": lambda url: url("item", n=None),
    "unknown endpoint": lambda url: url("nope"),
    "query": lambda url: url("index", b=2, a=1),
    "query of a list": lambda url: url("index", a=[1, 2]),
    "query of None": lambda url: url("index", a=None),
    "query to be quoted": lambda url: url("index", q="a b&c=d/é"),
    "text to be quoted": lambda url: url("say", text="a b/c?d#é%"),
    "path to be quoted": lambda url: url("find", rest="a b/c?d#é"),
    "default": lambda url: url("list", page=1),
    "not the default": lambda url: url("list", page=2),
    "no default": lambda url: url("list"),
    "anchor": lambda url: url("index", _anchor="top"),
    "anchor to be quoted": lambda url: url("index", _anchor="a b/é?%#'\"<x y>&()*+,;:=@!$~"),
    "empty anchor": lambda url: url("index", _anchor=""),
    "anchor and query": lambda url: url("index", a=1, _anchor="x"),
    "external": lambda url: url("item", n=1, _external=True),
    "not external": lambda url: url("item", n=1, _external=False),
    "scheme": lambda url: url("index", _scheme="https"),
    "scheme, external": lambda url: url("index", _scheme="ftp", _external=True),
    "scheme, not external": lambda url: url("index", _scheme="https", _external=False),
    "empty scheme": lambda url: url("index", _scheme="", _external=True),
    "method": lambda url: url("save", _method="POST"),
    "wrong method": lambda url: url("save", _method="GET"),
    "method DELETE": lambda url: url("save", _method="DELETE"),
    "relative endpoint": lambda url: url(".index"),
    "static": lambda url: url("static", filename="css/a b.css"),
    "everything": lambda url: url(
        "item", n=1, q="x", _anchor="y", _scheme="https", _external=True, _method="GET"
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_url_for_in_a_request(name):
    def work(f):
        app = shop(f)
        with app.test_request_context("/say/x", base_url="https://h.test:8443/root"):
            return CALLS[name](f.url_for)

    same_value(work)


@pytest.mark.parametrize("name", CALLS)
def test_url_for_outside_a_request(name):
    def work(f):
        app = shop(
            f, SERVER_NAME="shop.test:81", APPLICATION_ROOT="/below", PREFERRED_URL_SCHEME="https"
        )
        with app.app_context():
            return CALLS[name](f.url_for), CALLS[name](app.url_for)

    same_value(work)


@pytest.mark.parametrize("name", ["plain", "external", "not external", "unknown endpoint"])
def test_url_for_needs_a_server_name_or_a_request(name):
    def with_context(f):
        with shop(f).app_context():
            return CALLS[name](f.url_for)

    same_value(with_context)
    same_value(lambda f: CALLS[name](f.url_for))
    same_value(lambda f: CALLS[name](shop(f).url_for))


def test_url_for_of_another_app_in_a_request():
    def work(f):
        one, other = shop(f), shop(f, SERVER_NAME="other.test")
        with one.test_request_context("/"):
            return other.url_for("index")

    same_value(work)


def test_handlers_of_build_errors_may_give_a_url():
    def work(f):
        app = shop(f)

        def remember(error, endpoint, values):
            assert isinstance(error, BuildError)
            if endpoint == "external":
                return f"https://else.test/{sorted(values.items(), key=repr)}"
            return None

        def raise_it(error, endpoint, values):
            raise error

        app.url_build_error_handlers += [raise_it, remember]
        with app.test_request_context("/"):
            return app.url_for("external", a=1, _anchor="x", _external=True)

    same_value(work)


def test_build_errors_leave_when_no_handler_knows():
    def work(f):
        app = shop(f)
        app.url_build_error_handlers.append(lambda error, endpoint, values: None)
        with app.test_request_context("/"):
            return app.url_for("external")

    same_value(work)


def test_url_defaults_fill_in():
    def build(f, said):
        app = shop(f)

        @app.url_defaults
        def fill(endpoint, values):
            said.append((endpoint, dict(values)))
            if app.url_map.is_endpoint_expecting(endpoint, "n"):
                values.setdefault("n", 9)

        app.add_url_rule("/all", "all", lambda: f"{f.url_for('item')} {f.url_for('item', n=1)}")
        return app

    same(build, "/all")


def test_redirects_outside_a_request_are_alike():
    def work(f):
        made = f.redirect("/x", 307)
        return made.status, list(made.headers), made.data

    same_value(work)


def test_abort_outside_a_request_is_alike():
    same_value(lambda f: f.abort(404))
    same_value(lambda f: f.abort(299))
