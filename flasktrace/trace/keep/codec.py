"""Traces as bytes: compressed JSON, never anything that runs code when it is read."""

import json
import zlib
from collections.abc import Callable
from dataclasses import fields
from operator import attrgetter
from typing import Any

from flasktrace.trace.model import Record, Summary, Trace

LEVEL, WINDOW, MEMORY = 1, 13, 6
"""Of ``zlib.compressobj``. A trace is some kilobytes: to clear the 256 KB of the usual settings
takes three times as long as to compress it."""

MAX_JSON = 64 * 2**20
"""Bytes; a trace that unpacks to more was not made by us."""

_getters: dict[type, tuple[tuple[str, ...], Callable[[Any], Any]]] = {}


def pack(trace: Trace) -> bytes:
    """Return *trace* as bytes; raises TypeError or ValueError when it holds foreign objects."""
    writer = zlib.compressobj(LEVEL, zlib.DEFLATED, WINDOW, MEMORY)
    return writer.compress(_text(trace).encode("ascii")) + writer.flush()


def unpack(data: bytes) -> Trace | None:
    """Return the trace in *data*, None when it cannot be read."""
    try:
        reader = zlib.decompressobj()
        text = reader.decompress(data, MAX_JSON)
        return Trace.from_dict(json.loads(text))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, zlib.error):
        return None


def pack_summary(summary: Summary) -> str:
    """Return *summary* as JSON."""
    return _text(summary)


def unpack_summary(text: str) -> Summary | None:
    """Return the summary in *text*, None when it cannot be read."""
    try:
        return Summary.from_dict(json.loads(text))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _text(record: Record) -> str:
    """Return what ``json.dumps(record.to_dict())`` gives, without the copy of every part.

    ``ensure_ascii`` lets lone surrogates and NUL through as escapes.
    """
    return _encode(record)


def _shallow(record: object) -> dict[str, Any]:
    """Return the fields of *record*; the encoder itself goes into them."""
    names, get = _getters.get(type(record)) or _getter(record)
    return dict(zip(names, get(record), strict=True))


def _getter(record: object) -> tuple[tuple[str, ...], Callable[[Any], Any]]:
    if not isinstance(record, Record):
        raise TypeError(f"a {type(record).__name__} cannot be stored in a trace")
    names = tuple(item.name for item in fields(record))  # type: ignore[arg-type]
    _getters[type(record)] = names, attrgetter(*names)
    return _getters[type(record)]


_encode = json.JSONEncoder(
    ensure_ascii=True, check_circular=False, separators=(",", ":"), default=_shallow
).encode
