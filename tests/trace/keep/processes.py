"""Real child processes for the tests of stores."""

import os
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[3]


def forked(work: Callable[[], object]) -> int:
    """Fork; the child runs *work* and ends with 0, or 1 when it raised. Returns the pid."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        work()
        code = 0
    except BaseException:  # noqa: BLE001
        traceback.print_exc()
    finally:
        os._exit(code)


def exit_code(pid: int) -> int:
    """Wait for the child to end."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def python(code: str, *arguments: object) -> "subprocess.Popen[str]":
    """Start a fresh interpreter on *code*, its output piped."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{Path.cwd()}{os.pathsep}{ROOT}"},
        stdout=subprocess.PIPE,
        stdin=subprocess.PIPE,
        text=True,
    )
