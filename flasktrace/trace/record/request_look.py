"""Looks at a request: the attributes that the app itself has put on it."""

import functools
from typing import Any

from werkzeug.utils import cached_property
from werkzeug.wrappers import Request

from flasktrace.trace.record.wrapper_classes import is_framework, line, own_attributes

_WERKZEUG = frozenset(vars(Request({}, populate_request=False)))
"""What each request has from the start."""
_MOST_CLASSES = 100

_names: dict[type, frozenset[str]] = {}
_frameworks: dict[type, bool] = {}
"""Whether a class has nothing of the user's, so that no request begins with more."""


def first(request: Any, attributes: dict[str, Any]) -> list[str]:
    """Return the names of the attributes of a new *request* that are the app's."""
    return [] if _frameworks.get(type(request)) else given(request, attributes)


def is_plain(kind: type) -> bool:
    """Tell whether a class of requests is known to have nothing of the user's."""
    return _frameworks.get(kind, False)


def given(request: Any, attributes: dict[str, Any], seen: int = 0) -> list[str]:
    """Return the names of those attributes of *request* that are the app's, but the first *seen*.

    Those with an underscore, the framework's and what a cached property has kept are not.
    """
    if type(attributes) is not dict:
        return []
    kind = type(request)
    known = _names.get(kind) or _learn(kind)
    return [
        name
        for name in list(attributes)[seen:]  # at once, since another thread may add to them
        if type(name) is str and name not in known and name[:1] != "_"
    ]


def _learn(kind: type) -> frozenset[str]:
    """Return the names of attributes that are the framework's in requests of a class."""
    if len(_names) >= _MOST_CLASSES:
        _names.clear()
        _frameworks.clear()
    found, classes = set(_WERKZEUG), line(kind)
    _frameworks[kind] = all(is_framework(item) or item is object for item in classes)
    for item in classes:
        whole = is_framework(item)
        found |= {name for name, value in own_attributes(item) if whole or _keeps(value)}
    known = _names[kind] = frozenset(found)
    return known


def _keeps(value: Any) -> bool:
    """Tell whether a value of a class is a property that keeps what it gave on the instance."""
    return issubclass(type(value), cached_property | functools.cached_property)
