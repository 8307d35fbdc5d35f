"""What a page costs the browser: until it can be used, and while it is scrolled."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from werkzeug.serving import make_server

from tests.pictures.sites import Silent

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

TIMES = """
const [it] = performance.getEntriesByType("navigation");
return { server: it.responseStart - it.requestStart, interactive: it.domContentLoadedEventEnd,
         loaded: it.loadEventEnd, size: it.decodedBodySize };"""

SCROLL = """
const done = arguments[arguments.length - 1];
const gaps = [];
let last = performance.now(), frames = 0;
document.documentElement.style.scrollBehavior = "auto";
function step(now) {
  gaps.push(now - last);
  last = now;
  scrollBy(0, 200);
  const end = scrollY + innerHeight >= document.documentElement.scrollHeight - 1;
  if (end || ++frames >= 240) return done(gaps.slice(2).sort((a, b) => a - b));
  requestAnimationFrame(step);
}
requestAnimationFrame(step);"""


@contextmanager
def served(app: Any) -> Iterator[str]:
    """Serve a WSGI app in this process; give its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Silent)
    thread = threading.Thread(target=server.serve_forever, args=[0.02])
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def visit(browser: "Chrome", address: str) -> dict[str, float]:
    """Open a page; return milliseconds: ``interactive`` is when its scripts have run."""
    browser.get(address)
    times: dict[str, float] = browser.execute_script(TIMES)
    return times


def scroll(browser: "Chrome") -> list[float]:
    """Scroll the open page down; return the milliseconds between two frames, sorted."""
    gaps: list[float] = browser.execute_async_script(SCROLL)
    return gaps


def at(part: float, values: list[float]) -> float:
    """Return the value that *part* of the sorted *values* do not exceed."""
    return values[min(int(part * len(values)), len(values) - 1)]
