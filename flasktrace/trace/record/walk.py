"""A match of werkzeug's gone through once more, with notes on the rules that it comes to."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from flasktrace.trace.record.describe import attributes_of
from flasktrace.trace.record.rules import (
    LONGEST,
    OWN_CONVERTERS,
    SeenRule,
    converted,
    merged,
    read,
    rules_of,
)

MOST_PATTERNS = 200
"""Patterns that are tried; Python may have to compile each of them anew."""

_LINEAR = frozenset(
    rf"(?P<__werkzeug_0>{regex})\Z"
    for regex in ("[^/]+", "[^/]{1,}", r"\d+", r"\d+\.\d+", "[^/].*?")
)
"""Patterns that no text is too long for."""
_GROUP = "__werkzeug_"
_ALWAYS = frozenset({"HEAD", "OPTIONS"})
_PLAIN = frozenset({str, int, float, bool, type(None)})
_UNKNOWN = object()


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a rule was refused: a sentence with one value of the path in it."""

    before: str
    value: str | None = None
    after: str = ""
    name: str = ""
    """The name of the variable that would have had the value."""

    def told(self, shown: Callable[[str, str], str]) -> str:
        """Return the sentence; *shown* makes a text of value and name."""
        value = "" if self.value is None else shown(self.value, self.name)
        return f"{self.before}{value}{self.after}"


SLASH = Reason("needs a slash at its end")
IS_WEBSOCKET = "is a websocket rule"
REDIRECTS = ("takes the path when two slashes are one", "is an alias, ", "redirects to ")
"""How the reasons of rules begin that redirect, beside `SLASH`."""


@dataclass(frozen=True, slots=True)
class Place:
    """What is matched with what."""

    url_map: dict[str, Any]
    """The attributes of the map."""
    root: Any
    """The first state of werkzeug's matcher."""
    merges: bool
    host: str
    """What the host part of a rule is compared with: the host, or the subdomain."""
    by_host: bool
    """Whether rules have hosts, not subdomains."""
    server: str
    path: str
    method: str
    websocket: bool


def place_of(adapter: Any, path: str, method: str, *, websocket: bool) -> Place | None:
    """Return what a ``MapAdapter`` would compare; None when it is not as we know it."""
    kept = attributes_of(adapter)
    url_map = attributes_of(kept.get("map"))
    matcher = attributes_of(url_map.get("_matcher"))
    server, host = kept.get("server_name"), kept.get("subdomain")
    by_host = bool(url_map.get("host_matching"))
    if by_host or host is None:
        host = server
    if "_root" not in matcher or type(server) is not str or type(host) is not str:
        return None
    return Place(
        url_map=url_map,
        root=matcher["_root"],
        merges=bool(matcher.get("merge_slashes")),
        host=host,
        by_host=by_host,
        server=server,
        path=f"/{path.lstrip('/')}" if path else "",
        method=method,
        websocket=websocket,
    )


@dataclass(slots=True)
class Note:
    """A rule whose parts all fit."""

    rule: SeenRule
    why: Reason | None
    """None: it matched."""


@dataclass(frozen=True, slots=True)
class _Found:
    """Where the search ends: by a rule that takes the path, perhaps with a slash more."""

    note: Note
    values: list[str]


