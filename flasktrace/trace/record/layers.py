"""What stands around a function: what binds it, wraps it or decorates it.

All is read past what the classes of the wrappers may define, so that none of their code runs: of
functions, methods and ``functools.partial``, of objects that ``functools.update_wrapper`` has been
given, and of the proxies of wrapt, which agents use.
"""

import functools
from types import CodeType, FunctionType, GetSetDescriptorType, MemberDescriptorType, MethodType
from typing import Any

from flasktrace.trace.record.describe import attributes_of, type_name
from flasktrace.trace.record.origin import is_of_app, is_own

FRAMEWORKS = "flask.", "werkzeug."
"""Beginnings of the names of their modules."""

_AGENTS = ("ddtrace.", "elasticapm.", "newrelic.", "opentelemetry.", "scout_apm.", "sentry_sdk.")
"""The same of agents: they wrap every function of an app, and answer for none."""
_NAMELESS = {"deco", "decorate", "decorated", "decorator", "inner", "outer", "wrap", "wrapper"}
"""What a decorator with arguments calls the function that takes the decorated one."""
_DESCRIPTORS = {GetSetDescriptorType, MemberDescriptorType}
"""What gives a value out of a slot, by code of C."""
_CACHED = type(functools.cache(lambda: None))
_MOST = 20


class Layer:
    """One thing around a function, and what is in it."""

    __slots__ = ("inner", "maker", "name")

    def __init__(self, inner: Any, maker: Any = None, name: str = "") -> None:
        self.inner = inner
        #: What the decorator is called that made an object of the class *maker*, if it is known.
        self.name = name
        #: The function that runs instead of the inner one, or else the class of what does; None
        #: when it only binds or hands on arguments.
        self.maker = maker

    @property
    def decorator(self) -> str:
        """The name of the decorator that has made it; empty for the framework and agents."""
        maker = self.maker
        if maker is None:
            return ""
        if type(maker) is not FunctionType:
            return self.name or type_name(maker).rpartition(".")[2]
        if is_own(maker.__code__.co_filename) or module_of(maker).startswith(_SILENT):
            return ""
        return decorator_of(maker.__code__)


def decorator_of(code: CodeType) -> str:
    """Return the name of the decorator whose wrapper has this code."""
    made_in = code.co_qualname.split(".<locals>.")
    names = made_in[:-1] or made_in  # the last is the wrapper
    while len(names) > 1 and names[-1].strip("_") in _NAMELESS:
        names.pop()
    return ".".join(names)


_SILENT = FRAMEWORKS + _AGENTS


def layer(function: Any) -> Layer | None:
    """Return the outermost thing around *function*; None when it is bare, or no function."""
    kind = type(function)
    if kind is MethodType:
        return Layer(function.__func__)
    if kind is functools.partial:
        return Layer(function.func)
    if kind is FunctionType:
        wrapped = function.__dict__.get("__wrapped__")
        return None if wrapped is None else Layer(wrapped, function)
    wrapped = _slot(function, "__wrapped__")
    if wrapped is not None:
        by = _slot(function, "_self_wrapper")
        return Layer(wrapped, by if type(by) is FunctionType else kind)
    wrapped = attributes_of(function).get("__wrapped__")
    if wrapped is None:
        return None
    return Layer(wrapped, kind, _cache(function) if kind is _CACHED else "")


def _cache(function: Any) -> str:
    """Return which of the two caches of functools has made *function*: ``cache`` has no limit."""
    told = attributes_of(function).get("cache_parameters")
    if type(told) is FunctionType and told.__globals__ is vars(functools):
        kept = dict(zip(told.__code__.co_freevars, told.__closure__ or (), strict=False))
        if "maxsize" in kept and kept["maxsize"].cell_contents is None:
            return "cache"
    return "lru_cache"


def is_frameworks(function: Any) -> bool:
    """Tell whether *function* is the framework's, and nothing of the app stands around it."""
    for _ in range(_MOST):
        around = layer(function)
        if around is None:
            break
        if type(around.maker) is FunctionType and is_of_app(around.maker.__code__.co_filename):
            return False
        function = around.inner
    return type(function) is FunctionType and module_of(function).startswith(FRAMEWORKS)


def module_of(function: FunctionType) -> str:
    """Return the name of the module of a function, with a dot at its end; empty for none."""
    name = function.__globals__.get("__name__")
    return f"{name}." if type(name) is str else ""


def _slot(owner: Any, name: str) -> Any:
    """Return what an object has in a slot of its class, if there is one of that name."""
    found: Any = None
    for kind in type.__dict__["__mro__"].__get__(type(owner)):
        found = type.__dict__["__dict__"].__get__(kind).get(name)
        if found is not None:
            break
    if type(found) not in _DESCRIPTORS:
        return None
    try:
        return found.__get__(owner)
    except Exception:  # noqa: BLE001 - nothing was put there; wrapt raises ValueError
        return None
