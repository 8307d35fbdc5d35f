"""How far long work has come."""

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import track

Item = TypeVar("Item")


def progress(items: Iterable[Item], what: str, total: int) -> Iterator[Item]:
    """Yield *items*, and show on standard error, if it is a terminal, how many are done."""
    if not sys.stderr.isatty():
        yield from items
        return
    yield from track(items, what, total, console=Console(stderr=True), transient=True)
