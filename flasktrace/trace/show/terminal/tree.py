"""The whole request as a tree: verdict, stages with what ran in them, exception, exchange."""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from datetime import tzinfo

from rich.cells import cell_len
from rich.console import RenderableType
from rich.text import Text

from flasktrace.trace.model import Change, Event, Routing, Span, Stage, Trace
from flasktrace.trace.roles import is_log, repeated
from flasktrace.trace.show import words
from flasktrace.trace.show.sanitize import clean
from flasktrace.trace.show.terminal.exchange import exchange_rows
from flasktrace.trace.show.terminal.failure import failure_rows
from flasktrace.trace.show.terminal.sheet import NAME, Page, Sheet
from flasktrace.trace.show.terminal.styles import CHANGE, MARK, STAGE
from flasktrace.trace.show.terminal.text import cell, joined, one_row, row_of, safe, status_of

_DEEPEST = 8  # nested spans are indented no further


def tree(trace: Trace, *, width: int | None = None, tz: tzinfo | None = None) -> RenderableType:
    """Return the whole request: verdict, facts, stages to scale with their spans, exception.

    It is *width* cells wide (None: as wide as the console); times of day are those of *tz*.
    """
    return Page(lambda console, room: _tree(Sheet(console, room, trace), tz), width)


def _tree(sheet: Sheet, tz: tzinfo | None) -> Iterator[Text]:
    trace = sheet.trace
    blocks = (
        _head(sheet),
        _facts(sheet, tz),
        _stages(sheet),
        failure_rows(sheet, trace.exception) if trace.exception else (),
        exchange_rows(sheet),
        _foot(sheet),
    )
    for position, block in enumerate(blocks):
        rows = list(block)
        if rows and position:
            yield Text("")
        yield from rows


def _head(sheet: Sheet) -> Iterator[Text]:
    trace = sheet.trace
    response = status_of(trace.status, trace.response.reason)
    if response.cell_len > sheet.width // 3:
        response = status_of(trace.status)
    figures = row_of(response, safe(f" · {words.duration(trace.duration_ns)}"))
    method = row_of(safe(trace.method, "bold"), " ")
    room = max(sheet.width - method.cell_len - figures.cell_len - 2, 8)
    first, *more = sheet.wrap(safe(words.target(trace), "bold"), room)
    gap = " " * max(sheet.width - method.cell_len - first.cell_len - figures.cell_len, 1)
    yield one_row(row_of(method, first, gap, figures), sheet.width)
    indent = " " * method.cell_len
    yield from (one_row(row_of(indent, row), sheet.width) for row in more)
    yield one_row(safe("─" * sheet.width, "dim"), sheet.width)
    yield from sheet.paragraph(safe(trace.verdict))
    for leak in trace.leaks:
        yield from sheet.paragraph(safe(words.leak(leak), "yellow" if leak.is_fault else "dim"))
    for item in repeated(trace.spans):
        yield from sheet.paragraph(safe(words.repeat(item), "yellow"))


def _facts(sheet: Sheet, tz: tzinfo | None) -> Iterator[Text]:
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
        yield from sheet.rows(cell(safe(key, "dim"), keys), safe(value))


def _column_widths(table: Sequence[Sequence[tuple[str, str]]]) -> list[tuple[int, int]]:
    """Return cells of label and value for each column of *table*."""
    columns = [[row[n] for row in table if n < len(row)] for n in range(len(table[0]))]
    return [
        (max(cell_len(key) for key, _ in column), max(cell_len(value) for _, value in column))
        for column in columns
    ]


def _fact_row(
    sheet: Sheet, row: Sequence[tuple[str, str]], widths: Sequence[tuple[int, int]]
) -> Text:
    cells = (
        row_of(cell(safe(key, "dim"), wide), " ", cell(safe(value), long))
        for (key, value), (wide, long) in zip(row, widths, strict=False)
    )
    return one_row(Text("   ").join(cells), sheet.width)


_LOUD = {"WARNING": "yellow", "ERROR": "red", "CRITICAL": "red"}
_Forest = dict[str | None, list[tuple[int, Span]]]
_Events = dict[tuple[int | None, str | None], list[Event]]


def _stages(sheet: Sheet) -> Iterator[Text]:
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


def _between(sheet: Sheet, forest: _Forest, events: _Events) -> list[tuple[int, Iterator[Text]]]:
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


def _stage(sheet: Sheet, stage: Stage) -> Iterator[Text]:
    mark = words.stage_mark(stage)
    name = row_of(safe(mark, MARK[mark]), " ", safe(stage.name, "bold"))
    if stage.start_ns is None:
        reason = safe(stage.skipped or "did not run", "dim")
        name.stylize("not bold dim")
        yield from sheet.rows(cell(name, NAME), reason)
    else:
        style = "red" if stage.exception else STAGE.get(stage.name, "")
        runs = [(run.start_ns, run.duration_ns) for run in words.stage_runs(stage)]
        bar = sheet.scaled(runs, style, "╺━╸")
        yield from _timed(sheet, name, bar, stage.duration_ns)
    for note in words.stage_notes(stage):
        style = "red" if note.startswith("raised") else "dim"
        yield from sheet.rows(_rail(), safe(note, style))


