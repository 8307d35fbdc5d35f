"""What classes of the framework say of themselves, without running their code."""

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


def has_no_code_of_its_own(app: Any) -> bool:
    """Tell whether no method of an app is another than the framework's.

    What is around the app does not count, such as a middleware in ``wsgi_app``.
    """
    if not all(is_framework(kind) or kind is object for kind in line(type(app))):
        return False
    methods = {name for kind in line(type(app)) for name, _ in own_attributes(kind)}
    instead = methods.intersection(vars(app)) - {"wsgi_app"}
    return not any(callable(vars(app)[name]) for name in instead)
