"""Two requests side by side: times of stages and spans, then what else differs."""

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from flasktrace.trace.model import Trace
from flasktrace.trace.show import words
from flasktrace.trace.show.compare import Comparison, Difference, Pair
from flasktrace.trace.show.terminal.sheet import Page, Sheet
from flasktrace.trace.show.terminal.styles import STAGE
from flasktrace.trace.show.terminal.text import cell, joined, one_row, row_of, safe, status_of

_COLUMN = 10
"""Cells of a figure."""
_SENTENCES = "changes"
"""Of which each names itself."""


def comparison(found: Comparison, *, width: int | None = None) -> RenderableType:
    """Return what *found* says, *width* cells wide (None: as wide as the console)."""
    return Page(lambda console, room: _all(Sheet(console, room, found.after), found), width)


def _all(sheet: Sheet, found: Comparison) -> Iterator[Text]:
    yield from _side(sheet, "before", "- ", "red", found.before)
    yield from _side(sheet, "after", "+ ", "green", found.after)
    yield one_row(safe("─" * sheet.width, "dim"), sheet.width)
    yield from sheet.paragraph(safe(found.sentence, "bold"))
    yield Text("")
    yield from _times(sheet, found)
    for title, items in (
        ("facts", found.facts),
        (_SENTENCES, found.changes),
        ("headers", found.headers),
    ):
        yield from _differences(sheet, title, items)


def _side(sheet: Sheet, name: str, sign: str, style: str, trace: Trace) -> Iterator[Text]:
    label = row_of(safe(sign, style), cell(safe(name, style), 8))
    method = safe(trace.method, "bold")
    facts = joined(
        (
            status_of(trace.status),
            safe(words.duration(trace.duration_ns)),
            safe(trace.id[:8], "dim"),
        )
    )
    yield from sheet.rows(label, joined((method, safe(words.target(trace)), facts)))


def _times(sheet: Sheet, found: Comparison) -> Iterator[Text]:
    """Yield the stages with their spans, and the other figures, in columns."""
    yield _columns(sheet, safe("", "dim"), ("before", "after", "change"), "dim")
    for stage in found.stages:
        style = STAGE.get(stage.title, "")
        yield from _pair(sheet, stage, safe("● ", style), safe(stage.title, "bold"))
        yield from _notes(sheet, stage)
        for span in found.spans:
            if span.stage == stage.title and span.kind != "body":
                yield from _span(sheet, span)
    for span in found.spans:
        if span.stage not in STAGE and span.stage != "body":
            yield from _span(sheet, span)
    for figure in found.figures:
        figures = [words.measure(item, figure.unit) for item in (figure.before, figure.after)]
        more = figure.after - figure.before
        change = words.signed(more) if figure.unit == "ns" else f"{more:+d}"
        yield _columns(sheet, safe(figure.name), (*figures, change), "")


def _span(sheet: Sheet, pair: Pair) -> Iterator[Text]:
    sign, style = _sign(pair)
    count = _count(pair)
    prefix = row_of(safe(f"{sign} ", style or "dim"), "  " * min(pair.level, 8))
    name = joined((safe(pair.kind, "dim"), safe(pair.title, style), safe(count, "yellow")))
    yield from _pair(sheet, pair, prefix, name)
    yield from _notes(sheet, pair)


def _sign(pair: Pair) -> tuple[str, str]:
    if pair.before is None:
        return "+", "green"
    return ("-", "red") if pair.after is None else ("│", "")


def _count(pair: Pair) -> str:
    counts = (pair.before_count, pair.after_count)
    if 0 in counts or counts[0] == counts[1]:
        return words.times(max(counts))
    return " → ".join(f"×{count}" for count in counts)  # noqa: RUF001 - the sign, no letter


def _pair(sheet: Sheet, pair: Pair, prefix: Text, name: Text) -> Iterator[Text]:
    """Yield times beside a name, which goes on below when there is no room for all of it."""
    times = [
        ns if words.is_timed(note) else None
        for ns, note in zip((pair.before, pair.after), pair.notes, strict=True)
    ]
    before, after = (words.NOTHING if ns is None else words.duration(ns) for ns in times)
    known = None not in times
    change = words.signed((pair.after or 0) - (pair.before or 0)) if known else ""
    room = max(sheet.width - 3 * _COLUMN - prefix.cell_len, 4)
    first, *more = sheet.wrap(name, room, 2)
    yield _columns(sheet, row_of(prefix, first), (before, after, change), "")
    below = row_of(prefix[:1], " " * (prefix.cell_len - 1))
    yield from (one_row(row_of(below, row), sheet.width) for row in more)


def _notes(sheet: Sheet, pair: Pair) -> Iterator[Text]:
    before, after = pair.notes
    if before != after and pair.before is not None and pair.after is not None:
        text = f"{before or words.NOTHING} → {after or words.NOTHING}"
        yield from sheet.rows(safe("│   ", "dim"), safe(text, "dim"))


def _columns(sheet: Sheet, name: Text, figures: Sequence[str], style: str) -> Text:
    """Put *figures* into columns at the right of *name*."""
    room = max(sheet.width - _COLUMN * len(figures), 4)
    cells = [safe(figure.rjust(_COLUMN), style or _colour(figure)) for figure in figures]
    return one_row(row_of(cell(name, room), *cells), sheet.width)


def _colour(figure: str) -> str:
    return {"+": "red", "−": "green"}.get(figure[:1], "")  # noqa: RUF001 - the sign


def _differences(sheet: Sheet, title: str, items: Sequence[Difference]) -> Iterator[Text]:
    if not items:
        return
    yield Text("")
    yield one_row(safe(title, "bold"), sheet.width)
    for item in items:
        if title != _SENTENCES:
            yield from sheet.paragraph(safe(item.name), indent=2)
        for sign, style, value in (("-", "red", item.before), ("+", "green", item.after)):
            if value is not None:
                yield from sheet.rows(safe(f"    {sign} ", style), safe(value))
