"""What flask calls of the user's: made calls that a recording hears of, with their kinds.

Flask's own code of a stage sees another value of one attribute of the app for that, see `StandIn`.
"""

import functools
import inspect
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable
from types import MethodType
from typing import Any

from flasktrace.signals import call, own
from flasktrace.trace.record.describe import attributes_of
from flasktrace.trace.record.hosts.flask_context import (
    TracedContext,
    current,
    current_of,
    interface_of,
    popping,
    session_of,
)
from flasktrace.trace.record.hosts.flask_signals import is_receiver
from flasktrace.trace.record.hosts.flask_stack import top_request
from flasktrace.trace.record.hosts.standin import Called, Saving, StandIn
from flasktrace.trace.record.layers import is_frameworks
from flasktrace.trace.record.recording import CURRENT
from flasktrace.trace.record.roster import is_default
from flasktrace.trace.record.seat import seat
from flasktrace.trace.record.tracebacks import hide_watchers

_KINDS = {
    "preprocess": "before_request",
    "dispatch": "view",
    "postprocess": "after_request",
    "pop": "teardown_request",
    None: "error_handler",
}
_OWN = "framework"
"""Kind of a function that is no call of the user's."""
_PROCESSOR, _PROCESSORS = "url_value_preprocessor", "url_value_preprocessors"
_MOST = 20
"""Functions that are listed."""
_DICTS = {dict, defaultdict}
_frame = sys._getframe  # noqa: SLF001 - inspect and logging go by it, too


