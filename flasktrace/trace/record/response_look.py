"""Looks at a response: what changed of its status, its headers and the length of its body.

Nothing is asked of it: its ``__dict__`` is read past all properties, and only what has exactly
the types that werkzeug gives. A body that is no list of bytes or text is not touched.
"""

import operator
from collections import Counter, defaultdict
from itertools import zip_longest
from types import GetSetDescriptorType
from typing import Any

from werkzeug.datastructures import Headers
from werkzeug.sansio.response import Response

from flasktrace.trace.record.describe import Describer
from flasktrace.trace.record.wrapper_classes import is_framework, line, own_attributes

Seen = tuple[Any, list[Any], int | None]
"""Status line, headers, and bytes of the body (None: unknown), as they were at one look."""

Difference = tuple[str, str | None, str | None]
"""What it is, and its text before and after; None when it was not there."""

_READ = {"__dict__", "_status", "_status_code", "headers", "response", "status", "status_code"}
_MOST_CLASSES = 100
_MOST_CHUNKS = 1000
_LONG = 10_000
"""Characters; a longer text is not encoded to see how many bytes it is."""

_readable: dict[type, bool] = {}


def read(response: Any) -> Seen | None:
    """Return what *response* says now; None when its class has ways of its own."""
    kind = type(response)
    readable = _readable.get(kind)
    if readable is None:
        readable = _learn(kind)
    if not readable:
        return None
    kept = object.__getattribute__(response, "__dict__")
    if type(kept) is not dict:
        return None
    headers = kept.get("headers")
    if type(headers) is not Headers:
        return None
    listed = headers._list  # noqa: SLF001 - iterating copies each header
    if type(listed) is not list:
        return None
    return kept.get("_status"), listed.copy(), _length(kept.get("response"))


def _learn(kind: type) -> bool:
    """Tell whether responses of a class keep where werkzeug keeps it what is read here."""
    if len(_readable) >= _MOST_CLASSES:
        _readable.clear()
    classes = line(kind)
    users = [item for item in classes if not is_framework(item) and item is not object]
    known = any(item is Response for item in classes) and not any(
        name in _READ and not _is_builtin(name, value)
        for item in users
        for name, value in own_attributes(item)
    )
    _readable[kind] = known
    return known


def _is_builtin(name: str, value: Any) -> bool:
    """Tell whether Python itself put *value* into a class, as into any mixin: it gives the same."""
    return name == "__dict__" and type(value) is GetSetDescriptorType


def _length(chunks: Any) -> int | None:
    if type(chunks) is not list or len(chunks) > _MOST_CHUNKS:
        return None
    total = 0
    for chunk in chunks:
        kind = type(chunk)
        if kind is bytes or (kind is str and chunk.isascii()):
            total += len(chunk)
        elif kind is str and len(chunk) <= _LONG:
            total += len(chunk.encode("utf-8", "surrogatepass"))
        else:
            return None
    return total


def rests(before: Seen, after: Seen) -> bool:
    """Tell whether a response is as it was."""
    return (
        before[0] is after[0]
        and before[2] == after[2]
        and len(before[1]) == len(after[1])
        and all(map(operator.is_, before[1], after[1]))
    )


def differences(before: Seen, after: Seen, describe: Describer) -> tuple[list[Difference], int]:
    """Return what differs between two looks, secrets left out, and how much was left out.

    The order of the headers is no difference.
    """
    found: list[Difference] = []
    if before[0] is not after[0]:
        was, now = (describe.prose(_exact(seen[0])) for seen in (before, after))
        if was != now:
            found.append(("status", was, now))
    headers = _headers(before[1], after[1])
    most = describe.limits.keys
    found += [_header(*pairs, describe) for pairs in headers[:most]]
    if before[2] != after[2]:
        found.append(("length", _bytes(before[2]), _bytes(after[2])))
    return found, max(len(headers) - most, 0)


_Pair = tuple[str, str]


def _headers(before: list[Any], after: list[Any]) -> list[tuple[_Pair | None, _Pair | None]]:
    """Return each header that came, went or has another value: what it was and what it is."""
    there, here = set(map(id, before)), set(map(id, after))
    gone = [_pair(item) for item in before if id(item) not in here]
    came = [_pair(item) for item in after if id(item) not in there]
    if not gone:
        return [(None, pair) for pair in came]
    found: list[tuple[_Pair | None, _Pair | None]] = []
    was, now = _by_name(gone), _by_name(came)
    for name in dict.fromkeys([*was, *now]):
        old, new = Counter(was[name]), Counter(now[name])
        found += zip_longest((old - new).elements(), (new - old).elements())
    return found


def _by_name(pairs: list[_Pair]) -> defaultdict[str, list[_Pair]]:
    found: defaultdict[str, list[_Pair]] = defaultdict(list)
    for pair in pairs:
        found[pair[0].lower()].append(pair)
    return found


def _pair(item: Any) -> _Pair:
    if type(item) is not tuple or len(item) != 2:  # noqa: PLR2004
        return "?", "?"
    return _exact(item[0]), _exact(item[1])


def _exact(text: Any) -> str:
    """Return a text as one of exactly that type, ``?`` for anything else."""
    return str.__str__(text) if issubclass(type(text), str) else "?"


def _header(old: _Pair | None, new: _Pair | None, describe: Describer) -> Difference:
    was, now = (None if pair is None else describe.header(*pair) for pair in (old, new))
    name = (now or was or "?")[0]
    return f"header {name}", was and describe.name(was[1]), now and describe.name(now[1])


def _bytes(length: int | None) -> str:
    if length is None:
        return "unknown"
    return "1 byte" if length == 1 else f"{length} bytes"
