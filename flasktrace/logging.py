"""The logger of an app."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, TextIO

from werkzeug.local import LocalProxy

from flasktrace.globals import contexts

if TYPE_CHECKING:
    from flasktrace.app import Flask


def _errors_stream() -> TextIO:
    """Return the server's error stream in a request, else standard error."""
    context = contexts.top
    if context is not None and context.request is not None:
        stream: TextIO = context.request.environ["wsgi.errors"]
        return stream
    return sys.stderr


wsgi_errors_stream: TextIO = LocalProxy(_errors_stream)  # type: ignore[assignment]
"""The server's error stream in a request, else standard error."""

default_handler = logging.StreamHandler(wsgi_errors_stream)
"""Writes the records of apps whose logging nobody has set up."""
default_handler.setFormatter(
    logging.Formatter("[%(asctime)s] %(levelname)s in %(module)s: %(message)s")
)


def has_level_handler(logger: logging.Logger) -> bool:
    """Tell whether somebody handles what *logger* lets through."""
    level = logger.getEffectiveLevel()
    current: logging.Logger | None = logger
    while current is not None:
        if any(handler.level <= level for handler in current.handlers):
            return True
        current = current.parent if current.propagate else None
    return False


def create_logger(app: Flask) -> logging.Logger:
    """Return the logger named after *app*, with the default handler when it has none."""
    found = logging.getLogger(app.name)
    if not found.level and app.debug:
        found.setLevel(logging.DEBUG)  # unless somebody chose a level
    if has_level_handler(found):
        return found
    found.addHandler(default_handler)
    return found
