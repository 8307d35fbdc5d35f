"""The apps that are compared, by name, and what is special in comparing them.

Those for both frameworks are made with flasktrace and with the real flask: ``make(lib, notes)``
gives the app and the requests to send. Those of WSGI are either the app itself (`raw`) or, when
it writes something down, ``make(notes)`` (`wsgi`). An app named ``fault_07_…`` is one for the
seventh of the faults that a tracer has to live with.
"""

from dataclasses import dataclass, field, replace
from typing import Any

from tests.trace.record.same import Ask

FRAMEWORK_APPS: dict[str, Any] = {}
WSGI_APPS: dict[str, Any] = {}
RAW_APPS: dict[str, Any] = {}
NOTED: dict[str, "Noted"] = {}


@dataclass(frozen=True)
class Noted:
    """What is special about an app: how it is wrapped, and which defect of the tracer it shows."""

    options: dict[str, Any] = field(default_factory=dict)
    but: tuple[str, ...] = ()
    incomplete: bool = False
    """Where the app has no room left, the tracer has none either."""


def app_for_both(function):
    """Register what makes an app of both frameworks."""
    return _register(FRAMEWORK_APPS, function, function)


def wsgi(function):
    """Register what makes a WSGI app that writes notes."""
    return _register(WSGI_APPS, function, function)


def raw(*asks):
    """Register a WSGI app, to be asked *asks*."""

    def register(function):
        return _register(RAW_APPS, function, (function, asks or (Ask(),)))

    return register


def _register(apps, function, made):
    name = function.__name__
    if name in {**FRAMEWORK_APPS, **WSGI_APPS, **RAW_APPS}:
        raise ValueError(f"there are two apps called {name}")
    apps[name] = made
    return function


def wrapped_with(**options):
    """Wrap the app with *options*; *but* are keys of what is seen that may differ."""
    but = options.pop("but", ())

    def register(function):
        before = noted(function.__name__)
        NOTED[function.__name__] = replace(before, options=options, but=but)
        return function

    return register


def incomplete(function):
    """Expect a trace in which something is missing."""
    NOTED[function.__name__] = replace(noted(function.__name__), incomplete=True)
    return function


def theme(name: str) -> str:
    """Return the module that the app called *name* stands in."""
    made = {**FRAMEWORK_APPS, **WSGI_APPS, **RAW_APPS}[name]
    function = made[0] if name in RAW_APPS else made
    return function.__module__.rpartition(".")[2]


def noted(name: str) -> Noted:
    """Return what is special about the app called *name*."""
    return NOTED.get(name, Noted())
