"""The pages around one request: closed, quiet, and proof against hostile text."""

import json
from dataclasses import replace

import pytest
from werkzeug.test import Client

from flasktrace.trace.show.about import about
from flasktrace.trace.show.compare import compare
from flasktrace.trace.show.digest import Digest
from flasktrace.trace.show.export import FORMATS
from flasktrace.trace.show.lane import first_look
from flasktrace.trace.show.spent import spent
from flasktrace.trace.show.terminal import comparison, render, tree
from tests.cases import cover
from tests.trace.samples import cart, crash, early, missing
from tests.trace.show.fakes import FakeStore
from tests.trace.show.test_web import (
    CART,
    CORPUS,
    Browser,
    Html,
    assert_safe_headers,
    dashboard,
    hostile,
)

CRASH = crash().id
TRACES = (cart(), crash(), early(), missing())
PAGES = [
    "/clear",
    f"/{CART}?lane=scale&zoom=2&least=1",
    f"/{CART}/compare/{CRASH}",
    f"/{CRASH}/compare/{CART}",
    f"/{CART}/compare/{CART}",
]
EXPORTS = [f"/{CRASH}/export/{name}" for name in FORMATS]
LOST = [f"/{CART}/export/pdf", f"/{CART}/compare/{'e' * 32}", f"/{'e' * 32}/export/json"]


@pytest.mark.parametrize("path", [*PAGES, *EXPORTS, *LOST])
def test_every_answer_is_closed(path: str) -> None:
    answer = Browser(TRACES).get(path)
    unknown = Client(dashboard(FakeStore(TRACES))).get(path)

    assert answer.status_code == (404 if path in LOST else 200)
    assert_safe_headers(answer)
    assert unknown.status_code == 401
    assert "shop.py" not in unknown.text
    for method in ("POST", "PUT", "DELETE"):
        sent = {"Content-Type": "application/json", "X-Flasktrace": "1"}
        assert Browser(TRACES).get(path, method, **sent).status_code in {404, 405}


@pytest.mark.parametrize("path", [*PAGES, *(path for path in LOST if "json" not in path)])
def test_pages_have_no_script_or_style_of_their_own_and_working_links(path: str) -> None:
    browser = Browser(TRACES)
    page = Html(browser.get(path).text)
    ids = [attrs["id"] for attrs in page.having("id")]
    links = {str(tag.get("src") or tag.get("href")) for _, tag in page.tags}

    assert not page.all("style")
    assert all(script.get("src") for script in page.all("script"))
    assert not page.having("style")
    assert not [name for _, tag in page.tags for name in tag if name.startswith("on")]
    assert len(set(ids)) == len(ids)
    assert {str(tag["aria-labelledby"]) for tag in page.having("aria-labelledby")} <= set(ids)
    for link in links:
        if link.startswith("/_trace"):
            assert browser.get(link.removeprefix("/_trace")).status_code == 200, link


@pytest.mark.parametrize("name", FORMATS)
def test_only_what_cannot_become_a_page_is_shown_in_the_browser(name: str) -> None:
    answer = Browser(TRACES).get(f"/{CRASH}/export/{name}")

    if FORMATS[name].is_short:
        assert answer.mimetype == "text/plain"
    else:
        expected = f'attachment; filename="trace-11111111{FORMATS[name].suffix}"'
        assert answer.headers["Content-Disposition"] == expected


@pytest.mark.parametrize(
    ("text", "path"),
    cover(
        CORPUS,
        [
            f"/{CRASH}/compare/{CART}",
            f"/{CART}/compare/{CRASH}",
            f"/{CRASH}?lane=scale&zoom=dispatch&repeats=1",
        ],
    ),
)
def test_hostile_text_stays_text_on_pages(text: str, path: str) -> None:
    tame = Html(Browser([hostile("tame"), cart()]).get(path).text)
    answer = Browser([hostile(text), cart()]).get(path)
    page = Html(answer.text)

    assert answer.status_code == 200
    if "<" in text:
        assert text not in answer.text
    assert [tag for tag, _ in tame.tags] == [tag for tag, _ in page.tags]
    assert [set(attrs) for _, attrs in tame.tags] == [set(attrs) for _, attrs in page.tags]
    assert "1337" not in page.text


