"""Any other WSGI callable: what happens inside it is not visible."""

from collections.abc import Sequence
from typing import Any

from flasktrace.trace.record.recorder import Recorder


class WsgiHost:
    """An app that is no Flask app."""

    name = "wsgi"

    def contexts(self) -> Sequence[Any]:
        """Return no contexts: there are none that could be seen."""
        return ()

    def bare(self) -> bool:
        """Tell whether no context is on the stack: always."""
        return True

    def state(self) -> Any:
        """Return what `stands` knows the empty stack by."""
        return True

    def stands(self, state: Any) -> bool:
        """Tell whether *state* was given: the stack is always empty."""
        return state is not None

    def install(self, app: Any, recorder: Recorder) -> None:
        """Do nothing: the app sends no signals."""

    def uninstall(self, app: Any) -> None:
        """Do nothing: the app was not changed."""
