"""The comparison is with one Flask: the one whose behaviour flasktrace has."""

from importlib.metadata import version

OLDEST = (3, 1, 3)

if tuple(int(part) for part in version("flask").split(".")[:3]) < OLDEST:
    collect_ignore_glob = ["test_*.py"]
