"""The apps with known ends, by name, and the requests that they are asked."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.trace.record.same import Ask


@dataclass(frozen=True)
class End:
    """One app for both frameworks, with the requests whose traces are told."""

    make: Callable[[Any], Any]
    asks: tuple[Ask, ...]
    differs: str = ""
    """Why the traces of the two frameworks truly differ; empty when they tell the same."""


ENDS: dict[str, End] = {}


def end(*asks: Ask | str, differs: str = "") -> Callable[[Callable[[Any], Any]], Any]:
    """Register what makes an app of a framework, to be asked *asks*."""

    def register(make: Callable[[Any], Any]) -> Callable[[Any], Any]:
        name = make.__name__
        if name in ENDS:
            raise ValueError(f"there are two ends called {name}")
        wanted = tuple(Ask(item) if isinstance(item, str) else item for item in asks)
        ENDS[name] = End(make, wanted or (Ask(),), differs)
        return make

    return register
