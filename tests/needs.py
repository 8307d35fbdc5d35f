"""What to do where something is not installed that a test needs."""

import os
from typing import NoReturn

import pytest


def do_without(what: str) -> NoReturn:
    """Skip a test that needs *what*; where everything has to be tested (CI), fail."""
    reason = f"{what} is not installed"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
