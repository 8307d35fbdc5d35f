"""Every reason as it is told, and the same outcome as werkzeug's whatever is matched."""

import re
import sys
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import (
    BaseConverter,
    Map,
    RequestRedirect,
    Rule,
    ValidationError,
    WebsocketMismatch,
)

from flasktrace.trace.record import candidates
from flasktrace.trace.record.candidates import LIMIT, explain
from flasktrace.trace.record.describe import Describer
from flasktrace.trace.record.limits import Limits
from flasktrace.trace.record.redact import Redactor
from tests.cases import long, many

DESCRIBE = Describer(Limits(), Redactor())


class Slug(BaseConverter):
    """A converter of the app, which nobody but werkzeug may call."""

    regex = "[a-z-]+"
    calls = 0

    def to_python(self, value):
        type(self).calls += 1
        if value.startswith("-"):
            raise ValidationError
        return value


def rule(text, **more):
    return Rule(text, endpoint=more.pop("endpoint", text), **more)


def explained(
    rules, path, method="GET", *, url_map=None, bind=None, websocket=False, known=None, limit=LIMIT
):
    made = Map([rule(item) if isinstance(item, str) else item for item in rules], **(url_map or {}))
    adapter = made.bind(**{"server_name": "example.com", **(bind or {})})
    adapter.map.update()
    return explain(
        adapter, path, method, websocket=websocket, describe=DESCRIBE, known=known, limit=limit
    )


def told(found):
    return [(item.rule, item.refused) for item in found.candidates]


@pytest.mark.parametrize(
    ("text", "path", "reason"),
    [
        ("/api/carts", "/api/cart", "segment 2 is 'cart', not 'carts'"),
        ("/api/cart", "/api/Cart", "segment 2 is 'Cart', not 'cart': capitals count"),
        ("/user/<int:id>", "/user/abc", "the int converter does not take 'abc'"),
        (
            "/user/<int(max=9):id>",
            "/user/77",
            "the int(max=9) converter does not take '77', and no rule is tried after that",
        ),
        (
            "/user/<int(fixed_digits=3):id>",
            "/user/7",
            "the int(fixed_digits=3) converter does not take '7', and no rule is tried after that",
        ),
        ("/x/<uuid:id>", "/x/7", "the uuid converter does not take '7'"),
        ("/x/<any(a, b):id>", "/x/c", "the any(a, b) converter does not take 'c'"),
        (
            "/<string(length=2):lang>",
            "/eng",
            "the string(length=2) converter does not take 'eng'",
        ),
        ("/<slug:name>", "/A", "the slug converter does not take 'A'"),
        (
            "/user/<int:id>",
            "/user",
            "the path ends after segment 1, the rule goes on with '/<int:id>'",
        ),
        (
            "/user/<int:id>",
            "/user/",
            "the path ends after segment 1, the rule goes on with '/<int:id>'",
        ),
        ("/user", "/", "the path ends at its first slash, the rule goes on with '/user'"),
        ("/user", "/user/x/y", "the path goes on with '/x/y'"),
        ("/user/", "/user/x", "the path goes on with 'x'"),
        ("/user", "/user/", "has no slash at its end"),
        ("/user/", "/user", "needs a slash at its end"),
        ("/user", "//user//", "has no slash at its end"),
        ("/a/user", "/a//user", "takes the path when two slashes are one"),
        ("/<a>-<b>", "/ab", "segment 1 is 'ab', which does not fit '<a>-<b>'"),
        (
            "/wiki/<path:page>/edit",
            "/wiki/a/b",
            "the rest of the path is 'a/b', which does not fit '<path:page>/edit'",
        ),
        (
            "/wiki/<path:page>",
            "/wiki/",
            "the path ends after segment 1, the rule goes on with '/<path:page>'",
        ),
        (rule("/cart", methods=["POST"]), "/cart", "is only for POST"),
        (rule("/cart", methods=["PUT", "DELETE", "OPTIONS"]), "/cart", "is only for DELETE, PUT"),
        (rule("/cart", methods=["OPTIONS"]), "/cart", "is only for OPTIONS"),
        (
            rule("/cart/", methods=["POST"]),
            "/cart",
            "needs a slash at its end, and is only for POST",
        ),
        (rule("/chat", websocket=True), "/chat", "is a websocket rule"),
        (rule("/x", build_only=True), "/x", "is only for building urls"),
        (rule("/x", subdomain="api"), "/x", "is for the subdomain api"),
        (rule("/old", redirect_to="/new"), "/old", "redirects to /new"),
        (
            rule("/old", redirect_to=lambda _adapter: "/new"),
            "/old",
            "redirects to where its function says",
        ),
        (
            rule("/old", alias=True),
            "/old",
            "is an alias, which redirects to the rule of its endpoint",
        ),
    ],
)
def test_the_reason_of_each_refusal(text, path, reason):
    found = explained(
        [text.empty() if isinstance(text, Rule) and text.map else text],
        path,
        url_map={"converters": {"slug": Slug}},
    )

    assert [found.chosen, told(found)[0][1]] == [None, reason]


