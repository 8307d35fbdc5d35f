"""How the tracer itself is doing, as lines for a person."""

from collections.abc import Mapping
from statistics import median
from typing import Any

from flasktrace.trace.show import words
from flasktrace.trace.show.digest import Digest
from flasktrace.trace.show.sanitize import clean

_SIZES = {"bytes", "wal_bytes", "max_bytes"}
_NAMES = {"max_age_s": "kept for at most", "wal_bytes": "write-ahead log"}
"""Of what is not told by its own name."""
_COST = 1000
"""Requests that the cost is taken from, the newest."""


def about(health: Mapping[str, Any], settings: Mapping[str, Any], digest: Digest) -> dict[str, Any]:
    """Return titled groups of facts: each a list of name and text, all of it clean."""
    versions = {
        name: health[name] for name in ("flasktrace", "python", "app", "host") if health.get(name)
    }
    store, counters = _part(health, "store"), _part(health, "counters")
    return {
        "groups": [
            ("Versions", _facts(versions)),
            ("Store", _facts({key: value for key, value in store.items() if key not in counters})),
            ("Written by this process", _facts(counters)),
            ("Own cost", _cost(digest)),
            ("Settings in force", _facts(settings)),
        ],
        "skipped": words.skipped(_part(health, "skipped")),
        "problems": list(_problems(health)),
    }


def _facts(given: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (clean(_NAMES.get(name, name.replace("_", " "))), _text(name, value))
        for name, value in given.items()
    ]


def _text(name: str, value: Any) -> str:
    if name in _SIZES and isinstance(value, int):
        return words.size(value)
    if name == "max_age_s" and isinstance(value, int | float):
        return words.long_time(value)
    if isinstance(value, Mapping):
        return clean(", ".join(f"{key}={item}" for key, item in value.items()) or "none changed")
    if isinstance(value, list | tuple):
        return clean(", ".join(map(str, value)) or "none")
    if isinstance(value, bool):
        return "yes" if value else "no"
    return clean("not set" if value is None else str(value) or "off")


def _cost(digest: Digest) -> list[tuple[str, str]]:
    newest = digest.summaries()[-_COST:]
    if not newest:
        return [("per request", "not known before the first request")]
    own = sorted(item.tracer_ns for item in newest)
    whole = sum(item.duration_ns for item in newest) or 1
    return [
        ("median per request", words.duration(int(median(own)))),
        ("worst", words.duration(own[-1])),
        ("beside the app's own time", f"{sum(own) / whole * 100:.1f} %"),
        ("from", words.number(len(newest), "newest request")),
    ]


def _problems(health: Mapping[str, Any]) -> list[str]:
    state = str(_part(health, "store").get("state", "ok"))
    errors, counters = _part(health, "internal_errors"), _part(health, "counters")
    lost = {name: count for name, count in counters.items() if count and _is_bad(name)}
    found = [
        *([] if state == "ok" else [f"The store: {state}"]),
        *(f"{words.number(n, 'error')} inside the tracer, in {part}" for part, n in errors.items()),
        *(f"Switched off after errors: {part}" for part in health.get("switched_off") or ()),
        *(f"{name.replace('_', ' ')}: {count}" for name, count in lost.items()),
    ]
    return [clean(text) for text in found]


def _is_bad(counter: str) -> bool:
    return counter.startswith("dropped") or counter in {"failed", "listener_errors"}


def _part(health: Mapping[str, Any], name: str) -> dict[str, Any]:
    part = health.get(name)
    return dict(part) if isinstance(part, Mapping) else {}
