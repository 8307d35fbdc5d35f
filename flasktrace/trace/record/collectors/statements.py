"""What a query says, without its secrets, and which of its values are secret by their name."""

from __future__ import annotations

import re
from typing import NamedTuple

from flasktrace.trace.record.describe import plain
from flasktrace.trace.record.limits import Limits
from flasktrace.trace.record.redact import Redactor, hidden

_MOST = 500
_BEYOND = 300
"""How far beyond the cut a statement is read, for a secret that the cut would split."""

# Linear: each character begins one kind of token only, and no token is given back.
_TOKENS = re.compile(
    r"(?P<text>'(?:[^']|'')*+'?|\$\$(?:[^$]|\$(?!\$))*+(?:\$\$)?)"
    r"|(?P<comment>--[^\n]*+|/\*(?:[^*]|\*(?!/))*+)"
    r"|\"(?P<quoted>(?:[^\"]|\"\")*+)\"?|`(?P<ticked>[^`]*+)`?|\[(?P<bracketed>[A-Za-z][^\]]*+)\]"
    r"|::"
    r"|(?P<mark>\?\d*+|%s|%\((?P<percent>\w++)\)s|:(?P<colon>\w++)|\$\d++|@(?P<at>\w++))"
    r"|(?P<number>\d[\w.]*+)"
    r"|(?P<word>\w++)"
    r"|(?P<sign>[(),=<>])"
)
_CLAUSES = frozenset(
    {"and", "else", "from", "group", "having", "into", "join", "limit", "offset", "on", "or"}
    | {"order", "returning", "select", "set", "then", "union", "update", "using", "values"}
    | {"when", "where", "with"}
)
"""Words behind which another value begins."""
_TABLES = frozenset({"from", "into", "join", "table", "update"})
_BEFORE_VALUES = frozenset({"=", "<", ">", "like"})
_PASSED = frozenset({"if", "not", "exists", "only", "or", "ignore", "replace"})


class Statement(NamedTuple):
    """A query as it is told."""

    text: str
    summary: str
    """``SELECT products``."""
    secret: tuple[bool, ...]
    """For each placeholder, in their order, whether its value is a secret."""
    secret_names: frozenset[str]
    """The named placeholders whose values are."""
    has_secrets: bool
    """Whether anything in it has the name of a secret."""


class Statements:
    """Reads statements, and remembers them: an app has few and sends them often."""

    def __init__(self, limits: Limits, redactor: Redactor) -> None:
        self._limits = limits
        self._redactor = redactor
        self._known: dict[str, Statement] = {}

    def of(self, text: str) -> Statement:
        """Return what *text* says."""
        known = self._known.get(text)
        if known is None:
            limit = self._limits.statement
            reading = _Reading(text[: limit + _BEYOND], self._redactor)
            shown = plain(self._redactor.text(reading.shown()))
            if len(shown) > limit:
                shown = f"{shown[:limit]}…"
            known = reading.statement(shown, whole=len(text) <= limit + _BEYOND)
            if len(text) <= limit:
                if len(self._known) >= _MOST:
                    self._known.clear()
                self._known[text] = known
        return known


class _Reading:
    """Goes through a statement once, from the left, and looks at what stands before each value."""

    def __init__(self, text: str, redactor: Redactor) -> None:
        self._text = text
        self._redactor = redactor
        self._made: list[str] = []
        self._done = 0
        self._verb = self._table = ""
        self._secret: list[bool] = []
        self._named: set[str] = set()
        self.any = False
        #: Whether a secret's name stands before the next value; and what the last value was.
        self._waiting = self._last = False
        self._between = False
        self._before = ""
        self._depth = 0
        #: Of an INSERT: its columns (whether each is secret), and in which of them we are.
        self._columns: list[bool] | None = None
        self._column = -1
        self._in_values = False
        for found in _TOKENS.finditer(text):
            self._read(found)

    def _read(self, found: re.Match[str]) -> None:
        kind = found.lastgroup
        if kind in {"text", "number"}:
            self._value(found, None)
        elif kind in {"mark", "percent", "colon", "at"}:
            self._value(found, found["percent"] or found["colon"] or found["at"] or "")
        elif kind == "word":
            self._word(found[0])
        elif kind == "quoted" and (self._in_values or self._before in _BEFORE_VALUES):
            self._value(found, None)  # some databases take it for text
        elif kind in {"quoted", "ticked", "bracketed"}:
            self._name(found[kind])
        elif kind == "sign":
            self._sign(found[0])
        if kind != "comment":
            self._before = found[0].lower()

    def _word(self, word: str) -> None:
        low = word.lower()
        self._verb = self._verb or word.upper()
        if low == "between":
            self._between = True
        elif low == "and" and self._between:
            self._between = False
        elif low in _CLAUSES:
            self._waiting = self._last = False
            self._in_values = low == "values"
            if low == "into":
                self._columns = []
        else:
            self._name(word)

    def _name(self, name: str) -> None:
        if not self._table and self._before in _TABLES | _PASSED | {"."}:
            if name.lower() in _PASSED:
                return
            self._table = name
        is_secret = self._redactor.is_secret(name)
        self.any = self.any or is_secret
        self._waiting = self._waiting or is_secret
        self._last = False
        if self._columns is not None and self._depth == 1 and not self._in_values:
            self._columns.append(is_secret)

    def _sign(self, sign: str) -> None:
        if sign == "(":
            self._depth += 1
            if self._depth == 1:
                self._column = 0
        elif sign == ")":
            self._depth -= 1
        elif sign == "," and self._depth == 1:
            self._column += 1

    def _value(self, found: re.Match[str], name: str | None) -> None:
        """Take a value, or the *name* of a placeholder for one."""
        if self._in_values and self._columns:
            column = self._column
            secret = column >= len(self._columns) or self._columns[column] or self._waiting
        else:  # or one of several, as in IN (?, ?)
            secret = self._waiting or (self._last and self._before in {",", "and"})
        self._last, self._waiting = secret, False
        if name is None:
            if secret:
                self._made += [self._text[self._done : found.start()], hidden(found[0])]
                self._done = found.end()
            return
        self._secret.append(secret)
        if secret and name:
            self._named.add(name)

    def shown(self) -> str:
        return "".join([*self._made, self._text[self._done :]])

    def statement(self, shown: str, *, whole: bool) -> Statement:
        summary = f"{self._verb} {self._table}".strip() or "query"
        return Statement(
            text=shown,
            summary=plain(summary[:100]),
            secret=tuple(self._secret) if whole else (),
            secret_names=frozenset(self._named),
            has_secrets=self.any or not whole,
        )
