"""A real browser, and what to do where there is none."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.live import chromium
from tests.needs import do_without

if TYPE_CHECKING:
    from selenium.webdriver import Chrome


@pytest.fixture(name="do_without", scope="session")
def _do_without() -> Callable[[str], None]:
    return do_without


@pytest.fixture(scope="session")
def start_browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], "Chrome"]]:
    """Start Chromium, as often as it is called."""
    if not chromium.is_there():
        do_without("chromium with chromedriver")
    pytest.importorskip("selenium.webdriver")

    with ExitStack() as running:

        def start() -> "Chrome":
            made = chromium.start(tmp_path_factory.mktemp("profile"))
            running.callback(made.quit)
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
