"""Apps of the real flask package: made to send the signals of flasktrace's own stages.

Nothing of the package is changed, only attributes of the one app, and the class of its request
contexts: a subclass with a few dressed methods. flask 3.0 and 3.1 have two contexts and find the
request by themselves; 3.2 has one, and hands it to the stage methods as first argument.
"""

import functools
import sys
import threading
import weakref
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from types import MethodType
from typing import Any

from flasktrace.signals import Staged, call, handling, own, stage
from flasktrace.trace.record.describe import (
    NO_ATTRIBUTES,
    attribute,
    attributes_of,
    found_on,
    type_name,
)
from flasktrace.trace.record.hosts import flask_stack
from flasktrace.trace.record.hosts.flask_signals import Ears, is_receiver
from flasktrace.trace.record.hosts.flask_stack import top_request
from flasktrace.trace.record.hosts.native import adapter_facts
from flasktrace.trace.record.hosts.standin import Called, Saving, StandIn
from flasktrace.trace.record.layers import is_frameworks
from flasktrace.trace.record.recorder import Recorder
from flasktrace.trace.record.recording import CURRENT
from flasktrace.trace.record.roster import is_default
from flasktrace.trace.record.seat import seat
from flasktrace.trace.record.snapshot import Group, Refs
from flasktrace.trace.record.wrapper_classes import has_no_code_of_its_own

_STAGES = {
    "preprocess_request": "preprocess",
    "dispatch_request": "dispatch",
    "make_response": "make_response",
    "process_response": "postprocess",
}
_ANSWERING = "handle_user_exception", "handle_exception"
_KINDS = {
    "preprocess": "before_request",
    "dispatch": "view",
    "postprocess": "after_request",
    "pop": "teardown_request",
    None: "error_handler",
}
_ITS_OWN = "request", "session", "flashes"
_PROCESSOR, _PROCESSORS = "url_value_preprocessor", "url_value_preprocessors"
_OPENER = "_get_session"
"""The method of flask 3.2's contexts that gives the session, and opens it at first."""
_MOST = 20
"""Functions that are listed."""
_DICTS = {dict, defaultdict}
_MISSING: Any = object()
_frame = sys._getframe  # noqa: SLF001 - inspect and logging go by it, too
_NOTHING: dict[str, Any] = {}


class FlaskHost:
    """An app of ``flask.Flask``."""

    def __init__(self) -> None:
        from importlib.metadata import version

        self.name = f"flask {version('flask')}"
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

    def adapter_facts(self, adapter: Any) -> tuple[tuple[str, Any], ...]:
        """Return what a card shows of a url adapter: names and values."""
        return adapter_facts(adapter)

    def opener(self, app: Any) -> Any:
        """Return the function that opens the sessions of *app*."""
        interface = _interface_of(app)
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
            if _flasks_own(getattr(app, method)) is None:
                self._dress(app, method, _answering(app, method, getattr(app, method)))
        renew = functools.partial(self._renew, app)
        dressed = _dressing(app, app.request_context, ears, self._present, renew)
        self._dress(app, "request_context", dressed)
        self._dress(app, "ensure_sync", _announcing(app, app.ensure_sync))
        recorder.connect(app)
        recorder.connect_templates(flask.before_render_template, flask.template_rendered, app)
        recorder.connect_exceptions(flask.got_request_exception, app)

    def _dress_stage(self, app: Any, method: str) -> None:
        """Make a method, the present one of that name, send the signals of its stage."""
        present = getattr(app, method)
        ready = _INSIDE.get(method, _as_it_is)(app, present)
        own = is_frameworks(present)
        made = stage(_STAGES[method], _current, as_given=True, own=own)(ready)
        self._dress(app, method, made)
        self._present[method] = made
        self._made = [item for item in self._made if item[2]() is not None]
        self._made.append((method, self._dressed[method][0], weakref.ref(made)))

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

    def _dress(self, app: Any, method: str, dressed: Callable[..., Any]) -> None:
        self._dressed[method] = app.__dict__.get(method, _MISSING), dressed
        app.__dict__[method] = dressed

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


def _itself(context: Any, *_rest: Any) -> Any:
    return context


_as_push, _as_pop, _as_match = (
    stage(name, _itself, as_given=True) for name in ("push", "pop", "match")
)


