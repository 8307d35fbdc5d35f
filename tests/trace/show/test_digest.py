"""What many traces say together: the digest, the endpoints, the map, the points, the words."""

from dataclasses import replace

import flask
import pytest
from flask.views import MethodView

import flasktrace
from flasktrace import Flask
from flasktrace.trace.keep.store import open_store
from flasktrace.trace.model import Point, Span, Summary
from flasktrace.trace.query import FIELDS, Query
from flasktrace.trace.record.map import describe_map
from flasktrace.trace.show import digest as digests
from flasktrace.trace.show.about import about
from flasktrace.trace.show.digest import PARTS, Digest
from flasktrace.trace.show.endpoints import BINS, SORTS, endpoints
from flasktrace.trace.show.map import app_map
from flasktrace.trace.show.row import rows
from flasktrace.trace.show.scatter import moment, scatter
from flasktrace.trace.show.vocabulary import vocabulary
from tests.flasks import old_signatures
from tests.trace.samples import MS, cart, code, crash, early, many


@pytest.fixture(params=["memory", "sqlite"])
def store(request, tmp_path):
    url = "memory:" if request.param == "memory" else f"sqlite:///{tmp_path}/traces.db"
    opened = open_store(url, max_traces=30)
    yield opened
    opened.close()


def ids(found: list[Summary]) -> list[int]:
    return [int(item.id, 16) for item in found]


def of(store, name):
    return {item["endpoint"]: item for item in endpoints(Digest(store))["endpoints"]}[name]


def test_a_digest_holds_what_the_store_holds_and_catches_up(store):
    digest = Digest(store)
    assert digest.summaries() == []
    store.put(many(20))
    assert ids(digest.summaries()) == list(range(20))

    store.put(many(35)[20:])  # five of the oldest leave the store
    assert ids(digest.summaries()) == list(range(5, 35))
    store.put([replace(cart(), id=f"{9:032x}")])
    assert ids(digest.summaries())[-2:] == [34, 9]
    store.clear()
    assert digest.summaries() == []
    store.put(many(2))
    assert ids(digest.summaries()) == [0, 1]


def test_a_digest_looks_at_so_many_and_no_more(store):
    store.put(many(20))
    digest = Digest(store, most=5)

    assert ids(digest.summaries()) == [15, 16, 17, 18, 19]
    store.put(many(22)[20:])
    assert ids(digest.summaries()) == [17, 18, 19, 20, 21]


def test_only_some_traces_of_each_endpoint_are_read_whole(store, monkeypatch):
    monkeypatch.setattr(digests, "CLOSELY", 3)
    store.put(many(30))
    digest = Digest(store)
    read: list[str] = []
    get = store.get
    monkeypatch.setattr(store, "get", lambda trace_id: read.append(trace_id) or get(trace_id))

    works = digest.works(digest.summaries())
    assert sorted(works) == sorted(read)
    assert sorted(int(each, 16) for each in read) == list(range(21, 30))
    digest.works(digest.summaries())
    assert len(read) == 9  # and none of them twice


def test_an_endpoint_tells_how_many_how_fast_and_how_often_wrong(store):
    times = [number * MS for number in range(1, 21)]
    store.put(
        [
            replace(
                cart() if number < 17 else crash(),
                id=f"{number:032x}",
                endpoint="page",
                duration_ns=duration_ns,
            )
            for number, duration_ns in enumerate(times)
        ]
    )
    told = of(store, "page")

    assert (told["count"], told["errors"], told["per_minute"]) == (20, 3, 20.0)
    assert [told[f"p{part}_ns"] for part in (50, 95, 99)] == [10 * MS, 19 * MS, 20 * MS]
    assert told["slowest"] == f"{19:032x}"
    assert sum(told["histogram"]) == 20
    assert len(told["histogram"]) == BINS
    assert told["histogram"][5] == 1  # 1 ms is the first of its column
    assert told["share"] == 1.0


def test_what_answered_without_an_endpoint_is_told_beside_them(store):
    store.put([early()])

    assert of(store, None)["count"] == 1
    assert of(store, None)["rules"] == []


