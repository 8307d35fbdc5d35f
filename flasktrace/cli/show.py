"""The command ``show``: one trace."""

import click

from flasktrace.cli.options import store_option
from flasktrace.cli.printing import print_json
from flasktrace.cli.stored import found, opened


@click.command("show")
@click.argument("trace_id", default="last", metavar="[ID]")
@click.option("--stage", help="Show the context stack at this stage instead.")
@click.option("--json", "as_json", is_flag=True, help="Print the trace as JSON.")
@store_option
def show_command(trace_id: str, stage: str | None, as_json: bool, url: str) -> None:
    """Show one trace: by id, by its beginning, or the last.

    \b
    flasktrace show
    flasktrace show 4bf92f --stage preprocess
    flasktrace show last --json
    """  # noqa: D301
    trace = found(opened(url), trace_id)
    if as_json:
        print_json(trace.to_dict())
        return
    from flasktrace.trace.show import terminal

    if stage is None:
        terminal.console().print(terminal.tree(trace))
        return
    names = [item.name for item in trace.stages]
    if stage not in names:
        raise click.BadParameter(f"There is no stage {stage!r}; there are {', '.join(names)}.")
    terminal.console().print(terminal.stack(trace, stage))
