"""The command ``export``: traces as files for other programs and people."""

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from flasktrace.cli.options import store_option
from flasktrace.cli.printing import write_file
from flasktrace.cli.stored import found, is_id, opened, parsed
from flasktrace.trace.keep.store import Store
from flasktrace.trace.model import Summary, Trace
from flasktrace.trace.query import Query

_NAMES = ("curl", "test", "text", "json", "har", "chrome", "html")
"""Those of `flasktrace.trace.show.export`, which is imported when it is used."""
_PAGE = 100


@click.command("export")
@click.argument("what", nargs=-1, metavar="[ID | QUERY]")
@click.option(
    "-f",
    "--format",
    "form",
    default="text",
    show_default=True,
    type=click.Choice(_NAMES),
    help="chrome is for ui.perfetto.dev, har for a browser's network view.",
)
@click.option("--all", "folder", metavar="DIR", help="Write a file for each trace into DIR.")
@click.option("-o", "--output", metavar="FILE", help="Write into FILE instead of printing.")
@store_option
def export_command(
    what: tuple[str, ...], form: str, folder: str | None, output: str | None, url: str
) -> None:
    """Write one trace, or all that a query finds, in another format.

    Secrets are taken out once more. Files are for their owner only.

    \b
    flasktrace export
    flasktrace export 4bf92f --format curl
    flasktrace export last --format html -o cart.html
    flasktrace export --format text --all traces status:5xx

    Exit codes: 0 when written, 1 when there is no such trace or a file cannot be written, 2 for
    wrong usage.
    """  # noqa: D301
    store = opened(url)
    if folder is not None and output is not None:
        raise click.UsageError("--all DIR and --output FILE say different things; give one.")
    try:
        if folder is not None:
            count = _write_all(store, parsed(" ".join(what)), form, Path(folder))
            click.echo(f"Wrote {count} file{'' if count == 1 else 's'} into {folder}.", err=True)
        elif len(what) > 1 or (what and not is_id(what[0])):
            raise click.UsageError(f"{' '.join(what)!r} is no id; a query goes with --all DIR.")
        else:
            _write_one(found(store, what[0] if what else "last"), form, output)
    except OSError as error:
        message = f"{error.filename or folder or output} cannot be written: {error.strerror}."
        raise click.ClickException(message) from None


def _write_one(trace: Trace, form: str, output: str | None) -> None:
    from flasktrace.trace.show.export import export

    text = export(trace, form)
    if output is None:
        sys.stdout.write(text if text.endswith("\n") else f"{text}\n")
    else:
        write_file(Path(output), text)


def _write_all(store: Store, query: Query | None, form: str, folder: Path) -> int:
    """Write a file for each trace that *query* finds, named so that time is their order."""
    from flasktrace.trace.show import terminal
    from flasktrace.trace.show.export import FORMATS, export

    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    count = 0
    for item in terminal.progress(_summaries(store, query), "Writing", store.count()):
        trace = store.get(item.id)
        if trace is not None:
            name = f"{_moment(trace)}-{trace.id[:12]}{FORMATS[form].suffix}"
            write_file(folder / name, export(trace, form))
            count += 1
    return count


def _summaries(store: Store, query: Query | None) -> Iterator[Summary]:
    before = None
    while True:
        page = store.page(limit=_PAGE, query=query, before=before)
        yield from page.summaries
        before = page.next
        if before is None:
            return


def _moment(trace: Trace) -> str:
    """Return ``20260102T030405123456``: digits only, whatever the trace says."""
    day, _, time = trace.started.partition("T")
    digits = ["".join(sign for sign in part if sign in "0123456789") for part in (day, time[:15])]
    return "T".join(digits)