def test_shares_of_stages_take_a_lazy_match_off_the_stage_around_it(store):
    times = [(0, MS), (MS, 4 * MS), (2 * MS, MS), (5 * MS, 2 * MS), (7 * MS, 0), (7 * MS, MS)]
    times.append((8 * MS, MS))
    lazy = replace(
        cart(),
        duration_ns=10 * MS,
        stages=tuple(
            replace(stage, start_ns=start, duration_ns=length)
            for stage, (start, length) in zip(
                cart().stages,
                times,
                strict=True,
            )
        ),
    )
    store.put([lazy])
    shares = {part["stage"]: part["share"] for part in of(store, "cart")["stages"]}

    assert list(shares) == list(PARTS)
    assert shares["preprocess"] == 0.3
    assert shares["match"] == 0.1
    assert shares["body"] == 0.1
    assert sum(shares.values()) == pytest.approx(1.0)


def test_hooks_are_told_with_their_share_and_mean(store):
    store.put([cart(), replace(cart(), id="a" * 32, spans=cart().spans[1:])])
    hooks = {hook["name"]: hook for hook in of(store, "cart")["hooks"]}

    assert list(hooks)[:2] == ["cart", "cart.html"]
    assert hooks["load_user"]["count"] == 1
    assert hooks["load_user"]["mean_ns"] == 350_000
    assert hooks["load_user"]["share"] == pytest.approx(0.7 / 24)


def test_the_request_with_most_queries_is_told(store):
    query = Span(8, 2, "dispatch", "query", "SELECT 1", 2 * MS, MS, {})
    store.put([cart(), replace(cart(), id="a" * 32, spans=(*cart().spans, query, query))])

    assert (of(store, "cart")["most_queries"], of(store, "cart")["queries"]) == ("a" * 32, 2)


@pytest.mark.parametrize("sort", SORTS)
def test_every_order_puts_the_most_first(store, sort):
    store.put(many(30))
    found = endpoints(Digest(store), sort)["endpoints"]

    assert [SORTS[sort](item) for item in found] == sorted(SORTS[sort](item) for item in found)
    assert len(found) == 3


def test_the_map_tells_what_has_run(store):
    app = Flask("shop", static_folder=None)
    cart_code = code("cart", "/app/shop.py", 88)
    app.add_url_rule("/cart", "cart", lambda: "cart.html")
    app.add_url_rule("/new", "new", lambda: "")
    app.before_request(lambda: None)
    described = describe_map(app)
    for item in described:
        item["steps"][0].update(name="load_user", file="/app/shop.py", line=41)
        item["steps"][1].update(name="cart", file=cart_code["code.file.path"], line=88)
    store.put([cart(), replace(cart(), id="a" * 32, spans=cart().spans[1:])])
    told = app_map(described, Digest(store))
    first, second = told["endpoints"]

    assert [(step["kind"], step["ran"]) for step in first["steps"]] == [
        ("before_request", 1),
        ("view", 2),
    ]
    assert first["templates"] == [{"name": "cart.html", "ran": 2}]
    assert (first["traces"], second["traces"], told["never"]) == (2, 0, 1)
    assert [step["ran"] for step in second["steps"]] == [0, 0]


def test_the_map_counts_the_functions_of_a_class_of_views(store):
    class Basket(MethodView):
        def get(self):
            return "one"

        def put(self):
            return "two"

    class Other(MethodView):
        def get(self):
            return ""

    app = flask.Flask("shop", static_folder=None)
    app.add_url_rule("/basket", view_func=Basket.as_view("basket"))
    app.add_url_rule("/other", view_func=Other.as_view("other"))
    with flasktrace.capture(app) as traces:
        client = app.test_client()
        for method in ("GET", "PUT", "GET", "HEAD"):
            client.open("/basket", method=method)
    store.put(traces)
    told = app_map(describe_map(app), Digest(store))
    view, other = (item["view"] for item in told["endpoints"])

    assert view["name"].endswith("Basket")
    assert view["ran"] == 4
    assert view["methods"] == [
        {"name": f"{view['name']}.get", "ran": 3},
        {"name": f"{view['name']}.put", "ran": 1},
    ]
    assert other["ran"] == 0
    assert other["methods"] == [{"name": f"{other['name']}.get", "ran": 0}]


def test_the_map_says_nothing_of_how_often_a_method_of_the_app_answered(store):
    with old_signatures():

        class Mine(flask.Flask):
            def handle_exception(self, e):
                return flask.Response("mine")

    app = Mine("shop", static_folder=None)
    app.add_url_rule("/", "index", lambda: 1 / 0)
    with flasktrace.capture(app) as traces:
        assert app.test_client().get("/").text == "mine"
    store.put(traces)
    (told,) = app_map(describe_map(app), Digest(store))["endpoints"]

    (method,) = told["handlers"]

    assert (method["name"], method["ran"]) == ("handle_exception", None)


