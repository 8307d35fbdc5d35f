"""The command ``bench``: what tracing costs an app."""

import tempfile
from contextlib import ExitStack
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from flasktrace.cli.options import app_of
from flasktrace.cli.printing import print_json
from flasktrace.commands import ScriptInfo, pass_script_info

if TYPE_CHECKING:
    from flasktrace.trace.cost import Cost


@click.command("bench")
@click.argument("target", metavar="[MODULE:APP]", required=False)
@click.option(
    "--path", "paths", multiple=True, default=("/",), show_default=True, help="GET it; repeatable."
)
@click.option(
    "--rounds", default=20, show_default=True, type=click.IntRange(2), help="How often in turn."
)
@click.option(
    "--requests",
    default=50,
    show_default=True,
    type=click.IntRange(1),
    help="Of each kind in a round.",
)
@click.option("--file", "to_file", is_flag=True, help="Store in a file, not in memory.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
@pass_script_info
def bench_command(
    info: ScriptInfo,
    target: str | None,
    paths: tuple[str, ...],
    rounds: int,
    requests: int,
    to_file: bool,
    as_json: bool,
) -> None:
    """Measure what tracing costs an app of yours.

    Requests are made in this process, untraced and traced in turn; CPU time is compared. The
    ratio is the median of the rounds, and the middle half of them lies in its spread.

    \b
    flasktrace bench shop:app
    flasktrace bench shop:app --path / --path '/cart?page=2' --file --json

    Exit codes: 0, 1 when there is no such app or it raised, 2 for wrong usage.
    """  # noqa: D301
    from flasktrace.trace.cost import measure
    from flasktrace.trace.show import terminal

    app = app_of(info, target)
    found: list[Cost] = []
    with ExitStack() as stack:
        store = "memory:"
        if to_file:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="flasktrace-"))
            store = f"sqlite:///{folder}/traces.db"
        for path in paths:
            steps = measure(app, path, rounds=rounds, requests=requests, store=store)
            try:
                for step in terminal.progress(steps, f"GET {path}", rounds + 1):
                    found += [] if step is None else [step]
            except Exception as error:
                message = f"GET {path} raised {type(error).__name__}: {error}"
                raise click.ClickException(message) from error
    if as_json:
        print_json([asdict(cost) for cost in found])
        return
    for cost in found:
        click.echo(_line(cost))


def _line(cost: "Cost") -> str:
    from flasktrace.trace.show.sanitize import clean
    from flasktrace.trace.show.words import duration

    times = f"untraced {duration(cost.untraced_ns)}, traced {duration(cost.traced_ns)} CPU"
    ratio = f"ratio {cost.ratio:.2f} ({cost.low:.2f} to {cost.high:.2f})"
    return clean(f"GET {cost.path} → {cost.status}: {times}, {ratio}")
