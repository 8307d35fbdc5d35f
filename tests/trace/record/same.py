"""Runs an app untraced and traced, and compares everything that anybody outside can see."""

import gc
import io
import logging
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import flask
import itsdangerous.timed
from werkzeug.http import parse_date
from werkzeug.test import EnvironBuilder

import flasktrace
from flasktrace import signals
from flasktrace.trace.tracer import tracer_of

BOOM = ValueError("the one and only")
"""Raised by apps, so that its identity can be checked."""


@dataclass
class Ask:
    """One request, and how the server treats the answer."""

    path: str = "/"
    method: str = "GET"
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    environ: dict[str, Any] = field(default_factory=dict)
    chunks: int | None = None
    """How many chunks the server takes before it closes; None: all."""
    close: bool = True


class Input(io.BytesIO):
    """Counts what the app reads of the request's body."""

    def __init__(self, body: bytes) -> None:
        super().__init__(body)
        self.taken = 0

    def read(self, *size):
        data = super().read(*size)
        self.taken += len(data)
        return data

    def readline(self, *size):
        data = super().readline(*size)
        self.taken += len(data)
        return data


def ask(wsgi, wanted: Ask) -> dict[str, Any]:
    """Be the server for one request; return all that the server saw."""
    BOOM.__traceback__ = None  # else it grows with each raise
    stream = Input(wanted.body)
    builder = EnvironBuilder(wanted.path, method=wanted.method, headers=wanted.headers)
    environ = builder.get_environ()
    environ |= {"wsgi.input": stream, "CONTENT_LENGTH": str(len(wanted.body)), **wanted.environ}
    keys = set(environ)
    starts: list[Any] = []
    chunks: list[Any] = []

    def start_response(*args, **named):
        starts.append((args[0], list(args[1]), len(args), sorted(named)))
        return chunks.append

    seen: dict[str, Any] = {"starts": starts, "chunks": chunks, "error": None}
    result = None
    try:
        result = wsgi(environ, start_response)
        seen["sized"] = hasattr(result, "__len__")
        if wanted.chunks is None:
            chunks.extend(result)
        elif wanted.chunks:
            steps = iter(result)
            chunks.extend(next(steps) for _ in range(wanted.chunks))
    except BaseException as error:  # noqa: BLE001
        seen["error"] = error
    try:
        if wanted.close and hasattr(result, "close"):
            result.close()
    except BaseException as error:  # noqa: BLE001
        seen["close error"] = error
    seen["taken"] = stream.taken
    seen["input"] = environ["wsgi.input"] is stream
    seen["keys"] = {key for key in set(environ) - keys if not key.startswith("werkzeug.")}
    return seen


class Log(logging.Handler):
    """Collects what is logged."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[Any] = []

    def emit(self, record):
        if record.name == "flasktrace":
            return  # what the tracer says of itself
        kind = record.exc_info[0] if record.exc_info else None
        self.lines.append((record.name, record.levelno, record.getMessage(), kind))


@contextmanager
def watched_logs():
    handler, root = Log(), logging.getLogger()
    root.addHandler(handler)
    try:
        yield handler.lines
    finally:
        root.removeHandler(handler)


def run(wsgi, asks) -> list[dict[str, Any]]:
    answers = []
    for wanted in asks:
        with watched_logs() as lines, warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            gc.disable()  # what other tests left behind may warn when it is collected
            try:
                seen = ask(wsgi, wanted)
            finally:
                gc.enable()
        seen["logs"] = list(lines)
        seen["warnings"] = [(item.category, str(item.message)) for item in warned]
        answers.append(seen)
    return answers


def receivers() -> list[int]:
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


def comparable(seen: dict[str, Any]) -> dict[str, Any]:
    def shown(error):
        return None if error is None else (type(error), repr(error.args))

    errors = {key: shown(seen[key]) for key in ("error", "close error") if key in seen}
    starts = [(status, timeless(headers), *how) for status, headers, *how in seen["starts"]]
    return {**seen, **errors, "starts": starts}


def timeless(headers):
    """Return the headers with any Date as good as any other: a second may pass between two."""
    return [
        (name, parse_date(value) is not None if name == "Date" else value)
        for name, value in headers
    ]


def different(expected, actual, *but) -> dict[str, Any]:
    return {
        key: (expected[key], actual.get(key))
        for key in expected
        if key not in but and expected[key] != actual.get(key)
    }


def assert_same(make, asks, *, break_tracer=None, **options) -> list[Any]:
    """Compare the app that *make* gives, untraced and traced; return the traces.

    *make* gets a list, in which the app may write down what it saw. *break_tracer* gets the
    recorder of the traced app.
    """
    options = {"enabled": True, "store": "memory:", "dashboard": False, **options}
    fixed = itsdangerous.timed.TimestampSigner.get_timestamp
    itsdangerous.timed.TimestampSigner.get_timestamp = lambda _self: 1_700_000_000
    try:
        plain_notes: list[Any] = []
        plain_app = make(plain_notes)
        plain = run(plain_app, asks)
        notes: list[Any] = []
        app = make(notes)
        before, heard = (hooks(app) if is_flask(app) else None), receivers()
        traced_app = flasktrace.wrap(app, **options)
        tracer = tracer_of(traced_app)
        if break_tracer:
            break_tracer(tracer.recorder)
        if is_flask(app):
            assert traced_app is app
        with tracer.collect() as traces:
            traced = run(traced_app, asks)
        errors = dict(tracer.recorder.guard.errors)
        assert flasktrace.unwrap(traced_app) is app
    finally:
        itsdangerous.timed.TimestampSigner.get_timestamp = fixed

    for expected, actual in zip(plain, traced, strict=True):
        assert not (found := different(comparable(expected), comparable(actual))), found
        for key in ("error", "close error"):
            if expected.get(key) is BOOM:
                assert actual[key] is BOOM
    assert notes == plain_notes
    assert receivers() == heard
    if before is not None:
        after = hooks(app)
        assert not (found := (set(after) ^ set(hooks(plain_app))) - {"name"}), found
        changing = {"_got_first_request", "error_handler_spec", "name"}
        kept = {key: after[key] for key in before}
        assert not (found := different(before, kept, *changing)), found
    assert errors == {} or break_tracer
    return list(traces)
