"""The endpoints of an app, each with what its requests have in common."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from flasktrace.trace.model import HOOKS, STAGES, Summary
from flasktrace.trace.query import microseconds
from flasktrace.trace.show.digest import QUERIES, Digest, Work
from flasktrace.trace.show.row import BAR
from flasktrace.trace.show.sanitize import clean

BINS = 24
"""Columns of a histogram: a quarter of a decade each, from a tenth of a millisecond on."""
_FIRST_BIN = 100_000
_FAILED = 500
_PERCENT = 100
_MOST_WORKS = 8
SORTS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "time": lambda item: -item["total_ns"],
    "endpoint": lambda item: (item["endpoint"] is None, item["endpoint"] or ""),
    "count": lambda item: -item["count"],
    "rate": lambda item: -item["per_minute"],
    "errors": lambda item: -item["errors"],
    "p50": lambda item: -item["p50_ns"],
    "p95": lambda item: -item["p95_ns"],
    "p99": lambda item: -item["p99_ns"],
}
"""Names of orders; the first one is the usual."""


def endpoints(digest: Digest, sort: str = "time") -> dict[str, Any]:
    """Return the endpoints as plain data, in the order *sort*, and how many requests they rest on.

    Times are integer nanoseconds, shares are parts of one.
    """
    summaries = digest.summaries()
    works = digest.works(summaries)
    groups: dict[str | None, list[Summary]] = defaultdict(list)
    for item in summaries:
        groups[item.endpoint].append(item)
    minutes = _minutes(summaries)
    found = [_endpoint(name, items, works, minutes) for name, items in groups.items()]
    whole = sum(item["total_ns"] for item in found) or 1
    for endpoint in found:
        endpoint["share"] = endpoint["total_ns"] / whole
    found.sort(key=SORTS.get(sort, SORTS["time"]))
    return {"endpoints": found, "requests": len(summaries), "closely": len(works)}


def _minutes(summaries: Sequence[Summary]) -> float:
    starts = [at for item in summaries if (at := microseconds(item.started)) is not None]
    # A few requests within a second are no thousand a minute.
    return max((max(starts) - min(starts)) / 60e6, 1.0) if starts else 1.0


def _endpoint(
    name: str | None,
    items: Sequence[Summary],
    works: dict[str, tuple[Work, ...]],
    minutes: float,
) -> dict[str, Any]:
    times = sorted(item.duration_ns for item in items)
    slowest = max(items, key=lambda item: item.duration_ns)
    closely = {item.id: works[item.id] for item in items if item.id in works}
    stages = _stages(items)
    whole = sum(item.duration_ns for item in items if item.id in closely)
    queries = {key: sum(work.kind in QUERIES for work in ran) for key, ran in closely.items()}
    most = max(queries, key=lambda key: queries[key], default=None)
    return {
        "endpoint": None if name is None else clean(name),
        "rules": sorted({clean(item.rule) for item in items if item.rule}),
        "methods": [method for method, _ in Counter(clean(i.method) for i in items).most_common()],
        "count": len(items),
        "per_minute": round(len(items) / minutes, 1),
        "errors": sum(item.status is None or item.status >= _FAILED for item in items),
        "total_ns": sum(times),
        "p50_ns": _quantile(times, 50),
        "p95_ns": _quantile(times, 95),
        "p99_ns": _quantile(times, 99),
        "max_ns": times[-1],
        "histogram": _histogram(times),
        "stages": stages,
        "bar": _bar(stages),
        "hooks": list(_hooks(list(closely.values()), whole)),
        "closely": len(closely),
        "slowest": slowest.id,
        "most_queries": most if most and queries[most] else None,
        "queries": queries[most] if most else 0,
    }


def _quantile(times: Sequence[int], percent: int) -> int:
    """Return the time that *percent* of the sorted *times* do not exceed."""
    return times[max(-(-len(times) * percent // _PERCENT) - 1, 0)]


def bin_of(duration_ns: int) -> int:
    """Return the column of a duration."""
    column, edge = 0, _FIRST_BIN
    while column < BINS - 1 and duration_ns >= edge:
        column += 1
        # Four columns to a decade, in whole numbers: 1, 1.78, 3.16, 5.62, 10.
        edge = _FIRST_BIN * 10 ** (column // 4) * (1000, 1778, 3162, 5623)[column % 4] // 1000
    return column


def _histogram(times: Sequence[int]) -> list[int]:
    counts = [0] * BINS
    for duration_ns in times:
        counts[bin_of(duration_ns)] += 1
    return counts


def _stages(items: Sequence[Summary]) -> list[dict[str, Any]]:
    """Return the stages with their shares of the time; what lies inside of a stage is taken off."""
    spent = dict.fromkeys((*STAGES, "body"), 0)
    whole = 0
    for item in items:
        whole += item.duration_ns
        ran = [(name, start, length) for name, start, length in item.stages if start is not None]
        for name, start, length in ran:
            if name in spent:
                inner = sum(
                    b for n, a, b in ran if n != name and start <= a and a + b <= start + length
                )
                spent[name] += max(length - inner, 0)
        end = max((start + length for _, start, length in ran), default=0)
        spent["body"] += max(item.duration_ns - end, 0) if ran else 0
    return [{"stage": name, "share": ns / whole if whole else 0.0} for name, ns in spent.items()]


def _bar(stages: Sequence[dict[str, Any]]) -> list[tuple[str, float, float]]:
    """Return the shares as pieces of a line of `BAR` units, one beside the other."""
    pieces: list[tuple[str, float, float]] = []
    at = 0.0
    for part in stages:
        if part["share"] > 0:
            pieces.append((part["stage"], round(at, 2), round(part["share"] * BAR, 2)))
            at += part["share"] * BAR
    return pieces


def _hooks(traces: Sequence[Sequence[Work]], whole: int) -> Iterator[dict[str, Any]]:
    """Yield the functions that took most of the *whole* time, with their mean."""
    spent: Counter[tuple[str, str, str, int]] = Counter()
    counts: Counter[tuple[str, str, str, int]] = Counter()
    for works in traces:
        for kind, name, file, line, duration_ns in works:
            if kind in HOOKS or kind in {"view", "template"}:
                spent[kind, name, file, line] += duration_ns
                counts[kind, name, file, line] += 1
    for key, total in spent.most_common(_MOST_WORKS):
        kind, name, file, line = key
        yield {
            "kind": clean(kind),
            "name": clean(name),
            "file": clean(file),
            "line": line,
            "count": counts[key],
            "share": total / whole if whole else 0.0,
            "mean_ns": total // max(len(traces), 1),
        }
