"""What a terminal shows of a trace, drawn with rich: one line, the tree, the context stack."""

import shutil
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from functools import cached_property
from io import StringIO
from itertools import accumulate, pairwise
from typing import IO, Any, cast

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from flasktrace.trace.model import (
    STAGES,
    Card,
    Change,
    Event,
    Failure,
    Frame,
    Routing,
    Span,
    Stage,
    Summary,
    Trace,
)
from flasktrace.trace.show import words
from flasktrace.trace.show.sanitize import clean

# Named colours only, since the terminal's theme knows which of them can be read on its background.
_STATUS_STYLES = {"2xx": "green", "3xx": "cyan", "4xx": "bold yellow", "5xx": "bold red"}
_STAGE_STYLES = dict(
    zip(STAGES, ("blue", "cyan", "magenta", "green", "magenta", "cyan", "blue"), strict=True)
)
_MARK_STYLES = {"●": "green", "○": "dim", "✗": "bold red"}
_CHANGE_STYLES = {"+": "green", "~": "yellow", "-": "red"}

# Neighbours differ, so that the stages can be told apart without colour as well.
_SHADES = dict(zip(STAGES, "▒▓░█░▓▒", strict=True))
_HOLLOW = "·"

_NAME = 17  # cells of a mark, a stage's name and the gap behind it
_FIGURE = 10  # cells of the column at the right: a gap and a duration
_ALIGNED = 72  # from here on the kinds of spans have a column
_WIDE = 120  # from here on spans have bars too, in a column of their own
_CARD = 48  # a card of the stack is readable from here on
_CARD_MOST = 100  # and needs no more than this
_DEEPEST = 8  # nested spans are indented no further
_PATH = 56  # longer paths are shortened even where there is room, figures shall stay near
_HEADERS = 8  # headers shown of a request or a response
_BODY_LINES = 6


def line(
    summary: Summary,
    *,
    width: int | None = None,
    link: str | None = None,
    tz: tzinfo | None = None,
) -> Text:
    """Return one row of at most *width* cells (None: the terminal's) for a list of requests.

    Its time is shown in *tz* (None: local). *link* is added where there is room for all of it.
    """
    room = width or shutil.get_terminal_size().columns
    plan = _plan(room)
    before = (
        _cell(_text(words.clock(summary.started, tz), "dim"), plan.clock),
        _cell(_text(summary.method, "bold"), plan.method),
    )
    after = (
        _status(summary.status),
        _text(words.duration(summary.duration_ns).rjust(7)),
        _stage_bar(summary, plan.bar),
    )
    taken = sum(part.cell_len + 1 for part in (*before, *after) if part.plain) + plan.marks
    column = max(min(_PATH, room - taken - 1), 1)
    path = _cell(_text(_target(summary, column)), column)
    row = _joined((*before, path, *after), " ")
    _add_marks(row, summary, room, link)
    return _one_row(row, room)


def tree(trace: Trace, *, width: int | None = None, tz: tzinfo | None = None) -> RenderableType:
    """Return the whole request: verdict, facts, stages to scale with their spans, exception.

    It is *width* cells wide (None: as wide as the console); times of day are those of *tz*.
    """
    return _Page(lambda console, room: _tree(_Sheet(console, room, trace), tz), width)


def stack(trace: Trace, stage_name: str, *, width: int | None = None) -> RenderableType:
    """Return the context stack at the end of the stage *stage_name*, its top first.

    KeyError when *stage_name* is none of the seven.
    """
    stage = trace.stage(stage_name)
    return _Page(lambda console, room: _stack(_Sheet(console, room, trace), stage), width)


def render(renderable: RenderableType, *, width: int = 80, color: bool = False) -> str:
    """Return *renderable* as text of *width* cells, with SGR sequences only when *color*."""
    out = StringIO()
    Console(
        file=out,
        width=width,
        force_terminal=color,
        force_jupyter=False,
        color_system="standard" if color else None,
        no_color=not color,
        legacy_windows=False,
        markup=False,
        emoji=False,
        highlight=False,
    ).print(renderable)
    return out.getvalue()


