"""Records as the text that ``json.dumps(record.to_dict())`` gives, in a fraction of its time."""

import json
from collections.abc import Callable
from dataclasses import fields
from json.encoder import encode_basestring_ascii
from typing import Any

from flasktrace.trace.model import Card, Record

Write = Callable[[Any], str]

_MOST = 64
"""Stacks whose text is remembered."""


def text_of(record: Record) -> str:
    """Return *record* as JSON without blanks; raises TypeError for what is no plain data.

    Only ASCII: lone surrogates and NUL go through as escapes.
    """
    try:
        return _writers[type(record)](record)
    except TypeError:  # a field is not of its type, which is not for us to judge
        return _encode(record)


class _Writers(dict[type, Write]):
    """Type of a value to what writes it."""

    def __missing__(self, kind: type) -> Write:
        # Of floats, and of subclasses of str and dict, the encoder knows all there is to know.
        write = _writer(kind) if issubclass(kind, Record) else _encode
        self[kind] = write
        return write


def _writer(kind: type) -> Write:
    """Return what writes the records of a class: an f-string made of its fields, as by hand."""
    parts = [
        f'"{item.name}":{{{_FORMS.get(item.type, _ANY).format(f"record.{item.name}")}}}'
        for item in fields(kind)
    ]
    source = f"lambda record: f'''{{{{{','.join(parts)}}}}}'''"
    return eval(source, _NAMES)  # type: ignore[no-any-return]  # noqa: S307  (our own names only)


def _value(value: Any) -> str:
    return _writers[type(value)](value)


def _tuple(values: tuple[Any, ...]) -> str:
    if len(values) == 1:  # most stages have one run and one span
        (value,) = values
        return f"[{_writers[type(value)](value)}]"
    return f"[{','.join([_writers[type(value)](value) for value in values])}]"


def _dict(values: dict[Any, Any]) -> str:
    if not values:
        return "{}"
    try:
        pairs = [
            f"{_string(key)}:{_string(value) if type(value) is str else _value(value)}"
            for key, value in values.items()
        ]
    except TypeError:  # a key that is no text, or a value that cannot be written
        return _encode(values)
    return f"{{{','.join(pairs)}}}"


def _pairs(pairs: Any) -> str:
    if type(pairs) is not tuple:
        return _value(pairs)
    return f"[{','.join([f'[{_string(name)},{_string(value)}]' for name, value in pairs])}]"


def _pieces(pieces: Any) -> str:
    """Return the text of stages in a summary: name, start or None, duration."""
    if type(pieces) is not tuple:
        return _value(pieces)
    told = [
        f"[{_string(name)},{'null' if start is None else _number(start)},{_number(length)}]"
        for name, start, length in pieces
    ]
    return f"[{','.join(told)}]"


_stacks: dict[int, tuple[tuple[Card, ...], str]] = {}
"""Address of a stack to itself and its text: stages share theirs, and so do requests alike."""


def _stack(cards: Any) -> str:
    known = _stacks.get(id(cards))
    if known is not None:
        return known[1]
    text = _value(cards)
    if type(cards) is tuple:
        if len(_stacks) >= _MOST:
            _stacks.clear()
        _stacks[id(cards)] = cards, text
    return text


def _plain(value: object) -> Any:
    """Return what the encoder does not know as something that it knows."""
    if not isinstance(value, Record):
        raise TypeError(f"a {type(value).__name__} cannot be stored in a trace")
    return value.to_dict()


_encode: Write = json.JSONEncoder(
    ensure_ascii=True, check_circular=False, separators=(",", ":"), default=_plain
).encode
_string: Write = encode_basestring_ascii
_number: Write = int.__repr__

_plain_writers: dict[type, Write] = {
    str: _string,
    int: _number,
    bool: lambda value: "true" if value else "false",
    type(None): lambda _: "null",
    tuple: _tuple,
    dict: _dict,
}
_writers = _Writers(_plain_writers)

_ANY = "'null' if {0} is None else '[]' if {0} is nothing else value({0})"
_FORMS: dict[Any, str] = {
    str: "string({0})",
    int: "number({0})",
    str | None: "'null' if {0} is None else string({0})",
    int | None: "'null' if {0} is None else number({0})",
    tuple[tuple[str, str], ...]: "pairs({0})",
    tuple[Card, ...]: "stack({0})",
    tuple[tuple[str, int | None, int], ...]: "pieces({0})",
}
"""Type of a field to the expression that writes it."""
_NAMES = {
    "string": _string,
    "number": _number,
    "value": _value,
    "pairs": _pairs,
    "stack": _stack,
    "pieces": _pieces,
    "nothing": (),
}
