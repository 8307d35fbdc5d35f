"""What a terminal shows of a trace, drawn with rich: one line, the tree, the context stack."""

from flasktrace.trace.show.terminal.console import console, render
from flasktrace.trace.show.terminal.line import line
from flasktrace.trace.show.terminal.stack import stack
from flasktrace.trace.show.terminal.tree import tree

__all__ = ["console", "line", "render", "stack", "tree"]
