"""Nothing that a traced app says can move the cursor, hide or turn text in a terminal."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, datetime
from itertools import cycle
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from flasktrace.trace.model import Record, Trace
from flasktrace.trace.show import terminal, words
from flasktrace.trace.show.compare import compare
from flasktrace.trace.show.sanitize import clean
from flasktrace.trace.show.traffic import Traffic
from tests.cases import many
from tests.trace import samples

SGR = re.compile(r"\x1b\[[0-9;]*m")
BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
ZERO_WIDTH = "\u00ad\u200b\u200c\u200d\u2060\ufeff\U000e0041"
CANARIES = (
    "\x1b[31mred", "\x1b]0;title\x07", "\x1b]52;c;aGk=\x07", "\x1b]8;;http://evil\x1b\\x", "\x9b2J",
    "\x1b[2J", "\r", "\n", "\t", "\x08", "\x7f", "\x00", "\u2028", "\u2029", "\x85", "\ud800",
    "\udfff", "[/x]", "[link=http://evil]x[/link]", "[bold]", "[", "\\", ":smile:", "商品",
    "👩‍👩‍👧", "❤\ufe0f",
    "e\u0301", "\U0001f1e9\U0001f1ea", *BIDI, *ZERO_WIDTH, "a" * 90, "", " ",
)  # fmt: skip
WIDTHS = st.sampled_from((20, 33, 60, 80, 130, 200))
hostile = st.lists(st.sampled_from(CANARIES) | st.characters(), max_size=6).map("".join)
sources = st.lists(hostile, min_size=1, max_size=7)
shapes = st.sampled_from((samples.cart(), samples.crash(), samples.early(), samples.missing()))


def dangerous(text: str) -> set[str]:
    """Return the characters of *text* that no output may contain, by Unicode's own account."""
    kinds = {"Cc", "Cs", "Zl", "Zp"}
    return {
        sign
        for sign in text
        if unicodedata.category(sign) in kinds or sign in BIDI or sign in ZERO_WIDTH
    }


def poisoned(value: Any, texts: Iterator[str]) -> Any:
    """Return *value* with every text in it, keys included, taken from *texts*."""
    if isinstance(value, str):
        return next(texts)
    if isinstance(value, tuple):
        return tuple(poisoned(item, texts) for item in value)
    if isinstance(value, dict):
        return {
            key if key in words.OWN_ATTRIBUTES else next(texts): poisoned(item, texts)
            for key, item in value.items()
        }
    if isinstance(value, Record):
        new = {item.name: poisoned(getattr(value, item.name), texts) for item in fields(value)}  # type: ignore[arg-type]
        return replace(value, **new)  # type: ignore[type-var]
    return value


def hostile_trace(base: Trace, texts: list[str]) -> Trace:
    base = replace(base, dropped={"spans": 3}, view_args={"id": "1"}, parent="1", label="label")
    return poisoned(base, cycle(texts))  # type: ignore[no-any-return]


def check(renderable: Any, width: int) -> None:
    plain = terminal.render(renderable, width=width)
    coloured = terminal.render(renderable, width=width, color=True)

    assert set() == dangerous(plain) - {"\n"}
    assert plain == SGR.sub("", coloured)
    assert [row for row in plain.splitlines() if cell_len(row) > width] == []


@settings(max_examples=many(6500), deadline=None)
@given(hostile)
def test_cleaned_text_has_nothing_dangerous_in_it(text: str) -> None:
    assert set() == dangerous(clean(text))
    assert set() == dangerous(clean(text, multiline=True)) - {"\n", "\t"}


@settings(max_examples=many(1000), deadline=None)
@given(hostile)
def test_cleaning_keeps_the_rest_and_may_be_repeated(text: str) -> None:
    kept = [sign for sign in text if clean(sign) == sign]

    assert clean(text) == "".join(clean(sign) for sign in text)
    assert clean(clean(text)) == clean(text)
    assert all(sign in clean(text) for sign in kept)


