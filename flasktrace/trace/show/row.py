"""One request as a row of the list: the same facts for the page and for the live feed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from flasktrace.trace.model import Summary
from flasktrace.trace.show import words
from flasktrace.trace.show.sanitize import clean
from flasktrace.trace.show.scale import Scale

BAR = 100
"""Width of the bar in its own units."""


def row(item: Summary, usual: int | None = None) -> dict[str, Any]:
    """Return what a row shows, as clean text; ``bar`` holds stage, x and width in `BAR` units.

    *usual* is what such a request takes, in nanoseconds, when this one took much longer.
    """
    slow = () if usual is None else (words.slow_mark(item.duration_ns, usual),)
    return {
        "id": item.id,
        "started": clean(item.started),
        "clock": words.clock(item.started),
        "method": clean(item.method),
        "target": words.target(item),
        "endpoint": clean(item.endpoint or ""),
        "status": words.status(item.status),
        "status_class": words.status_class(item.status),
        "duration": words.duration(item.duration_ns),
        "ns": item.duration_ns,
        "worker": words.worker(item.pid),
        "born": clean(item.born),
        "restart": words.restart(item),
        "verdict": clean(item.verdict),
        "marks": (*words.marks(item), *slow),
        "bar": tuple(_bar(item)),
    }


def rows(
    items: Sequence[Summary], usual: Callable[[Summary], int | None] = lambda _item: None
) -> list[dict[str, Any]]:
    """Return the rows of *items*, newest first; ``divider`` says what happened in between.

    It stands on the row below which the code was older: the process of that request began to
    record after the request in the next row had come.
    """
    made = [row(item, usual(item)) for item in items]
    for upper, lower, shown in zip(items, items[1:], made, strict=False):
        # Both are ISO 8601 in UTC to the microsecond, so that texts compare as times.
        shown["divider"] = bool(upper.born) and lower.started < upper.born
    return made


def running(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is shown of a request that is not over, as clean text."""
    where = (item["stage"] or "between stages", item["doing"] or "")
    return {
        "method": clean(item["method"]),
        "target": clean(item["path"]),
        "started": clean(item["since"]),
        "clock": words.clock(item["since"]),
        "duration": words.duration(item["for_ns"]),
        "where": clean(" · ".join(part for part in where if part)),
        "thread": clean(f"{item['thread']} ({item['ident']}) of process {item['pid']}"),
        "stack": tuple(clean(line) for line in item["stack"]),
    }


def _bar(item: Summary) -> Iterator[tuple[str, float, float]]:
    """Yield the stages that ran, then what came after the last one: the body."""
    scale = Scale(item.duration_ns, BAR)
    end = 0
    for name, start, length in item.stages:
        if start is not None:
            end = max(end, start + length)
            yield (name, scale.x(start), scale.width(start, length))
    if 0 < end < item.duration_ns:
        yield ("body", scale.x(end), scale.width(end, item.duration_ns - end))
