"""The command ``show``: one trace."""

import click

from flasktrace.cli.options import picture_options, store_option
from flasktrace.cli.printing import print_json, print_view
from flasktrace.cli.stored import found, opened

_STAGE = "dispatch"


@click.command("show")
@click.argument("trace_id", default="last", metavar="[ID]")
@click.option("--stage", help="Show the context stack at this stage instead.")
@click.option("--stack", "at_stack", is_flag=True, help=f"Show it at --stage, else at {_STAGE}.")
@click.option("--json", "as_json", is_flag=True, help="Print the trace as JSON.")
@picture_options
@store_option
def show_command(
    trace_id: str,
    stage: str | None,
    at_stack: bool,
    as_json: bool,
    url: str,
    svg: str | None,
    html: str | None,
) -> None:
    """Show one trace: by id, by its beginning, or the last.

    'last~1' is the one before the last.

    \b
    flasktrace show
    flasktrace show 4bf92f --stage preprocess
    flasktrace show last --stage match --stack
    flasktrace show last --json
    COLUMNS=100 flasktrace show --svg cart.svg

    Exit codes: 0, 1 when there is no such trace, 2 for wrong usage.
    """  # noqa: D301
    trace = found(opened(url), trace_id)
    if as_json:
        print_json(trace.to_dict())
        return
    from flasktrace.trace.show import terminal

    if stage is None and not at_stack:
        print_view(terminal.tree(trace), svg, html)
        return
    stage = stage or _STAGE
    names = [item.name for item in trace.stages]
    if stage not in names:
        raise click.BadParameter(f"There is no stage {stage!r}; there are {', '.join(names)}.")
    print_view(terminal.stack(trace, stage), svg, html)
