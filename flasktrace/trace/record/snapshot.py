"""Looks at the context stack: what stands on it, and what changed since the last look."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from flasktrace.trace.model import Card, Change
from flasktrace.trace.record.describe import Describer, is_container


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
    """Return what stands on the stack, as plain text, without a memory of earlier looks."""
    return Looker(describe).look(stack)


class Looker:
    """Looks at the stack of one request again and again.

    A look is cheap when nothing changed: a value that is the same object as last time, and of a
    type that cannot change in place, keeps its text, and a section, a card and the whole look stay
    the same objects until something in them differs.
    """

    __slots__ = ("_describe", "_seen", "last")

    def __init__(self, describe: Describer) -> None:
        self._describe = describe
        self._seen: dict[int, _Seen] = {}
        #: What the last look has found.
        self.last = NOTHING

    def look(self, stack: Iterable[RawCard]) -> Look:
        """Return what stands on the stack, as plain text."""
        owners: list[int] = []
        cards: list[Card] = []
        for raw in stack:
            seen = self._seen.get(raw.owner)
            if seen is None:
                seen = self._seen[raw.owner] = _Seen()
            owners.append(raw.owner)
            cards.append(seen.look(raw, self._describe))
        last = self.last
        if len(owners) != len(last.owners) or not _same_objects(cards, last.cards):
            self.last = Look(tuple(owners), tuple(cards))
        return self.last

    def release(self) -> None:
        """Let go of every value."""
        self._seen.clear()


class _Seen:
    """One context as it was at the last look."""

    __slots__ = ("card", "marks")

    def __init__(self) -> None:
        self.card: Card | None = None
        self.marks: dict[str, dict[Any, Any] | None] = {}

    def look(self, raw: RawCard, describe: Describer) -> Card:
        card = self.card
        was = {} if card is None else card.sections
        sections = {
            "request": self._section("request", raw.request, was, describe),
            "session": self._session(raw.session, was, describe),
            "g": self._section("g", raw.g, was, describe),
            "flashes": _kept(was.get("flashes"), _flashes(raw.flashes, describe)),
            "url_adapter": self._section("url_adapter", raw.url_adapter, was, describe),
        }
        if card is None or any(texts is not was[name] for name, texts in sections.items()):
            card = self.card = Card(kind=raw.kind, name=raw.name, sections=sections)
        return card

    def _session(
        self, session: Any, was: dict[str, dict[str, str]], describe: Describer
    ) -> dict[str, str]:
        if session is None:
            return _kept(was.get("session"), {})
        return self._section("session", session, was, describe)

    def _section(
        self, name: str, values: Any, was: dict[str, dict[str, str]], describe: Describer
    ) -> dict[str, str]:
        texts = was.get(name)
        marks = self.marks.get(name)
        if texts is not None and marks is not None and _all_same(values, marks, texts, describe):
            return texts
        self.marks[name] = _marks(values, describe.limits.keys)
        return _kept(texts, _section(values, describe))


def _kept(before: dict[str, str] | None, now: dict[str, str]) -> dict[str, str]:
    """Return the dict of the last look when the new one says the same."""
    return before if before is not None and before == now else now


def _same_objects(some: Iterable[Any], others: Iterable[Any]) -> bool:
    return all(one is other for one, other in zip(some, others, strict=True))


_CHANGEABLE: Any = object()
"""The mark of a value that can change in place, and so is read at each look."""

_EMPTY: dict[type, str] = {dict: "{}", list: "[]", tuple: "()"}
_PLAIN = {int, float, bool, type(None)}
_LONG = 1000
"""Characters; a longer text is not kept alive until the next look."""


def _mark(value: Any) -> Any:
    """Return what tells at the next look whether a value is still the same.

    Plain values are their own marks; of any other that cannot change it is type and address,
    which is also all that its text says. (A long text has its length there too.)
    """
    kind = type(value)
    if kind in _PLAIN or (kind is str and len(value) <= _LONG):
        return value
    if kind is str or kind is bytes:
        return id(value), kind, len(value)
    return _CHANGEABLE if is_container(kind) else (id(value), kind)


def _marks(values: Any, limit: int) -> dict[Any, Any] | None:
    """Return the marks of a section; None when it has to be read each time."""
    if not issubclass(type(values), dict) or dict.__len__(values) > limit:
        return None
    pairs = list(dict.items(values))
    if any(type(key) is not str for key, _ in pairs):
        return None
    return {key: _mark(value) for key, value in pairs}


def _all_same(
    values: Any, marks: dict[Any, Any], texts: dict[str, str], describe: Describer
) -> bool:
    if not issubclass(type(values), dict) or dict.__len__(values) != len(marks):
        return False
    for key, value in list(dict.items(values)) if marks else ():
        if type(key) is not str or key not in marks:
            return False
        mark = marks[key]
        if mark is value:
            continue
        if mark is _CHANGEABLE:
            text = texts.get(describe.name(key))
            # Only of exact built-in types is the truth asked for.
            if _EMPTY.get(type(value)) == text and not value:
                continue
            if describe(value, key) != text:
                return False
        elif type(mark) is not tuple or _mark(value) != mark:
            return False
    return True


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
    if before is after:
        return []
    found: list[Change] = []
    known = dict(zip(before.owners, before.cards, strict=True))
    for depth, (owner, new) in enumerate(zip(after.owners, after.cards, strict=True)):
        old = known.get(owner)
        if old is None:
            continue
        for section, values in new.sections.items():
            was = old.sections[section]
            if was is not values:
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
