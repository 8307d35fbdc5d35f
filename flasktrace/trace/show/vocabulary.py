"""What can be written into a filter: the names of its terms, and the values that are there."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from flasktrace.trace.query import FIELDS
from flasktrace.trace.show.digest import Digest
from flasktrace.trace.show.sanitize import clean

_MOST = 100
"""Values of one field."""
_RECENT = 2000
"""Requests whose values are told, the newest."""
_FIXED = {
    "status": ("2xx", "3xx", "4xx", "5xx"),
    "dur": (">10ms", ">100ms", ">1s"),
    "time": ("5m", "1h", "1d"),
}


def vocabulary(digest: Digest) -> dict[str, Any]:
    """Return ``fields``, name to an example, and ``values``, name to texts, usual ones first."""
    newest = digest.summaries()[-_RECENT:]
    values: dict[str, Iterable[Any]] = {
        "status": (item.status for item in newest),
        "method": (item.method for item in newest),
        "path": (item.path for item in newest),
        "endpoint": (item.endpoint for item in newest),
        "outcome": (item.outcome for item in newest),
        "exc": (item.exception for item in newest),
        "mark": (mark for item in newest for mark in item.marks),
        "hook": (hook for item in newest for hook in item.hooks),
        "app": (item.app for item in newest),
        "pid": (item.pid for item in newest),
        "label": (item.label for item in newest),
        "g": (_key(text) for item in newest for text in item.held if text.startswith("g.")),
        "session": (
            _key(text) for item in newest for text in item.held if text.startswith("session.")
        ),
    }
    told = {name: [*_FIXED.get(name, ()), *_usual(found)] for name, found in values.items()}
    return {"fields": FIELDS, "values": dict(_FIXED) | told}


def _key(held: str) -> str:
    return held.partition("=")[0].partition(".")[2]


def _usual(values: Iterable[Any]) -> list[str]:
    counts = Counter(str(value) for value in values if value not in {None, ""})
    return [clean(text) for text, _ in counts.most_common(_MOST)]