def calling_processors(app: Any, method: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``preprocess_request``, given the app, with each URL value preprocessor as a call.

    One that an app overrides stays as it is; the functions in it are listed only.
    """
    function = flasks_own(method)

    @functools.wraps(unbound(app, method))
    def preprocess_request(_app: Any, /, *args: Any, **kwargs: Any) -> Any:
        recording = CURRENT.get()
        table = attributes_of(app).get(_PROCESSORS)
        if recording is None or type(table) not in _DICTS or not table:
            return method(*args, **kwargs)
        context = current_of(app, *args)
        if context is None or context.app is not app:
            return method(*args, **kwargs)
        if function is None:
            listed = functools.partial(_listed, table)
            recording.recorder.host_event(app, name="url value preprocessors", facts=listed)
            return method(*args, **kwargs)

        def dress(item: Any) -> Any:
            def run(*given: Any, **named: Any) -> Any:
                return call(context, _PROCESSOR, item, seat(_frame(1)), item, given, named)

            return run

        def dressed() -> Any:
            return {scope: Called(functions, dress) for scope, functions in table.items()}

        return function(StandIn(app, _PROCESSORS, dressed), *args, **kwargs)

    return preprocess_request


def _listed(table: dict[Any, Any], place_of: Callable[[Any], Any]) -> dict[str, str] | None:
    """Return the functions of *table*, whose calls cannot be seen."""
    lists = [found for found in table.values() if type(found) is list]
    told = ", ".join(str(place_of(function)) for found in lists for function in found[:_MOST])
    why = "the app has its own preprocess_request"
    return {"functions": told, "not timed": why} if told else None


def calling_save(app: Any, method: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``process_response`` with the saving of the session as a call, unless overridden."""
    function = flasks_own(method)
    if function is None:
        return unbound(app, method)

    from flask.sessions import NullSession, SecureCookieSessionInterface

    def saves_itself() -> bool:
        """Tell whether nothing but flask's own code saves the sessions."""
        interface = interface_of(app)
        return type(interface) is SecureCookieSessionInterface and not attributes_of(interface)

    @functools.wraps(function)
    def process_response(_app: Any, /, *args: Any, **kwargs: Any) -> Any:
        context = None if CURRENT.get() is None else current_of(app, *args)
        if context is None or context.app is not app:
            return method(*args, **kwargs)
        by_flask = saves_itself()
        if by_flask and type(session_of(context)) is NullSession:  # which it never saves
            return method(*args, **kwargs)

        def save(real: Callable[..., Any], _app: Any, /, *given: Any, **named: Any) -> Any:
            if by_flask and not named:
                return own(context, "session_save", real, app, *given)
            given = app, *given
            return call(context, "session_save", real, seat(_frame(2)), real, given, named)

        def saving() -> Any:
            return Saving(app.session_interface, save)

        return function(StandIn(app, "session_interface", saving), *args, **kwargs)

    return process_response


def unbound(app: Any, method: Callable[..., Any]) -> Callable[..., Any]:
    """Return *method* of *app* as a function that gets the app, too."""
    if type(method) is MethodType and method.__self__ is app:
        return method.__func__

    @functools.wraps(method)
    def function(_app: Any, /, *args: Any, **kwargs: Any) -> Any:
        return method(*args, **kwargs)

    first = inspect.Parameter("_app", inspect.Parameter.POSITIONAL_ONLY)
    try:
        asked = inspect.signature(method)
    except (ValueError, TypeError):  # some of C have none
        asked = inspect.Signature()
    whole = asked.replace(parameters=[first, *asked.parameters.values()])
    function.__signature__ = whole  # type: ignore[attr-defined]
    return function


def flasks_own(method: Callable[..., Any]) -> Callable[..., Any] | None:
    """Return the function behind *method* when it is that of flask itself, else None."""
    import flask

    if type(method) is not MethodType:
        return None
    function: Callable[..., Any] = method.__func__
    return function if function is vars(flask.Flask).get(method.__name__) else None


def announcing(app: Any, ensure_sync: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``ensure_sync``, through which flask calls every hook, view and handler."""
    is_recording = CURRENT.get

    @functools.wraps(unbound(app, ensure_sync))
    def announced(_app: Any, /, function: Callable[..., Any]) -> Callable[..., Any]:
        ready: Callable[..., Any] = ensure_sync(function)
        if is_recording() is None:
            return ready
        context = top_request()
        if not isinstance(context, TracedContext):
            context = current()
        if context is None or context.app is not app:
            return ready

        def run(*args: Any, **kwargs: Any) -> Any:
            kind = _kind(app, context, function, waits=ready is not function)
            if kind == _OWN:
                return ready(*args, **kwargs)
            try:
                return call(context, kind, function, seat(_frame(1)), ready, args, kwargs)
            except BaseException as error:
                hide_watchers(error)
                raise

        return run

    return announced


def _kind(app: Any, context: Any, function: Any, *, waits: bool) -> str:
    """Return what *function* is, by the stage in which flask calls it.

    *waits* tells whether it is async; only then may it be the receiver of a signal.
    """
    for given in app.template_context_processors.values():
        for item in given:
            if item is function:  # not by the user's ``==``
                return _OWN if is_default(function) else "context_processor"
    if context.watcher is not None and context.watcher.calls:
        # By a function of the user, such as a decorator; flask's own views of classes do so, too.
        return _OWN if is_frameworks(function) else "call"
    if waits and is_receiver(function, app):
        return "receiver"
    kind = _kind_by_stage(context)
    if kind == "after_request" and _among(function, _after_functions_of(context)):
        return "after_this_request"
    if kind == "teardown_request" and _among(function, app.teardown_appcontext_funcs):
        return "teardown_appcontext"
    return kind


def _kind_by_stage(context: Any) -> str:
    ends = popping.get() is context
    if context.flasktrace_copied and not ends:
        return "call"  # what the copy was made for
    stage = context.stage
    is_over = stage is None and context.flasktrace_ended  # a body that streams with it
    return _KINDS.get("pop" if is_over or ends else stage, "call")


def _after_functions_of(context: Any) -> Any:
    return attributes_of(context).get("_after_request_functions", ())


def _among(function: Any, known: Iterable[Any]) -> bool:
    """Tell whether *function* itself is among *known*, without comparing by the user's ``==``."""
    return any(item is function for item in known)
