"""An app that cannot be loaded because its own code raises."""

import importlib
import traceback
from types import TracebackType

import click

from flasktrace import loading

_IMPORTERS = ("<frozen importlib", importlib.__file__)


def refuse(error: Exception, target: str) -> click.exceptions.Exit:
    """Say that loading *target* raised *error*, from the app's own code on; return what leaves."""
    click.echo(told(error, target), err=True)
    return click.exceptions.Exit(1)


def told(error: Exception, target: str) -> str:
    """Return that loading *target* raised *error*, with the frames from the app's own code on."""
    own = own_frames(error)
    place = target.partition(":")[0]
    made = own is _behind_loading(error.__traceback__)  # then nothing was imported last
    what = f"{target} could not be made" if made else f"{place} could not be imported"
    lines = traceback.format_exception(type(error), error, own)
    return "\n".join([f"{what}:", "".join(lines).rstrip("\n")])


def own_frames(error: Exception) -> TracebackType | None:
    """Return where *error* came from, without the frames of what loads an app."""
    return _behind_importing(_behind_loading(error.__traceback__))


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
