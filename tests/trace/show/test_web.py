"""The dashboard behind its gate: pages, data, the live feed, and hostile text in all of them."""

import json
import re
from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from html.parser import HTMLParser
from typing import Any

import pytest
from werkzeug.test import Client, EnvironBuilder, TestResponse

from flasktrace import Flask
from flasktrace.trace.model import Candidate, Change, Page, Routing, Stage, Trace
from flasktrace.trace.query import Query
from flasktrace.trace.record.map import describe_map
from flasktrace.trace.show import assets
from flasktrace.trace.show.access import HEADERS, Access
from flasktrace.trace.show.cards import stack
from flasktrace.trace.show.feed import HEARTBEAT, LONGEST, MOST, PAUSE, Feed
from flasktrace.trace.show.lane import PLACES, first_look, lane
from flasktrace.trace.show.scale import Scale
from flasktrace.trace.show.waterfall import Look, waterfall
from flasktrace.trace.show.web import Dashboard, create_app
from tests.cases import cover
from tests.trace.samples import MS, cart, crash, early, many, missing
from tests.trace.show.fakes import FakeLedger, FakeStore

SHOP = Flask("shop", static_folder=None)
SHOP.add_url_rule("/cart", "cart", lambda: "the cart")
SHOP.before_request(lambda: None)
TOKEN = "an-api-token-of-the-test"
CART = cart().id


def dashboard(store: Any, running: Sequence[dict[str, Any]] = ()) -> Dashboard:
    access = Access(token=TOKEN, trusted_hosts=(), ledger=FakeLedger(), app_name="shop")
    made = create_app(
        store,
        access,
        mount="/_trace",
        health=lambda: {"store": "fake"},
        in_flight=lambda: list(running),
        describe=lambda: describe_map(SHOP),
        settings=lambda: {"store": "memory:", "exclude": ("/static/*",), "token": None},
    )
    assert isinstance(made, Dashboard)
    return made


class Browser:
    """Asks the dashboard as the tracer would hand requests on, with the API token."""

    def __init__(
        self,
        traces: Sequence[Trace] = (),
        store: Any = None,
        running: Sequence[dict[str, Any]] = (),
    ) -> None:
        self.app = dashboard(store or FakeStore(traces), running)
        self.client = Client(self.app)

    def get(self, path: str, method: str = "GET", **headers: str) -> TestResponse:
        sent = {"Authorization": f"Bearer {TOKEN}", **headers}
        builder = EnvironBuilder(path, "http://localhost/_trace", method=method, headers=sent)
        environ = builder.get_environ()
        environ["wsgi.multithread"] = False
        return self.client.open(environ)

    def page(self, path: str) -> "Html":
        response = self.get(path)
        assert response.status_code == 200
        return Html(response.text)


