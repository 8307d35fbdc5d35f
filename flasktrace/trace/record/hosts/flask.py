"""Apps of the real flask package: made to send the signals of flasktrace's own stages.

Nothing of the package is changed, only attributes of the one app, and the class of its request
contexts: a subclass with a few dressed methods. flask 3.0 and 3.1 have two contexts and find the
request by themselves; 3.2 has one, and hands it to the stage methods as first argument.
"""

import functools
import sys
import threading
import weakref
from collections.abc import Callable, Sequence
from types import MethodType
from typing import Any

from flasktrace.signals import handling, stage
from flasktrace.trace.record.describe import NO_ATTRIBUTES, attribute, attributes_of, found_on
from flasktrace.trace.record.hosts import flask_stack
from flasktrace.trace.record.hosts.flask_calls import (
    announcing,
    calling_processors,
    calling_save,
    flasks_own,
    unbound,
)
from flasktrace.trace.record.hosts.flask_context import (
    OPENER,
    current_of,
    interface_of,
    traced_class,
)
from flasktrace.trace.record.hosts.flask_signals import Ears
from flasktrace.trace.record.hosts.native import adapter_facts
from flasktrace.trace.record.layers import is_frameworks
from flasktrace.trace.record.recorder import Recorder
from flasktrace.trace.record.recording import CURRENT
from flasktrace.trace.record.snapshot import Group, Refs
from flasktrace.trace.record.wrapper_classes import has_no_code_of_its_own

_STAGES = {
    "preprocess_request": "preprocess",
    "dispatch_request": "dispatch",
    "make_response": "make_response",
    "process_response": "postprocess",
}
_TEARDOWNS = "do_teardown_request", "do_teardown_appcontext"
_ANSWERING = "handle_user_exception", "handle_exception"
_INSIDE = {"preprocess_request": calling_processors, "process_response": calling_save}
"""What else is seen in them."""
_ITS_OWN = "request", "session", "flashes"
_MISSING: Any = object()
_NOTHING: dict[str, Any] = {}


class FlaskHost:
    """An app of ``flask.Flask``."""

    def __init__(self) -> None:
        from flasktrace.trace.version import version_of

        self.name = f"flask {version_of('flask')}".strip()
        self.tops = flask_stack.getters()
        self._request_key, self._session_key, self._flashes_key = map(_kept_as, _ITS_OWN)
        #: The latest session interface, and its function that opens sessions.
        self._opener: tuple[Any, Any] = None, None
        #: What the app had under the names of the dressed methods, and what it has now.
        self._dressed: dict[str, tuple[Any, Any]] = {}
        #: All dressed stage methods that somebody still has: name, what was there before, itself.
        self._made: list[tuple[str, Any, weakref.ref[Any]]] = []
        self._lock = threading.Lock()
        #: The stage methods that the app has now, as far as anybody knows.
        self._present: dict[str, Any] = {}

    def contexts(self) -> Sequence[Any]:
        """Return the contexts on the stack, the bottom first."""
        return flask_stack.contexts()

    def bare(self) -> bool:
        """Tell whether no context is on the stack."""
        app, request = flask_stack.tops()
        return app is None and request is None

    def app_name(self, context: Any) -> str:
        """Return the name of the app that *context* belongs to."""
        app = attributes_of(context)["app"]
        name: str = attributes_of(app).get("name") or app.name  # kept there once it was asked for
        return name

    def groups(self) -> Sequence[Group]:
        """Return the contexts: a request and its app context together, if there are no others."""
        pair = flask_stack.only_pair()
        if pair is not None:
            below, above = attributes_of(pair[0]).get, attributes_of(pair[1]).get
            if below("url_adapter") is None and below("app") is above("app"):
                return (pair,)
        return [(context,) for context in flask_stack.contexts()]

    def refs(self, group: Group) -> Refs:
        """Return what the contexts refer to, without asking them for anything."""
        above = attributes_of(group[-1])
        below = above if len(group) == 1 else attributes_of(group[0])
        mine, home = above.get, below.get("g")
        request, attributes = mine(self._request_key), _NOTHING
        if request is not None:
            attributes = attributes_of(request)
        its = attributes.get
        return (
            request,
            its("method"),
            its("path"),
            its("url_rule"),
            its("view_args"),
            its("routing_exception"),
            mine(self._session_key),
            attributes_of(home),
            mine(self._flashes_key),
            mine("url_adapter"),
            attributes,
            (mine, below.get, home),
        )

    def rests(self, group: Group, refs: Refs) -> bool:
        """Tell whether they still refer to just that."""
        request, method, path, rule, args, error, session, g, flashes, adapter, its, homes = refs
        (mine, lower, home), get = homes, its.get
        return (
            mine(self._request_key) is request
            and mine(self._session_key) is session
            and mine(self._flashes_key) is flashes
            and mine("url_adapter") is adapter
            and (len(group) == 1 or lower("url_adapter") is None)
            and lower("g") is home
            and (g is NO_ATTRIBUTES or attribute(home, "__dict__") is g)
            and get("method") is method
            and get("path") is path
            and get("url_rule") is rule
            and get("view_args") is args
            and get("routing_exception") is error
        )

    def chunks_of(self, _result: Any) -> None:
        """Tell that code may run for each chunk of what an app returns."""

    def follow_bodies(self, wanted: bool) -> None:
        """Do nothing: all are followed chunk by chunk."""

    def adapter_facts(self, adapter: Any) -> tuple[tuple[str, Any], ...]:
        """Return what a card shows of a url adapter: names and values."""
        return adapter_facts(adapter)

    def opener(self, app: Any) -> Any:
        """Return the function that opens the sessions of *app*."""
        interface = interface_of(app)
        known, function = self._opener
        if known is not interface:
            function = found_on(interface, "open_session")
            self._opener = interface, function
        return function

    def install(self, app: Any, recorder: Recorder) -> None:
        """Dress the app's stage methods and begin to listen."""
        import flask

        recorder.trusts = has_no_code_of_its_own(app)
        ears = Ears(app, recorder)
        for method in _STAGES:
            self._dress_stage(app, method)
        for method in _ANSWERING:
            if flasks_own(getattr(app, method)) is None:
                self._dress(app, method, _answering(app, method, getattr(app, method)))
        renew = functools.partial(self._renew, app)
        hear = functools.partial(self._hear_teardown, app)
        dressed = _dressing(app, app.request_context, ears, self._present, renew, hear)
        self._dress(app, "request_context", dressed)
        self._dress(app, "ensure_sync", announcing(app, app.ensure_sync))
        recorder.connect(app)
        recorder.connect_templates(flask.before_render_template, flask.template_rendered, app)
        recorder.connect_exceptions(flask.got_request_exception, app)

    def _dress_stage(self, app: Any, method: str) -> None:
        """Make a method, the present one of that name, send the signals of its stage."""
        present = getattr(app, method)
        inside = _INSIDE.get(method)
        ready = unbound(app, present) if inside is None else inside(app, present)
        own = is_frameworks(present)
        dressed = stage(_STAGES[method], current_of, as_given=True, own=own)(ready)
        made = self._dress(app, method, dressed)
        self._present[method] = made
        self._made = [item for item in self._made if item[2]() is not None]
        self._made.append((method, self._dressed[method][0], weakref.ref(made)))

    def _hear_teardown(self, app: Any) -> None:
        """See what receivers change that hear of a teardown, once there are any receivers."""
        with self._lock:
            for method in _TEARDOWNS:
                if method not in self._dressed:
                    self._dress(app, method, _looking_after(app, getattr(app, method)))

    def _renew(self, app: Any) -> None:
        """Dress the stage methods that were replaced since."""
        with self._lock:
            for method, made in list(self._present.items()):
                if app.__dict__.get(method) is not made:
                    self._dress_again(app, method)

    def _dress_again(self, app: Any, method: str) -> None:
        present = app.__dict__.get(method)
        for name, before, made in self._made:
            if name == method and present is not None and made() is present:
                self._dressed[method] = before, present  # somebody has put it back
                self._present[method] = present
                return
        self._dress_stage(app, method)

    def _dress(self, app: Any, method: str, function: Callable[..., Any]) -> MethodType:
        """Put a function of the app and the arguments in the place of a method of that name.

        As a method of the app: what wraps methods, as agents do, asks them whose they are.
        """
        dressed = MethodType(function, app)
        self._dressed[method] = app.__dict__.get(method, _MISSING), dressed
        app.__dict__[method] = dressed
        return dressed

    def uninstall(self, app: Any) -> None:
        """Take the dressed methods off again, unless somebody has replaced them."""
        for method, (before, dressed) in self._dressed.items():
            if app.__dict__.get(method) is not dressed:
                continue
            if before is _MISSING:
                del app.__dict__[method]
            else:
                app.__dict__[method] = before
        self._dressed.clear()
        self._made.clear()
        self._present.clear()


