"""The bar of the seven stages."""

from collections.abc import Mapping
from itertools import accumulate, pairwise

from rich.text import Text

from flasktrace.trace.model import STAGES
from flasktrace.trace.show.terminal.styles import HOLLOW, SHADES, STAGE
from flasktrace.trace.show.terminal.text import cell


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
