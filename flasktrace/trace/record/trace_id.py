"""Ids of traces (W3C Trace Context, 3.2.2.3: 16 random bytes as hexadecimal digits)."""

import os
import random

_random = random.Random()  # noqa: S311 an id is no secret; that of the module is the app's to seed
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_random.seed)


def new_id() -> str:
    """Return 32 hexadecimal digits, which no other trace of any process has."""
    return f"{_random.getrandbits(128):032x}"
