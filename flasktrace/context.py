"""The context: what belongs to one request, or to one block of work with an app."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from werkzeug.exceptions import HTTPException

from flasktrace.globals import (
    put_back,
    put_on_top,
    request_context,
    stack_getter,
    take_off,
    top_context,
)
from flasktrace.signals import (
    WATCHER,
    Staged,
    Watcher,
    appcontext_popped,
    appcontext_pushed,
    call,
    send,
)

if TYPE_CHECKING:
    from flasktrace.app import Flask
    from flasktrace.sessions import SessionMixin
    from flasktrace.wrappers import Request

Function = TypeVar("Function", bound=Callable[..., Any])
MISSING: Any = object()
"""Default of an argument that may be None."""


def current_error(exc: BaseException | None) -> BaseException | None:
    """Return *exc*, or the exception that is being handled when none was given."""
    return sys.exc_info()[1] if exc is MISSING else exc


class AppGlobals:
    """The object behind ``g``: a place for the app's own things, new with each context."""

    def __getattr__(self, name: str) -> Any:
        # Only asked when nothing is there; tells type checkers that anything may be.
        raise AttributeError(f"g has no attribute {name!r} in this context.")

    if TYPE_CHECKING:

        def __setattr__(self, name: str, value: Any) -> None: ...

        def __delattr__(self, name: str) -> None: ...

    def get(self, name: str, default: Any = None) -> Any:
        """Return an attribute, or *default*."""
        return self.__dict__.get(name, default)

    def pop(self, name: str, default: Any = MISSING) -> Any:
        """Remove and return an attribute; *default*, or else KeyError, when it is not there."""
        if default is MISSING:
            return self.__dict__.pop(name)
        return self.__dict__.pop(name, default)

    def setdefault(self, name: str, default: Any = None) -> Any:
        """Return an attribute, after setting it to *default* when it was not there."""
        return self.__dict__.setdefault(name, default)

    def __contains__(self, name: str) -> bool:
        return name in self.__dict__

    def __iter__(self) -> Iterator[str]:
        return iter(self.__dict__)

    def __repr__(self) -> str:
        context = top_context()
        owner = "" if context is None else f" of {context.app.name!r}"
        return f"<g{owner}>"


class Context(Staged):
    """One card of the context stack: app, g, and, for a request, request and session.

    The stages of a request are methods of the app; the context carries what they hand on.
    """

    __slots__ = (
        "__dict__",  # for what extensions put there
        "__weakref__",
        "_session",
        "after_functions",
        "app",
        "ended",
        "flashes",
        "g",
        "pushes",
        "request",
        "stage",
        "staged",
        "url_adapter",
        "watcher",
    )

    app: Flask
    request: Request | None

    def __init__(
        self,
        app: Flask,
        request: Request | None = None,
        session: SessionMixin | None = None,
    ) -> None:
        self.app = app
        #: None in a context that `Flask.app_context` made.
        self.request = request
        self._session = session
        self.g = app.app_ctx_globals_class()
        #: Messages taken from the session, None before anybody asked for them.
        self.flashes: list[tuple[str, str]] | None = None
        #: Functions of `after_this_request`.
        self.after_functions: list[Callable[[Any], Any]] = []
        #: The open stage, see `Staged`.
        self.stage: str | None = None
        #: Who follows it, see `Staged`.
        self.watcher: Watcher | None = None
        #: How often it is pushed right now.
        self.pushes = 0
        #: Whether it has been through the push stage; pushed again later, it is no new request.
        self.staged = False
        #: Whether it has been through the pop stage.
        self.ended = False
        if request is None:
            self.url_adapter = app.create_url_adapter(None)
            return
        request.json_module = app.json
        try:
            request.url_adapter = app.create_url_adapter(request)
        except HTTPException as error:
            request.routing_exception = error
        self.url_adapter = request.url_adapter

    @property
    def session(self) -> SessionMixin:
        """The session; whoever reads it here has looked at it."""
        if self._session is None:
            raise RuntimeError("The session is opened when the context is pushed; push it first.")
        self._session.accessed = True
        return self._session

    def match(self) -> None:
        """Match the request with the url rules, unless that is done."""
        if self.request is not None:
            self.request.match()

    def copy(self) -> Context:
        """Return a context with the same request and session, to push in another thread."""
        made = type(self)(self.app, self.request, self._session)
        made.staged = made.ended = True
        return made

    def push(self) -> None:
        """Put the context on top of the stack; the first time that is the push stage."""
        if self.request is None or self.staged:
            if self.pushes and self.watcher is not None:
                self.watcher.heed("pushed again")
            self.enter()
            return
        self.staged = True
        try:
            self.app.push_context(self)
        finally:
            if not self.pushes:  # a receiver failed, or an override left it to us
                self.enter()

    def enter(self) -> None:
        """Put the context on top of the stack and open the session."""
        self.pushes += 1
        put_on_top(self)
        if appcontext_pushed.receivers and (self.request is None or self.pushes == 1):
            send(appcontext_pushed, self.app, self)
        if self._session is None and self.request is not None:
            self._session = self.app.open_session(self.request)

    def pop(self, exc: BaseException | None = MISSING) -> None:
        """Take the context off the stack, after its teardown functions.

        They hear of *exc*, by default the exception that is being handled. RuntimeError when
        another context is on top: contexts are popped in the reverse order of their pushes. The
        others above are then taken off too, so that the next request does not find them.
        """
        if exc is MISSING:
            exc = current_error(exc)
        if self.pushes != 1 or self.request is None or self.ended:
            if self.watcher is not None and self.pushes == 1:
                self.watcher.heed("popped again")
            self.leave(exc)
            return
        self.ended = True
        try:
            self.app.pop_context(self, exc)
        finally:
            if self.pushes:  # a receiver failed, or an override left it to us
                self.leave(exc)

    def leave(self, exc: BaseException | None = None) -> None:
        """Take the context off the stack, at its last pop after the teardown functions.

        What somebody has left above it goes too, before its own teardown functions run, with a
        RuntimeError that names it.
        """
        stack = stack_getter(())
        over = None if stack and stack[-1] is self else self._uncover()
        last = self.pushes == 1
        try:
            request = self.request
            if last and request is not None:
                self.app.do_teardown_request(exc)
                request.close()
                # The environ holds the request, and the request the environ: without this, each
                # request would have to wait for the garbage collector.
                request.environ["werkzeug.request"] = None
        finally:
            try:
                if last:
                    self.app.do_teardown_appcontext(exc)
            finally:
                self.pushes -= 1
                above = take_off(self)
            if appcontext_popped.receivers and (last or self.request is None):
                send(appcontext_popped, self.app, self)
        above = over or above
        if above is not None:
            raise RuntimeError(_not_on_top(self, above))

    def _uncover(self) -> Context:
        """Take off what lies above, and return what was on top.

        RuntimeError when the context is not there itself; then it stays as it was.
        """
        stack: list[Context] = [*stack_getter(())]
        if self not in stack:
            if self.pushes:  # in another thread
                self.ended = False
                if self.watcher is not None:
                    self.watcher.heed("popped elsewhere")
            raise RuntimeError(f"{self!r} cannot be popped: it is not on the stack.")
        watcher, top = WATCHER.get(None), stack[-1]
        if watcher is not None:
            its_own = watcher is self.watcher
            watcher.heed("popped below others" if its_own else "out of order", (self, top))
        while stack[-1] is not self:
            stack.pop()
        put_back(stack)
        return top

    def __enter__(self) -> Self:
        self.push()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _where: TracebackType | None,
    ) -> None:
        self.pop(error)

    def __repr__(self) -> str:
        if self.request is None:
            return f"<Context of {self.app.name!r}>"
        return f"<Context of {self.app.name!r} for {self.request.method} {self.request.path!r}>"


