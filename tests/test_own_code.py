"""The code is our own: no run of lines stands in the real flask too."""

from pathlib import Path

import flask

RUN = 6
"""Lines, empty ones left out."""
TREE = Path(__file__).parents[1]


def runs(file):
    """Return every run of lines of a file, without their indentation."""
    lines = [line.strip() for line in file.read_text("utf-8").splitlines() if line.strip()]
    return {tuple(lines[start : start + RUN]) for start in range(len(lines) - RUN + 1)}


def test_no_six_lines_are_those_of_flask():
    theirs = set().union(*map(runs, Path(flask.__file__).parent.rglob("*.py")))
    ours = {
        file: runs(file) & theirs
        for folder in ("flasktrace", "examples", "tests")
        for file in (TREE / folder).rglob("*.py")
    }

    assert len(theirs) > 1000
    assert {} == {str(file): found for file, found in ours.items() if found}
