"""Lets code that imports flask get flasktrace, so that extensions of Flask run on it."""

import sys
from collections.abc import Iterable
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.metadata import Distribution, DistributionFinder
from types import ModuleType
from typing import Any

FLASK_VERSION = "3.1.3"
"""The Flask whose public API this is; what ``flask.__version__`` says under the alias."""

_SUBMODULES = {
    "app": "app",
    "blueprints": "blueprints",
    "config": "config",
    "ctx": "context",
    "globals": "globals",
    "json": "json",
    "json.provider": "json.provider",
    "json.tag": "json.tag",
    "logging": "logging",
    "sessions": "sessions",
    "signals": "signals",
    "templating": "templating",
    "testing": "testing",
    "typing": "typing",
    "views": "views",
    "wrappers": "wrappers",
}
"""Module of flask to the one of ours that has its public names, and so stands for it."""

_PACKAGES = {"flask", "flask.sansio"}

_GATHERED = {
    "cli": ("cli",),
    "helpers": ("files", "flashing", "globals", "responses", "streaming", "templating", "urls"),
}
"""Module of flask to those of ours that its names are spread over."""

_SANSIO: dict[str, dict[str, str]] = {
    "sansio": {},
    "sansio.app": {"App": "app.Flask"},
    "sansio.blueprints": {
        "Blueprint": "blueprints.Blueprint",
        "BlueprintSetupState": "blueprints.BlueprintSetupState",
    },
    "sansio.scaffold": {
        "Scaffold": "registry.Registry",
        "_endpoint_from_view_func": "app._endpoint_of",
    },
}
"""Modules of flask that here have no counterpart: their names to ours."""

_RENAMED = {
    "cli": {"cli": "cli.main", "get_debug_flag": "commands.debug_by_environment"},
    "helpers": {
        "get_debug_flag": "commands.debug_by_environment",
        "get_root_path": "registry._root_of",
    },
}
"""Names that differ: theirs to module and name of ours."""


class FlaskImportedError(RuntimeError):
    """The real flask was imported before it could be replaced."""

    def __init__(self) -> None:
        super().__init__(
            "flask is imported already, so some code may hold on to it. Call "
            "flasktrace.install_as_flask() before anything imports flask or an extension of it."
        )


def install_as_flask() -> None:
    """Make ``import flask`` and ``from flask import …`` give flasktrace in this process.

    Call it first of all, before any extension is imported; a second call does nothing.
    `FlaskImportedError` when the real flask is imported already.
    """
    known = sys.modules.get("flask")
    if isinstance(known, _Alias):
        return
    if known is not None:
        raise FlaskImportedError
    sys.modules.update(_aliases())
    sys.meta_path.append(_FlaskFinder())


class _Alias(ModuleType):
    """A module that has names of ours under a name of flask's."""

    def __init__(self, name: str, names: dict[str, Any]) -> None:
        super().__init__(name, f"The public names of {name}, from flasktrace.")
        self.__dict__.update(names)
        # What asks whether flask can be imported looks at the spec.
        package = name in _PACKAGES
        self.__spec__ = ModuleSpec(name, None, origin=__file__, is_package=package)
        self.__file__ = __file__
        if package:
            self.__path__: list[str] = []


def _aliases() -> dict[str, ModuleType]:
    """Return all modules of the alias by their names."""
    ours = import_module("flasktrace")
    flask = _Alias("flask", {name: getattr(ours, name) for name in ours.__all__})
    flask.__dict__.update(__version__=FLASK_VERSION)
    made: dict[str, ModuleType] = {"flask": flask}
    for name, target in _SUBMODULES.items():
        made[f"flask.{name}"] = import_module(f"flasktrace.{target}")
    for name, targets in _GATHERED.items():
        made[f"flask.{name}"] = _gathered(name, targets)
    for name, names in _SANSIO.items():
        made[f"flask.{name}"] = _Alias(
            f"flask.{name}", {theirs: _ours(place) for theirs, place in names.items()}
        )
    for name, module in made.items():
        parent, _, last = name.rpartition(".")
        if isinstance(made.get(parent), _Alias):
            setattr(made[parent], last, module)
    return made


def _gathered(name: str, targets: tuple[str, ...]) -> ModuleType:
    names: dict[str, Any] = {}
    for target in targets:
        found = vars(import_module(f"flasktrace.{target}"))
        names.update({key: value for key, value in found.items() if not key.startswith("_")})
    names.update({theirs: _ours(place) for theirs, place in _RENAMED[name].items()})
    return _Alias(f"flask.{name}", names)


def _ours(place: str) -> Any:
    """Return what is called *place*: module and name."""
    module, _, name = place.partition(".")
    return getattr(import_module(f"flasktrace.{module}"), name)


class _FlaskFinder(DistributionFinder):
    """Knows the version of flask where no flask is installed; asked last."""

    def find_spec(self, *_args: object) -> None:
        """Find nothing: the modules are there already."""

    def find_distributions(
        self, context: DistributionFinder.Context | None = None
    ) -> Iterable[Distribution]:
        """Return what stands for flask, if that is what is asked for."""
        name: str | None = getattr(context, "name", None)
        return [_FlaskDistribution()] if name and name.lower() == "flask" else []


class _FlaskDistribution(Distribution):
    """An installed flask of the version whose API this is, without files."""

    def read_text(self, filename: str) -> str | None:
        """Return the metadata, and no other file."""
        if filename != "METADATA":
            return None
        return f"Metadata-Version: 2.1\nName: Flask\nVersion: {FLASK_VERSION}\n"

    def locate_file(self, path: Any) -> Any:
        """Return where *path* would be, as the base class asks for."""
        return path
