"""The context stack at the end of a stage: a card for each context."""

from collections.abc import Iterator, Mapping, Sequence

from rich.cells import cell_len
from rich.console import RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from flasktrace.trace.model import Card, Change, Stage, Trace
from flasktrace.trace.show import words
from flasktrace.trace.show.cards import foreign
from flasktrace.trace.show.sanitize import clean
from flasktrace.trace.show.terminal.sheet import Page, Sheet
from flasktrace.trace.show.terminal.text import cell, joined, one_row, row_of, safe

_CARD = 48  # a card of the stack is readable from here on
_CARD_MOST = 100  # and needs no more than this


def stack(trace: Trace, stage_name: str, *, width: int | None = None) -> RenderableType:
    """Return the context stack at the end of the stage *stage_name*, its top first.

    KeyError when *stage_name* is none of the seven.
    """
    stage = trace.stage(stage_name)
    return Page(lambda console, room: _stack(Sheet(console, room, trace), stage), width)


def _stack(sheet: Sheet, stage: Stage) -> Iterator[RenderableType]:
    if stage.snapshot is None:
        why = stage.skipped or "no snapshot was taken"
        yield from sheet.paragraph(safe(f"no context stack at {stage.name}: {why}"))
        return
    cards = stage.snapshot.cards
    columns = max(min(sheet.width // _CARD, len(cards)), 1)
    width = min(sheet.width // columns, _CARD_MOST)
    title = safe(f"context stack at the end of {stage.name}", "bold")
    count = safe(words.number(len(cards), "context") if cards else "empty", "dim")
    yield from sheet.paragraph(joined((title, count)))
    panels = [_panel(sheet.trace, stage, depth, width) for depth in range(len(cards))][::-1]
    yield from _side_by_side(panels, columns)


def _side_by_side(panels: Sequence[RenderableType], columns: int) -> Iterator[RenderableType]:
    for start in range(0, len(panels), columns):
        grid = Table.grid()
        grid.add_row(*panels[start : start + columns])
        yield grid


def _panel(trace: Trace, stage: Stage, depth: int, width: int) -> RenderableType:
    """Frame the card at *depth*, 0 being the bottom of the stack."""
    cards = stage.snapshot.cards if stage.snapshot else ()
    card, top = cards[depth], len(cards) - 1
    changes = {
        (change.section, change.key): change for change in stage.changes if change.depth == depth
    }
    where = "top" if depth == top else f"{top - depth} below the top"
    return Panel(
        Page(lambda console, room: _card(Sheet(console, room, trace), card, changes), None),
        title=row_of(safe(card.kind, "bold"), " ", safe(card.name)),
        title_align="left",
        subtitle=safe(where, "dim"),
        subtitle_align="right",
        border_style="dim",
        width=width,
    )


_Authors = Mapping[tuple[str, str], Change]


def _card(sheet: Sheet, card: Card, changes: _Authors) -> Iterator[Text]:
    """Yield the sections of *card*; a key that was removed stays visible, without a value."""
    names = dict.fromkeys([*card.sections, *(section for section, _ in changes)])
    sections = {name: dict(card.sections.get(name, {})) for name in names}
    for (section, key), change in changes.items():
        sections[section].setdefault(key, "" if change.after is None else change.after)
    for name, values in sections.items():
        if values:
            yield one_row(safe(name, "bold"), sheet.width)
        for key, value in values.items():
            yield from _entry(sheet, key, value, changes.get((name, key)), _key_width(sections))
    never = foreign(sheet.trace, card)
    empty = ", ".join(name for name, values in sections.items() if not values and name not in never)
    if empty:
        yield from sheet.paragraph(safe(f"empty: {empty}", "dim"))


def _key_width(sections: Mapping[str, Mapping[str, str]]) -> int:
    keys = (cell_len(clean(key)) for values in sections.values() for key in values)
    return min(max(keys, default=0), 16)


def _entry(sheet: Sheet, key: str, value: str, change: Change | None, width: int) -> Iterator[Text]:
    prefix = row_of("  ", cell(safe(key, "dim" if change is None else "bold"), width), "  ")
    author = safe(_author(change) if change else "", "green")
    blank = Text(" " * prefix.cell_len)
    rows = sheet.wrap(joined((safe(value), author)), max(sheet.width - prefix.cell_len, 4))
    for position, row in enumerate(rows):
        yield one_row(row_of(blank if position else prefix, row), sheet.width)


def _author(change: Change) -> str:
    was = "" if change.before is None else f" (was {change.before})"
    return f"◀ {words.change_verb(change)} by {words.change_author(change)}{was}"
