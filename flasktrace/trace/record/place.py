"""Where a function of the user stands."""

import weakref
from types import FunctionType, MethodType
from typing import Any, NamedTuple

from flasktrace.trace.file_name import file_name
from flasktrace.trace.record.describe import attributes_of, found_on, type_name
from flasktrace.trace.record.layers import Layer, layer, module_of
from flasktrace.trace.record.origin import is_of_app
from flasktrace.trace.record.wrapper_classes import is_framework

_WRAPPERS = 20
_FILES = "Flask.__init__.<locals>.<lambda>"
"""Flask's view of the static files, which has no name."""
_METHODS = frozenset({"delete", "get", "head", "options", "patch", "post", "put", "trace"})
_DISPATCH = "dispatch_request"
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
        which = "decorator" if len(self.decorators) == 1 else "decorators"
        by = f" or its {which} {', '.join(self.decorators)}" if self.decorators else ""
        return f"{self.name} ({file_name(self.file)}:{self.line}){by}"

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


class ClassPlace(Place):
    """The place of a class of views, which is that of its first function."""

    methods: dict[str, Place]
    """The place of what answers to an HTTP method (RFC 9110), by its name in lower case."""

    def of(self, method: Any) -> Place:
        """Return the place of what answers to *method*; that of the class when nobody knows."""
        name = method.lower() if type(method) is str else ""
        if name == "head" and name not in self.methods:
            name = "get"  # as the framework does
        return self.methods.get(name, self)


def place_of(function: Any) -> Place:
    """Return where *function* is defined, seen through its wrappers; never calls into it."""
    decorators: list[str] = []
    for _ in range(_WRAPPERS):
        kind: Any = attributes_of(function).get("view_class")
        if type(function) is FunctionType and issubclass(type(kind), type):
            return _place_of_class(kind, function)
        around = layer(function)
        if around is None:
            break
        decorators += [around.decorator] if around.decorator else []
        function = around.inner
    found = _place(function)
    return found._replace(decorators=tuple(decorators)) if decorators else found


def _place(function: Any) -> Place:
    """Return where a function stands that nothing is around, or another object that is called."""
    name, code = _name(function), function
    if type(function) is not FunctionType:
        code = found_on(function, "__call__")
        if type(code) is not FunctionType or type(function) is type:
            return Place(name, "", 0)
    elif module_of(function) == "flask.app." and function.__qualname__ == _FILES:
        name = "static"
    else:
        name = function.__name__
    file, line = code.__code__.co_filename, code.__code__.co_firstlineno
    return Place(name, file, line, module_of(code).rstrip("."))


def _place_of_class(kind: type, view: FunctionType) -> ClassPlace:
    """Return where a class of views is, that of its first function, or else of a class above it.

    Nowhere, but under its name, when there is none of the user's. *view* is the function that the
    framework calls; decorators are those of all methods.
    """
    functions = _functions(kind)
    first = next(iter(functions.values()), None)
    name, around = _name(kind), _decorators(view)
    there = ("", 0) if first is None else place_of(first)[1:]
    place = ClassPlace(name, *there)
    place.methods = {}
    own = functions.get(_DISPATCH)
    if own is not None and not is_of_app(own.__code__.co_filename):
        around += (own.__code__.co_qualname,)  # a library's: it may do without the method
        own = None
    for method in _METHODS:
        function = own or functions.get(method)
        if function is not None:
            found = place_of(function)
            told = f"{name}.{_DISPATCH if own else method}"
            decorators = (*around, *found.decorators)
            place.methods[method] = found._replace(name=told, decorators=decorators)
    return place


def _functions(kind: type) -> dict[str, FunctionType]:
    """Return the functions of a class and of those above it, up to the framework's, by name."""
    functions: dict[str, FunctionType] = {}
    for item in type.__dict__["__mro__"].__get__(kind):
        if is_framework(item):
            break
        for name, found in type.__dict__["__dict__"].__get__(item).items():
            if type(found) is FunctionType:
                functions.setdefault(name, found)
    return functions


def _decorators(view: FunctionType) -> tuple[str, ...]:
    """Return the decorators of a function that the framework has made of a class."""
    found: list[str] = []
    current: Any = view
    for _ in range(_WRAPPERS):
        around = layer(current)
        made = Layer(None, current) if around is None and type(current) is FunctionType else around
        if made is not None and made.decorator:
            found.append(made.decorator)
        if around is None:
            break
        current = around.inner
    return tuple(found)


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
        try:
            seen = weakref.ref(function)
        except TypeError:  # of a class without room for that
            return place
        if len(self.known) >= _MOST:
            self.known.clear()
        self.known[id(function)] = seen, place
        return place


def author_of(span: Any) -> str:
    """Return who a span is, as the author of a change: ``load_user (auth.py:12)``."""
    if span.kind == "user":
        return f"the block {span.name!r}"
    if span.kind == "template":
        return f"the template {span.name}"
    file, line = span.attributes.get("code.file.path", ""), span.attributes.get("code.line.number")
    decorators = span.attributes.get("decorators")
    return str(
        Place(
            span.name,
            file,
            line or 0,
            decorators=tuple(decorators.split(", ")) if decorators else (),
        )
    )


def plain_author_of(span: Any) -> str:
    """Return the same without its decorators, of a function that is known to have run."""
    file, line = span.attributes.get("code.file.path", ""), span.attributes.get("code.line.number")
    return str(Place(span.name, file, line or 0))


def _name(function: Any) -> str:
    kind = type(function)
    name: str = type.__dict__["__name__"].__get__(function) if issubclass(kind, type) else ""
    return name or type_name(kind)
