"""An exception with the source that it came through."""

from collections.abc import Iterator

from rich.text import Text

from flasktrace.trace.model import Failure, Frame
from flasktrace.trace.show import words
from flasktrace.trace.show.sanitize import clean
from flasktrace.trace.show.terminal.sheet import Sheet
from flasktrace.trace.show.terminal.text import block, joined, middle, one_row, row_of, safe


def failure_rows(sheet: Sheet, failure: Failure) -> Iterator[Text]:
    """Yield what was raised, by whom, and the lines of the app that it came through."""
    yield from sheet.rows(safe("✗ ", "bold red"), block(words.failure_title(failure), "bold red"))
    yield from sheet.paragraph(safe(words.failure_origin(failure)), indent=2)
    for cause in failure.causes:
        yield from sheet.paragraph(safe(f"caused by {cause}", "dim"), indent=2)
    shown = [frame for frame in failure.frames if frame.in_app] or list(failure.frames[-1:])
    for frame in shown:
        yield from _frame(sheet, frame)
    hidden = len(failure.frames) - len(shown)
    if hidden:
        note = f"{words.number(hidden, 'frame')} of libraries not shown"
        yield from sheet.paragraph(safe(note, "dim"), indent=2)


def _frame(sheet: Sheet, frame: Frame) -> Iterator[Text]:
    where = f"{middle(clean(frame.file), max(sheet.width - 24, 12))}:{frame.line}"
    title = joined((safe(where, "cyan"), safe(f"in {frame.function}", "dim")))
    yield from sheet.paragraph(title, indent=2)
    numbers = max((len(str(number)) for number, _ in frame.source), default=0)
    for number, code in frame.source:
        here = number == frame.line
        prefix = safe(f"  {'→' if here else ' '} {number:>{numbers}}  ", "red" if here else "dim")
        source = safe(code.rstrip("\r\n").expandtabs(4), "bold" if here else "")
        yield one_row(row_of(prefix, source), sheet.width)
