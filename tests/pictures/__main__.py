"""Pictures of every page: ``python -m tests.pictures [--to DIR] [--only NAME] [--readme]``.

Serves the example shop with some requests in it and photographs each page in Chromium without a
window: 1440, 800 and 390 pixels wide, light and dark, from top to bottom, as
``DIR/<page>-<width>-<theme>.png``. With ``--readme`` it makes those of the README instead, in
docs/pictures: the first screenful, and the terminal's view as SVG.
"""

import argparse
import base64
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from flasktrace.trace.keep.sqlite import SqliteStore
from flasktrace.trace.model import Trace
from tests.live import chromium
from tests.live.process import flasktrace
from tests.pictures.screens import SCREENS, Screen, names_of, only, sign_in
from tests.pictures.sites import Site, all_sites

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

WIDTHS = (1440, 800, 390)
THEMES = ("light", "dark")
HIGHEST = 4000
"""Pixels; what lies below is cut off."""
ROOT = Path(__file__).parents[2]
README = ROOT / "docs" / "pictures"
OF_README = {
    "list": ("list", "light"),
    "request": ("trace", "light"),
    "crash": ("trace-crash", "dark"),
}
"""Files to the screen and the theme that they show."""
README_SIZE = (1200, 660)


def photograph(browser: "Chrome", path: Path, *, whole: bool) -> None:
    """Write what *browser* shows to *path*: the whole page, or what fits the window."""
    size = browser.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
    area = {"x": 0, "y": 0, "scale": 1, "width": size["width"], "height": size["height"]}
    more = {"clip": area | {"height": min(size["height"], HIGHEST)}} if whole else {}
    taken = browser.execute_cdp_cmd(
        "Page.captureScreenshot", {"format": "png", "captureBeyondViewport": whole, **more}
    )
    path.write_bytes(base64.b64decode(taken["data"]))


def take(
    browser: "Chrome", sites: dict[str, Site], screens: tuple[Screen, ...], folder: Path
) -> int:
    """Photograph *screens* in every width and theme; return how many pictures there are."""
    for theme in THEMES:
        chromium.set_theme(browser, theme)
        for width in WIDTHS:
            chromium.set_width(browser, width)
            for screen in screens:
                screen.open(browser, sites)
                photograph(browser, folder / f"{screen.name}-{width}-{theme}.png", whole=True)
    return len(THEMES) * len(WIDTHS) * len(screens)


def take_for_readme(browser: "Chrome", sites: dict[str, Site]) -> int:
    """Make the pictures of the README."""
    screens = {screen.name: screen for screen in SCREENS}
    chromium.set_width(browser, *README_SIZE)
    for file, (name, theme) in OF_README.items():
        chromium.set_theme(browser, theme)
        screens[name].open(browser, sites)
        photograph(browser, README / f"{file}.png", whole=False)
    return len(OF_README)


def draw_terminal(crash: Trace) -> None:
    """Save the tree of *crash* as the command line saves it."""
    assert crash.exception is not None
    # The picture is of no machine: its paths begin where the checkout does.
    frames = tuple(
        replace(frame, file=frame.file.removeprefix(f"{ROOT}/")) for frame in crash.exception.frames
    )
    shown = replace(crash, exception=replace(crash.exception, frames=frames))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = SqliteStore(folder / "traces.db")
        store.put([shown])
        store.close()
        env = {"FLASKTRACE_STORE": f"sqlite:///{folder}/traces.db", "COLUMNS": "88"}
        flasktrace(folder, "show", "--svg", "crash.svg", env=env)
        (README / "crash.svg").write_bytes((folder / "crash.svg").read_bytes())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, default=Path("pictures"), help="folder for the files")
    parser.add_argument("--only", default="", help="pages whose names begin so")
    parser.add_argument("--readme", action="store_true", help="make those of the README")
    given = parser.parse_args()
    folder = README if given.readme else given.to
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile, all_sites() as sites:
        browser = chromium.start(Path(profile))
        try:
            sign_in(browser, sites)
            if given.readme:
                count = take_for_readme(browser, sites)
                store = sites["busy"].tracer.store
                draw_terminal(store.get(names_of(sites["busy"])["crash"]))
            else:
                count = take(browser, sites, tuple(only(given.only)), folder)
        finally:
            browser.quit()
    print(f"{count} pictures in {folder}")


if __name__ == "__main__":
    main()
