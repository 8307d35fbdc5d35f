"""Files that only their owner may read, opened so that nobody can put another in their place."""

import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from flasktrace.trace.keep.errors import StoreLostError, StoreRefusedError

try:
    import fcntl
except ImportError:  # pragma: no cover
    # Windows: one process at a time opens a store there anyway, SQLite guards the rest.
    fcntl = None  # type: ignore[assignment]

DEFAULT_FOLDER = ".flasktrace"
COMPANIONS = ("", "-wal", "-shm")
"""The database and the two files that SQLite keeps beside it."""

_SIGN = b"SQLite format 3\0"
"""The first bytes of every SQLite database (sqlite.org/fileformat.html, 1.3)."""
_APPLICATION = slice(68, 72)
"""Where the first page has the application id."""

Identity = tuple[int, int]
"""Device and inode: whether a path still names the file that was opened."""


def identity(path: Path) -> Identity | None:
    """Return which file *path* names now, None when there is none."""
    try:
        found = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_dev, found.st_ino


def make_folder(folder: Path) -> None:
    """Create *folder* and its parents for this user alone; one that exists stays as it is.

    Raises `StoreRefusedError` when it is a link or a default folder of somebody else.
    """
    _check_folder(folder)
    if folder.is_dir():
        return
    if not folder.parent.exists():
        make_folder(folder.parent)
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        return
    except OSError as error:
        raise StoreLostError(folder, f"the folder cannot be made ({error.strerror})") from error
    # A strict umask takes bits away from us too.
    folder.chmod(0o700)
    if folder.name == DEFAULT_FOLDER:
        (folder / ".gitignore").write_text("*\n", encoding="ascii")


def make_file(path: Path) -> None:
    """Create *path*, empty and for this user alone, unless it exists; check it in any case."""
    check_file(path)
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0)
    try:
        descriptor = os.open(path, flags, 0o600)
    except FileExistsError:
        return
    except OSError as error:
        raise StoreLostError(path, f"the file cannot be made ({error.strerror})") from error
    # SQLite gives its -wal and -shm files the permissions of the database.
    os.fchmod(descriptor, 0o600)
    os.close(descriptor)


def check_file(path: Path) -> None:
    """Refuse a link and a file of somebody else.

    Looks without opening: closing a second descriptor would drop SQLite's locks (``fcntl(2)``).
    """
    for ending in COMPANIONS:
        _check_one(path.with_name(path.name + ending))


def application_id(path: Path) -> int | None:
    """Return which program's SQLite database *path* says to be, None for any other file.

    Only for a file that SQLite does not read any more, since it opens it; see `check_file`.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_APPLICATION.stop)
    except OSError:
        return None
    return int.from_bytes(head[_APPLICATION], "big") if head.startswith(_SIGN) else None


def close_to_others(path: Path) -> None:
    """Take the permissions of others from our database; the folder stays as it is."""
    for ending in COMPANIONS:
        file = path.with_name(path.name + ending)
        with suppress(FileNotFoundError):
            if os.lstat(file).st_mode & 0o077:
                file.chmod(0o600)


@contextmanager
def folder_lock(folder: Path, patience: float) -> Iterator[None]:
    """Keep all other threads and processes from opening or moving files of *folder*.

    Waits *patience* seconds, then raises `BlockingIOError`.
    """
    if fcntl is None or not folder.is_dir():
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _lock(descriptor, time.monotonic() + patience)
        yield
    finally:
        # Unlocked by name: a child that was forked meanwhile has the descriptor too.
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)


def set_aside(path: Path) -> Path:
    """Rename a damaged database with its companions, and return the new name."""
    second, nanosecond = divmod(time.time_ns(), 10**9)
    stamp = f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime(second))}.{nanosecond:09}Z"
    aside = path.with_name(f"{path.name}.corrupt-{stamp}")
    for ending in COMPANIONS:
        with suppress(FileNotFoundError):
            path.with_name(path.name + ending).rename(aside.with_name(aside.name + ending))
    return aside


def _lock(descriptor: int, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.005)
        except OSError:
            # Some network file systems have no flock; then SQLite's own locks must do.
            return
        else:
            return


def _check_folder(folder: Path) -> None:
    try:
        found = os.lstat(folder)
    except (FileNotFoundError, NotADirectoryError):
        return
    foreign = hasattr(os, "getuid") and found.st_uid != os.getuid()
    if foreign and (stat.S_ISLNK(found.st_mode) or folder.name == DEFAULT_FOLDER):
        raise StoreRefusedError(
            folder, "the folder belongs to somebody else; remove it or choose another store"
        )
    if not folder.is_dir():
        raise StoreRefusedError(folder, "it is not a folder; remove it or choose another store")


def _check_one(path: Path) -> None:
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return
    if stat.S_ISLNK(found.st_mode):
        raise StoreRefusedError(path, "it is a symbolic link; remove it or name the file itself")
    if not stat.S_ISREG(found.st_mode):
        raise StoreRefusedError(path, "it is not a regular file; choose another path")
    if hasattr(os, "getuid") and found.st_uid != os.getuid():
        raise StoreRefusedError(path, "it belongs to somebody else; remove it or choose another")
