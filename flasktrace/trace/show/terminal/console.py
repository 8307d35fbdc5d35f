"""Consoles that print what is drawn, and nothing else that could move a cursor."""

import re
import sys
from io import StringIO
from typing import IO, Any, cast

from rich.console import Console, RenderableType

_FONT = re.compile(r"@font-face\s*\{[^}]*\}\s*")
_FONTS = 2


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


def picture(
    renderable: RenderableType, form: str, *, width: int = 100, title: str = "flasktrace"
) -> str:
    """Return *renderable* as a picture: *form* ``svg`` or ``html``, which load nothing else.

    KeyError for another *form*.
    """
    screen = Console(
        file=StringIO(),
        record=True,
        width=width,
        force_terminal=True,
        force_jupyter=False,
        color_system="standard",
        no_color=False,
        legacy_windows=False,
        markup=False,
        emoji=False,
        highlight=False,
    )
    screen.print(renderable)
    if form == "html":
        return screen.export_html()
    if form != "svg":
        raise KeyError(form)
    drawn = screen.export_svg(title=title, unique_id="flasktrace")
    return _FONT.sub("", drawn, count=_FONTS)  # they would come from another site


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
