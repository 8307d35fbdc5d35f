"""Looks at the context stack: what stands on it, and what changed since the last look."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from flasktrace.trace.model import Card, Change
from flasktrace.trace.record import request_look
from flasktrace.trace.record.describe import (
    NO_ATTRIBUTES,
    TOLD,
    Describer,
    attributes_of,
    is_container,
    is_empty_dict,
)

Refs = tuple[Any, Any, Any, Any, Any, Any, Any, Any, Any, Any, Any, Any]
"""What a context refers to: its request (None: it has none), of that the method, the path, the url
rule, the view arguments and the routing exception; the session, the attributes of ``g`` as a dict,
the flashes, the url adapter and the attributes of the request as a dict; last what the host itself
wants to know again. They are read at once and not kept beyond the next look."""

_REQUEST = slice(0, 6)
_RULE, _VIEW_ARGS, _SESSION, _G, _FLASHES, _ADAPTER, _ATTRIBUTES = 3, 4, 6, 7, 8, 9, 10
_NAMES = ("request", "session", "g", "flashes", "url_adapter")
_ADDED_BY_MATCH = 3
"""Attributes that the match of flasktrace's own framework adds to a request."""

Getter = Callable[[Any], Any]
"""``get`` of a context variable: it takes what to give where nothing is set."""

Group = tuple[Any, ...]
"""A context; or, of flask 3.0 and 3.1, the app context of a request and that of the request itself,
if there are no others."""


class Stack(Protocol):
    """The contexts that a host sees."""

    tops: tuple[Getter, Getter]
    """What the stack is known by: both give the same objects while it stays as it is."""

    def contexts(self) -> Sequence[Any]:
        """Return the contexts on the stack, the bottom first."""

    def groups(self) -> Sequence[Group]:
        """Return them in groups, each of which is looked at as one."""

    def bare(self) -> bool:
        """Tell whether no context is on the stack."""

    def app_name(self, context: Any) -> str:
        """Return the name of the app that *context* belongs to."""

    def refs(self, group: Group) -> Refs:
        """Return what the contexts of *group* refer to, without asking them for anything."""

    def rests(self, group: Group, refs: Refs) -> bool:
        """Tell whether they still refer to just that; the price of a look depends on it."""

    def adapter_facts(self, adapter: Any) -> tuple[tuple[str, Any], ...]:
        """Return what a card shows of a url adapter: names and values."""


class Look:
    """The stack at one instant: for each context its owner and its card, the bottom first."""

    __slots__ = ("_cards", "owners", "seen")
    _cards: tuple[Card, ...]

    def __init__(
        self, owners: tuple[int, ...] = (), seen: tuple[tuple[Any, ...], ...] = ()
    ) -> None:
        #: ``id`` of each context.
        self.owners = owners
        #: Kind, name and sections of each card.
        self.seen = seen

    @property
    def cards(self) -> tuple[Card, ...]:
        """The cards, made when somebody reads them."""
        try:
            return self._cards
        except AttributeError:
            self._cards = tuple(
                Card(kind=kind, name=name, sections=dict(zip(_NAMES, sections, strict=True)))
                for kind, name, *sections in self.seen
            )
            return self._cards


NOTHING = Look()
_NEVER: Any = object()
"""What no stack is known by."""
_EMPTY: dict[str, str] = {}
_NO_MARKS: Marks = {}
_size_of, _items = dict.__len__, dict.items


