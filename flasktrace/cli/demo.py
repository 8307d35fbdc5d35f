"""The command ``demo``: an example shop with a visitor in it."""

import click

from flasktrace.cli.options import STORE, address_options
from flasktrace.cli.printing import line_printer
from flasktrace.trace.keep.store import StoreError


@click.command("demo")
@address_options("another one is taken when it is busy.")
@click.option(
    "--store",
    "url",
    default="sqlite:///.flasktrace/demo.db",
    show_default=True,
    envvar="FLASKTRACE_STORE",
    help=STORE,
)
@click.option(
    "--rounds",
    default=1,
    show_default=True,
    type=click.IntRange(0),
    help="How often the visitor goes through the shop.",
)
@click.option(
    "--pause",
    default=0.15,
    show_default=True,
    type=click.FloatRange(0),
    help="Seconds between the visitor's requests.",
)
@click.option("--exit", "leave", is_flag=True, help="Stop when the visitor is done.")
def demo_command(host: str, port: int, url: str, rounds: int, pause: float, leave: bool) -> None:
    """Serve an example shop, traced, with a visitor in it.

    It needs no network, and keeps its traces apart from those of your own apps.

    \b
    flasktrace demo
    flasktrace demo --rounds 50 --pause 0

    Exit codes: 0 when it was ended, 1 when it cannot listen or store, 2 for wrong usage.
    """  # noqa: D301
    from flasktrace.demo.visit import visited_shop
    from flasktrace.serving import AddressError
    from flasktrace.trace.options import DEFAULT_PATH

    try:
        visited_shop(
            host,
            port,
            url,
            show=line_printer(lambda: DEFAULT_PATH),
            rounds=rounds,
            pause=pause,
            leave=leave,
        )
    except (AddressError, ValueError, StoreError) as error:
        raise click.ClickException(str(error)) from None
