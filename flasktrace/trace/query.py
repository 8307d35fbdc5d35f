"""The language that selects traces: ``status:5xx path:/cart* dur:>100ms -text:health``."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Protocol, Self

from flasktrace.trace.model import LONGEST_HELD, Summary

Cell = str | int | None
"""What one column of the index holds."""

LOWEST, HIGHEST = -(2**63), 2**63 - 1
"""The integers that SQLite can hold; larger ones count as these."""

MAX_LENGTH = 2000
"""Characters in a query; a longer one is a mistake, and slow."""

MAX_TERMS = 50

_EDGE = "\x1f"
"""Stands around each mark, so that one mark can be found in a column of several."""

_UNSAFE = re.compile("[\0\ud800-\udfff\ufffe\uffff]")
"""What SQLite cannot store as text, or reads as another character in GLOB."""

_NUMBER = re.compile(r"[0-9]{1,18}")
_STATUS_CLASS = re.compile(r"([0-9])xx", re.IGNORECASE)
_DURATION = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,9})?)(ns|us|µs|ms|s)")
_UNITS = {"ns": 1, "us": 1_000, "µs": 1_000, "ms": 1_000_000, "s": 1_000_000_000}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIME = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{6})?)?)?", re.ASCII)
_COMPARISON = re.compile(r"(>=|<=|>|<)(.*)", re.DOTALL)
_TOKEN = re.compile(
    r'(-?)(?:([A-Za-z_]+|(?:g|session)\.[^\s:"]+):)?(?:"([^"]*)"|([^\s"]+)|)(?=\s|$)'
)
_AGO = re.compile(r"([0-9]{1,6})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_PRECISIONS = {10: 86400_000_000, 16: 60_000_000, 19: 1_000_000}
"""Characters of a time to the microseconds that it stands for: a day, a minute, a second."""


class QueryError(ValueError):
    """A query that is not understood; the message names the value and the remedy."""

    def __init__(self, value: str, remedy: str) -> None:
        super().__init__(f"{value!r} is not understood: {remedy}")
        self.value = value
        """The piece of the query that is wrong."""
        self.remedy = remedy
        """What to write instead."""


class Term(Protocol):
    """One condition on the columns of a trace."""

    def holds(self, row: Mapping[str, Cell]) -> bool:
        """Return whether *row*, made by `columns`, meets the condition."""

    def sql(self) -> tuple[str, tuple[Cell, ...]]:
        """Return the same condition as SQL that is never NULL, and its parameters."""


@dataclass(frozen=True, slots=True)
class Between:
    """A number from *low* to *high*, both included."""

    column: str
    low: int
    high: int

    def holds(self, row: Mapping[str, Cell]) -> bool:
        """Return whether the number is there and within the bounds."""
        cell = row[self.column]
        return isinstance(cell, int) and self.low <= cell <= self.high

    def sql(self) -> tuple[str, tuple[Cell, ...]]:
        """Return the condition as SQL; NULL is outside every range."""
        column = self.column
        return f"({column} IS NOT NULL AND {column} BETWEEN ? AND ?)", (self.low, self.high)


@dataclass(frozen=True, slots=True)
class Same:
    """A text that is exactly this."""

    column: str
    text: str

    def holds(self, row: Mapping[str, Cell]) -> bool:
        """Return whether the column is this text."""
        return row[self.column] == self.text

    def sql(self) -> tuple[str, tuple[Cell, ...]]:
        """Return the condition as SQL; ``IS`` is never NULL."""
        return f"({self.column} IS ?)", (self.text,)


@dataclass(frozen=True, slots=True)
class Glob:
    """A text in which ``*`` stands for any characters."""

    column: str
    pattern: str

    def holds(self, row: Mapping[str, Cell]) -> bool:
        """Return whether the whole text fits the pattern; case counts."""
        cell = row[self.column]
        return isinstance(cell, str) and _fits(self.pattern, cell)

    def sql(self) -> tuple[str, tuple[Cell, ...]]:
        """Return the condition as GLOB, in which only ``*`` keeps a meaning."""
        pattern = re.sub(r"[?\[]", r"[\g<0>]", self.pattern)
        return f"({self.column} IS NOT NULL AND {self.column} GLOB ?)", (pattern,)


@dataclass(frozen=True, slots=True)
class Contains:
    """A text with this somewhere in it."""

    column: str
    text: str

    def holds(self, row: Mapping[str, Cell]) -> bool:
        """Return whether the text is in the column."""
        cell = row[self.column]
        return isinstance(cell, str) and self.text in cell

    def sql(self) -> tuple[str, tuple[Cell, ...]]:
        """Return the condition as SQL; ``instr`` knows no wildcards."""
        return f"(instr(coalesce({self.column}, ''), ?) > 0)", (self.text,)


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of a term."""

    term: Term

    def holds(self, row: Mapping[str, Cell]) -> bool:
        """Return whether the term does not hold."""
        return not self.term.holds(row)

    def sql(self) -> tuple[str, tuple[Cell, ...]]:
        """Return the opposite as SQL; right because no term is ever NULL."""
        clause, parameters = self.term.sql()
        return f"(NOT {clause})", parameters


