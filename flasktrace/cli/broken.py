"""An app that cannot be loaded because its own code raises."""

import importlib
import traceback
from types import TracebackType

import click

from flasktrace import loading

_IMPORTERS = ("<frozen importlib", importlib.__file__)


def refuse(error: Exception, target: str) -> click.exceptions.Exit:
    """Say that loading *target* raised *error*, from the app's own code on; return what leaves."""
    found = _behind_loading(error.__traceback__)
    own = _behind_importing(found)
    place = target.partition(":")[0]
    what = f"{place} could not be imported" if own is not found else f"{target} could not be made"
    click.echo(f"{what}:", err=True)
    lines = traceback.format_exception(type(error), error, own)
    click.echo("".join(lines).rstrip("\n"), err=True)
    return click.exceptions.Exit(1)


def _behind_loading(trace: TracebackType | None) -> TracebackType | None:
    """Return *trace* without the frames of the command line; all of it when it has none."""
    step, last = trace, None
    while step is not None:
        if step.tb_frame.f_code.co_filename == loading.__file__:
            last = step
        elif last is not None:
            break
        step = step.tb_next
    return last.tb_next if last is not None else trace


def _behind_importing(trace: TracebackType | None) -> TracebackType | None:
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith(_IMPORTERS):
        trace = trace.tb_next
    return trace