class Walk:
    """One match; `outcome` is ``matched``, ``redirect``, ``method``, ``websocket`` or ``none``."""

    def __init__(self, place: Place, known: str | None) -> None:
        self.place = place
        #: The outcome that werkzeug had, None when that is not known.
        self.known = known
        #: The path at last, when double slashes were merged on the way.
        self.path = place.path
        #: The rules that fit, in the order in which they are tried, by the id of their attributes.
        self.notes: dict[int, Note] = {}
        #: The patterns that were tried, each with the text.
        self.patterns: dict[tuple[str, str], re.Match[str] | None] = {}
        #: Whether the search was over before all rules had their turn.
        self.ended = False
        self._other_method = self._other_protocol = False
        self.outcome = self._outcome()

    @property
    def matched(self) -> Note | None:
        """The rule that matched."""
        notes = self.notes.values() if self.outcome == "matched" else ()
        return next((note for note in notes if note.why is None), None)

    def tried(self, pattern: str, text: str) -> bool | None:
        """Return whether *pattern* took *text*; None when it was not tried."""
        match = self.patterns.get((pattern, text), _UNKNOWN)
        return None if match is _UNKNOWN else match is not None

    # What comes of what was found

    def _outcome(self) -> str:
        found = self._search()
        shorter = merged(self.path)
        if found is None and self.place.merges and shorter != self.path:
            self.path = shorter
            found = self._search()
            if found is not None and found.note.why is None:
                return self._merged(found.note)
        if found is None:
            return self._failed()
        self.ended = True
        return "redirect" if found.note.why else self._finished(found)

    def _merged(self, note: Note) -> str:
        if note.rule.kept.get("merge_slashes") is False:
            note.why = Reason("does not take two slashes for one")
            return self._failed()
        note.why = Reason(REDIRECTS[0])
        return "redirect"

    def _failed(self) -> str:
        if self._other_method:
            return "method"
        return "websocket" if self._other_protocol else "none"

    def _finished(self, found: _Found) -> str:
        rule, note = found.note.rule, found.note
        values: dict[str, Any] = {}
        for (name, converter), text in zip(
            list(rule.converters.items()), found.values, strict=False
        ):
            values[name] = _UNKNOWN
            if type(converter) in OWN_CONVERTERS:
                fits, values[name] = converted(converter, text)
                if not fits:
                    return self._ended(note, Reason(_the(rule, name), text, _AT_ONCE, name))
        foreign = [name for name, value in values.items() if value is _UNKNOWN]
        if foreign and self.known in {"none", "method", "websocket"}:
            return self._ended(note, _by_the_app(rule, foreign, values, found.values))
        note.why = self._redirected(rule, values)
        return "matched" if note.why is None else "redirect"

    def _ended(self, note: Note, why: Reason) -> str:
        note.why = why
        return self._failed()

    def _redirected(self, rule: SeenRule, values: dict[str, Any]) -> Reason | None:
        to_defaults = self.place.url_map.get("redirect_defaults")
        if rule.kept.get("alias") and to_defaults:
            return Reason("is an alias, which redirects to the rule of its endpoint")
        other = _with_defaults(self.place, rule, values) if to_defaults else None
        if other is not None:
            return Reason(f"redirects to {other.text}, which has these values as defaults")
        target = rule.kept.get("redirect_to")
        if target is not None:
            where = target if type(target) is str else "where its function says"
            return Reason(f"redirects to {where}")
        if self.known == "redirect" and _UNKNOWN in values.values():
            return Reason("redirects to another rule of its endpoint")
        return None

    # The state machine

    def _search(self) -> _Found | None:
        return self._visit(self.place.root, [self.place.host, *self.path.split("/")], [])

    def _visit(self, state: Any, parts: list[str], values: list[str]) -> _Found | None:
        if not parts:
            return self._at_the_end(state, values)
        following = state.static.get(parts[0])
        found = self._visit(following, parts[1:], values) if following is not None else None
        found = found or self._dynamic(state, parts, values)
        if found is None and parts == [""]:
            return self._first(
                (rule for rule in _seen(state) if not rule.kept.get("strict_slashes")), values
            )
        return found

    def _dynamic(self, state: Any, parts: list[str], values: list[str]) -> _Found | None:
        rest, whole = parts[1:], "/".join(parts) if state.dynamic else ""
        for part, following in state.dynamic:
            match = self._try(part.content, whole if part.final else parts[0])
            if match is None:
                continue
            left = [] if part.final else rest
            if part.suffixed and match.groups()[-1] == "/":
                left = [""]
            found = self._visit(following, left, [*values, *_values(match)])
            if found is not None:
                return found
        return None

    def _try(self, pattern: str, text: str) -> re.Match[str] | None:
        """Try a pattern on the text that werkzeug has tried it on, once."""
        key = pattern, text
        if key in self.patterns:
            return self.patterns[key]
        if len(self.patterns) >= MOST_PATTERNS:
            return None
        if len(text) > LONGEST and pattern not in _LINEAR:
            return None
        self.patterns[key] = match = re.compile(pattern).match(text)
        return match

    def _at_the_end(self, state: Any, values: list[str]) -> _Found | None:
        found = self._first(_seen(state), values)
        return found or self._with_a_slash(state.static.get(""), values)

    def _first(self, rules: Iterable[SeenRule], values: list[str]) -> _Found | None:
        for rule in rules:
            if not rule.is_for(self.place.method):
                self._other_method = True
            elif _is_websocket(rule) is not self.place.websocket:
                self._other_protocol = True
            else:
                return _Found(self._note(rule, None), values)
            self._note(rule, self._refused(rule))
        return None

    def _with_a_slash(self, state: Any, values: list[str]) -> _Found | None:
        """Look for a rule that takes the path with a slash at its end."""
        for rule in _seen(state) if state is not None else ():
            why = self._refused(rule)
            if why is None:
                strict = rule.kept.get("strict_slashes")
                return _Found(self._note(rule, SLASH if strict else None), values)
            self._note(rule, Reason(f"{SLASH.before}, and {why.before}"))
        return None

    def _refused(self, rule: SeenRule) -> Reason | None:
        """Return why *rule*, which fits the path, does not take the request."""
        if not rule.is_for(self.place.method):
            return Reason(f"is only for {_listed(rule.methods or ())}")
        if _is_websocket(rule) is self.place.websocket:
            return None
        return Reason("is no websocket rule" if self.place.websocket else IS_WEBSOCKET)

    def _note(self, rule: SeenRule, why: Reason | None) -> Note:
        note = self.notes.setdefault(id(rule.kept), Note(rule, why))
        note.why = why
        return note


