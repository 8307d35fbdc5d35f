"""The signals of a request's life, and the decorator that makes a method one of its stages."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from contextvars import ContextVar
from types import MethodType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from blinker import Namespace, Signal

from flasktrace.flat_signal import FlatSignal
from flasktrace.globals import top_context

_names = Namespace()


def _flat(name: str) -> FlatSignal:
    signal = _names[name] = FlatSignal(name)
    return signal


# The seven stages. Each pair is sent with the app as sender and ``context=``; the finished half
# adds ``exception=`` (None when all went well) and what the stage made, named below.
push_started = _flat("push_started")
push_finished = _flat("push_finished")
preprocess_started = _flat("preprocess_started")
preprocess_finished = _flat("preprocess_finished")  # value=: a hook's answer or None
match_started = _flat("match_started")
match_finished = _flat("match_finished")  # rule=, view_args=
dispatch_started = _flat("dispatch_started")
dispatch_finished = _flat("dispatch_finished")  # value=
make_response_started = _flat("make_response_started")
make_response_finished = _flat("make_response_finished")  # response=
postprocess_started = _flat("postprocess_started")
postprocess_finished = _flat("postprocess_finished")  # response=
pop_started = _flat("pop_started")
pop_finished = _flat("pop_finished")

# A function of the user that the framework calls: ``context=``, ``kind=`` ("before_request",
# "view", "error_handler", …), ``function=``; the finished half adds ``exception=`` and ``value=``.
call_started = _flat("call_started")
call_finished = _flat("call_finished")

# A template that is rendered: ``template=``; the finished half is sent also when that fails.
template_started = _flat("template_started")
template_finished = _flat("template_finished")

# An exception that nobody has handled: ``exception=``.
exception_unhandled = _flat("exception_unhandled")

# One of the ten below is about to be sent: ``context=``, ``signal=``, ``receivers=``. Each of them
# is a call of the kind "receiver".
signal_sent = _flat("signal_sent")

# Flask's own ten, sent where Flask sends them, with the same arguments.
template_rendered = _names.signal("template_rendered")
before_render_template = _names.signal("before_render_template")
request_started = _names.signal("request_started")
request_finished = _names.signal("request_finished")
request_tearing_down = _names.signal("request_tearing_down")
got_request_exception = _names.signal("got_request_exception")
appcontext_tearing_down = _names.signal("appcontext_tearing_down")
appcontext_pushed = _names.signal("appcontext_pushed")
appcontext_popped = _names.signal("appcontext_popped")
message_flashed = _names.signal("message_flashed")

_FLAT_SIGNALS = {
    "push": (push_started, push_finished),
    "preprocess": (preprocess_started, preprocess_finished),
    "match": (match_started, match_finished),
    "dispatch": (dispatch_started, dispatch_finished),
    "make_response": (make_response_started, make_response_finished),
    "postprocess": (postprocess_started, postprocess_finished),
    "pop": (pop_started, pop_finished),
}
STAGE_SIGNALS: dict[str, tuple[Signal, Signal]] = dict(_FLAT_SIGNALS)
"""Name of the stage, in the order of Flask 0.1, to its two signals."""

leaving: list[Callable[[BaseException], None]] = []
"""Each is called with an exception that leaves what is told of (a stage, a receiver, a method of
the error handling), which is then raised again by a bare ``raise``. They raise nothing."""

Method = TypeVar("Method", bound=Callable[..., Any])


STAGE, STAGE_END = "stage", "stage end"
"""First words of the notes that a `Watcher` gets when a stage begins and ends."""


class Watcher(Protocol):
    """Follows one context through its stages and calls, at a lower price than by their signals.

    It is given to the context by itself, see `WATCHER`. Its methods raise nothing of their own.
    """

    notes: list[tuple[Any, ...]]
    """Gets ``(STAGE, time, name, None)`` when a stage begins that is in no other and in no call,
    and ``(STAGE_END, time, name, unnoted, None)`` when one ends of which it has heard all."""
    clock: Callable[[], int]
    base: int
    """The time is what the clock says less this."""
    calls: list[int]
    """Not empty while a function of the user is called."""
    looked: bool
    """Whether code of the user may have run already."""
    wary: bool
    """Whether such code may run that it does not hear of; then it hears of the end of all."""
    unnoted: Any
    """What the context held when it was seen last, if there was no room to note that."""

    def adopt(self, context: Any) -> Watcher | None:
        """Be the watcher of *context* and return itself; or return None, as for another app's."""

    def beside(self) -> Watcher:
        """Return the watcher of a copy of the context, which another thread may push."""

    def main(self) -> Watcher:
        """Return the watcher of the request's own context: `WATCHER` also where copies are."""

    def heed(self, what: str, contexts: tuple[Any, ...] = ()) -> None:
        """Hear of something unusual that is about to happen, or has been refused.

        Of its context: ``popped again``, after the end, as by a body that streams with it; ``popped
        below others``; ``pushed again``, while it is pushed; ``popped elsewhere``, where it is not
        on the stack, so that it stays. And ``out of order``: another context is popped below
        others. *contexts* are, if there are others, the one and what is on top.
        """

    def begin_stage(self, name: str, around: str | None, method: Any, *, own: bool) -> None:
        """Hear that any other stage begins, in the stage (or call) *around*.

        *own* tells whether its *method* is the framework's.
        """

    def end_stage(self, name: str, error: BaseException | None, made: Any) -> None:
        """Hear that a stage ended, with what it raised, or what its method returned."""

    def after_signal(self, signal: Signal) -> None:
        """Hear that the receivers of one of the 14 signals have run just now."""

    def begin_call(self, kind: str, function: Any) -> None:
        """Hear that a function of the user is called, see `call_started`."""

    def end_call(self, kind: str, function: Any, error: BaseException | None, value: Any) -> None:
        """Hear that it raised *error* or returned *value*."""

    def end_own_call(self, kind: str, function: Any, began: int, value: Any) -> None:
        """Hear of a function of the framework that took the place of one of the user, see `own`."""

    def begin_handling(self) -> Any:
        """Hear that a method which is not the framework's is asked to answer an exception."""

    def end_handling(self, name: str, method: Callable[..., Any], begun: Any) -> None:
        """Hear that *method* has returned, in the place of *name*; *begun* came of its begin."""


