"""A list that is open while requests pour in: ``python -m tests.benchmarks.live [--rate N]``.

Drives a small app of flasktrace in this process at a steady rate, every request stored in a SQLite
file, in turn without and with a list open in Chromium, which this same process serves. Prints the
latency of the app in both cases, and of the page: the longest task, the time between two frames,
and how long a key press takes until it is drawn.
"""

import argparse
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import flasktrace
from tests.benchmarks.__main__ import ask
from tests.benchmarks.apps import page
from tests.benchmarks.browser import at, served
from tests.live import chromium

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

WATCH = """
window.gaps = []; window.tasks = []; window.presses = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) tasks.push(entry.duration);
}).observe({ type: "longtask" });
let last = performance.now();
requestAnimationFrame(function step(now) {
  gaps.push(now - last); last = now; requestAnimationFrame(step);
});
setInterval(() => {
  const begin = performance.now();
  document.dispatchEvent(new KeyboardEvent("keydown", { key: "x", bubbles: true }));
  requestAnimationFrame(() => requestAnimationFrame(() => presses.push(performance.now() - begin)));
}, 1000);"""

TOLD = """
const sorted = (values) => values.sort((a, b) => a - b);
return { gaps: sorted(gaps), tasks: sorted(tasks), presses: sorted(presses),
         rows: document.querySelectorAll("[data-rows] .row").length,
         live: document.querySelector("[data-live]").textContent };"""


class Driver(threading.Thread):
    """Asks *app* at a steady *rate* for so many *seconds*; notes each answer's milliseconds."""

    def __init__(self, app: Any, rate: float, seconds: float) -> None:
        super().__init__()
        self._app, self._rate, self._seconds = app, rate, seconds
        self.times: list[float] = []
        self.took = 0.0

    def run(self) -> None:
        begin = time.perf_counter()
        for number in range(int(self._rate * self._seconds)):
            wait = begin + number / self._rate - time.perf_counter()
            if wait > 0:
                time.sleep(wait)
            started = time.perf_counter()
            ask(self._app, "/", "")
            self.times.append((time.perf_counter() - started) * 1000)
        self.took = time.perf_counter() - begin


def drive(app: Any, rate: float, seconds: float) -> Driver:
    driver = Driver(app, rate, seconds)
    driver.start()
    driver.join()
    return driver


def print_app(name: str, driver: Driver) -> None:
    times = sorted(driver.times)
    print(
        f"  app, {name:12} {len(times) / driver.took:6.0f} requests/s"
        f"  median {statistics.median(times):6.2f} ms  p95 {at(0.95, times):6.2f} ms"
        f"  p99 {at(0.99, times):6.2f} ms  longest {times[-1]:6.1f} ms"
    )


def print_page(told: dict[str, Any]) -> None:
    gaps, tasks, presses = told["gaps"], told["tasks"] or [0], told["presses"]
    print(
        f"  page: {len(gaps)} frames, median {statistics.median(gaps):.1f} ms, "
        f"p99 {at(0.99, gaps):.1f} ms, longest {gaps[-1]:.0f} ms; {len(told['tasks'])} long tasks, "
        f"longest {tasks[-1]:.0f} ms; key to frame median {statistics.median(presses):.0f} ms, "
        f"longest {presses[-1]:.0f} ms; {told['rows']} rows; {told['live']!r}"
    )


def watched(browser: "Chrome", link: str, app: Any, rate: float, seconds: float) -> Driver:
    """Drive the app while the list is open in *browser*."""
    browser.get(link)
    browser.execute_script(WATCH)
    driver = drive(app, rate, seconds)
    print_page(browser.execute_script(TOLD))
    browser.get("about:blank")
    return driver


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=1000, help="requests a second")
    parser.add_argument("--seconds", type=float, default=30, help="of each of the four parts")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        app = page(flasktrace)
        store = f"sqlite:///{folder}/traces.db"
        tracer = flasktrace.Tracer(
            app, enabled=True, announce=False, dashboard=True, token="x" * 20, store=store
        )
        drive(app, given.rate, 2)
        with served(app) as address:
            browser = chromium.start(Path(folder) / "profile")
            try:
                browser.get(f"{address}{tracer.login_link()}")
                for _ in range(2):
                    browser.get("about:blank")
                    print_app("list closed", drive(app, given.rate, given.seconds))
                    link = f"{address}/_trace/"
                    print_app("list open", watched(browser, link, app, given.rate, given.seconds))
            finally:
                browser.quit()
        health = tracer.health()
        print(health["counters"], health["store"])
        tracer.uninstall()


if __name__ == "__main__":
    main()
