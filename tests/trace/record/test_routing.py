import pytest
from werkzeug.routing import Map, Rule

import flasktrace
from flasktrace.trace.record.routing import near
from tests.trace.record.same import Ask, ask


def rules(*paths):
    return Map([Rule(path, endpoint=path) for path in paths])


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/prodcts", ["/products"]),
        ("/user/7x", ["/user/<int:id>"]),
        ("/zzzz", []),
        ("/" + "x" * 100_000, []),
    ],
)
def test_rules_that_are_near_are_found(path, expected):
    known = rules("/products", "/user/<int:id>", "/", "/about/us")

    assert near(path, known)[:1] == expected


def test_rules_that_are_only_built_are_not_near():
    known = Map([Rule("/products", endpoint="p", build_only=True)])

    assert near("/product", known) == []


def trace_of(app, path):
    with flasktrace.capture(app) as traces:
        ask(app, Ask(path))
    return traces.last


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


def test_nobody_asked_when_the_stage_came_in_its_turn():
    app = flasktrace.Flask("x")
    app.add_url_rule("/", "index", lambda: "x")

    match = trace_of(app, "/").stage("match")

    assert (match.asked_by, match.within) == (None, None)
