"""What a collector is, and which there are."""

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from flasktrace.trace.record.collectors.logs import Logs
from flasktrace.trace.record.collectors.sql import Sql


class Collector(Protocol):
    """Tells traces of something that happens in the process, see ``docs/collectors.md``."""

    name: str
    """What the option calls it, and what ``/health`` counts its errors under."""

    def install(self) -> Callable[[], None]:
        """Begin to tell, once for all apps of the process; return what ends it."""


BUILT_IN: dict[str, Collector] = {item.name: item for item in (Logs(), Sql())}
"""Those that have a name by which they can be asked for."""

REMEDY = (
    f"name some of {', '.join(BUILT_IN)}, or give objects that have a text 'name' and a method "
    "'install', which docs/collectors.md tells how to write"
)


def chosen(wanted: Iterable[Any]) -> tuple[Collector, ...]:
    """Return the collectors for names and objects, each once; ValueError for what is neither."""
    found: dict[str, Collector] = {}
    for item in wanted:
        made = BUILT_IN.get(item) if isinstance(item, str) else item
        name = getattr(made, "name", None)
        fits = isinstance(name, str) and name and callable(getattr(made, "install", None))
        is_class = isinstance(made, type)  # easily given for the object
        if not fits or is_class or found.setdefault(name, made) is not made:  # type: ignore[arg-type]
            raise ValueError(item)
    return tuple(found.values())
