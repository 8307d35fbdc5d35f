"""The configuration of an app: a dict with names in capitals."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from werkzeug.utils import import_string

DEFAULTS: dict[str, Any] = {
    "DEBUG": None,
    "TESTING": False,
    "PROPAGATE_EXCEPTIONS": None,
    "SECRET_KEY": None,
    "SECRET_KEY_FALLBACKS": None,
    "PERMANENT_SESSION_LIFETIME": timedelta(days=31),
    "USE_X_SENDFILE": False,
    "TRUSTED_HOSTS": None,
    "SERVER_NAME": None,
    "APPLICATION_ROOT": "/",
    "SESSION_COOKIE_NAME": "session",
    "SESSION_COOKIE_DOMAIN": None,
    "SESSION_COOKIE_PATH": None,
    "SESSION_COOKIE_HTTPONLY": True,
    "SESSION_COOKIE_SECURE": False,
    "SESSION_COOKIE_PARTITIONED": False,
    "SESSION_COOKIE_SAMESITE": None,
    "SESSION_REFRESH_EACH_REQUEST": True,
    "MAX_CONTENT_LENGTH": None,
    "MAX_FORM_MEMORY_SIZE": 500_000,
    "MAX_FORM_PARTS": 1_000,
    "SEND_FILE_MAX_AGE_DEFAULT": None,
    "TRAP_BAD_REQUEST_ERRORS": None,
    "TRAP_HTTP_EXCEPTIONS": False,
    "EXPLAIN_TEMPLATE_LOADING": False,
    "PREFERRED_URL_SCHEME": "http",
    "TEMPLATES_AUTO_RELOAD": None,
    "MAX_COOKIE_SIZE": 4093,
    "PROVIDE_AUTOMATIC_OPTIONS": True,
}
"""Every key of Flask 3.1 with the value it has there."""


class Config(dict[str, Any]):
    """The configuration of an app; only names in capitals are taken from other objects."""

    def from_mapping(self, mapping: Mapping[str, Any] | None = None, **kwargs: Any) -> bool:
        """Take the keys in capitals of *mapping* and of the keyword arguments; return True."""
        given = {**(mapping or {}), **kwargs}
        self.update({key: value for key, value in given.items() if key.isupper()})
        return True

    def from_object(self, source: object | str) -> None:
        """Take the attributes in capitals of *source*, an object or its import name."""
        found = import_string(source) if isinstance(source, str) else source
        self.update({key: getattr(found, key) for key in dir(found) if key.isupper()})


class ConfigAttribute:
    """An attribute of an app that is kept under a key of its configuration."""

    def __init__(self, key: str, convert: Callable[[Any], Any] | None = None) -> None:
        self.key = key
        self.convert = convert

    def __get__(self, app: Any, _owner: type | None = None) -> Any:
        if app is None:
            return self
        value = app.config[self.key]
        return value if self.convert is None else self.convert(value)

    def __set__(self, app: Any, value: Any) -> None:
        app.config[self.key] = value