class Looker:
    """Looks at the stack of one request again and again.

    A look is cheap when nothing changed: a value that is the same object as last time, and of a
    type that cannot change in place, keeps its text, and a section and the whole look stay the
    same objects until something in them differs.
    """

    __slots__ = ("_describe", "_first", "_past", "_second", "_seen", "last")

    def __init__(self, describe: Describer) -> None:
        self._describe = describe
        self._seen: Sequence[_Seen] = ()
        #: What the stack was known by at the last look.
        self._first: Any = _NEVER
        self._second: Any = None
        #: Of the request that was taken off last: the address of its context, how many attributes
        #: it had, and which of them the app had given it.
        self._past: tuple[int, int, Sequence[str]] = (0, 0, ())
        #: What the last look has found.
        self.last = NOTHING

    # A request is glanced at some ten times: what follows is written for few calls.

    def glance(self, stack: Stack) -> Look:
        """Return what stands on the stack, where only ``g`` and session may have changed.

        That is so where no function of the user has run since the last look.
        """
        first, second = stack.tops
        if first(None) is not self._first or second(None) is not self._second:
            return self.look(stack)
        for seen in self._seen:
            if not seen.is_calm():
                return self._renewed()
        return self.last

    def gaze(self, stack: Stack) -> Look:
        """Return what stands on the stack, whatever may have changed."""
        first, second = stack.tops
        if first(None) is not self._first or second(None) is not self._second:
            return self.look(stack)
        calm = True
        for seen in self._seen:
            if not (stack.rests(seen.group, seen.refs) and seen.rests()):
                return self.look(stack)
            calm = calm and seen.is_calm()
        return self.last if calm else self._renewed()

    def _renewed(self) -> Look:
        """Return what stands on the stack, where nothing but ``g`` and session has changed."""
        for seen in self._seen:
            seen.renew(self._describe)
        return self._found_of(self._seen)

    def matched(self, stack: Stack, rule: Any, view_args: Any) -> Look:
        """Return what stands on the stack after the match, which has made those two."""
        if rule is not None and len(self._seen) == 1 and stack.tops[0](None) is self._first:
            seen = self._seen[0]
            if seen.is_matched(rule, view_args, self._describe):
                return self._found_of(self._seen)
        return self.gaze(stack)

    def left(self, stack: Stack) -> Look:
        """Return what stands on the stack when a context has just been taken off."""
        return self._cleared() if stack.bare() else self.gaze(stack)

    def _cleared(self) -> Look:
        if self._seen:
            self._remember(self._seen[-1])
        self._seen = ()
        self._first = _NEVER
        self._second = None
        self.last = NOTHING
        return NOTHING

    def look(self, stack: Stack) -> Look:
        """Read the stack; what is not on it any more is let go."""
        if stack.bare():
            return self._cleared()
        first, second = stack.tops
        tops, describe = (first(None), second(None)), self._describe
        self._first = _NEVER  # should the look fail
        seen = self._seen_of(stack.groups(), stack)
        for item in seen:
            refs = stack.refs(item.group)
            if not item.is_usual(refs, describe):
                item.look(refs, stack, describe)
        self._first, self._second = tops
        return self._found_of(seen)

    def _seen_of(self, groups: Sequence[Group], stack: Stack) -> Sequence[_Seen]:
        """Return what is known of each group."""
        before = self._seen
        if not before:
            self._seen = found = [_Seen(group, stack) for group in groups]
            top, (address, count, given) = found[-1], self._past
            if address == id(top.group[-1]):  # a body that streams with it has put it back
                top.count, top.given = count, given
            return found
        if len(groups) == 1 == len(before) and _is_same(before[0].group, groups[0]):
            return before
        known = {tuple(map(id, item.group)): item for item in before}
        # As a list and at once: a context that is gone must not lend its address to another.
        self._seen = found = [
            known.get(tuple(map(id, group))) or _Seen(group, stack) for group in groups
        ]
        for item in found:
            item.learn(before)
        if before[-1] not in found:
            self._remember(before[-1])
        return found

    def _remember(self, top: _Seen) -> None:
        """Keep what tells later which attributes the app has given the request on top."""
        if top.refs is not None and top.refs[0] is not None:
            self._past = id(top.group[-1]), top.count, top.given

    def _found_of(self, seen: Sequence[_Seen]) -> Look:
        """Return the last look if it is still true, else a new one."""
        if len(seen) == 1:
            item = seen[0]
            if item.cards is not self.last.seen:
                self.last = Look(tuple(map(id, item.group)), item.cards)
            return self.last
        cards = tuple([card for item in seen for card in item.cards])
        last = self.last.seen
        if len(cards) != len(last) or not all(map(operator.is_, cards, last)):
            owners = tuple([id(context) for item in seen for context in item.group])
            self.last = Look(owners, cards)
        return self.last

    def request_rests(self) -> bool:
        """Tell whether what the app has put on the request on top is as it was."""
        seen = self._seen
        return not seen or seen[-1].request_rests()

    def session_in_use(self) -> bool:
        """Tell whether the session on top may be saved: it is not empty, or was read."""
        seen = self._seen
        session = seen[-1].session if seen else _EMPTY
        if session is _EMPTY:
            return False
        if not issubclass(type(session), dict) or _size_of(session):
            return True
        flags = attributes_of(session).get
        return flags("accessed") is True or flags("modified") is True

    def release(self) -> None:
        """Let go of every value."""
        if self._seen:
            self._seen = ()
            self._first = _NEVER
            self._second = None


