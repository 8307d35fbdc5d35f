"""Watches every Flask app of this process, whoever made it and whenever."""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from flasktrace.app import Flask
from flasktrace.trace.tracer import Tracer, tracer_of
from flasktrace.trace.traces import Traces

_log = logging.getLogger("flasktrace")


class Everywhere:
    """Watches the apps of flasktrace and of the real flask that are called from now on.

    An app is taken in when it is first called, so it does not matter where it was made. Nothing
    is stored; the traces go to the blocks of `collect`. *label* names each trace.
    """

    def __init__(self, label: Callable[[], str] = str) -> None:
        self._label = label
        self._own: list[Tracer] = []
        self._met: list[Tracer] = []
        self._off: list[Tracer] = []
        self._patched: dict[Any, Callable[..., Any]] = {}
        self._open: list[Traces] = []

    @contextmanager
    def collect(self) -> Iterator[Traces]:
        """Collect the traces of the requests that begin in the block."""
        self._look_for_frameworks()
        traces = Traces()
        self._open.append(traces)
        for tracer in self._met:
            tracer.attach(traces)
        try:
            yield traces
        finally:
            self._open.remove(traces)
            for tracer in self._met:
                tracer.detach(traces)

    @property
    def apps(self) -> list[Any]:
        """The apps that are watched so far."""
        return [tracer.app for tracer in self._met if tracer.app is not None]

    def stop(self) -> None:
        """Leave all apps as they were."""
        for kind, original in self._patched.items():
            kind.__call__ = original
        for tracer in self._own:
            tracer.uninstall()
        for tracer in self._off:
            tracer.put_back()
        self._off.clear()
        self._patched.clear()
        self._own.clear()
        self._met.clear()

    def _take_in_quietly(self, app: Any) -> None:
        """Watch *app*, which must not notice when that cannot be."""
        try:
            self.take_in(app)
        except Exception as error:  # noqa: BLE001
            _log.warning("flasktrace: %r cannot be watched: %s", app, error)

    def _look_for_frameworks(self) -> None:
        flask = sys.modules.get("flask")  # never imported for its own sake
        for kind in (Flask, getattr(flask, "Flask", None)):
            if kind is not None and kind not in self._patched:
                self._patched[kind] = kind.__call__
                setattr(kind, "__call__", _taking_in(kind.__call__, self._take_in_quietly))  # noqa: B010

    def take_in(self, app: Any) -> None:
        """Watch *app* from now on, if it is not watched yet."""
        tracer = tracer_of(app)
        if tracer is not None and not tracer.on:
            self._off.append(tracer)  # wrapped, but off
            tracer = None
        if tracer is None:
            tracer = Tracer(
                app, enabled=True, dashboard=False, keep=False, label=self._label, announce=False
            )
            self._own.append(tracer)
        if tracer not in self._met:
            self._met.append(tracer)
            for traces in self._open:
                tracer.attach(traces)


def _taking_in(original: Callable[..., Any], take_in: Callable[[Any], None]) -> Any:
    def __call__(app: Any, environ: Any, start_response: Any) -> Any:  # noqa: N807
        take_in(app)
        return original(app, environ, start_response)

    return __call__
