"""Extensions of Flask run on flasktrace: one program each, run on both, prints the same."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.flasks import SINCE_3_2

PROGRAMS = Path(__file__).parent / "programs"
ROOT = Path(__file__).parents[2]

NEEDS = {
    "login": "flask_login",
    "forms": "flask_wtf",
    "database": "flask_sqlalchemy",
    "cors": "flask_cors",
}
OTHERWISE = {"login": "Flask 3.2 redirects by 303 where nothing else is said"}
# Flask-Login 0.6 asks for the time in a way that Python 3.12 deprecates.
WARNINGS = ["error", "ignore:datetime.datetime.utcnow() is deprecated:DeprecationWarning"]


def printed(framework, program):
    """What *program* prints when it runs on *framework*, first as it is, then watched."""
    done = subprocess.run(
        [
            *(sys.executable, *(f"-W{warning}" for warning in WARNINGS)),
            *(PROGRAMS / "run.py", framework, PROGRAMS / f"{program}.py"),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0"},
        check=False,
    )

    assert (0, "") == (done.returncode, done.stderr), done.stderr
    return done.stdout.split("\f")


@pytest.mark.parametrize(("program", "module"), NEEDS.items(), ids=NEEDS)
def test_the_extension_does_the_same_on_both_watched_or_not(program, module):
    pytest.importorskip(module)
    if SINCE_3_2 and program == "cors":
        pytest.skip("Flask-CORS 6 calls make_default_options_response without the context of 3.2")
    with ThreadPoolExecutor() as pool:
        on_flask, on_flasktrace = pool.map(printed, ["flask", "flasktrace"], [program] * 2)

    assert [on_flask[0]] * 2 == on_flask
    if not SINCE_3_2 or program not in OTHERWISE:
        assert on_flask == on_flasktrace
    assert [on_flasktrace[0]] * 2 == on_flasktrace
    assert on_flask[0].count("== ") >= 10
