"""Looks at the context stack: what stands on it, and what changed since the last look."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any, Protocol

from flasktrace.trace.model import Card, Change
from flasktrace.trace.record import request_look
from flasktrace.trace.record.describe import NO_ATTRIBUTES, Describer, attributes_of, is_container

Refs = tuple[Any, Any, Any, Any, Any, Any, Any, Any, Any, Any, Any]
"""What a context refers to: its request (None: it has none), of that the method, the path, the url
rule, the view arguments and the routing exception; the session, the attributes of ``g`` as a dict,
the flashes, the url adapter and the attributes of the request as a dict. They are read at once and
not kept beyond the next look."""

_REQUEST = slice(0, 6)
_VIEW_ARGS, _SESSION, _G, _FLASHES, _ADAPTER, _ATTRIBUTES = 4, 6, 7, 8, 9, 10
_ITS, _RULE = 3, 6
"""Of what is usual."""
_ADDED_BY_MATCH = 3
"""Attributes that the match of flasktrace's own framework adds to a request."""
_NAMES = ("request", "session", "g", "flashes", "url_adapter")

Usual = tuple[
    tuple[Any, ...], Any, Any, dict[str, Any], Any, Any, Any, Any, Any, dict[str, Any], Any
]
"""What nearly each request has on the stack, which costs less to look at: the contexts, the name of
the app, the request, its attributes as a dict, of it method, path, url rule and view arguments; the
session, the attributes of ``g`` as a dict, the url adapter. There are no flashes and no view
arguments, and the class of the request is the framework's own."""

Getter = Callable[[Any], Any]
"""``get`` of a context variable: it takes what to give where nothing is set."""


class Stack(Protocol):
    """The contexts that a host sees."""

    tops: tuple[Getter, Getter]
    """What the stack is known by: both give the same objects while it stays as it is."""

    def contexts(self) -> Sequence[Any]:
        """Return the contexts on the stack, the bottom first."""

    def bare(self) -> bool:
        """Tell whether no context is on the stack."""

    def app_name(self, context: Any) -> str:
        """Return the name of the app that *context* belongs to."""

    def refs(self, context: Any) -> Refs:
        """Return what *context* refers to, without asking it for anything."""

    def rests(self, context: Any, refs: Refs) -> bool:
        """Tell whether *context* still refers to just that; the price of a look depends on it."""

    def usual(self) -> Usual | None:
        """Return what stands on the stack if that is what most requests have, else None."""

    def stays(self, usual: Usual) -> bool:
        """Tell whether it still refers to the same objects, the stack being the same."""

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
_NO_MARKS: dict[Any, Any] = {}
_size_of = dict.__len__


