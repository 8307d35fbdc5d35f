"""The recording that is going on here."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flasktrace.trace.record.recording import Recording

CURRENT: ContextVar[Recording | None] = ContextVar("flasktrace.recording", default=None)
"""What records in this thread, greenlet or task."""
