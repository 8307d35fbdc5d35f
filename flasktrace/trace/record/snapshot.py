"""Looks at the context stack: what stands on it, and what changed since the last look."""

import operator
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

from flasktrace.trace.model import Card, Change
from flasktrace.trace.record.describe import Describer, is_container


@dataclass(slots=True)
class RawCard:
    """One context as the host gives it: references, read at once and not kept beyond the next look.

    They go at the latest with the request, see `Looker.release`.
    """

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
    context: Any = None
    signs: tuple[int, ...] = ()
    """What `Stack.signs` says of the context."""


class Stack(Protocol):
    """The contexts that a host sees."""

    def cards(self) -> list[RawCard]:
        """Return the contexts on the stack, the bottom first."""

    def state(self) -> Any:
        """Return what `stands` knows the stack by."""

    def stands(self, state: Any) -> bool:
        """Tell whether the same contexts are on the stack as when `state` gave *state*."""

    def signs(self, context: Any) -> tuple[int, ...]:
        """Return numbers that stay the same while nothing but ``g`` and session can differ."""


@dataclass(frozen=True, slots=True)
class Look:
    """The stack at one instant: a card and its owner for each context, the bottom first."""

    owners: tuple[int, ...] = ()
    cards: tuple[Card, ...] = ()


NOTHING = Look()


def look(cards: Iterable[RawCard], describe: Describer) -> Look:
    """Return what stands on the stack, as plain text, without a memory of earlier looks."""
    return Looker(describe).look(cards)


class Looker:
    """Looks at the stack of one request again and again.

    A look is cheap when nothing changed: a value that is the same object as last time, and of a
    type that cannot change in place, keeps its text, and a section, a card and the whole look stay
    the same objects until something in them differs.
    """

    __slots__ = ("_describe", "_seen", "_state", "last")

    def __init__(self, describe: Describer) -> None:
        self._describe = describe
        self._seen: tuple[_Seen, ...] = ()
        self._state: Any = None
        #: What the last look has found.
        self.last = NOTHING

    def glance(self, stack: Stack) -> Look:
        """Return what stands on the stack, where only ``g`` and session may have changed.

        That is so where no function of the user has run since the last look.
        """
        if stack.stands(self._state):
            for seen in self._seen:
                if not seen.rests():
                    break
            else:
                return self.last
        return self._look_again(stack)

    def gaze(self, stack: Stack) -> Look:
        """Return what stands on the stack, whatever may have changed."""
        if stack.stands(self._state):
            for seen in self._seen:
                if (
                    seen.flashes
                    or stack.signs(seen.context) != seen.signs
                    or not seen.rests()
                    or not _calm_value(seen.view_args, seen.view_args_mark)
                ):
                    break
            else:
                return self.last
        return self._look_again(stack)

    def _look_again(self, stack: Stack) -> Look:
        self._state = stack.state()
        return self.look(stack.cards())

    def look(self, cards: Iterable[RawCard]) -> Look:
        """Return what *cards* say as plain text; those that are gone are let go."""
        known = {seen.owner: seen for seen in self._seen}
        found = []
        for raw in cards:
            seen = known.get(raw.owner) or _Seen(raw.owner)
            seen.look(raw, self._describe)
            found.append(seen)
        self._seen = tuple(found)
        last = self.last
        if not found:
            self.last = NOTHING
        elif len(found) != len(last.cards) or not _same_cards(found, last.cards):
            self.last = Look(
                tuple([seen.owner for seen in found]), tuple([seen.card for seen in found])
            )
        return self.last

    def release(self) -> None:
        """Let go of every value."""
        self._seen = ()
        self._state = None


_NO_SECTION: dict[str, str] = {}
_NO_SECTIONS: dict[str, dict[str, str]] = {}
_NO_MARKS: dict[Any, Any] = {}
_BLANK = Card(kind="", name="", sections=_NO_SECTIONS)


