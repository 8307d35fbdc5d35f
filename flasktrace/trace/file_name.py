"""What a file is called where a place is told: ``shop.py``, or ``flask/sessions.py``."""

import re
from functools import lru_cache

_INSTALLED = re.compile(r".*/(?:site|dist)-packages/")


@lru_cache(maxsize=2000)
def file_name(path: str) -> str:
    """Return the last part of a file's *path*; of one that is installed all from its package on.

    So nobody takes the ``app.py`` of a library for that of the app. The path may be of Windows,
    whose traces are read elsewhere, too.
    """
    plain = path.replace("\\", "/")
    installed = _INSTALLED.match(plain)
    return plain[installed.end() :] if installed else plain.rpartition("/")[2]