def _is_same(one: Group, other: Group) -> bool:
    return len(one) == len(other) and all(map(operator.is_, one, other))


class _Seen:
    """The contexts of one group as they were at the last look."""

    __slots__ = (
        "adapter", "args_mark", "cards", "count", "flashes", "g", "g_marks", "g_texts", "given",
        "given_marks", "group", "is_bare", "name", "refs", "request", "session", "session_marks",
        "session_texts",
    )  # fmt: skip

    def __init__(self, group: Group, stack: Stack) -> None:
        self.group = group
        self.name = stack.app_name(group[-1])
        # As it is before the first look, and as most of it stays.
        self.refs: Any = None
        self.args_mark: Any = None
        #: How many attributes the request has, which of them the app has given it, their marks.
        self.count = -1
        self.given: Sequence[str] = ()
        self.given_marks: Marks | None = None
        self.session: Any = _EMPTY
        self.g: Any = NO_ATTRIBUTES
        self.session_marks: Marks | None = _NO_MARKS
        self.g_marks: Marks | None = _NO_MARKS
        #: Whether ``g`` is a dict, and both it and the session are empty.
        self.is_bare = True
        self.request = self.session_texts = self.g_texts = self.flashes = self.adapter = _EMPTY
        #: Kind, name and sections of each card.
        self.cards: tuple[tuple[Any, ...], ...] = ()

    def learn(self, before: Sequence[_Seen]) -> None:
        """Take what the same context was seen with in other company, if this is new."""
        for item in before:
            if item.group[-1] is self.group[-1] and item is not self:
                self.count, self.given, self.given_marks = item.count, item.given, item.given_marks
                self.request, self.flashes, self.adapter = item.request, item.flashes, item.adapter
                self.session_texts = item.session_texts

    def rests(self) -> bool:
        """Tell whether the request is as it was, if the context refers to the same objects."""
        refs, mark = self.refs, self.args_mark
        if mark is _EMPTY_MARK:  # as of most requests
            same = not refs[_VIEW_ARGS]
        else:
            same = mark is None or _calm_value(refs[_VIEW_ARGS], mark)
        return (
            same
            and refs[_FLASHES] is None
            and _size_of(refs[_ATTRIBUTES]) == self.count
            and (not self.given or self._as_given(refs[_ATTRIBUTES]))
        )

    def request_rests(self) -> bool:
        """Tell whether what the app has put on the request is as it was."""
        attributes = self.refs[_ATTRIBUTES]
        return _size_of(attributes) == self.count and (not self.given or self._as_given(attributes))

    def is_calm(self) -> bool:
        """Tell whether ``g`` and session are as they were, if they are the same objects."""
        if self.is_bare:
            return not (self.g or _size_of(self.session))
        return _calm(self.g, self.g_marks) and _calm(self.session, self.session_marks)

    def renew(self, describe: Describer) -> None:
        """Read ``g`` and session again, as far as they are not as they were."""
        if not _calm(self.g, self.g_marks):
            self.g_marks, self.g_texts = _read(self.g, self.g_marks, self.g_texts, describe)
        if not _calm(self.session, self.session_marks):
            known = self.session_marks, self.session_texts
            self.session_marks, self.session_texts = _read(self.session, *known, describe)
        self._renew_cards(self.refs[0])
        self._see_whether_bare()

    def _see_whether_bare(self) -> None:
        bare = self.g_marks is _NO_MARKS and self.session_marks is _NO_MARKS
        self.is_bare = bare and type(self.g) is dict

    # Most contexts have little to show, and then cards that are known already will do.

    def is_usual(self, refs: Refs, describe: Describer) -> bool:
        """Look at contexts with nothing but a request to show; tell whether they have no more."""
        request, _, _, _, args, error, session, g, flashes, _, attributes, _ = refs
        if (
            type(g) is not dict
            or g
            or error is not None
            or flashes is not None
            or self.given
            or not (args is None or (type(args) is dict and not args))
            or not (session is None or is_empty_dict(session))
            or not request_look.is_plain(type(request))
        ):
            return False
        size, before = _size_of(attributes), self.count
        if before >= 0 and size != before:
            first = before if size > before else 0
            if request_look.given(request, attributes, first):
                return False
        return self._take(refs, describe)

    def is_matched(self, rule: Any, view_args: Any, describe: Describer) -> bool:
        """See what the match has made, if there is nothing else to show; tell whether."""
        refs = self.refs
        if (
            not self.is_bare
            or self.g
            or self.given
            or _size_of(self.session)
            or refs[_FLASHES] is not None
            or type(view_args) is not dict
            or view_args
            or _size_of(refs[_ATTRIBUTES]) != self.count + _ADDED_BY_MATCH
        ):
            return False
        return self._take((*refs[:_RULE], rule, view_args, *refs[_RULE + 2 :]), describe)

    def _take(self, refs: Any, describe: Describer) -> bool:
        cards = _known_cards(describe, len(self.group), self.name, refs)
        if cards is None:
            return False
        self.refs, self.cards = refs, cards
        _, _, self.request, _, _, _, self.adapter = cards[-1]
        self.args_mark = None if refs[_VIEW_ARGS] is None else _EMPTY_MARK
        self.session = _EMPTY if refs[_SESSION] is None else refs[_SESSION]
        self.g = refs[_G]
        self.count = len(refs[_ATTRIBUTES])
        if not self.is_bare:
            self.g_marks = self.session_marks = _NO_MARKS
            self.g_texts = self.session_texts = self.flashes = _EMPTY
            self.is_bare = True
        return True

    def look(self, refs: Refs, stack: Stack, describe: Describer) -> None:
        """Read the contexts, as far as they may differ from the last look."""
        was, self.refs = self.refs, refs
        attributes = refs[_ATTRIBUTES]
        size, added = _size_of(attributes), False
        if size != self.count or (self.given and not self._as_given(attributes)):
            added = self._add(refs, size, describe)
        if (
            was is None
            or added
            or not all(map(operator.is_, refs[_REQUEST], was[_REQUEST]))
            or not _calm_value(refs[_VIEW_ARGS], self.args_mark)
        ):
            self.request = _kept(self.request, _request(refs, self.given, describe))
            self.args_mark = _mark(refs[_VIEW_ARGS])
        if was is None or refs[_ADAPTER] is not was[_ADAPTER]:
            facts = stack.adapter_facts(refs[_ADAPTER])
            self.adapter = _kept(self.adapter, describe.section(facts))
        session = _EMPTY if refs[_SESSION] is None else refs[_SESSION]
        if session is not self.session:
            self.session, self.session_marks = session, None
        g = refs[_G]
        if g is not self.g:
            self.g, self.g_marks = g, None
        if refs[_FLASHES] is not None or self.flashes:
            self.flashes = _kept(self.flashes, _flashes(refs[_FLASHES], describe))
        self.renew(describe)

    def _renew_cards(self, request: Any) -> None:
        """Make other cards if a section is another than on the last ones."""
        shown = self.request, self.session_texts, self.g_texts, self.flashes, self.adapter
        if not self.cards or not all(map(operator.is_, shown, _sections(self.cards))):
            kind = "app" if request is None else "request"
            if len(self.group) == 1:
                self.cards = ((kind, self.name, *shown),)
                return
            below = "app", self.name, _EMPTY, _EMPTY, self.g_texts, _EMPTY, _EMPTY
            above = kind, self.name, *shown[:2], _EMPTY, *shown[3:]
            self.cards = below, above

    def _as_given(self, attributes: dict[str, Any]) -> bool:
        """Tell whether what the app has put on the request is as it was."""
        return _calm(_picked(attributes, self.given), self.given_marks)

    def _add(self, refs: Refs, size: int, describe: Describer) -> bool:
        """See what the app has put on the request; tell whether there is or was anything."""
        before, attributes = self.given, refs[_ATTRIBUTES]
        if self.count < 0:
            given = request_look.first(refs[0], attributes)
        elif size > self.count and not before:  # new ones are the last, if none was taken away
            given = request_look.given(refs[0], attributes, self.count)
        else:
            given = request_look.given(refs[0], attributes)
        self.count = size
        if not given:
            self.given = ()
            return bool(before)
        del given[describe.limits.keys :]
        self.given = given
        self.given_marks, _ = _read(_picked(attributes, given), None, _EMPTY, describe)
        return True


