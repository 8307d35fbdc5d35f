"""Finds the app that a command line names: ``module:app``, ``module:make_app(1, debug=True)``."""

import ast
import importlib
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

_USUAL = ("app", "application", "create_app", "make_app")


class AppNotFoundError(Exception):
    """A command line names an app that is not there; the text says what to do."""


def load_app(target: str) -> Callable[..., Any]:
    """Return the WSGI app that *target* names: ``MODULE``, ``MODULE:NAME`` or ``MODULE:CALL``.

    The module is a dotted name or the path of a Python file; without a name, the usual ones are
    tried. A function that makes the app is called, with literal arguments if there are any.
    `AppNotFoundError` when there is no such module or app.
    """
    place, _, name = target.partition(":")
    module = _module(place or "app")
    found = _named(module, name) if name else _usual(module)
    if not callable(found):
        raise AppNotFoundError(f"{target!r} is a {type(found).__name__}, no WSGI app.")
    return found  # type: ignore[no-any-return]


def _module(place: str) -> Any:
    path = Path(place)
    folder, name = Path.cwd(), place
    if path.suffix == ".py" or "/" in place:
        folder, name = path.resolve().parent, path.stem
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name and not name.startswith(f"{error.name}."):
            raise
        message = (
            f"There is no module {name!r} in {folder} or installed. "
            "Write MODULE:APP, such as 'shop:app' for the name app in shop.py."
        )
        raise AppNotFoundError(message) from None


def _usual(module: Any) -> Any:
    for name in _USUAL:
        found = getattr(module, name, None)
        if found is not None:
            return found() if name in {"create_app", "make_app"} else found
    message = (
        f"{module.__name__} has none of the names {', '.join(_USUAL)}; "
        f"say which one it is: {module.__name__}:NAME."
    )
    raise AppNotFoundError(message)


def _named(module: Any, expression: str) -> Any:
    name, args, kwargs, is_call = _parsed(expression)
    try:
        found = getattr(module, name)
    except AttributeError:
        names = sorted(key for key in vars(module) if not key.startswith("_"))[:20]
        message = f"{module.__name__} has no name {name!r}; it has {', '.join(names) or 'none'}."
        raise AppNotFoundError(message) from None
    if is_call or _is_factory(found):
        return _made(found, name, args, kwargs)
    return found


def _parsed(expression: str) -> tuple[str, list[Any], dict[str, Any], bool]:
    try:
        body = ast.parse(expression.strip(), mode="eval").body
        if isinstance(body, ast.Name):
            return body.id, [], {}, False
        if isinstance(body, ast.Call) and isinstance(body.func, ast.Name):
            args = [ast.literal_eval(item) for item in body.args]
            named = {item.arg: ast.literal_eval(item.value) for item in body.keywords if item.arg}
            return body.func.id, args, named, True
    except (SyntaxError, ValueError):
        pass
    message = (
        f"{expression!r} is neither a name nor a call with plain values, such as "
        "app or make_app('test', debug=True)."
    )
    raise AppNotFoundError(message)


def _is_factory(found: Any) -> bool:
    """Tell whether *found* makes an app: a function that takes no environ and start_response."""
    code = getattr(found, "__code__", None)
    return code is not None and code.co_argcount == 0


def _made(factory: Any, name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
    try:
        return factory(*args, **kwargs)
    except TypeError as error:
        if len(traceback.extract_tb(error.__traceback__)) > 1:
            raise  # it comes from within the factory
        raise AppNotFoundError(f"{name} cannot be called like that: {error}.") from None
