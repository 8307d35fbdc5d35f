"""Traces as bytes: compressed JSON, never anything that runs code when it is read."""

import json
import zlib

from flasktrace.trace.keep.text import text_of
from flasktrace.trace.model import Summary, Trace

LEVEL, WINDOW, MEMORY = 1, 13, 6
"""Of ``zlib.compressobj``. A trace is some kilobytes: to clear the 256 KB of the usual settings
takes three times as long as to compress it."""

MAX_JSON = 64 * 2**20
"""Bytes; a trace that unpacks to more was not made by us."""


def pack(trace: Trace) -> bytes:
    """Return *trace* as bytes; raises TypeError or ValueError when it holds foreign objects."""
    writer = zlib.compressobj(LEVEL, zlib.DEFLATED, WINDOW, MEMORY)
    return writer.compress(text_of(trace).encode("ascii")) + writer.flush()


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
    return text_of(summary)


def unpack_summary(text: str) -> Summary | None:
    """Return the summary in *text*, None when it cannot be read."""
    try:
        return Summary.from_dict(json.loads(text))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
