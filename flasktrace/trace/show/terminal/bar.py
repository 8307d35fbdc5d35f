"""Bars of the seven stages: of one request when each ran, of many what each took."""

from collections.abc import Iterator, Mapping
from itertools import accumulate, groupby, pairwise

from rich.text import Text

from flasktrace.trace.model import STAGES, Summary
from flasktrace.trace.show.terminal.styles import BODY, HOLLOW, SHADES, STAGE
from flasktrace.trace.show.terminal.text import cell, row_of

_SIGNS = {**SHADES, "body": BODY}


def time_bar(summary: Summary, cells: int) -> Text:
    """Draw when each stage ran and the body was sent, to scale; what is in no stage is hollow.

    A cell has the sign of what ran in its middle, so short stages may have none.
    """
    pieces = list(_pieces(summary))
    total = max(summary.duration_ns, *(end for _, _, end in pieces), 0)
    bar = Text()
    names = (_at((2 * at + 1) * total // (2 * cells), pieces) for at in range(cells))
    for name, group in groupby(names):
        bar.append(_SIGNS.get(name, HOLLOW) * len(list(group)), STAGE.get(name, ""))
    return bar


def _pieces(summary: Summary) -> Iterator[tuple[str, int, int]]:
    """Yield name, start and end of each stage that ran, and of what came after the last one."""
    last = 0
    for name, start, length in summary.stages:
        if start is not None:
            last = max(last, start + length)
            yield name, start, start + length
    if 0 < last < summary.duration_ns:
        yield "body", last, summary.duration_ns


def _at(moment: int, pieces: list[tuple[str, int, int]]) -> str:
    """Return what ran at *moment*: of two, as of a match in another stage, the one begun last."""
    running = [(start, name) for name, start, end in pieces if start <= moment < end]
    return max(running)[1] if running else ""


def legend() -> Text:
    """Return the sign of each stage with its name."""
    parts: list[Text | str] = []
    for name, sign in _SIGNS.items():
        parts += [Text(sign, STAGE.get(name, "")), Text(f"{name} ", "dim")]
    return row_of(*parts)


def stage_bar(lengths: Mapping[str, int], cells: int) -> Text:
    """Draw what each stage took that ran, in their order, to scale: each has a cell at least."""
    spare = max(cells - len(STAGES), 0)
    total = sum(lengths.values()) or 1
    sums = accumulate((lengths.get(name, 0) for name in STAGES), initial=0)
    bar = Text()
    for name, (low, high) in zip(STAGES, pairwise(sums), strict=True):
        count = 1 + high * spare // total - low * spare // total
        ran = name in lengths
        bar.append((SHADES[name] if ran else HOLLOW) * count, STAGE[name] if ran else "")
    return cell(bar, cells)
