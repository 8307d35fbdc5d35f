"""How far a path is from a rule, and which urls were perhaps meant."""

from collections.abc import Iterable, Iterator
from itertools import takewhile, zip_longest

from flasktrace.trace.record.rules import SeenRule, Segment, takes
from flasktrace.trace.record.walk import Place

NEAR = 1.0
"""How far a rule may be that was perhaps meant: one segment more or less, or a few letters."""
MOST = 3
"""How many are told."""

_UNLIKE = 1.5
_MISSING = 1.0
_BEGINNING = 0.6
_REFUSED = 0.5
_UNSURE = 0.6
_OTHER_CASE = 0.2
_OTHER_METHOD = 0.2
_OTHER_SLASH = 0.1
_PERHAPS = 0.1
_ELSEWHERE = 1.0
_LONGEST_NAME = 60
_LONGEST_URL = 200
_SHORTEST_BEGINNING = 3
_MOST_LETTERS = 3
_MOST_MISSING = 2
_MOST_COMPARED = 300
"""Texts that are compared letter by letter."""

Pair = tuple[Segment | None, str | None]
"""A segment of the rule and the one of the path in its place; None where one has none."""


class Distance:
    """Measures how far rules are from *path* at *place*, 0 being there."""

    def __init__(self, place: Place, path: str) -> None:
        self.place = place
        self.path = path.split("/")[1:]
        self.slash = self.path[-1:] == [""]
        self.bare = self.path[:-1] if self.slash else self.path
        self._costs: dict[str, dict[str, float]] = {}
        self._compared = 0

    def to(self, rule: SeenRule) -> float:
        """Return how far *rule* is."""
        kept, place, shape = rule.kept, self.place, rule.shape
        first, open_at = rule.parts[0], rule.open_at
        far = 0.0 if rule.is_for(place.method) else _OTHER_METHOD
        if (first.static and first.content != place.host) or kept.get("build_only"):
            far += _ELSEWHERE
        if bool(kept.get("websocket")) is not place.websocket:
            far += _ELSEWHERE
        if open_at is not None:
            return far + self._to_open(rule, open_at)
        if shape.slash is not self.slash:
            far += _OTHER_SLASH
        return far + self._between(rule, len(shape.texts), self.bare)

    def _to_open(self, rule: SeenRule, at: int) -> float:
        """Return how far a rule is that takes the rest of the path as one segment."""
        texts, left = rule.shape.texts, self.bare[at:]
        if not left:
            return _MISSING + self._between(rule, at, self.bare)
        last = rule.segments[len(texts) - 1]
        ends = _may_take(rule, last, "/".join(left)) if last.variables else left[-1] == texts[-1]
        before = self._between(rule, at, self.bare[:at])
        # Since it takes any rest, only what stands before that tells whether it was meant.
        return before + (0.0 if ends else _REFUSED) + (_UNSURE if before else 0.0)

    def _between(self, rule: SeenRule, count: int, theirs: list[str]) -> float:
        """Return how far the first *count* segments of *rule* are from *theirs*."""
        missing = abs(count - len(theirs))
        if missing > _MOST_MISSING:
            return _MISSING * missing + self._cost(rule, 0, theirs[0] if theirs else "")
        low, high = self._ends(rule, count, theirs) if missing else (0, 0)
        far = _MISSING * missing
        mine = rule.shape.texts
        for number in range(low, min(count, len(theirs)) - high):
            if mine[number] != theirs[number]:
                far += self._cost(rule, number, theirs[number])
        return far

    def pairs(self, rule: SeenRule) -> list[Pair]:
        """Return the segments of *rule* beside those of the path."""
        at = rule.open_at
        count = len(rule.shape.texts) if at is None else at
        mine, theirs = rule.segments[:count], self.bare[:at]
        _, high = self._ends(rule, count, theirs)
        there, here = len(theirs) - high, count - high
        found: list[Pair] = list(zip_longest(mine[:here], theirs[:there]))
        found += zip(mine[here:], theirs[there:], strict=True)
        if at is not None:
            segment, _part = list(rule.steps())[-1]
            found.append((segment, "/".join(self.bare[at:]) or None))
        return found

    def beginning(self, rule: SeenRule) -> int:
        """Return how many segments at the beginning of *rule* are fixed and those of the path."""
        texts = rule.shape.texts
        pairs = zip(rule.segments, texts, self.path, strict=False)
        same = (not mine.variables and text == theirs for mine, text, theirs in pairs)
        return len(list(takewhile(bool, same)))

    def is_like(self, rule: SeenRule) -> bool:
        """Tell whether any fixed text of *rule* is like what the path has in its place."""
        return any(
            mine is not None
            and theirs is not None
            and mine.text
            and not mine.variables
            and could_be(mine.text, theirs)
            and unlike(mine.text, theirs) < _UNLIKE
            for mine, theirs in self.pairs(rule)
        )

    def has_all_texts(self, rule: SeenRule) -> bool:
        """Tell whether the path has every fixed text of *rule* in its place, and one at least."""
        texts = [pair for pair in self.pairs(rule) if pair[0] and not pair[0].variables]
        return bool(texts) and all(mine and mine.text == theirs for mine, theirs in texts)

    def url(self, rule: SeenRule) -> str:
        """Return the url that *rule* would take, with the values of the path if they fit."""
        pairs = self.pairs(rule)
        values = [_filled(rule, mine, theirs) for mine, theirs in pairs if mine is not None]
        end = "/" if rule.text.endswith("/") and values else ""
        url = "/" + "/".join(value or "" for value in values) + end
        fits = None not in values and len(url) <= _LONGEST_URL
        return self._host(rule) + (url if fits else rule.text)

    def _host(self, rule: SeenRule) -> str:
        """Return ``//host`` when *rule* is for another host."""
        first, place = rule.parts[0], self.place
        if not first.static or first.content == place.host:
            return ""
        if place.by_host or not first.content:
            return f"//{first.content or place.server}"
        return f"//{first.content}.{place.server}"

    def _ends(self, rule: SeenRule, count: int, theirs: list[str]) -> tuple[int, int]:
        """Return how many segments fit at the beginning, and how many of the others at the end."""
        most = min(count, len(theirs))
        low = 0
        while low < most and not self._cost(rule, low, theirs[low]):
            low += 1
        high = 0
        while high < most - low and not self._cost(rule, count - 1 - high, theirs[-1 - high]):
            high += 1
        return low, high

    def _cost(self, rule: SeenRule, number: int, text: str) -> float:
        """Return how far the segment *number* of *rule* is from *text*."""
        mine = rule.shape.texts[number] if number < len(rule.shape.texts) else ""
        if mine == text:
            return 0.0
        costs = self._costs.setdefault(text, {})
        known = costs.get(mine)
        if known is None:
            costs[mine] = known = self._new_cost(rule, number, text)
        return known

    def _new_cost(self, rule: SeenRule, number: int, text: str) -> float:
        segment = rule.segments[number]
        if segment.variables:
            found = takes(rule, segment, text)
            return _PERHAPS if found is None else 0.0 if found else _REFUSED
        if not could_be(segment.text, text):
            return _UNLIKE
        self._compared += 1
        return unlike(segment.text, text) if self._compared <= _MOST_COMPARED else _UNLIKE


