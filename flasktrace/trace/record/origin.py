"""Whose code a file is: the app's, a library's, or flasktrace's own."""

import os
import sysconfig

_OWN = __file__.replace("\\", "/").rpartition("/trace/")[0] + "/"
_DEMO = f"{_OWN}demo/"
_HERE = os.path.dirname(__file__)  # noqa: PTH120 as code objects have it
DOORS = frozenset(os.path.join(_HERE, name) for name in ("gateway.py", "body.py"))  # noqa: PTH118
"""Files through which a request comes in: whoever called those stands outside of it."""

_MOST = 2000
_LIBRARIES = tuple(
    path for key in ("stdlib", "purelib", "platlib") if (path := sysconfig.get_path(key))
)
_SIGNS = ("/site-packages/", "/dist-packages/")
_TYPED = ("<template>", "<stdin>", "<ipython", "<console>")
"""What has no file and is yet no code that a library has made."""

_known: dict[str, bool] = {}
"""Whether a file is the app's."""


def is_own(file: str) -> bool:
    """Tell whether *file* is one of flasktrace's, apart from the demo."""
    file = file.replace("\\", "/")
    return file.startswith(_OWN) and not file.startswith(_DEMO)


def is_of_app(file: str) -> bool:
    """Tell whether *file* is the app's."""
    known = _known.get(file)
    if known is None:
        if len(_known) >= _MOST:
            _known.clear()
        known = _known[file] = not is_own(file) and not _is_of_library(file)
    return known


def _is_of_library(file: str) -> bool:
    if file.startswith("<"):
        return not file.startswith(_TYPED)
    plain = file.replace("\\", "/")
    if file.startswith(_LIBRARIES) or any(sign in plain for sign in _SIGNS):
        return True
    # What Cython has compiled calls itself by a path from where it was compiled.
    return not os.path.isabs(file) and not os.path.exists(file)  # noqa: PTH110, PTH117
