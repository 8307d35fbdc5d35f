"""The columns that a page is written in, once its width is known."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.text import Text

from flasktrace.trace.model import Trace
from flasktrace.trace.show.sanitize import clean
from flasktrace.trace.show.terminal.text import cell, next_row, one_row, row_of, safe

NAME = 17  # cells of a mark, a stage's name and the gap behind it
FIGURE = 10  # cells of the column at the right: a gap and a duration
_ALIGNED = 72  # from here on the kinds of spans have a column
_WIDE = 120  # from here on spans have bars too, in a column of their own


@dataclass(frozen=True, slots=True)
class Page:
    """Something whose rows are made when its width is known."""

    rows: Callable[[Console, int], Iterable[RenderableType]]
    width: int | None

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from self.rows(console, min(self.width or options.max_width, options.max_width))


@dataclass(frozen=True)
class Sheet:
    """The columns of a page: text, bars when it is wide, figures at the right."""

    console: Console
    width: int
    trace: Trace

    @property
    def wide(self) -> bool:
        """Whether spans have bars too."""
        return self.width >= _WIDE

    @property
    def label(self) -> int:
        """Cells in front of the bars."""
        return min(self.width * 2 // 5, 84) if self.wide else NAME

    @property
    def bar(self) -> int:
        """Cells of the bars; 0 when there is no room for any."""
        room = self.width - self.label - FIGURE
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
        rest = content[next_row(content.plain, len(first)) :]
        return [first, *(row_of(" " * hang, item) for item in self._broken(rest, room - hang))]

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
        below: Text | None = None,
    ) -> Iterator[Text]:
        """Yield *content* behind *prefix*, with *bar* and *figure* in the columns of its row.

        *tail* follows the content, on a row of its own when there is no room for both. *below* is
        as wide as *prefix* and takes its place on the following rows.
        """
        column = self.label - 1 if bar else self.width - (FIGURE if figure else 0)
        room = max(column - prefix.cell_len, 4)
        if tail is not None and tail.plain:
            fits = content.cell_len + 2 + tail.cell_len <= room
            content = row_of(content, "  " if fits else "\n", tail)
        first, *more = self.wrap(content, room, 2 if tail is None else self.kind + 2)
        row = row_of(prefix, first)
        if bar:
            row = row_of(cell(row, self.label), bar)
        yield self.with_figure(row, figure)
        blank = Text(" " * prefix.cell_len)
        below = below or (prefix if prefix.plain.startswith("│") else blank)
        yield from (one_row(row_of(below, item), self.width) for item in more)

    def with_figure(self, row: Text, figure: str, style: str = "dim") -> Text:
        """Put *figure* at the right end of *row*."""
        if not figure:
            return one_row(row, self.width)
        gap = max(self.width - row.cell_len - cell_len(figure), 1)
        return one_row(row_of(row, " " * gap, safe(figure, style)), self.width)

    def paragraph(self, content: Text, indent: int = 0) -> Iterator[Text]:
        """Yield *content* over the whole width."""
        return self.rows(Text(" " * indent), content)

    def scaled(self, pieces: Iterable[tuple[int, int]], style: str, shapes: str) -> Text:
        """Draw *pieces* (start and length in nanoseconds) on the time scale of the trace."""
        return safe(_drawn(pieces, self.end, self.bar, shapes), style)


def _drawn(pieces: Iterable[tuple[int, int]], end: int, cells: int, shapes: str) -> str:
    """Draw *pieces* with *shapes* (right half, full, left half), exact to half a cell."""
    halves = [False] * (2 * cells)
    for start, length in pieces if cells else ():
        low = min(max(start, 0) * 2 * cells // end, 2 * cells - 1)
        high = min(max((start + length) * 2 * cells // end, low + 1), 2 * cells)
        halves[low:high] = [True] * (high - low)
    signs = dict(zip(((False, True), (True, True), (True, False)), shapes, strict=True))
    return "".join(signs.get(pair, " ") for pair in zip(halves[::2], halves[1::2], strict=True))
