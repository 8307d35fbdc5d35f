"""The command ``diff``: two traces compared."""

from dataclasses import asdict

import click

from flasktrace.cli.options import picture_options, store_option
from flasktrace.cli.printing import print_json, print_view
from flasktrace.cli.stored import found, opened


@click.command("diff")
@click.argument("before", metavar="A")
@click.argument("after", metavar="[B]", default="last")
@click.option("--json", "as_json", is_flag=True, help="Print the comparison as JSON.")
@picture_options
@store_option
def diff_command(
    before: str, after: str, as_json: bool, url: str, svg: str | None, html: str | None
) -> None:
    """Compare two traces: stages, spans, changes, headers.

    A and B are ids or their beginnings, 'last', or 'last~1' for the one before it.

    \b
    flasktrace diff last~1
    flasktrace diff 4bf92f 0af765
    flasktrace diff 4bf92f last --svg diff.svg

    Exit codes: 0 when they were compared, 1 when one of them is not there, 2 for wrong usage.
    """  # noqa: D301
    from flasktrace.trace.show.compare import compare

    store = opened(url)
    result = compare(found(store, before), found(store, after))
    if as_json:
        told = asdict(result)
        ids = {"before": result.before.id, "after": result.after.id}
        print_json({**told, **ids})
        return
    from flasktrace.trace.show import terminal

    print_view(terminal.comparison(result), svg, html)
