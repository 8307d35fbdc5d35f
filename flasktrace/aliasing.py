"""Lets code that imports flask get flasktrace, so that extensions of Flask run on it."""

import importlib
import sys
from types import ModuleType

# Name below ``flask`` to the module of ours that has its public names.
_MODULES = {
    "app": "app",
    "blueprints": "blueprints",
    "cli": "cli",
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
_HELPERS = (
    "abort",
    "flash",
    "get_flashed_messages",
    "get_template_attribute",
    "make_response",
    "redirect",
    "send_file",
    "send_from_directory",
    "stream_with_context",
    "url_for",
)


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
    ours = importlib.import_module("flasktrace")
    known = sys.modules.get("flask")
    if known is ours:
        return
    if known is not None:
        raise FlaskImportedError
    sys.modules["flask"] = ours
    for name, target in _MODULES.items():
        sys.modules[f"flask.{name}"] = importlib.import_module(f"flasktrace.{target}")
    sys.modules["flask.helpers"] = _helpers(ours)


def _helpers(ours: ModuleType) -> ModuleType:
    made = ModuleType("flask.helpers", "The functions of flask.helpers, from flasktrace.")
    for name in _HELPERS:
        setattr(made, name, getattr(ours, name))
    return made
