"""The page of one request and those around it, in a real Chromium."""

import threading
import time

import pytest
from werkzeug.serving import make_server

import flasktrace
from flasktrace.trace.model import STAGES
from flasktrace.trace.show.export import export
from flasktrace.trace.tracer import Tracer
from tests.cases import long
from tests.live import chromium
from tests.live.test_browser import (
    all_of,
    assert_quiet,
    follow,
    leave,
    one,
    press,
    press_shift,
    reload,
    stage,
    wait,
)
from tests.trace.samples import big

CORPUS = "\"><script>alert(1)</script><img src=x onerror=alert(2)>'{{7*7}}"
ENTER = "\ue007"
EDITOR = "editor-of-the-test://open/{path}:{line}"


def make_app():
    app = flasktrace.Flask("small")

    @app.before_request
    def first() -> None:
        flasktrace.g.one = 1

    @app.before_request
    def second() -> None:
        flasktrace.g.two = 2
        del flasktrace.g.one

    @app.route("/page", methods=["GET", "POST"])
    @app.route("/page/<path:rest>")
    def page(rest: str = "") -> str:
        for number in range(6):
            with flasktrace.span("step", number=number, text=rest):
                time.sleep(0.001)
        flasktrace.event("done", rest=rest)
        return f"page {rest}"

    @app.route("/old")
    def old() -> object:
        return flasktrace.redirect("/page")

    return app


@pytest.fixture(scope="module")
def tracer():
    made = Tracer(
        make_app(),
        store="memory:",
        enabled=True,
        announce=False,
        replay="1",
        editor=EDITOR,
        dashboard=True,
        token="a-token-of-the-test",
    )
    yield made
    made.uninstall()


