"""One row of a list of requests."""

import shutil
from dataclasses import dataclass
from datetime import tzinfo

from rich.cells import cell_len
from rich.text import Text

from flasktrace.trace.model import Summary
from flasktrace.trace.show import words
from flasktrace.trace.show.sanitize import clean
from flasktrace.trace.show.terminal.bar import time_bar
from flasktrace.trace.show.terminal.text import (
    cell,
    joined,
    middle,
    one_row,
    row_of,
    safe,
    status_of,
)

_PID = 7
_SHORT_PATH = 30
_PATH = 56  # longer paths are shortened even where there is room, figures shall stay near


def line(
    summary: Summary,
    *,
    width: int | None = None,
    link: str | None = None,
    worker: bool = False,
    tz: tzinfo | None = None,
) -> Text:
    """Return one row of at most *width* cells (None: the terminal's) for a list of requests.

    Its time is shown in *tz* (None: local). *link* is added where there is room for all of it,
    and with *worker* the id of the process where there is room for a time of day.
    """
    room = width or shutil.get_terminal_size().columns
    plan = _plan(room)
    before = (
        cell(safe(words.clock(summary.started, tz), "dim"), plan.clock),
        cell(safe(words.worker(summary.pid), "dim"), _PID if worker and plan.clock else 0),
        cell(safe(summary.method, "bold"), plan.method),
    )
    after = (
        status_of(summary.status),
        safe(words.duration(summary.duration_ns).rjust(7)),
        time_bar(summary, plan.bar),
    )
    taken = sum(part.cell_len + 1 for part in (*before, *after) if part.plain) + plan.marks
    column = max(min(_PATH, room - taken - 1), 1)
    beside = room - taken - cell_len(clean(link or "")) - 2
    if link and beside >= _SHORT_PATH:  # a long path gives way to it
        column = min(column, beside)
    path = cell(safe(_target(summary, column)), column)
    row = joined((*before, path, *after), " ")
    _add_marks(row, summary, room, link)
    return one_row(row, room)


@dataclass(frozen=True, slots=True)
class _Plan:
    """How the cells of a line are shared out."""

    least: int
    """Width of the line from which on this plan holds."""
    clock: int
    method: int
    bar: int
    marks: int


_PLANS = (
    _Plan(160, 8, 7, 28, 24),
    _Plan(120, 8, 7, 20, 26),
    _Plan(76, 8, 7, 10, 20),
    _Plan(60, 8, 7, 10, 1),
    _Plan(40, 8, 4, 0, 1),
    _Plan(0, 0, 0, 0, 0),
)


def _plan(width: int) -> _Plan:
    return next(plan for plan in _PLANS if width >= plan.least)


def _add_marks(row: Text, summary: Summary, width: int, link: str | None) -> None:
    """Add to *row* what is special and *link*, as far as they fit into *width* cells."""
    marks, room, column = words.marks(summary), width - row.cell_len - 1, _plan(width).marks
    sign = "✗" if summary.exception else "!"
    if room < 1:
        return
    shown = " · ".join(marks) if room >= 12 else sign * bool(marks)  # noqa: PLR2004 - or no use
    row.append_text(row_of(" ", safe(shown, "bold red" if summary.exception else "magenta")))
    if link and cell_len(clean(link)) + 1 <= room - max(column, cell_len(shown)):
        row.append_text(row_of(" " * (column + 1 - cell_len(shown)), safe(link, "dim")))


def _target(summary: Summary, width: int) -> str:
    """Return path and query in *width* cells: the query gives way first."""
    path, whole = clean(summary.path), words.target(summary)
    if cell_len(path) + 2 > width or cell_len(whole) <= width:
        return middle(path if cell_len(whole) > width else whole, width)
    return whole  # its cell cuts the end off
