"""What can go wrong with a store.

::

    StoreError
    ├── StoreURLError        the address is no address of a store
    ├── StoreBusyError       locked by others for too long; try again
    └── StoreLostError       cannot be used now: damaged twice, read-only, forked at a bad moment
        ├── StoreFullError       no space left
        ├── StoreRefusedError    not ours: a symlink, another owner, another program's file
        └── StoreNewerError      written by a newer flasktrace; it can be read, not written
"""

from pathlib import Path


class StoreError(Exception):
    """The base of all errors of the stores."""


class StoreURLError(StoreError, ValueError):
    """An address that names no store."""

    def __init__(self, url: str, why: str) -> None:
        super().__init__(
            f"{url!r} is not the address of a trace store: {why}. "
            "Use memory: or sqlite:///relative/path.db or sqlite:////absolute/path.db."
        )
        self.url = url


class StoreBusyError(StoreError):
    """Others hold the file locked; nothing was written, and another try may succeed."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} is busy: {why}.")
        self.path = path


class StoreLostError(StoreError):
    """The file cannot be used now; the message says why and what to do."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} cannot be used: {why}.")
        self.path = path
        self.why = why


class StoreFullError(StoreLostError):
    """The disk or the quota is full."""


class StoreRefusedError(StoreLostError):
    """What lies at the path is not ours, so that it is neither read nor written."""


class StoreNewerError(StoreLostError):
    """The file was written by a newer flasktrace, and is left as it is."""