def _may_take(rule: SeenRule, segment: Segment, text: str) -> bool:
    """Tell whether a segment with variables may take *text*."""
    if segment.alone is None:  # there is fixed text around them
        return text.startswith(segment.text.partition("<")[0])
    return takes(rule, segment, text) is not False


def suggestions(
    distance: Distance, ranked: Iterable[tuple[float, SeenRule]]
) -> Iterator[tuple[SeenRule, str]]:
    """Yield the rules that were perhaps meant, each with a url; *ranked* has the nearest first."""
    told = {"/" + "/".join(distance.path)}
    for far, rule in ranked:
        if far > NEAR or len(told) > MOST:
            return
        if rule.kept.get("build_only") or not distance.is_like(rule):
            continue
        url = distance.url(rule)
        if url not in told:
            told.add(url)
            yield rule, url


def could_be(one: str, other: str) -> bool:
    """Tell whether it is worth while to compare two texts: they begin or end alike."""
    if not (one and other) or len(one) > _LONGEST_NAME or len(other) > _LONGEST_NAME:
        return False
    return one[0].lower() == other[0].lower() or one[-1].lower() == other[-1].lower()


def unlike(one: str, other: str) -> float:
    """Return how much two texts differ, 0 when they do not."""
    if one == other:
        return 0.0
    longest = max(len(one), len(other))
    one, other = one.casefold(), other.casefold()
    if one == other:
        return _OTHER_CASE
    most = min(max(longest // 3, 1), _MOST_LETTERS)
    letters = _letters(one, other) if abs(len(one) - len(other)) <= most else most + 1
    if letters <= most and letters < longest:
        return _OTHER_CASE + 0.8 * letters / longest
    shortest = min(len(one), len(other))
    same = one[:shortest] == other[:shortest] and shortest >= _SHORTEST_BEGINNING
    return _BEGINNING if same else _UNLIKE


def _letters(one: str, other: str) -> int:
    """Return how many letters have to be put in, taken out, replaced or swapped."""
    one, other = _without_ends(one, other)
    before: list[int] = []
    row = list(range(len(other) + 1))
    for y, mine in enumerate(one, 1):
        before, above, row = row, before, [y]
        for x, theirs in enumerate(other, 1):
            best = min(before[x] + 1, row[x - 1] + 1, before[x - 1] + (mine != theirs))
            if x > 1 and y > 1 and mine == other[x - 2] and one[y - 2] == theirs:
                best = min(best, above[x - 2] + 1)
            row.append(best)
    return row[-1]


def _without_ends(one: str, other: str) -> tuple[str, str]:
    """Return two texts without what they begin and end with alike."""
    low, most = 0, min(len(one), len(other))
    while low < most and one[low] == other[low]:
        low += 1
    high = 0
    while high < most - low and one[-1 - high] == other[-1 - high]:
        high += 1
    return one[low : len(one) - high], other[low : len(other) - high]


def _filled(rule: SeenRule, segment: Segment | None, text: str | None) -> str | None:
    """Return what stands in the url for *segment*; None when it cannot be told."""
    if segment is None or not segment.variables:
        return None if segment is None else segment.text
    return text if text is not None and takes(rule, segment, text) else None
