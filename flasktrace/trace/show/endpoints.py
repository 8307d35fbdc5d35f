"""The endpoints of an app, each with what its requests have in common."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from flasktrace.trace.model import HOOKS
from flasktrace.trace.show.digest import PARTS, QUERIES, Digest, Fact, Work
from flasktrace.trace.show.row import BAR
from flasktrace.trace.show.sanitize import clean

BINS = 24
"""Columns of a histogram: a quarter of a decade each, from a tenth of a millisecond on."""
_EDGES = [
    10 ** (5 + number // 4) * (1000, 1778, 3162, 5623)[number % 4] // 1000
    for number in range(BINS - 1)
]
"""Between the columns: 0.1 ms, then 1.78, 3.16, 5.62, 10 times as much, in whole nanoseconds."""
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
    facts = digest.facts()
    told = digest.once(facts, lambda: _told(digest, facts))
    return {**told, "endpoints": sorted(told["endpoints"], key=SORTS.get(sort, SORTS["time"]))}


def _told(digest: Digest, facts: list[Fact]) -> dict[str, Any]:
    works = digest.works([fact.summary for fact in facts])
    groups: dict[str | None, list[Fact]] = defaultdict(list)
    for fact in facts:
        groups[fact.summary.endpoint].append(fact)
    minutes = _minutes(facts)
    found = [_endpoint(name, items, works, minutes) for name, items in groups.items()]
    whole = sum(item["total_ns"] for item in found) or 1
    for endpoint in found:
        endpoint["share"] = endpoint["total_ns"] / whole
    return {"endpoints": found, "requests": len(facts), "closely": len(works)}


def _minutes(facts: Sequence[Fact]) -> float:
    starts = [fact.started for fact in facts if fact.started is not None]
    # A few requests within a second are no thousand a minute.
    return max((max(starts) - min(starts)) / 60e6, 1.0) if starts else 1.0


def _endpoint(
    name: str | None,
    facts: Sequence[Fact],
    works: dict[str, tuple[Work, ...]],
    minutes: float,
) -> dict[str, Any]:
    items = [fact.summary for fact in facts]
    times = sorted(item.duration_ns for item in items)
    slowest = max(items, key=lambda item: item.duration_ns)
    closely = {item.id: works[item.id] for item in items if item.id in works}
    stages = _stages(facts, sum(times))
    whole = sum(item.duration_ns for item in items if item.id in closely)
    queries = {key: sum(work.kind in QUERIES for work in ran) for key, ran in closely.items()}
    most = max(queries, key=lambda key: queries[key], default=None)
    return {
        "endpoint": None if name is None else clean(name),
        "rules": sorted(clean(rule) for rule in {item.rule for item in items} if rule),
        "methods": [clean(name) for name, _ in Counter(i.method for i in items).most_common()],
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


def _histogram(times: Sequence[int]) -> list[int]:
    """Return how many of the sorted *times* lie in each column."""
    ends = [bisect_left(times, edge) for edge in _EDGES]
    return [end - begin for begin, end in zip([0, *ends], [*ends, len(times)], strict=True)]


def _stages(facts: Sequence[Fact], whole: int) -> list[dict[str, Any]]:
    """Return the stages, and the body, with their shares of the *whole* time."""
    spent = [sum(column) for column in zip(*(fact.spent for fact in facts), strict=True)]
    return [
        {"stage": name, "share": ns / whole if whole else 0.0}
        for name, ns in zip(PARTS, spent, strict=True)
    ]


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