class Looker:
    """Looks at the stack of one request again and again.

    A look is cheap when nothing changed: a value that is the same object as last time, and of a
    type that cannot change in place, keeps its text, and a section and the whole look stay the
    same objects until something in them differs.
    """

    # What a request is looked at with is made anew for each: it begins with little.

    _seen: Sequence[_Seen] = ()
    #: While the stack is as usual, what stands there, and how many attributes the request has.
    _usual: Usual | None = None
    _count = -1
    #: False once the app has put something on the request.
    _is_plain = True
    #: What the stack was known by at the last look.
    _first: Any = _NEVER
    _second: Any = None
    #: The only ``g`` and the only session, while both are empty; else None.
    _g: dict[str, Any] | None = None
    _session: Any = _EMPTY
    #: What the last look has found.
    last = NOTHING

    def __init__(self, describe: Describer) -> None:
        self._describe = describe

    # A request is glanced at some ten times: what follows is written for few calls.

    def glance(self, stack: Stack) -> Look:
        """Return what stands on the stack, where only ``g`` and session may have changed.

        That is so where no function of the user has run since the last look.
        """
        first, second = stack.tops
        if first(None) is self._first and second(None) is self._second:
            g = self._g
            if g is not None:
                if not g and not _size_of(self._session):
                    return self.last
            else:
                for seen in self._seen:
                    if not (
                        _calm(seen.g, seen.g_marks) and _calm(seen.session, seen.session_marks)
                    ):
                        break
                else:
                    return self.last
        return self.look(stack)

    def gaze(self, stack: Stack) -> Look:
        """Return what stands on the stack, whatever may have changed."""
        first, second = stack.tops
        if first(None) is self._first and second(None) is self._second:
            usual = self._usual
            if usual is not None:
                if (
                    not self._g
                    and not _size_of(self._session)
                    and len(usual[_ITS]) == self._count
                    and stack.stays(usual)
                ):
                    return self.last
            else:
                for seen in self._seen:
                    if not (stack.rests(seen.context, seen.refs) and seen.rests()):
                        break
                else:
                    return self.last
        return self.look(stack)

    def matched(self, stack: Stack, rule: Any, view_args: Any) -> Look:
        """Return what stands on the stack after the match, which has made those two."""
        usual, first = self._usual, stack.tops[0]
        if (
            usual is not None
            and rule is not None
            and type(view_args) is dict
            and not view_args
            and first(None) is self._first
            and not self._g
            and not _size_of(self._session)
            and len(usual[_ITS]) == self._count + _ADDED_BY_MATCH
        ):
            self._count += _ADDED_BY_MATCH
            return self._take((*usual[:_RULE], rule, view_args, *usual[_RULE + 2 :]), stack)
        return self.gaze(stack)

    def look(self, stack: Stack) -> Look:
        """Read the stack; what is not on it any more is let go."""
        if stack.bare():
            self.release()
            self.last = NOTHING
            return NOTHING
        first, second = stack.tops
        tops = first(None), second(None)
        self._first = _NEVER  # should the look fail
        usual = stack.usual() if self._is_plain else None
        if usual is not None and self._has_none_given(usual):
            found = self._take(usual, stack)
        else:
            found = self._look(stack)
        self._first, self._second = tops
        return found

    def _take(self, usual: Usual, stack: Stack) -> Look:
        """Look at a stack as usual: what to show of it is often known by one key."""
        seen = _known_cards(self._describe, usual)
        if seen is None:
            return self._look(stack)
        self._usual, self._seen = usual, ()
        _, _, _, _, _, _, _, _, session, self._g, _ = usual
        self._session = _EMPTY if session is None else session
        if seen is not self.last.seen:
            self.last = Look(tuple(map(id, usual[0])), seen)
        return self.last

    def _has_none_given(self, usual: Usual) -> bool:
        """Tell whether the app has put nothing on the request."""
        request: Any = usual[2]
        attributes: Any = usual[_ITS]
        size, before = len(attributes), self._count
        if (
            before >= 0
            and size != before
            and request_look.given(request, attributes, before if size > before else 0)
        ):
            self._is_plain = False
            return False
        self._count = size
        return True

    def _look(self, stack: Stack) -> Look:
        self._usual = None
        contexts = stack.contexts()
        found = self._found(contexts, stack)
        last, describe = self.last.seen, self._describe
        changed = len(found) != len(last)
        for position, seen in enumerate(found):
            seen.look(stack.refs(seen.context), stack, describe)
            if not changed and seen.card is not last[position]:
                changed = True
        if changed:
            self.last = Look(
                tuple([id(item) for item in contexts]), tuple([seen.card for seen in found])
            )
        self._g = None
        if all(seen.is_bare for seen in found):
            self._note_bare(found)
        return self.last

    def _found(self, contexts: Sequence[Any], stack: Stack) -> Sequence[_Seen]:
        """Return what is known of each context."""
        before = self._seen
        if len(contexts) == 1 == len(before) and before[0].context is contexts[0]:
            return before
        known = {id(seen.context): seen for seen in before}
        cards, count = dict(zip(self.last.owners, self.last.seen, strict=True)), self._count
        # As a list and at once: a context that is gone must not lend its address to another.
        self._seen = [
            known.get(id(item)) or _Seen(item, stack, cards.get(id(item)), count)
            for item in contexts
        ]
        return self._seen

    def _note_bare(self, found: Sequence[_Seen]) -> None:
        """See whether two truth tests can tell at the next glance that nothing changed."""
        g = session = _EMPTY
        for seen in found:
            if seen.g is not NO_ATTRIBUTES:
                if g is not _EMPTY:
                    return
                g = seen.g
            if seen.session is not _EMPTY:
                if session is not _EMPTY:
                    return
                session = seen.session
        self._g, self._session = g, session

    def session_in_use(self) -> bool:
        """Tell whether the session on top may be saved: it is not empty, or was read."""
        session = self._seen[-1].session if self._seen else self._session
        if session is _EMPTY:
            return False
        if not issubclass(type(session), dict) or dict.__len__(session):
            return True
        flags = attributes_of(session).get
        return flags("accessed") is True or flags("modified") is True

    def release(self) -> None:
        """Let go of every value."""
        self._seen = ()
        self._usual = self._second = self._g = None
        self._first = _NEVER
        self._session = _EMPTY


