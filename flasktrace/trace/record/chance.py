"""What the tracer leaves to chance: the ids of traces, and which requests are sampled.

An id is 16 random bytes (W3C Trace Context, 3.2.2.3).
"""

import os
import random

_random = random.Random()  # noqa: S311 no secrets; and the module's own is the app's to seed
_bits = _random.getrandbits
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_random.seed)


def new_id() -> str:
    """Return 32 hexadecimal digits, which no other trace of any process has."""
    return _bits(128).to_bytes(16, "big").hex()


def drawn(share: float) -> bool:
    """Tell whether the lot falls on this one; *share* is how often it does."""
    return share >= 1.0 or _random.random() < share
