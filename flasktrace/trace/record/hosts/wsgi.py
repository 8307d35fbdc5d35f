"""Any other WSGI callable: what happens inside it is not visible."""

from collections.abc import Sequence
from typing import Any

from flasktrace.trace.record.notes import WSGI
from flasktrace.trace.record.recorder import Recorder


def nothing(_default: Any) -> None:
    """Give what is always on top of no stack."""


class WsgiHost:
    """An app that is no Flask app."""

    name = WSGI
    tops = nothing, nothing

    def contexts(self) -> Sequence[Any]:
        """Return no contexts: there are none that could be seen."""
        return ()

    def bare(self) -> bool:
        """Tell whether no context is on the stack: always."""
        return True

    def chunks_of(self, _result: Any) -> None:
        """Tell that code may run for each chunk of what an app returns."""

    def follow_bodies(self, wanted: bool) -> None:
        """Do nothing: all are followed chunk by chunk."""

    def install(self, app: Any, recorder: Recorder) -> None:
        """Do nothing: the app sends no signals."""

    def uninstall(self, app: Any) -> None:
        """Do nothing: the app was not changed."""
