"""The command ``serve``: the dashboard alone, over a store."""

import click

from flasktrace.cli.options import address_options, store_option
from flasktrace.cli.stored import opened


@click.command("serve")
@address_options("0 for any that is free.", default=5001)
@click.option("--token", envvar="FLASKTRACE_TOKEN", help="What programs sign in with; else made.")
@store_option
def serve_command(host: str, port: int, token: str | None, url: str) -> None:
    """Serve the dashboard alone, over the traces of a store.

    The apps that write them need not run, and need not show a dashboard themselves.

    \b
    flasktrace serve
    flasktrace serve --port 8001 --store sqlite:////srv/shop/.flasktrace/traces.db

    Exit codes: 0 when it was ended, 1 when it cannot listen or read, 2 for wrong usage.
    """  # noqa: D301
    from flasktrace.serving import AddressError, say, serve_store

    def ready(address: str, link: str, token: str) -> None:
        say(f"Dashboard of {store.url} (this link signs in once): {address}{link}")
        say(f"Token for programs: {token}")
        say("Press Ctrl-C to stop.")

    store = opened(url, may_come=True)
    store.count()  # what cannot be read is told now, not on each page
    try:
        serve_store(store, host, port, token=token, ready=ready)
    except AddressError as error:
        raise click.ClickException(str(error)) from None
