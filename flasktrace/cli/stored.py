"""The store that a command reads, and what is looked for in it."""

import re

import click

from flasktrace.trace.keep.store import Store, open_store
from flasktrace.trace.model import Trace
from flasktrace.trace.query import Query, QueryError

_LAST = re.compile("last(?:~([0-9]{1,3}))?")


def opened(url: str) -> Store:
    """Return the store at *url*; wrong usage when no other process can see it."""
    store = open_store(url)
    if store.url == "memory:":
        message = "memory: is seen by its own process only; give the sqlite:///PATH of a file."
        raise click.BadParameter(message, param_hint="--store")
    return store


def parsed(text: str) -> Query | None:
    """Return the query, None for an empty one; wrong usage when it makes no sense."""
    try:
        return Query.parse(text) if text else None
    except QueryError as error:
        raise click.BadParameter(str(error)) from None


def found(store: Store, trace_id: str) -> Trace:
    """Return the trace that *trace_id* means; ClickException when it is none, or several."""
    back = _LAST.fullmatch(trace_id)
    if back:
        number = int(back[1] or 0)
        ids = [item.id for item in store.page(limit=number + 1).summaries][number:]
    else:
        ids = store.find(trace_id.lower(), limit=3) if _is_hex(trace_id) else []
    if not ids:
        message = (
            f"There is no trace {trace_id!r} in {store.url}; 'flasktrace list' shows what there is."
        )
        raise click.ClickException(message)
    if len(ids) > 1:
        message = f"{trace_id!r} begins several ids: {', '.join(ids)}; give more of it."
        raise click.ClickException(message)
    trace = store.get(ids[0])
    if trace is None:
        raise click.ClickException(f"The trace {ids[0]} was just deleted.")
    return trace


def _is_hex(text: str) -> bool:
    return bool(text) and all(sign in "0123456789abcdef" for sign in text.lower())
