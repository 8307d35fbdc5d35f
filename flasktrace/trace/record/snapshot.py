"""Looks at the context stack: what stands on it, and what changed since the last look."""

import operator
from collections.abc import Sequence
from itertools import islice
from typing import Any, Protocol

from flasktrace.trace.model import Card, Change
from flasktrace.trace.record import request_look
from flasktrace.trace.record.describe import Describer, attributes_of, is_container

Refs = tuple[Any, Any, Any, Any, Any, Any, Any, Any, Any, Any, Any]
"""What a context refers to: its request (None: it has none), of that the method, the path, the url
rule, the view arguments and the routing exception; the session, the attributes of ``g`` as a dict,
the flashes, the url adapter and the attributes of the request as a dict. They are read at once and
not kept beyond the next look."""

_REQUEST = slice(0, 6)
_VIEW_ARGS, _SESSION, _G, _FLASHES, _ADAPTER, _ATTRIBUTES = 4, 6, 7, 8, 9, 10
_NAMES = ("request", "session", "g", "flashes", "url_adapter")


class Stack(Protocol):
    """The contexts that a host sees."""

    def contexts(self) -> Sequence[Any]:
        """Return the contexts on the stack, the bottom first."""

    def bare(self) -> bool:
        """Tell whether no context is on the stack."""

    def app_name(self, context: Any) -> str:
        """Return the name of the app that *context* belongs to."""

    def refs(self, context: Any) -> Refs:
        """Return what *context* refers to, without asking it for anything."""

    def adapter_facts(self, adapter: Any) -> tuple[tuple[str, Any], ...]:
        """Return what a card shows of a url adapter: names and values."""

    def state(self) -> Any:
        """Return what the stack is known by: the same object while it stays as it is.

        Where no one object tells, a tuple of those that do.
        """


class Look:
    """The stack at one instant: for each context its owner and its card, the bottom first."""

    __slots__ = ("_cards", "owners", "seen")

    def __init__(
        self, owners: tuple[int, ...] = (), seen: tuple[tuple[Any, ...], ...] = ()
    ) -> None:
        #: ``id`` of each context.
        self.owners = owners
        #: Kind, name and sections of each card.
        self.seen = seen
        self._cards: tuple[Card, ...] | None = None

    @property
    def cards(self) -> tuple[Card, ...]:
        """The cards."""
        if self._cards is None:
            self._cards = tuple(
                Card(kind=kind, name=name, sections=dict(zip(_NAMES, sections, strict=True)))
                for kind, name, *sections in self.seen
            )
        return self._cards


NOTHING = Look()


class Looker:
    """Looks at the stack of one request again and again.

    A look is cheap when nothing changed: a value that is the same object as last time, and of a
    type that cannot change in place, keeps its text, and a section and the whole look stay the
    same objects until something in them differs.
    """

    __slots__ = ("_describe", "_seen", "_state", "last")

    def __init__(self, describe: Describer) -> None:
        self._describe = describe
        self._seen: Sequence[_Seen] = ()
        self._state: Any = _NEVER
        #: What the last look has found.
        self.last = NOTHING

    # A request is glanced at some ten times: what follows is written for few calls.

    def glance(self, stack: Stack) -> Look:
        """Return what stands on the stack, where only ``g`` and session may have changed.

        That is so where no function of the user has run since the last look.
        """
        now, was = stack.state(), self._state
        if now is was or (type(now) is tuple and all(map(operator.is_, now, was))):
            for seen in self._seen:
                if seen.is_bare:
                    if seen.g or _size_of(seen.session):
                        break
                elif not (_calm(seen.g, seen.g_marks) and _calm(seen.session, seen.session_marks)):
                    break
            else:
                return self.last
        return self.look(stack)

    def gaze(self, stack: Stack) -> Look:
        """Return what stands on the stack, whatever may have changed."""
        now, was = stack.state(), self._state
        if now is was or (type(now) is tuple and all(map(operator.is_, now, was))):
            for seen in self._seen:
                if not seen.rests(stack.refs(seen.context)):
                    break
            else:
                return self.last
        return self.look(stack)

    def look(self, stack: Stack) -> Look:
        """Read the stack; what is not on it any more is let go."""
        self._state = stack.state()
        contexts = stack.contexts()
        if not contexts:
            self._seen = ()
            self.last = NOTHING
            return NOTHING
        before = self._seen
        if len(contexts) == 1 == len(before) and before[0].context is contexts[0]:
            found = before
        else:
            known = {id(seen.context): seen for seen in before}
            # As a list and at once: a context that is gone must not lend its address to another.
            found = [known.get(id(item)) or _Seen(item, stack) for item in contexts]
            self._seen = found
        last = self.last.seen
        changed = len(found) != len(last)
        for position, seen in enumerate(found):
            seen.look(stack.refs(seen.context), stack, self._describe)
            changed = changed or seen.card is not last[position]
        if changed:
            self.last = Look(
                tuple([id(item) for item in contexts]), tuple([seen.card for seen in found])
            )
        return self.last

    def session_in_use(self) -> bool:
        """Tell whether the session on top may be saved: it is not empty, or was read."""
        session = self._seen[-1].session if self._seen else _EMPTY
        if session is _EMPTY:
            return False
        if not issubclass(type(session), dict) or dict.__len__(session):
            return True
        flags = attributes_of(session).get
        return flags("accessed") is True or flags("modified") is True

    def release(self) -> None:
        """Let go of every value."""
        self._seen = ()
        self._state = _NEVER