WATCHER: ContextVar[Watcher | None] = ContextVar("flasktrace.recording", default=None)
"""Who is asked, in this thread, greenlet or task, to watch a context that enters a stage."""


class Staged:
    """What goes through the stages: it knows the one that it is in."""

    if not TYPE_CHECKING:
        __slots__ = ()  # of its own; a checker would take the names below for missing

    app: Any
    watcher: Watcher | None
    """Who follows it, None for nobody."""
    stage: str | None
    """The open stage; between the stages what runs there (``error_handler``), else None."""
    request: Any
    """Its ``url_rule`` and ``view_args`` are what the match stage made."""


def stage(
    name: str,
    find: Callable[..., Staged | None] | None = None,
    *,
    as_given: bool = False,
    own: bool | None = None,
) -> Callable[[Method], Method]:
    """Make a method the stage *name*: it then sends the two signals around each run.

    The context is the argument of that type, or else what *find* makes of the arguments (by
    default the context on top of the stack). A method that does not name ``context`` (or ``ctx``)
    as its first parameter is called without it, so that overrides in Flask 3.1's spelling work;
    with *as_given* the arguments are handed on just as they came. *own* tells whether the method is
    a framework's, and not the user's; by default, whether it is in a module of this package.

    While a context is in a stage, a nested call of a stage method passes through without signals:
    ``super()`` does not send twice, and ``make_response`` called in a view is no stage. Only
    match, which is lazy, may open inside another stage.

    KeyError when *name* is none of the seven.
    """
    started, finished = _FLAT_SIGNALS[name]
    inside, told, waiting = name == "match", _telling(name), WATCHER.get

    def decorate(method: Method) -> Method:
        takes_context = as_given or _takes_context(method)
        finds = find or _context_on_top
        context_of = _finding(method, finds, takes_context)
        is_own = _is_own(method) if own is None else own

        # A request goes through it seven times: what can be done without a call is.

        @functools.wraps(method)
        def run(*args: Any, **kwargs: Any) -> Any:
            try:
                if as_given:
                    context: Any = finds(*args)
                elif takes_context and len(args) > 1 and isinstance(args[1], Staged):
                    context = args[1]  # the usual case, at the least price
                else:
                    context, args = context_of(args, kwargs)
                if context is None:
                    return method(*args, **kwargs)
                around = context.stage
                if around is not None and (around == name or not inside):
                    return method(*args, **kwargs)
                context.stage = name
                try:
                    watcher = context.watcher
                    if watcher is None and (watcher := waiting(None)) is not None:
                        watcher = watcher.adopt(context)
                    if watcher is not None or started.receivers or finished.receivers:
                        return told(context, watcher, around, is_own, method, args, kwargs)
                    return method(*args, **kwargs)
                finally:
                    context.stage = around
            except BaseException as error:
                _leave(error)
                raise

        run.__flasktrace_stage__ = name  # type: ignore[attr-defined]
        return run  # type: ignore[return-value]

    return decorate