_AT_ONCE = ", and no rule is tried after that"


def _the(rule: SeenRule, name: str) -> str:
    return f"the {_converter(rule, name)} converter does not take "


def _converter(rule: SeenRule, name: str) -> str:
    """Return the converter of a variable as the rule has it."""
    for segment in rule.segments:
        for variable in segment.variables:
            if variable.name == name:
                return variable.converter
    return "host's"


def _by_the_app(
    rule: SeenRule, foreign: list[str], values: dict[str, Any], texts: list[str]
) -> Reason:
    """Return the reason when the app's own converters are the only ones that can have refused."""
    if len(foreign) == 1:
        text = texts[list(values).index(foreign[0])]
        return Reason(_the(rule, foreign[0]), text, _AT_ONCE, foreign[0])
    names = " or ".join(dict.fromkeys(_converter(rule, name) for name in foreign))
    return Reason(f"a converter ({names}) does not take its value{_AT_ONCE}")


def _with_defaults(place: Place, rule: SeenRule, values: dict[str, Any]) -> SeenRule | None:
    """Return the rule of the same endpoint that has *values* as its defaults."""
    for item in rules_of(place.url_map):
        other = read(item)
        if other is None or not _is_same(other.endpoint, rule.endpoint):
            continue
        if other.kept is rule.kept:
            return None
        if (
            not other.kept.get("build_only")
            and other.is_for(place.method)
            and other.kept.get("arguments") == rule.kept.get("arguments")
            and other.kept.get("_trace") != rule.kept.get("_trace")
            and _are_defaults(other, values, rule.kept.get("defaults"))
        ):
            return other
    return None


def _are_defaults(rule: SeenRule, values: dict[str, Any], own: Any) -> bool:
    """Tell whether *rule* is built from *values* without saying any of its defaults.

    *own* are the defaults of the rule that matched; they are values too.
    """
    defaults = rule.kept.get("defaults")
    if type(defaults) is not dict or not defaults:
        return False
    known = {**values, **(own if type(own) is dict else {})}
    return all(key in known and _is_same(known[key], value) for key, value in defaults.items())


def _is_same(one: Any, other: Any) -> bool:
    """Compare without calling ``==`` of a class of the app."""
    plain = type(one) in _PLAIN and type(other) in _PLAIN
    return one is other or (plain and bool(one == other))


def _seen(state: Any) -> Iterator[SeenRule]:
    for rule in list(state.rules):
        seen = read(rule)
        if seen is not None:
            yield seen


def _is_websocket(rule: SeenRule) -> bool:
    return bool(rule.kept.get("websocket"))


def _values(match: re.Match[str]) -> list[str]:
    found = [name for name in match.groupdict() if name.startswith(_GROUP)]
    return [match[name] for name in sorted(found, key=lambda name: int(name[len(_GROUP) :]))]


def _listed(methods: Iterable[str]) -> str:
    """Return methods in one line, without those that come with any other."""
    shown = sorted(methods)
    return ", ".join([name for name in shown if name not in _ALWAYS] or shown) or "no method"