def _kept_as(name: str) -> str:
    """Return where a context with a request keeps what it gives as *name*."""
    from flask import ctx

    # By vars(), since 3.2 warns when the name of 3.1 is asked for.
    kind = vars(ctx).get("RequestContext", ctx.AppContext)
    return f"_{name}" if name in vars(kind) or hasattr(kind, OPENER) else name


# The stages


def _answering(app: Any, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method that takes the place of Flask's error handling, heard of by the recording."""

    @functools.wraps(unbound(app, method))
    def run(_app: Any, /, *args: Any, **kwargs: Any) -> Any:
        recording = CURRENT.get()
        context = None if recording is None else recording.context
        watcher = recording if context is not None and context.app is app else None
        return handling(watcher, name, method, *args, **kwargs)

    return run


def _looking_after(app: Any, method: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method of the teardown with a look after it, at what receivers have changed."""

    @functools.wraps(unbound(app, method))
    def run(_app: Any, /, *args: Any, **kwargs: Any) -> Any:
        try:
            return method(*args, **kwargs)
        finally:
            recording = CURRENT.get()
            if recording is not None and recording.recorder.app() is app:
                recording.look()

    return run


def _dressing(
    app: Any,
    method: Callable[..., Any],
    ears: Ears,
    present: dict[str, Any],
    renew: Callable[[], None],
    hear: Callable[[], None],
) -> Callable[..., Any]:
    """Return ``request_context`` with contexts of the watched class as results.

    *renew* is called when the methods of *app* are not those *present* any more, *hear* when there
    are receivers of flask's signals.
    """
    there = attributes_of(app).get

    @functools.wraps(unbound(app, method))
    def request_context(_app: Any, /, *args: Any, **kwargs: Any) -> Any:
        context = method(*args, **kwargs)
        recording = CURRENT.get()
        if recording is None:
            return context
        try:
            for name, made in present.items():
                if there(name) is not made:
                    renew()
                    break
            # What others do when they hear a signal nobody sees, but what it changed.
            if ears.open():
                hear()
                recording.looked = recording.wary = recording.has_receivers = True
            context.__class__ = traced_class(type(context))
        except Exception as error:  # noqa: BLE001
            recording.recorder.failed(recording, "context", error)
        return context

    return request_context


def is_flask(app: Any) -> bool:
    """Tell whether *app* is one of the real flask package, without importing it."""
    flask = sys.modules.get("flask")
    return flask is not None and isinstance(app, flask.Flask)
