"""Which cases the long tests try: a share of them, unless all are asked for, as in CI.

Nothing else decides this, so that ``FLASKTRACE_ALL_CASES=1`` stands for every case there is.
"""

import os
from collections.abc import Sequence
from itertools import product
from typing import Any

import pytest

ALL = bool(os.environ.get("FLASKTRACE_ALL_CASES"))

long = pytest.mark.skipif(not ALL, reason="takes long: FLASKTRACE_ALL_CASES=1 runs it")
"""Marks a test that takes long with few cases too, or has none to leave out: CI runs it."""


def many(count: int) -> int:
    """Return *count*, or a tenth of it."""
    return count if ALL else max(count // 10, 1)


def share(cases: Sequence[Any]) -> Sequence[Any]:
    """Return all *cases*, or a tenth of them, from the first on."""
    return cases[: many(len(cases))]


def cover(*axes: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Return all combinations of the values of *axes*, or so few that each value is in one."""
    if ALL:
        return list(product(*axes))
    longest = max(map(len, axes))
    return [tuple(axis[number % len(axis)] for axis in axes) for number in range(longest)]
