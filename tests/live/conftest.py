"""A real browser, and what to do where there is none."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.needs import do_without

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--window-size=1280,900",
)


@pytest.fixture(name="do_without", scope="session")
def _do_without() -> Callable[[str], None]:
    return do_without


@pytest.fixture(scope="session")
def start_browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], "Chrome"]]:
    """Start Chromium, as often as it is called."""
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not browser or not driver:
        do_without("chromium with chromedriver")
    webdriver = pytest.importorskip("selenium.webdriver")
    from selenium.webdriver.chrome.service import Service

    with ExitStack() as running:

        def start() -> "Chrome":
            options = webdriver.ChromeOptions()
            options.binary_location = browser
            profile = tmp_path_factory.mktemp("profile")
            for flag in (*FLAGS, f"--user-data-dir={profile}"):
                options.add_argument(flag)
            options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
            made = webdriver.Chrome(options, Service(driver))
            running.callback(made.quit)
            made.set_page_load_timeout(30)
            return made

        yield start


@pytest.fixture(scope="session")
def standing_browser(start_browser: Callable[[], "Chrome"]) -> "Chrome":
    """The browser that tests use in turn: a start takes longer than most tests."""
    return start_browser()


@pytest.fixture
def browsers(
    standing_browser: "Chrome", start_browser: Callable[[], "Chrome"]
) -> Iterator[Callable[[], "Chrome"]]:
    """Give a browser that knows nothing; with each further call another one."""
    with ExitStack() as running:

        def another() -> "Chrome":
            made = start_browser()
            running.callback(made.quit)
            return made

        ready = [standing_browser]
        yield lambda: ready.pop() if ready else another()
    _forget(standing_browser)


def _forget(browser: "Chrome") -> None:
    """Leave nothing of a test behind for the next."""
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    browser.get("about:blank")
    browser.execute_cdp_cmd("Network.clearBrowserCookies", {})
    browser.get_log("browser")


@pytest.fixture
def browser(browsers: Callable[[], "Chrome"]) -> "Chrome":
    return browsers()
