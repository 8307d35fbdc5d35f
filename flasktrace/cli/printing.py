"""How commands print: rows for people, JSON for programs."""

import json
import os
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import click

from flasktrace.trace.model import Summary, Trace

_SHORT = 8
"""Digits of an id in an address; the dashboard leads from it to the whole one."""


def print_json(data: Any) -> None:
    """Print *data* as indented JSON."""
    click.echo(json.dumps(data, indent=2))


def json_line(summary: Summary) -> None:
    """Print a row as one line of JSON, at once."""
    click.echo(json.dumps(summary.to_dict()))
    sys.stdout.flush()


def write_file(path: Path, text: str) -> None:
    """Write *text* into a file that, when it is new, only its owner may read; raises OSError."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    with open(os.open(path, flags, 0o600), "w", encoding="utf-8") as file:  # noqa: PTH123
        file.write(text)


def print_view(view: Any, svg: str | None = None, html: str | None = None) -> None:
    """Print what `flasktrace.trace.show.terminal` made, or save it into the files *svg*, *html*."""
    from flasktrace.trace.show import terminal

    console = terminal.console()
    files = {"svg": svg, "html": html}
    for form, name in files.items():
        if name is None:
            continue
        try:
            write_file(Path(name), terminal.picture(view, form, width=console.width))
        except OSError as error:
            raise click.ClickException(f"{name} cannot be written: {error.strerror}.") from None
    if not any(files.values()):
        console.print(view)


def _explain(console: Any) -> None:
    """Say what the bars of the rows mean, to people: what reads a pipe wants rows alone."""
    from flasktrace.trace.show import terminal

    legend = terminal.legend()
    if console.is_terminal and console.width > legend.cell_len:
        console.print(legend, soft_wrap=True)


def summary_printer() -> Callable[[Summary], None]:
    """Return what prints a row; it names the process as soon as there are several."""
    from flasktrace.trace.show import terminal

    console = terminal.console()
    explain_once = cache(lambda: _explain(console))
    processes: set[int] = set()

    def show(summary: Summary) -> None:
        explain_once()
        processes.add(summary.pid)
        row = terminal.line(summary, width=console.width, worker=len(processes) > 1)
        console.print(row, soft_wrap=True)

    return show


def line_printer(mount: Callable[[], str]) -> Callable[[Trace], None]:
    """Return what prints a trace as a row, with the address of its page below *mount*."""
    from flasktrace.trace.show import terminal
    from flasktrace.trace.show.export.address import origin

    console = terminal.console()
    explain_once = cache(lambda: _explain(console))

    def show(trace: Trace) -> None:
        explain_once()
        link = f"{origin(trace.request)}{mount()}/{trace.id[:_SHORT]}"
        console.print(
            terminal.line(trace.summary(), width=console.width, link=link), soft_wrap=True
        )

    return show


def ignore(_trace: Trace) -> None:
    """Print nothing."""
