"""Turns a foreign object into a short plain text without touching it.

Only exact built-in types are read; of anything else the type's name and the address are told.
No method that the object's class may define is called: not ``__repr__``, ``__len__``, ``__iter__``
or ``__eq__``, and no attribute is looked up on it.
"""

import datetime
import decimal
import pathlib
import uuid
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable
from typing import Any

from markupsafe import Markup

from flasktrace.trace.record.limits import Limits
from flasktrace.trace.record.redact import MARK, Redactor

_SAFE: dict[type, Callable[[Any], str]] = {
    bool: repr,
    type(None): repr,
    float: repr,
    complex: repr,
    datetime.datetime: str,
    datetime.date: str,
    datetime.time: str,
    datetime.timedelta: str,
    uuid.UUID: str,
    decimal.Decimal: str,
    pathlib.PosixPath: str,
    pathlib.WindowsPath: str,
}
_SIZED: dict[type, str] = {bytes: "bytes", bytearray: "bytearray"}
_BRACKETS: dict[type, tuple[str, str]] = {
    list: ("[", "]"),
    tuple: ("(", ")"),
    set: ("{", "}"),
    frozenset: ("{", "}"),
    deque: ("deque[", "]"),
}
_DICTS = {dict, OrderedDict, defaultdict}
_BIG = 1 << 64


class Describer:
    """Describes values within limits, secrets left out."""

    def __init__(self, limits: Limits, redactor: Redactor) -> None:
        self.limits = limits
        self.redactor = redactor

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
            return safe(value)
        return self._compound(kind, value, depth)

    def _text(self, value: str) -> str:
        limit = self.limits.value
        if len(value) <= limit:
            return repr(self.redactor.text(value))
        return f"{self.redactor.text(value[:limit])!r}… ({len(value)} characters)"

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
        items = list(dict.items(value))  # at once, another thread may change it
        shown = [
            f"{self._key(key)}: {self(item, key if type(key) is str else '', depth + 1)}"
            for key, item in items[: self.limits.width]
        ]
        return self._joined("{", shown, len(items), "}")

    def _key(self, key: Any) -> str:
        return self._text(key) if type(key) is str else self(key, "", self.limits.depth)

    def _list(self, kind: type, value: Iterable[Any], depth: int) -> str:
        first, last = _BRACKETS[kind]
        if depth >= self.limits.depth:
            return f"{first}…{last}"
        items = list(value)
        shown = [self(item, "", depth + 1) for item in items[: self.limits.width]]
        return self._joined(first, shown, len(items), last)

    def _joined(self, first: str, shown: list[str], count: int, last: str) -> str:
        if count > len(shown):
            shown.append(f"… {count - len(shown)} more")
        text = f"{first}{', '.join(shown)}{last}"
        limit = self.limits.value
        return text if len(text) <= limit else f"{text[:limit]}… ({len(text)} characters)"


def type_name(kind: type) -> str:
    """Return the name of a type with its module, unless that is builtins."""
    # type.__dict__ goes past a metaclass that may define these names.
    name: Any = type.__dict__["__qualname__"].__get__(kind)
    module: Any = type.__dict__["__module__"].__get__(kind)
    return name if type(module) is not str or module == "builtins" else f"{module}.{name}"


def _shape(kind: type, value: Any) -> str:
    return f"str({len(value)})" if kind is str else type_name(kind)
