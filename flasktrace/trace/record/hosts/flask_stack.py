"""The contexts that the real flask has pushed, found without asking any of them.

flask 3.0 and 3.1 have two stacks, each in a context variable: one of app contexts, one of request
contexts. 3.2 has one. What is below the top is known by the token that the variable gave when the
context was pushed.
"""

from collections.abc import Callable
from contextvars import ContextVar, Token
from typing import Any

from flasktrace.trace.record.describe import attributes_of

_nowhere: ContextVar[Any] = ContextVar("flasktrace.nowhere")
_getters: list[Callable[[Any], Any]] = []
"""What gives the app context and the request context on top."""


def top_request() -> Any:
    """Return the request context on top; None where there is none, and in flask 3.2."""
    return (_getters or _find_variables())[1](None)


def tops() -> tuple[Any, Any]:
    """Return the app context and the request context on top; None where there is none."""
    app, request = _getters or _find_variables()
    return app(None), request(None)


def getters() -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    """Return what gives the two of `tops`, each called with None."""
    app, request = _getters or _find_variables()
    return app, request


def _find_variables() -> list[Callable[[Any], Any]]:
    # By vars(), since 3.2 warns when request_ctx is asked for as an attribute of the module.
    from flask import globals as names

    proxies = [vars(names).get(name) for name in ("app_ctx", "request_ctx")]
    _getters[:] = [_variable_of(proxy).get for proxy in proxies]
    return _getters


def _variable_of(proxy: Any) -> ContextVar[Any]:
    """Return the context variable behind one of flask's proxies."""
    found = None if proxy is None else object.__getattribute__(proxy, "_LocalProxy__wrapped")
    return found if type(found) is ContextVar else _nowhere


def contexts() -> list[Any]:
    """Return the contexts: each app context, and above it the request that pushed it."""
    app, request = tops()
    if app is None and request is None:
        return []
    apps, requests = _down_from(app), _down_from(request)
    if len(apps) == 1 == len(requests) and _app_context_of(request) is app:  # as in most requests
        return [app, request]
    above: dict[int, list[Any]] = {}
    for context in requests:
        above.setdefault(id(_home_of(context, apps)), []).append(context)
    found: list[Any] = []
    for context in apps:
        found.append(context)
        # flask 3.2 has one context for both
        found += [request for request in above.pop(id(context), ()) if request is not context]
    return found + [request for left in above.values() for request in left]


def only_pair() -> tuple[Any, Any] | None:
    """Return app context and request context when there are no others, as in most requests.

    None also in flask 3.2, which has one for both.
    """
    app, request = tops()
    if app is None or request is None:
        return None
    tokens, below = attributes_of(request).get("_cv_tokens"), attributes_of(app).get("_cv_tokens")
    if type(tokens) is not list or type(below) is not list or len(tokens) != 1 or len(below) != 1:
        return None
    pushed, lower = tokens[0], below[0]
    if (
        type(pushed) is not tuple
        or pushed[1] is not app
        or type(lower) is not Token
        or lower.old_value is not Token.MISSING
        or pushed[0].old_value is not Token.MISSING
    ):
        return None
    return app, request


def _down_from(context: Any) -> list[Any]:
    """Return the contexts of one stack from its top one, the bottom first."""
    found: list[Any] = []
    while context is not None and not any(context is known for known in found):
        found.append(context)
        context = _below(context)
    found.reverse()
    return found


def _tokens(context: Any) -> list[Any]:
    kept = attributes_of(context)
    tokens = kept.get("_cv_tokens") or [kept.get("_cv_token")]
    return tokens if type(tokens) is list else []


def is_pushed(context: Any) -> bool:
    """Tell whether a context is pushed in any thread."""
    return any(token is not None for token in _tokens(context))


def _below(context: Any) -> Any:
    """Return the context that was on top when *context* was pushed for the first time."""
    for token in _tokens(context)[:1]:
        first = token[0] if type(token) is tuple else token
        if type(first) is Token:
            found = first.old_value
            return None if found is Token.MISSING else found
    return None


def _home_of(request: Any, apps: list[Any]) -> Any:
    """Return the app context that a request context stands on.

    One that pushed none found one of its app on top, as when a body streams with both; those of
    other apps have come later.
    """
    home = _app_context_of(request)
    if home is not request:
        return home
    app = attributes_of(request).get("app")
    its = [context for context in apps if attributes_of(context).get("app") is app]
    return its[-1] if its else request


def _app_context_of(context: Any) -> Any:
    """Return the app context that a request context pushed; itself when there was one already."""
    for token in _tokens(context)[:1]:
        if type(token) is tuple and token[1] is not None:
            return token[1]
    return context