def _leave(error: BaseException) -> None:
    """Show *error* to those who want to see it before whoever gets it."""
    for see in leaving:
        see(error)


def stage_of(app: Any, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return *function* as the stage *name* of *app* alone: it is called without the app."""
    return MethodType(stage(name)(_as_method(function)), app)


def _as_method(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method that calls *function* with the arguments after the first."""

    @functools.wraps(function)
    def method(_app: Any, *args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    first = inspect.Parameter("_app", inspect.Parameter.POSITIONAL_ONLY)
    try:
        asked = list(inspect.signature(function).parameters.values())
    except (ValueError, TypeError):  # some of C have none: those take no context
        asked = []
    method.__signature__ = inspect.Signature([first, *asked])  # type: ignore[attr-defined]
    return method


def answering(name: str, method: Method) -> Method:
    """Make what takes the place of a method of the framework's error handling tell the watcher.

    *name* is that of the method: ``handle_user_exception`` or ``handle_exception``. The watcher
    hears whether the method has answered an exception, see `Watcher.end_handling`.
    """

    @functools.wraps(method)
    def run(*args: Any, **kwargs: Any) -> Any:
        context: Any = top_context()
        watcher = None if context is None else context.watcher
        try:
            return handling(watcher, name, method, *args, **kwargs)
        except BaseException as error:
            _leave(error)
            raise

    run.__flasktrace_answering__ = True  # type: ignore[attr-defined]
    return run  # type: ignore[return-value]


def handling(
    watcher: Watcher | None,
    name: str,
    method: Callable[..., Any],
    /,
    *args: Any,
    **kwargs: Any,
) -> Any:
    """Call what takes the place of the method *name*, and tell *watcher* that it answered."""
    if watcher is None:
        return method(*args, **kwargs)
    begun = watcher.begin_handling()
    value = method(*args, **kwargs)
    watcher.end_handling(name, method, begun)
    return value


def _telling(name: str) -> Callable[..., Any]:
    """Return what runs a method as the stage *name* and tells those who want to know."""
    started, finished = _FLAT_SIGNALS[name]
    quiet, opens, tell = name in _QUIET, name == "push", _teller(name)

    def told(
        context: Staged,
        watcher: Watcher | None,
        around: str | None,
        own: bool,
        method: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:
        if watcher is not None:
            if own and around is None and not (watcher.calls or watcher.wary):
                watcher.notes.append((STAGE, watcher.clock() - watcher.base, name, None))
            else:
                watcher.begin_stage(name, around, method, own=own)
        try:
            if started.receivers:
                _send(started, context, watcher)
            result = method(*args, **kwargs)
        except BaseException as error:
            if watcher is not None:
                watcher.end_stage(name, error, None)
            tell(context, watcher, error, None)
            raise
        if watcher is not None:
            if quiet and own and not watcher.wary and not (opens and watcher.looked):
                at = watcher.clock() - watcher.base
                watcher.notes.append((STAGE_END, at, name, watcher.unnoted, None))
            else:
                watcher.end_stage(name, None, result)
        if finished.receivers:
            tell(context, watcher, None, result)
        return result

    return told


def _send(signal: Signal, context: Staged, watcher: Watcher | None, **facts: Any) -> None:
    """Send the signal of a stage; the watcher hears when its receivers have run."""
    signal.send(context.app, context=context, **facts)
    if watcher is not None:
        watcher.after_signal(signal)


_QUIET = {"push", "preprocess", "dispatch"}
"""Stages in which a framework changes nothing that a `Watcher` does not hear of from the calls in
it, or, as the session that push opens, finds at its first look."""


def _is_own(method: Callable[..., Any]) -> bool:
    return str(getattr(method, "__module__", "")).startswith("flasktrace.")


def _teller(name: str) -> Callable[[Staged, Watcher | None, BaseException | None, Any], None]:
    """Return what sends the finished half of a stage, given what its method returned."""
    finished = _FLAT_SIGNALS[name][1]
    key = _RESULTS.get(name)

    def tell(
        context: Staged, watcher: Watcher | None, error: BaseException | None, result: Any
    ) -> None:
        if not finished.receivers:
            return
        made = _match_of(context) if name == "match" else {} if key is None else {key: result}
        _send(finished, context, watcher, exception=error, **made)

    return tell


def _match_of(context: Staged) -> dict[str, Any]:
    return {"rule": context.request.url_rule, "view_args": context.request.view_args}


_RESULTS = {
    "preprocess": "value",
    "dispatch": "value",
    "make_response": "response",
    "postprocess": "response",
}


def _finding(
    method: Callable[..., Any],
    find: Callable[..., Staged | None],
    takes_context: bool,
) -> Callable[..., tuple[Staged | None, tuple[Any, ...]]]:
    """Return what finds the context for a call of *method*, and the arguments to hand on."""

    def context_of(
        args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Staged | None, tuple[Any, ...]]:
        if len(args) > 1 and isinstance(args[1], Staged):
            return args[1], args if takes_context else (args[0], *args[2:])
        if "context" in kwargs:
            context = kwargs.pop("context")
            return context, (args[0], context, *args[1:]) if takes_context else args
        found = find(*args)
        if takes_context:
            return found, (args[0], _required(found, method), *args[1:])
        return found, args

    return context_of


def call(
    context: Any,
    kind: str,
    function: Callable[..., Any],
    run: Callable[..., Any],
    /,
    *args: Any,
    **kwargs: Any,
) -> Any:
    """Call *run*, which is *function* or a wrapper of it, and tell those who listen.

    An error handler marks the context, so that a ``make_response`` in it is not taken for a stage.
    """
    begun = begin_call(context, kind, function)
    try:
        value = run(*args, **kwargs)
    except BaseException as error:
        end_call(context, kind, function, begun, error, None)
        raise
    end_call(context, kind, function, begun, None, value)
    return value


Begun = tuple[str | None, Watcher | None]
"""The stage around a call, and who watches it."""


def begin_call(context: Any, kind: str, function: Callable[..., Any]) -> Begun:
    """Tell that *function* is about to be called; `end_call` is to follow with what this returns.

    For who calls it by himself, so that what asks for its caller finds him.
    """
    begun = around, watcher = context.stage, context.watcher
    if around is None:
        context.stage = kind
    try:
        if watcher is not None:
            watcher.begin_call(kind, function)
        if call_started.receivers:
            call_started.send(context.app, context=context, kind=kind, function=function)
    except BaseException as error:
        end_call(context, kind, function, begun, error, None)
        raise
    return begun


def end_call(
    context: Any,
    kind: str,
    function: Callable[..., Any],
    begun: Begun,
    error: BaseException | None,
    value: Any,
) -> None:
    """Tell that *function* has raised *error* or returned *value*."""
    around, watcher = begun
    try:
        if watcher is not None:
            watcher.end_call(kind, function, error, value)
        if call_finished.receivers:
            told = {"context": context, "kind": kind, "function": function}
            call_finished.send(context.app, **told, exception=error, value=value)
    finally:
        context.stage = around


def own(context: Any, kind: str, function: Callable[..., Any], /, *args: Any) -> Any:
    """Call a function of the framework that the user might have replaced; like `call`."""
    watcher = context.watcher
    if watcher is None or watcher.calls or call_started.receivers or call_finished.receivers:
        return call(context, kind, function, function, *args)
    began = watcher.clock() - watcher.base
    try:
        value = function(*args)
    except BaseException as error:
        watcher.begin_call(kind, function)
        watcher.end_call(kind, function, error, None)
        raise
    watcher.end_own_call(kind, function, began, value)
    return value


def is_heard(context: Any) -> bool:
    """Tell whether anybody hears of the calls in *context*."""
    return bool(context.watcher is not None or call_started.receivers or call_finished.receivers)


def send(signal: Signal, app: Any, context: Any, /, **facts: Any) -> None:
    """Send one of Flask's own signals with *app* as sender, *context* being the one on top.

    Where calls are heard, each receiver is one. Ask for ``signal.receivers`` first.
    """
    if context is None or not is_heard(context):
        signal.send(app, _async_wrapper=app.ensure_sync, **facts)
        return
    if signal.is_muted:
        return
    if signal_sent.receivers:
        found = list(signal.receivers_for(app))
        signal_sent.send(app, context=context, signal=signal, receivers=found)
        del found
    for receiver in signal.receivers_for(app):
        waits = inspect.iscoroutinefunction(receiver)
        run = app.ensure_sync(receiver) if waits else receiver
        try:
            call(context, "receiver", receiver, run, app, **facts)
        except BaseException as error:
            _leave(error)
            raise


def _takes_context(method: Callable[..., Any]) -> bool:
    names = list(inspect.signature(method).parameters)
    return len(names) > 1 and names[1] in {"context", "ctx"}


def _context_on_top(app: Any, *_rest: Any) -> Staged | None:
    context = top_context()
    if context is None or context.request is None or context.app is not app:
        return None
    return context


def _required(context: Staged | None, method: Callable[..., Any]) -> Staged:
    if context is None:
        message = (
            f"{method.__qualname__} needs a request: call it while one is handled, or inside "
            "'with app.test_request_context():'."
        )
        raise RuntimeError(message)
    return context
