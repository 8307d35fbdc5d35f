"""Servers for the tests that need real ones."""

import gc
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from flasktrace.globals import context_stack
from flasktrace.trace.record.hosts import flask_stack
from tests.live.process import Server, python

# The workers, and the many processes that tests start, would each compile everything again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_collection_finish() -> None:
    """Spare the collector the thousands of tests that are to come: some collect many times."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Start ``python -m flasktrace …`` in the test's folder, as often as it is called."""
    with ExitStack() as running:

        def start(*arguments: str, name: str = "server", **env: str) -> Server:
            command = python("-m", "flasktrace", *arguments)
            server = Server(command, tmp_path, name, env)
            running.callback(server.end)
            return server

        yield start


@pytest.fixture(autouse=True)
def no_context_is_left() -> Iterator[None]:
    """Fail the test that leaves a context on the stack, and not the next one, which finds it."""
    yield
    left = [*context_stack(), *flask_stack.contexts()]
    assert left == []
