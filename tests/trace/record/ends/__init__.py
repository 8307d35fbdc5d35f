"""Small apps whose requests end in ways that are known; a module for each theme."""

from tests.trace.record.ends import (  # noqa: F401 - they register their apps
    bodies,
    calls,
    errors,
    hooks,
    nested,
    routes,
    state,
)
from tests.trace.record.ends.registry import ENDS
from tests.trace.record.ends.text import text

__all__ = ["ENDS", "text"]