def _not_on_top(context: Context, top: Context) -> str:
    return (
        f"{context!r} was popped while {top!r} was on top of the stack. "
        "Pop contexts in the reverse order of their pushes, or use 'with'."
    )


AppContext = RequestContext = Context
"""The two kinds that Flask 3.1 has; here one is both."""
_AppCtxGlobals = AppGlobals


class Ending:
    """A block at whose end the context of a request is popped, however the block ends.

    It does not push: that is a stage, and one that may fail, inside the block.
    """

    __slots__ = ("context", "error")

    def __init__(self, context: Context) -> None:
        self.context = context
        #: The exception that the request was answered for, if any.
        self.error: BaseException | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _where: TracebackType | None,
    ) -> None:
        context = self.context
        if self.error is not None:
            error, self.error = self.error, None
        request = context.request
        if request is not None:
            keep = request.environ.get("werkzeug.debug.preserve_context")
            if keep is not None:
                keep(context)
        if error is not None and context.app.should_ignore_error(error):
            error = None
        if context.pushes:
            context.pop(error)


def has_request_context() -> bool:
    """Tell whether a context with a request is on top of the stack."""
    context = top_context()
    return context is not None and context.request is not None


def has_app_context() -> bool:
    """Tell whether any context is on the stack."""
    return top_context() is not None


def after_this_request(f: Function) -> Function:
    """Let *f* have the response of this request alone; RuntimeError outside one."""
    request_context().after_functions.append(f)
    return f


def copy_current_request_context(f: Function) -> Function:
    """Return *f* with a copy of the current context pushed around each call.

    For threads and greenlets that a view starts. RuntimeError outside a request.
    """
    original = request_context()
    watcher = original.watcher
    beside = None if watcher is None else watcher.beside()
    asked = None if watcher is None else watcher.main()

    @functools.wraps(f)
    def run(*args: Any, **kwargs: Any) -> Any:
        context = original.copy()
        context.watcher = beside
        with _watched(asked), context:
            return call(context, "call", f, context.app.ensure_sync(f), *args, **kwargs)

    return run  # type: ignore[return-value]


@contextmanager
def _watched(watcher: Watcher | None) -> Iterator[None]:
    """Let *watcher* be asked in this block, if there is one."""
    if watcher is None:
        yield
        return
    before = WATCHER.get()
    WATCHER.set(watcher)
    try:
        yield
    finally:
        WATCHER.set(before)
