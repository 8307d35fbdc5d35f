"""Small apps, each with one thing that a tracer could spoil; a module for each theme."""

from tests.trace.record.apps import (  # noqa: F401 - they register their apps
    bodies,
    concurrency,
    contexts,
    environs,
    errors,
    files,
    foreign,
    hooks,
    inputs,
    logs,
    middleware,
    queries,
    requests,
    sessions,
    starts,
    streams,
    templates,
    uploads,
    values,
    world,
    wsgi,
)
from tests.trace.record.apps.hostile import Hostile, HostileDict
from tests.trace.record.apps.registry import FRAMEWORK_APPS, RAW_APPS, WSGI_APPS, noted, theme

__all__ = ["FRAMEWORK_APPS", "RAW_APPS", "WSGI_APPS", "Hostile", "HostileDict", "noted", "theme"]