@pytest.mark.parametrize("text", [*CORPUS, "\ud800", "\0", "\x1b[2J", "\r\n\r\nevil: x"])
def test_hostile_text_does_not_break_an_export(text: str) -> None:
    browser = Browser([hostile(text)])
    for name in FORMATS:
        answer = browser.get(f"/{CRASH}/export/{name}")

        assert answer.status_code == 200, name
        if answer.mimetype == "application/json":
            json.loads(answer.text)
        if answer.mimetype == "text/html":
            tame = Html(Browser([hostile("tame")]).get(f"/{CRASH}/export/html").text)
            assert [tag for tag, _ in tame.tags] == [tag for tag, _ in Html(answer.text).tags]
        if name in {"curl", "text", "html"}:
            assert "\x1b" not in answer.text
            assert "\0" not in answer.text


def test_the_comparison_tells_what_differs() -> None:
    page = Browser([cart(), replace(early(), duration_ns=2_000_000)]).page(
        f"/{CART}/compare/{early().id}"
    )

    for word in (
        "10.0 ms faster",
        "Status 200 became 302",
        "4 only before, 1 only after, 3 in both",
        "only after",
        "before_request require_login answered first",
    ):
        assert word in page.text


def test_the_dashboard_alone_does_not_talk_as_if_it_were_the_app() -> None:
    browser = Browser()
    browser.app.alone, browser.app.describe = "sqlite:///there/<i>.db", list
    empty, there, running = (browser.page(path).text for path in ("/", "/map", "/running"))

    assert "flasktrace run --store sqlite:///there/<i>.db MODULE:APP" in empty
    assert "curl" not in empty
    assert "flasktrace map MODULE:APP" in there
    assert "another WSGI app" not in there
    assert "known to the process that answers them" in running
    assert "this process" not in running
    assert "Send the app" not in browser.page("/endpoints").text


def test_the_worker_has_a_column_among_several_processes_only() -> None:
    one, other = cart(), replace(crash(), pid=cart().pid + 1)
    alike = replace(crash(), pid=one.pid)

    assert Browser([one, other]).page("/").having("data-one-worker") == []
    assert len(Browser([one, alike]).page("/").having("data-one-worker")) == 1


def test_what_was_not_timed_has_no_duration() -> None:
    base = cart()
    told = {**base.spans[0].attributes, "outcome": "gave Session, not timed"}
    span = replace(base.spans[0], attributes=told, duration_ns=0)
    trace = replace(base, spans=(span, *base.spans[1:]))
    timed = replace(
        base, spans=(replace(span, attributes=base.spans[0].attributes), *base.spans[1:])
    )

    assert "0 µs" in Browser([timed]).page(f"/{CART}").text
    assert "0 µs" not in Browser([trace]).page(f"/{CART}").text
    assert "0 µs" not in Browser([trace]).page(f"/{CART}/compare/{CART}").text
    assert "0 µs" not in render(tree(trace), width=80)
    assert "0 µs" not in render(comparison(compare(trace, trace)), width=80)


def test_a_broken_stream_opens_at_its_body() -> None:
    for outcome in ("error_in_stream", "client_disconnected"):
        assert first_look(replace(cart(), outcome=outcome)) == "body"
    assert first_look(cart()) != "body"


def test_the_time_after_the_last_piece_is_told_as_the_servers() -> None:
    base = cart()
    trace = replace(base, duration_ns=10 * base.duration_ns)
    found = spent(trace)
    unclosed = spent(replace(trace, response=replace(base.response, closed=False)))

    assert found
    assert unclosed
    assert "before the server called close()" in found.text
    assert "after response body" in unclosed.text


def test_settings_that_are_empty_are_off_and_times_have_units() -> None:
    health = {"store": {"max_age_s": 86400, "wal_bytes": 1_200_000}}
    told = about(health, {"editor": "", "replay": ""}, Digest(FakeStore([])))
    groups = dict(told["groups"])

    assert groups["Store"] == [("kept for at most", "24 hours"), ("write-ahead log", "1.2 MB")]
    assert groups["Settings in force"] == [("editor", "off"), ("replay", "off")]
