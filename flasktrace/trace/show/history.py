"""What else the store holds that belongs to one request."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from urllib.parse import unquote, urljoin, urlsplit

from flasktrace.trace.model import Page, Summary, Trace
from flasktrace.trace.query import Query, QueryError
from flasktrace.trace.show.compare import Usual, usual
from flasktrace.trace.show.export.address import header, target

LOOKED_AT = 100
"""Requests of the same endpoint that are looked at, the newest."""
_NEIGHBOURS = 200
"""Of the newest requests, those among which children are looked for."""
_SOON = 10.0
"""Seconds within which a browser follows a redirect."""
_FOLLOWS = frozenset({"GET", "HEAD"})
_REDIRECT = 3
_TRIED = 5
"""Requests that are opened to see whether a redirect joins them."""


class Pages(Protocol):
    """The part of a store that is asked."""

    def page(
        self, *, limit: int = 50, query: Query | None = None, before: int | None = None
    ) -> Page:
        """Return summaries, newest first."""

    def get(self, trace_id: str, /) -> Trace | None:
        """Return the trace, None when it is not there (any more)."""


@dataclass(frozen=True, slots=True)
class Relatives:
    """Requests that belong to one request."""

    usual: Usual | None
    """Of the same endpoint and method, before this one."""
    previous: str
    """Id of the one of the same endpoint before it; empty for none."""
    children: tuple[Summary, ...]
    """Made inside of it, the first one first."""
    came_from: Summary | None
    """The one whose redirect led here."""
    led_to: Summary | None
    """The one that its own redirect led to."""


def relatives(store: Pages, trace: Trace) -> Relatives:
    """Return the relatives of *trace* among the newer requests of *store*."""
    alike = [
        item
        for item in _of_endpoint(store, trace)
        if item.id != trace.id and item.started <= trace.started
    ]
    near = store.page(limit=_NEIGHBOURS).summaries
    return Relatives(
        usual=usual(alike),
        previous=alike[0].id if alike else "",
        children=tuple(item for item in reversed(near) if item.parent == trace.id),
        came_from=_came_from(store, trace),
        led_to=_led_to(store, trace),
    )


def _of_endpoint(store: Pages, trace: Trace) -> Sequence[Summary]:
    if not trace.endpoint:
        return ()
    asked = f'endpoint:"{trace.endpoint}" method:"{trace.method}"'
    return [item for item in _found(store, asked, LOOKED_AT) if item.app == trace.app]


def _came_from(store: Pages, trace: Trace) -> Summary | None:
    """Return the request before, whose redirect led to this one."""
    if trace.method not in _FOLLOWS:
        return None
    for item in _near(store, "status:3xx", trace, -_SOON, 0.0):
        other = store.get(item.id)
        if other and _leads(other, trace):
            return item
    return None


def _led_to(store: Pages, trace: Trace) -> Summary | None:
    """Return the request after, to which the redirect of this one led."""
    path = unquote(urlsplit(_target(trace)).path)
    if not path:
        return None
    for item in reversed(_near(store, f'path:"{path}"', trace, 0.0, _SOON)):
        other = store.get(item.id)
        if other and _leads(trace, other):
            return item
    return None


def _near(store: Pages, asked: str, trace: Trace, earliest: float, latest: float) -> list[Summary]:
    """Return those that *asked* finds which began so many seconds after *trace*, newest first."""
    found = [
        item
        for item in _found(store, asked, LOOKED_AT)
        if item.id != trace.id
        and item.app == trace.app
        and earliest <= _seconds(item.started) - _seconds(trace.started) <= latest
    ]
    return found[-_TRIED:] if latest > 0 else found[:_TRIED]


def _leads(first: Trace, second: Trace) -> bool:
    """Tell whether the redirect of *first* led the same client to *second*."""
    target = urlsplit(_target(first))
    same_client = first.request.remote_addr == second.request.remote_addr and header(
        first.request.headers, "user-agent"
    ) == header(second.request.headers, "user-agent")
    is_here = target.netloc in {"", second.request.host} and second.method in _FOLLOWS
    return is_here and same_client and unquote(target.path) == second.path


def _target(trace: Trace) -> str:
    """Return where the redirect leads; empty when it is none."""
    location = header(trace.response.headers, "location")
    if not location or trace.status is None or trace.status // 100 != _REDIRECT:
        return ""
    try:
        return urljoin(target(trace), location)
    except ValueError:  # no address at all
        return ""


def _found(store: Pages, asked: str, limit: int) -> Sequence[Summary]:
    try:
        query = Query.parse(asked)
    except QueryError:  # a name that cannot be written in a query
        return ()
    return store.page(limit=limit, query=query).summaries


def _seconds(moment: str) -> float:
    try:
        return datetime.fromisoformat(moment).timestamp()
    except (ValueError, OverflowError, OSError):  # a trace from elsewhere may say anything
        return 0.0
