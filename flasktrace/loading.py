"""Finds the app that a command line names: ``module:app``, ``module:make_app(1, debug=True)``."""

import ast
import importlib
import inspect
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_USUAL = ("app", "application", "create_app", "make_app")
_WSGI = 2
"""Arguments of a WSGI app: environ and start_response."""


class AppNotFoundError(Exception):
    """A command line names an app that is not there; the text says what to do."""


def load_app(target: str) -> Callable[..., Any]:
    """Return the WSGI app that *target* names: ``MODULE``, ``MODULE:NAME`` or ``MODULE:CALL``.

    The module is a dotted name or the path of a Python file; without a name, the usual ones are
    tried. A function that makes the app is called, with literal arguments if there are any.
    `AppNotFoundError` when there is no such module or app.
    """
    place, _, name = target.partition(":")
    with _not_running():
        module = _module(place or "app")
        found = _named(module, name) if name else _usual(module)
    if not callable(found):
        message = f"{target!r} is of the type {type(found).__name__}, and no WSGI app."
        raise AppNotFoundError(message)
    return found  # type: ignore[no-any-return]


@contextmanager
def _not_running() -> Iterator[None]:
    """Keep an ``app.run()`` at the end of a module from serving it; see `Flask.run`."""
    before = os.environ.get("FLASK_RUN_FROM_CLI")
    os.environ["FLASK_RUN_FROM_CLI"] = "true"
    try:
        yield
    finally:
        if before is None:
            del os.environ["FLASK_RUN_FROM_CLI"]
        else:
            os.environ["FLASK_RUN_FROM_CLI"] = before


def _module(place: str) -> Any:
    folder, name = Path.cwd(), place
    if place.endswith(".py") or "/" in place:
        folder, name = _file(Path(place))
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


def _file(path: Path) -> tuple[Path, str]:
    """Return the folder to import the file from, and its dotted name below that folder."""
    path = path.resolve().with_suffix(".py")
    if not path.is_file():
        raise AppNotFoundError(f"There is no file {path}.")
    names, folder = [path.stem], path.parent
    while (folder / "__init__.py").is_file():  # so that its relative imports work
        names.insert(0, folder.name)
        folder = folder.parent
    return folder, ".".join(names).removesuffix(".__init__")


def _usual(module: Any) -> Any:
    for name in _USUAL:
        found = getattr(module, name, None)
        if callable(found):  # and no module of a package
            return _made(found, name, [], {}) if _is_factory(found) else found
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
    """Tell whether *found* makes an app: a function, not of an environ and a start_response."""
    if not (inspect.isfunction(found) or inspect.ismethod(found)):
        return False
    kinds = inspect.signature(found).parameters.values()
    if any(item.kind is item.VAR_POSITIONAL for item in kinds):
        return False
    needed = [item for item in kinds if item.default is item.empty]
    return len([item for item in needed if item.kind is not item.VAR_KEYWORD]) != _WSGI


def _made(factory: Any, name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
    try:
        inspect.signature(factory).bind(*args, **kwargs)
    except (TypeError, ValueError) as error:
        message = f"{name} cannot be called like that: {error}. Write it as in {name}('test')."
        raise AppNotFoundError(message) from None
    return factory(*args, **kwargs)
