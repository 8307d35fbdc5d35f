"""Source in the pieces of its colours; plain when pygments is not there."""

from collections.abc import Iterator
from functools import cache

# The first that fits counts.
_CLASSES = (
    ("Keyword", "k"),
    ("Operator.Word", "k"),
    ("Literal.String", "s"),
    ("Literal.Number", "m"),
    ("Comment", "c"),
    ("Name.Decorator", "d"),
    ("Name.Function", "n"),
    ("Name.Class", "n"),
)

Piece = tuple[str, str]
"""Class of the colour, empty for none, and text."""


def python_lines(source: str) -> Iterator[list[Piece]]:
    """Yield the pieces of each line of Python."""
    line: list[Piece] = []
    for kind, text in _pieces("python", source):
        first, *others = text.split("\n")
        if first:
            line.append((kind, first))
        for rest in others:
            yield line
            line = [(kind, rest)] if rest else []
    if line:
        yield line


@cache
def _lexer(language: str) -> object:
    options = {"stripnl": False, "ensurenl": False}
    if language == "sql":
        from pygments.lexers.sql import SqlLexer

        return SqlLexer(**options)
    from pygments.lexers.python import PythonLexer

    return PythonLexer(**options)


def sql(text: str) -> list[Piece]:
    """Return the pieces of a query."""
    return list(_pieces("sql", text))


def _pieces(language: str, source: str) -> Iterator[Piece]:
    try:
        lexer: object = _lexer(language)
    except ImportError:  # it comes with rich, which somebody may have left out
        yield "", source
        return
    for kind, text in lexer.get_tokens(source):  # type: ignore[attr-defined]
        yield _class(str(kind).removeprefix("Token.")), text


@cache
def _class(kind: str) -> str:
    return next((short for prefix, short in _CLASSES if kind.startswith(prefix)), "")