class Html(HTMLParser):
    """A page as a list of its tags, for questions about it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.source = text
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))

    def having(self, attribute: str) -> list[dict[str, str | None]]:
        return [attrs for _, attrs in self.tags if attribute in attrs]

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


def rows(page: Html) -> list[str]:
    return [str(attrs["data-id"]) for attrs in page.having("data-id") if attrs["data-id"]]


def test_the_list_shows_the_newest_first() -> None:
    page = Browser(many(3)).page("/")

    assert [f"{n:032x}" for n in (2, 1, 0)] == rows(page)


def test_a_row_says_what_happened_and_links_to_the_request() -> None:
    page = Browser([crash()]).page("/")

    for word in ("GET", "/crash?page=2", "500", "12.0 ms", "KeyError", "no handler"):
        assert word in page.text
    assert f"/_trace/{'1' * 32}" in [link["href"] for link in page.all("a")]
    assert "2026-11-23T10:20:30.123456+00:00" in [time["datetime"] for time in page.all("time")]


def test_the_page_of_a_request_says_who_changed_the_response() -> None:
    change = Change(4, -1, "response", "header X-Page", None, "1", "add (shop.py:60)", 5)
    base = cart()
    stages = tuple(
        replace(stage, changes=(change,)) if stage.name == "postprocess" else stage
        for stage in base.stages
    )
    response = replace(base.response, chunks=2, last_byte_ns=3 * MS, longest_gap_ns=2 * MS)
    page = Browser([replace(base, stages=stages, response=response)]).page(f"/{CART}")

    assert "response header X-Page = 1, set by add (shop.py:60)" in page.text
    assert "last at 3.00 ms, longest gap 2.00 ms" in page.text
    assert "set by add" not in str(stack(replace(base, stages=stages), "postprocess"))


def test_a_long_list_goes_on_by_the_older_link_until_the_end() -> None:
    browser = Browser(many(120))
    seen: list[str] = []
    address: str | None = "/"
    while address:
        page = browser.page(address)
        seen += rows(page)
        older = page.having("data-older")
        address = str(older[0]["href"]).removeprefix("/_trace") if older else None

    assert [f"{n:032x}" for n in range(119, -1, -1)] == seen


def test_the_list_shows_what_the_filter_asks_for_and_keeps_it_in_its_links() -> None:
    page = Browser(many(300)).page("/?q=status:5xx")

    assert set(rows(page)) <= {f"{n:032x}" for n in range(1, 300, 3)}
    assert len(rows(page)) == 50
    assert "q=status%3A5xx&before=" in str(page.having("data-older")[0]["href"])
    assert [box["value"] for box in page.all("input")] == ["status:5xx"]


RUNNING: dict[str, Any] = {
    "id": "a" * 32,
    "method": "GET",
    "path": "/slow<script>\x1b[2J",
    "since": "2026-11-23T10:20:30.123456+00:00",
    "for_ns": 3_200 * MS,
    "stage": "dispatch",
    "doing": "view slow (shop.py:12)",
    "thread": "Thread-7",
    "ident": 140,
    "pid": 9,
    "stack": ["slow (shop.py:14)", "<b>wait (shop.py:40)"],
}


def test_the_list_links_to_what_is_running() -> None:
    page = Browser(running=[RUNNING]).page("/")

    assert "1 running now" in page.text
    assert "/_trace/running" in [link["href"] for link in page.all("a")]


def test_what_is_running_is_shown_with_its_stack() -> None:
    page = Browser(running=[RUNNING, {**RUNNING, "stage": None, "doing": None, "stack": []}])
    shown = page.page("/running")

    for words in ("2 requests", "/slow<script>", "for 3.20 s", "dispatch · view slow (shop.py:12)"):
        assert words in shown.text
    for words in ("Thread-7 (140) of process 9", "<b>wait (shop.py:40)", "between stages"):
        assert words in shown.text
    assert "cannot be seen" in shown.text
    assert "\x1b" not in shown.source
    assert shown.all("b") == []


def test_when_nothing_is_running_the_page_says_so() -> None:
    assert "Nothing is running" in Browser().page("/running").text


def test_what_is_running_is_there_as_data_for_those_who_may_see_it() -> None:
    browser = Browser(running=[RUNNING])

    answer = browser.get("/api/in-flight")

    assert answer.json == {"in_flight": [RUNNING]}
    assert "<" not in answer.text
    for path in ("/api/in-flight", "/running"):
        assert browser.get(path, Authorization="Bearer wrong").status_code == 401
        assert browser.get(path, method="POST").status_code in {403, 405}


def test_an_empty_list_says_what_to_do() -> None:
    page = Browser().page("/")

    assert "Nothing recorded yet" in page.text
    assert "curl http://localhost/" in page.text
    assert "flasktrace doctor" in page.text


def test_a_filter_that_fits_nothing_says_so_and_offers_all() -> None:
    page = Browser(many(3)).page("/?q=status:404")

    assert "No request fits this filter" in page.text


def test_the_live_feed_begins_where_the_page_was_made() -> None:
    page = Browser(many(3)).page("/")

    assert [table["data-live-from"] for table in page.having("data-live-from")] == ["3"]


def test_an_older_page_is_not_live() -> None:
    page = Browser(many(9)).page("/?before=5")

    assert [table["data-live-from"] for table in page.having("data-live-from")] == [""]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("/?q=status:x", "status:x"),
        ("/?before=x", "x"),
        ("/?before=-1", "-1"),
        ("/?before=%D9%A1", "\u0661"),
        ("/api/traces?q=status:x", "status:x"),
        ("/api/traces?limit=0", "0"),
        ("/api/traces?limit=-1", "-1"),
        ("/api/traces?limit=501", "501"),
        ("/api/traces?limit=many", "many"),
        ("/api/traces?limit=99999999999999999999999", "9999999999"),
        ("/api/traces?before=1.5", "1.5"),
        ("/events?after=x", "x"),
        ("/events?q=status:x", "status:x"),
    ],
)
def test_a_wrong_parameter_is_named_with_its_value(path: str, value: str) -> None:
    response = Browser(many(3)).get(path)

    assert response.status_code == 400
    text = response.text if path.startswith("/?") else json.loads(response.text)["error"]
    assert value in text


def test_the_page_of_a_request_puts_the_verdict_on_top() -> None:
    page = Browser([cart()]).page(f"/{CART}")

    heading = page.source.index("<h1")
    assert "200 from the view cart (shop.py:88)." in page.source[heading : heading + 200]
    assert heading < page.source.index("data-lane")


def test_all_stages_stand_in_their_places_and_one_is_open() -> None:
    page = Browser([early()]).page(f"/{'2' * 32}")

    assert [*PLACES] == [step["data-step"] for step in page.having("data-step")]
    assert [*PLACES] == [panel["data-panel"] for panel in page.having("data-panel")]
    opened = [panel["data-panel"] for panel in page.having("data-panel") if "hidden" not in panel]
    assert opened == ["preprocess"]
    current = [step["data-step"] for step in page.having("aria-current")]
    assert current == ["preprocess"]


@pytest.mark.parametrize("name", PLACES)
def test_a_plain_link_opens_any_stage(name: str) -> None:
    page = Browser([cart()]).page(f"/{CART}?stage={name}")

    opened = [panel["data-panel"] for panel in page.having("data-panel") if "hidden" not in panel]
    assert [name] == opened


def test_a_stage_that_is_none_opens_the_most_telling_one() -> None:
    page = Browser([crash()]).page(f"/{'1' * 32}?stage=%3Cb%3E")

    assert [step["data-step"] for step in page.having("aria-current")] == ["dispatch"]


def test_a_stage_that_did_not_run_is_hollow_and_says_why() -> None:
    page = Browser([early()]).page(f"/{'2' * 32}?stage=match")

    assert "before_request require_login answered first" in page.text
    classes = {str(step["data-step"]): str(step["class"]) for step in page.having("data-step")}
    assert "step-hollow" in classes["match"]
    assert "step-ran" in classes["preprocess"]


def test_the_rules_that_were_refused_stand_in_the_match_panel() -> None:
    page = Browser([missing()]).page(f"/{missing().id}")
    text = " ".join(page.text.split())

    assert first_look(missing()) == "match"
    assert "did you mean /user/<int:id> or /user/? Candidates Rule Why not" in text
    assert "/cart cart, GET, HEAD, OPTIONS segment 1 is 'user', not 'cart'" in text
    assert "… and 13 other rules Rule Why not /login login, GET, HEAD, OPTIONS" in text
    assert "segment 1 is 'user', not 'login' … and 12 other rules" in text
    assert text.count("Candidates") == 1


@pytest.mark.parametrize(
    ("others", "told"), [(0, []), (1, ["1 other rule"]), (9, ["9 other rules"])]
)
def test_few_candidates_are_shown_at_once(others: int, told: list[str]) -> None:
    routing = Routing("none", (Candidate("/x", "x", (), "is a websocket rule"),), others=others)
    page = Browser([replace(missing(), routing=routing)]).page(f"/{missing().id}")

    assert re.findall(r"\d+ other rules?", page.text) == told
    assert "did you mean" not in page.text


def test_a_hook_that_answered_tells_more_than_the_rules() -> None:
    trace = replace(missing(), marks=("no route", "answered by a hook"))

    assert first_look(trace) == "dispatch"
    assert "Why not" not in Browser([cart()]).page(f"/{cart().id}").text


def test_a_stage_that_raised_is_marked_in_words() -> None:
    page = Browser([crash()]).page(f"/{'1' * 32}")

    classes = {str(step["data-step"]): str(step["class"]) for step in page.having("data-step")}
    assert "step-raised" in classes["dispatch"]
    assert "✗ raised" in page.text


def test_the_exception_is_there_with_its_source() -> None:
    page = Browser([crash()]).page(f"/{'1' * 32}")

    for words in ("KeyError: 'gold'", "no handler", "/app/shop.py:120", 'return PRICES["gold"]'):
        assert words in page.text


def test_the_waterfall_draws_by_attributes_and_names_every_span() -> None:
    page = Browser([cart()]).page(f"/{CART}")

    for span in cart().spans:
        assert span.name in page.text
        assert f"span-{span.id}" in {attrs["id"] for attrs in page.having("id")}
    assert all("width" in piece for piece in page.all("rect"))


def test_the_page_tells_what_the_tracer_took_and_left_out() -> None:
    page = Browser([replace(cart(), dropped={"spans": 7}, partial=True)]).page(f"/{CART}")

    assert "tracer 0.31 ms" in page.text
    assert "7 spans" in page.text
    assert "partial" in page.text


def test_a_page_of_an_app_without_stages_can_be_read() -> None:
    stages = tuple(
        Stage(name=stage.name, start_ns=None, duration_ns=0, skipped="not visible in this app")
        for stage in cart().stages
    )
    bare = replace(
        cart(),
        stages=stages,
        spans=(),
        events=(),
        changes=(),
        duration_ns=0,
        response=replace(cart().response, status=None, chunks=0, first_byte_ns=None, headers=()),
    )

    page = Browser([bare]).page(f"/{CART}")

    assert "not visible in this app" in page.text
    assert "no body was sent" in page.text
    assert "Nothing was timed" in page.text


def test_the_beginning_of_an_id_leads_to_the_request() -> None:
    browser = Browser([cart()])

    response = browser.get(f"/{CART[:8]}")

    assert response.status_code == 302
    assert response.headers["Location"] == f"/_trace/{CART}"
    assert Browser([cart(), cart()]).get(f"/{CART[:8]}").status_code == 404
    assert browser.get(f"/{CART[:7]}").status_code == 404
    assert browser.get("/" + "9" * 8).status_code == 404


@pytest.mark.parametrize("path", [f"/{'f' * 32}", "/nothing", f"/{'0' * 31}", f"/{'0' * 33}"])
def test_what_is_not_there_is_not_found(path: str) -> None:
    assert Browser([cart()]).get(path).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/..",
        "/../x",
        "/%2e%2e/x",
        "//",
        "/\\x",
        "/%00",
        "/static/..",
        "/static/../base.css",
        "/static/%2e%2e%2fbase.css",
        "/static/base.css%00",
        "/static//etc/passwd",
        "/static/",
        f"/{'A' * 32}",
        f"/{'0' * 32}%0a",
        "/" + "0" * 9999,
        "/static/base.html",
        "/api/traces/..",
    ],
)
def test_no_path_reaches_a_file(path: str) -> None:
    assert Browser([cart()]).get(path).status_code in {404, 308}


def test_the_api_gives_summaries_and_a_cursor() -> None:
    browser = Browser(many(5))

    first = json.loads(browser.get("/api/traces?limit=2").text)
    second = json.loads(browser.get(f"/api/traces?limit=9&before={first['next']}").text)

    assert [f"{n:032x}" for n in (4, 3)] == [item["id"] for item in first["traces"]]
    assert [f"{n:032x}" for n in (2, 1, 0)] == [item["id"] for item in second["traces"]]
    assert second["next"] is None
    assert {"id", "started", "duration_ns", "status", "verdict", "stages"} <= set(
        first["traces"][0]
    )


def test_the_api_takes_a_filter() -> None:
    data = json.loads(Browser(many(9)).get("/api/traces?q=status:302").text)

    assert {302} == {item["status"] for item in data["traces"]}


def test_the_api_gives_a_trace_whole() -> None:
    response = Browser([crash()]).get(f"/api/traces/{'1' * 32}")

    assert response.mimetype == "application/json"
    assert crash() == Trace.from_dict(json.loads(response.text))


@pytest.mark.parametrize("name", ["1" * 32, "abc", "no-id"])
def test_the_api_says_in_json_that_a_trace_is_not_there(name: str) -> None:
    response = Browser().get(f"/api/traces/{name}")

    assert response.status_code == 404
    assert "removed" in json.loads(response.text)["error"]


def test_a_filter_that_is_not_understood_is_told_without_its_parameter() -> None:
    response = Browser().get("/api/traces?q=status:many")

    assert response.status_code == 400
    assert json.loads(response.text)["error"].startswith("'status:many' is not understood")


def test_health_is_what_the_tracer_says() -> None:
    assert json.loads(Browser().get("/health").text) == {"store": "fake"}


def events(text: str) -> list[dict[str, str]]:
    blocks = [block.split("\n") for block in text.split("\n\n") if block]
    return [dict(line.split(": ", 1) for line in block) for block in blocks]


def test_a_server_of_one_thread_sends_what_there_is_and_closes() -> None:
    response = Browser(many(3)).get("/events?after=1")

    assert response.mimetype == "text/event-stream"
    begin, message = events(response.text)
    assert begin == {"retry": "2000"}
    assert (message["event"], message["id"]) == ("traces", "3")
    assert [f"{n:032x}" for n in (1, 2)] == [
        item["id"] for item in json.loads(message["data"])["traces"]
    ]


def test_a_stream_goes_on_after_the_last_event_of_the_browser() -> None:
    response = Browser(many(3)).get("/events?after=0", **{"Last-Event-ID": "2"})

    data = json.loads(events(response.text)[1]["data"])
    assert [f"{2:032x}"] == [item["id"] for item in data["traces"]]


def test_a_stream_without_a_cursor_begins_now() -> None:
    assert events(Browser(many(3)).get("/events").text)[1:] == [{"id": "3"}]


def test_a_stream_sends_only_what_the_filter_asks_for() -> None:
    response = Browser(many(6)).get("/events?after=0&q=status:302")

    data = json.loads(events(response.text)[1]["data"])
    assert {302} == {item["status"] for item in data["traces"]}


class Time:
    """A clock that moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def feed(store: FakeStore) -> tuple[Feed, Time]:
    time = Time()
    return Feed(store, time.clock, time.sleep), time


