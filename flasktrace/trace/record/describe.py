"""Turns a foreign object into a short plain text without touching it.

Only exact built-in types are read; of anything else the type's name and the address are told.
No method that the object's class may define is called: not ``__repr__``, ``__len__``, ``__iter__``
or ``__eq__``, and no attribute is looked up on it.
"""

import datetime as dt
import decimal
import pathlib
import uuid
import zoneinfo
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

from markupsafe import Markup

from flasktrace.trace.record.limits import Limits
from flasktrace.trace.record.redact import MARK, Redactor

_ZONES = {type(None), dt.timezone, zoneinfo.ZoneInfo}


def _time(value: Any) -> str:
    # A time zone may be of a class of the user, whose methods str() would call.
    return str(value if type(value.tzinfo) in _ZONES else value.replace(tzinfo=None))


_SAFE: dict[type, Callable[[Any], str]] = {
    bool: repr,
    type(None): repr,
    float: repr,
    complex: repr,
    dt.datetime: _time,
    dt.date: str,
    dt.time: _time,
    dt.timedelta: str,
    uuid.UUID: str,
    decimal.Decimal: str,
    pathlib.PosixPath: str,
    pathlib.WindowsPath: str,
}
TOLD = frozenset(_SAFE)
"""Types of values that cannot change, and of which more is told than the address."""
_SIZED: dict[type, str] = {bytes: "bytes", bytearray: "bytearray"}
_BRACKETS: dict[type, tuple[str, str]] = {
    list: ("[", "]"),
    tuple: ("(", ")"),
    set: ("{", "}"),
    frozenset: ("{", "}"),
    deque: ("deque[", "]"),
}
_EMPTY: dict[type, str] = {set: "set()", frozenset: "frozenset()"}
_DICTS = {dict, OrderedDict, defaultdict}
_BIG = 1 << 64
_SHORT = 300
_MOST = 500
_BEYOND = 300
"""How far beyond the cut a text is searched for a secret that the cut would split."""


class Describer:
    """Describes values within limits, secrets left out."""

    def __init__(self, limits: Limits, redactor: Redactor) -> None:
        self.limits = limits
        self.redactor = redactor
        #: Short texts in which nothing was secret, and how they are shown.
        self._texts: dict[str, str] = {}
        #: Names and texts of that kind, and how they are shown.
        self._sections: dict[tuple[tuple[tuple[str, str], ...], ...], dict[str, str]] = {}
        #: What is told of contexts in which all texts are of that kind, see `snapshot`.
        self.cards: dict[tuple[Any, ...], tuple[tuple[Any, ...], ...]] = {}
        #: Headers of that kind.
        self._harmless: dict[tuple[str, str], tuple[str, str]] = {}

    def __call__(self, value: Any, name: str = "", depth: int = 0) -> str:
        """Return the text for *value*, which is called *name*."""
        kind = type(value)
        if name and value is not None and self.redactor.is_secret(name):
            return f"{MARK} {_shape(kind, value)}"
        if kind is str:
            return self._text(value)
        if kind is int:
            return repr(value) if -_BIG < value < _BIG else f"<int of {value.bit_length()} bits>"
        safe = _SAFE.get(kind)
        if safe is not None:
            return self._cut(plain(safe(value)))
        return self._compound(kind, value, depth)

    def name(self, value: Any) -> str:
        """Return a name, such as a key, as it is when it is text; short in any case."""
        if type(value) is str and value.isascii() and len(value) <= self.limits.value:
            return value
        return self._cut(plain(value)) if type(value) is str else self(value)

    def prose(self, value: str) -> str:
        """Return a sentence, such as the message of an exception, without secrets, and cut."""
        limit = self.limits.value
        text = plain(self.redactor.prose(value[: limit + _BEYOND]))
        return text if len(text) <= limit else f"{text[:limit]}…"

    def headers(self, pairs: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        """Return headers without secrets, and cut."""
        known = self._harmless.get
        return tuple([known(pair) or self._new_header(*pair) for pair in pairs])

    def header(self, name: str, value: str) -> tuple[str, str]:
        """Return a header without secrets, and cut."""
        return self._harmless.get((name, value)) or self._new_header(name, value)

    def _new_header(self, name: str, value: str) -> tuple[str, str]:
        pair, limit = (name, value), self.limits.header
        shown = _cut(plain(self.redactor.header(name, value[: limit + 1])), limit)
        made = _cut(plain(name), limit), shown
        # Clients send the same few again and again.
        if made == pair and len(name) + len(value) < _SHORT:
            if len(self._harmless) >= _MOST:
                self._harmless.clear()
            self._harmless[pair] = pair
        return made

    def section(
        self, pairs: tuple[tuple[str, Any], ...], more: tuple[tuple[str, str], ...] = ()
    ) -> dict[str, str]:
        """Return the text for each value, by its name; often the same dict for the same texts.

        *more* are texts that stand behind them as they are.
        """
        for _, value in pairs:
            if type(value) is not str:
                return {**{name: self(item) for name, item in pairs}, **dict(more)}
        known = self._sections.get((pairs, more))
        if known is not None:
            return known
        made = {**{name: self._text(item) for name, item in pairs}, **dict(more)}
        if all(item in self._texts for _, item in pairs):
            if len(self._sections) >= _MOST:
                self._sections.clear()
            self._sections[pairs, more] = made
        return made

    def is_harmless(self, text: str) -> bool:
        """Tell whether a text was described not long ago, was short and had nothing to hide."""
        return not text or text in self._texts

    def keep_cards(self, key: tuple[Any, ...], cards: tuple[tuple[Any, ...], ...]) -> None:
        """Remember what is told of contexts."""
        if len(self.cards) >= _MOST:
            self.cards.clear()
        self.cards[key] = cards

    def _cut(self, text: str) -> str:
        return _cut(text, self.limits.value)

    def _text(self, value: str) -> str:
        return self._texts.get(value) or self._new_text(value)

    def _new_text(self, value: str) -> str:
        limit = self.limits.value
        if len(value) <= limit:
            shown = self.redactor.text(value)
            made = repr(shown)
            if shown is value and len(value) < _SHORT:
                if len(self._texts) >= _MOST:
                    self._texts.clear()
                self._texts[value] = made
            return made
        known = self.redactor.text(value[: limit + _BEYOND])
        return f"{known[:limit]!r}… ({len(value)} characters)"

    def _compound(self, kind: type, value: Any, depth: int) -> str:
        if kind in _DICTS:
            return self._dict(value, depth)
        if kind in _BRACKETS:
            return self._list(kind, value, depth)
        if kind in _SIZED:
            return f"<{_SIZED[kind]} of {len(value)}>"
        if kind is Markup:
            return self._text(str.__str__(value))
        return f"<{type_name(kind)} {id(value):#x}>"

    def _dict(self, value: dict[Any, Any], depth: int) -> str:
        if depth >= self.limits.depth:
            return f"{{… {len(value)} keys}}"
        shown: list[str] = []
        room = self.limits.value
        # A list at once, since another thread may change the dict.
        for key, item in list(islice(dict.items(value), self.limits.width)):
            shown.append(
                f"{self._key(key)}: {self(item, key if type(key) is str else '', depth + 1)}"
            )
            room -= len(shown[-1])
            if room < 0:
                break
        return self._joined("{", shown, len(value), "}")

    def _key(self, key: Any) -> str:
        return self._text(key) if type(key) is str else self(key, "", self.limits.depth)

    def _list(self, kind: type, value: Any, depth: int) -> str:
        first, last = _BRACKETS[kind]
        if depth >= self.limits.depth:
            return f"{first}… {len(value)} items{last}"
        shown: list[str] = []
        room = self.limits.value
        for item in list(islice(value, self.limits.width)):
            shown.append(self(item, "", depth + 1))
            room -= len(shown[-1])
            if room < 0:
                break
        if not shown and kind in _EMPTY:
            return _EMPTY[kind]
        if kind is tuple and len(value) == 1:
            last = ",)"
        return self._joined(first, shown, len(value), last)

    def _joined(self, first: str, shown: list[str], count: int, last: str) -> str:
        more = [f"… {count - len(shown)} more"] if count > len(shown) else []
        text = f"{first}{', '.join([*shown, *more])}{last}"
        limit = self.limits.value
        return text if len(text) <= limit else f"{text[:limit]}… ({count} items)"


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[:limit]}…"