def test_rules_without_a_subdomain_say_so():
    found = explained(["/x"], "/x", bind={"subdomain": "api"})

    assert told(found) == [("/x", "is for no subdomain")]
    assert found.near == ("//example.com/x",)


def test_a_foreign_host_is_told_once_for_all():
    found = explained(["/x"], "/x", bind={"subdomain": "<invalid>"})

    assert told(found) == [("/x", "the host is not below example.com, the server's name")]


def test_hosts():
    rules = [rule("/x", host="api.example.com"), rule("/y", host="<name>.example.net")]
    found = explained(rules, "/x", url_map={"host_matching": True})

    assert told(found) == [
        ("/x", "is for the host api.example.com"),
        ("/y", "is for the host <name>.example.net"),
    ]
    assert found.near == ("//api.example.com/x",)


def test_a_rule_that_no_websocket_may_take():
    assert told(explained(["/x"], "/x", websocket=True)) == [("/x", "is no websocket rule")]


def test_a_rule_with_defaults_is_preferred():
    rules = [
        rule("/all/", endpoint="all", defaults={"page": 1}),
        rule("/all/<int:page>", endpoint="all"),
    ]
    found = explained(rules, "/all/1")

    assert found.outcome == "redirect"
    assert told(found)[0] == (
        "/all/<int:page>",
        "redirects to /all/, which has these values as defaults",
    )


def test_rules_that_fit_come_in_the_order_of_trying():
    rules = [
        rule("/<path:rest>", methods=["PUT"]),
        rule("/<name>", methods=["POST"]),
        rule("/<int:id>", methods=["DELETE"]),
        rule("/7", methods=["PATCH"]),
        rule("/<any(a, b):x>"),
    ]
    found = explained(rules, "/7")

    assert found.outcome == "method"
    assert told(found) == [
        ("/7", "is only for PATCH"),
        ("/<int:id>", "is only for DELETE"),
        ("/<name>", "is only for POST"),
        ("/<path:rest>", "is only for PUT"),
        ("/<any(a, b):x>", "the any(a, b) converter does not take '7'"),
    ]


def test_the_chosen_rule_has_no_reason():
    found = explained([rule("/<x>", methods=["POST"]), "/<path:x>"], "/a")

    assert (found.outcome, found.chosen.rule) == ("matched", "/<path:x>")
    assert told(found) == [("/<x>", "is only for POST"), ("/<path:x>", None)]


def test_what_comes_after_the_end_of_the_search_was_not_tried():
    found = explained(["/<int:a>/", "/<int:a>/<b>", "/<any(q):a>/x"], "/7")

    assert told(found) == [
        ("/<int:a>/", "needs a slash at its end"),
        ("/<int:a>/<b>", "the path ends after segment 1, the rule goes on with '/<b>'"),
        ("/<any(q):a>/x", "was not tried any more"),
    ]


# Converters of the app


def test_a_converter_of_the_app_is_never_called():
    Slug.calls = 0
    found = explained(["/<slug:name>"], "/-x", url_map={"converters": {"slug": Slug}}, known="none")

    assert Slug.calls == 0
    assert told(found) == [
        (
            "/<slug:name>",
            "the slug converter does not take '-x', and no rule is tried after that",
        )
    ]


def test_of_several_converters_of_the_app_none_is_accused():
    found = explained(
        ["/<slug:a>/<slug:b>"], "/x/-y", url_map={"converters": {"slug": Slug}}, known="none"
    )

    assert told(found)[0][1] == (
        "a converter (slug) does not take its value, and no rule is tried after that"
    )


