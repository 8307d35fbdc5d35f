"""The command ``clear``: removes all traces."""

import click

from flasktrace.cli.options import store_option
from flasktrace.cli.stored import opened


@click.command("clear")
@click.option("-y", "--yes", is_flag=True, help="Do not ask first.")
@store_option
def clear_command(yes: bool, url: str) -> None:
    """Remove all traces of a store, after asking.

    \b
    flasktrace clear
    flasktrace clear --yes --store sqlite:///.flasktrace/demo.db

    Exit codes: 0 when they are gone, 1 when the answer was no, nobody could answer, or there is
    no such store.
    """  # noqa: D301
    store = opened(url)
    count = store.count()
    if not count:
        click.echo(f"There are no traces in {store.url}.", err=True)
        return
    if not yes:
        click.confirm(f"Remove {_traces(count)} from {store.url}?", abort=True, err=True)
    click.echo(f"Removed {_traces(store.clear())} from {store.url}.", err=True)


def _traces(count: int) -> str:
    return f"{count} trace{'' if count == 1 else 's'}"
