"""The keys that are pressed while a command runs."""

import os
import select
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_NAMES = {"\x1b[A": "k", "\x1b[B": "j", "\x1b[C": "", "\x1b[D": "", "\x1b": "q", "\x03": "q"}
"""Arrows and others, and the letter that does the same."""


@contextmanager
def keys() -> Iterator[Callable[[float], str]]:
    """Give what waits so many seconds at most for a key and returns it, else an empty text.

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


def _wait(seconds: float) -> str:
    time.sleep(seconds)
    return ""


def _pressed(number: int, seconds: float) -> str:
    if not select.select([number], [], [], seconds)[0]:
        return ""
    found = os.read(number, 16).decode(errors="ignore")
    return _NAMES.get(found, found[:1])
