"""How much of a request is kept."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Limits:
    """Upper bounds of one trace; what goes beyond is counted, not kept."""

    value: int = 500
    """Characters of one value of the context stack."""
    header: int = 8192
    """Characters of one header."""
    body: int = 65536
    """Bytes of a captured body."""
    keys: int = 100
    """Keys of one section of a card."""
    depth: int = 4
    """Levels of nested lists and dicts."""
    width: int = 50
    """Items of one list or dict."""
    spans: int = 2000
    events: int = 2000
    changes: int = 1000
    queries: int = 500
    """Queries of one trace; they do not count as its spans."""
    logs: int = 1000
    """Log records of one trace; they do not count as its events."""
    statement: int = 2000
    """Characters of the text of one query."""
    frames: int = 50

    @classmethod
    def of(cls, given: Mapping[str, Any] | None) -> Self:
        """Return the limits with those of *given* changed; ValueError for one there is not."""
        names = [item.name for item in fields(cls)]
        for name, value in (given or {}).items():
            if name not in names:
                raise ValueError(f"There is no limit {name!r}; there are {', '.join(names)}.")
            if type(value) is not int or value < 0:
                raise ValueError(f"The limit {name}={value!r} must be a whole number from 0 up.")
        return cls(**(given or {}))
