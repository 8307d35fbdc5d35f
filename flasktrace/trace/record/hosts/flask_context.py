"""Request contexts of the real flask while they are watched: of a subclass with a few methods more.

flask 3.0 and 3.1 have two contexts and find the request by themselves; 3.2 has one.
"""

import functools
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from flasktrace.signals import Staged, call, stage
from flasktrace.trace.record.describe import attributes_of, found_on, type_name
from flasktrace.trace.record.hosts import flask_stack
from flasktrace.trace.record.hosts.flask_stack import top_request
from flasktrace.trace.record.recording import CURRENT
from flasktrace.trace.record.tracebacks import hide_watchers

OPENER = "_get_session"
"""The method of flask 3.2's contexts that gives the session, and opens it at first."""


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
        if self.flasktrace_copied:
            self._watch_here()
        try:
            if self.flasktrace_staged:
                if self.flasktrace_pushes > 1 and self.watcher is not None:
                    self.watcher.heed("pushed again")
                self.flasktrace_base.push(self, *args, **kwargs)
            else:
                self.flasktrace_staged = True
                self.flasktrace_first_push(*args, **kwargs)
        except BaseException as error:
            hide_watchers(error)
            raise

    def pop(self, *args: Any, **kwargs: Any) -> None:
        """Pop as flask does."""
        self.flasktrace_pushes -= 1
        try:
            if self.flasktrace_copied:
                self._pop_copy(*args, **kwargs)
            elif self.flasktrace_pushes:
                if self.watcher is not None:  # in 3.2 a body that streams with it may go on
                    self.watcher.main().look()
                self.flasktrace_base.pop(self, *args, **kwargs)
            elif self.flasktrace_ended:  # once more, by a body that streams with it
                if self.watcher is not None:
                    self.watcher.heed("popped again")
                self._pop_here(*args, **kwargs)
            else:
                self.flasktrace_ended = True
                try:
                    self.flasktrace_last_pop(*args, **kwargs)
                except BaseException:
                    self.flasktrace_stay()
                    raise
        except BaseException as error:
            hide_watchers(error)
            raise

    def flasktrace_stay(self) -> None:
        """Be as it was before it was popped in vain, as in a thread that does not have it."""
        if not flask_stack.is_pushed(self):
            return
        self.flasktrace_pushes += 1
        self.flasktrace_ended = False
        here = any(context is self for context in flask_stack.contexts())
        if self.watcher is not None and not here:
            self.watcher.heed("popped elsewhere")

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
        """Let the recording of the request go on in the thread that pushes a copy.

        Several may at once: flask makes one copy for all calls of a function.
        """
        _outside.set((CURRENT.get(), _outside.get()))
        CURRENT.set(self.watcher.main())

    def _pop_copy(self, *args: Any, **kwargs: Any) -> None:
        """Pop a copy; the functions of its teardown stand in its lane."""
        try:
            self._pop_here(*args, **kwargs)
        finally:
            before, further = _outside.get() or (None, None)
            CURRENT.set(before)
            _outside.set(further)

    def _pop_here(self, *args: Any, **kwargs: Any) -> None:
        """Pop the context, known to who sees what is called meanwhile."""
        token = popping.set(self)
        try:
            self.flasktrace_base.pop(self, *args, **kwargs)
        finally:
            popping.reset(token)


_outside: ContextVar[Any] = ContextVar("flasktrace.outside", default=None)
"""What was recording here before a copy was pushed, and before the one around it, and so on."""
popping: ContextVar[Any] = ContextVar("flasktrace.popping", default=None)
"""The context that is being popped here, when that is not the stage."""


def current() -> Any:
    """Return the watched context that is on top, or None."""
    return current_of(None)


def current_of(_app: Any, /, *args: Any) -> Any:
    """Return the watched context that a stage method of an app is called for, or None."""
    context = top_request()
    if args and isinstance(args[0], TracedContext):
        return args[0]
    if isinstance(context, TracedContext):
        return context
    app, _ = flask_stack.tops()
    return app if isinstance(app, TracedContext) else _ending()


def _ending() -> Any:
    """Return the context that is being popped: flask 3.0 and 3.1 take it off before the app's.

    So they do once more when a body that streams with both ends.
    """
    ends = popping.get()
    if ends is not None:
        return ends
    recording = CURRENT.get()
    context = None if recording is None else recording.its_context()
    if not isinstance(context, TracedContext):
        return None
    return context if context.stage == "pop" or context.flasktrace_ended else None


_classes: dict[type, type] = {}


def traced_class(kind: type) -> type:
    """Return the watched subclass of a class of request contexts."""
    if issubclass(kind, TracedContext):
        return kind
    if kind not in _classes:
        _classes[kind] = _make_traced_class(kind)
    return _classes[kind]


def _make_traced_class(kind: type) -> type:
    space = {name: vars(TracedContext)[name] for name in _INSTEAD}
    space |= {"__module__": kind.__module__, "__qualname__": kind.__qualname__}
    if callable(getattr(kind, OPENER, None)):
        space[OPENER] = _opening(kind)
    # With the other class first, Python would not let a context change its class.
    return type(kind.__name__, (kind, TracedContext), {**space, "flasktrace_base": kind})


_INSTEAD = "push", "pop", "match_request", "copy"
"""What watched contexts do otherwise than flask's."""


def _opening(kind: Any) -> Callable[..., Any]:
    """Return the method of flask 3.2 that gives the session, the opening of it as a call."""
    method = getattr(kind, OPENER)

    def get_session(self: Any) -> Any:
        if attributes_of(self).get("_session") is not None:
            return method(self)
        function = found_on(interface_of(self.app), "open_session")
        return call(self, "session_open", function, method, self)

    return functools.wraps(method)(get_session)


def _note_session(context: Any) -> None:
    """Note that flask 3.0 or 3.1 has just opened the session; 3.2 lets us see that."""
    if context.flasktrace_opened or context.stage != "push":
        return
    recording = CURRENT.get()
    if recording is None or recording.context is not context or hasattr(type(context), OPENER):
        return
    opened = session_of(context)
    if opened is not None:
        context.flasktrace_opened = True
        host: Any = recording.recorder.host
        method = host.opener(context.app)
        outcome = f"gave {type_name(type(opened))}, not timed"
        recording.note_untimed("session_open", method, outcome)


def interface_of(app: Any) -> Any:
    """Return what opens and saves the sessions of *app*, without asking a class of the user's."""
    if type(app) is _flask_class():
        return app.session_interface
    return found_on(app, "session_interface")


@functools.cache
def _flask_class() -> Any:
    from flask import Flask

    return Flask


def session_of(context: Any) -> Any:
    """Return the session of a context without reading it, as its property would."""
    kept = attributes_of(context).get
    return kept("_session", kept("session"))
