"""The dashboard in a real Chromium, over a real server."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.cases import long
from tests.live.process import until

ADA = "name=ada&password=lovelace"
LEFT_BEHIND = (
    "Node with given id does not belong to the document",
    "Cannot find context with specified id",
)
"""What chromedriver says of a document that goes while it looks, when it does not say: stale."""


@pytest.fixture
def shop(serve):
    """Serve the shop without its visitor."""
    return serve("demo", "--port", "0", "--rounds", "0")


@pytest.fixture
def list_page(shop, browser):
    """Sign in with the printed link, which leads to the list."""
    browser.get(shop.link)
    return browser


def log_in(shop):
    """Sign in to the shop, as somebody outside of the browser; return the headers for more."""
    answer = shop.form("/login", ADA)
    assert answer.status == 303
    return {"Cookie": answer.header("Set-Cookie").partition(";")[0]}


def rows(browser):
    return [link.text for link in all_of(browser, "[data-rows] .c-path a")]


def all_of(browser, selector):
    return browser.find_elements("css selector", selector)


def one(browser, selector):
    return browser.find_element("css selector", selector)


def wait(look, what=str):
    """Wait for what is to be seen; while a page is being replaced, that is not there yet."""
    from selenium.common.exceptions import StaleElementReferenceException, WebDriverException

    def seen():
        try:
            return look()
        except StaleElementReferenceException:
            return None
        except WebDriverException as error:
            if not any(part in str(error) for part in LEFT_BEHIND):
                raise
            return None

    return until(seen, what)


def document(browser):
    """Name the document of the page, by no node of it: a node answers for its own only."""
    return browser.execute_cdp_cmd("Page.getFrameTree", {})["frameTree"]["frame"]["loaderId"]


def is_complete(browser):
    """Tell whether all of the page is there, with its scripts run."""
    return browser.execute_script("return document.readyState") == "complete"


def leave(browser, go):
    """Do what leads to another document, and wait until that is there."""
    before = document(browser)
    go()
    wait(lambda: document(browser) != before and is_complete(browser))


def follow(browser, link):
    leave(browser, link.click)


def reload(browser):
    leave(browser, browser.refresh)


def press(browser, *keys):
    from selenium.webdriver import ActionChains

    ActionChains(browser).send_keys(*keys).perform()


def press_shift(browser, key):
    """Press *key* while Shift is held: on the page of a request that passes over the calls."""
    from selenium.webdriver import ActionChains, Keys

    ActionChains(browser).key_down(Keys.SHIFT).send_keys(key).key_up(Keys.SHIFT).perform()


def stage(browser):
    """Return the name of the stage that is open, and make sure that its panel is the one."""
    name = one(browser, "[data-step][aria-current]").get_attribute("data-step")
    open_panels = [part for part in all_of(browser, "[data-panel]") if part.is_displayed()]
    assert [part.get_attribute("data-panel") for part in open_panels] == [name]
    return name


def entries(browser, section):
    """Return the entries of one part of the cards that are to be seen."""
    return {
        one(entry, "dt").text: one(entry, "dd").text
        for part in all_of(browser, "[data-panel]:not([hidden]) .part")
        if one(part, ".part-name").text.lower() == section
        for entry in all_of(part, ".entry")
    }


def assert_quiet(browser):
    """Neither an error of a script nor a report of the content policy."""
    assert browser.get_log("browser") == []


def test_login_link_leads_to_the_list_without_the_token(shop, list_page):
    assert list_page.current_url == f"{shop.address}/_trace/"
    assert one(list_page, "h1").text == "Requests"
    assert_quiet(list_page)


def test_request_appears_without_a_reload(shop, list_page):
    wait(lambda: "Live" in one(list_page, "[data-live]").text)
    list_page.execute_script("window.stillHere = true")

    shop.ask("/products/3?from=outside")

    wait(lambda: rows(list_page) == ["/products/3?from=outside"], lambda: str(rows(list_page)))
    assert list_page.execute_script("return window.stillHere")
    assert_quiet(list_page)


@long
def test_requests_that_come_live_look_as_after_a_reload(shop, list_page):
    wait(lambda: "Live" in one(list_page, "[data-live]").text)
    for path in ("/", "/product/3", "/account", "/crash"):
        shop.ask(path)
    wait(lambda: len(rows(list_page)) == 4)
    live = one(list_page, "[data-rows]").text

    reload(list_page)

    assert one(list_page, "[data-rows]").text == live
    assert_quiet(list_page)


def test_keys_open_a_request_and_walk_its_stages(shop, list_page):
    from selenium.webdriver import Keys

    ada = log_in(shop)
    wait(lambda: "/login" in rows(list_page))
    shop.ask("/account", headers=ada)
    wait(lambda: rows(list_page)[:1] == ["/account"])

    press(list_page, "j")
    leave(list_page, lambda: press(list_page, Keys.ENTER))
    assert "/account" in one(list_page, ".target").text
    wait(lambda: one(list_page, "[data-keys]").is_displayed())

    for _ in range(8):
        press_shift(list_page, Keys.ARROW_LEFT)
    at_push = stage(list_page), entries(list_page, "g")
    press_shift(list_page, Keys.ARROW_RIGHT)
    at_preprocess = stage(list_page), entries(list_page, "g")
    press_shift(list_page, Keys.ARROW_LEFT)
    again = stage(list_page), entries(list_page, "g")

    assert at_push == again
    assert at_push[0] == "push"
    assert "user" not in at_push[1]
    assert at_preprocess[0] == "preprocess"
    assert "ada" in at_preprocess[1]["user"]
    assert "set by load_user (shop.py:" in at_preprocess[1]["user"]
    assert_quiet(list_page)


@long
def test_arrows_visit_all_stages_in_their_places(shop, list_page):
    from selenium.webdriver import Keys

    shop.ask("/")
    wait(lambda: rows(list_page) == ["/"])
    press(list_page, "j")
    leave(list_page, lambda: press(list_page, Keys.ENTER))
    for _ in range(8):
        press_shift(list_page, Keys.ARROW_LEFT)
    seen = [stage(list_page)]
    for _ in range(7):
        press_shift(list_page, Keys.ARROW_RIGHT)
        seen.append(stage(list_page))

    lifecycle = ["push", "preprocess", "match", "dispatch", "make_response", "postprocess", "pop"]
    assert seen == [*lifecycle, "body"]
    assert list_page.current_url.endswith("?stage=body")
    assert_quiet(list_page)


@long
def test_stages_can_be_read_without_scripts(shop, list_page):
    ada = log_in(shop)
    shop.ask("/account", headers=ada)
    shop.lines(2)
    list_page.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    reload(list_page)

    [link] = [item for item in all_of(list_page, ".c-path a") if item.text == "/account"]
    follow(list_page, link)
    follow(list_page, one(list_page, "[data-step=push]"))
    at_push = stage(list_page), entries(list_page, "g")
    follow(list_page, one(list_page, "[data-step=preprocess]"))
    at_preprocess = stage(list_page), entries(list_page, "g")

    assert list_page.current_url.endswith("?stage=preprocess")
    assert at_push[0] == "push"
    assert "user" not in at_push[1]
    assert at_preprocess[0] == "preprocess"
    assert "set by load_user (shop.py:" in at_preprocess[1]["user"]
    assert_quiet(list_page)


@long
def test_filter_works_without_scripts(shop, list_page):
    for path in ("/", "/crash"):
        shop.ask(path)
    shop.lines(2)
    list_page.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})

    one(list_page, "#q").send_keys("status:5xx")
    follow(list_page, one(list_page, ".filter button"))

    assert rows(list_page) == ["/crash"]


@long
def test_hostile_request_is_only_text(shop, list_page):
    hostile = "/<script>document.title='owned'</script><img src=x onerror=alert(1)>"
    wait(lambda: "Live" in one(list_page, "[data-live]").text)
    shop.ask(hostile.replace(" ", "%20").replace("<", "%3C").replace(">", "%3E"))
    wait(lambda: rows(list_page) == [hostile], lambda: str(rows(list_page)))
    reload(list_page)

    follow(list_page, one(list_page, ".c-path a"))

    assert hostile in one(list_page, ".target").text
    assert "owned" not in list_page.title.partition("GET")[0]
    assert_quiet(list_page)


@long
def test_used_login_link_signs_nobody_else_in(shop, list_page, browsers):
    other = browsers()
    other.get(shop.link)

    assert one(other, "h1").text == "Log in to see the requests"
    assert "This login link is used" in one(other, ".problem").text
    other.get(f"{shop.address}/_trace/")
    assert one(other, "h1").text == "Log in to see the requests"
    reload(list_page)
    assert one(list_page, "h1").text == "Requests"


def test_logging_out_closes_the_dashboard(shop, list_page):
    follow(list_page, one(list_page, "[data-logout]"))
    assert one(list_page, "h1").text == "Log in to see the requests"
    list_page.get(f"{shop.address}/_trace/")

    assert one(list_page, "h1").text == "Log in to see the requests"


THIEF = """<!doctype html>
<title>thief</title>
<iframe id="frame" src="{dashboard}/"></iframe>
<script>
const dashboard = "{dashboard}";
const got = {{}};
const note = (name) => (event) => {{ got[name] = event.type; }};
for (const [kind, path] of [["img", "/static/icon.svg"], ["script", "/api/traces"]]) {{
  const element = document.createElement(kind);
  element.onload = element.onerror = note(kind);
  element.src = dashboard + path;
  document.head.append(element);
}}
for (const mode of ["cors", "no-cors"]) {{
  fetch(`${{dashboard}}/api/traces`, {{ mode, credentials: "include" }})
    .then((answer) => answer.text())
    .then((text) => {{ got[mode] = text; }}, (error) => {{ got[mode] = error.name; }});
}}
new EventSource(`${{dashboard}}/events`, {{ withCredentials: true }}).onerror = note("events");
fetch(`${{dashboard}}/logout`, {{ method: "POST", mode: "no-cors", credentials: "include" }})
  .then(() => {{ got.logout = "sent"; }}, (error) => {{ got.logout = error.name; }});
