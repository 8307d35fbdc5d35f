"""Watches every Flask app of a process from its first request on, as ``flasktrace exec`` does."""

import functools
import logging
from collections.abc import Callable
from threading import Lock
from typing import Any

from flasktrace.trace.tracer import Tracer, tracer_of

_log = logging.getLogger("flasktrace")
_lock = Lock()
_refused: set[int] = set()


def watch_class(kind: type) -> None:
    """Watch the apps of the Flask class *kind*, wherever they are made.

    The options come from the environment; an app that is wrapped already keeps its own.
    """
    original: Callable[..., Any] = kind.__call__

    @functools.wraps(original)
    def __call__(app: Any, environ: Any, start_response: Any) -> Any:  # noqa: N807
        if tracer_of(app) is None:
            _take_in(app)
        return original(app, environ, start_response)

    kind.__call__ = __call__  # type: ignore[method-assign]


def _take_in(app: Any) -> None:
    """Watch *app*, once though its first requests come at once; it never notices a failure."""
    if id(app) in _refused:
        return
    with _lock:
        if tracer_of(app) is not None:
            return
        try:
            Tracer(app)
        except Exception as error:  # noqa: BLE001
            _refused.add(id(app))
            _log.warning("flasktrace: %r cannot be traced: %s", app, error)
