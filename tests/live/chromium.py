"""Chromium without a window, as tests and pictures need it."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

FOREIGN = "shop.example"
"""A name for this machine that no dashboard trusts."""

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
    "--hide-scrollbars",
    "--window-size=1280,900",
    f"--host-resolver-rules=MAP {FOREIGN} 127.0.0.1",
)


def is_there() -> bool:
    """Tell whether the browser and its driver are installed."""
    return bool(shutil.which("chromium") and shutil.which("chromedriver"))


def start(profile: Path) -> "Chrome":
    """Start a browser that keeps what it remembers in the folder *profile*."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    made = webdriver.Chrome(options, Service(shutil.which("chromedriver")))
    made.set_page_load_timeout(30)
    return made


def set_width(browser: "Chrome", width: int, height: int = 900) -> None:
    """Draw pages *width* pixels wide, until `reset`."""
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def set_theme(browser: "Chrome", theme: str) -> None:
    """Let the system prefer *theme*, "light" or "dark", until `reset`."""
    features = [{"name": "prefers-color-scheme", "value": theme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def reset(browser: "Chrome") -> None:
    """Take back what `set_width` and `set_theme` did."""
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
