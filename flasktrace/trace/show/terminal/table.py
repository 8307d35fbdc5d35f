"""The table of endpoints, and a screen that shows it live."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.live import Live
from rich.text import Text

from flasktrace.trace.model import STAGES
from flasktrace.trace.show import words
from flasktrace.trace.show.terminal.bar import stage_bar
from flasktrace.trace.show.terminal.console import console
from flasktrace.trace.show.terminal.styles import SHADES, STAGE
from flasktrace.trace.show.terminal.text import cell, one_row, row_of, safe
from flasktrace.trace.show.traffic import Endpoint

_FIGURE = 9
"""Cells of a column of figures."""
_LEAST, _MOST = 14, 48
"""Cells of the names."""
_BAR = 12
"""Cells from which on the bar says something."""
_BAR_MOST = 72


def table(
    rows: Sequence[Endpoint],
    *,
    sort: str = "rate",
    head: str = "",
    foot: str = "",
    marked: int | None = None,
    height: int | None = None,
) -> RenderableType:
    """Return *rows* as a table between the lines *head* and *foot*, *height* lines at most.

    The column *sort* and the row *marked* stand out.
    """
    return _Table(rows, sort, head, foot, marked, height)


class _Table:
    def __init__(
        self,
        rows: Sequence[Endpoint],
        sort: str,
        head: str,
        foot: str,
        marked: int | None,
        height: int | None,
    ) -> None:
        self.rows, self.sort, self.head, self.foot = rows, sort, head, foot
        self.marked, self.height = marked, height

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        yield from self._lines(options.max_width)

    def _lines(self, width: int) -> Iterator[Text]:
        figures = _figures(width)
        longest = max((cell_len(row.name) for row in self.rows), default=0)
        spare = width - _FIGURE * len(figures)
        name = min(max(longest, _LEAST), _MOST, spare)
        left = spare - name
        bar = min(left - 2, _BAR_MOST)
        bar = bar if bar >= _BAR else 0
        if self.head:
            yield one_row(safe(self.head, "dim"), width)
        titles = [safe(title.rjust(_FIGURE), self._style(title)) for title in figures]
        yield one_row(
            row_of(cell(safe("endpoint", self._style("name")), name), *titles, *_legend(left)),
            width,
        )
        yield from self._body(width, name, figures, bar)
        if self.foot:
            yield one_row(safe(self.foot, "dim"), width)

    def _body(self, width: int, name: int, figures: Sequence[str], bar: int) -> Iterator[Text]:
        room = len(self.rows) if self.height is None else max(self.height - 3, 1)
        first = max(min((self.marked or 0) - room // 2, len(self.rows) - room), 0)
        for position, row in enumerate(self.rows[first : first + room], first):
            cells = [safe(_FIGURES[title](row).rjust(_FIGURE)) for title in figures]
            if row.errors:
                cells[-1].stylize("bold red")
            parts = [cell(safe(row.name), name), *cells]
            if bar:
                parts += [safe("  "), stage_bar(row.stages, bar)]
            line = row_of(*parts)
            if position == self.marked:
                line.stylize("reverse")
            yield one_row(line, width)

    def _style(self, title: str) -> str:
        return "bold underline" if title == self.sort else "bold"


def _legend(room: int) -> list[Text]:
    """Return the stages with their shades, as far as there is room for all."""
    parts = [safe("  ")]
    for name in STAGES:
        parts += [safe(SHADES[name], STAGE[name]), safe(f" {name} ", "dim")]
    return parts if sum(part.cell_len for part in parts) <= room else []


_FIGURES: dict[str, Callable[[Endpoint], str]] = {
    "count": lambda row: str(row.count),
    "rate": lambda row: f"{row.rate:.1f}/s" if row.rate >= 1 else f"{row.rate * 60:.1f}/m",
    "p50": lambda row: words.duration(row.p50),
    "p95": lambda row: words.duration(row.p95),
    "errors": lambda row: str(row.errors),
}


def _figures(width: int) -> list[str]:
    """Return the columns that there is room for."""
    left_out = {"count"} if width < 72 else set()  # noqa: PLR2004 - names matter more
    return [title for title in _FIGURES if title not in left_out]


@contextmanager
def live() -> Iterator[Callable[..., None]]:
    """Take the whole screen for the block; give what draws a `table` of these arguments on it."""
    screen = console()
    with Live(console=screen, screen=True, auto_refresh=False, transient=True) as shown:

        def draw(rows: Sequence[Endpoint], **how: object) -> None:
            made = table(rows, height=screen.height, **how)  # type: ignore[arg-type]
            shown.update(made, refresh=True)

        yield draw
