"""Finds the app that a command line names: ``module:app``, ``module:make_app(1, debug=True)``."""

import ast
import importlib
import inspect
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

_APPS = ("app", "application")
_FACTORIES = ("create_app", "make_app")
_NAMES = 20
"""Names of a module that a message tells."""
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
        module = module_of(place or "app")
        return named_app(module, name) if name else usual_app(module)


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


def module_of(place: str) -> ModuleType:
    """Import the module *place*: a dotted name, or the path of a Python file."""
    name = importable(place)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name and not name.startswith(f"{error.name}."):
            raise
        message = (
            f"There is no module {name!r} in {Path.cwd()} or installed. "
            "Write MODULE:APP, such as 'shop:app' for the name app in shop.py."
        )
        raise AppNotFoundError(message) from None


def importable(place: str) -> str:
    """Return the dotted name of the module *place*, whose folder is on `sys.path` then."""
    folder, name = Path.cwd(), place
    if place.endswith(".py") or "/" in place:
        folder, name = _file(Path(place))
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    return name


def _file(path: Path) -> tuple[Path, str]:
    """Return the folder to import the file from, and its dotted name below that folder."""
    path = path.resolve()
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    if not path.is_file():
        raise AppNotFoundError(f"There is no file {path}.")
    names, folder = [path.stem], path.parent
    while (folder / "__init__.py").is_file():  # so that its relative imports work
        names.insert(0, folder.name)
        folder = folder.parent
    return folder, ".".join(names).removesuffix(".__init__")


def usual_app(module: ModuleType) -> Callable[..., Any]:
    """Return the app of *module*: by a usual name, or its only Flask app, or of a factory."""
    candidates = [*_usual(module, _APPS), *_flask_apps(module), *_usual(module, _FACTORIES)]
    if not candidates:
        message = (
            f"{module.__name__} has none of the names {', '.join((*_APPS, *_FACTORIES))}; "
            f"say which one it is: {module.__name__}:NAME."
        )
        raise AppNotFoundError(message)
    name, found = candidates[0]
    return _wsgi(_made(found, name, [], {}), module, name) if _is_factory(found) else found


def _usual(module: ModuleType, names: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    for name in names:
        found = getattr(module, name, None)
        if callable(found):  # and no module of a package
            yield name, found


def _flask_apps(module: ModuleType) -> list[tuple[str, Any]]:
    """Return the only Flask app of *module* with its name; nothing when there are several."""
    apps = [(name, value) for name, value in vars(module).items() if _is_flask_app(value)]
    return apps if len({id(value) for _, value in apps}) == 1 else []


def named_app(module: ModuleType, expression: str) -> Callable[..., Any]:
    """Return the app that *expression* means in *module*: a name, or a call with plain values."""
    name, args, kwargs, is_call = _parsed(expression)
    try:
        found = getattr(module, name)
    except AttributeError:
        names = _names(module)[:_NAMES]
        message = f"{module.__name__} has no name {name!r}; it has {', '.join(names) or 'none'}."
        raise AppNotFoundError(message) from None
    if is_call or _is_factory(found):
        found = _made(found, name, args, kwargs)
    return _wsgi(found, module, expression)


def _names(module: ModuleType) -> list[str]:
    """Return the names in *module*: apps first, then what makes them, then the others."""
    found = [(name, value) for name, value in vars(module).items() if not name.startswith("_")]
    return [name for name, _ in sorted(found, key=lambda pair: (_rank(*pair), pair[0]))]


def _rank(name: str, value: Any) -> int:
    if name in _APPS or _is_flask_app(value):
        return 0
    return 1 if name in _FACTORIES or _returns_app(value) else 2


def _is_flask_app(value: Any) -> bool:
    return not isinstance(value, type) and hasattr(type(value), "wsgi_app")


def _returns_app(value: Any) -> bool:
    """Tell whether *value* is a function that says in its annotation that it returns an app."""
    if not inspect.isfunction(value):
        return False
    try:
        told = value.__annotations__.get("return")
    except NameError:  # Python 3.14 looks the names up only now
        return False
    return hasattr(told, "wsgi_app") or str(told).rpartition(".")[2] == "Flask"


def _wsgi(found: Any, module: ModuleType, name: str) -> Callable[..., Any]:
    if not callable(found):
        message = (
            f"'{module.__name__}:{name}' is of the type {type(found).__name__}, and no WSGI app."
        )
        raise AppNotFoundError(message)
    return found  # type: ignore[no-any-return]


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
