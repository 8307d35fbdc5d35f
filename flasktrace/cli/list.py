"""The command ``list``: the newest traces."""

import click

from flasktrace.cli.options import store_option
from flasktrace.cli.printing import print_json, summary_printer
from flasktrace.cli.stored import opened, parsed


@click.command("list")
@click.argument("query", nargs=-1)
@click.option(
    "-n",
    "--limit",
    default=20,
    show_default=True,
    type=click.IntRange(1, 1000),
    help="How many, the newest.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the API's answer.")
@store_option
def list_command(query: tuple[str, ...], limit: int, as_json: bool, url: str) -> None:
    """List the newest traces, newest first; QUERY as in the dashboard.

    \b
    flasktrace list
    flasktrace list status:5xx 'path:/cart*' -n 100
    flasktrace list --json

    Exit codes: 0, also when there are none; 1 when the store is not there or cannot be read, 2
    for wrong usage.
    """  # noqa: D301
    store = opened(url)
    page = store.page(limit=limit, query=parsed(" ".join(query)))
    if as_json:
        found = [item.to_dict() for item in page.summaries]
        print_json({"traces": found, "next": page.next})
        return
    if not page.summaries:
        click.echo(f"No traces in {store.url}{' for that query' if query else ''}.", err=True)
    show = summary_printer()
    for item in page.summaries:
        show(item)