document.querySelector("#frame").onload = note("frame");
</script>
<a id="link" href="{dashboard}/">Look here</a>
"""


@pytest.fixture
def thief(shop):
    """Serve a page of another origin that wants what the dashboard knows."""
    page = THIEF.format(dashboard=f"{shop.address}/_trace").encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page if self.path == "/" else b"")

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.02])
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


# Of the same site, as sites do not know ports, so that the strict cookie comes along; and not.
@pytest.mark.parametrize("host", ["127.0.0.1", pytest.param("localhost", marks=long)])
def test_page_of_another_origin_gets_nothing(shop, thief, list_page, host):
    shop.ask("/products/3")
    wait(lambda: rows(list_page) == ["/products/3"])

    list_page.get(f"http://{host}:{thief}/")
    names = {"img", "script", "cors", "no-cors", "events", "logout", "frame"}
    wait(lambda: set(got(list_page)) == names, lambda: str(got(list_page)))
    found = got(list_page)
    list_page.switch_to.frame(one(list_page, "#frame"))
    framed = one(list_page, "body").text
    list_page.switch_to.default_content()
    follow(list_page, one(list_page, "#link"))
    followed = one(list_page, "body").text

    assert found["img"] == found["script"] == found["events"] == "error"
    assert found["cors"] == "TypeError"
    assert found["no-cors"] in {"", "TypeError"}
    assert "products" not in framed
    assert "products" not in followed
    list_page.get(f"{shop.address}/_trace/")
    assert rows(list_page) == ["/products/3"]  # still signed in: logging out did not work either


def got(browser):
    return browser.execute_script("return got")
