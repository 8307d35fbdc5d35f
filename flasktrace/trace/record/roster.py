"""The hooks of an app as plain data: which are registered, in which order, for which blueprint."""

from collections import defaultdict
from types import FunctionType
from typing import Any

from flasktrace.trace.record.describe import attributes_of

Roster = dict[str, dict[str | None, tuple[int, ...]]]
"""Kind of hook to scope (name of a blueprint, None for the app) to the functions' addresses, in the
order of their registration."""

_TABLES = {
    "url_value_preprocessor": "url_value_preprocessors",
    "before_request": "before_request_funcs",
    "after_request": "after_request_funcs",
    "teardown_request": "teardown_request_funcs",
    "context_processor": "template_context_processors",
}
_DICTS = {dict, defaultdict}
_LAST = "teardown_appcontext"
_TEMPLATING = {"flasktrace.templating", "flask.templating"}

RANKED = frozenset([*_TABLES, _LAST])
"""Kinds of hooks that a roster tells of."""


class Rosters:
    """Keeps the roster of one app; it is read again when the number of hooks has changed."""

    def __init__(self) -> None:
        self._known: tuple[Any, Roster] = None, {}

    def of(self, app: Any) -> Roster:
        """Return the roster of *app*."""
        kept = attributes_of(app).get
        tables = [kept(name) for name in _TABLES.values()]
        last = kept("teardown_appcontext_funcs")
        sizes = [_sizes(table) for table in tables]
        sizes.append(_sizes({None: last}))
        known, roster = self._known  # one read: another thread may be writing
        if known != sizes:
            roster = {kind: _addresses(table) for kind, table in zip(_TABLES, tables, strict=True)}
            roster[_LAST] = _addresses({None: last})
            self._known = sizes, roster
        return roster


def _sizes(table: Any) -> tuple[int, ...]:
    if type(table) not in _DICTS:
        return ()
    try:
        return tuple(map(list.__len__, table.values()))
    except TypeError:  # not all of them are lists; there is no order to tell
        return ()


def _addresses(table: Any) -> dict[str | None, tuple[int, ...]]:
    if type(table) not in _DICTS:
        return {}
    return {
        scope: tuple([id(item) for item in functions if not is_default(item)])
        for scope, functions in list(table.items())
        if type(functions) is list and (scope is None or type(scope) is str)
    }


def is_default(function: Any) -> bool:
    """Tell whether it is what the framework itself gives to each template; it is no hook."""
    if type(function) is not FunctionType:
        return False
    module = function.__globals__.get("__name__")
    return type(module) is str and module in _TEMPLATING
