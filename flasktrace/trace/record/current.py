"""The recording that is going on here."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, cast

from flasktrace.signals import WATCHER

if TYPE_CHECKING:
    from flasktrace.trace.record.recording import Recording

CURRENT = cast("ContextVar[Recording | None]", WATCHER)
"""What records in this thread, greenlet or task; contexts that enter a stage look here."""