def _sections(cards: tuple[tuple[Any, ...], ...]) -> tuple[Any, ...]:
    """Return the sections of the card, or of the two of a group: ``g`` is on the lower one."""
    if len(cards) == 1:
        return cards[0][2:]
    _, _, request, session, _, flashes, adapter = cards[1]
    return request, session, cards[0][4], flashes, adapter


def _known_cards(
    describe: Describer, count: int, name: Any, refs: Refs
) -> tuple[tuple[Any, ...], ...] | None:
    """Return the cards of contexts as usual; None when one may hold a secret."""
    _, method, path, rule, _, _, _, _, _, adapter, _, _ = refs
    its = attributes_of(adapter).get
    if its("subdomain"):
        return None
    places = its("server_name"), its("script_name"), its("url_scheme")
    if rule is None:
        key: Any = (name, method, path, *places)
    else:
        key = name, method, path, *places, rule.endpoint, rule.rule
    if not _TEXT.issuperset(map(type, key)):
        return None
    return describe.cards.get((count, key)) or _new_cards(describe, count, key)


_TEXT = {str}


def _new_cards(
    describe: Describer, count: int, key: tuple[str, ...]
) -> tuple[tuple[Any, ...], ...] | None:
    name, method, path, server, script, scheme, *rule = key
    names = ("method", "path", "endpoint", "rule") if rule else ("method", "path")
    named = tuple(zip(names, (method, path, *rule), strict=True))
    request = describe.section(named, _NO_ARGS if rule else ())
    places = ("server_name", server), ("script_name", script), ("url_scheme", scheme)
    adapter = describe.section(tuple([pair for pair in places if pair[1]]))
    if not all(map(describe.is_harmless, key[1:])):
        return None
    below = ("app", name, _EMPTY, _EMPTY, _EMPTY, _EMPTY, _EMPTY)
    made = *[below] * (count - 1), ("request", name, request, _EMPTY, _EMPTY, _EMPTY, adapter)
    describe.keep_cards((count, key), made)
    return made