class _Seen:
    """One context as it was at the last look."""

    __slots__ = (
        "card", "context", "flashes", "g", "g_marks", "owner", "session", "session_marks", "signs",
        "view_args", "view_args_mark",
    )  # fmt: skip

    def __init__(self, owner: int) -> None:
        self.owner = owner
        self.card = _BLANK
        self.signs: tuple[int, ...] | None = None
        self.session: Any = None
        self.session_marks: dict[Any, Any] | None = None
        self.g: Any = None
        self.g_marks: dict[Any, Any] | None = None
        self.view_args: Any = None
        self.view_args_mark: Any = None

    def rests(self) -> bool:
        """Tell whether ``g`` and session are as they were."""
        return _calm(self.g, self.g_marks) and _calm(self.session, self.session_marks)

    def look(self, raw: RawCard, describe: Describer) -> None:
        """Read the context, as far as it may differ from the last look."""
        was = self.card.sections
        session = _NO_SECTION if raw.session is None else raw.session
        request, adapter = was.get("request", _NO_SECTION), was.get("url_adapter", _NO_SECTION)
        args = raw.request.get("view_args")
        if not self.signs or raw.signs != self.signs or not _calm_value(args, self.view_args_mark):
            request = _kept(request, _facts(raw.request, describe))
            adapter = _kept(adapter, _facts(raw.url_adapter, describe))
            self.view_args, self.view_args_mark = args, _mark(args)
        sections = {
            "request": request,
            "session": was.get("session", _NO_SECTION),
            "g": was.get("g", _NO_SECTION),
            "flashes": _kept(was.get("flashes"), _flashes(raw.flashes, describe)),
            "url_adapter": adapter,
        }
        if not _calm(session, self.session_marks):
            self.session_marks = _marks(session, describe)
            sections["session"] = _kept(sections["session"], _section(session, describe))
        if not _calm(raw.g, self.g_marks):
            self.g_marks = _marks(raw.g, describe)
            sections["g"] = _kept(sections["g"], _section(raw.g, describe))
        self.context, self.signs = raw.context, raw.signs or None
        self.session, self.g, self.flashes = session, raw.g, raw.flashes
        if was is _NO_SECTIONS or not all(map(operator.is_, sections.values(), was.values())):
            self.card = Card(kind=raw.kind, name=raw.name, sections=sections)


def _same_cards(found: list[_Seen], cards: tuple[Card, ...]) -> bool:
    return all(seen.card is card for seen, card in zip(found, cards, strict=True))


def _kept(before: dict[str, str] | None, now: dict[str, str]) -> dict[str, str]:
    """Return the dict of the last look when the new one says the same."""
    return before if before is not None and before == now else now


_CHANGEABLE: Any = object()
"""The mark of a value that can change unseen, and so is read at each look."""

_PLAIN = {int, float, bool, type(None)}
_FLAT = {list, tuple, set, frozenset}
_LONG = 1000
"""Characters; a longer text is not kept alive until the next look."""
_WIDTH = 50
"""Items; a longer list or dict is read at each look."""


def _mark(value: Any) -> Any:
    """Return what tells at the next look whether a value is still the same.

    Plain values are their own marks. Of any other that cannot change it is address and type,
    which is also all that its text says. Of a list or dict without others in it, it is the
    addresses of the items; the plain ones are kept, so that no other gets their address.
    """
    kind = type(value)
    if kind in _PLAIN or (kind is str and len(value) <= _LONG):
        return value
    if not is_container(kind):
        return id(value), kind
    if (kind in _FLAT or kind is dict) and len(value) <= _WIDTH:
        items = [*value, *value.values()] if kind is dict else [*value]
        if not any(is_container(type(item)) for item in items):
            kept = [item for item in items if type(item) in _PLAIN or type(item) is str]
            return tuple(map(id, items)), kind, kept
    return _CHANGEABLE


def _calm_value(value: Any, mark: Any) -> bool:
    """Tell whether a value is the one with that mark, or one that says the same."""
    if mark is value:
        return True
    if type(mark) is not tuple or mark[1] is not type(value):
        return False
    if type(mark[0]) is int:
        return bool(mark[0] == id(value))
    if mark[1] is dict:
        return bool(mark[0] == (*map(id, value), *map(id, value.values())))
    return bool(mark[0] == tuple(map(id, value)))


def _marks(values: Any, describe: Describer) -> dict[Any, Any] | None:
    """Return the marks of a section; None when it has to be read each time."""
    if not issubclass(type(values), dict) or dict.__len__(values) > describe.limits.keys:
        return None
    pairs = list(dict.items(values))
    if any(type(key) is not str for key, _ in pairs):
        return None
    return {key: _mark(value) for key, value in pairs}


def _calm(values: Any, marks: dict[Any, Any] | None) -> bool:
    """Tell whether a section is as it was when it got these marks."""
    if marks is None or dict.__len__(values) != len(marks):
        return False
    if not marks:
        return True
    for key, value in list(dict.items(values)):
        if type(key) is not str:
            return False
        mark = marks.get(key, _CHANGEABLE)
        if mark is not value and not _calm_value(value, mark):
            return False
    return True


def _section(values: Any, describe: Describer) -> dict[str, str]:
    if not issubclass(type(values), dict):  # of a class of the user: not looked into
        return {"…": describe(values)}
    count = dict.__len__(values)
    if not count:
        return _NO_SECTION
    limit = describe.limits.keys
    # dict.items, since a session may be a subclass that notes who looks at it; a list at once,
    # since another thread may change it.
    pairs = list(islice(dict.items(values), limit))
    made = {
        describe.name(key): describe(value, key if type(key) is str else "") for key, value in pairs
    }
    if count > limit:
        made["…"] = f"{count - limit} more keys"
    return made


def _facts(values: Mapping[str, Any], describe: Describer) -> dict[str, str]:
    """Return the section of what a host tells, under names that are no secrets."""
    return {key: describe(value) for key, value in values.items()}


def _flashes(messages: Any, describe: Describer) -> dict[str, str]:
    if type(messages) is not list or not messages:
        return _NO_SECTION
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
