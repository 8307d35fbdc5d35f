"""Apps of the real flask package: made to send the signals of flasktrace's own stages.

Nothing of the package is changed, only attributes of the one app, and the class of its request
contexts: a subclass with three dressed methods. flask 3.0 and 3.1 have two contexts and find the
request by themselves; 3.2 has one, and hands it to the stage methods as first argument.
"""

import sys
from collections.abc import Callable
from typing import Any

from flasktrace.signals import Staged, call, stage
from flasktrace.trace.record.hosts.native import adapter_facts, request_facts
from flasktrace.trace.record.recorder import Recorder
from flasktrace.trace.record.recording import CURRENT
from flasktrace.trace.record.snapshot import RawCard

_STAGES = {
    "preprocess_request": "preprocess",
    "dispatch_request": "dispatch",
    "make_response": "make_response",
    "process_response": "postprocess",
}


class FlaskHost:
    """An app of ``flask.Flask``."""

    def __init__(self) -> None:
        from importlib.metadata import version

        self.name = f"flask {version('flask')}"

    def cards(self) -> list[RawCard]:
        """Return the contexts on the stack, the bottom first."""
        from flask import globals as names

        found = [_on_top(getattr(names, name, None)) for name in ("app_ctx", "request_ctx")]
        seen = {id(context): context for context in found if context is not None}
        return [_card(context) for context in seen.values()]

    def install(self, app: Any, recorder: Recorder) -> None:
        """Dress the app's stage methods and begin to listen."""
        import flask

        for method, name in _STAGES.items():
            app.__dict__[method] = _staged(name, getattr(app, method), app)
        app.__dict__["request_context"] = _dressing(app.request_context)
        app.__dict__["ensure_sync"] = _announcing(app, app.ensure_sync)
        recorder.connect(app)
        recorder.connect_templates(flask.before_render_template, flask.template_rendered, app)

    def uninstall(self, app: Any) -> None:
        """Take the dressed methods off again."""
        for method in (*_STAGES, "request_context", "ensure_sync"):
            app.__dict__.pop(method, None)


class TracedContext(Staged):
    """What a request context of flask has beside its own, while it is watched."""

    stage: str | None = None
    flasktrace_pushes = 0
    flasktrace_calls = 0
    flasktrace_staged = False
    flasktrace_ended = False


def _current(*args: Any) -> Any:
    """Return the watched context that a stage method is called for, or None."""
    if args and isinstance(args[0], TracedContext):
        return args[0]
    from flask import globals as names

    for name in ("request_ctx", "app_ctx"):
        context = _on_top(getattr(names, name, None))
        if isinstance(context, TracedContext):
            return context
    return None


def _on_top(proxy: Any) -> Any:
    if proxy is None:
        return None
    try:
        return proxy._get_current_object()  # noqa: SLF001
    except RuntimeError:
        return None


def _staged(name: str, method: Callable[..., Any], app: Any) -> Callable[..., Any]:
    """Return a stage method of *app* that sends the signals of the stage *name*."""

    def bound(_app: Any, *args: Any, **kwargs: Any) -> Any:
        return method(*args, **kwargs)

    def find(_app: Any, *args: Any) -> Any:
        return _current(*args)

    staged = stage(name, find, as_given=True)(bound)

    def run(*args: Any, **kwargs: Any) -> Any:
        return staged(app, *args, **kwargs)

    return run


def _dressing(method: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``request_context`` with contexts of the watched class as results."""

    def request_context(*args: Any, **kwargs: Any) -> Any:
        context = method(*args, **kwargs)
        if CURRENT.get() is not None:
            context.__class__ = _traced_class(type(context))
        return context

    return request_context


_classes: dict[type, type] = {}


def _traced_class(kind: type) -> type:
    """Return the watched subclass of a class of request contexts."""
    if issubclass(kind, TracedContext):
        return kind
    if kind not in _classes:
        _classes[kind] = _make_traced_class(kind)
    return _classes[kind]


def _make_traced_class(kind: type) -> type:
    base: Any = kind

    class Traced(kind, TracedContext):  # type: ignore[misc, valid-type]
        @stage("push", _itself)
        def flasktrace_first_push(self) -> None:
            base.push(self)

        @stage("pop", _itself)
        def flasktrace_last_pop(self, *args: Any) -> None:
            base.pop(self, *args)

        @stage("match", _itself)
        def flasktrace_match(self) -> None:
            base.match_request(self)

        def push(self) -> None:
            self.flasktrace_pushes += 1
            if self.flasktrace_staged:
                base.push(self)
            else:
                self.flasktrace_staged = True
                self.flasktrace_first_push()

        def pop(self, *args: Any) -> None:
            self.flasktrace_pushes -= 1
            if self.flasktrace_pushes or self.flasktrace_ended:
                base.pop(self, *args)
            else:
                self.flasktrace_ended = True
                self.flasktrace_last_pop(*args)

        def match_request(self) -> None:
            self.flasktrace_match()

    Traced.__name__, Traced.__qualname__ = kind.__name__, kind.__qualname__
    Traced.__module__ = kind.__module__
    return Traced


def _itself(context: Any, *_rest: Any) -> Any:
    return context


def _announcing(app: Any, ensure_sync: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``ensure_sync``, through which flask calls every hook, view and handler."""

    def announced(function: Callable[..., Any]) -> Callable[..., Any]:
        ready = ensure_sync(function)
        if CURRENT.get() is None:
            return ready
        context = _current()
        if context is None or context.app is not app:
            return ready

        def run(*args: Any, **kwargs: Any) -> Any:
            kind = _kind(app, context, function)
            context.flasktrace_calls += 1
            try:
                return call(context, kind, function, ready, *args, **kwargs)
            finally:
                context.flasktrace_calls -= 1

        return run

    return announced


def _kind(app: Any, context: Any, function: Any) -> str:
    """Return what *function* is, by the stage in which flask calls it."""
    if context.flasktrace_calls:
        if any(function in given for given in app.template_context_processors.values()):
            return "context_processor"
        return "call"  # by a function of the user, such as a decorator
    match context.stage:
        case "preprocess":
            return "before_request"
        case "dispatch":
            return "view"
        case "postprocess":
            mine = getattr(context, "_after_request_functions", ())
            return "after_this_request" if function in mine else "after_request"
        case "pop":
            ends = function in app.teardown_appcontext_funcs
            return "teardown_appcontext" if ends else "teardown_request"
        case None:
            return "error_handler"
    return "call"


def _card(context: Any) -> RawCard:
    request = getattr(context, "request", None) if _has_request(context) else None
    facts = vars(context)
    session = facts.get("_session", facts.get("session"))
    g = facts.get("g")
    return RawCard(
        kind="app" if request is None else "request",
        name=context.app.name,
        request={} if request is None else _request_facts(request),
        session=session if issubclass(type(session), dict) else None,
        g={} if g is None else vars(g),
        flashes=facts.get("flashes") or facts.get("_flashes") or (),
        url_adapter=adapter_facts(facts.get("url_adapter")),
    )


def _has_request(context: Any) -> bool:
    facts = vars(context)
    return facts.get("request") is not None or facts.get("_request") is not None


def _request_facts(request: Any) -> dict[str, Any]:
    matched = request.url_rule is not None or request.routing_exception is not None
    return request_facts(request, matched=matched)


def is_flask(app: Any) -> bool:
    """Tell whether *app* is one of the real flask package, without importing it."""
    flask = sys.modules.get("flask")
    return flask is not None and isinstance(app, flask.Flask)