class _Seen:
    """One context as it was at the last look."""

    # As it is before the first look, and as most of it stays.
    refs: Any = None
    args_mark: Any = None
    #: How many attributes the request has, which of them the app has given it, their marks.
    count = -1
    given: Sequence[str] = ()
    given_marks: dict[Any, Any] | None = None
    session: Any = _EMPTY
    session_marks: dict[Any, Any] | None = _NO_MARKS
    g: Any = NO_ATTRIBUTES
    g_marks: dict[Any, Any] | None = _NO_MARKS
    #: Whether ``g`` is a dict, and both it and the session are empty.
    is_bare = True
    request = session_texts = g_texts = flashes = adapter = _EMPTY
    card: tuple[Any, ...] = ()

    def __init__(
        self, context: Any, stack: Stack, card: tuple[Any, ...] | None, count: int
    ) -> None:
        self.context = context
        self.name = stack.app_name(context)
        if card is not None:  # it was seen as usual; what says the same stays the same object
            self.card, self.count = card, count
            self.request, self.session_texts, self.g_texts, self.flashes, self.adapter = card[2:]

    def rests(self) -> bool:
        """Tell whether what the context refers to is as it was, being the same objects."""
        refs = self.refs
        if self.is_bare:
            if self.g or _size_of(self.session):
                return False
        elif not (_calm(self.g, self.g_marks) and _calm(self.session, self.session_marks)):
            return False
        args = refs[_VIEW_ARGS]
        return (
            (args is None or _calm_value(args, self.args_mark))
            and refs[_FLASHES] is None
            and _size_of(refs[_ATTRIBUTES]) == self.count
            and (not self.given or self._as_given(refs[_ATTRIBUTES]))
        )

    def look(self, refs: Refs, stack: Stack, describe: Describer) -> None:
        """Read the context, as far as it may differ from the last look."""
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
        if session is not self.session or not _calm(session, self.session_marks):
            self.session, self.session_marks = session, _marks(session, describe)
            self.session_texts = _kept(self.session_texts, _section(session, describe))
        g = refs[_G]
        if g is not self.g or not _calm(g, self.g_marks):
            self.g, self.g_marks = g, _marks(g, describe)
            self.g_texts = _kept(self.g_texts, _section(g, describe))
        if refs[_FLASHES] is not None or self.flashes:
            self.flashes = _kept(self.flashes, _flashes(refs[_FLASHES], describe))
        self._renew_card(refs[0])
        self.is_bare = (
            self.g_marks is _NO_MARKS and self.session_marks is _NO_MARKS and type(g) is dict
        )

    def _renew_card(self, request: Any) -> None:
        """Make another card if a section is another than on the last one."""
        shown = self.request, self.session_texts, self.g_texts, self.flashes, self.adapter
        if not self.card or not all(map(operator.is_, shown, self.card[2:])):
            self.card = "app" if request is None else "request", self.name, *shown

    def _as_given(self, attributes: dict[str, Any]) -> bool:
        """Tell whether what the app has put on the request is as it was."""
        return _calm(_picked(attributes, self.given), self.given_marks)

    def _add(self, refs: Refs, size: int, describe: Describer) -> bool:
        """See what the app has put on the request; tell whether there is or was anything."""
        before, attributes = self.given, refs[_ATTRIBUTES]
        if self.count < 0:
            given = request_look.first(refs[0], attributes)
        elif size > self.count:  # new ones are the last
            given = [*before, *request_look.given(refs[0], attributes, self.count)]
        else:
            given = request_look.given(refs[0], attributes)
        self.count = size
        if not given:
            self.given = ()
            return bool(before)
        del given[describe.limits.keys :]
        self.given = given
        self.given_marks = _marks(_picked(attributes, given), describe)
        return True