class TracedContext(Staged):
    """What a request context of flask has instead of its own, while it is watched."""

    flasktrace_base: Any = None
    """The class that it had before."""
    stage: str | None = None
    watcher: Any = None
    flasktrace_pushes = 0
    flasktrace_staged = False
    flasktrace_ended = False
    flasktrace_opened = False
    flasktrace_copied = False
    """Whether it is a copy of one that is watched."""
    flasktrace_before: Any = None
    """What was recording where a copy was pushed."""

    @_as_push
    def flasktrace_first_push(self, *args: Any, **kwargs: Any) -> None:
        """Be pushed as the stage."""
        self.flasktrace_base.push(self, *args, **kwargs)
        _note_session(self)  # it was not matched when its host is not trusted

    @_as_pop
    def flasktrace_last_pop(self, *args: Any, **kwargs: Any) -> None:
        """Be popped as the stage."""
        self.flasktrace_base.pop(self, *args, **kwargs)

    @_as_match
    def flasktrace_match(self) -> None:
        """Match as the stage."""
        self.flasktrace_base.match_request(self)

    def push(self, *args: Any, **kwargs: Any) -> None:
        """Push as flask does."""
        self.flasktrace_pushes += 1
        if self.flasktrace_copied and self.flasktrace_pushes == 1:
            self._watch_here()
        if self.flasktrace_staged:
            self.flasktrace_base.push(self, *args, **kwargs)
        else:
            self.flasktrace_staged = True
            self.flasktrace_first_push(*args, **kwargs)

    def pop(self, *args: Any, **kwargs: Any) -> None:
        """Pop as flask does."""
        self.flasktrace_pushes -= 1
        if self.flasktrace_copied and not self.flasktrace_pushes:
            self._pop_copy(*args, **kwargs)
        elif self.flasktrace_pushes or self.flasktrace_ended:
            self.flasktrace_base.pop(self, *args, **kwargs)
        else:
            self.flasktrace_ended = True
            self.flasktrace_last_pop(*args, **kwargs)

    def match_request(self) -> None:
        """Match as flask does."""
        _note_session(self)
        self.flasktrace_match()

    def copy(self) -> Any:
        """Copy as flask does; what watches this one watches the copy, too."""
        made = self.flasktrace_base.copy(self)
        if self.watcher is not None and isinstance(made, TracedContext):
            made.watcher = self.watcher.beside()
            made.flasktrace_copied = made.flasktrace_staged = True
        return made

    def _watch_here(self) -> None:
        """Let the recording of the request go on in the thread that pushes a copy."""
        self.flasktrace_before = CURRENT.get()
        CURRENT.set(self.watcher.recording)

    def _pop_copy(self, *args: Any, **kwargs: Any) -> None:
        """Pop a copy for good; the functions of its teardown stand in its lane."""
        token = _popping.set(self)
        self.stage = "pop"  # as who sees the functions called wants to know
        try:
            self.flasktrace_base.pop(self, *args, **kwargs)
        finally:
            self.stage = None
            _popping.reset(token)
            CURRENT.set(self.flasktrace_before)
            self.flasktrace_before = None


_popping: ContextVar[Any] = ContextVar("flasktrace.popping", default=None)
"""The copy of a context that is being popped here."""


def _kept_as(name: str) -> str:
    """Return where a context with a request keeps what it gives as *name*."""
    from flask import ctx

    # By vars(), since 3.2 warns when the name of 3.1 is asked for.
    kind = vars(ctx).get("RequestContext", ctx.AppContext)
    return f"_{name}" if name in vars(kind) or hasattr(kind, _OPENER) else name


def _current(*args: Any) -> Any:
    """Return the watched context that a stage method is called for, or None."""
    context = top_request()
    if args and isinstance(args[0], TracedContext):
        return args[0]
    if isinstance(context, TracedContext):
        return context
    app, _ = flask_stack.tops()
    return app if isinstance(app, TracedContext) else _ending()


def _ending() -> Any:
    """Return the context that is being popped: flask 3.0 and 3.1 take it off before the app's."""
    copy = _popping.get()
    if copy is not None:
        return copy
    recording = CURRENT.get()
    context = None if recording is None else recording.context
    return context if isinstance(context, TracedContext) and context.stage == "pop" else None


