"""Lifecycles stored beside the tests, in files that are read in reviews."""

import re
from pathlib import Path

import pytest

from flasktrace.contracts import assert_outline, lifecycle
from flasktrace.trace.model import Trace

FOLDER = "__lifecycles__"
_UNFIT = re.compile(r"[^A-Za-z0-9_.\[\]-]+")
_LONGEST = 120


class Snapshots:
    """The stored lifecycles of the test with the id *test*."""

    def __init__(self, module: Path, test: str, *, update: bool) -> None:
        self._module = module
        self._test = test.partition("::")[2].replace("::", ".")
        self._update = update
        self._taken: set[str] = set()

    def check(self, trace: Trace, name: str = "") -> None:
        """Demand that the lifecycle of *trace* is the stored one, or store it when updating."""
        __tracebackhide__ = True
        path = self._path(name)
        if self._update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(lifecycle(trace), encoding="utf-8", newline="\n")
            return
        complaint = _complaint(path, trace)
        if complaint:  # outside of any except, or pytest would print what was caught as well
            pytest.fail(complaint, pytrace=False)

    def _path(self, name: str) -> Path:
        """Return the file for *name*; the first one of a test needs none."""
        stem = _file_name(f"{self._test}-{name}" if name else self._test)
        if stem.lower() in self._taken:
            raise ValueError(
                f"This test has compared {stem!r} before; give each a name of its own."
            )
        self._taken.add(stem.lower())
        return self._module.parent / FOLDER / self._module.stem / f"{stem}.txt"


def _complaint(path: Path, trace: Trace) -> str:
    """Return how the lifecycle of *trace* differs from that in the file; empty when it does not."""
    try:
        stored = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        where = f"{FOLDER}/{path.parent.name}/{path.name}"
        head = f"There is no stored lifecycle {where}; 'pytest --flasktrace-update' stores it:"
        return f"{head}\n\n{lifecycle(trace)}"
    try:
        assert_outline(trace, stored)
    except AssertionError as error:
        return f"{error}\n\n'pytest --flasktrace-update' stores what is now."
    return ""


def _file_name(text: str) -> str:
    """Return *text* as the name of a file: other names give other files."""
    from hashlib import sha256

    plain = _UNFIT.sub("_", text)
    if plain == text and len(text) <= _LONGEST:
        return text
    return f"{plain[:_LONGEST]}-{sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