def test_a_stream_looks_four_times_a_second_and_ends_after_ten_minutes() -> None:
    source, time = feed(FakeStore())

    messages = [*source.stream(None, None, once=False)]

    assert {PAUSE} == set(time.slept)
    assert time.now == LONGEST
    assert messages.count(": still here\n\n") == LONGEST // HEARTBEAT


def test_a_stream_sends_a_request_as_soon_as_it_is_there() -> None:
    store = FakeStore()
    source, _ = feed(store)
    stream = source.stream(None, None, once=False)
    assert next(stream).startswith("retry")
    assert next(stream) == "id: 0\n\n"
    store.traces.append(cart())

    assert CART in next(stream)
    stream.close()


def test_a_flood_is_cut_and_the_browser_is_told() -> None:
    store = FakeStore(many(MOST + 50))
    source, _ = feed(store)

    message = [*source.stream(0, None, once=True)][1]

    data = json.loads(events(message)[0]["data"])
    assert len(data["traces"]) == MOST
    assert data["skipped"] is True
    assert data["unseen"] == 50
    assert data["traces"][-1]["id"] == store.traces[-1].id  # the newest are those that are shown
    assert events(message)[0]["id"] == str(MOST + 50)


def test_what_is_slow_for_its_endpoint_is_marked_on_the_list_and_live() -> None:
    usual = [replace(item, endpoint="cart", duration_ns=10 * MS) for item in many(20)]
    slow = replace(cart(), endpoint="cart", duration_ns=100 * MS)
    store = FakeStore([*usual, slow])
    source, _ = feed(store)

    page = Browser(store.traces).get("/").text
    message = [*source.stream(20, None, once=True)][1]

    assert page.count("slow: 10.0 times as long as usual") == 1
    assert "slow: 10.0 times as long as usual" in message


