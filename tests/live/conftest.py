"""A real browser, and what to do where there is none."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

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


def do_without(what: str) -> None:
    """Skip a test that needs *what*; where everything has to be tested (CI), fail."""
    reason = f"{what} is not installed"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(name="do_without")
def _do_without() -> Callable[[str], None]:
    return do_without


@pytest.fixture
def browsers(tmp_path: Path) -> Iterator[Callable[[], "Chrome"]]:
    """Start a fresh Chromium with each call."""
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not browser or not driver:
        do_without("chromium with chromedriver")
    webdriver = pytest.importorskip("selenium.webdriver")
    from selenium.webdriver.chrome.service import Service

    with ExitStack() as running:

        def start() -> "Chrome":
            options = webdriver.ChromeOptions()
            options.binary_location = browser
            profile = tmp_path / f"profile-{len(list(tmp_path.glob('profile-*')))}"
            for flag in (*FLAGS, f"--user-data-dir={profile}"):
                options.add_argument(flag)
            options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
            made = webdriver.Chrome(options, Service(driver))
            running.callback(made.quit)
            made.set_page_load_timeout(30)
            return made

        yield start


@pytest.fixture
def browser(browsers: Callable[[], "Chrome"]) -> "Chrome":
    return browsers()
