"""Runs an app untraced and traced, and compares everything that anybody outside can see."""

import pytest

pytest.register_assert_rewrite(f"{__name__}.comparison", f"{__name__}.truth")

from tests.trace.record.same.comparison import assert_same, differences  # noqa: E402
from tests.trace.record.same.notes import BOOM, Notes  # noqa: E402
from tests.trace.record.same.server import BROKE, LEFT, Ask, ask  # noqa: E402
from tests.trace.record.same.surface import hooks, receivers  # noqa: E402

__all__ = [
    "BOOM",
    "BROKE",
    "LEFT",
    "Ask",
    "Notes",
    "ask",
    "assert_same",
    "differences",
    "hooks",
    "receivers",
]
