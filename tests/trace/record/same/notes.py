"""What an app writes down about what it saw, and the server about what it got, in one order."""

import weakref
from contextlib import ExitStack
from typing import Any

BOOM = ValueError("the one and only")
"""Raised by apps, so that its identity can be checked."""


class Notes(list[Any]):
    """One list for the app and the server; what each of them does stands in it in its order."""

    def __init__(self) -> None:
        super().__init__()
        #: The very object that the app gave to the server, or raised.
        self.handed: Any = None
        #: What the server calls, and the environ that it gave.
        self.called: Any = None
        self.environ: Any = None
        #: What to do when the comparison is over.
        self.end = ExitStack()
        self._watched: list[tuple[str, weakref.ref[Any]]] = []

    def hand(self, value: Any) -> Any:
        """Return *value*; the server will tell whether it got this very object."""
        self.handed = value
        return value

    def watch(self, name: str, value: Any) -> None:
        """Note after the request whether *value* is still alive."""
        #: What the server calls, and the environ that it gave.
        self.called: Any = None
        self.environ: Any = None
        self._watched.append((name, weakref.ref(value)))

    def alive(self) -> list[str]:
        """Return the names of the watched objects that nobody has collected yet."""
        return [name for name, seen in self._watched if seen() is not None]