def test_a_steady_flood_makes_messages_rare() -> None:
    store = FakeStore([])
    source, time = feed(store)
    stream = source.stream(None, None, once=False)
    assert next(stream).startswith("retry")
    next(stream)

    store.traces += many(MOST)
    next(stream)
    store.traces.append(cart())
    next(stream)
    stream.close()

    assert max(time.slept) == 1.0


def test_how_many_of_a_flood_fit_a_filter_is_not_known() -> None:
    source, _ = feed(FakeStore(many(MOST + 50)))

    message = [*source.stream(0, Query.parse("method:GET"), once=True)][1]

    data = json.loads(events(message)[0]["data"])
    assert (data["skipped"], data["unseen"]) == (True, None)


def test_too_many_open_streams_leave_threads_for_the_app() -> None:
    source, _ = feed(FakeStore())
    held = [source.stream(None, None, once=False) for _ in range(4)]
    for stream in held:
        next(stream)
        next(stream)

    assert len([*source.stream(None, None, once=False)]) == 2
    for stream in held:
        stream.close()
    assert len([*source.stream(None, None, once=False)]) > 2


def test_a_cursor_of_a_store_that_was_emptied_begins_anew() -> None:
    source, _ = feed(FakeStore(many(3)))

    assert [*source.stream(99, None, once=True)][1] == "id: 3\n\n"


