"""Looks at the context stack: what stands on it, and what changed since the last look."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from flasktrace.trace.model import Card, Change
from flasktrace.trace.record.describe import Describer


@dataclass(slots=True)
class RawCard:
    """One context as the host gives it: references, read at once and not kept."""

    owner: int
    """``id`` of the context."""
    kind: str
    name: str
    request: Mapping[str, Any]
    session: Any
    """Any object; looked into when it is a kind of dict. None: there is no session."""
    g: Mapping[str, Any]
    flashes: Any
    """A list; anything else is not looked into."""
    url_adapter: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Look:
    """The stack at one instant: a card and its owner for each context, the bottom first."""

    owners: tuple[int, ...] = ()
    cards: tuple[Card, ...] = ()


NOTHING = Look()


def look(stack: Iterable[RawCard], describe: Describer) -> Look:
    """Return what stands on the stack, as plain text."""
    raw = list(stack)
    return Look(tuple(item.owner for item in raw), tuple(card(item, describe) for item in raw))


def card(raw: RawCard, describe: Describer) -> Card:
    """Return the card of one context as plain text."""
    sections = {
        "request": _section(raw.request, describe),
        "session": {} if raw.session is None else _section(raw.session, describe),
        "g": _section(raw.g, describe),
        "flashes": _flashes(raw.flashes, describe),
        "url_adapter": _section(raw.url_adapter, describe),
    }
    return Card(kind=raw.kind, name=raw.name, sections=sections)


def _section(values: Any, describe: Describer) -> dict[str, str]:
    if not issubclass(type(values), dict):  # of a class of the user: not looked into
        return {"…": describe(values)}
    limit = describe.limits.keys
    # dict.items, since a session may be a subclass that notes who looks at it; a list at once,
    # since another thread may change it.
    pairs = list(islice(dict.items(values), limit))
    made = {
        describe.name(key): describe(value, key if type(key) is str else "") for key, value in pairs
    }
    count = dict.__len__(values)
    if count > limit:
        made["…"] = f"{count - limit} more keys"
    return made


def _flashes(messages: Any, describe: Describer) -> dict[str, str]:
    if type(messages) is not list:
        return {}
    shown = messages[: describe.limits.keys]
    return {str(number): describe(item) for number, item in enumerate(shown)}


def changes(before: Look, after: Look, at_ns: int, author: str, span: int | None) -> list[Change]:
    """Return what differs between two looks at the stack; cards pushed or popped are no change."""
    found: list[Change] = []
    known = dict(zip(before.owners, before.cards, strict=True))
    for depth, (owner, new) in enumerate(zip(after.owners, after.cards, strict=True)):
        old = known.get(owner)
        if old is None:
            continue
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
