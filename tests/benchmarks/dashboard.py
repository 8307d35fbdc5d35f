"""The dashboard's server with a full store: ``python -m tests.benchmarks.dashboard [--traces N]``.

Makes a SQLite store of so many traces, then asks each page in this process, without a network,
and prints median and 95th percentile of the wall time, the median of the CPU time (which other work
on the machine disturbs less), and the size of the answer. Then it opens the pages in Chromium, if
that is there, and prints the time from the navigation until the page's scripts have run, and how
long the frames are while the page is scrolled; one of them has a trace of 5,000 spans.
"""

import argparse
import platform
import random
import sqlite3
import statistics
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from werkzeug.exceptions import NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client

from flasktrace.trace.keep.sqlite import SqliteStore
from flasktrace.trace.model import Trace
from flasktrace.trace.show.access import Access
from flasktrace.trace.show.web import create_app
from tests.benchmarks.browser import at, scroll, served, visit
from tests.live import chromium
from tests.trace.samples import big, cart, crash, early, missing
from tests.trace.show.fakes import FakeLedger

TOKEN = "a-token-for-the-benchmark"
BATCH = 500
FILTERS = {
    "status, usual": "status:2xx",
    "status, none": "status:418",
    "method": "method:POST",
    "path, exact": "path:/product/77",
    "path, glob": "path:/product/77*",
    "endpoint": "endpoint:page_7",
    "endpoint, none": "endpoint:nothing",
    "dur": "dur:>9900ms",
    "time": "time:2026-11-23T10:20..2026-11-23T10:25",
    "exc": "exc:KeyError",
    "mark": 'mark:"answered by a hook"',
    "hook": "hook:load_user",
    "hook, none": "hook:nothing",
    "g.user": "g.user:ada",
    "session": "session:nothing",
    "text": "text:shop.py",
    "text, none": "text:nothing-has-this",
    "not": "-status:2xx -status:4xx -status:5xx -status:3xx",
    "several": "status:5xx method:GET path:/product* dur:>5s hook:load_user",
}


def traces(count: int, chance: random.Random) -> list[Trace]:
    kinds = [cart(), cart(), cart(), cart(), crash(), early(), missing()]
    begin = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
    return [
        replace(
            kinds[number % len(kinds)],
            id=f"{number:032x}",
            started=(begin + timedelta(milliseconds=20 * number)).isoformat(
                timespec="microseconds"
            ),
            duration_ns=int(10 ** chance.uniform(5, 10)),
            path=f"/product/{chance.randrange(1000)}",
            endpoint=f"page_{chance.randrange(40)}",
            rule="/product/<int:number>",
        )
        for number in range(count)
    ]


def fill(path: Path, count: int) -> SqliteStore:
    store = SqliteStore(path, max_traces=count + 1, max_bytes=2**34, max_age=1e12)
    made = traces(count, random.Random(1))
    store.put([replace(big(), started=made[0].started)])
    for start in range(0, count, BATCH):
        store.put(made[start : start + BATCH])
    return store


def measure(client: Client, path: str, rounds: int) -> tuple[list[float], list[float], int]:
    times, work, size = [], [], 0
    for _ in range(rounds):
        begin, busy = time.perf_counter(), time.process_time()
        answer = client.get(
            path,
            base_url="http://localhost/_trace",
            headers={"Authorization": f"Bearer {TOKEN}"},
        )
        size = len(answer.data)
        times.append((time.perf_counter() - begin) * 1000)
        work.append((time.process_time() - busy) * 1000)
        assert answer.status_code == 200, (path, answer.status_code, answer.text[:200])
    return times, work, size


def in_browser(app: Any, pages: dict[str, str], rounds: int) -> None:
    """Print how long a browser takes until each page can be used, the server's time included."""
    if not chromium.is_there():
        print("no chromium: nothing is measured in a browser")
        return
    outside = DispatcherMiddleware(NotFound(), {"/_trace": app})
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile,
        served(outside) as address,
    ):
        browser = chromium.start(Path(profile))
        try:
            headers = {"headers": {"Authorization": f"Bearer {TOKEN}"}}
            browser.execute_cdp_cmd("Network.enable", {})
            browser.execute_cdp_cmd("Network.setExtraHTTPHeaders", headers)
            for name, path in pages.items():
                seen = [visit(browser, f"{address}/_trace{path}") for _ in range(rounds + 1)][1:]
                times = sorted(one["interactive"] for one in seen)
                print(
                    f"  browser, {name:19} {statistics.median(times):8.1f} ms"
                    f"  p95 {at(0.95, times):8.1f} ms  {seen[0]['size'] / 1000:28.1f} kB"
                )
                gaps = scroll(browser) or [0.0]  # a page that fits the window has none
                print(
                    f"    scrolled, {len(gaps)} frames: median {statistics.median(gaps):.1f} ms, "
                    f"p95 {at(0.95, gaps):.1f} ms, longest {gaps[-1]:.1f} ms"
                )
        finally:
            browser.quit()


def print_line(name: str, times: list[float], work: list[float], size: int) -> None:
    p95 = sorted(times)[max(-(-len(times) * 95 // 100) - 1, 0)]
    middle = statistics.median(times)
    print(
        f"  {name:28} {middle:8.1f} ms  p95 {p95:8.1f} ms"
        f"  CPU {statistics.median(work):8.1f} ms  {size / 1000:8.1f} kB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--traces", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--store", type=Path, help="keep the store here, or use the one that is")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = given.store or Path(folder) / "traces.db"
        begin = time.perf_counter()
        is_new = not path.exists()
        store = fill(path, given.traces) if is_new else SqliteStore(path, max_traces=10**9)
        if is_new:
            print(f"filled in {time.perf_counter() - begin:.0f} s")
        print(
            f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, "
            f"{store.count()} traces, {path.stat().st_size / 1e6:.0f} MB, {given.rounds} rounds"
        )
        access = Access(token=TOKEN, trusted_hosts=(), ledger=FakeLedger(), app_name="shop")
        client = Client(create_app(store, access, mount="/_trace", health=dict))
        middle = f"{given.traces // 2:032x}"
        pages = {
            "list": "/",
            "list, in the middle": f"/?before={given.traces // 2}",
            "one trace": f"/{middle}",
            "api, 500 summaries": "/api/traces?limit=500",
            "about": "/about",
        }
        print_line("endpoints, first time", *measure(client, "/endpoints", 1))
        print_line("endpoints", *measure(client, "/endpoints", given.rounds))
        print_line("words of the filter", *measure(client, "/api/words", given.rounds))
        for name, address in pages.items():
            measure(client, address, 1)
            print_line(name, *measure(client, address, given.rounds))
        for name, query in FILTERS.items():
            address = f"/?{urlencode({'q': query})}"
            print_line(f"filter {name}", *measure(client, address, given.rounds))
        in_browser(
            client.application,
            {
                "list": "/",
                "filter": "/?q=status:5xx+path:/product/7*",
                "one trace": f"/{middle}",
                "endpoints": "/endpoints",
                "5,000 spans": f"/{'b' * 32}",
                "5,000 spans, all": f"/{'b' * 32}?repeats=1&rows=all",
            },
            given.rounds,
        )
        store.close()


if __name__ == "__main__":
    main()