class FailingStore(FakeStore):
    def since(self, *_: Any, **__: Any) -> Page:
        raise OSError("/secret/path is full")

    page = since  # type: ignore[assignment]


@pytest.mark.parametrize("path", ["/", "/api/traces"])
@pytest.mark.filterwarnings("ignore")
def test_a_failing_store_is_an_error_of_the_dashboard_without_its_words(path: str) -> None:
    response = Browser(store=FailingStore()).get(path)

    assert response.status_code == 500
    assert "/secret/path" not in response.text
    assert_safe_headers(response)


def test_a_store_that_fails_under_a_stream_only_ends_it() -> None:
    response = Browser(store=FailingStore()).get("/events")

    assert response.status_code == 200
    assert response.text == "retry: 2000\n\n"


def assert_safe_headers(response: TestResponse) -> None:
    for name, value in HEADERS:
        assert [value] == response.headers.getlist(name)
    assert not [name for name in response.headers if name[0].startswith("Access-Control")]


EVERY = ["/", "/?q=status:404", "/?q=status:x", f"/{CART}", f"/{'1' * 32}", f"/{'2' * 32}"]
NEW = ["/endpoints", "/endpoints?sort=p95", "/map", "/about", "/running"]
PAGES = [*EVERY, *NEW, f"/{'e' * 32}", "/nothing"]
DATA = ["/api/traces", "/api/traces?limit=x", f"/api/traces/{CART}", "/events", "/health"]
DATA += ["/api/endpoints", "/api/map", "/api/words", "/api/in-flight"]
FILES = ["/static/base.css", "/static/list.js", "/static/nothing"]


