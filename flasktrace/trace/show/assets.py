"""The dashboard's files: templates and what the browser loads, read once."""

import re
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

from jinja2 import BaseLoader, BytecodeCache, FileSystemLoader
from jinja2.bccache import Bucket

_PACKAGE = Path(__file__).parent.parent.parent

# Written down, since ``mimetypes`` reads the Windows registry and a browser refuses a module
# of a wrong type.
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


_IMPORT = re.compile(r'^import .* from "\./([\w.]+)";$', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Asset:
    """One static file."""

    content: bytes
    content_type: str
    etag: str
    """Without quotes."""


def folder() -> Path:
    """Return the dashboard folder.

    A wheel carries it inside the package; a checkout keeps it beside the package.
    """
    installed = _PACKAGE / "dashboard"
    return installed if installed.is_dir() else _PACKAGE.parent / "dashboard"


@cache
def static() -> dict[str, Asset]:
    """Return every static file by its name; a request only ever looks into this dict."""
    files = sorted((folder() / "static").iterdir())
    return {item.name: _asset(item) for item in files if item.suffix in _TYPES}


@cache
def modules(name: str) -> tuple[str, ...]:
    """Return the modules that the module *name* imports, and those that they import, sorted."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        text = static()[waiting.pop()].content.decode()
        new = set(_IMPORT.findall(text)) - found
        found |= new
        waiting += new
    return tuple(sorted(found))


def templates() -> BaseLoader:
    """Return what jinja2 loads the pages from."""
    return FileSystemLoader(folder() / "templates")


class Compiled(BytecodeCache):
    """The compiled templates of this process, for the dashboards of all its apps.

    jinja2 looks whether they are still those of the files.
    """

    def __init__(self) -> None:
        self._codes: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill *bucket* when its template was compiled before."""
        code = self._codes.get(bucket.key)
        if code is not None:
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled."""
        self._codes[bucket.key] = bucket.bytecode_to_string()


COMPILED = Compiled()


def _asset(path: Path) -> Asset:
    content = path.read_bytes()
    return Asset(content, _TYPES[path.suffix], sha256(content).hexdigest()[:16])