def _picked(attributes: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: attributes[name] for name in names if name in attributes}


def _kept(before: dict[str, str], now: dict[str, str]) -> dict[str, str]:
    """Return the dict of the last look when the new one says the same."""
    return before if before is now or before == now else now


def _request(refs: Refs, given: Sequence[str], describe: Describer) -> dict[str, str]:
    request, method, path, rule, view_args, error = refs[_REQUEST]
    if rule is None and error is None and not given:
        if request is None:
            return _EMPTY
        return describe.section((("method", method), ("path", path)))
    named: tuple[tuple[str, Any], ...] = ("method", method), ("path", path)
    if rule is not None:
        named += ("endpoint", rule.endpoint), ("rule", rule.rule)
        if type(view_args) is dict and not view_args and not given and error is None:
            return describe.section(named, _NO_ARGS)
    texts = dict(describe.section(named))
    if rule is not None:
        texts["view_args"] = describe(view_args)
    if error is not None:
        texts["routing_exception"] = describe(type(error).__name__)
    for name, value in _picked(refs[_ATTRIBUTES], given).items():
        texts.setdefault(describe.name(name), describe(value, name))
    return texts


_NO_ARGS = (("view_args", "{}"),)

_CHANGEABLE: Any = object()
"""The mark of a value that can change unseen, and so is read at each look."""

