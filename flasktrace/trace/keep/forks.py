"""Objects that must be told when the process forks."""

import os
import weakref
from collections.abc import Iterator
from contextlib import suppress
from typing import Protocol


class Forked(Protocol):
    """What has locks, threads or files that a child process must not inherit."""

    def before_fork(self) -> None:
        """Come to rest; called in the parent."""

    def after_fork_in_parent(self) -> None:
        """Go on."""

    def after_fork_in_child(self) -> None:
        """Begin anew: no other thread of the parent exists here, whatever it held stays held."""


_watched: dict[int, weakref.ref[Forked]] = {}


def watch(item: Forked) -> None:
    """Tell *item* of forks for as long as it lives."""
    reference = weakref.ref(item, _forget)
    _watched[id(reference)] = reference


def _forget(reference: weakref.ref[Forked]) -> None:
    _watched.pop(id(reference), None)


def _living() -> Iterator[Forked]:
    # The tuple is made in one step: other threads may watch more items meanwhile.
    for reference in tuple(_watched.values()):
        item = reference()
        if item is not None:
            yield item


def _before() -> None:
    for item in _living():
        with suppress(Exception):
            item.before_fork()


def _parent() -> None:
    for item in _living():
        with suppress(Exception):
            item.after_fork_in_parent()


def _child() -> None:
    for item in _living():
        with suppress(Exception):
            item.after_fork_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_parent, after_in_child=_child)
