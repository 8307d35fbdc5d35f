"""Looks at the context stack: what stands on it, and what changed since the last look."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flasktrace.trace.model import Card, Change
from flasktrace.trace.record.describe import Describer


@dataclass(slots=True)
class RawCard:
    """One context as the host gives it: references, read at once and not kept."""

    kind: str
    name: str
    request: Mapping[str, Any]
    session: Mapping[str, Any] | None
    g: Mapping[str, Any]
    flashes: Sequence[Any]
    url_adapter: Mapping[str, Any]


def card(raw: RawCard, describe: Describer) -> Card:
    """Return the card of one context as plain text."""
    sections = {
        "request": _section(raw.request, describe),
        "session": _section(raw.session or {}, describe),
        "g": _section(raw.g, describe),
        "flashes": {str(n): describe(item) for n, item in enumerate(raw.flashes)},
        "url_adapter": _section(raw.url_adapter, describe),
    }
    return Card(kind=raw.kind, name=raw.name, sections=sections)


def _section(values: Mapping[str, Any], describe: Describer) -> dict[str, str]:
    # dict.items, since a session may be a subclass that notes who looks at it
    pairs = list(dict.items(values)) if isinstance(values, dict) else list(values.items())
    made = {
        key if type(key) is str else describe(key): describe(value, key if type(key) is str else "")
        for key, value in pairs[: describe.limits.keys]
    }
    if len(pairs) > describe.limits.keys:
        made["…"] = f"{len(pairs) - describe.limits.keys} more keys"
    return made


def changes(
    before: Sequence[Card], after: Sequence[Card], at_ns: int, author: str, span: int | None
) -> list[Change]:
    """Return what differs between two looks at the stack; cards pushed or popped are no change."""
    if before is after:
        return []
    found: list[Change] = []
    for depth, (old, new) in enumerate(zip(before, after, strict=False)):
        if old.name != new.name or old.kind != new.kind:
            break
        for section, values in new.sections.items():
            was = old.sections[section]
            if was != values:
                found += _differences(was, values, (at_ns, depth, section), author, span)
    return found


def _differences(
    was: dict[str, str],
    values: dict[str, str],
    place: tuple[int, int, str],
    author: str,
    span: int | None,
) -> list[Change]:
    keys = [*values, *(key for key in was if key not in values)]
    return [
        Change(*place, key, was.get(key), values.get(key), author, span)
        for key in keys
        if was.get(key) != values.get(key)
    ]
