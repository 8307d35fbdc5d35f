"""Lets the framework's own code of one stage see another value of one attribute of the app.

So nothing of the app is changed, not even for a moment: other threads, and the functions of the
user that the stage calls, see the app as it is.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any


class StandIn:
    """An app but for one attribute, which is what *get* gives."""

    def __init__(self, app: Any, name: str, get: Callable[[], Any]) -> None:
        vars(self).update(_flasktrace_app=app, _flasktrace_other=(name, get))

    def __getattr__(self, name: str) -> Any:
        other, get = vars(self)["_flasktrace_other"]
        return get() if name == other else getattr(vars(self)["_flasktrace_app"], name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(vars(self)["_flasktrace_app"], name, value)

    def __delattr__(self, name: str) -> None:
        delattr(vars(self)["_flasktrace_app"], name)


class Saving:
    """A session interface whose ``save_session`` is *save*, which gets the real one first."""

    def __init__(self, interface: Any, save: Callable[..., Any]) -> None:
        self._interface = interface
        self._save = save

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._interface, name)
        if name != "save_session":
            return found

        def save_session(*args: Any, **kwargs: Any) -> Any:
            return self._save(found, *args, **kwargs)

        return save_session


class Called:
    """The functions of a list, each as *dress* makes it; the list is read while they run."""

    def __init__(self, functions: Iterable[Any], dress: Callable[[Any], Any]) -> None:
        self._functions = functions
        self._dress = dress

    def __iter__(self) -> Iterator[Any]:
        return map(self._dress, self._functions)
