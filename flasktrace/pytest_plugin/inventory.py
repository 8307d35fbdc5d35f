"""What the apps of a run have: hooks, error handlers, endpoints."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from flasktrace.trace.record.place import place_of
from flasktrace.trace.show.sanitize import clean

Inventory = dict[str, dict[str, list[str]]]
"""Name of an app to ``functions`` (``before_request load_user (shop.py:12)``) and ``endpoints``
(``cart /cart``)."""

_TABLES = {
    "url_value_preprocessor": "url_value_preprocessors",
    "before_request": "before_request_funcs",
    "after_request": "after_request_funcs",
    "teardown_request": "teardown_request_funcs",
}


def inventory(apps: Iterable[Any]) -> Inventory:
    """Return what *apps* have; those of one name, as a factory makes them, count as one."""
    found: Inventory = {}
    for app in apps:
        add(found, {clean(str(app.name)): {"functions": _functions(app), "endpoints": _urls(app)}})
    return found


def add(to: Inventory, more: Mapping[str, Mapping[str, list[str]]]) -> None:
    """Put *more* into *to*."""
    for app, kinds in more.items():
        known = to.setdefault(app, {"functions": [], "endpoints": []})
        for kind, names in kinds.items():
            known[kind] = sorted({*known[kind], *names})


def _functions(app: Any) -> list[str]:
    return sorted({clean(f"{kind} {place_of(function)}") for kind, function in _registered(app)})


def _registered(app: Any) -> Iterator[tuple[str, Any]]:
    for kind, table in _TABLES.items():
        for functions in getattr(app, table, {}).values():
            yield from ((kind, function) for function in functions)
    for function in getattr(app, "teardown_appcontext_funcs", ()):
        yield "teardown_appcontext", function
    for codes in getattr(app, "error_handler_spec", {}).values():
        for handlers in codes.values():
            yield from (("error_handler", function) for function in handlers.values())


def _urls(app: Any) -> list[str]:
    """Return the endpoints with their rules, but for those of static files."""
    rules = [
        rule for rule in app.url_map.iter_rules() if not f".{rule.endpoint}".endswith(".static")
    ]
    return sorted({clean(f"{rule.endpoint} {rule.rule}") for rule in rules})