def _routing(sheet: Sheet, routing: Routing) -> Iterator[Text]:
    """Yield the rules that were refused, with the reasons in a column of their own."""
    shown = routing.candidates[: words.CANDIDATES]
    column = max((cell_len(clean(item.rule)) for item in shown), default=0)
    column = min(column, max(sheet.width // 3, 8))
    below = row_of(_rail(), " " * (column + 2))
    for item in shown:
        rule = cell(safe(item.rule), column)
        reason = safe(words.candidate_reason(item), "dim")
        yield from sheet.rows(row_of(_rail(), rule, "  "), reason, below=below)
    for note in (words.other_rules(routing, len(shown)), words.meant(routing)):
        if note:
            yield from sheet.rows(_rail(), safe(note, "dim"))


def _timed(sheet: Sheet, name: Text, bar: Text, ns: int) -> Iterator[Text]:
    """Yield the row of a stage or of the body."""
    row = row_of(cell(name, sheet.label), bar) if sheet.bar else name
    yield sheet.with_figure(row, words.duration(ns), "")


def _rail(depth: int = 0) -> Text:
    return row_of(safe("│", "dim"), " " + "  " * min(depth, _DEEPEST))


def _blank(depth: int = 0) -> Text:
    """Return what stands in the place of the rail between the stages."""
    return row_of(" " * 2 + "  " * min(depth, _DEEPEST))


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


def _inside(sheet: Sheet, spans: Iterable[tuple[int, Span]], events: _Events) -> Iterator[Text]:
    """Yield spans and, between those in it, the events of each as they came in time."""
    around: list[tuple[int, deque[Event]]] = []
    for depth, span in spans:
        while around and around[-1][0] >= depth:
            yield from _points(sheet, around[-1][1], around.pop()[0] + 1)
        if around:
            outer, waiting = around[-1]
            while waiting and waiting[0].at_ns < span.start_ns:
                yield from _points(sheet, [waiting.popleft()], outer + 1)
        yield from _span(sheet, span, _rail(depth))
        around.append((depth, deque(events.pop((span.id, None), ()))))
    for depth, waiting in reversed(around):
        yield from _points(sheet, waiting, depth + 1)


def _outside(sheet: Sheet, spans: Iterable[tuple[int, Span]], events: _Events) -> Iterator[Text]:
    """Yield the spans of no stage; the body has a bar as the stages have, and its own words."""
    for depth, span in spans:
        if span.kind != "body":
            prefix = _blank(depth) if depth else row_of(safe("▸", "green"), " ")
            yield from _span(sheet, span, prefix)
            yield from _points(sheet, events.pop((span.id, None), ()), depth + 1, _blank(depth + 1))
            continue
        name = row_of(safe("▸", "green"), " ", safe("body", "bold"))
        bar = sheet.scaled([(span.start_ns, span.duration_ns)], "", "╶─╴")
        yield from _timed(sheet, name, bar, span.duration_ns)
        yield from sheet.paragraph(safe(_body_words(sheet.trace, span), "dim"), indent=2)
        yield from _points(sheet, events.pop((span.id, None), ()), 1)


def _body_words(trace: Trace, span: Span) -> str:
    parts = (words.body_sentence(trace.response), words.outcome(span))
    return ", ".join(part for part in parts if part)


def _span(sheet: Sheet, span: Span, prefix: Text) -> Iterator[Text]:
    outcome = words.outcome(span)
    failed = outcome.startswith("raised")
    content = joined(
        (
            _kind(sheet, span.kind),
            safe(words.title(span)),
            safe(words.span_details(span), "dim"),
        )
    )
    answer = safe(outcome and f"→ {outcome}", "red" if failed else "dim")
    tail = joined((safe(words.position(span), "dim"), answer))
    style = "red" if failed else STAGE.get(span.stage or "", "")
    piece = [(span.start_ns, span.duration_ns)]
    bar = sheet.scaled(piece, style, "╶─╴") if sheet.wide else None
    yield from sheet.rows(prefix, content, words.took(span), bar=bar, tail=tail)


def _kind(sheet: Sheet, name: str) -> Text:
    kind = safe(name, "dim")
    return cell(kind, sheet.kind) if sheet.kind else kind


def _points(
    sheet: Sheet, events: Iterable[Event], depth: int, prefix: Text | None = None
) -> Iterator[Text]:
    for event in events:
        style = _LOUD.get(str(event.attributes.get("severity_text")), "") if is_log(event) else ""
        content = joined(
            (_kind(sheet, words.point_kind(event)), safe(words.point_name(event), style))
        )
        tail = safe(words.point_details(event), "dim")
        bar = sheet.scaled([(event.at_ns, 0)], "", "◆◆◆") if sheet.wide else None
        figure = f"@{words.duration(event.at_ns)}"
        yield from sheet.rows(prefix or _rail(depth), content, figure, bar=bar, tail=tail)


def _changes(sheet: Sheet, changes: Iterable[Change], prefix: Text | None = None) -> Iterator[Text]:
    for change in changes:
        sign = words.change_sign(change)
        content = safe(f"{sign} {words.change_text(change)}", CHANGE[sign])
        author = safe(f"by {words.change_author(change)}", "dim")
        yield from sheet.rows(prefix or _rail(), content, tail=author)


def _foot(sheet: Sheet) -> Iterator[Text]:
    trace = sheet.trace
    if trace.dropped:
        yield from sheet.paragraph(safe(words.dropped_sentence(trace.dropped), "yellow"))
    if trace.partial:
        note = "an error inside the tracer may have left something out"
        yield from sheet.paragraph(safe(note, "yellow"))
    yield from sheet.paragraph(safe(f"{words.totals(trace)} · {trace.id}", "dim"))