def _known_cards(describe: Describer, usual: Usual) -> tuple[tuple[Any, ...], ...] | None:
    """Return the cards of a stack as usual; None when one may hold a secret."""
    contexts, name, _, _, method, path, rule, _, _, _, adapter = usual
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
    return describe.cards.get((len(contexts), key)) or _new_cards(describe, len(contexts), key)


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

_EMPTY_MARK: Any = ((), dict, [])
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
    if kind is dict and not value:
        return _EMPTY_MARK
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
    if mark is _EMPTY_MARK:
        return type(value) is dict and not value
    if type(mark) is not tuple or mark[1] is not type(value):
        return False
    if type(mark[0]) is int:
        return bool(mark[0] == id(value))
    if mark[1] is dict:
        return bool(mark[0] == (*map(id, value), *map(id, value.values())))
    return bool(mark[0] == tuple(map(id, value)))


def _marks(values: Any, describe: Describer) -> dict[Any, Any] | None:
    """Return the marks of a section; None when it has to be read each time."""
    if not issubclass(type(values), dict):
        return None
    count = _size_of(values)
    if not count:
        return _NO_MARKS
    if count > describe.limits.keys:
        return None
    pairs = list(dict.items(values))
    if any(type(key) is not str for key, _ in pairs):
        return None
    return {key: _mark(value) for key, value in pairs}


def _calm(values: Any, marks: dict[Any, Any] | None) -> bool:
    """Tell whether a section is as it was when it got these marks."""
    if marks is None or _size_of(values) != len(marks):
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
    count = _size_of(values)
    if not count:
        return _EMPTY
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


def _flashes(messages: Any, describe: Describer) -> dict[str, str]:
    if type(messages) is not list or not messages:
        return _EMPTY
    shown = messages[: describe.limits.keys]
    return {str(number): describe(item) for number, item in enumerate(shown)}


def unmatched(look: Look) -> Look:
    """Return what a look would have found before the match; the same one when that is all."""
    if not any(_BY_MATCH.intersection(card[2]) for card in look.seen):
        return look
    return Look(
        look.owners,
        tuple(
            (
                kind,
                name,
                {key: text for key, text in request.items() if key not in _BY_MATCH},
                *rest,
            )
            for kind, name, request, *rest in look.seen
        ),
    )


_BY_MATCH = {"endpoint", "rule", "view_args", "routing_exception"}


def changes(before: Look, after: Look, at_ns: int, author: str, span: int | None) -> list[Change]:
    """Return what differs between two looks at the stack; cards pushed or popped are no change."""
    if before is after:
        return []
    found: list[Change] = []
    known = dict(zip(before.owners, before.seen, strict=True))
    for depth, (owner, (_, _, *sections)) in enumerate(zip(after.owners, after.seen, strict=True)):
        if owner in known:
            _, _, *old = known[owner]
            for section, was, values in zip(_NAMES, old, sections, strict=True):
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
