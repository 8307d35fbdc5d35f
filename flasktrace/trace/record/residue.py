"""Compares the context stack before a request with the one after it.

What is noted is plain; `hygiene` makes sentences of it.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from flasktrace.trace.record import lanes, notes
from flasktrace.trace.record.redact import without

if TYPE_CHECKING:
    from flasktrace.trace.record.recorder import Host
    from flasktrace.trace.record.recording import Recording

PRESERVE = "werkzeug.debug.preserve_context"
"""Key of the environ with which a test client asks for the context."""
_MOST = 100
"""Contexts that are remembered, and that are told of one request."""


class Remnant(NamedTuple):
    """A context that stands, or stood, where it should not."""

    address: int
    kind: str
    """``app`` or ``request``."""
    app: str
    """Its import name."""
    own: bool = False
    """Whether it is the context of this very request."""
    trace: str | None = None
    """Id of the trace of the request that it belongs to, when it is known."""
    request: str = ""
    """Method and path of that request."""
    preserved: bool = False
    """Whether a test client keeps it, as it was asked to."""
    by_body: bool = False
    """Whether it was pushed while the body was made."""


class _Known(NamedTuple):
    context: weakref.ref[Any]
    trace: str
    request: str
    preserved: bool


_known: dict[int, _Known] = {}
"""Address of a context to the request that left it; of all apps, since they share threads."""


class Residue:
    """Sees the contexts that requests of one app leave behind."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def before(self, recording: Recording) -> None:
        """Note the contexts that stand there already; call when the stack is not empty."""
        recording.beneath = beneath = tuple(self._host.contexts())
        if recording.parent is None:
            found = tuple([self._found(context) for context in beneath[:_MOST]])
            recording.notes.append((notes.FOUND, recording.at, found))

    def _found(self, context: Any) -> Remnant:
        kind, app = _kind(self._host, context), self._host.app_name(context)
        known = _known.get(id(context))
        if known is None or known.context() is not context:
            return Remnant(id(context), kind, app)
        own = False
        return Remnant(id(context), kind, app, own, known.trace, known.request, known.preserved)

    def after(self, recording: Recording) -> None:
        """See what the app has left when it returned; call when it may have left something."""
        if lanes.spot() != recording.spot:
            return
        now = self._host.contexts()
        gone = _apart(recording.beneath, now)
        if gone:
            told = tuple([self._told(recording, context) for context in gone[:_MOST]])
            recording.notes.append((notes.GONE, lanes.now(recording), told))
        recording.left = tuple(_apart(now, recording.beneath))

    def settle(self, recording: Recording) -> None:
        """Note what is still there at the end of those that the app had left.

        A body that streams with the context keeps it until it is closed.
        """
        if lanes.spot() != recording.spot:
            return
        now = self._host.contexts()
        left = [context for context in recording.left if not _apart((context,), now)]
        if not left:
            return
        told = tuple([self._told(recording, context) for context in left[:_MOST]])
        recording.notes.append((notes.LEFT, lanes.now(recording), told))
        for context in left[:_MOST]:
            self._remember(context, recording, preserved=False)

    def after_body(self, recording: Recording) -> None:
        """See what is there when the body is over: some may be gone, and it may have left more."""
        if lanes.spot() != recording.spot:
            return
        left = tuple(_apart(self._host.contexts(), recording.beneath))
        its = recording.its_context()
        more = [context for context in _apart(left, recording.left) if context is not its]
        if more:
            recording.left_by_body |= frozenset(map(id, more))
        recording.left = left

    def keep_preserved(self, recording: Recording) -> None:
        """Remember the context of a request that a test client may put on the stack again."""
        context = recording.its_context()
        if context is not None:
            self._remember(context, recording, preserved=True)

    def _told(self, recording: Recording, context: Any) -> Remnant:
        made = self._described(context)
        own, by_body = context is recording.its_context(), made.address in recording.left_by_body
        return made._replace(own=own, by_body=by_body)

    def described(self, contexts: Sequence[Any]) -> tuple[Remnant, ...]:
        """Return what can be told of any contexts."""
        return tuple(map(self._described, contexts))

    def _described(self, context: Any) -> Remnant:
        return Remnant(id(context), _kind(self._host, context), self._host.app_name(context))

    def _remember(self, context: Any, recording: Recording, *, preserved: bool) -> None:
        request = recording.request.get
        path = without(request("path", ""), recording.routing.get("secrets") or ())
        told = f"{request('REQUEST_METHOD', '')} {path}"
        try:
            reference = weakref.ref(context)
        except TypeError:
            return
        while len(_known) >= _MOST:
            del _known[next(iter(_known))]
        _known[id(context)] = _Known(reference, recording.id, told, preserved)


def _kind(host: Host, context: Any) -> str:
    return "app" if host.refs((context,))[0] is None else "request"


def _apart(contexts: Sequence[Any], others: Sequence[Any]) -> list[Any]:
    """Return the contexts that are not among the others, without asking them."""
    known = set(map(id, others))
    return [context for context in contexts if id(context) not in known]