@dataclass(frozen=True, slots=True)
class Query:
    """Conditions that a trace must meet, all of them.

    ``status:404`` ``status:5xx`` ``status:>=400`` ``status:200..299`` · ``dur:>100ms``
    ``dur:1ms..2s`` (ns, us, ms, s) · ``pid:4242`` (like status) · ``method:post`` (case does not
    matter) · ``path:`` ``endpoint:`` ``outcome:`` ``exc:`` ``mark:`` ``hook:`` ``app:`` ``label:``:
    the whole text, exactly, unless it has a ``*`` for any characters · ``g.user:ada``
    ``session.user_id:*``: what was held in the end · ``g:user``: that it was held ·
    ``time:15m`` (s, m, h, d: the latest) ``time:2026-11-23T10:20..2026-11-23T10:30`` (UTC) ·
    ``text:`` or a bare word: somewhere in the path or the verdict, whatever the case. ``-``
    in front turns a term round, quotes hold spaces: ``-mark:"answered by a hook"``. ``exc:*`` means
    that there was one.
    """

    terms: tuple[Term, ...] = ()
    text: str = ""
    """The query as it was written."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read *text*; raises `QueryError` for what is not understood."""
        if len(text) > MAX_LENGTH:
            raise QueryError(f"{text[:40]}…", f"write at most {MAX_LENGTH} characters")
        terms = tuple(_terms(text))
        if len(terms) > MAX_TERMS:
            raise QueryError(f"{text[:40]}…", f"write at most {MAX_TERMS} terms")
        return cls(terms, text)

    def matches(self, summary: Summary) -> bool:
        """Return whether *summary* meets every term."""
        if not self.terms:
            return True
        row = columns(summary)
        return all(term.holds(row) for term in self.terms)

    def sql(self) -> tuple[str, tuple[Cell, ...]]:
        """Return a WHERE clause over the columns that `columns` names, and its parameters."""
        parts = [term.sql() for term in self.terms]
        clause = " AND ".join(clause for clause, _ in parts) or "1"
        return clause, tuple(cell for _, parameters in parts for cell in parameters)


def columns(summary: Summary) -> dict[str, Cell]:
    """Return what an index holds of *summary*: both forms of a query look at these values."""
    return {
        "status": _integer(summary.status),
        "method": clean(summary.method).upper(),
        "path": clean(summary.path),
        "endpoint": _optional(summary.endpoint),
        "outcome": clean(summary.outcome),
        "exc": _optional(summary.exception),
        "dur": _integer(summary.duration_ns),
        "marks": _several(summary.marks),
        "words": clean(f"{summary.path}\n{summary.verdict}").lower(),
        "app": clean(summary.app),
        "pid": _integer(summary.pid),
        "label": clean(summary.label),
        "started": microseconds(summary.started),
        "hooks": _several(summary.hooks),
        "held": _several(summary.held),
    }


