import json

import flask
import pytest
import werkzeug.exceptions
import werkzeug.routing

import flasktrace
from flasktrace.trace.model import Routing, Trace
from tests.trace.record.same import Ask, ask


def trace_of(app, path, method="GET", **environ):
    with flasktrace.capture(app) as traces:
        ask(app, Ask(path, method, environ=environ))
    return traces.last


both = pytest.mark.parametrize("lib", [flasktrace, flask], ids=["flasktrace", "flask"])


def shop(lib):
    app = lib.Flask("shop")
    for rule, methods in (
        ("/products/", ["GET"]),
        ("/products/<int:id>", ["GET"]),
        ("/cart", ["POST"]),
        ("/reset/<token>", ["POST"]),
    ):
        app.add_url_rule(rule, rule, lambda **_values: "x", methods=methods)
    return app


def refused(trace):
    return [(item.rule, item.refused) for item in trace.routing.candidates]


@both
def test_a_match_keeps_no_candidates(lib):
    assert trace_of(shop(lib), "/products/7").routing is None


@both
def test_why_no_rule_was_found(lib):
    trace = trace_of(shop(lib), "/products/abc")

    assert trace.routing.error == "none"
    assert refused(trace)[:2] == [
        ("/products/<int:id>", "the int converter does not take 'abc'"),
        ("/products/", "the path goes on with 'abc'"),
    ]
    assert trace.routing.near[:1] == ("/products/<int:id>",)
    assert trace.routing.others == 0
    assert trace.verdict == (
        "404: no route matches GET /products/abc "
        "(/products/<int:id>: the int converter does not take 'abc')."
    )


@both
def test_why_the_method_is_refused(lib):
    trace = trace_of(shop(lib), "/cart")
    first = trace.routing.candidates[0]

    assert (trace.status, trace.routing.error) == (405, "method")
    assert (first.rule, first.endpoint, first.refused) == ("/cart", "/cart", "is only for POST")
    assert set(first.methods) == {"POST", "OPTIONS"} == set(trace.routing.allowed)


@both
def test_why_the_router_redirects(lib):
    trace = trace_of(shop(lib), "/products")

    assert trace.routing.error == "redirect"
    assert trace.routing.to == "http://localhost/products/"
    assert refused(trace)[0] == ("/products/", "needs a slash at its end")


@both
def test_a_request_without_the_websocket_that_the_rule_wants(lib):
    app = lib.Flask("x")
    app.url_map.add(werkzeug.routing.Rule("/chat", endpoint="chat", websocket=True))
    trace = trace_of(app, "/chat")

    assert (trace.status, trace.routing.error) == (400, "websocket")
    assert trace.verdict == (
        "400: no route takes GET /chat over plain HTTP (/chat is a websocket rule)."
    )


@both
@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/reset/s3cr3t-value", "GET"),
        ("/reset/s3cr3t-value/x", "POST"),
        ("/reset//s3cr3t-value", "POST"),
        ("/rset/s3cr3t-value", "POST"),
        ("/reset/s3cr3t%20value", "GET"),
        ("/reset/" + "s3cr3t" * 50, "GET"),
    ],
)
def test_a_secret_of_the_path_is_nowhere(lib, path, method):
    trace = trace_of(shop(lib), path, method)

    assert trace.routing.candidates
    assert "s3cr3t" not in json.dumps(trace.to_dict())


@both
def test_a_converter_of_the_app_is_called_by_the_router_alone(lib):
    class Even(werkzeug.routing.IntegerConverter):
        calls = 0

        def to_python(self, value):
            type(self).calls += 1
            raise werkzeug.routing.ValidationError

    app = lib.Flask("x")
    app.url_map.converters["even"] = Even
    app.add_url_rule("/<even:n>", "n", str)
    trace = trace_of(app, "/7")

    assert Even.calls == 1
    assert refused(trace)[0] == (
        "/<even:n>",
        "the even converter does not take '7', and no rule is tried after that",
    )


def test_a_host_of_an_app_with_subdomains():
    app = flasktrace.Flask("x", static_folder=None, subdomain_matching=True)
    app.config["SERVER_NAME"] = "shop.test"
    app.add_url_rule("/", "index", lambda: "x", subdomain="api")
    trace = trace_of(app, "/", HTTP_HOST="shop.test")

    assert refused(trace) == [("/", "is for the subdomain api")]


def test_an_error_that_nobody_can_explain_is_told_as_it_is():
    class Moody(werkzeug.routing.MapAdapter):
        def match(self, *args, **kwargs):
            raise werkzeug.exceptions.NotFound

    class App(flasktrace.Flask):
        def create_url_adapter(self, request):
            adapter = super().create_url_adapter(request)
            adapter.__class__ = Moody
            return adapter

    app = App("x")
    app.add_url_rule("/", "index", lambda: "x")
    trace = trace_of(app, "/")

    assert trace.routing == Routing("none")
    assert trace.verdict == "404: no route matches GET /."
    assert not trace.partial


def test_a_trace_of_an_older_version_has_no_routing():
    data = trace_of(shop(flasktrace), "/cart").to_dict()
    again = Trace.from_dict(json.loads(json.dumps(data)))
    del data["routing"]

    assert again.routing.candidates[0].refused == "is only for POST"
    assert Trace.from_dict(data).routing is None


def test_what_matched_is_plain_data():
    app = flasktrace.Flask("x")
    app.add_url_rule("/<int:n>/<uuid:u>/<name>", "page", lambda **_args: "x")

    trace = trace_of(app, "/7/00000000-0000-0000-0000-000000000001/ada")

    assert (trace.endpoint, trace.rule) == ("page", "/<int:n>/<uuid:u>/<name>")
    assert trace.view_args == {
        "n": 7,
        "u": "00000000-0000-0000-0000-000000000001",
        "name": "ada",
    }


@pytest.mark.parametrize("attribute", ["endpoint", "blueprint", "view_args", "url_rule"])
def test_the_one_who_asks_for_the_route_is_named(attribute):
    app = flasktrace.Flask("x")
    app.add_url_rule("/", "index", lambda: "x")

    @app.before_request
    def load():
        getattr(flasktrace.request, attribute)

    asked = trace_of(app, "/").stage("match").asked_by

    assert asked.split(" (")[0].endswith(" in load")
    assert asked.startswith("request.")


def test_a_template_that_asks_is_named_with_its_own_line(tmp_path):
    (tmp_path / "page.html").write_text("one\ntwo\n{{ request.endpoint }}")
    app = flasktrace.Flask("x", template_folder=str(tmp_path))
    app.add_url_rule("/", "index", lambda: "x")

    @app.before_request
    def load():
        flasktrace.render_template("page.html")

    asked = trace_of(app, "/").stage("match").asked_by

    assert asked == "request.endpoint in template (page.html:3)"


def test_nobody_asked_when_the_stage_came_in_its_turn():
    app = flasktrace.Flask("x")
    app.add_url_rule("/", "index", lambda: "x")

    match = trace_of(app, "/").stage("match")

    assert (match.asked_by, match.within) == (None, None)
