"""The command ``top``: a live table of the endpoints."""

import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from flasktrace.cli.options import store_option
from flasktrace.cli.printing import print_json
from flasktrace.cli.stored import opened, parsed
from flasktrace.trace.keep.store import Store
from flasktrace.trace.query import Query

if TYPE_CHECKING:
    from flasktrace.trace.show.traffic import Endpoint

_STEP = 0.5
"""Seconds between two looks at the store."""
_AT_ONCE = 1000
_HELP = "j/k move  s sort  p pause  q quit"


@dataclass
class View:
    """What the keys change."""

    sort: str = "rate"
    marked: int = 0
    paused: bool = False
    left: bool = False

    def press(self, key: str, rows: int) -> None:
        """Do what *key* stands for; there are so many *rows*."""
        from flasktrace.trace.show.traffic import SORTS

        if key == "s":
            self.sort = SORTS[(SORTS.index(self.sort) + 1) % len(SORTS)]
        elif key in {"p", " "}:
            self.paused = not self.paused
        elif key == "q":
            self.left = True
        self.marked += {"j": 1, "k": -1}.get(key, 0)
        self.marked = max(min(self.marked, rows - 1), 0)


@click.command("top")
@click.argument("query", nargs=-1)
@click.option(
    "--window",
    default=60.0,
    show_default=True,
    type=click.FloatRange(1, 86400),
    help="Seconds that are looked back.",
)
@click.option(
    "--sort",
    default="rate",
    show_default=True,
    type=click.Choice(("rate", "p50", "p95", "errors", "name")),
    help="What comes first.",
)
@click.option("--once", is_flag=True, help="Print the table once; so it is without a terminal.")
@click.option("--json", "as_json", is_flag=True, help="Print the rows once, as JSON.")
@store_option
def top_command(
    query: tuple[str, ...], window: float, sort: str, once: bool, as_json: bool, url: str
) -> None:
    """Show each endpoint live: rate, percentiles, errors.

    The bar is the share of the stages. Keys: j and k (or arrows) move, s sorts by another
    column, p (or space) pauses, q leaves.

    \b
    flasktrace top
    flasktrace top 'path:/api/*' --window 300 --sort p95
    flasktrace top --json

    Exit codes: 0, 1 when the store cannot be read, 2 for wrong usage.
    """  # noqa: D301
    store, wanted = opened(url, may_come=True), parsed(" ".join(query))
    if once or as_json or not sys.stdout.isatty():
        _print(store, wanted, window, sort, as_json=as_json)
        return
    with suppress(KeyboardInterrupt):
        _show(store, wanted, window, View(sort))


def _print(store: Store, query: Query | None, window: float, sort: str, *, as_json: bool) -> None:
    from flasktrace.trace.show.traffic import Traffic

    endpoints = Traffic(window)
    endpoints.add(store.page(limit=_AT_ONCE, query=query).summaries)
    rows = endpoints.rows(time.time(), sort)
    if as_json:
        print_json([row.to_dict() for row in rows])
        return
    if not rows:
        text = f"No requests in the last {window:g} seconds in {store.url}; see flasktrace list."
        click.echo(text, err=True)
        return
    from flasktrace.trace.show import terminal

    terminal.console().print(terminal.table(rows, sort=sort))


def _show(store: Store, query: Query | None, window: float, view: View) -> None:
    from flasktrace.cli.keys import keys
    from flasktrace.trace.show import terminal
    from flasktrace.trace.show.traffic import Traffic

    endpoints = Traffic(window)
    cursor = store.since(None).next
    endpoints.add(store.page(limit=_AT_ONCE, query=query).summaries)
    with terminal.live() as draw, keys() as pressed:
        rows = endpoints.rows(time.time(), view.sort)
        while not view.left:
            page = store.since(cursor, limit=_AT_ONCE, query=query)
            cursor = page.next
            endpoints.add(page.summaries)
            if not view.paused:
                rows = endpoints.rows(time.time(), view.sort)
            head = f"{_total(rows)}, last {window:g} s, {store.url}"
            draw(rows, sort=view.sort, marked=view.marked, head=head, foot=_foot(view))
            for key in pressed(_STEP):
                view.press(key, len(rows))


def _total(rows: "Sequence[Endpoint]") -> str:
    from flasktrace.trace.show.words import number

    rate = sum(row.rate for row in rows)
    return f"{number(len(rows), 'endpoint')}, {rate:.1f} requests/s"


def _foot(view: View) -> str:
    return f"{'PAUSED  ' if view.paused else ''}{_HELP}"