def test_points_lie_between_the_first_and_the_last_on_a_scale_of_logarithms():
    points = [
        Point("c" * 32, 3_000_000, 100 * MS, 500),
        Point("b" * 32, 2_000_000, MS, 404),
        Point("a" * 32, 1_000_000, 1, None),
    ]
    drawn = scatter(points)

    assert drawn is not None
    assert [(dot.x, dot.y) for dot in drawn.dots] == [(0.0, 100.0), (50.0, 66.67), (100.0, 0.0)]
    assert [dot.shape for dot in drawn.dots] == ["cross", "corner", "cross"]
    assert [mark.text for mark in drawn.marks] == ["0.10 ms", "1.00 ms", "10.0 ms", "100 ms"]
    assert drawn.counts == (("4xx", 1), ("5xx", 1), ("none", 1))


@pytest.mark.parametrize("count", [0, 1])
def test_a_single_point_is_not_drawn(count):
    assert scatter([Point("a" * 32, 0, MS, 200)] * count) is None


def test_points_that_cannot_be_in_a_calendar_are_drawn_all_the_same():
    drawn = scatter([Point("a" * 32, 2**62, 2**62, 200), Point("b" * 32, -(2**62), 0, 200)])

    assert drawn is not None
    assert {(dot.x, dot.y) for dot in drawn.dots} == {(0.0, 100.0), (100.0, 0.0)}
    assert moment(2**62) == ""
    assert moment(0) == "1970-01-01T00:00:00.000000+00:00"


def test_a_divider_stands_where_a_request_came_before_the_process_of_the_next_was_born():
    def at(second: int, born: int, pid: int) -> Summary:
        moments = (f"2026-11-23T10:20:{number:02}.000000+00:00" for number in (second, born))
        started, since = moments
        return replace(cart().summary(), started=started, born=since, pid=pid)

    # Two workers from the beginning; then one of them is replaced.
    found = rows([at(9, 7, 3), at(8, 0, 2), at(6, 1, 1), at(5, 0, 2), at(4, 1, 1)])

    assert [row.get("divider") for row in found] == [False, False, False, False, None]
    found = rows([at(9, 7, 3), at(6, 0, 2), at(5, 1, 1)])
    assert [row.get("divider") for row in found] == [True, False, None]
    assert "process 3 began to record at" in found[0]["restart"]


def test_the_words_of_a_filter_are_those_that_are_there(store):
    store.put([cart(), crash(), early()])
    told = vocabulary(Digest(store))

    assert told["fields"] == FIELDS
    values = told["values"]
    assert values["endpoint"] == ["cart", "crash"]
    assert values["status"] == ["2xx", "3xx", "4xx", "5xx", "200", "500", "302"]
    assert values["g"] == ["db", "user"]
    for name, found in values.items():
        for value in found:
            Query.parse(f'{name}:"{value}"')


def test_the_examples_of_all_fields_are_understood():
    for name, example in FIELDS.items():
        first = example.split(" or ")[0].split(", ")[0].partition(" (")[0]
        assert Query.parse(first).terms, name


def test_about_names_what_is_lost_and_what_is_left_out(store):
    store.put([cart()])
    health = {
        "flasktrace": "1",
        "store": {"state": "kept in memory only: full", "bytes": 2048},
        "counters": {"stored": 3, "dropped_queue_full": 2, "failed": 0},
        "skipped": {"excluded": 4, "sampled_out": 0},
        "internal_errors": {"push": 1},
        "switched_off": ["match"],
    }
    told = about(
        health, {"token": None, "exclude": ("/static/*", "/x"), "limits": {}}, Digest(store)
    )
    groups = {title: dict(facts) for title, facts in told["groups"]}

    assert told["problems"] == [
        "The store: kept in memory only: full",
        "1 error inside the tracer, in push",
        "Switched off after errors: match",
        "dropped queue full: 2",
    ]
    assert told["skipped"] == "4 excluded by their path"
    assert groups["Store"]["bytes"] == "2.0 kB"
    assert groups["Own cost"]["median per request"] == "0.31 ms"
    assert groups["Settings in force"] == {
        "token": "not set",
        "exclude": "/static/*, /x",
        "limits": "none changed",
    }


def test_about_can_be_read_before_the_first_request(store):
    told = about({}, {}, Digest(store))

    assert told["problems"] == []
    assert ("per request", "not known before the first request") in dict(told["groups"])["Own cost"]
