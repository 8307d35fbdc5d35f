"""Modules that a collector watches once the app has imported them; nothing imports them for it."""

import sys
from collections.abc import Callable
from contextlib import suppress

from flasktrace.trace.record.describe import attributes_of

Undo = Callable[[], None]

WAITING: list["_Awaited"] = []
"""Looked at when a request begins; empty once all that is waited for is there."""


class _Awaited:
    def __init__(self, module: str, install: Callable[[], Undo]) -> None:
        self.module = module
        self.undo: Undo | None = None
        # Of several requests that begin at once, one takes it out; a list does that atomically.
        self._once = [install]

    def look(self) -> bool:
        """Install when the module is there; tell whether there is nothing left to do."""
        if not is_imported(self.module):
            return False
        try:
            install = self._once.pop()
        except IndexError:
            return True
        self.undo = install()
        return True

    def end(self) -> None:
        self._once.clear()
        with suppress(ValueError):
            WAITING.remove(self)
        if self.undo is not None:
            self.undo()


def when_imported(module: str, install: Callable[[], Undo]) -> Undo:
    """Call *install* now or in the first request after *module* is imported; return the undoing."""
    awaited = _Awaited(module, install)
    if not awaited.look():
        WAITING.append(awaited)
    return awaited.end


def look(failed: Callable[[str, Exception], None]) -> None:
    """See which modules have come; *failed* is told what could not be watched, and why not."""
    for item in list(WAITING):
        if item.module not in sys.modules:
            continue  # each request comes by here
        try:
            done = item.look()
        except Exception as error:  # noqa: BLE001
            done = True
            failed(f"collector of {item.module}", error)
        if done:
            with suppress(ValueError):  # another request saw it too
                WAITING.remove(item)


def is_imported(name: str) -> bool:
    """Tell whether the module *name* is there, and its import is over."""
    found = sys.modules.get(name)
    spec = attributes_of(found).get("__spec__")
    return found is not None and not getattr(spec, "_initializing", False)