def plain(text: str) -> str:
    """Return *text* with lone surrogates, which no encoding takes, written out."""
    if text.isascii():
        return text
    return text.encode("utf-8", "backslashreplace").decode()


def is_container(kind: type) -> bool:
    """Tell whether a value of *kind* is read into or measured, and can change in place."""
    return kind in _BRACKETS or kind in _DICTS or kind is bytearray


def is_empty_dict(value: Any) -> bool:
    """Tell whether a value is a dict, also of a class of its own, without keys."""
    return issubclass(type(value), dict) and not dict.__len__(value)


def type_name(kind: type) -> str:
    """Return the name of a type with its module, unless that is builtins."""
    module = module_of(kind)
    # type.__dict__ goes past a metaclass that may define the name.
    name: str = type.__dict__["__qualname__"].__get__(kind)
    return name if module == "builtins" else f"{module}.{name}"


def module_of(kind: type) -> str:
    """Return the module of a type, ``builtins`` when it has none to speak of."""
    module: Any = type.__dict__["__module__"].__get__(kind)
    return module if type(module) is str else "builtins"


NO_ATTRIBUTES: dict[str, Any] = {}
"""The same one each time, so that nothing seems to have changed."""


def attributes_of(foreign: Any) -> dict[str, Any]:
    """Return the ``__dict__`` of an object past what its class may define; empty without one."""
    if foreign is None:
        return NO_ATTRIBUTES
    try:
        found = attribute(foreign, "__dict__")
    except AttributeError:
        return NO_ATTRIBUTES
    kept: dict[str, Any] = found
    return kept if type(found) is dict or issubclass(type(found), dict) else NO_ATTRIBUTES


attribute = object.__getattribute__
"""What an object has under a name, past what its class may define."""


def found_on(owner: Any, name: str) -> Any:
    """Return an attribute of an object as it was put down there or in its class, else None.

    So a method is a plain function; nothing that the class may define is called.
    """
    kept = attributes_of(owner)
    if name in kept:
        return kept[name]
    for kind in type.__dict__["__mro__"].__get__(type(owner)):
        defined = type.__dict__["__dict__"].__get__(kind)
        if name in defined:
            return defined[name]
    return None


def _shape(kind: type, value: Any) -> str:
    return f"str({len(value)})" if kind is str else type_name(kind)
