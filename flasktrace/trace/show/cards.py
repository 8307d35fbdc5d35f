"""The context stack at one stage, as cards with their changes marked."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from flasktrace.trace.model import STAGES, Card, Change, Snapshot, Stage, Trace
from flasktrace.trace.show import words

_ORDER = ("g", "session", "flashes", "request", "url_adapter")
"""What the app's authors put there comes first."""
_OF_REQUESTS = frozenset({"request", "session", "flashes"})
_TWO_KINDS = re.compile(r"flask 3\.[01]\b")
"""The host that pushes an app context, with ``g`` alone to look at, below that of the request."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of a section."""

    key: str
    value: str
    state: str
    """``same``, ``set``, ``changed`` or ``removed``: by this stage."""
    before: str | None
    author: str
    """Empty when the key stayed as it was."""
    at_ns: int | None = None
    """When it was done: the walk through the spans of a stage shows what was there by then."""
    span: int | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """One part of a context, such as ``g`` or ``session``."""

    name: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Drawn:
    """One context of the stack."""

    kind: str
    name: str
    depth: int
    """0 at the bottom."""
    sections: tuple[Section, ...]
    changed: int
    """How many keys this stage touched."""


@dataclass(frozen=True, slots=True)
class Stack:
    """The context stack at the end of a stage."""

    as_of: str | None
    """The earlier stage whose end it is, when this one did not run; None when it did."""
    known: bool
    """False when no stage up to here gave a snapshot."""
    cards: tuple[Drawn, ...]
    """Top of the stack first."""


def stack(trace: Trace, name: str) -> Stack:
    """Return the stack at the end of the stage *name*; ``body`` comes after all of them."""
    stages = {stage.name: stage for stage in trace.stages}
    earlier = STAGES[: STAGES.index(name) + 1] if name in STAGES else STAGES
    for place in reversed(earlier):
        stage = stages.get(place)
        if stage and stage.snapshot:
            changes = stage.changes if place == name else ()
            wanted = {change.span for change in changes}
            ends = {s.id: s.start_ns + s.duration_ns for s in trace.spans if s.id in wanted}
            cards = tuple(reversed([*_cards(trace, stage, stage.snapshot, _timed(changes, ends))]))
            return Stack(None if place == name else place, known=True, cards=cards)
    return Stack(None, known=False, cards=())


def foreign(trace: Trace, card: Card) -> frozenset[str]:
    """Return the sections that a context such as *card* never has, so that empty says nothing."""
    two = _TWO_KINDS.match(trace.host) is not None
    if card.kind == "app":
        return _OF_REQUESTS | {"url_adapter"} if two else _OF_REQUESTS
    return frozenset({"g"}) if two else frozenset()


def _cards(
    trace: Trace, stage: Stage, snapshot: Snapshot, changes: Iterable[Change]
) -> Iterator[Drawn]:
    # Popping a context is no change of each of its keys, whatever was on it.
    marks = {} if stage.name == "pop" and not snapshot.cards else _by_key(changes)
    for depth, card in enumerate(snapshot.cards):
        own = {key[1:]: change for key, change in marks.items() if key[0] == depth}
        sections = tuple(_sections(card, own, foreign(trace, card)))
        yield Drawn(card.kind, card.name, depth, sections, len(own))


def _timed(changes: Iterable[Change], ends: dict[int, int]) -> Iterator[Change]:
    """Yield the changes at the end of the span that made them: the look came just after it."""
    for change in changes:
        end = change.at_ns if change.span is None else ends.get(change.span, change.at_ns)
        yield replace(change, at_ns=min(change.at_ns, end))


def _by_key(changes: Iterable[Change]) -> dict[tuple[int, str, str], Change]:
    """Return the last change of each key."""
    return {(change.depth, change.section, change.key): change for change in changes}


def _sections(
    card: Card, marks: dict[tuple[str, str], Change], foreign: frozenset[str]
) -> Iterator[Section]:
    names = dict.fromkeys([*_ORDER, *card.sections, *(section for section, _ in marks)])
    for name in names:
        entries = tuple(_entries(card.sections.get(name, {}), name, marks))
        if entries or (name in card.sections and name not in foreign):
            yield Section(name, entries)


def _entries(
    values: dict[str, str], section: str, marks: dict[tuple[str, str], Change]
) -> Iterator[Entry]:
    for key, value in values.items():
        change = marks.get((section, key))
        yield _marked(change, value) if change else Entry(key, value, "same", None, "")
    for (place, key), change in marks.items():
        if place == section and key not in values and change.after is None:
            yield _marked(change, change.before or "")


def _marked(change: Change, value: str) -> Entry:
    verb = words.change_verb(change)
    before = change.before if verb == "changed" else None
    author = words.change_author(change)
    return Entry(change.key, value, verb, before, author, change.at_ns, change.span)
