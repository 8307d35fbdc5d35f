"""What can be told of werkzeug's rules without running code of the app.

Attributes are read past what a class of the app may define, and of converters only those of
werkzeug itself are asked.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from werkzeug.routing.converters import DEFAULT_CONVERTERS

from flasktrace.trace.record.describe import attributes_of

OWN_CONVERTERS = frozenset(DEFAULT_CONVERTERS.values())
"""The classes whose methods are werkzeug's, not the app's."""

LONGEST = 200
"""Characters of a text that any pattern is tried on; three ``.*?`` take the cube of it."""

_VARIABLE = re.compile(r"<(?:([a-zA-Z_]\w*)(?:\((.*?)\))?:)?([a-zA-Z_]\w*)>", re.ASCII)
_SLASHES = re.compile("/{2,}")


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of a rule."""

    name: str
    converter: str
    """As the rule has it, ``int(min=1)``; ``string`` when it names none."""


@dataclass(frozen=True, slots=True)
class Segment:
    """What stands between two slashes of a rule."""

    text: str
    variables: tuple[Variable, ...] = ()

    @property
    def alone(self) -> Variable | None:
        """The variable, when the segment is nothing else."""
        alone = len(self.variables) == 1 and _VARIABLE.fullmatch(self.text)
        return self.variables[0] if alone else None


@dataclass(frozen=True, slots=True)
class Shape:
    """The text of a rule, taken apart."""

    segments: tuple[Segment, ...]
    """What stands between its slashes; the last one is empty when it ends in a slash."""
    texts: tuple[str, ...]
    """Those of the segments, without the empty one at the end."""
    slash: bool
    """Whether it ends in a slash."""
    names: tuple[str, ...]
    """Of the variables."""
    fixed: bool
    """Whether it has no variables."""


class SeenRule:
    """A rule of a map, as far as it is plain data."""

    __slots__ = ("kept", "shape", "text")

    def __init__(self, text: str, kept: dict[str, Any]) -> None:
        self.text = text
        #: The attributes of the rule itself.
        self.kept = kept
        self.shape = _shape(text, merges=bool(kept.get("merge_slashes")))

    @property
    def endpoint(self) -> Any:
        """Whatever the app has given; a text nearly always."""
        return self.kept.get("endpoint")

    @property
    def methods(self) -> frozenset[str] | set[str] | None:
        """The methods it takes; None for all."""
        methods = self.kept.get("methods")
        return methods if type(methods) in {set, frozenset} else None

    @property
    def parts(self) -> list[Any]:
        """What werkzeug's matcher tries one after the other: the host, then the segments."""
        parts: list[Any] = self.kept["_parts"]
        return parts

    @property
    def converters(self) -> dict[str, Any]:
        """The converters by the names of their variables."""
        converters = self.kept.get("_converters")
        return converters if type(converters) is dict else {}

    @property
    def segments(self) -> tuple[Segment, ...]:
        """What stands between its slashes; the last one is empty when it ends in a slash."""
        return self.shape.segments

    @property
    def open_at(self) -> int | None:
        """Index of the segment from which on the rest of the path is taken as one; else None."""
        if self.shape.fixed:
            return None
        # The first two parts are the host and the nothing before the first slash.
        for number, part in enumerate(self.parts[2:]):
            if part.final:
                return number
        return None

    def is_for(self, method: str) -> bool:
        """Tell whether it takes *method*."""
        return self.methods is None or method in self.methods

    def steps(self) -> Iterator[tuple[Segment, Any]]:
        """Yield each segment, as the rule has it, with the part that werkzeug tries for it."""
        for number, (segment, part) in enumerate(zip(self.segments, self.parts[2:], strict=False)):
            if part.final:
                left = self.segments[number:]
                variables = tuple(item for each in left for item in each.variables)
                yield Segment("/".join(item.text for item in left), variables), part
                return
            yield segment, part


def read(rule: Any) -> SeenRule | None:
    """Return what can be told of *rule*; None when it is no bound rule of werkzeug."""
    kept = attributes_of(rule)
    text = kept.get("rule")
    return SeenRule(text, kept) if type(text) is str and kept.get("_parts") else None


def rules_of(url_map: dict[str, Any]) -> list[Any]:
    """Return the rules of a map with the attributes *url_map*, endpoint by endpoint."""
    by_endpoint = url_map.get("_rules_by_endpoint")
    lists = list(by_endpoint.values()) if type(by_endpoint) is dict else []
    return [rule for each in lists for rule in list(each)]


def read_all(rules: Iterable[Any]) -> list[SeenRule]:
    """Return what can be told of *rules*."""
    return [seen for seen in map(read, rules) if seen is not None]


def takes(rule: SeenRule, segment: Segment, text: str) -> bool | None:
    """Tell whether the variable of *segment* takes *text*; None when only the app can tell."""
    variable = segment.alone
    converter: Any = rule.converters.get(variable.name) if variable else None
    if type(converter) not in OWN_CONVERTERS or len(text) > LONGEST:
        return None
    return bool(re.fullmatch(converter.regex, text)) and converted(converter, text)[0]


def converted(converter: Any, text: str) -> tuple[bool, Any]:
    """Return whether a converter of werkzeug's own takes *text*, and what it makes of it."""
    try:
        return True, converter.to_python(text)
    except ValueError:
        return False, None


def merged(path: str) -> str:
    """Return *path* with each run of slashes as one."""
    return _SLASHES.sub("/", path)


@lru_cache(4000)
def _shape(rule: str, *, merges: bool) -> Shape:
    segments = _segments(merged(rule) if merges else rule)
    slash = not segments[-1].text
    names = tuple(variable.name for segment in segments for variable in segment.variables)
    texts = tuple(segment.text for segment in (segments[:-1] if slash else segments))
    return Shape(segments, texts, slash, names, fixed=not names)


def _segments(rule: str) -> tuple[Segment, ...]:
    found: list[Segment] = []
    text, variables, position = "", list[Variable](), 1
    while position < len(rule):
        variable = _VARIABLE.match(rule, position)
        if variable:
            converter, arguments, name = variable.groups()
            made = (converter or "string") + (f"({arguments})" if arguments else "")
            variables.append(Variable(name, made))
            text += variable[0]
            position = variable.end()
            continue
        sign = rule[position]
        position += 1
        if sign == "/":
            found.append(Segment(text, tuple(variables)))
            text, variables = "", []
        else:
            text += sign
    return (*found, Segment(text, tuple(variables)))
