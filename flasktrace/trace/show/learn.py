"""What happens in a stage: a text of ours, and the framework's own source as it is installed.

The source is read when somebody looks, from the framework's files; nothing in a request names them.
"""

import ast
import inspect
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from textwrap import dedent
from typing import Any

from flasktrace.trace.model import Trace
from flasktrace.trace.show import words
from flasktrace.trace.show.colour import python_lines
from flasktrace.trace.show.lane import PLACES
from flasktrace.trace.version import version_of

LONGEST = 150
"""Lines of one function that are shown."""

_NATIVE = {
    "push": ("app:Flask.push_context", "context:Context.enter"),
    "preprocess": ("app:Flask.preprocess_request",),
    "match": ("app:Flask.match_request", "wrappers:Request.match_now"),
    "dispatch": ("app:Flask.dispatch_request", "app:Flask.handle_user_exception"),
    "make_response": ("app:Flask.make_response",),
    "postprocess": ("app:Flask.process_response",),
    "pop": ("app:Flask.pop_context", "app:Flask.do_teardown_request"),
}
_FLASK = {
    "push": ("ctx:RequestContext.push|AppContext.push",),
    "preprocess": ("app:Flask.preprocess_request",),
    "match": ("ctx:RequestContext.match_request|AppContext.match_request",),
    "dispatch": ("app:Flask.dispatch_request", "app:Flask.handle_user_exception"),
    "make_response": ("app:Flask.make_response",),
    "postprocess": ("app:Flask.process_response",),
    "pop": ("ctx:RequestContext.pop|AppContext.pop", "app:Flask.do_teardown_request"),
}
_CALLERS = frozenset({"_call", "_call_inside", "ensure_sync", "open_session", "save_session"})
"""Names of what calls a function of the app."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of source."""

    number: int
    pieces: tuple[tuple[str, str], ...]
    """Kind (empty for plain) and text."""
    calls: bool
    """Whether a function of the app is called there."""


@dataclass(frozen=True, slots=True)
class Part:
    """One function of the framework."""

    name: str
    place: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Lesson:
    """What there is to learn about one stage."""

    text: tuple[str, ...]
    parts: tuple[Part, ...]
    note: str
    """What is to be said about the source; empty for nothing."""


def lessons(trace: Trace) -> dict[str, Lesson]:
    """Return a lesson for each place of the lane, with the source of the framework of *trace*."""
    name, _, ran = trace.host.partition(" ")
    parts, installed = _framework(name)
    note = words.other_version(name, ran, installed) if parts and ran != installed else ""
    return {
        place: Lesson(
            words.lesson(place, name), parts.get(place, ()), note if place in parts else ""
        )
        for place in PLACES
    }


@cache
def _framework(name: str) -> tuple[dict[str, tuple[Part, ...]], str]:
    """Return the source of each stage and the version that is installed."""
    functions = {"flask": _FLASK, "flasktrace": _NATIVE}.get(name)
    if functions is None or not _is_itself(name):
        return {}, ""
    found = {stage: tuple(_parts(name, paths)) for stage, paths in functions.items()}
    return found, "" if name == "flasktrace" else version_of(name)


def _is_itself(name: str) -> bool:
    """Tell whether *name* is that package: ours may stand in the other's place."""
    module = sys.modules.get(name)
    file = getattr(module, "__file__", None) if module else None
    return module is None or (bool(file) and Path(str(file)).parent.name == name)


def _parts(package: str, paths: tuple[str, ...]) -> Iterator[Part]:
    for path in paths:
        try:
            yield _part(package, *path.split(":"))
        except (ImportError, AttributeError, OSError, TypeError, SyntaxError):
            continue  # another version has it elsewhere, or no source was installed


def _part(package: str, module: str, paths: str) -> Part:
    """Return the source of the first of *paths* that the module has."""
    # Past its ``__getattr__``, which may warn of a name that is to go.
    there = vars(import_module(f"{package}.{module}"))
    path = next((path for path in paths.split("|") if path.partition(".")[0] in there), paths)
    first_name, *names = path.split(".")
    if first_name not in there:
        raise AttributeError(f"{package}.{module} has no {first_name}")
    value: Any = there[first_name]
    for name in names:
        value = getattr(value, name)
    lines, first = inspect.getsourcelines(inspect.unwrap(value))
    source = dedent("".join(lines))
    calls = _calls(source)
    made = tuple(
        Line(first + number, tuple(pieces), number in calls)
        for number, pieces in enumerate(python_lines(source))
    )
    return Part(path, f"{package}/{module.replace('.', '/')}.py:{first}", made[:LONGEST])


def _calls(source: str) -> frozenset[int]:
    """Return the numbers, from 0, of the lines where a function of the app is called."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and _CALLERS & {*_names(node.func)}:
            found.add(node.lineno - 1)
    return frozenset(found)


def _names(node: ast.expr) -> Iterator[str]:
    """Yield the names by which something is called, ``f(x)(y)`` included."""
    if isinstance(node, ast.Call):
        yield from _names(node.func)
    elif isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.Name):
        yield node.id
