"""How commands print: rows for people, JSON for programs."""

import json
import sys
from collections.abc import Callable
from typing import Any

import click

from flasktrace.trace.model import Summary, Trace


def print_json(data: Any) -> None:
    """Print *data* as indented JSON."""
    click.echo(json.dumps(data, indent=2))


def json_line(summary: Summary) -> None:
    """Print a row as one line of JSON, at once."""
    click.echo(json.dumps(summary.to_dict()))
    sys.stdout.flush()


def summary_printer() -> Callable[[Summary], None]:
    """Return what prints a row."""
    from flasktrace.trace.show import terminal

    console = terminal.console()

    def show(summary: Summary) -> None:
        console.print(terminal.line(summary, width=console.width), soft_wrap=True)

    return show


def line_printer() -> Callable[[Trace], None]:
    """Return what prints a trace as a row."""
    show = summary_printer()
    return lambda trace: show(trace.summary())


def ignore(_trace: Trace) -> None:
    """Print nothing."""