@pytest.mark.parametrize("path", [*PAGES, *DATA, *FILES])
def test_every_answer_has_the_headers(path: str) -> None:
    assert_safe_headers(Browser([cart(), crash(), early()]).get(path))


@pytest.mark.parametrize("path", [*PAGES, *DATA])
def test_nothing_is_shown_without_a_login(path: str) -> None:
    response = Client(dashboard(FakeStore([cart(), crash(), early()]))).get(path)

    assert response.status_code == 401
    assert_safe_headers(response)
    for word in ("/cart", "shop.py", "KeyError", CART):
        assert word not in response.text


@pytest.mark.parametrize("path", PAGES)
def test_no_page_has_script_or_style_of_its_own(path: str) -> None:
    page = Html(Browser([cart(), crash(), early()]).get(path).text)

    assert not page.all("style")
    assert all(script.get("src") for script in page.all("script"))
    for _, attributes in page.tags:
        assert "style" not in attributes
        assert not [name for name in attributes if name.startswith("on")]


@pytest.mark.parametrize("path", PAGES)
def test_every_file_and_link_of_a_page_exists(path: str) -> None:
    browser = Browser([cart(), crash(), early()])
    page = Html(browser.get(path).text)
    links = [tag.get("src") or tag.get("href") for _, tag in page.tags]

    for link in [link for link in links if link and link.startswith("/_trace")]:
        assert browser.get(link.removeprefix("/_trace")).status_code == 200, link


@pytest.mark.parametrize("path", PAGES)
def test_ids_of_a_page_are_unique_and_labels_point_to_one(path: str) -> None:
    page = Html(Browser([cart(), crash(), early()]).get(path).text)
    ids = [attrs["id"] for attrs in page.having("id")]

    assert len(set(ids)) == len(ids)
    for attributes in page.having("aria-labelledby"):
        assert attributes["aria-labelledby"] in ids


@pytest.mark.parametrize("name", sorted(assets.static()))
def test_every_asset_is_served_with_its_type_and_tag(name: str) -> None:
    browser = Browser()
    response = browser.get(f"/static/{name}")

    assert response.status_code == 200
    kind = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
    assert kind[name.rpartition(".")[2]] == response.mimetype
    again = browser.get(f"/static/{name}", **{"If-None-Match": response.headers["ETag"]})
    assert again.status_code == 304


CORPUS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</title></textarea></template><svg onload=alert(1)>",
    "javascript:alert(1)//<",
    "{{ 7 * 191 }}<%= 7 %>${7}",
    "<!--<script>",
    "]]><style>*{x:y}",
]


