"""What a terminal shows of a trace, drawn with rich: one line, the tree, the context stack.

Also two traces compared, the live table of endpoints, and how far long work has come.
"""

from flasktrace.trace.show.terminal.bar import legend
from flasktrace.trace.show.terminal.comparison import comparison
from flasktrace.trace.show.terminal.console import console, picture, render
from flasktrace.trace.show.terminal.line import line
from flasktrace.trace.show.terminal.progress import progress
from flasktrace.trace.show.terminal.stack import stack
from flasktrace.trace.show.terminal.table import live, table
from flasktrace.trace.show.terminal.tree import tree

__all__ = [
    "comparison",
    "console",
    "legend",
    "line",
    "live",
    "picture",
    "progress",
    "render",
    "stack",
    "table",
    "tree",
]
