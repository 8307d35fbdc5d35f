"""Traces that are full of markup: every text in them is an attempt to become a part of the page."""

from dataclasses import fields, is_dataclass, replace
from itertools import count
from typing import Any

from flasktrace.trace.model import Candidate, Leak, Routing, Span, Trace
from tests.trace.samples import crash, missing

CORPUS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    "' autofocus onfocus=alert(3) x='",
    "</style></title></textarea></template><svg onload=alert(4)>",
    "javascript:alert(5)",
    "{{7*7}}{% raw %}<b>bold</b>",
    "<!--><iframe srcdoc='<script>alert(6)</script>'>",
    "\u2028</script><script>alert(7)</script>",
    "<math><a xlink:href=javascript:alert(8)>&lt;b&gt;",
    "data:text/html,<script>alert(9)</script>",
)

FIXED = {"Trace": {"id", "started", "born", "parent"}, "Stage": {"name"}, "Leak": {"trace"}}
"""Texts that no request has a say in, and whose shape the store or the model holds to."""
NAMING = {
    "Trace": {"outcome", "marks"},
    "Span": {"kind", "stage"},
    "Event": {"stage"},
    "Failure": {"stage"},
    "Change": {"section"},
    "Card": {"kind"},
    "Routing": {"error"},
    "Stage": {"within"},
    "Leak": {"kind"},
}
"""Texts that decide which part of a page is drawn."""


def poisoned(*, whole: bool) -> Trace:
    """Return a trace with something in every part of it and an attempt in every text.

    Unless *whole*, what decides which part of a page is drawn stays, so that all parts are.
    """
    numbers = count()
    keep = {name: FIXED.get(name, set()) for name in (*FIXED, *NAMING)}
    if not whole:
        keep = {name: left | NAMING.get(name, set()) for name, left in keep.items()}
    made: Trace = _poison(full(), keep, numbers)
    return replace(made, id=("e" if whole else "f") * 32)


def full() -> Trace:
    """Return a trace with each part that there is."""
    base = crash()
    kinds = ("sql", "log", "template", "signal", "http", "error_handler", "user")
    more = tuple(
        Span(100 + at, 2, "dispatch", kind, "x", 2_000_000 + at, 1000, {"sql": "x", "text": "x"})
        for at, kind in enumerate(kinds)
    )
    refused = (Candidate("/x", "x", ("GET",), "why"),)
    return replace(
        base,
        spans=(*base.spans, *more),
        view_args={"x": "x"},
        events=missing().events or _events(),
        routing=Routing("not_found", refused, others=1, near=("/y",), to="/z", allowed=("GET",)),
        leaks=(Leak("left", "a sentence", is_fault=True, culprit="who"),),
        label="label",
        marks=("exception", "x"),
        request=replace(base.request, body="body"),
        response=replace(base.response, body="body"),
    )


def _events() -> tuple[Any, ...]:
    from tests.trace.samples import cart

    return cart().events


def texts(value: Any) -> set[str]:
    """Return every text in *value*."""
    if is_dataclass(value):
        return set().union(*(texts(getattr(value, item.name)) for item in fields(value)))
    if type(value) is dict:
        return texts(tuple(value)) | texts(tuple(value.values()))
    if type(value) is tuple:
        return set().union(*map(texts, value)) if value else set()
    return {value} if type(value) is str else set()


def _poison(value: Any, keep: dict[str, set[str]], numbers: "count[int]") -> Any:
    if is_dataclass(value):
        name = type(value).__name__
        changed = {
            item.name: _poison(_something(getattr(value, item.name), item), keep, numbers)
            for item in fields(value)
            if item.name not in keep.get(name, set())
        }
        return replace(value, **changed)  # type: ignore[type-var]
    if type(value) is tuple:
        return tuple(_poison(item, keep, numbers) for item in value)
    if type(value) is dict:
        given = {key: _poison(item, keep, numbers) for key, item in value.items()}
        extra = next(iter(given.values()), "x")
        return given | {_poison("x", keep, numbers): extra}
    if type(value) is str:
        number = next(numbers)
        return f"{CORPUS[number % len(CORPUS)]} {number}"
    return value


def _something(value: Any, item: Any) -> Any:
    """Return *value*, or a text where there could be one."""
    return "x" if value is None and "str" in str(item.type) else value
