"""The store that a command reads, and what is looked for in it."""

import re

import click

from flasktrace.trace.keep.store import DEFAULT_URL, Store, open_store
from flasktrace.trace.keep.url import path_of
from flasktrace.trace.model import Trace
from flasktrace.trace.query import Query, QueryError

_LAST = re.compile("last(?:~([0-9]{1,3}))?")


def shared(url: str) -> Store:
    """Return the store at *url*; wrong usage when no other process can see it."""
    store = open_store(url)
    if store.url == "memory:":
        message = "memory: is seen by its own process only; give the sqlite:///PATH of a file."
        raise click.BadParameter(message, param_hint="--store")
    return store


def opened(url: str, *, may_come: bool = False) -> Store:
    """Return the store at *url* for a reader; ClickException when there is no such file.

    One that *may_come* later is only told of. The default store is missing wherever no app has
    been traced yet, which is no failure.
    """
    store, path = shared(url), path_of(url)
    if path is not None and not path.exists():
        if may_come:
            click.echo(f"There is no file {path} yet; an app that traces makes it.", err=True)
        elif url != DEFAULT_URL:
            raise click.ClickException(f"There is no file {path}; name another with --store.")
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
    if not ids and not store.count():
        raise click.ClickException(
            f"There are no traces in {store.url}; flasktrace doctor says why."
        )
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


def is_id(text: str) -> bool:
    """Tell whether *text* can mean a trace: an id, its beginning, ``last`` or ``last~1``."""
    return _is_hex(text) or _LAST.fullmatch(text) is not None


def _is_hex(text: str) -> bool:
    return bool(text) and all(sign in "0123456789abcdef" for sign in text.lower())
