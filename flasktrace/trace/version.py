"""Versions of installed packages."""

from importlib.metadata import PackageNotFoundError, version


def version_of(package: str) -> str:
    """Return the version of a package; empty for one without metadata, as in a frozen program."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
