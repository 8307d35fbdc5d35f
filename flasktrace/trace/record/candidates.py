"""Why this route, and why none of the others."""

import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from flasktrace.trace.model import Candidate
from flasktrace.trace.record.describe import Describer, plain
from flasktrace.trace.record.near import Distance, suggestions
from flasktrace.trace.record.redact import without
from flasktrace.trace.record.rules import SeenRule, Segment, read_all, rules_of
from flasktrace.trace.record.walk import SLASH, Place, Reason, Walk, place_of

LIMIT = 20
"""Candidates that are told."""
MOST_RULES = 2000
"""Rules that the path is compared with."""

ONLY_BUILDS = "is only for building urls"
NOT_BELOW = "the host is not below "
OTHER_HOST = ("is for the host ", "is for the subdomain ", "is for no ")

_LONGEST_VALUE = 60
_NOT_BELOW = "<invalid>"
"""What werkzeug takes for the subdomain of a host that does not end in the server's name."""
_LATER = Reason("was not tried any more")
_TOO_LONG = Reason("was not gone through again, it would take too long")

_Ranked = list[tuple[float, SeenRule]]
_Shown = Callable[[str, str], str]


@dataclass(frozen=True, slots=True)
class Explanation:
    """How one match came out."""

    outcome: str
    """``matched``, ``redirect``, ``method``, ``websocket`` or ``none``."""
    chosen: Candidate | None
    """The rule that matched."""
    candidates: tuple[Candidate, ...]
    """First those whose parts all fit, in the order in which werkzeug tries them; then the others,
    the nearest first, and of those as near the one that werkzeug would try first."""
    others: int
    """How many rules are not among the candidates."""
    near: tuple[str, ...]
    """Urls and rules that were perhaps meant, the best first."""
    near_methods: tuple[tuple[str, ...], ...]
    """The methods that each of them takes."""
    secrets: tuple[str, ...]
    """Texts of the path that stand where a rule has a variable with the name of a secret."""


def explain(
    adapter: Any,
    path: str,
    method: str,
    *,
    websocket: bool,
    describe: Describer,
    limit: int = LIMIT,
    known: str | None = None,
) -> Explanation | None:
    """Return what the match of *path* by a ``MapAdapter`` comes to, and why.

    *known* is the outcome that werkzeug had, when it had no match: without it nobody can tell that
    a converter of the app has refused, since none is called. None when the adapter is not as we
    know it, or when the explanation would be that of another outcome.
    """
    place = place_of(adapter, path, method.upper(), websocket=websocket)
    if place is None:
        return None
    walk = Walk(place, known)
    if known is not None and walk.outcome != known:
        return None
    return _Teller(place, walk, describe).explanation(limit)


