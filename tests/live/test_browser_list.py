"""The list, the pages beside it and their common frame in a real Chromium, by keys and pointer."""

import pytest

from tests.cases import long
from tests.live import chromium
from tests.live.process import Server, python
from tests.live.test_browser import (
    all_of,
    follow,
    leave,
    one,
    press,
    reload,
    rows,
    wait,
)

PATHS = ("/", "/products/3", "/cart", "/crash", "/nix", "/about/", "/api/products")


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Serve the shop, with some requests in its store."""
    folder = tmp_path_factory.mktemp("shop")
    server = Server(
        python("-m", "flasktrace", "demo", "--port", "0", "--rounds", "0"), folder, "server", {}
    )
    try:
        for number in range(60):
            server.ask(f"{PATHS[number % len(PATHS)]}?n={number}")
        server.lines(60)
        yield server
    finally:
        server.end()


@pytest.fixture(scope="module")
def signed_in(shop, start_browser):
    made = start_browser()
    made.get(shop.link)
    return made


@pytest.fixture
def page(shop, signed_in):
    """The list, as somebody finds it who comes for the first time."""
    signed_in.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    signed_in.get(f"{shop.address}/_trace/")
    signed_in.execute_script("localStorage.clear()")
    reload(signed_in)
    wait(lambda: "Live" in one(signed_in, "[data-live]").text)
    signed_in.get_log("browser")
    yield signed_in
    not_there = ("/compare/", "/nothing")
    said = [line["message"] for line in signed_in.get_log("browser")]
    assert [text for text in said if not any(part in text for part in not_there)] == []


def path(browser):
    return browser.current_url.partition("/_trace")[2]


def active(browser):
    return browser.execute_script("return document.activeElement.textContent")


def type_in(browser, text):
    one(browser, "#q").send_keys(text)


@long
def test_p_pauses_and_n_shows_what_has_come_meanwhile(shop, page):
    press(page, "p")
    assert one(page, "[data-live]").text == "Paused"
    before = rows(page)
    shop.ask("/products/1?paused")
    wait(lambda: one(page, "[data-pill]").text == "1 new")
    assert rows(page) == before

    press(page, "n")

    assert rows(page)[0] == "/products/1?paused"
    press(page, "p")
    shop.ask("/products/1?on")
    wait(lambda: rows(page)[0] == "/products/1?on")


@long
def test_a_list_that_is_scrolled_does_not_jump(shop, page):
    page.execute_script("scrollTo({ top: 500, behavior: 'instant' })")
    row = all_of(page, "[data-rows] .row")[20]
    top = page.execute_script("return arguments[0].getBoundingClientRect().top", row)
    shop.ask("/products/2?scrolled")
    wait(lambda: one(page, "[data-pill]").text == "1 new")
    now = page.execute_script("return arguments[0].getBoundingClientRect().top", row)
    assert abs(now - top) < 2
    assert "/products/2?scrolled" not in rows(page)

    one(page, "[data-pill]").click()

    wait(lambda: rows(page)[0] == "/products/2?scrolled")
    wait(lambda: page.execute_script("return scrollY") == 0)


@long
def test_s_pins_a_request_in_this_browser(page):
    press(page, "j", "j", "s")
    pinned = rows(page)[1]
    assert [link.text for link in all_of(page, "[data-pinned] .c-path a")] == [pinned]

    reload(page)

    wait(lambda: [link.text for link in all_of(page, "[data-pinned] .c-path a")] == [pinned])
    press(page, "j", "k", "s")
    assert not one(page, "[data-pins]").is_displayed()


def test_c_on_two_requests_compares_them(page):
    ids = [row.get_attribute("data-id") for row in all_of(page, "[data-rows] .row")[:3]]
    press(page, "j", "c")
    assert "choose a second request" in one(page, "[data-picked]").text
    press(page, "c")
    assert not one(page, "[data-picked]").is_displayed()

    press(page, "c", "j", "j")
    leave(page, lambda: press(page, "c"))

    assert path(page) == f"/{ids[0]}/compare/{ids[2]}"


def test_the_filter_completes_names_and_values(page):
    from selenium.webdriver import Keys

    press(page, "/")
    wait(lambda: one(page, "#q").get_attribute("aria-expanded") is not None)
    type_in(page, "stat")
    wait(lambda: [item.text.split("\n")[0] for item in all_of(page, ".offer")] == ["status:"])
    type_in(page, Keys.ARROW_DOWN + Keys.ENTER + "5")
    wait(lambda: "5xx" in [item.text.split("\n")[0] for item in all_of(page, ".offer")])
    chosen = one(page, "#q").get_attribute("aria-activedescendant")
    type_in(page, Keys.ARROW_DOWN)
    assert chosen != one(page, "#q").get_attribute("aria-activedescendant") == "offer-0"
    type_in(page, Keys.ENTER + "-endp" + Keys.ARROW_DOWN + Keys.ENTER + "home" + Keys.ESCAPE)
    assert one(page, "#q").get_attribute("value") == "status:5xx -endpoint:home"
    leave(page, lambda: type_in(page, Keys.ENTER))

    assert path(page) == "/?q=status%3A5xx+-endpoint%3Ahome"
    assert {row.partition("?")[0] for row in rows(page)} == {"/crash"}


@long
def test_a_brush_selects_times_and_durations(page):
    from selenium.webdriver import ActionChains

    plot = one(page, "[data-plot] > svg")
    size = plot.size
    drag = ActionChains(page).move_to_element_with_offset(
        plot, 1 - size["width"] // 2, 1 - size["height"] // 2
    )
    drag.click_and_hold().move_by_offset(size["width"] // 2, size["height"] - 3)
    leave(page, lambda: drag.release().perform())

    query = one(page, "#q").get_attribute("value")
    assert query.startswith("time:20")
    assert " dur:" in query
    first, _, last = query.partition(" ")[0].removeprefix("time:").partition("..")
    times = [
        time.get_attribute("datetime").removesuffix("+00:00")
        for time in all_of(page, "[data-rows] time")
    ]
    assert times
    assert all(first <= time <= last for time in times)


@long
def test_a_point_opens_its_request_and_new_ones_are_drawn(shop, page):
    from selenium.webdriver import ActionChains

    shop.ask("/report?drawn")
    wait(lambda: "/report?drawn" in rows(page))
    newest = one(page, "[data-dots] use:last-child")
    wanted = newest.get_attribute("data-dot")
    leave(page, lambda: ActionChains(page).move_to_element(newest).click().perform())

    assert path(page) == f"/{wanted}"


def test_a_row_shows_its_whole_time_and_the_worker_only_among_several(page):
    chromium.set_width(page, 1440)
    times = page.execute_script(
        "return [...document.querySelectorAll('.c-time')]"
        ".map((cell) => [cell.scrollWidth, cell.clientWidth])"
    )
    shown = one(page, "thead .c-worker").is_displayed()
    chromium.reset(page)

    assert len(times) > 1
    assert all(needed <= there for needed, there in times)
    assert not shown


@long
def test_o_goes_on_to_older_requests(page):
    first = rows(page)
    leave(page, lambda: press(page, "o"))

    assert "before=" in path(page)
    assert not set(rows(page)) & set(first)
    assert not one(page, "[data-pause]").is_displayed()


@long
def test_keys_lead_to_every_page_and_help_tells_of_them(page):
    from selenium.webdriver import Keys

    press(page, "?")
    assert "Compare" in one(page, "[data-help]").text
    press(page, Keys.ESCAPE)
    assert not one(page, "[data-help]").is_displayed()
    for key, place in (("e", "/endpoints"), ("m", "/map"), ("r", "/running"), ("a", "/about")):
        leave(page, lambda key=key: press(page, "g", key))
        assert path(page) == place
        assert one(page, "[aria-current=page]").get_attribute("href").endswith(place)
    leave(page, lambda: press(page, "g", "l"))
    assert path(page) == "/"
    press(page, "j")
    assert active(page) == rows(page)[0]


@long
def test_endpoints_and_map_are_read_by_keys(page):
    from selenium.webdriver import Keys

    leave(page, lambda: press(page, "g", "m"))
    press(page, "j", "j", Keys.ENTER)
    assert "load_user (shop.py:" in one(page, ".endpoint[open]").text
    assert "ran in" in one(page, ".endpoint[open]").text
    leave(page, lambda: press(page, "g", "e"))
    press(page, "j")
    name = active(page)
    leave(page, lambda: press(page, Keys.ENTER))
    wanted = "-endpoint:*" if name == "no endpoint" else f'endpoint:"{name}"'
    assert one(page, "#q").get_attribute("value") == wanted
    assert rows(page)


@long
def test_the_theme_is_kept(page):
    def background():
        return page.execute_script(
            "return getComputedStyle(document.documentElement).backgroundColor"
        )

    seen = {}
    for _ in range(3):
        button = one(page, "[data-theme-button]")
        button.click()
        name = button.text
        chosen = background()
        reload(page)
        assert background() == chosen
        assert one(page, "[data-theme-button]").text == name
        seen[name] = chosen

    assert seen["Theme: light"] != seen["Theme: dark"]
    assert "Theme: system" in seen


@long
def test_the_new_pages_can_be_read_without_scripts(shop, page):
    page.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    page.get(f"{shop.address}/_trace/")
    assert all_of(page, "[data-dots] use")
    follow(page, one(page, ".top-links a[href$=endpoints]"))
    follow(page, one(page, ".grid th a[href$=p95]"))
    assert one(page, "th[aria-sort=descending]").text.startswith("p95")
    one(page, "details summary").click()
    assert "Share of time per stage" in one(page, "details[open]").text
    follow(page, one(page, ".top-links a[href$=map]"))
    one(page, "details summary").click()
    assert one(page, "details[open] .steps").is_displayed()