_EMPTY: dict[str, str] = {}
_NO_MARKS: dict[Any, Any] = {}
_NEVER: Any = (object(), object())
"""The state of a stack that was not looked at."""
_size_of = dict.__len__


class _Seen:
    """One context as it was at the last look."""

    __slots__ = (
        "adapter", "args_mark", "card", "context", "count", "flashes", "g", "g_marks", "g_texts",
        "given", "given_marks", "is_bare", "name", "refs", "request", "session", "session_marks",
        "session_texts",
    )  # fmt: skip

    def __init__(self, context: Any, stack: Stack) -> None:
        self.context = context
        self.name = stack.app_name(context)
        self.refs: Any = None
        self.args_mark: Any = None
        #: How many attributes the request has, which of them the app has given it, their marks.
        self.count = -1
        self.given: list[str] = []
        self.given_marks: dict[Any, Any] | None = None
        self.session: Any = None
        self.g: Any = None
        self.session_marks: dict[Any, Any] | None = None
        self.g_marks: dict[Any, Any] | None = None
        #: Whether ``g`` is a dict, and both it and the session are empty.
        self.is_bare = False
        self.request = self.session_texts = self.g_texts = self.flashes = self.adapter = _EMPTY
        self.card: tuple[Any, ...] = ()

    def rests(self, refs: Refs) -> bool:
        """Tell whether everything is as it was."""
        if self.is_bare:
            calm = not self.g and not _size_of(self.session)
        else:
            calm = _calm(self.g, self.g_marks) and _calm(self.session, self.session_marks)
        args = refs[_VIEW_ARGS]
        return (
            calm
            and all(map(operator.is_, refs, self.refs))
            and (args is None or _calm_value(args, self.args_mark))
            and refs[_FLASHES] is None
            and _size_of(refs[_ATTRIBUTES]) == self.count
            and (not self.given or self._as_given(refs[_ATTRIBUTES]))
        )

    def look(self, refs: Refs, stack: Stack, describe: Describer) -> None:
        """Read the context, as far as it may differ from the last look."""
        was, attributes = self.refs, refs[_ATTRIBUTES]
        size, added = _size_of(attributes), False
        if size != self.count or (self.given and not self._as_given(attributes)):
            added = self._add(refs, size, describe)
        if was is None:
            self._first_look(refs, stack, describe)
        else:
            if (
                added
                or not all(map(operator.is_, refs[_REQUEST], was[_REQUEST]))
                or not _calm_value(refs[_VIEW_ARGS], self.args_mark)
            ):
                self.request = _kept(self.request, _request(refs, self.given, describe))
                self.args_mark = _mark(refs[_VIEW_ARGS])
            if refs[_ADAPTER] is not was[_ADAPTER]:
                facts = stack.adapter_facts(refs[_ADAPTER])
                self.adapter = _kept(self.adapter, describe.section(facts))
        session = _EMPTY if refs[_SESSION] is None else refs[_SESSION]
        if session is not self.session or not _calm(session, self.session_marks):
            self.session = session
            self.session_marks = _marks(session, describe)
            self.session_texts = _kept(self.session_texts, _section(session, describe))
        if refs[_G] is not self.g or not _calm(self.g, self.g_marks):
            self.g = refs[_G]
            self.g_marks = _marks(self.g, describe)
            self.g_texts = _kept(self.g_texts, _section(self.g, describe))
        if refs[_FLASHES] is not None or self.flashes:
            self.flashes = _kept(self.flashes, _flashes(refs[_FLASHES], describe))
        self.refs = refs
        self.is_bare = (
            not self.g_marks
            and not self.session_marks
            and self.g_marks is not None
            and self.session_marks is not None
            and type(self.g) is dict
        )
        known, card = (
            self.card,
            (
                "app" if refs[0] is None else "request",
                self.name,
                self.request,
                self.session_texts,
                self.g_texts,
                self.flashes,
                self.adapter,
            ),
        )
        if not known or not all(map(operator.is_, card[2:], known[2:])):
            self.card = card

    def _first_look(self, refs: Refs, stack: Stack, describe: Describer) -> None:
        self.request = _request(refs, self.given, describe)
        self.args_mark = _mark(refs[_VIEW_ARGS])
        self.adapter = describe.section(stack.adapter_facts(refs[_ADAPTER]))
        session, g = refs[_SESSION], refs[_G]
        if type(g) is dict and not g:  # as in most requests
            self.g, self.g_marks = g, _NO_MARKS
        if session is None:
            self.session, self.session_marks = _EMPTY, _NO_MARKS

    def _as_given(self, attributes: dict[str, Any]) -> bool:
        """Tell whether what the app has put on the request is as it was."""
        return _calm(_picked(attributes, self.given), self.given_marks)

    def _add(self, refs: Refs, size: int, describe: Describer) -> bool:
        """See what the app has put on the request; tell whether there is or was anything."""
        before, attributes = self.given, refs[_ATTRIBUTES]
        if self.count < 0:
            self.given = request_look.first(refs[0], attributes)
        elif size > self.count:  # new ones are the last
            self.given = before + request_look.given(refs[0], attributes, self.count)
        else:
            self.given = request_look.given(refs[0], attributes)
        self.count = size
        if not self.given:
            return bool(before)
        del self.given[describe.limits.keys :]
        self.given_marks = _marks(_picked(attributes, self.given), describe)
        return True


def _picked(attributes: dict[str, Any], names: list[str]) -> dict[str, Any]:
    return {name: attributes[name] for name in names if name in attributes}


def _kept(before: dict[str, str], now: dict[str, str]) -> dict[str, str]:
    """Return the dict of the last look when the new one says the same."""
    return before if before == now else now


def _request(refs: Refs, given: list[str], describe: Describer) -> dict[str, str]:
    request, method, path, rule, view_args, error = refs[_REQUEST]
    if request is None:
        return _EMPTY
    if rule is None and error is None and not given:
        return describe.section((("method", method), ("path", path)))
    if rule is None:
        texts = {"method": describe(method), "path": describe(path)}
    else:
        named = (
            ("method", method), ("path", path), ("endpoint", rule.endpoint), ("rule", rule.rule)
        )  # fmt: skip
        none = type(view_args) is dict and not view_args
        args = "{}" if none else describe(view_args)
        texts = {**describe.section(named), "view_args": args}
    if error is not None:
        texts["routing_exception"] = describe(type(error).__name__)
    if given:
        for name, value in _picked(refs[_ATTRIBUTES], given).items():
            texts.setdefault(describe.name(name), describe(value, name))
    return texts


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
    count = dict.__len__(values)
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
