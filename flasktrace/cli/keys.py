"""The keys that are pressed while a command runs."""

import os
import re
import select
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_NAMES = {"\x1b[A": "k", "\x1b[B": "j", "\x1b": "q"}
"""Arrows and escape, and the letter that does the same."""
_KEY = re.compile(r"\x1b(?:[\[O][0-9;]*[A-Za-z~])?|.", re.DOTALL)


@contextmanager
def keys() -> Iterator[Callable[[float], list[str]]]:
    """Give what waits so many seconds at most for a key and returns all that were pressed.

    Where no keys can be read (no terminal, Windows) it just waits.
    """
    try:
        import termios
        import tty

        number = sys.stdin.fileno()
        before = termios.tcgetattr(number)
    except (ImportError, OSError, ValueError):
        yield _wait
        return
    tty.setcbreak(number)
    try:
        yield lambda seconds: _pressed(number, seconds)
    finally:
        termios.tcsetattr(number, termios.TCSADRAIN, before)


def _wait(seconds: float) -> list[str]:
    time.sleep(seconds)
    return []


def _pressed(number: int, seconds: float) -> list[str]:
    if not select.select([number], [], [], seconds)[0]:
        return []
    return names(os.read(number, 1000).decode(errors="ignore"))


def names(text: str) -> list[str]:
    """Return the keys of what a terminal sent, arrows as the letters that do the same."""
    return [_NAMES.get(key, key) for key in _KEY.findall(text)]
