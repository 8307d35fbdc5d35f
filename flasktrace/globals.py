"""The stack of contexts, and the names that always mean what is on top of it."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NoReturn

from werkzeug.local import LocalProxy, LocalStack

if TYPE_CHECKING:
    from flasktrace.app import Flask
    from flasktrace.context import AppGlobals, Context
    from flasktrace.sessions import SessionMixin
    from flasktrace.wrappers import Request

_storage: ContextVar[list[Context]] = ContextVar("flasktrace.contexts")

contexts: LocalStack[Context] = LocalStack(_storage)
"""The contexts pushed in this thread, greenlet or task, the newest on top."""

_NO_APP = """\
Nothing is on the context stack, so there is no current app, and no g.
It is there while a request is handled. Elsewhere (a script, a shell, a thread of
your own) push a context first:

    with app.app_context():
        ...\
"""
_NO_REQUEST = """\
There is no request on top of the context stack, so neither request nor session can be used.
They are there while a request is handled. In a test or a shell make one up:

    with app.test_request_context("/path"):
        ...

In a thread or task that a view started, wrap its function with
copy_current_request_context first.\
"""


def _fail(message: str) -> NoReturn:
    raise RuntimeError(message)


def context_stack() -> tuple[Context, ...]:
    """Return the contexts pushed right now, the bottom of the stack first."""
    return tuple(_storage.get(()))


stack_getter: Callable[[Any], Any] = _storage.get
"""Gives an object that is the same one while the same contexts are pushed here; what it is called
with when there never was one."""
_get_stack: Callable[[], Any] = _storage.get
_set_stack = _storage.set

# The three below do what `contexts` does, for less: each request needs them several times. A list
# is never changed, since it may be that of other threads, greenlets and tasks too.


def top_context() -> Context | None:
    """Return the context on top, None when nothing is pushed; like ``contexts.top``."""
    try:
        return _get_stack()[-1]  # type: ignore[no-any-return]
    except LookupError:  # nothing now (an IndexError), or nothing ever
        return None


class _OnTop:
    """Where Flask 3.1 keeps its contexts: extensions read it under its private names."""

    def __init__(self, top: Callable[[], Context | None]) -> None:
        self._top = top

    def get(self, *default: Any) -> Any:
        """Return the context, or *default*; LookupError when there is neither."""
        found = self._top()
        if found is None and not default:
            raise LookupError(self)
        return default[0] if found is None else found


def _top_with_request() -> Context | None:
    context = top_context()
    return None if context is None or context.request is None else context


_cv_app, _cv_request = _OnTop(top_context), _OnTop(_top_with_request)


def put_on_top(context: Context) -> None:
    """Push a context; like ``contexts.push``."""
    _set_stack([*stack_getter(()), context])


def put_back(stack: list[Context]) -> None:
    """Make *stack*, which nobody else has, the stack."""
    _set_stack(stack)


def take_off(context: Context) -> Context | None:
    """Pop a context with all that lies above it; return what was on top, None if it was that."""
    *below, top = stack_getter(()) or (None,)
    if top is not context:
        while below and below.pop() is not context:
            pass
    _set_stack(below)
    return None if top is context else top


def current_context() -> Context:
    """Return the context on top; RuntimeError when nothing is pushed."""
    try:
        return _get_stack()[-1]  # type: ignore[no-any-return]
    except LookupError:
        pass
    _fail(_NO_APP)


def request_context() -> Context:
    """Return the context on top; RuntimeError when it has no request."""
    try:
        context: Context = _get_stack()[-1]
        if context.request is not None:
            return context
    except LookupError:
        pass
    _fail(_NO_REQUEST)


def _find_app() -> Flask:
    return current_context().app


def _find_g() -> AppGlobals:
    return current_context().g


def _find_request() -> Request:
    return request_context().request  # type: ignore[return-value]


def _find_session() -> SessionMixin:
    return request_context().session


def _proxy(find: Any) -> Any:
    return LocalProxy(find)


app_ctx: Context = _proxy(current_context)
current_app: Flask = _proxy(_find_app)
g: AppGlobals = _proxy(_find_g)
request_ctx: Context = _proxy(request_context)
request: Request = _proxy(_find_request)
session: SessionMixin = _proxy(_find_session)
