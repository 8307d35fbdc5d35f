"""What an app will do for each of its endpoints, as plain data, before any request came."""

import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from types import CodeType, FunctionType
from typing import Any

from werkzeug.exceptions import default_exceptions

from flasktrace import signals
from flasktrace.trace.record.describe import attributes_of, found_on, type_name
from flasktrace.trace.record.hosts.flask import is_flask
from flasktrace.trace.record.hosts.flask_signals import NAMES
from flasktrace.trace.record.layers import is_frameworks
from flasktrace.trace.record.origin import is_own
from flasktrace.trace.record.place import ClassPlace, Place, place_of
from flasktrace.trace.record.recorder import is_ours
from flasktrace.trace.record.rules import read_all, rules_of

Scope = str | None
Facts = dict[str, Any]

_DICTS = {dict, defaultdict}
_BEFORE = {
    "url_value_preprocessor": "url_value_preprocessors",
    "before_request": "before_request_funcs",
}
_AFTER = {"after_request": "after_request_funcs"}
_END = {"teardown_request": "teardown_request_funcs"}
_LAST = "teardown_appcontext"
_FIRST = "handle_user_exception"
_METHODS = {_FIRST: "each exception", "handle_exception": "what nobody handles"}
"""Methods of the framework's that an app may have of its own, and what they are asked for."""
_TEMPLATES = (".html", ".htm", ".xml", ".txt", ".j2", ".jinja", ".jinja2", ".svg")
_DEEP = 4
"""Functions within functions whose constants are looked at."""


def describe_map(app: Any) -> list[Facts]:
    """Return for each endpoint of a Flask app what will run, in that order; else nothing.

    Each is a dict: ``endpoint``; ``rules``, each with ``rule`` and ``methods`` (None: all);
    ``view``, a place or None; ``steps``, the hooks and the view in the order in which they run,
    each a place with ``kind``, ``scope`` (a blueprint, None for the app); ``handlers``, in the
    order in which they are asked, each a place with ``for`` (``404``, ``KeyError``), ``code``,
    ``class`` and ``scope``, and of a method of the app's own that answers exceptions with
    ``method``, its name; ``receivers``, each a place with ``signal``; ``templates``, names that
    the view's code holds. A place has ``name``, ``file``, ``line``, ``module``, ``place``
    (``cart (shop.py:88)``), and that of a class of views ``functions``, the places of those that
    answer the methods of its rules. Nothing of the app is called.
    """
    kept = attributes_of(app)
    url_map = attributes_of(kept.get("url_map"))
    receivers = list(_receivers(app)) if url_map else []
    answering = list(_answering(app)) if url_map else []
    by_endpoint: dict[str, list[Facts]] = {}
    for rule in read_all(rules_of(url_map)):
        if type(rule.endpoint) is str:
            methods = None if rule.methods is None else sorted(rule.methods)
            told = {"rule": rule.text, "methods": methods}
            by_endpoint.setdefault(rule.endpoint, []).append(told)
    return [
        _endpoint(kept, answering, endpoint, rules) | {"receivers": receivers}
        for endpoint, rules in by_endpoint.items()
    ]


def _endpoint(kept: Facts, answering: list[Facts], endpoint: str, rules: list[Facts]) -> Facts:
    views: Any = kept.get("view_functions")
    view = views.get(endpoint) if type(views) in _DICTS else None
    scopes = _scopes(endpoint)
    told = None if view is None else _view(view, rules)
    handlers = _handlers(kept.get("error_handler_spec"), scopes[::-1])
    return {
        "endpoint": endpoint,
        "rules": rules,
        "view": told,
        "steps": list(_steps(kept, told, scopes)),
        "handlers": _in_order(answering, list(handlers)),
        "templates": sorted(set(_templates(view))),
    }


def _scopes(endpoint: str) -> list[Scope]:
    """Return the app's scope and those of the blueprints of an endpoint, the outer ones first."""
    parts = endpoint.split(".")[:-1]
    return [None, *(".".join(parts[: end + 1]) for end in range(len(parts)))]