_EMPTY_MARK: Any = {}
_PLAIN = {int, float, bool, type(None)}
_TOLD = TOLD - _PLAIN
"""Other types of values of which the text tells more than the address."""
_KEPT = {str, *_PLAIN, *_TOLD}
_FLAT = {list, tuple, set, frozenset}
_LONG = 1000
"""Characters; a longer text is not kept alive until the next look."""
_WIDTH = 50
"""Items; a longer list or dict is read at each look."""


def _mark(value: Any) -> Any:
    """Return what tells at the next look whether a value is still the same.

    Values of which more is told than their address are their own marks, so that no other gets it;
    but of a long text it is how it begins. Of a dict of plain values it is a copy. Of any other
    that cannot change it is address and type. Of another list or dict without others in it, it is
    the addresses of the items, of which those are kept that would be their own marks.
    """
    kind = type(value)
    if _is_plain(kind, value) or kind in _TOLD:
        return value
    if not is_container(kind):
        return id(value), kind, _beginning(kind, value)
    if (kind not in _FLAT and kind is not dict) or len(value) > _WIDTH:
        return _CHANGEABLE
    if kind is dict and _is_plain_dict(value):
        return value.copy()
    items = [*value, *value.values()] if kind is dict else [*value]
    if any(is_container(type(item)) for item in items):
        return _CHANGEABLE
    kept = [item for item in items if type(item) in _KEPT]
    return tuple(map(id, items)), kind, kept


def _beginning(kind: type, value: Any) -> Any:
    """Return what is told of a long value, should another get its address."""
    if kind is str:
        return len(value), value[:_LONG]
    return len(value) if kind is bytes else None


def _is_plain_dict(value: dict[Any, Any]) -> bool:
    for key, item in value.items():
        if type(key) is not str or not _is_plain(type(item), item):
            return False
    return True


def _is_plain(kind: type, value: Any) -> bool:
    return kind in _PLAIN or (kind is str and len(value) <= _LONG)


def _calm_value(value: Any, mark: Any) -> bool:
    """Tell whether a value is the one with that mark, or one that says the same."""
    if mark is value:
        return True
    if type(mark) is dict:
        return type(value) is dict and len(value) == len(mark) and _is_copy(mark, value)
    if type(mark) is not tuple or mark[1] is not type(value):
        return False
    if type(mark[0]) is int:
        return bool(mark[0] == id(value) and mark[2] == _beginning(mark[1], value))
    items = [*value, *value.values()] if mark[1] is dict else value
    return bool(mark[0] == tuple(map(id, items)))


def _is_copy(copy: dict[Any, Any], value: dict[Any, Any]) -> bool:
    # In their order: one that has got another is looked into anew, which finds the same.
    for (key, item), (known, kept) in zip([*value.items()], copy.items(), strict=False):
        if item is not kept or key is not known:
            return False
    return True