def microseconds(started: str) -> int | None:
    """Return the ISO 8601 time *started* in microseconds since 1970; None when it is none."""
    try:
        moment = datetime.fromisoformat(started)
        return _since_1970(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        return None


def _since_1970(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _several(texts: tuple[str, ...]) -> str:
    return _EDGE.join(("", *map(clean, texts), "")) if texts else _EDGE


def clean(text: str) -> str:
    """Return *text* as SQLite can hold it: U+FFFD for lone surrogates, NUL and non-characters."""
    if text.isascii() and "\0" not in text:
        return text
    return _UNSAFE.sub("\ufffd", text)


def _optional(text: str | None) -> str | None:
    return None if text is None else clean(text)


def _integer(number: int | None) -> int | None:
    return None if number is None else max(LOWEST, min(HIGHEST, number))


def _fits(pattern: str, text: str) -> bool:
    """Return whether *text* fits *pattern*, which has at least one ``*``; takes linear time."""
    head, *middle, tail = pattern.split("*")
    if not text.startswith(head):
        return False
    at = len(head)
    for part in middle:
        found = text.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return text.endswith(tail) and len(text) - len(tail) >= at


def _terms(text: str) -> Iterator[Term]:
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        token = _TOKEN.match(text, at)
        if token is None:
            raise QueryError(text[at:], 'close the quotes, and put a space after them: "a b"')
        yield _term(token)
        at = token.end()


def _term(token: re.Match[str]) -> Term:
    sign, name, quoted, plain = token.groups()
    value = clean(quoted if plain is None else plain) if (quoted or plain) else ""
    field, _, key = (name or "text").partition(".")
    field = field.lower()
    if field not in _FIELDS:
        known = ", ".join(f"{item}:" for item in _FIELDS)
        raise QueryError(token[0], f'use one of {known} or put it in quotes: "{token[0]}"')
    if not value:
        raise QueryError(token[0], f"write a value right after it, as in {_EXAMPLES[field]}")
    term = _held(f"{field}.{key}=", value) if key else _FIELDS[field](value)
    return Not(term) if sign else term


def _text(column: str) -> Callable[[str], Term]:
    """Return the reader of a field whose whole text counts."""
    return lambda value: Glob(column, value) if "*" in value else Same(column, value)


def _method(value: str) -> Term:
    return _text("method")(value.upper())


def _one_of(column: str) -> Callable[[str], Term]:
    """Return the reader of a field that holds several texts."""
    return lambda value: _among(column, value)


def _among(column: str, value: str, end: str = _EDGE) -> Term:
    if "*" in value:
        return Glob(column, f"*{_EDGE}{value}{end}*")
    return Contains(column, f"{_EDGE}{value}{end}")


def _held(name: str, value: str) -> Term:
    """Return the condition that *name* (``g.user=``) held *value*, which may have been cut."""
    return _among("held", f"{name}{value}"[:LONGEST_HELD])


def _key_of(section: str) -> Callable[[str], Term]:
    return lambda value: _among("held", f"{section}.{value}", "=")


def _words(value: str) -> Term:
    return Contains("words", value.lower())


def _status(value: str) -> Term:
    return Between("status", *_range("status", value, _status_bounds))


def _pid(value: str) -> Term:
    return Between("pid", *_range("pid", value, _number_bounds))


def _dur(value: str) -> Term:
    if ".." not in value and not _COMPARISON.fullmatch(value):
        raise QueryError(f"dur:{value}", "say above or below what, as in dur:>100ms or dur:1ms..2s")
    return Between("dur", *_range("dur", value, _duration_bounds))


def _time(value: str) -> Term:
    ago = _AGO.fullmatch(value)
    if ago is None:
        return Between("started", *_range("time", value, _time_bounds))
    now = datetime.now(UTC)
    return Between(
        "started", _since_1970(now) - int(ago[1]) * _SECONDS[ago[2]] * 1_000_000, HIGHEST
    )


def _time_bounds(text: str) -> tuple[int, int]:
    plain = text.removesuffix("Z").removesuffix("+00:00")
    if not _TIME.fullmatch(plain):
        raise ValueError(text)
    first = _since_1970(datetime.fromisoformat(plain).replace(tzinfo=UTC))
    return first, first + max(_PRECISIONS.get(len(plain), 1), 1) - 1


def _range(field: str, value: str, bounds: Callable[[str], tuple[int, int]]) -> tuple[int, int]:
    """Return the lowest and the highest number that *value* allows."""
    try:
        low, high = _span(value, bounds)
    except ValueError:
        remedy = f"write it as in {_EXAMPLES[field]}"
        raise QueryError(f"{field}:{value}", remedy) from None
    if low > high:
        raise QueryError(f"{field}:{value}", "no number is in there; put the smaller one first")
    return max(LOWEST, low), min(HIGHEST, high)


def _span(value: str, bounds: Callable[[str], tuple[int, int]]) -> tuple[int, int]:
    if ".." in value:
        first, last = value.split("..", 1)
        low = bounds(first)[0] if first or not last else LOWEST
        return low, bounds(last)[1] if last else HIGHEST
    comparison = _COMPARISON.fullmatch(value)
    if comparison is None:
        return bounds(value)
    low, high = bounds(comparison[2])
    return {
        ">": (high + 1, HIGHEST),
        ">=": (low, HIGHEST),
        "<": (LOWEST, low - 1),
        "<=": (LOWEST, high),
    }[comparison[1]]


def _number_bounds(text: str) -> tuple[int, int]:
    if not _NUMBER.fullmatch(text):
        raise ValueError(text)
    return int(text), int(text)


def _status_bounds(text: str) -> tuple[int, int]:
    hundreds = _STATUS_CLASS.fullmatch(text)
    if hundreds:
        return int(hundreds[1]) * 100, int(hundreds[1]) * 100 + 99
    return _number_bounds(text)


def _duration_bounds(text: str) -> tuple[int, int]:
    parts = _DURATION.fullmatch(text)
    if parts is None:
        raise ValueError(text)
    nanoseconds = int(Decimal(parts[1]) * _UNITS[parts[2]])
    return nanoseconds, nanoseconds


_FIELDS: dict[str, Callable[[str], Term]] = {
    "status": _status,
    "method": _method,
    "path": _text("path"),
    "endpoint": _text("endpoint"),
    "outcome": _text("outcome"),
    "exc": _text("exc"),
    "dur": _dur,
    "mark": _one_of("marks"),
    "hook": _one_of("hooks"),
    "g": _key_of("g"),
    "session": _key_of("session"),
    "time": _time,
    "text": _words,
    "app": _text("app"),
    "pid": _pid,
    "label": _text("label"),
}
_EXAMPLES = {
    "status": "status:404, status:5xx, status:>=400 or status:200..299",
    "method": "method:POST",
    "path": "path:/cart or path:/cart*",
    "endpoint": "endpoint:cart or endpoint:admin.*",
    "outcome": "outcome:error",
    "exc": "exc:KeyError",
    "dur": "dur:>100ms or dur:1ms..2s (ns, us, ms, s)",
    "mark": 'mark:exception or mark:"answered by a hook"',
    "hook": "hook:load_user or hook:load*",
    "g": "g:user or g.user:ada",
    "session": "session:user_id or session.user_id:1",
    "time": "time:15m, time:2026-11-23 or time:2026-11-23T10:20..2026-11-23T10:30 (UTC)",
    "text": 'text:cart or "two words"',
    "app": "app:shop",
    "pid": "pid:4242 or pid:>=4000",
    "label": "label:*test_cart*",
}

FIELDS = dict(_EXAMPLES)
"""Name of each field of the language, with an example of how it is written."""
