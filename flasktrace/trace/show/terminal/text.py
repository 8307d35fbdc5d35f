"""What rows are made of: harmless pieces of text, measured in cells."""

from collections.abc import Iterable

from rich.cells import cell_len
from rich.text import Text

from flasktrace.trace.show import words
from flasktrace.trace.show.sanitize import clean
from flasktrace.trace.show.terminal.styles import STATUS


def safe(value: str, style: str = "") -> Text:
    """Make a Text of *value*, harmless: the only way in which strings get to rich."""
    return Text(clean(value), style, no_wrap=True, overflow="ellipsis", end="")


def block(value: str, style: str = "") -> Text:
    """Make a harmless Text of *value* that keeps its lines."""
    return Text(clean(value, multiline=True), style, end="")


def row_of(*parts: Text | str) -> Text:
    """Join *parts*; those that are no Text are our own."""
    return Text.assemble(*parts, no_wrap=True, overflow="ellipsis")


def joined(parts: Iterable[Text], gap: str = "  ") -> Text:
    """Join those of *parts* that are not empty."""
    return Text(gap).join([part for part in parts if part.plain])


def one_row(row: Text, width: int) -> Text:
    """Make sure that *row* is one row: no blanks at its end, no cell too many."""
    row.rstrip()
    if row.cell_len > width:
        row.truncate(width, overflow="ellipsis")
    row.no_wrap, row.overflow, row.end = True, "ellipsis", "\n"
    return row


def next_row(text: str, position: int) -> int:
    """Return where the row after a break at *position* begins: behind blanks and one newline."""
    position += len(text[position:]) - len(text[position:].lstrip(" "))
    return position + text.startswith("\n", position)


def cell(content: Text, width: int) -> Text:
    """Make *content* exactly *width* cells wide."""
    content.truncate(width, overflow="ellipsis" if width else "crop", pad=True)
    return content


def middle(text: str, width: int) -> str:
    """Shorten *text* to *width* cells, with … in its middle: both ends of a path tell much."""
    if cell_len(text) <= width:
        return text
    head, tail = text[: width // 2], text[-((width - 1) // 2) :] if width > 2 else ""  # noqa: PLR2004
    while head and cell_len(head) > width // 2:
        head = head[:-1]
    while tail and cell_len(tail) > (width - 1) // 2:
        tail = tail[1:]
    return f"{head}…{tail}"


def status_of(code: int | None, reason: str = "") -> Text:
    """Return the status in its colour."""
    style = STATUS.get(words.status_class(code), "bold")
    return safe(words.status(code, reason), style)