def test_nothing_is_told_of_a_match_that_came_out_otherwise():
    assert explained(["/x"], "/x", known="none") is None
    assert explained(["/x"], "/y", known="method") is None


@pytest.mark.parametrize("adapter", [None, object(), 7, type("Adapter", (), {})()])
def test_nothing_is_told_of_another_router(adapter):
    assert explain(adapter, "/", "GET", websocket=False, describe=DESCRIBE) is None


# Did you mean


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/prodcts", ["/products"]),
        ("/prodcts/7", ["/products/7"]),
        ("/PRODUCTS", ["/products"]),
        ("/products/", ["/products"]),
        ("/about", ["/about/us"]),
        ("/us", ["/about/us"]),
        ("/user/7x", ["/user/<int:id>"]),
        ("/usr/7x", ["/user/<int:id>"]),
        ("/user/7/x", ["/user/7"]),
        ("/api/products", ["/products"]),
        ("/statc/a/b.css", ["/static/a/b.css"]),
        ("/static", ["/static/<path:name>"]),
        ("/prod", ["/products"]),
        ("/zzzz", []),
        ("/", []),
        ("/" + "x" * 100_000, []),
        ("/products" + "/x" * 5000, []),
    ],
)
def test_what_was_perhaps_meant(path, expected):
    rules = [
        "/products",
        "/products/<int:id>",
        "/user/<int:id>",
        "/",
        "/about/us",
        "/<a>/<b>/<c>/<d>",
    ]
    found = explained([*rules, "/static/<path:name>"], path)

    assert list(found.near)[:1] == expected
    assert len(found.near) <= 3


def test_rules_that_are_only_built_were_not_meant():
    assert explained([rule("/products", build_only=True)], "/product").near == ()


@pytest.mark.parametrize(
    ("path", "near"),
    [
        ("/stats/failures_full_history/csv", ("/stats/failures/csv",)),
        ("/stats/failurez/csv", ("/stats/failures/csv",)),
        ("/stats/reset", ()),
    ],
)
def test_a_rule_that_takes_any_rest_is_no_advice_for_another_beginning(path, near):
    rules = ["/static/<path:name>", "/stats/failures/csv", rule("/stats/reset", methods=["POST"])]

    assert explained(rules, path).near == near


def test_what_was_meant_is_told_with_its_methods():
    found = explained([rule("/items/<int:id>", methods=["POST"])], "/itms/5")

    assert (found.near, found.near_methods) == (("/items/5",), (("POST",),))


def test_a_rule_of_some_subdomain_is_no_advice_where_there_is_none():
    def near(path, **bind):
        rules = [rule("/item/login", subdomain="<name>"), "/about"]
        return explained(rules, path, bind=bind).near

    assert near("/item/login") == ()
    assert near("/item/logn", subdomain="shop") == ("/item/login",)


def test_a_rule_that_takes_some_rests_only_is_not_the_nearest_of_all():
    found = explained(["/very-long-name-<path:rest>", "/books/<int:id>"], "/bokos/3")

    assert found.candidates[0].rule == "/books/<int:id>"
    assert found.near == ("/books/3",)


def test_another_rule_may_take_the_method():
    rules = [rule("/cart", methods=["POST"]), "/cart/items", rule("/carts", methods=["PUT"])]

    assert explained(rules, "/cart").near == ("/cart/items",)


# Secrets


@pytest.mark.parametrize(
    ("rules", "path", "method"),
    [
        (["/reset/<token>"], "/reset/s3cr3t-value", "POST"),
        (["/reset/<token>/"], "/reset/s3cr3t-value", "GET"),
        (["/reset/<token>"], "/reset/s3cr3t-value/x", "GET"),
        (["/reset/<token>"], "/reset/s3cr3t-value/x/y/z", "GET"),
        (["/reset/<token>"], "/rset/s3cr3t-value", "GET"),
        (["/reset/<int:token>"], "/reset/s3cr3t-value", "GET"),
        (["/reset/<path:token>"], "/rest/s3cr3t-value", "GET"),
        (["/reset/<a>.<token>"], "/reset/s3cr3t-value", "GET"),
        (["/reset/<token>", "/other/<int:id>", "/<x>/<int:y>"], "/reset/s3cr3t-value/", "GET"),
    ],
)
@pytest.mark.parametrize("long", [1, 20])
def test_secrets_of_the_path_are_in_no_reason(rules, path, method, long):
    path = path.replace("value", "value" * long)
    rules = [rule(item, methods=["GET"]) for item in rules]
    found = explained(rules, path, method)

    assert "s3cr3t" not in repr(found.candidates)
    assert any("s3cr3t" in item for item in found.secrets)


