"""How many cases the long tests try: a tenth of them, unless all are asked for."""

import os


def many(count: int) -> int:
    """Return *count* when ``FLASKTRACE_ALL_CASES`` is set, as it is in CI, else a tenth of it."""
    return count if os.environ.get("FLASKTRACE_ALL_CASES") else max(count // 10, 1)
