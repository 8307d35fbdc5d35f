"""Tells which of how many hooks each one was, and why it ran there."""

from collections.abc import Sequence

from flasktrace.trace.record.calls import OF_A_COPY
from flasktrace.trace.record.roster import Roster
from flasktrace.trace.record.story import OpenSpan, Story

Scope = str | None
Due = list[tuple[Scope, int, int, int]]
"""For each hook in the order of the run: scope, address, its number and how many the scope has."""

Ranks = dict[tuple[str, int], list[tuple[str, str]]]
"""Kind and address of a hook to the order and the reason of each of its runs."""

_REVERSED = {"after_request", "teardown_request", "teardown_appcontext"}
_FIXED = {
    "after_this_request": "of this request alone, before the other after-hooks",
    "session_open": "before match and hooks",
    "session_save": "after the after-hooks",
}

_MOST = 100
"""Orders of hooks that are remembered."""

_known: dict[tuple[int, str], tuple[Roster, Ranks]] = {}
"""Address of a roster and the blueprint of a request to what `_ranks` makes of them."""


def rank(story: Story) -> None:
    """Put ``order`` and ``why`` down with the spans of hooks."""
    blueprint = str(story.recording.routing.get("endpoint") or "").rpartition(".")[0]
    ranks = _ranks_of(story.recording.roster, blueprint)
    seen: dict[tuple[str, int], int] = {}
    for address, made in story.called:
        if made.attributes.get("why") == OF_A_COPY:
            continue
        key = made.kind, address
        told = ranks.get(key)
        if told is not None:
            before = seen.get(key, 0)
            made.attributes["order"], made.attributes["why"] = told[before % len(told)]
            seen[key] = before + 1
        elif made.kind in _FIXED:
            made.attributes["why"] = _FIXED[made.kind]
    _number([made for _, made in story.called if made.kind == "after_this_request"])


def _ranks_of(roster: Roster | None, blueprint: str) -> Ranks:
    if not roster:
        return {}
    known = _known.get((id(roster), blueprint))
    if known is not None:
        return known[1]
    if len(_known) >= _MOST:
        _known.clear()
    ranks = _ranks(roster, _scopes(blueprint))
    _known[id(roster), blueprint] = roster, ranks
    return ranks


def _ranks(roster: Roster, scopes: Sequence[Scope]) -> Ranks:
    ranks: Ranks = {}
    for kind, table in roster.items():
        due = _due(kind, table, scopes)
        for place, item in enumerate(due):
            told = f"{place + 1} of {len(due)}", _why(kind, due, place)
            ranks.setdefault((kind, item[1]), []).append(told)
    return ranks


def _scopes(blueprint: str) -> list[Scope]:
    """Return the app's scope and those of the blueprints of the request, the outer ones first."""
    parts = blueprint.split(".") if blueprint else []
    return [None, *(".".join(parts[: end + 1]) for end in range(len(parts)))]


def _due(kind: str, table: dict[Scope, tuple[int, ...]], scopes: Sequence[Scope]) -> Due:
    """Return the hooks of *kind* in the order in which they run."""
    found = [
        (scope, address, number, len(table[scope]))
        for scope in scopes
        if scope in table
        for number, address in enumerate(table[scope], 1)
    ]
    if kind not in _REVERSED:
        return found
    # Of each scope the last registered first, and the app's after those of the blueprints.
    return found[::-1]


def _why(kind: str, due: Due, place: int) -> str:
    scope, _, number, count = due[place]
    told = _whose(scope)
    if len(due) == 1:
        return "the only one" if scope is None else f"{told}, the only one"
    before = [item[0] for item in due[:place] if item[0] != scope]
    after = [item[0] for item in due[place:] if item[0] != scope]
    if before:
        told += f", after {_those_of(before[-1])}"
    elif after:
        told += f", before {_those_of(after[0])}"
    if count > 1 and kind in _REVERSED:
        told += f", in reverse: registered {_ordinal(number)} of {count}"
    return told


def _whose(scope: Scope) -> str:
    return "the app's" if scope is None else f"blueprint {scope}"


def _those_of(scope: Scope) -> str:
    return "the app's" if scope is None else f"those of blueprint {scope}"


def _ordinal(number: int) -> str:
    tens, ones = number % 100 // 10, number % 10
    ending = "th" if tens == 1 else {1: "st", 2: "nd", 3: "rd"}.get(ones, "th")
    return f"{number}{ending}"


def _number(spans: Sequence[OpenSpan]) -> None:
    for number, made in enumerate(spans, 1):
        made.attributes["order"] = f"{number} of {len(spans)}"
