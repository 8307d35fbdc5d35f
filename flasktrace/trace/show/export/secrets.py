"""A second look for secrets: what leaves the machine is worth more care than what stays."""

import re
from collections.abc import Iterable
from typing import Any

from flasktrace.trace.model import Trace

MARK = "•••"

_SECRET_NAMES = re.compile(
    r"cookie|authorization|password|passwd|secret|token|api[-_]?key|csrf|xsrf|session[-_]?id",
    re.IGNORECASE,
)
_SHAPES = re.compile(
    r"(?<![\w-])eyJ[\w-]{8,}+\.[\w-]++\.[\w-]*+"  # a JWT (RFC 7519)
    r"|(?<=earer )[\w.~+/=-]{8,}"  # a Bearer token (RFC 6750)
    r"|\bA(?:KIA|SIA)[0-9A-Z]{16}\b"  # an access key of AWS
    r"|(?<=://)[^/\s?#@•]+(?=@)"  # user and password in a url
)
_QUERY_PAIR = re.compile(r"([^&=]+)=([^&]*)")
_COOKIE_PAIR = re.compile(r"([^;=\s]+)=([^;]*)")


def hide(trace: Trace) -> Trace:
    """Return *trace* without secrets; one that was redacted when it was taken stays as it is."""
    data = _walk(trace.to_dict())
    for message in (data["request"], data["response"]):
        message["headers"] = [[name, _header(name, text)] for name, text in message["headers"]]
    data["query"] = _query(data["query"])
    data["request"]["query"] = _query(data["request"]["query"])
    return Trace.from_dict(data)


def is_hidden(text: str) -> bool:
    """Tell whether something was taken out of *text*."""
    return MARK in text


def names(headers: Iterable[tuple[str, str]]) -> list[str]:
    """Return the names of those *headers* whose values were hidden."""
    return [name for name, value in headers if is_hidden(value)]


def _walk(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _walk(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_walk(item) for item in value]
    return _SHAPES.sub(MARK, value) if isinstance(value, str) else value


def _header(name: str, value: str) -> str:
    folded = name.lower()
    if is_hidden(value) or not _SECRET_NAMES.search(name):
        return value
    if folded == "cookie":
        return _cookies(value)
    if folded == "set-cookie":
        first, sign, rest = value.partition(";")
        return f"{_cookies(first)}{sign}{rest}"
    return MARK


def _cookies(text: str) -> str:
    return _COOKIE_PAIR.sub(rf"\1={MARK}", text)


def _query(query: str) -> str:
    return _QUERY_PAIR.sub(_pair, query)


def _pair(found: re.Match[str]) -> str:
    name, value = found.groups()
    return f"{name}={MARK}" if _SECRET_NAMES.search(name) and not is_hidden(value) else found[0]