Marks = dict[Any, Any]
"""What tells whether a section is still the same: key to mark."""


def _read(
    values: Any, marks: Marks | None, texts: dict[str, str], describe: Describer
) -> tuple[Marks | None, dict[str, str]]:
    """Return marks and texts of a section, given those of the last look.

    What has not changed since is not described again. The marks are None when the section has to
    be read each time.
    """
    if not issubclass(type(values), dict):  # of a class of the user: not looked into
        return None, _kept(texts, {"…": describe(values)})
    if not _size_of(values):
        return _NO_MARKS, _EMPTY
    # dict.items, since a session may be a subclass that notes who looks at it; a list at once,
    # since another thread may change it.
    pairs = list(dict.items(values))
    if len(pairs) > describe.limits.keys or any(type(key) is not str for key, _ in pairs):
        return None, _kept(texts, _section(pairs, describe))
    known, found, told = marks or _NO_MARKS, {}, {}
    for key, value in pairs:
        mark, name = known.get(key, _CHANGEABLE), describe.name(key)
        if mark is not _CHANGEABLE and name in texts and _calm_value(value, mark):
            found[key], told[name] = mark, texts[name]
        else:
            found[key], told[name] = _mark(value), describe(value, key)
    return found, _kept(texts, told)


def _calm(values: Any, marks: Marks | None) -> bool:
    """Tell whether a section is as it was when it got these marks."""
    if marks is None or _size_of(values) != len(marks):
        return False
    if not marks:
        return True
    # dict.items, since a session may be a subclass that notes who looks at it; a list at once,
    # since another thread may change it.
    for (key, value), (known, mark) in zip([*_items(values)], marks.items(), strict=False):
        if key is not known or (mark is not value and not _calm_value(value, mark)):
            return False
    return True


def _section(pairs: list[tuple[Any, Any]], describe: Describer) -> dict[str, str]:
    """Return the text for each value, up to the limit; the other keys are counted."""
    limit = describe.limits.keys
    made = {
        describe.name(key): describe(value, key if type(key) is str else "")
        for key, value in pairs[:limit]
    }
    if len(pairs) > limit:
        made["…"] = f"{len(pairs) - limit} more keys"
    return made


def _flashes(messages: Any, describe: Describer) -> dict[str, str]:
    if type(messages) is not list or not messages:
        return _EMPTY
    shown = messages[: describe.limits.keys]
    return {str(number): describe(item) for number, item in enumerate(shown)}


def unmatched(look: Look, own: int) -> Look:
    """Return what a look would have found before the match; the same one when that is all.

    *own* is the context whose request was matched; others may stand below it.
    """
    if own not in look.owners:
        return look
    place = look.owners.index(own)
    if not BY_MATCH.intersection(look.seen[place][2]):
        return look
    kind, name, request, *rest = look.seen[place]
    before = {key: text for key, text in request.items() if key not in BY_MATCH}
    seen = list(look.seen)
    seen[place] = kind, name, before, *rest
    return Look(look.owners, tuple(seen))


def without_g(look: Look) -> Look:
    """Return what a look would have found before anybody put something on ``g``."""
    cards = [
        (kind, name, request, session, _EMPTY, *rest)
        for kind, name, request, session, _, *rest in look.seen
    ]
    return Look(look.owners, tuple(cards))


BY_MATCH = {"endpoint", "rule", "view_args", "routing_exception"}
"""What of a request the match has made."""


def changes(before: Look, after: Look, at_ns: int, author: str, span: int | None) -> list[Change]:
    """Return what differs between two looks at the stack; cards pushed or popped are no change."""
    if before is after:
        return []
    found: list[Change] = []
    known = dict(zip(before.owners, before.seen, strict=True))
    for depth, (owner, card) in enumerate(zip(after.owners, after.seen, strict=True)):
        old = known.get(owner)
        if old is None or old is card:
            continue
        for section, was, values in zip(_NAMES, old[2:], card[2:], strict=True):
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
