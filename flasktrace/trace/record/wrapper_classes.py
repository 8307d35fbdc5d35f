"""What the classes of requests and responses say of themselves, without running their code."""

from collections.abc import Iterator
from typing import Any

from flasktrace.trace.record.describe import module_of

_FRAMEWORKS = ("werkzeug.", "flask.", "flasktrace.")


def line(kind: type) -> tuple[type, ...]:
    """Return a class and those above it, past a metaclass that may say otherwise."""
    found: tuple[type, ...] = type.__dict__["__mro__"].__get__(kind)
    return found


def is_framework(kind: type) -> bool:
    """Tell whether a class is werkzeug's, flask's or flasktrace's, and not of the user."""
    return f"{module_of(kind)}.".startswith(_FRAMEWORKS)


def own_attributes(kind: type) -> Iterator[tuple[str, Any]]:
    """Yield the names that the class itself defines, with their values."""
    kept = type.__dict__["__dict__"].__get__(kind)
    for name, value in list(kept.items()):
        if type(name) is str:
            yield name, value