def test_what_the_rules_say_themselves_is_no_secret():
    found = explained(["/api/<token>", "/api/users/<int:id>"], "/api/users/x/y")

    assert found.secrets == ()


# What a client may send


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "//",
        "/" * 10_000,
        "/a" * 5000,
        "/" + "a" * 10_000,
        "/wiki/" + "x/" * 5000,
        "/\udcff/\x00/\u202e",
        "/<int:id>",
        "/%2e%2e/..",
        "/{0}/{value}",
    ],
)
def test_hostile_paths_are_told_short(path):
    rules = ["/", "/<int:id>", "/wiki/<path:a>/x/<path:b>/y/<path:c>", "/a/<b>/<c>", "/{0}"]
    found = explained(rules, path)

    assert all(len(item.refused or "") < 250 for item in found.candidates)
    assert all(len(item) < 300 for item in found.near)
    repr(found).encode()


def test_a_pattern_that_takes_the_cube_of_the_path_is_not_tried_again():
    rules = ["/<path:a>/x/<path:b>/x/<path:c>/x/<path:d>/y", "/z"]
    found = explained(rules, "/x" * 5000)

    assert "was not gone through again, it would take too long" in dict(told(found)).values()


@long
def test_a_big_map_tells_the_nearest():
    rules = [f"/api/thing{number}/<int:id>" for number in range(3000)]
    found = explained(rules, "/api/thing77/x")

    assert told(found)[0] == ("/api/thing77/<int:id>", "the int converter does not take 'x'")
    assert (len(found.candidates), found.others) == (LIMIT, 2980)


def steps(count, path):
    """Return how many functions are called to explain a match among *count* rules."""
    made = Map([rule(f"/api/thing{number}/<int:id>") for number in range(count)])
    adapter = made.bind("example.com")
    adapter.map.update()
    made = 0

    def count_calls(_frame, event, _argument):
        nonlocal made
        made += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(count_calls)
    try:
        explain(adapter, path, "GET", websocket=False, describe=DESCRIBE)
    finally:
        sys.setprofile(before)
    return made


@long
@pytest.mark.parametrize(
    "path", ["/api/thing77/x", "/x", "/" + "x" * 10_000, "/api" * 2500, "/thing/7/7"]
)
def test_the_cost_grows_with_the_rules_and_has_an_end(path, monkeypatch):
    monkeypatch.setattr(candidates, "MOST_RULES", 250)
    few, some, most, more = (steps(count, path) for count in (25, 225, 300, 500))

    assert some < 12 * few
    assert more < 1.2 * most


@long
def test_the_cost_does_not_grow_with_the_path():
    short = steps(500, "/api/thing77/x")

    assert steps(500, "/" + "x" * 10_000) < 10 * short
    assert steps(500, "/x" * 5_000) < 10 * short
    assert steps(500, "/" * 10_000) < 10 * short


# The same as werkzeug, whatever is matched

SEGMENTS = st.sampled_from(
    (
        "a", "b", "A", "1", "", "<x>", "<int:x>", "<int(max=5):x>", "<float:x>", "<any(a, b):x>",
        "<path:x>", "<string(length=1):x>", "<int(min=1, fixed_digits=2):x>", "a<x>", "<x>-<y>",
    )
)  # fmt: skip
TEXTS = st.sampled_from(["a", "b", "A", "1", "7", "12", "01", "1.5", "a-b", "ab", "", "é"])
METHODS = st.sampled_from(["GET", "POST", "DELETE"])


