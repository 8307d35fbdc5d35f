"""Every page of the dashboard in every state: what axe says of it, and the browser."""

import importlib.util
import re
from pathlib import Path

import pytest

from tests.cases import long
from tests.live import chromium
from tests.pictures.__main__ import OF_README, README, WIDTHS
from tests.pictures.screens import SCREENS, sign_in
from tests.pictures.sites import all_sites

ROOT = Path(__file__).parents[2]
FITS = """
const { scrollWidth, clientWidth } = document.documentElement;
const keys = [...document.querySelectorAll(".help-keys dt")];
return scrollWidth <= clientWidth && keys.every((key) => key.scrollWidth <= key.clientWidth)"""
AXE = """
const [rules, done] = arguments;
axe.run(rules).then((result) => done(result.violations.map((each) =>
  [each.id, each.nodes.slice(0, 3).map((node) => node.html)])))"""


@pytest.fixture(scope="module")
def sites():
    with all_sites() as made:
        yield made


@pytest.fixture(scope="module")
def signed_in(sites, start_browser):
    browser = start_browser()
    sign_in(browser, sites)
    yield browser
    browser.quit()


@pytest.fixture(scope="module")
def axe(do_without):
    found = importlib.util.find_spec("axe_core_python")
    if found is None or found.origin is None:
        do_without("axe-core-python")
    return (Path(found.origin).parent / "axe.min.js").read_text(encoding="utf-8")


def said(browser, screen):
    """What the browser reports, but for the status of a page that is meant to be refused."""
    own = f"the server responded with a status of {screen.status}"
    return [
        line["message"]
        for line in browser.get_log("browser")
        if screen.status == 200 or own not in line["message"]
    ]


@long
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("screen", SCREENS, ids=str)
def test_axe_and_the_browser_have_nothing_to_object_to(sites, signed_in, axe, screen, theme):
    signed_in.get_log("browser")
    chromium.set_theme(signed_in, theme)
    screen.open(signed_in, sites)
    signed_in.execute_script(axe)
    found = signed_in.execute_async_script(AXE, {})

    assert found == []
    assert said(signed_in, screen) == []


@long
@pytest.mark.parametrize("width", [360, *WIDTHS, 2560])
def test_no_page_is_wider_than_the_window(sites, signed_in, width):
    chromium.set_width(signed_in, width)
    try:
        wide = []
        for screen in SCREENS:
            screen.open(signed_in, sites)
            if not signed_in.execute_script(FITS):
                wide.append(screen.name)
    finally:
        chromium.reset(signed_in)

    assert wide == []


def test_pictures_of_the_readme_are_those_that_the_command_makes():
    made = {*(f"{name}.png" for name in OF_README), "crash.svg"}

    assert {path.name for path in README.iterdir()} == made
    for name in ("README.md", "README.zh.md"):
        shown = re.findall(r"docs/pictures/([\w.]+)", (ROOT / name).read_text("utf-8"))
        assert (name, sorted(shown)) == (name, sorted(made))
    assert all(path.stat().st_size < 200_000 for path in README.iterdir())