def poisoned(value: Any, text: str) -> Any:
    """Return a copy of *value*, a piece of a trace, with *text* at the end of every text."""
    if isinstance(value, str):
        return value + text
    if isinstance(value, dict):
        return {poisoned(key, text): poisoned(item, text) for key, item in value.items()}
    if isinstance(value, tuple):
        return tuple(poisoned(item, text) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        parts = {item.name: poisoned(getattr(value, item.name), text) for item in fields(value)}
        return replace(value, **parts)
    return value


def hostile(text: str) -> Trace:
    """Return a trace with *text* in every field; only what routes and code rest on stays."""
    base = replace(
        crash(),
        events=cart().events,
        view_args={"id": "1"},
        label="label",
        parent="0" * 32,
        routing=missing().routing,
        dropped={"spans": 1},
        changes=(
            Change(1 * MS, 0, "g", "user", "'bob'", "'ada'", "f (x.py:1)", 1),
            Change(1 * MS, 0, "g", "gone", "'bob'", None, "f (x.py:1)", 1),
        ),
    )
    assert base.exception is not None
    base = replace(
        base,
        exception=replace(base.exception, causes=("KeyError: 1",)),
        request=replace(base.request, body="body"),
        response=replace(base.response, body="body"),
        stages=tuple(
            replace(item, changes=base.changes, asked_by="someone", within="dispatch")
            for item in base.stages
        ),
    )
    stages = tuple(
        replace(poisoned(item, text), name=item.name, skipped=item.skipped) for item in base.stages
    )
    spans = tuple(replace(poisoned(span, text), stage=span.stage) for span in base.spans)
    return replace(poisoned(base, text), id=base.id, stages=stages, spans=spans)


PAGES = ["/", f"/{'1' * 32}", f"/{'1' * 32}?stage=preprocess"]


@pytest.mark.parametrize(("text", "path"), cover(CORPUS, PAGES))
def test_hostile_text_in_any_field_stays_text(text: str, path: str) -> None:
    tame = Html(Browser([hostile("tame")]).get(path).text)
    response = Browser([hostile(text)]).get(path)
    page = Html(response.text)

    assert response.status_code == 200
    if "<" in text:
        assert text not in response.text
    assert [tag for tag, _ in tame.tags] == [tag for tag, _ in page.tags]
    assert [set(attrs) for _, attrs in tame.tags] == [set(attrs) for _, attrs in page.tags]
    assert text in page.text or text.split(maxsplit=1)[0] in page.text
    assert "1337" not in page.text
    assert not [link for link in page.all("a") if str(link["href"]).startswith("javascript")]


@pytest.mark.parametrize("text", CORPUS)
@pytest.mark.parametrize("path", ["/api/traces", f"/api/traces/{'1' * 32}", "/events?after=0"])
def test_hostile_text_stays_text_in_data(path: str, text: str) -> None:
    response = Browser([hostile(text)]).get(path)

    assert response.mimetype in {"application/json", "text/event-stream"}
    if "<" in text and not path.startswith("/events"):
        assert text not in response.text
        assert text in json.dumps(json.loads(response.text), ensure_ascii=False).replace(r"\"", '"')


@pytest.mark.parametrize("text", ["\ud800", "\0", "\x1b[2J", "\u202e", "\r\n\r\nevil: x"])
@pytest.mark.parametrize("path", ["/", f"/{'1' * 32}", "/api/traces", "/events?after=0"])
def test_text_that_cannot_be_shown_does_not_cost_the_page(path: str, text: str) -> None:
    response = Browser([hostile(text)]).get(path)

    assert response.status_code == 200
    if not path.startswith(("/api", "/events")):
        assert text not in response.text


def test_a_broken_message_cannot_be_smuggled_into_the_stream() -> None:
    response = Browser([hostile("\n\nevent: evil\ndata: 1\n\n")]).get("/events?after=0")

    assert [set(event) for event in events(response.text)] == [{"retry"}, {"id", "event", "data"}]


@pytest.mark.parametrize("text", CORPUS)
def test_hostile_filters_stay_text(text: str) -> None:
    builder = EnvironBuilder("/", query_string={"q": f'"{text}"' if '"' not in text else text})
    response = Browser(many(3)).get(f"/?{builder.query_string}")

    assert response.status_code in {200, 400}
    if "<" in text:
        assert text not in response.text


@pytest.mark.parametrize("word", ["|safe", "| safe", "Markup", "autoescape false"])
def test_no_template_switches_escaping_off(word: str) -> None:
    for path in (assets.folder() / "templates").iterdir():
        assert word not in path.read_text("utf-8"), path.name


@pytest.mark.parametrize(
    "word",
    [
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "DOMParser",
        "createContextualFragment",
        "setHTML",
        "new Function",
        ".style.",
        "cssText",
        "srcdoc",
    ],
)
def test_no_script_makes_markup_or_code_from_text(word: str) -> None:
    for path in (assets.folder() / "static").glob("*.js"):
        assert word not in path.read_text("utf-8"), path.name


def test_every_script_is_checked_by_types() -> None:
    for path in (assets.folder() / "static").glob("*.js"):
        assert path.read_text("utf-8").startswith("// @ts-check\n"), path.name


def test_the_dashboard_holds_no_python() -> None:
    assert not [*assets.folder().rglob("*.py")]


@pytest.mark.parametrize(
    "path", ["/", "/api/traces", f"/{CART}", "/health", "/static/base.css", *NEW, *DATA[-4:]]
)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_nothing_can_be_changed_here(path: str, method: str) -> None:
    sent = {"Content-Type": "application/json", "X-Flasktrace": "1"}

    assert Browser([cart()]).get(path, method, **sent).status_code == 405


def test_a_list_of_a_thousand_makes_a_page_of_fifty() -> None:
    page = Browser(many(1000)).page("/")

    assert len(rows(page)) == 50
    assert "1000 requests kept" in page.text


def test_the_lane_says_where_a_lazy_match_happened() -> None:
    stages = tuple(
        replace(item, within="preprocess", asked_by="request.endpoint in f (x.py:1)")
        if item.name == "match"
        else item
        for item in cart().stages
    )

    step = lane(replace(cart(), stages=stages))[2]

    assert step.name == "match"
    assert "within preprocess" in step.reason
    assert "request.endpoint in f (x.py:1)" in step.reason


def test_the_first_look_is_at_what_tells_most() -> None:
    assert first_look(cart()) == "dispatch"
    assert first_look(crash()) == "dispatch"
    assert first_look(early()) == "preprocess"


def test_the_stack_marks_what_a_stage_changed_with_its_author() -> None:
    (card,) = stack(cart(), "preprocess").cards

    entries = {entry.key: entry for section in card.sections for entry in section.entries}
    assert (entries["user"].state, entries["user"].author) == ("set", "load_user (shop.py:41)")
    assert entries["db"].state == "same"
    assert card.changed == 1


def test_the_stack_keeps_a_removed_key_to_strike_it_through() -> None:
    gone = Change(1 * MS, 0, "session", "cart", "'old'", None, "f (x.py:1)", 1)
    stages = tuple(
        replace(item, changes=(gone,)) if item.name == "dispatch" else item
        for item in cart().stages
    )
    trace = replace(cart(), stages=stages)

    page = Browser([trace]).page(f"/{CART}?stage=dispatch")

    assert "<del>&#39;old&#39;</del>" in page.source


def test_a_hollow_stage_shows_the_stack_as_the_stage_before_left_it() -> None:
    trace = early()
    stages = tuple(
        replace(item, snapshot=None) if item.start_ns is None else item for item in trace.stages
    )

    assert stack(replace(trace, stages=stages), "dispatch").as_of == "preprocess"


def test_the_top_of_the_stack_is_drawn_first() -> None:
    snapshot = cart().stages[1].snapshot
    assert snapshot is not None
    two = replace(snapshot, cards=(replace(snapshot.cards[0], kind="app"), snapshot.cards[0]))
    stages = tuple(replace(item, snapshot=two) for item in cart().stages)

    drawn = stack(replace(cart(), stages=stages), "dispatch").cards

    assert [(card.kind, card.depth) for card in drawn] == [("request", 1), ("app", 0)]


def test_the_stack_is_empty_after_pop() -> None:
    found = stack(cart(), "pop")

    assert found.known
    assert found.cards == ()


def test_the_waterfall_puts_children_below_their_parents_in_order_of_time() -> None:
    lines = waterfall(cart()).lines

    expected = ["push", "preprocess", "load_user (shop.py:41)", "match", "dispatch"]
    expected += ["cart (shop.py:88)", "price cart", "cart.html", "make_response", "postprocess"]
    expected += ["add_headers (shop.py:60)", "pop", "close_db (shop.py:70)", "response body"]
    assert expected == [line.title for line in lines]
    assert [line.level for line in lines] == [0, 0, 1, 0, 0, 1, 2, 2, 0, 0, 1, 0, 1, 0]


def test_the_waterfall_loses_no_span_whatever_its_parent_says() -> None:
    spans = tuple(replace(span, parent=99 if span.id % 2 else span.id) for span in cart().spans)

    lines = waterfall(replace(cart(), spans=spans)).lines

    assert {span.id for span in spans} == {line.span for line in lines if line.span is not None}


def test_deep_spans_are_drawn_without_running_out_of_stack() -> None:
    view = cart().spans[1]
    deep = tuple(replace(view, id=n, parent=n - 1 if n > 1 else None) for n in range(1, 3000))

    assert len(waterfall(replace(cart(), spans=deep), Look(all=True)).lines) == 2999 + 7


@pytest.mark.parametrize(
    ("total", "start", "length"),
    [(100, 0, 100), (100, 50, 0), (100, 100, 0), (100, 90, 50), (0, 0, 0), (100, -5, 3), (1, 7, 7)],
)
def test_a_bar_always_lies_on_the_line_and_can_be_seen(total: int, start: int, length: int) -> None:
    scale = Scale(total, 1000)

    x, width = scale.x(start), scale.width(start, length)

    assert 0 <= x < 1000
    assert width > 0
    assert x + width <= 1000


def test_a_run_of_a_stage_is_a_bar_of_its_own() -> None:
    def twice(stage: Stage) -> Stage:
        return replace(stage, runs=stage.runs * 2) if stage.name == "postprocess" else stage

    trace = replace(cart(), stages=tuple(twice(stage) for stage in cart().stages))

    bars = {line.title: line.bars for line in waterfall(trace).lines}
    assert len(bars["postprocess"]) == 2
    assert len(bars["push"]) == 1


def test_exactly_one_step_is_the_current_one() -> None:
    page = Browser([cart()]).page(f"/{CART}")

    assert [attrs["aria-current"] for attrs in page.having("aria-current")] == ["step"]
