"""The command ``tail``: each new trace as it comes."""

import sys
import time
from contextlib import suppress

import click

from flasktrace.cli.options import store_option
from flasktrace.cli.printing import json_line, summary_printer
from flasktrace.cli.stored import opened, parsed

_POLL = 0.2


@click.command("tail")
@click.argument("query", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print each summary as a line of JSON.")
@store_option
def tail_command(query: tuple[str, ...], as_json: bool, url: str) -> None:
    """Print each new trace as it comes, of all processes.

    \b
    flasktrace tail
    flasktrace tail 'dur:>100ms' -- -path:/static*
    flasktrace tail --json status:5xx

    Exit codes: 0 when it was ended, 1 when the store cannot be read, 2 for wrong usage.
    """  # noqa: D301
    store, wanted = opened(url, may_come=True), parsed(" ".join(query))
    show = json_line if as_json else summary_printer()
    with suppress(KeyboardInterrupt):
        cursor = store.since(None).next
        click.echo(f"Waiting for traces in {store.url}; Ctrl-C stops.", err=True)
        while True:
            page = store.since(cursor, query=wanted)
            cursor = page.next
            for item in page.summaries:
                show(item)
            if not page.summaries:
                time.sleep(_POLL)
    if sys.stderr.isatty():
        click.echo(err=True)  # the prompt shall not stand behind ^C
