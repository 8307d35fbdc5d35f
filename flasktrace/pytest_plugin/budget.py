"""What a request of a test may take: the marker ``trace_budget``."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

import pytest

from flasktrace.pytest_plugin.settings import MARKER
from flasktrace.trace.model import Span, Trace
from flasktrace.trace.roles import queries, query_of, shape
from flasktrace.trace.show import words
from flasktrace.trace.show.sanitize import clean
from flasktrace.trace.show.terminal import render, tree

_GUILTY = 5
"""Spans, shapes or kinds that are named."""


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits of each request; None for none."""

    ms: float | None = None
    sql: int | None = None
    spans: int | None = None

    @classmethod
    def of(cls, marker: pytest.Mark) -> Self:
        """Return the budget that *marker* sets; fails the test when it sets none that can be."""
        limits: dict[str, Any] = dict(marker.kwargs)
        numbers = all(type(limit) in {int, float} and limit >= 0 for limit in limits.values())
        if marker.args or not limits or limits.keys() - {"ms", "sql", "spans"} or not numbers:
            message = f"{MARKER} takes numbers by name, ms=…, sql=…, spans=…; not {marker}."
            pytest.fail(message, pytrace=False)
        return cls(**limits)

    def complaint(self, traces: Sequence[Trace], width: int) -> str:
        """Return what went over the budget, with the trees; empty when nothing did."""
        if not traces:
            return f"{MARKER}: the test made no request that was traced, so nothing was measured."
        told = [
            "\n".join([*over, "", render(tree(trace, width=width), width=width)])
            for trace in traces
            if (over := list(self._over(trace)))
        ]
        return "\n".join(told)

    def _over(self, trace: Trace) -> Iterator[str]:
        name, asked = f"{clean(trace.method)} {words.target(trace)}", queries(trace)
        if self.ms is not None and trace.duration_ns > self.ms * 1_000_000:
            took = words.duration(trace.duration_ns)
            yield f"{name} took {took}, its budget is {self.ms:g} ms. The most was spent in"
            yield from _slowest(trace)
        if self.sql is not None and len(asked) > self.sql:
            made = "1 query" if len(asked) == 1 else f"{len(asked)} queries"
            yield f"{name} made {made}, its budget is {self.sql}:"
            yield from _counted(shape(query_of(span) or "") for span in asked)
        if self.spans is not None and len(trace.spans) > self.spans:
            made = words.number(len(trace.spans), "span")
            yield f"{name} made {made}, its budget is {self.spans}:"
            yield from _counted(f"{span.kind} {span.name}" for span in trace.spans)


def _slowest(trace: Trace) -> Iterator[str]:
    """Yield the spans with most time of their own, that of the spans below them taken out."""
    inner: Counter[int | None] = Counter()
    for span in trace.spans:
        inner[span.parent] += span.duration_ns

    def own(span: Span) -> int:
        return max(span.duration_ns - inner[span.id], 0)

    for span in sorted(trace.spans, key=own, reverse=True)[:_GUILTY]:
        if own(span):
            yield f"  {words.duration(own(span)).rjust(8)}  {clean(span.kind)} " + (
                words.title(span)
            )


def _counted(names: Iterator[str]) -> Iterator[str]:
    counts = Counter(names)
    for name, count in counts.most_common(_GUILTY):
        yield f"  {count:>4} x  {clean(name)}"
    if len(counts) > _GUILTY:
        yield f"  … and {len(counts) - _GUILTY} others"