# The stages


def _as_it_is(_app: Any, method: Callable[..., Any]) -> Callable[..., Any]:
    return method


def _calling_processors(app: Any, method: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``preprocess_request`` with each URL value preprocessor as a call.

    One that an app overrides stays as it is; the functions in it are listed only.
    """
    flasks_own = _flasks_own(method)

    @functools.wraps(method)
    def preprocess_request(*args: Any, **kwargs: Any) -> Any:
        recording = CURRENT.get()
        table = attributes_of(app).get(_PROCESSORS)
        if recording is None or type(table) not in _DICTS or not table:
            return method(*args, **kwargs)
        context = _current(*args)
        if context is None or context.app is not app:
            return method(*args, **kwargs)
        if flasks_own is None:
            listed = functools.partial(_listed, table)
            recording.recorder.host_event(app, name="url value preprocessors", facts=listed)
            return method(*args, **kwargs)

        def dress(function: Any) -> Any:
            def run(*given: Any, **named: Any) -> Any:
                return call(context, _PROCESSOR, function, seat(_frame(1)), function, given, named)

            return run

        def dressed() -> Any:
            return {scope: Called(functions, dress) for scope, functions in table.items()}

        return flasks_own(StandIn(app, _PROCESSORS, dressed), *args, **kwargs)

    return preprocess_request


def _listed(table: dict[Any, Any], place_of: Callable[[Any], Any]) -> dict[str, str] | None:
    """Return the functions of *table*, whose calls cannot be seen."""
    lists = [found for found in table.values() if type(found) is list]
    told = ", ".join(str(place_of(function)) for found in lists for function in found[:_MOST])
    why = "the app has its own preprocess_request"
    return {"functions": told, "not timed": why} if told else None


def _calling_save(app: Any, method: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``process_response`` with the saving of the session as a call, unless overridden."""
    flasks_own = _flasks_own(method)
    if flasks_own is None:
        return method

    from flask.sessions import NullSession, SecureCookieSessionInterface

    def saves_itself() -> bool:
        """Tell whether nothing but flask's own code saves the sessions."""
        interface = _interface_of(app)
        return type(interface) is SecureCookieSessionInterface and not attributes_of(interface)

    @functools.wraps(method)
    def process_response(*args: Any, **kwargs: Any) -> Any:
        context = None if CURRENT.get() is None else _current(*args)
        if context is None or context.app is not app:
            return method(*args, **kwargs)
        by_flask = saves_itself()
        if by_flask and type(_session_of(context)) is NullSession:  # which it never saves
            return method(*args, **kwargs)

        def save(real: Callable[..., Any], _app: Any, /, *given: Any, **named: Any) -> Any:
            if by_flask and not named:
                return own(context, "session_save", real, app, *given)
            given = app, *given
            return call(context, "session_save", real, seat(_frame(2)), real, given, named)

        def saving() -> Any:
            return Saving(app.session_interface, save)

        return flasks_own(StandIn(app, "session_interface", saving), *args, **kwargs)

    return process_response


_INSIDE = {"preprocess_request": _calling_processors, "process_response": _calling_save}


def _flasks_own(method: Callable[..., Any]) -> Callable[..., Any] | None:
    """Return the function behind *method* when it is that of flask itself, else None."""
    import flask

    if type(method) is not MethodType:
        return None
    function: Callable[..., Any] = method.__func__
    return function if function is vars(flask.Flask).get(method.__name__) else None


def _answering(app: Any, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method that takes the place of Flask's error handling, heard of by the recording."""

    @functools.wraps(method)
    def run(*args: Any, **kwargs: Any) -> Any:
        recording = CURRENT.get()
        context = None if recording is None else recording.context
        watcher = recording if context is not None and context.app is app else None
        return handling(watcher, name, method, *args, **kwargs)

    return run


def _dressing(
    app: Any,
    method: Callable[..., Any],
    ears: Ears,
    present: dict[str, Any],
    renew: Callable[[], None],
) -> Callable[..., Any]:
    """Return ``request_context`` with contexts of the watched class as results.

    *renew* is called when the methods of *app* are not those *present* any more.
    """
    there = attributes_of(app).get

    @functools.wraps(method)
    def request_context(*args: Any, **kwargs: Any) -> Any:
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
                recording.looked = recording.wary = True
            context.__class__ = _traced_class(type(context))
        except Exception as error:  # noqa: BLE001
            recording.recorder.failed(recording, "context", error)
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
    space = {name: vars(TracedContext)[name] for name in _INSTEAD}
    space |= {"__module__": kind.__module__, "__qualname__": kind.__qualname__}
    if callable(getattr(kind, _OPENER, None)):
        space[_OPENER] = _opening(kind)
    # With the other class first, Python would not let a context change its class.
    return type(kind.__name__, (kind, TracedContext), {**space, "flasktrace_base": kind})


_INSTEAD = "push", "pop", "match_request", "copy"
"""What watched contexts do otherwise than flask's."""


def _opening(kind: Any) -> Callable[..., Any]:
    """Return the method of flask 3.2 that gives the session, the opening of it as a call."""
    method = getattr(kind, _OPENER)

    def get_session(self: Any) -> Any:
        if attributes_of(self).get("_session") is not None:
            return method(self)
        function = found_on(_interface_of(self.app), "open_session")
        return call(self, "session_open", function, method, self)

    return functools.wraps(method)(get_session)


def _note_session(context: Any) -> None:
    """Note that flask 3.0 or 3.1 has just opened the session; 3.2 lets us see that."""
    if context.flasktrace_opened or context.stage != "push":
        return
    recording = CURRENT.get()
    if recording is None or recording.context is not context or hasattr(type(context), _OPENER):
        return
    opened = _session_of(context)
    if opened is not None:
        context.flasktrace_opened = True
        host = recording.recorder.host
        method = host.opener(context.app) if isinstance(host, FlaskHost) else None
        outcome = f"gave {type_name(type(opened))}, not timed"
        recording.note_untimed("session_open", method, outcome)


def _interface_of(app: Any) -> Any:
    """Return what opens and saves the sessions of *app*, without asking a class of the user's."""
    if type(app) is _flask_class():
        return app.session_interface
    return found_on(app, "session_interface")


@functools.cache
def _flask_class() -> Any:
    from flask import Flask

    return Flask


def _session_of(context: Any) -> Any:
    """Return the session of a context without reading it, as its property would."""
    kept = attributes_of(context).get
    return kept("_session", kept("session"))


# The calls


def _announcing(app: Any, ensure_sync: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``ensure_sync``, through which flask calls every hook, view and handler."""
    current = CURRENT.get

    @functools.wraps(ensure_sync)
    def announced(function: Callable[..., Any]) -> Callable[..., Any]:
        ready: Callable[..., Any] = ensure_sync(function)
        if current() is None:
            return ready
        context = top_request()
        if not isinstance(context, TracedContext):
            context = _current()
        if context is None or context.app is not app:
            return ready

        def run(*args: Any, **kwargs: Any) -> Any:
            kind = _kind(app, context, function, waits=ready is not function)
            if kind == _OWN:
                return ready(*args, **kwargs)
            return call(context, kind, function, seat(_frame(1)), ready, args, kwargs)

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
        return "call"  # by a function of the user, such as a decorator
    if waits and is_receiver(function, app):
        return "receiver"
    kind = _kind_by_stage(context)
    if kind == "after_request" and _among(function, _after_functions_of(context)):
        return "after_this_request"
    if kind == "teardown_request" and _among(function, app.teardown_appcontext_funcs):
        return "teardown_appcontext"
    return kind


def _kind_by_stage(context: Any) -> str:
    stage = context.stage
    if stage is None and context.flasktrace_copied:
        return "call"  # what the copy was made for
    is_over = stage is None and context.flasktrace_ended  # a body that streams with it
    return _KINDS.get("pop" if is_over else stage, "call")


_OWN = "framework"
"""Kind of a function that is no call of the user's."""


def _after_functions_of(context: Any) -> Any:
    return attributes_of(context).get("_after_request_functions", ())


def _among(function: Any, known: Iterable[Any]) -> bool:
    """Tell whether *function* itself is among *known*, without comparing by the user's ``==``."""
    return any(item is function for item in known)


def is_flask(app: Any) -> bool:
    """Tell whether *app* is one of the real flask package, without importing it."""
    flask = sys.modules.get("flask")
    return flask is not None and isinstance(app, flask.Flask)
