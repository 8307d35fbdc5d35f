"""Addresses of stores: ``memory:`` and ``sqlite:///path``."""

from pathlib import Path

from flasktrace.trace.keep.errors import StoreURLError

MEMORY = "memory:"
SQLITE = "sqlite:///"
"""Three slashes, then the path: a fourth one makes it absolute, as in SQLAlchemy."""

DEFAULT_URL = "sqlite:///.flasktrace/traces.db"
"""Below the working folder."""


def path_of(url: str) -> Path | None:
    """Return the absolute path of a SQLite *url*, None for memory; raises `StoreURLError`."""
    if url == MEMORY:
        return None
    if not url.startswith(SQLITE):
        raise StoreURLError(url, "it begins with neither memory: nor sqlite:///")
    text = url.removeprefix(SQLITE)
    if not text or text.endswith("/"):
        raise StoreURLError(url, "it names no file")
    if text.startswith(":") or any(sign in text for sign in "?#\0"):
        raise StoreURLError(url, "a path with : in front, or with ? or # in it, is not supported")
    return Path.cwd() / text
