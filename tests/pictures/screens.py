"""Every page of the dashboard, in every state that looks different."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.live.chromium import FOREIGN
from tests.pictures.sites import Site

if TYPE_CHECKING:
    from selenium.webdriver import Chrome


@dataclass(frozen=True)
class Screen:
    """A page below the dashboard of *site*, and what is *done* there before one looks."""

    name: str
    site: str
    path: str = ""
    done: Callable[["Chrome"], object] = lambda _browser: None
    status: int = 200

    def __str__(self) -> str:
        return self.name

    def open(self, browser: "Chrome", sites: dict[str, Site]) -> None:
        """Lead *browser* there; `sign_in` was called before."""
        address = address_of(self.site, sites)
        browser.get(f"{address}/_trace/{self.path.format(**names_of(sites['busy']))}")
        self.done(browser)


def address_of(name: str, sites: dict[str, Site]) -> str:
    """Return where the dashboard *name* is seen from."""
    if name == "foreign":
        return f"http://{FOREIGN}:{sites['busy'].port}"
    # Nobody is signed in under the server's own name: that is the page "login".
    return sites["busy"].server if name == "outside" else sites[name].address


def sign_in(browser: "Chrome", sites: dict[str, Site]) -> None:
    """Log in to each dashboard, and remember nothing there."""
    for site in sites.values():
        browser.get(site.link())
        browser.execute_script("localStorage.clear()")


def names_of(site: Site) -> dict[str, str]:
    """Return the ids of the requests that have a page of their own here."""

    def newest(fits: Callable[[Any], bool]) -> str:
        return site.ids(fits)[0]

    carts = site.ids(lambda item: item.path == "/cart" and item.status == 200)
    return {
        "cart": carts[0],
        "other": carts[1],
        "account": newest(lambda item: item.path == "/account" and item.status == 200),
        "early": newest(lambda item: item.path == "/account" and item.status != 200),
        "crash": newest(lambda item: item.path == "/crash"),
        "missing": newest(lambda item: item.path == "/product/3"),
        "report": newest(lambda item: item.path == "/report"),
        "streamed": newest(lambda item: item.path == "/export.csv" and item.outcome == "ok"),
    }


def press(*keys: str) -> Callable[["Chrome"], None]:
    def act(browser: "Chrome") -> None:
        from selenium.webdriver import ActionChains

        ActionChains(browser).send_keys(*keys).perform()

    return act


def open_all(browser: "Chrome") -> None:
    """Open whatever is folded."""
    browser.execute_script("for (const item of document.querySelectorAll('details')) item.open = 1")


def open_first(browser: "Chrome") -> None:
    browser.execute_script(
        "for (const item of [...document.querySelectorAll('main details')].slice(0, 1))"
        "item.open = true"
    )


def learn(browser: "Chrome") -> None:
    """Open the drawer of the stage that is shown."""
    browser.execute_script(
        "document.querySelector('[data-panel]:not([hidden]) .lesson').open = true"
    )


def complete(browser: "Chrome") -> None:
    """Begin to type a filter, and wait for what is offered."""
    from selenium.webdriver.support.wait import WebDriverWait

    box = browser.find_element("css selector", "#q")
    box.send_keys("sta")
    WebDriverWait(browser, 20).until(
        lambda it: it.find_element("css selector", ".offers").is_displayed()
    )
    box.send_keys("\ue015")


def pick(browser: "Chrome") -> None:
    """Pin the first request and choose the second for a comparison."""
    browser.execute_script("localStorage.clear()")
    browser.refresh()
    press("j", "s", "j", "c")(browser)


SCREENS = (
    Screen("list-empty", "empty"),
    Screen("list-one", "single"),
    Screen("list", "busy"),
    Screen("list-filtered", "busy", "?q=status:4xx"),
    Screen("list-nothing-fits", "busy", "?q=status:418"),
    Screen("list-wrong-filter", "busy", "?q=status:many", status=400),
    Screen("list-completion", "busy", done=complete),
    Screen("list-picked", "busy", done=pick),
    Screen("list-keys", "busy", done=press("?")),
    Screen("trace", "busy", "{cart}"),
    Screen("trace-scale", "busy", "{report}?lane=scale"),
    Screen("trace-call", "busy", "{cart}?stage=preprocess", press("\ue014")),
    Screen("trace-learn", "busy", "{cart}?stage=preprocess", learn),
    Screen("trace-keys", "busy", "{cart}", press("?")),
    Screen("trace-crash", "busy", "{crash}"),
    Screen("trace-missing", "busy", "{missing}"),
    Screen("trace-early", "busy", "{early}"),
    Screen("trace-streamed", "busy", "{streamed}?stage=body"),
    Screen("compare", "busy", "{early}/compare/{account}"),
    Screen("compare-alike", "busy", "{cart}/compare/{other}"),
    Screen("endpoints", "busy", "endpoints"),
    Screen("endpoints-open", "busy", "endpoints", open_first),
    Screen("endpoints-empty", "empty", "endpoints"),
    Screen("map", "busy", "map"),
    Screen("map-open", "busy", "map", open_first),
    Screen("running", "busy", "running", open_first),
    Screen("running-none", "empty", "running"),
    Screen("about", "busy", "about"),
    Screen("clear", "busy", "clear"),
    Screen("not-there", "busy", "0" * 32, status=404),
    Screen("login", "outside", status=401),
    Screen("login-used", "outside", "login?token=used", status=401),
    Screen("refused", "foreign", status=403),
)


def only(name: str) -> Iterator[Screen]:
    """Yield the screens whose names begin with *name*."""
    return (screen for screen in SCREENS if screen.name.startswith(name))