def _view(view: Any, rules: list[Facts]) -> Facts:
    """Return the place of a view; of a class also those of its functions, as far as rules lead."""
    place, told = place_of(view), _place(view)
    if type(place) is ClassPlace:
        methods = {name for rule in rules for name in rule["methods"] or place.methods}
        found = {name: place.methods.get(name.lower()) for name in sorted(methods)}
        functions = dict.fromkeys(item for item in found.values() if item is not None)
        told["functions"] = [_facts(item) for item in functions]
    return told


def _steps(kept: Facts, view: Facts | None, scopes: list[Scope]) -> Iterator[Facts]:
    """Yield the hooks and the view in the order in which they will run."""
    for kind, table in _BEFORE.items():
        yield from _hooks(kind, kept.get(table), scopes)
    if view is not None:
        yield {"kind": "view", "scope": scopes[-1], **view}
    for kind, table in (_AFTER | _END).items():
        yield from list(_hooks(kind, kept.get(table), scopes))[::-1]
    yield from list(_hooks(_LAST, {None: kept.get(f"{_LAST}_funcs")}, [None]))[::-1]


def _hooks(kind: str, table: Any, scopes: list[Scope]) -> Iterator[Facts]:
    """Yield the hooks of *kind* in the order of their registration, scope by scope."""
    for scope in scopes:
        functions = table.get(scope) if type(table) in _DICTS else None
        for function in list(functions) if type(functions) is list else ():
            yield {"kind": kind, "scope": scope, **_place(function)}


def _handlers(spec: Any, scopes: list[Scope]) -> Iterator[Facts]:
    """Yield the error handlers in the order in which they are asked: those of a code first."""
    for by_code in (True, False):
        for scope in scopes:
            groups: Any = spec.get(scope) if type(spec) in _DICTS else None
            for code, table in list(groups.items()) if type(groups) in _DICTS else ():
                if (code is not None) is by_code and type(table) in _DICTS:
                    yield from _handlers_of(scope, code, table)


def _answering(app: Any) -> Iterator[Facts]:
    """Yield the methods of the app's own that answer exceptions, past or beside its handlers."""
    for name, what in _METHODS.items():
        method = attributes_of(app).get(name) or found_on(app, name)
        place = place_of(method)
        if method is not None and not (is_own(place.file) or is_frameworks(method)):
            told = {"for": what, "code": None, "class": "Exception", "scope": None, "method": name}
            yield told | _facts(place)


def _in_order(answering: list[Facts], handlers: list[Facts]) -> list[Facts]:
    """Return who is asked to answer exceptions: the first method is so before all handlers."""
    first = [item for item in answering if item["method"] == _FIRST]
    return [*first, *handlers, *(item for item in answering if item["method"] != _FIRST)]


def _handlers_of(scope: Scope, code: Any, table: dict[Any, Any]) -> Iterator[Facts]:
    for kind, function in list(table.items()):
        name = type_name(kind).rpartition(".")[2] if issubclass(type(kind), type) else "?"
        is_plain = code is not None and kind is default_exceptions.get(code)
        yield {
            "for": str(code) if is_plain else name,
            "code": code if type(code) is int else None,
            "class": name,
            "scope": scope,
            **_place(function),
        }


def _receivers(app: Any) -> Iterator[Facts]:
    """Yield who listens to Flask's ten signals for *app*, apart from the tracer itself."""
    home: Any = sys.modules.get("flask") if is_flask(app) else signals
    for name in NAMES:
        signal = getattr(home, name, None)
        for receiver in list(signal.receivers_for(app)) if signal and signal.receivers else ():
            if not is_ours(receiver):
                yield {"signal": name, **_place(receiver)}


def _place(function: Any) -> Facts:
    return _facts(place_of(function))


def _facts(place: Place) -> Facts:
    return {**place._asdict(), "place": str(place)}


def _templates(view: Any) -> Iterator[str]:
    """Yield what looks like a template's name among the constants of a view."""
    found = attributes_of(view).get("__wrapped__", view)
    if type(found) is FunctionType:
        for text in _constants(found.__code__, _DEEP):
            if text.endswith(_TEMPLATES) and len(text) > len(".html") and " " not in text:
                yield text


def _constants(code: CodeType, deep: int) -> Iterator[str]:
    constants: Iterable[Any] = code.co_consts
    for item in constants:
        if type(item) is str:
            yield item
        elif type(item) is CodeType and deep:
            yield from _constants(item, deep - 1)