@st.composite
def rules(draw):
    parts = draw(st.lists(SEGMENTS, min_size=1, max_size=4))
    names = iter("defghijklmnopqrstuvw")
    parts = [
        part.replace("x>", f"{next(names)}>").replace("y>", f"{next(names)}>") for part in parts
    ]
    some = draw(st.sampled_from([None, ["GET"], ["POST"], ["POST", "DELETE"]]))
    websocket = draw(st.integers(0, 9)) == 0
    text = "/" + "/".join(parts)
    made = {
        "endpoint": draw(st.sampled_from(["e", "f", "g"])),
        "methods": None if websocket else some,
        "websocket": websocket,
        "strict_slashes": draw(st.sampled_from([None, True, False])),
        "merge_slashes": draw(st.sampled_from([None, None, True, False])),
        "build_only": draw(st.integers(0, 9)) == 0,
        "alias": draw(st.integers(0, 9)) == 0,
        "redirect_to": draw(st.sampled_from([None] * 9 + ["/elsewhere"])),
        "subdomain": draw(st.sampled_from(["", "", "", "api", "<sub>"])),
    }
    if draw(st.integers(0, 3)) == 0:
        made["defaults"] = {draw(st.sampled_from("defg")): draw(st.sampled_from([1, "a"]))}
    return text, made


PATHS = st.lists(TEXTS, max_size=5).map(lambda parts: "/" + "/".join(parts))


def made_of(given_rules, **more):
    made = Map(**more)
    for text, options in given_rules:
        with suppress(ValueError):  # a default that the converter does not take
            made.add(Rule(text, **options))
    return made


def outcome_of(adapter, path, method, websocket):
    try:
        found, _ = adapter.match(path, method, return_rule=True, websocket=websocket)
    except RequestRedirect:
        return "redirect", None
    except MethodNotAllowed as error:
        return "method", set(error.valid_methods)
    except NotFound:
        return "none", None
    except WebsocketMismatch:
        return "websocket", None
    return "matched", found


@settings(max_examples=many(1500), deadline=None)
@given(
    given_rules=st.lists(rules(), min_size=1, max_size=8),
    paths=st.lists(PATHS, min_size=1, max_size=4),
    method=METHODS,
    websocket=st.sampled_from([False, False, False, True]),
    merge=st.booleans(),
    redirects=st.booleans(),
    subdomain=st.sampled_from(["", "", "api", "<invalid>"]),
)
def test_the_outcome_is_werkzeugs(
    given_rules, paths, method, websocket, merge, redirects, subdomain
):
    made = made_of(given_rules, merge_slashes=merge, redirect_defaults=redirects)
    adapter = made.bind("example.com", subdomain=subdomain)
    for path in paths:
        try:
            outcome, more = outcome_of(adapter, path, method, websocket)
        except Exception:  # noqa: BLE001
            continue  # the target of a redirect cannot be built
        found = explain(adapter, path, method, websocket=websocket, describe=DESCRIBE)
        refusals = [item.refused for item in found.candidates]

        assert found.outcome == outcome
        assert found.others + len(refusals) == len(list(made.iter_rules()))
        if outcome == "matched":
            assert (found.chosen.rule, found.chosen.endpoint) == (more.rule, more.endpoint)
            assert refusals.count(None) == 1
        else:
            assert found.chosen is None
            assert None not in refusals
        if outcome == "method":
            only = [
                item for item in found.candidates if re.match("is only for [A-Z]", item.refused)
            ]
            assert more == {name for item in only for name in item.methods}
        if outcome == "websocket":
            assert any("websocket rule" in refused for refused in refusals)
        if outcome == "redirect":
            assert any("redirects" in why or "slash" in why for why in refusals)


class Asked(set):
    """Methods that say when werkzeug asks for them, and never have the one that is asked for."""

    def __init__(self, name, log):
        super().__init__({"PUT"})
        self.name, self.log = name, log

    def __contains__(self, method):
        self.log.append(self.name)
        return False


@settings(max_examples=many(500), deadline=None)
@given(given_rules=st.lists(rules(), min_size=1, max_size=8), path=PATHS)
def test_the_order_is_werkzeugs(given_rules, path):
    log = []
    made = made_of(
        (text, {**more, "methods": ["PUT"]}) for text, more in given_rules if not more["websocket"]
    )
    made.update()  # as each match does
    adapter = made.bind("example.com")
    found = explain(adapter, path, "GET", websocket=False, describe=DESCRIBE)
    tried = [item for item in found.candidates if "is only for PUT" in item.refused]
    for item in made.iter_rules():
        item.methods = Asked(item, log)
    with pytest.raises((NotFound, MethodNotAllowed)):
        adapter.match(path, "GET")
    asked = []
    for item in log:  # each of the two passes asks
        if not any(item is other for other in asked):
            asked.append(item)

    assert [(item.rule, item.endpoint) for item in tried] == [(r.rule, r.endpoint) for r in asked]
