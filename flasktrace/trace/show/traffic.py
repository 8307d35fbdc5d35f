"""What each endpoint has taken lately: rate, percentiles, errors and the share of the stages."""

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from flasktrace.trace.model import STAGES, Summary
from flasktrace.trace.show import words
from flasktrace.trace.show.sanitize import clean

WINDOW = 60.0
"""Seconds that are looked back."""

MOST = 50_000
"""Requests that are remembered, the newest."""

_FAILED = 500

SORTS = ("rate", "p50", "p95", "errors", "name")
"""What rows can be sorted by; the largest comes first, of names the first."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One row; times in nanoseconds."""

    name: str
    """Method and endpoint, as ``GET cart``; or the status where no route was found."""
    count: int
    rate: float
    """Requests per second."""
    p50: int
    p95: int
    errors: int
    """Answers of 500 and above, and those that never came."""
    stages: dict[str, int]
    """What each stage took in all, of those that ran."""

    def to_dict(self) -> dict[str, Any]:
        """Return the row as plain data."""
        return asdict(self)


class Traffic:
    """The requests of the last *window* seconds by endpoint."""

    def __init__(self, window: float = WINDOW) -> None:
        self.window = window
        self._seen: deque[tuple[float, Summary]] = deque(maxlen=MOST)

    def add(self, summaries: Iterable[Summary]) -> None:
        """Remember *summaries*; those of which nobody can tell the time are left out."""
        for item in summaries:
            moment = _moment(item.started)
            if moment is not None:
                self._seen.append((moment, item))

    def rows(self, now: float, sort: str = "rate") -> Sequence[Endpoint]:
        """Return the rows as of *now*, seconds of the epoch, sorted by one of `SORTS`."""
        recent = [pair for pair in self._seen if now - self.window <= pair[0]]
        groups: dict[str, list[Summary]] = defaultdict(list)
        for _, item in recent:
            groups[_name(item)].append(item)
        first = min((moment for moment, _ in recent), default=now)
        span = min(max(now - first, 1.0), self.window)
        made = [_row(name, items, span) for name, items in groups.items()]
        if sort == "name":
            return sorted(made, key=lambda row: row.name)
        return sorted(made, key=lambda row: (-getattr(row, sort), row.name))


def _row(name: str, items: Sequence[Summary], span: float) -> Endpoint:
    times = sorted(item.duration_ns for item in items)
    stages = dict.fromkeys(STAGES, 0)
    ran = set()
    for item in items:
        for stage, start, length in item.stages:
            if start is not None and stage in stages:
                ran.add(stage)
                stages[stage] += max(length, 0)
    return Endpoint(
        name=name,
        count=len(items),
        rate=len(items) / span,
        p50=_part(times, 0.50),
        p95=_part(times, 0.95),
        errors=sum(item.status is None or item.status >= _FAILED for item in items),
        stages={stage: length for stage, length in stages.items() if stage in ran},
    )


def _part(times: Sequence[int], part: float) -> int:
    """Return the nearest-rank percentile of sorted *times*."""
    rank = -(-len(times) * part // 1)
    return times[max(int(rank) - 1, 0)]


def _name(item: Summary) -> str:
    where = item.endpoint or f"({words.status(item.status)}, no endpoint)"
    return clean(f"{item.method} {where}")


def _moment(started: str) -> float | None:
    try:
        moment = datetime.fromisoformat(started)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