class _Teller:
    """Puts what a walk has found into words."""

    def __init__(self, place: Place, walk: Walk, describe: Describer) -> None:
        self.place = place
        self.walk = walk
        self.describe = describe
        self.distance = Distance(place, walk.path)
        every = rules_of(place.url_map)
        self.count = len(every)
        self.rules = read_all(every[:MOST_RULES])
        self.secrets: tuple[str, ...] = ()

    def explanation(self, limit: int) -> Explanation:
        ranked = self._ranked(limit)
        meant = self._meant(ranked)
        self.secrets = tuple(dict.fromkeys(self._secrets({id(rule.kept) for rule, _ in meant})))
        fitting = list(self.walk.notes.values())[:limit]
        left = [rule for _, rule in ranked[: limit - len(fitting)]]
        candidates = (
            *(self._candidate(note.rule, note.why) for note in fitting),
            *(self._candidate(rule, self._reason(rule)) for rule in left),
        )
        matched = self.walk.matched
        return Explanation(
            outcome=self.walk.outcome,
            chosen=None if matched is None else self._candidate(matched.rule, None),
            candidates=candidates,
            others=self.count - len(candidates),
            near=tuple(plain(self.describe.redactor.text(url)) for _, url in meant),
            near_methods=tuple(tuple(sorted(rule.methods or ())) for rule, _ in meant),
            secrets=self.secrets,
        )

    def _candidate(self, rule: SeenRule, why: Reason | None) -> Candidate:
        return Candidate(
            rule=self.describe.name(rule.text),
            endpoint=self.describe.name(rule.endpoint),
            methods=tuple(sorted(rule.methods or ())),
            refused=None if why is None else plain(why.told(self._shown)),
        )

    def _shown(self, value: str, name: str) -> str:
        """Return a text of the path as the reason has it."""
        # Secrets first, since half of one would not be known as such.
        text = self.describe(without(value, self.secrets), name)
        quote = text[0] if text[:1] in {"'", '"'} else ""
        return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…{quote}"

    # Which rules

    def _ranked(self, limit: int) -> _Ranked:
        """Return the nearest of the rules that do not fit."""
        left = (rule for rule in self.rules if id(rule.kept) not in self.walk.notes)
        measured = ((self.distance.to(rule), rule) for rule in left)
        nearest = heapq.nsmallest(2 * limit, measured, key=_far)
        return sorted(nearest, key=self._order)

    def _order(self, pair: tuple[float, SeenRule]) -> tuple[float, int, list[Any]]:
        """Return what rules that fit as badly are sorted by: those that begin as the path first."""
        far, rule = pair
        return far, -self.distance.beginning(rule), _weights(rule)

    def _meant(self, ranked: _Ranked) -> list[tuple[SeenRule, str]]:
        if self.walk.outcome == "method":  # the path is right: a rule that takes the method helps
            helps = (pair for pair in ranked if pair[1].is_for(self.place.method))
            ranked = [pair for pair in helps if pair[1].open_at is None]
        elif self.walk.outcome == "none":
            notes = self.walk.notes.values()
            ranked = [*((self.distance.to(note.rule), note.rule) for note in notes), *ranked]
        else:
            return []
        known = (pair for pair in ranked if self._has_known_host(pair[1]))
        return list(suggestions(self.distance, sorted(known, key=_far)))

    def _has_known_host(self, rule: SeenRule) -> bool:
        """Tell whether it can be said under which host a url of *rule* would be."""
        return rule.parts[0].static or self._of_host(rule) is None

    def _secrets(self, meant: Iterable[int]) -> Iterator[str]:
        """Yield the values of variables with secret names, in rules that fit or nearly do."""
        is_secret = self.describe.redactor.is_secret
        texts = {text for rule in self.rules for text in rule.shape.texts}
        for rule in self.rules:
            if not any(is_secret(name) for name in rule.shape.names):
                continue
            fits = id(rule.kept) in self.walk.notes
            if not (fits or id(rule.kept) in meant or self.distance.has_all_texts(rule)):
                continue
            for mine, theirs in self.distance.pairs(rule):
                secret = mine and any(is_secret(item.name) for item in mine.variables)
                # What the rules themselves say is no secret.
                if secret and theirs and (fits or theirs not in texts):
                    yield theirs

    # Why not

    def _reason(self, rule: SeenRule) -> Reason:
        """Return why *rule*, whose parts do not all fit, was refused."""
        return self._of_host(rule) or self._of_path(rule) or self._of_none(rule)

    def _of_none(self, rule: SeenRule) -> Reason:
        if rule.kept.get("build_only"):
            return Reason(ONLY_BUILDS)
        return _LATER if self.walk.ended else _TOO_LONG

    def _of_host(self, rule: SeenRule) -> Reason | None:
        part, host, by_host = rule.parts[0], self.place.host, self.place.by_host
        if part.content == host if part.static else self.walk.tried(part.content, host):
            return None
        if host == _NOT_BELOW and not by_host:
            return Reason(f"{NOT_BELOW}{self.place.server}, the server's name")
        what = "host" if by_host else "subdomain"
        name = rule.kept.get(what)
        if type(name) is str and name:
            return Reason(f"is for the {what} {self.describe.name(name)}")
        return Reason(f"is for no {what}")

    def _of_path(self, rule: SeenRule) -> Reason | None:
        left = self.walk.path.split("/")[1:]
        number = 0
        for number, (segment, part) in enumerate(rule.steps()):
            rest = left[number:]
            if rest in ([], [""]) and segment.text and not self._fits(part, rest):
                return _too_short(rule, number)
            fits = self._fits(part, rest)
            if not fits:
                return self._of_none(rule) if fits is None else self._unlike(segment, part, number)
            if part.final:
                return None
        return _too_long(left[number + 1 :])

    def _fits(self, part: Any, rest: list[str]) -> bool | None:
        """Tell whether *part* takes the first of *rest*; None when that was not tried."""
        if not rest:
            return False
        if part.static:
            return bool(rest[0] == part.content)
        return self.walk.tried(part.content, "/".join(rest) if part.final else rest[0])

    def _unlike(self, segment: Segment, part: Any, number: int) -> Reason:
        """Return how the segment *number* (from 0) of the path differs from *segment*."""
        rest = self.walk.path.split("/")[1:][number:]
        text = "/".join(rest) if part.final else rest[0] if rest else ""
        if not segment.text:
            return Reason("the path goes on with ", "/".join(rest)) if rest else SLASH
        if part.static:
            same = text.casefold() == segment.text.casefold()
            after = f", not {segment.text!r}" + (": capitals count" if same else "")
            return Reason(f"segment {number + 1} is ", text, after)
        name = self._name(segment)
        if segment.alone is not None:
            return Reason(f"the {segment.alone.converter} converter does not take ", text, "", name)
        before = f"segment {number + 1} is " if not part.final else "the rest of the path is "
        return Reason(before, text, f", which does not fit {segment.text!r}", name)

    def _name(self, segment: Segment) -> str:
        """Return the name of a value in *segment*, a secret one if there is any."""
        names = [item.name for item in segment.variables]
        return next((name for name in names if self.describe.redactor.is_secret(name)), names[0])


def _too_short(rule: SeenRule, number: int) -> Reason:
    """Return that the path has nothing for the segment *number* (from 0) of *rule*."""
    left = "/" + "/".join(segment.text for segment in rule.segments[number:])
    where = f"after segment {number}" if number else "at its first slash"
    return Reason(f"the path ends {where}, the rule goes on with {left!r}")


def _too_long(rest: list[str]) -> Reason | None:
    """Return that the path has *rest* behind all that the rule has."""
    if not rest:
        return None
    if rest == [""]:
        return Reason("has no slash at its end")
    return Reason("the path goes on with ", "/" + "/".join(rest))


def _far(pair: tuple[float, SeenRule]) -> float:
    return pair[0]


def _weights(rule: SeenRule) -> list[Any]:
    """Return what werkzeug sorts by: fixed text first, then the heavier patterns."""
    return [(not part.static, part.weight) for part in rule.parts]
