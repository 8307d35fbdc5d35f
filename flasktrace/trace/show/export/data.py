"""A trace as JSON: its own, and HAR 1.2 for the tools of browsers."""

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl

from flasktrace.trace.model import Trace
from flasktrace.trace.show.export import address
from flasktrace.trace.version import version_of

_UNKNOWN = -1
"""What HAR writes for a size or time that nobody knows."""


def data(trace: Trace) -> str:
    """Return all of the trace, with the keys of `Trace`."""
    return f"{json.dumps(trace.to_dict(), indent=1)}\n"


def har(trace: Trace) -> str:
    """Return the request and its response as a log of HTTP Archive 1.2."""
    log = {
        "version": "1.2",
        "creator": {"name": "flasktrace", "version": version_of("flasktrace")},
        "pages": [],
        "entries": [_entry(trace)],
    }
    return f"{json.dumps({'log': log}, indent=1)}\n"


def _entry(trace: Trace) -> dict[str, Any]:
    total = trace.duration_ns / 1e6
    first = trace.response.first_byte_ns
    wait = total if first is None else min(first / 1e6, total)
    return {
        "startedDateTime": trace.started,
        "time": total,
        "request": _request(trace),
        "response": _response(trace),
        "cache": {},
        "timings": {"send": 0, "wait": wait, "receive": total - wait},
        "comment": trace.verdict,
        "_flasktrace": {"id": trace.id, "endpoint": trace.endpoint, "stages": _stages(trace)},
    }


def _request(trace: Trace) -> dict[str, Any]:
    request = trace.request
    made: dict[str, Any] = {
        "method": trace.method,
        "url": address.url(trace),
        "httpVersion": request.http_version,
        "cookies": [],
        "headers": _pairs(request.headers),
        "queryString": _pairs(parse_qsl(trace.query, keep_blank_values=True)),
        "headersSize": _UNKNOWN,
        "bodySize": request.bytes_read,
    }
    if request.body is not None:
        kind = address.header(request.headers, "content-type")
        made["postData"] = {"mimeType": kind, "params": [], "text": request.body}
    return made


def _response(trace: Trace) -> dict[str, Any]:
    response = trace.response
    content: dict[str, Any] = {
        "size": response.bytes,
        "mimeType": address.header(response.headers, "content-type"),
    }
    if response.body is not None:
        content["text"] = response.body
    return {
        "status": trace.status or 0,
        "statusText": response.reason,
        "httpVersion": trace.request.http_version,
        "cookies": [],
        "headers": _pairs(response.headers),
        "content": content,
        "redirectURL": address.header(response.headers, "location"),
        "headersSize": _UNKNOWN,
        "bodySize": response.bytes,
    }


def _stages(trace: Trace) -> dict[str, float | None]:
    return {
        stage.name: None if stage.start_ns is None else stage.duration_ns / 1e6
        for stage in trace.stages
    }


def _pairs(pairs: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]
