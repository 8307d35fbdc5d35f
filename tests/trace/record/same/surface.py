"""What other code may look at on an app: its attributes, its hooks, the signals' receivers."""

import gc
from typing import Any

import flask

import flasktrace
from flasktrace import signals


def receivers() -> list[int]:
    gc.collect()  # those of apps that other tests have dropped go with them
    return [len(signal.receivers) for signal in all_signals()]


def all_signals():
    own = [value for value in vars(signals).values() if isinstance(value, signals.Signal)]
    theirs = [flask.before_render_template, flask.template_rendered, flask.request_started]
    return own + theirs


def hooks(app) -> dict[str, Any]:
    """Return what others may look at on a Flask app: its attributes, hook lists by identity."""
    kept = {}
    for key, value in vars(app).items():
        if isinstance(value, dict) and key not in {"config", "extensions"}:
            value = {scope: list(v) if isinstance(v, list) else v for scope, v in value.items()}  # noqa: PLW2901
        kept[key] = value if isinstance(value, dict | list) else id(value)
    return kept | {"extensions": dict(app.extensions)}


def is_flask(app) -> bool:
    return isinstance(app, flask.Flask | flasktrace.Flask)