@settings(max_examples=many(6000), deadline=None)
@given(shapes, sources, st.integers(10, 220))
def test_line_of_hostile_trace_is_harmless_and_fits(
    base: Trace, texts: list[str], width: int
) -> None:
    summary = hostile_trace(base, texts).summary()

    check(terminal.line(summary, width=width, link=texts[0], tz=UTC), width)


@settings(max_examples=many(700), deadline=None)
@given(shapes, sources, WIDTHS)
def test_tree_of_hostile_trace_is_harmless_and_fits(
    base: Trace, texts: list[str], width: int
) -> None:
    check(terminal.tree(hostile_trace(base, texts), tz=UTC), width)


@settings(max_examples=many(500), deadline=None)
@given(shapes, sources, WIDTHS)
def test_stack_of_hostile_trace_is_harmless_and_fits(
    base: Trace, texts: list[str], width: int
) -> None:
    trace = hostile_trace(base, texts)

    check(terminal.stack(trace, trace.stages[1].name), width)


@settings(max_examples=many(400), deadline=None)
@given(shapes, shapes, sources, WIDTHS)
def test_comparison_of_hostile_traces_is_harmless_and_fits(
    base: Trace, other: Trace, texts: list[str], width: int
) -> None:
    found = compare(hostile_trace(base, texts), hostile_trace(other, texts[::-1]))

    check(terminal.comparison(found), width)


@settings(max_examples=many(400), deadline=None)
@given(shapes, sources, WIDTHS)
def test_table_of_hostile_endpoints_is_harmless_and_fits(
    base: Trace, texts: list[str], width: int
) -> None:
    found = Traffic()
    found.add([replace(hostile_trace(base, texts).summary(), started=base.started)])
    rows = found.rows(datetime.fromisoformat(base.started).timestamp())

    assert rows
    check(terminal.table(rows, head=texts[0], foot=texts[-1]), width)


@settings(max_examples=many(2000), deadline=None)
@given(shapes, sources)
def test_words_about_a_hostile_trace_are_harmless(base: Trace, texts: list[str]) -> None:
    trace = hostile_trace(base, texts)
    said = [words.plain_line(trace), words.target(trace), words.dropped_sentence(trace.dropped)]
    said += [part for pair in words.facts(trace, UTC) for part in pair]
    for span in trace.spans:
        said += [words.title(span), words.outcome(span), words.details(span.attributes)]
    for stage in trace.stages:
        said += [*words.stage_notes(stage), *map(words.change_sentence, stage.changes)]

    assert set() == dangerous("".join(said))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x1b[2J", r"\x1b[2J"),
        ("\x9b", r"\x9b"),
        ("\x7f", r"\x7f"),
        ("a\u202eb", r"a\u202eb"),
        ("\u2028", r"\u2028"),
        ("\ud800", r"\ud800"),
        ("pass\u200bword", r"pass\u200bword"),
        ("\U000e0041", r"\U000e0041"),
        ("line\nline\t", r"line\x0aline\x09"),
    ],
)
def test_hidden_character_becomes_visible(text: str, expected: str) -> None:
    assert expected == clean(text)


@pytest.mark.parametrize("text", ["plain", "", "grüße 商品 ❤\ufe0f e\u0301", "[/x] \\x1b", "שלום"])
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert text == clean(text)


def test_block_keeps_newlines_and_tabs_but_no_carriage_return() -> None:
    assert clean("a\n\tb\r", multiline=True) == "a\n\tb\\x0d"


@pytest.mark.parametrize("text", ["[/x]", "[link=http://evil]x[/link]", "[bold]b", ":smile:"])
@pytest.mark.parametrize("view", ["line", "tree", "stack"])
def test_markup_is_printed_literally(view: str, text: str) -> None:
    trace = hostile_trace(samples.crash(), [text])
    renderable = {
        "line": lambda: terminal.line(trace.summary(), width=200, tz=UTC),
        "tree": lambda: terminal.tree(trace, tz=UTC),
        "stack": lambda: terminal.stack(trace, text),
    }[view]()
    plain = terminal.render(renderable, width=200)
    coloured = terminal.render(renderable, width=200, color=True)

    assert text in plain
    assert "\x1b]8" not in coloured
