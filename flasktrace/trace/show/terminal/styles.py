"""The colours of the terminal views, and the shades that stand for stages without colour."""

from flasktrace.trace.model import STAGES

# Named colours only, since the terminal's theme knows which of them can be read on its background.
STATUS = {"2xx": "green", "3xx": "cyan", "4xx": "bold yellow", "5xx": "bold red"}
STAGE = dict(
    zip(STAGES, ("blue", "cyan", "magenta", "green", "magenta", "cyan", "blue"), strict=True)
)
MARK = {"●": "green", "○": "dim", "✗": "bold red"}
CHANGE = {"+": "green", "~": "yellow", "-": "red"}

# Neighbours differ, so that the stages can be told apart without colour as well.
SHADES = dict(zip(STAGES, "▒▓░█░▓▒", strict=True))
HOLLOW = "·"
BODY = "─"
