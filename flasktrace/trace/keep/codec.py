"""Traces as bytes: JSON, long ones compressed; nothing that runs code when it is read."""

import json
import zlib

from flasktrace.trace.keep.text import text_of
from flasktrace.trace.model import Summary, Trace

LEVEL, WINDOW, MEMORY = 1, 13, 6
"""Of ``zlib.compressobj``. A trace is some kilobytes: to clear the 256 KB of the usual settings
takes three times as long as to compress it."""

SHORT = 16 * 1024
"""Characters; to compress fewer of them takes longer than to write them to the disk as they are."""

MAX_JSON = 64 * 2**20
"""Bytes; a trace that unpacks to more was not made by us."""


def pack(trace: Trace) -> bytes:
    """Return *trace* as bytes; raises TypeError or ValueError when it holds foreign objects."""
    text = text_of(trace)
    # Level 0 is the same format, without the compression: every version reads it.
    level = 0 if len(text) <= SHORT else LEVEL
    writer = zlib.compressobj(level, zlib.DEFLATED, WINDOW, MEMORY)
    return writer.compress(text.encode("ascii")) + writer.flush()


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
