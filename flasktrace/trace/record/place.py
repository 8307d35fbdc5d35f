"""Where a function of the user stands."""

import functools
import weakref
from types import FunctionType, MethodType
from typing import Any, NamedTuple

from flasktrace.trace.record.describe import type_name
from flasktrace.trace.record.origin import is_own
from flasktrace.trace.record.wrapper_classes import is_framework

_WRAPPERS = 20
_FRAMEWORKS = ("flask.", "werkzeug.")
_MOST = 1000
"""Functions whose places are remembered."""


class Place(NamedTuple):
    """Name, file, line and module of a function, and its decorators, the outermost first.

    Whether a decorator calls the function at all, nobody can tell from outside.
    """

    name: str
    file: str
    line: int
    module: str = ""
    decorators: tuple[str, ...] = ()

    def __str__(self) -> str:
        if not self.file:
            return self.name
        by = f", decorated by {', '.join(self.decorators)}" if self.decorators else ""
        return f"{self.name} ({short(self.file)}:{self.line}{by})"

    def attributes(self) -> dict[str, Any]:
        """Return the place under OpenTelemetry's names."""
        if not self.file:
            return {"code.function.name": self.name}
        told: dict[str, Any] = {
            "code.function.name": self.name,
            "code.file.path": self.file,
            "code.line.number": self.line,
        }
        if self.module:
            told["code.module.name"] = self.module
        if self.decorators:
            told["decorators"] = ", ".join(self.decorators)
        return told


def place_of(function: Any) -> Place:
    """Return where *function* is defined, seen through ``functools.wraps``; never calls into it."""
    decorators: list[str] = []
    for _ in range(_WRAPPERS):
        if type(function) is MethodType:
            function = function.__func__
        elif type(function) is functools.partial:
            function = function.func
            continue
        if type(function) is not FunctionType:
            break
        wrapped = function.__dict__.get("__wrapped__")
        of_class = _place_of_class(function.__dict__.get("view_class"))
        if of_class is not None:
            return of_class
        if wrapped is None:
            code = function.__code__
            module = function.__globals__.get("__name__")
            return Place(
                function.__name__,
                code.co_filename,
                code.co_firstlineno,
                module if type(module) is str else "",
                tuple(decorators),
            )
        decorators += _decorator(function)
        function = wrapped
    return Place(_name(function), "", 0)


def _decorator(wrapper: FunctionType) -> list[str]:
    """Return the name of what has made a wrapper; nothing for one of the framework's own."""
    code, module = wrapper.__code__, wrapper.__globals__.get("__name__")
    if is_own(code.co_filename) or (type(module) is str and module.startswith(_FRAMEWORKS)):
        return []
    return [code.co_qualname.split(".<locals>")[0]]


def _place_of_class(kind: Any) -> Place | None:
    """Return where a class of views is, that of its first function, or else of a class above it.

    Nowhere, but under its name, when there is none of the user's; None when it is no class.
    """
    if type(kind) is not type and not issubclass(type(kind), type):
        return None
    for item in type.__dict__["__mro__"].__get__(kind):
        if is_framework(item):
            break
        for found in type.__dict__["__dict__"].__get__(item).values():
            if type(found) is FunctionType:
                return place_of(found)._replace(name=_name(kind))
    return Place(_name(kind), "", 0)


class Places:
    """Remembers the places of functions, of which an app has few and calls them often."""

    def __init__(self) -> None:
        #: Address of a function to the function, if it is still there, and its place.
        self.known: dict[int, tuple[weakref.ref[Any], Place]] = {}

    def of(self, function: Any) -> Place:
        """Return where *function* is defined, see `place_of`."""
        if type(function) is MethodType:  # made anew at each look
            function = function.__func__
        known = self.known.get(id(function))
        if known is not None and known[0]() is function:
            return known[1]
        place = place_of(function)
        if type(function) is FunctionType:
            if len(self.known) >= _MOST:
                self.known.clear()
            self.known[id(function)] = weakref.ref(function), place
        return place


def author_of(span: Any) -> str:
    """Return who a span is, as the author of a change: ``load_user (auth.py:12)``."""
    if span.kind == "user":
        return f"the block {span.name!r}"
    if span.kind == "template":
        return f"the template {span.name}"
    file, line = span.attributes.get("code.file.path", ""), span.attributes.get("code.line.number")
    decorators = span.attributes.get("decorators")
    return str(Place(span.name, file, line or 0, decorators=(decorators,) if decorators else ()))


def short(file: str) -> str:
    """Return the last part of a file's path."""
    return file.replace("\\", "/").rpartition("/")[2]


def _name(function: Any) -> str:
    kind = type(function)
    name: str = type.__dict__["__name__"].__get__(function) if issubclass(kind, type) else ""
    return name or type_name(kind)