@pytest.fixture(scope="module")
def address(tracer):
    server = make_server("127.0.0.1", 0, tracer.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def site(tracer, address, browser):
    """Give a browser that is signed in, and an empty store."""
    browser.get(f"{address}{tracer.login_link()}")
    tracer.store.clear()
    return browser


def asked(tracer, path="/page", **more):
    """Ask the app, and return the id of the trace."""
    tracer.app.test_client().get(path, **more)
    return tracer.store.page(limit=1).summaries[0].id


def enter(browser, link):
    """Follow *link* by the keyboard: without scripts the driver does not scroll to click it."""
    leave(browser, lambda: link.send_keys(ENTER))


def lit(browser):
    """Return the keys on the stack that are lit, and those that come later."""
    panel = one(browser, "[data-panel]:not([hidden])")
    return [
        [part.text.split()[0] for part in panel.find_elements("css selector", f"{kind} dt")]
        for kind in (".is-lit", ".is-later")
    ]


def test_arrows_walk_the_calls_and_show_the_stack_at_that_instant(tracer, address, site):
    from selenium.webdriver import Keys

    site.get(f"{address}/_trace/{asked(tracer)}?stage=preprocess")
    at_stage = lit(site)
    press(site, Keys.ARROW_RIGHT)
    at_first = one(site, ".is-here").text, lit(site)
    press(site, Keys.ARROW_RIGHT)
    at_second = one(site, ".is-here").text, lit(site)
    reload(site)
    again = one(site, ".is-here").text, lit(site)
    press(site, Keys.ARROW_RIGHT)
    beyond = stage(site)

    assert at_stage == [[], []]
    assert "first" in at_first[0]
    assert at_first[1][1] == ["two", "one"]
    assert "second" in at_second[0]
    assert "two" in at_second[1][0]
    assert again == at_second
    assert beyond == "match"
    press_shift(site, Keys.ARROW_LEFT)
    assert stage(site) == "preprocess"
    assert_quiet(site)


@long
def test_source_links_lead_to_the_editor_and_the_rest_works_without_scripts(tracer, address, site):
    site.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    site.get(f"{address}/_trace/{asked(tracer)}?stage=preprocess")
    links = [link.get_attribute("href") for link in all_of(site, ".source-link")]

    assert all(link.startswith("editor-of-the-test://open/") for link in links)
    assert [link for link in links if "test_request_page.py:" in link]
    enter(site, one(site, ".lane-switch a"))
    assert len(all_of(site, ".scale-name")) >= len(STAGES)
    one(site, "[data-panel]:not([hidden]) .lesson summary").send_keys(ENTER)
    assert "before_request functions run" in one(site, ".lesson[open]").text
    assert one(site, ".lesson[open] .here").is_displayed()
    assert "\u00d76 step" in one(site, "#waterfall").text.replace("\n", " ")
    enter(site, next(a for a in all_of(site, ".line-stage a") if a.text == "dispatch"))
    assert "Only" in one(site, ".fall-controls").text
    enter(site, next(a for a in all_of(site, ".fall-controls a") if a.text == "Unfold"))
    assert [row.text for row in all_of(site, ".f-title")].count("step") == 6
    enter(site, next(a for a in all_of(site, ".fall-controls a") if a.text == "10 ms"))
    assert "shorter hidden" in one(site, ".fall-controls").text
    assert one(site, "[data-copy=curl]").get_attribute("href").endswith("/export/curl")
    assert_quiet(site)


def test_y_copies_the_command_and_says_so(tracer, address, site):
    site.execute_cdp_cmd(
        "Browser.grantPermissions",
        {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"], "origin": address},
    )
    site.get(f"{address}/_trace/{asked(tracer)}")
    press(site, "y")
    wait(lambda: one(site, "[data-copy=curl]").text == "Copied")
    copied = site.execute_async_script(
        "const done = arguments[0]; navigator.clipboard.readText().then(done, (e) => done(`${e}`))"
    )

    assert copied.startswith("curl")
    assert "http://localhost/page" in copied
    assert_quiet(site)


def test_c_compares_with_a_usual_request_and_replay_with_itself(tracer, address, site):
    for _ in range(4):
        trace_id = asked(tracer)
    site.get(f"{address}/_trace/{trace_id}")
    leave(site, lambda: press(site, "c"))
    assert f"/compare/{trace_id}" in site.current_url
    assert one(site, "h1").text
    assert "7 in both" not in one(site, "#title-spans").text
    assert_quiet(site)

    site.get(f"{address}/_trace/{trace_id}")
    button = one(site, "[data-replay]")
    button.click()
    assert "Send GET /page to the app once more?" in button.text
    assert tracer.store.count() == 4
    leave(site, button.click)
    assert f"/{trace_id}/compare/" in site.current_url
    assert "X-Flasktrace-Replay" in one(site, "main").text
    assert tracer.store.count() == 5
    assert_quiet(site)


def test_what_ran_in_one_of_two_requests_is_told_within_the_table(tracer, address, site):
    first, second = asked(tracer), asked(tracer, "/old")
    chromium.set_width(site, 1440)
    site.get(f"{address}/_trace/{first}/compare/{second}")
    right = "return arguments[0].getBoundingClientRect().right"
    edge = site.execute_script(right, one(site, ".pairing"))
    badges = all_of(site, ".only-before")

    assert badges
    assert all(site.execute_script(right, badge) <= edge for badge in badges)
    chromium.reset(site)


def test_a_place_is_not_broken_where_the_table_is_narrow(tracer, address, site):
    trace_id = asked(tracer)
    chromium.set_width(site, 800)
    site.get(f"{address}/_trace/{trace_id}")
    lines = site.execute_script(
        "return [...document.querySelectorAll('#hooks .at')].map((place) => {"
        "  const range = document.createRange(); range.selectNodeContents(place);"
        "  return [place.textContent, range.getClientRects().length]; })"
    )
    chromium.reset(site)

    assert [text for text, _ in lines if text.startswith("(test_request_page.py:")]
    assert all(count == 1 for _, count in lines)


def test_clearing_asks_first(tracer, address, site):
    asked(tracer)
    site.get(f"{address}/_trace/clear")
    assert "1 request will be gone" in one(site, "main").text
    leave(site, one(site, "[data-clear]").click)

    assert tracer.store.count() == 0
    assert_quiet(site)


def test_a_redirect_and_what_it_led_to_are_linked_both_ways(tracer, address, site):
    first = asked(tracer, "/old")
    second = asked(tracer)
    site.get(f"{address}/_trace/{first}")
    follow(site, one(site, ".kin a"))
    assert second in site.current_url
    follow(site, one(site, ".kin a"))
    assert first in site.current_url


@long
def test_hostile_text_is_only_text_on_every_page(tracer, address, site, tmp_path):
    first = asked(tracer)
    evil = asked(tracer, f"/page/{CORPUS}", headers={"X-Evil": CORPUS}, query_string={"q": CORPUS})
    trace = tracer.store.get(evil)
    for path in (f"{evil}?lane=scale", f"{first}/compare/{evil}", f"{evil}/compare/{first}"):
        site.get(f"{address}/_trace/{path}")
        assert "<script>alert(1)" in one(site, "main").text
        assert_quiet(site)
    file = tmp_path / "trace.html"
    file.write_text(export(trace, "html"), "utf-8")
    site.get(file.as_uri())
    assert "<script>alert(1)" in one(site, "main").text
    assert len([panel for panel in all_of(site, "[data-panel]") if panel.is_displayed()]) == 8
    assert_quiet(site)


@long
def test_five_thousand_spans_open_fast(tracer, address, site):
    trace = big()
    tracer.store.put([trace])
    site.get(f"{address}/_trace/{trace.id}")
    size = site.execute_script(
        "return performance.getEntriesByType('navigation')[0].decodedBodySize"
    )

    # No time is taken here, where others work as well: 0.4 s in the browser on two idle cores.
    assert 100_000 < size < 1_000_000
    assert len(all_of(site, "#waterfall .line")) == 600
    assert "more rows" in one(site, "#waterfall").text
    assert_quiet(site)