def console(file: IO[str] | None = None) -> Console:
    """Return a console for *file* (None: stdout) that takes nothing in a text for a command.

    Colours are left out when *file* is no terminal or NO_COLOR is set.
    """
    target = sys.stdout if file is None else file
    encoding = getattr(target, "encoding", None) or "utf-8"
    if not encoding.lower().startswith("utf"):
        file = cast("IO[str]", _Lenient(target, encoding))
    return Console(file=file, markup=False, emoji=False, highlight=False)


class _Lenient:
    """A file that takes every character: what its encoding lacks becomes a question mark."""

    def __init__(self, file: IO[str], encoding: str) -> None:
        self._file, self.encoding = file, encoding

    def write(self, text: str) -> int:
        return self._file.write(text.encode(self.encoding, "replace").decode(self.encoding))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


# -- what everything is made of


@dataclass(frozen=True, slots=True)
class _Page:
    """Something whose rows are made when its width is known."""

    rows: Callable[[Console, int], Iterable[RenderableType]]
    width: int | None

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from self.rows(console, min(self.width or options.max_width, options.max_width))


@dataclass(frozen=True)
class _Sheet:
    """The columns of a page: text, bars when it is wide, figures at the right."""

    console: Console
    width: int
    trace: Trace

    @property
    def wide(self) -> bool:
        return self.width >= _WIDE

    @property
    def label(self) -> int:
        """Cells in front of the bars."""
        return min(self.width * 2 // 5, 84) if self.wide else _NAME

    @property
    def bar(self) -> int:
        """Cells of the bars; 0 when there is no room for any."""
        room = self.width - self.label - _FIGURE
        return room if room >= 8 else 0  # noqa: PLR2004 - a shorter bar says nothing

    @cached_property
    def kind(self) -> int:
        """Cells of the column with the kinds of the spans; 0 when there is no room for one."""
        longest = max((cell_len(clean(span.kind)) for span in self.trace.spans), default=0)
        return min(max(longest, len("event")), 16) if self.width >= _ALIGNED else 0

    @cached_property
    def end(self) -> int:
        """Nanosecond at which the time scale ends: the body may outlast the request."""
        spans = (span.start_ns + span.duration_ns for span in self.trace.spans)
        stages = ((stage.start_ns or 0) + stage.duration_ns for stage in self.trace.stages)
        return max(self.trace.duration_ns, *spans, *stages, 1)

    def wrap(self, content: Text, room: int, hang: int = 0) -> list[Text]:
        """Break *content* into rows of *room* cells, all but the first one indented by *hang*."""
        content.expand_tabs(4)
        first, *more = self._broken(content, room) or [content]
        if not more:
            return [first]
        hang = min(hang, room // 2)
        rest = content[_next_row(content.plain, len(first)) :]
        return [first, *(_row(" " * hang, item) for item in self._broken(rest, room - hang))]

    def _broken(self, content: Text, room: int) -> Sequence[Text]:
        return list(content.wrap(self.console, max(room, 2), overflow="fold", no_wrap=False))

    def rows(
        self,
        prefix: Text,
        content: Text,
        figure: str = "",
        *,
        bar: Text | None = None,
        tail: Text | None = None,
    ) -> Iterator[Text]:
        """Yield *content* behind *prefix*, with *bar* and *figure* in the columns of its row.

        *tail* follows the content, on a row of its own when there is no room for both.
        """
        column = self.label - 1 if bar else self.width - (_FIGURE if figure else 0)
        room = max(column - prefix.cell_len, 4)
        if tail is not None and tail.plain:
            fits = content.cell_len + 2 + tail.cell_len <= room
            content = _row(content, "  " if fits else "\n", tail)
        first, *more = self.wrap(content, room, 2 if tail is None else self.kind + 2)
        row = _row(prefix, first)
        if bar:
            row = _row(_cell(row, self.label), bar)
        yield self.with_figure(row, figure)
        below = prefix if prefix.plain.startswith("│") else " " * prefix.cell_len
        yield from (_one_row(_row(below, item), self.width) for item in more)

    def with_figure(self, row: Text, figure: str, style: str = "dim") -> Text:
        """Put *figure* at the right end of *row*."""
        if not figure:
            return _one_row(row, self.width)
        gap = max(self.width - row.cell_len - cell_len(figure), 1)
        return _one_row(_row(row, " " * gap, _text(figure, style)), self.width)

    def paragraph(self, content: Text, indent: int = 0) -> Iterator[Text]:
        """Yield *content* over the whole width."""
        return self.rows(Text(" " * indent), content)

    def scaled(self, pieces: Iterable[tuple[int, int]], style: str, shapes: str) -> Text:
        """Draw *pieces* (start and length in nanoseconds) on the time scale of the trace."""
        return _text(_drawn(pieces, self.end, self.bar, shapes), style)


def _text(value: str, style: str = "") -> Text:
    """Make a Text of *value*, harmless: the only way in which strings get to rich."""
    return Text(clean(value), style, no_wrap=True, overflow="ellipsis", end="")


def _block(value: str, style: str = "") -> Text:
    return Text(clean(value, multiline=True), style, end="")


def _row(*parts: Text | str) -> Text:
    """Join *parts*; those that are no Text are our own."""
    return Text.assemble(*parts, no_wrap=True, overflow="ellipsis")


def _joined(parts: Iterable[Text], gap: str = "  ") -> Text:
    return Text(gap).join([part for part in parts if part.plain])


def _one_row(row: Text, width: int) -> Text:
    """Make sure that *row* is one row: no blanks at its end, no cell too many."""
    row.rstrip()
    if row.cell_len > width:
        row.truncate(width, overflow="ellipsis")
    row.no_wrap, row.overflow, row.end = True, "ellipsis", "\n"
    return row


def _next_row(text: str, position: int) -> int:
    """Return where the row after a break at *position* begins: behind blanks and one newline."""
    position += len(text[position:]) - len(text[position:].lstrip(" "))
    return position + text.startswith("\n", position)


def _cell(content: Text, width: int) -> Text:
    """Make *content* exactly *width* cells wide."""
    content.truncate(width, overflow="ellipsis" if width else "crop", pad=True)
    return content


def _middle(text: str, width: int) -> str:
    """Shorten *text* to *width* cells, with … in its middle: both ends of a path tell much."""
    if cell_len(text) <= width:
        return text
    head, tail = text[: width // 2], text[-((width - 1) // 2) :] if width > 2 else ""  # noqa: PLR2004
    while head and cell_len(head) > width // 2:
        head = head[:-1]
    while tail and cell_len(tail) > (width - 1) // 2:
        tail = tail[1:]
    return f"{head}…{tail}"


def _target(summary: Summary, width: int) -> str:
    """Return path and query in *width* cells: the query gives way first."""
    path, whole = clean(summary.path), words.target(summary)
    if cell_len(path) + 2 > width or cell_len(whole) <= width:
        return _middle(path if cell_len(whole) > width else whole, width)
    return whole  # its cell cuts the end off


def _status(code: int | None, reason: str = "") -> Text:
    style = _STATUS_STYLES.get(words.status_class(code), "bold")
    return _text(words.status(code, reason), style)


# -- the line


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


def _stage_bar(summary: Summary, cells: int) -> Text:
    """Draw the stages in their order, to scale; one that ran has a cell at least."""
    lengths = {name: max(length, 0) for name, start, length in summary.stages if start is not None}
    spare = max(cells - len(STAGES), 0)
    total = sum(lengths.values()) or 1
    sums = accumulate((lengths.get(name, 0) for name in STAGES), initial=0)
    bar = Text()
    for name, (low, high) in zip(STAGES, pairwise(sums), strict=True):
        count = 1 + high * spare // total - low * spare // total
        ran = name in lengths
        bar.append((_SHADES[name] if ran else _HOLLOW) * count, _STAGE_STYLES[name] if ran else "")
    return _cell(bar, cells)


def _add_marks(row: Text, summary: Summary, width: int, link: str | None) -> None:
    """Add to *row* what is special and *link*, as far as they fit into *width* cells."""
    marks, room, column = words.marks(summary), width - row.cell_len - 1, _plan(width).marks
    sign = "✗" if summary.exception else "!"
    if room < 1:
        return
    shown = " · ".join(marks) if room >= 12 else sign * bool(marks)  # noqa: PLR2004 - or no use
    row.append_text(_row(" ", _text(shown, "bold red" if summary.exception else "magenta")))
    if link and cell_len(clean(link)) + 1 <= room - max(column, cell_len(shown)):
        row.append_text(_row(" " * (column + 1 - cell_len(shown)), _text(link, "dim")))


# -- the tree


def _tree(sheet: _Sheet, tz: tzinfo | None) -> Iterator[Text]:
    trace = sheet.trace
    blocks = (
        _head(sheet),
        _facts(sheet, tz),
        _stages(sheet),
        _failure(sheet, trace.exception) if trace.exception else (),
        _exchange(sheet),
        _foot(sheet),
    )
    for position, block in enumerate(blocks):
        rows = list(block)
        if rows and position:
            yield Text("")
        yield from rows


def _head(sheet: _Sheet) -> Iterator[Text]:
    trace = sheet.trace
    response = _status(trace.status, trace.response.reason)
    if response.cell_len > sheet.width // 3:
        response = _status(trace.status)
    figures = _row(response, _text(f" · {words.duration(trace.duration_ns)}"))
    method = _row(_text(trace.method, "bold"), " ")
    room = max(sheet.width - method.cell_len - figures.cell_len - 2, 8)
    first, *more = sheet.wrap(_text(words.target(trace), "bold"), room)
    gap = " " * max(sheet.width - method.cell_len - first.cell_len - figures.cell_len, 1)
    yield _one_row(_row(method, first, gap, figures), sheet.width)
    indent = " " * method.cell_len
    yield from (_one_row(_row(indent, row), sheet.width) for row in more)
    yield _one_row(_text("─" * sheet.width, "dim"), sheet.width)
    yield from sheet.paragraph(_text(trace.verdict))
    for leak in trace.leaks:
        yield from sheet.paragraph(_text(words.leak(leak), "yellow" if leak.is_fault else "dim"))


def _facts(sheet: _Sheet, tz: tzinfo | None) -> Iterator[Text]:
    """Yield the facts in as many columns as there is room for."""
    pairs = words.facts(sheet.trace, tz)
    for count in (len(pairs), 4, 3, 2):
        table = [pairs[start : start + count] for start in range(0, len(pairs), count)]
        widths = _column_widths(table)
        if sum(key + value + 1 for key, value in widths) + 3 * (len(widths) - 1) <= sheet.width:
            yield from (_fact_row(sheet, row, widths) for row in table)
            return
    keys = max(cell_len(key) for key, _ in pairs) + 1
    for key, value in pairs:
        yield from sheet.rows(_cell(_text(key, "dim"), keys), _text(value))


def _column_widths(table: Sequence[Sequence[tuple[str, str]]]) -> list[tuple[int, int]]:
    """Return cells of label and value for each column of *table*."""
    columns = [[row[n] for row in table if n < len(row)] for n in range(len(table[0]))]
    return [
        (max(cell_len(key) for key, _ in column), max(cell_len(value) for _, value in column))
        for column in columns
    ]


def _fact_row(
    sheet: _Sheet, row: Sequence[tuple[str, str]], widths: Sequence[tuple[int, int]]
) -> Text:
    cells = (
        _row(_cell(_text(key, "dim"), wide), " ", _cell(_text(value), long))
        for (key, value), (wide, long) in zip(row, widths, strict=False)
    )
    return _one_row(Text("   ").join(cells), sheet.width)


_Forest = dict[str | None, list[tuple[int, Span]]]
_Events = dict[tuple[int | None, str | None], list[Event]]


def _stages(sheet: _Sheet) -> Iterator[Text]:
    """Yield the stages on a rail, each with what happened in it, and what ran between them."""
    trace = sheet.trace
    forest, events = _forest(trace), _events(trace)
    between = _between(sheet, forest, events)
    for stage in trace.stages:
        while between and stage.start_ns is not None and between[0][0] < stage.start_ns:
            yield from between.pop(0)[1]
        yield from _stage(sheet, stage)
        if stage.name == "match" and trace.routing and stage.start_ns is not None:
            yield from _routing(sheet, trace.routing)
        yield from _inside(sheet, forest.pop(stage.name, ()), events)
        yield from _changes(sheet, stage.changes)
        yield from _points(sheet, events.pop((None, stage.name), ()), 0)
    for _at, rows in between:
        yield from rows


def _between(sheet: _Sheet, forest: _Forest, events: _Events) -> list[tuple[int, Iterator[Text]]]:
    """Take what is in no stage out of *forest* and *events*; return when it was, and its rows."""
    trace = sheet.trace
    names = {stage.name for stage in trace.stages}
    seen = {change for stage in trace.stages for change in map(_identity, stage.changes)}
    found = [
        (tree[0][1].start_ns, _outside(sheet, tree, events))
        for name in list(forest)
        if name not in names
        for tree in _trees(forest.pop(name))
    ]
    found += [
        (change.at_ns, _changes(sheet, [change], _blank()))
        for change in trace.changes
        if _identity(change) not in seen
    ]
    found += [
        (event.at_ns, _points(sheet, [event], 0, _blank()))
        for span, name in list(events)
        if span is None and name not in names
        for event in events.pop((span, name))
    ]
    return sorted(found, key=lambda item: item[0])


def _trees(spans: Iterable[tuple[int, Span]]) -> list[list[tuple[int, Span]]]:
    """Return the spans of no parent, each with those in it."""
    trees: list[list[tuple[int, Span]]] = []
    for depth, span in spans:
        if depth == 0:
            trees.append([])
        trees[-1].append((depth, span))
    return trees


def _identity(change: Change) -> tuple[int, int, str, str]:
    return change.at_ns, change.depth, change.section, change.key


def _stage(sheet: _Sheet, stage: Stage) -> Iterator[Text]:
    mark = words.stage_mark(stage)
    name = _row(_text(mark, _MARK_STYLES[mark]), " ", _text(stage.name, "bold"))
    if stage.start_ns is None:
        reason = _text(stage.skipped or "did not run", "dim")
        name.stylize("not bold dim")
        yield from sheet.rows(_cell(name, _NAME), reason)
    else:
        style = "red" if stage.exception else _STAGE_STYLES.get(stage.name, "")
        runs = [(run.start_ns, run.duration_ns) for run in words.stage_runs(stage)]
        bar = sheet.scaled(runs, style, "╺━╸")
        yield from _timed(sheet, name, bar, stage.duration_ns)
    for note in words.stage_notes(stage):
        style = "red" if note.startswith("raised") else "dim"
        yield from sheet.rows(_rail(), _text(note, style))


def _routing(sheet: _Sheet, routing: Routing) -> Iterator[Text]:
    """Yield the rules that were refused, with the reasons in a column of their own."""
    shown = routing.candidates[: words.CANDIDATES]
    column = max((cell_len(clean(item.rule)) for item in shown), default=0)
    column = min(column, max(sheet.width // 3, 8))
    for item in shown:
        rule = _cell(_text(item.rule), column)
        reason = _text(words.candidate_reason(item), "dim")
        yield from sheet.rows(_row(_rail(), rule, "  "), reason)
    for note in (words.other_rules(routing, len(shown)), words.meant(routing)):
        if note:
            yield from sheet.rows(_rail(), _text(note, "dim"))


def _timed(sheet: _Sheet, name: Text, bar: Text, ns: int) -> Iterator[Text]:
    """Yield the row of a stage or of the body."""
    row = _row(_cell(name, sheet.label), bar) if sheet.bar else name
    yield sheet.with_figure(row, words.duration(ns), "")


def _rail(depth: int = 0) -> Text:
    return _row(_text("│", "dim"), " " + "  " * min(depth, _DEEPEST))


def _blank(depth: int = 0) -> Text:
    """Return what stands in the place of the rail between the stages."""
    return _row(" " * 2 + "  " * min(depth, _DEEPEST))


def _forest(trace: Trace) -> _Forest:
    """Return for each stage its spans with their depth, each behind the span around it.

    A span whose parent was dropped, or cannot be one since it began later, stands on its own;
    so nothing is lost or told twice, whatever the trace says.
    """
    known = {span.id for span in trace.spans}
    below: dict[int, list[Span]] = defaultdict(list)
    roots: list[Span] = []
    for span in trace.spans:
        parent = span.parent
        nested = parent is not None and parent in known and parent < span.id
        (below[parent] if nested and parent is not None else roots).append(span)
    forest: _Forest = defaultdict(list)
    for root in roots:
        forest[root.stage].extend(_walk(root, below))
    return forest


def _walk(root: Span, below: dict[int, list[Span]]) -> Iterator[tuple[int, Span]]:
    """Yield *root* and all spans in it, without recursion: nesting may be deep."""
    left = [(0, root)]
    while left:
        depth, span = left.pop()
        yield depth, span
        left.extend((depth + 1, child) for child in reversed(below.pop(span.id, [])))


def _events(trace: Trace) -> _Events:
    """Group the events by the span that they belong to, else by stage."""
    known = {span.id for span in trace.spans}
    groups: _Events = defaultdict(list)
    for event in trace.events:
        groups[(event.span, None) if event.span in known else (None, event.stage)].append(event)
    return groups


def _inside(sheet: _Sheet, spans: Iterable[tuple[int, Span]], events: _Events) -> Iterator[Text]:
    for depth, span in spans:
        yield from _span(sheet, span, _rail(depth))
        yield from _points(sheet, events.pop((span.id, None), ()), depth + 1)


def _outside(sheet: _Sheet, spans: Iterable[tuple[int, Span]], events: _Events) -> Iterator[Text]:
    """Yield the spans of no stage; the body has a bar as the stages have, and its own words."""
    for depth, span in spans:
        if span.kind != "body":
            prefix = _blank(depth) if depth else _row(_text("▸", "green"), " ")
            yield from _span(sheet, span, prefix)
            yield from _points(sheet, events.pop((span.id, None), ()), depth + 1, _blank(depth + 1))
            continue
        name = _row(_text("▸", "green"), " ", _text("body", "bold"))
        bar = sheet.scaled([(span.start_ns, span.duration_ns)], "", "╶─╴")
        yield from _timed(sheet, name, bar, span.duration_ns)
        yield from sheet.paragraph(_text(_body_words(sheet.trace, span), "dim"), indent=2)
        yield from _points(sheet, events.pop((span.id, None), ()), 1)


def _body_words(trace: Trace, span: Span) -> str:
    parts = (words.body_sentence(trace.response), words.outcome(span))
    return ", ".join(part for part in parts if part)


def _span(sheet: _Sheet, span: Span, prefix: Text) -> Iterator[Text]:
    outcome = words.outcome(span)
    failed = outcome.startswith("raised")
    content = _joined(
        (
            _kind(sheet, span.kind),
            _text(words.title(span)),
            _text(words.span_details(span), "dim"),
        )
    )
    answer = _text(outcome and f"→ {outcome}", "red" if failed else "dim")
    tail = _joined((_text(words.position(span), "dim"), answer))
    style = "red" if failed else _STAGE_STYLES.get(span.stage or "", "")
    piece = [(span.start_ns, span.duration_ns)]
    bar = sheet.scaled(piece, style, "╶─╴") if sheet.wide else None
    figure = words.duration(span.duration_ns)
    yield from sheet.rows(prefix, content, figure, bar=bar, tail=tail)


def _kind(sheet: _Sheet, name: str) -> Text:
    kind = _text(name, "dim")
    return _cell(kind, sheet.kind) if sheet.kind else kind


def _points(
    sheet: _Sheet, events: Iterable[Event], depth: int, prefix: Text | None = None
) -> Iterator[Text]:
    for event in events:
        content = _joined((_kind(sheet, "event"), _text(event.name)))
        tail = _text(words.details(event.attributes), "dim")
        bar = sheet.scaled([(event.at_ns, 0)], "", "◆◆◆") if sheet.wide else None
        figure = f"@{words.duration(event.at_ns)}"
        yield from sheet.rows(prefix or _rail(depth), content, figure, bar=bar, tail=tail)


def _changes(
    sheet: _Sheet, changes: Iterable[Change], prefix: Text | None = None
) -> Iterator[Text]:
    for change in changes:
        sign = words.change_sign(change)
        content = _text(f"{sign} {words.change_text(change)}", _CHANGE_STYLES[sign])
        author = _text(f"by {words.change_author(change)}", "dim")
        yield from sheet.rows(prefix or _rail(), content, tail=author)


def _failure(sheet: _Sheet, failure: Failure) -> Iterator[Text]:
    yield from sheet.rows(_text("✗ ", "bold red"), _block(words.failure_title(failure), "bold red"))
    yield from sheet.paragraph(_text(words.failure_origin(failure)), indent=2)
    for cause in failure.causes:
        yield from sheet.paragraph(_text(f"caused by {cause}", "dim"), indent=2)
    shown = [frame for frame in failure.frames if frame.in_app] or list(failure.frames[-1:])
    for frame in shown:
        yield from _frame(sheet, frame)
    hidden = len(failure.frames) - len(shown)
    if hidden:
        note = f"{words.number(hidden, 'frame')} of libraries not shown"
        yield from sheet.paragraph(_text(note, "dim"), indent=2)


def _frame(sheet: _Sheet, frame: Frame) -> Iterator[Text]:
    where = f"{_middle(clean(frame.file), max(sheet.width - 24, 12))}:{frame.line}"
    title = _joined((_text(where, "cyan"), _text(f"in {frame.function}", "dim")))
    yield from sheet.paragraph(title, indent=2)
    numbers = max((len(str(number)) for number, _ in frame.source), default=0)
    for number, code in frame.source:
        here = number == frame.line
        prefix = _text(f"  {'→' if here else ' '} {number:>{numbers}}  ", "red" if here else "dim")
        source = _text(code.rstrip("\r\n").expandtabs(4), "bold" if here else "")
        yield _one_row(_row(prefix, source), sheet.width)


def _exchange(sheet: _Sheet) -> Iterator[Text]:
    """Yield what was sent and what was answered."""
    request, response = sheet.trace.request, sheet.trace.response
    sent = f"{request.http_version} from {request.remote_addr or 'unknown'}"
    read = f"{words.size(request.bytes_read)} of the body read"
    yield from _section(sheet, "request", (sent, read), request.headers, request.body)
    answer = words.status(response.status, response.reason)
    told = any(span.kind == "body" for span in sheet.trace.spans)
    body = words.size(response.bytes) if told else words.body_sentence(response)
    yield from _section(sheet, "response", (answer, body), response.headers, response.body)


def _section(
    sheet: _Sheet,
    name: str,
    facts: Sequence[str],
    headers: Sequence[tuple[str, str]],
    body: str | None,
) -> Iterator[Text]:
    yield from sheet.rows(_cell(_text(name, "bold"), 10), _text(", ".join(facts)))
    column = min(max((cell_len(clean(key)) for key, _ in headers), default=0), 24) + 2
    for key, value in headers[:_HEADERS]:
        label = _cell(_text(key, "dim"), column)
        yield _one_row(_row("  ", label, _text(value)), sheet.width)
    if len(headers) > _HEADERS:
        more = words.number(len(headers) - _HEADERS, "more header")
        yield from sheet.paragraph(_text(more, "dim"), indent=2)
    for text in (body or "").splitlines()[:_BODY_LINES]:
        yield _one_row(_row(_text("  │ ", "dim"), _text(text.expandtabs(4))), sheet.width)


def _foot(sheet: _Sheet) -> Iterator[Text]:
    trace = sheet.trace
    if trace.dropped:
        yield from sheet.paragraph(_text(words.dropped_sentence(trace.dropped), "yellow"))
    if trace.partial:
        note = "an error inside the tracer may have left something out"
        yield from sheet.paragraph(_text(note, "yellow"))
    yield from sheet.paragraph(_text(f"{words.totals(trace)} · {trace.id}", "dim"))


# -- the time scale


def _drawn(pieces: Iterable[tuple[int, int]], end: int, cells: int, shapes: str) -> str:
    """Draw *pieces* with *shapes* (right half, full, left half), exact to half a cell."""
    halves = [False] * (2 * cells)
    for start, length in pieces if cells else ():
        low = min(max(start, 0) * 2 * cells // end, 2 * cells - 1)
        high = min(max((start + length) * 2 * cells // end, low + 1), 2 * cells)
        halves[low:high] = [True] * (high - low)
    signs = dict(zip(((False, True), (True, True), (True, False)), shapes, strict=True))
    return "".join(signs.get(pair, " ") for pair in zip(halves[::2], halves[1::2], strict=True))


# -- the context stack


def _stack(sheet: _Sheet, stage: Stage) -> Iterator[RenderableType]:
    if stage.snapshot is None:
        why = stage.skipped or "no snapshot was taken"
        yield from sheet.paragraph(_text(f"no context stack at {stage.name}: {why}"))
        return
    cards = stage.snapshot.cards
    columns = max(min(sheet.width // _CARD, len(cards)), 1)
    width = min(sheet.width // columns, _CARD_MOST)
    title = _text(f"context stack at the end of {stage.name}", "bold")
    count = _text(words.number(len(cards), "context") if cards else "empty", "dim")
    yield from sheet.paragraph(_joined((title, count)))
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
        _Page(lambda console, room: _card(_Sheet(console, room, trace), card, changes), None),
        title=_row(_text(card.kind, "bold"), " ", _text(card.name)),
        title_align="left",
        subtitle=_text(where, "dim"),
        subtitle_align="right",
        border_style="dim",
        width=width,
    )


_Authors = Mapping[tuple[str, str], Change]


def _card(sheet: _Sheet, card: Card, changes: _Authors) -> Iterator[Text]:
    """Yield the sections of *card*; a key that was removed stays visible, without a value."""
    names = dict.fromkeys([*card.sections, *(section for section, _ in changes)])
    sections = {name: dict(card.sections.get(name, {})) for name in names}
    for (section, key), change in changes.items():
        sections[section].setdefault(key, "" if change.after is None else change.after)
    for name, values in sections.items():
        if values:
            yield _one_row(_text(name, "bold"), sheet.width)
        for key, value in values.items():
            yield from _entry(sheet, key, value, changes.get((name, key)), _key_width(sections))
    empty = ", ".join(name for name, values in sections.items() if not values)
    if empty:
        yield from sheet.paragraph(_text(f"empty: {empty}", "dim"))


def _key_width(sections: Mapping[str, Mapping[str, str]]) -> int:
    keys = (cell_len(clean(key)) for values in sections.values() for key in values)
    return min(max(keys, default=0), 16)


def _entry(
    sheet: _Sheet, key: str, value: str, change: Change | None, width: int
) -> Iterator[Text]:
    prefix = _row("  ", _cell(_text(key, "dim" if change is None else "bold"), width), "  ")
    author = _text(_author(change) if change else "", "green")
    blank = Text(" " * prefix.cell_len)
    rows = sheet.wrap(_joined((_text(value), author)), max(sheet.width - prefix.cell_len, 4))
    for position, row in enumerate(rows):
        yield _one_row(_row(blank if position else prefix, row), sheet.width)


def _author(change: Change) -> str:
    was = "" if change.before is None else f" (was {change.before})"
    return f"◀ {words.change_verb(change)} by {words.change_author(change)}{was}"
