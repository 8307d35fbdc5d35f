"""Runs when a Python process starts that ``flasktrace exec`` has started, or one of its children.

Nothing is imported here but what Python has already imported, until the program itself imports
flask or flasktrace: a program without apps runs as it would run alone.
"""

import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import module_from_spec
from types import ModuleType
from typing import Any

_FRAMEWORKS = ("flask.app", "flasktrace.app")


class Watch:
    """Lets modules be found as ever, and takes the apps' classes when theirs has run."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return what another finder found; of the frameworks only."""
        if name not in _FRAMEWORKS:
            return None
        for finder in sys.meta_path:
            find = None if finder is self else getattr(finder, "find_spec", None)
            spec: ModuleSpec | None = find and find(name, path, target)
            if spec is not None:
                _follow(spec.loader)
                return spec
        return None


def _follow(loader: Any) -> None:
    """Watch the module that *loader* runs, then leave the loader as it was."""
    run: Callable[[ModuleType], None] = loader.exec_module

    def exec_module(module: ModuleType) -> None:
        del loader.exec_module
        run(module)
        _watch(module)

    loader.exec_module = exec_module


def _watch(module: ModuleType) -> None:
    try:
        from flasktrace.trace.process import watch_class
    except ImportError as error:
        sys.stderr.write(
            f"flasktrace: nothing is traced by {sys.executable}, which cannot import flasktrace "
            f"({error}); install it there.\n"
        )
    else:
        watch_class(module.Flask)


def _run_the_one_behind() -> None:
    """Run the ``sitecustomize`` that this one hides, in its place."""
    spec = PathFinder.find_spec("sitecustomize", sys.path)
    if spec is not None and spec.loader is not None:
        module = module_from_spec(spec)
        sys.modules["sitecustomize"] = module
        spec.loader.exec_module(module)


def _here(entry: str) -> bool:
    return entry.rstrip("/\\") == __file__.rpartition("sitecustomize")[0].rstrip("/\\")


sys.meta_path.insert(0, Watch())
sys.path[:] = [entry for entry in sys.path if not _here(entry)]
_run_the_one_behind()
