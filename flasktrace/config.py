"""The configuration of an app: a dict with names in capitals."""

import errno
import json
import os
import types
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import IO, Any

from werkzeug.utils import import_string

DEFAULTS: dict[str, Any] = {
    "APPLICATION_ROOT": "/",
    "DEBUG": None,
    "EXPLAIN_TEMPLATE_LOADING": False,
    "MAX_CONTENT_LENGTH": None,
    "MAX_COOKIE_SIZE": 4093,
    "MAX_FORM_MEMORY_SIZE": 500_000,
    "MAX_FORM_PARTS": 1_000,
    "PERMANENT_SESSION_LIFETIME": timedelta(days=31),
    "PREFERRED_URL_SCHEME": "http",
    "PROPAGATE_EXCEPTIONS": None,
    "PROVIDE_AUTOMATIC_OPTIONS": True,
    "SECRET_KEY": None,
    "SECRET_KEY_FALLBACKS": None,
    "SEND_FILE_MAX_AGE_DEFAULT": None,
    "SERVER_NAME": None,
    "SESSION_COOKIE_DOMAIN": None,
    "SESSION_COOKIE_HTTPONLY": True,
    "SESSION_COOKIE_NAME": "session",
    "SESSION_COOKIE_PARTITIONED": False,
    "SESSION_COOKIE_PATH": None,
    "SESSION_COOKIE_SAMESITE": None,
    "SESSION_COOKIE_SECURE": False,
    "SESSION_REFRESH_EACH_REQUEST": True,
    "TEMPLATES_AUTO_RELOAD": None,
    "TESTING": False,
    "TRAP_BAD_REQUEST_ERRORS": None,
    "TRAP_HTTP_EXCEPTIONS": False,
    "TRUSTED_HOSTS": None,
    "USE_X_SENDFILE": False,
}
"""Every key of Flask 3.1 with the value it has there."""


class Config(dict[str, Any]):
    """The configuration of an app; only names in capitals are taken from other objects.

    *root_path* is the folder that relative paths of files are below.
    """

    def __init__(
        self,
        root_path: str | os.PathLike[str],
        defaults: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(defaults or {})
        self.root_path = root_path

    def from_mapping(self, mapping: Mapping[str, Any] | None = None, **kwargs: Any) -> bool:
        """Take the keys in capitals of *mapping* and of the keyword arguments; return True."""
        given = {**dict(mapping or {}), **kwargs}
        self.update({key: value for key, value in given.items() if key.isupper()})
        return True

    def from_object(self, obj: object | str) -> None:
        """Take the attributes in capitals of *obj*, a module, class or object or its import name.

        Properties are not called: give an instance of the class for those. ImportError when there
        is nothing under the name.
        """
        found = import_string(obj) if isinstance(obj, str) else obj
        self.update({key: getattr(found, key) for key in dir(found) if key.isupper()})

    def from_pyfile(self, filename: str | os.PathLike[str], silent: bool = False) -> bool:
        """Run a Python file and take its names in capitals; return True.

        With *silent* a file that is not there gives False. OSError when it cannot be read.
        """
        path = Path(self.root_path) / filename
        module = types.ModuleType("config")
        module.__file__ = str(path)
        try:
            source = path.read_bytes()
        except OSError as error:
            if silent and error.errno in {errno.ENOENT, errno.EISDIR, errno.ENOTDIR}:
                return False
            error.strerror = f"The configuration file cannot be read ({error.strerror})"
            raise
        exec(compile(source, str(path), "exec"), module.__dict__)  # noqa: S102
        self.from_object(module)
        return True

    def from_file(
        self,
        filename: str | os.PathLike[str],
        load: Callable[[IO[Any]], Mapping[str, Any]],
        silent: bool = False,
        text: bool = True,
    ) -> bool:
        """Take the keys in capitals of what *load* makes of a file; return True.

        ``from_file("config.toml", load=tomllib.load, text=False)``. With *silent* a file that is
        not there gives False.
        """
        path = Path(self.root_path) / filename
        try:
            with path.open("r" if text else "rb") as file:
                mapping = load(file)
        except OSError as error:
            if silent and error.errno in {errno.ENOENT, errno.EISDIR}:
                return False
            error.strerror = f"The configuration file cannot be read ({error.strerror})"
            raise
        return self.from_mapping(mapping)

    def from_envvar(self, variable_name: str, silent: bool = False) -> bool:
        """Do `from_pyfile` with the file that an environment variable names.

        RuntimeError when it is not set, or, with *silent*, False.
        """
        filename = os.environ.get(variable_name)
        if filename:
            return self.from_pyfile(filename, silent=silent)
        if silent:
            return False
        message = (
            f"The environment variable {variable_name!r} is not set, so there is no file to "
            "configure the app from. Set it to the path of a Python file."
        )
        raise RuntimeError(message)

    def from_prefixed_env(
        self, prefix: str = "FLASK", *, loads: Callable[[str], Any] = json.loads
    ) -> bool:
        """Take the environment variables that begin with *prefix* and an underscore; return True.

        *loads* reads each value; what it cannot read stays text. Two underscores in a name lead
        into a dict: ``FLASK_MAIL__PORT=25`` sets ``config["MAIL"]["PORT"]``.
        """
        start = f"{prefix}_"
        for name in sorted(os.environ):
            if name.startswith(start):
                self._set_path(name.removeprefix(start).split("__"), _read(name, loads))
        return True

    def _set_path(self, path: list[str], value: Any) -> None:
        table: dict[str, Any] = self
        for key in path[:-1]:
            if key not in table:
                table[key] = {}
            table = table[key]
        table[path[-1]] = value

    def get_namespace(
        self, namespace: str, lowercase: bool = True, trim_namespace: bool = True
    ) -> dict[str, Any]:
        """Return the keys that begin with *namespace*, without it and in small letters."""
        found = {}
        for key, value in self.items():
            if key.startswith(namespace):
                name = key[len(namespace) :] if trim_namespace else key
                found[name.lower() if lowercase else name] = value
        return found

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {dict.__repr__(self)}>"


def _read(name: str, loads: Callable[[str], Any]) -> Any:
    try:
        return loads(os.environ[name])
    except Exception:  # noqa: BLE001 - loads may be anybody's
        return os.environ[name]


class ConfigAttribute:
    """An attribute of an app that is kept under a key of its configuration."""

    def __init__(self, name: str, get_converter: Callable[[Any], Any] | None = None) -> None:
        self.name = name
        self.get_converter = get_converter

    def __get__(self, app: Any, _owner: type | None = None) -> Any:
        if app is None:
            return self
        if self.get_converter is None:
            return app.config[self.name]
        return self.get_converter(app.config[self.name])

    def __set__(self, app: Any, value: Any) -> None:
        app.config[self.name] = value
