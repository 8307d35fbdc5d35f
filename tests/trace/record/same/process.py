"""What a request leaves in the process: lines in the log, warnings, threads, open files, …"""

import contextlib
import gc
import io
import logging
import os
import random
import re
import signal
import sys
import threading
import traceback
import warnings
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import flasktrace
from flasktrace.trace.record.origin import DOORS

_HERE = Path(__file__).parent
_OUTSIDE = f"{_HERE}/"
_FLASKTRACE = f"{Path(flasktrace.__file__).parent}/"
_KNOWN = set(vars(logging.makeLogRecord({})))


class Log(logging.Handler):
    """Collects what is logged."""

    def __init__(self, lines: list[Any]) -> None:
        super().__init__(logging.DEBUG)
        self.lines = lines

    def emit(self, record):
        if record.name == "flasktrace":
            return  # what the tracer says of itself
        kind = record.exc_info[0].__qualname__ if record.exc_info else None
        raised = lines(record.exc_info[1]) if record.exc_info else None
        where = record.pathname, record.funcName, record.lineno
        more = sorted(set(vars(record)) - _KNOWN)
        text = record.getMessage()
        thread = re.sub(r"\d+", "n", record.threadName)
        self.lines.append((record.name, record.levelno, text, kind, raised, where, thread, more))


def lines(error: BaseException) -> list[tuple[str, str, int]]:
    """Return the lines of the traceback of *error*, as a log has them, without this server's.

    The frameworks may take other ways where somebody listens; lines of those are left out.
    """
    found = []
    for frame, line in traceback.walk_tb(error.__traceback__):
        name, file = frame.f_code.co_name, frame.f_code.co_filename
        if not (file.startswith(_OUTSIDE) or _is_way(file, name)):
            found.append((file, name, line))
    return found


def _is_way(file: str, name: str) -> bool:
    if not file.startswith(_FLASKTRACE):
        # Ours calls receivers by itself; flask 3.2 hands the context on to overridden methods.
        return "/blinker/" in file or (name == "wrapper" and file.endswith("/flask/app.py"))
    rest = file.removeprefix(_FLASKTRACE)
    return not rest.startswith("trace/") and (rest != "signals.py" or name == "send")


@contextmanager
def watched() -> Any:
    """Give a dict that tells, after the block, what the block did to the process."""
    seen: dict[str, Any] = {"logs": [], "unraisable": [], "thread errors": []}
    out, err = io.StringIO(), io.StringIO()
    random.seed(1)
    before, threads = _state(), set(threading.enumerate())
    with ExitStack() as end:
        end.enter_context(_logged(seen["logs"]))
        end.enter_context(_hooked("unraisablehook", sys, seen["unraisable"]))
        end.enter_context(_hooked("excepthook", threading, seen["thread errors"]))
        end.enter_context(contextlib.redirect_stdout(out))
        end.enter_context(contextlib.redirect_stderr(err))
        warned = end.enter_context(warnings.catch_warnings(record=True))
        warnings.simplefilter("always")
        yield seen
        seen["warnings"] = [_shown(item) for item in warned]
    seen["out"], seen["err"] = out.getvalue(), err.getvalue()
    begun = {re.sub(r"\d+", "n", item.name) for item in set(threading.enumerate()) - threads}
    # asyncio's own threads end when somebody collects their pool.
    seen["threads"] = begun - {"ThreadPoolExecutor-n_n"}
    after = _state()
    seen["state"] = {name: after[name] for name in after if after[name] != before[name]}


@contextmanager
def _logged(lines: list[Any]) -> Any:
    handler, root = Log(lines), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        root.setLevel(level)
        root.removeHandler(handler)


@contextmanager
def _hooked(name: str, owner: Any, found: list[Any]) -> Any:
    before = getattr(owner, name)
    setattr(owner, name, lambda given: found.append((given.exc_type, repr(given.exc_value))))
    try:
        yield
    finally:
        setattr(owner, name, before)


def _shown(item: Any) -> Any:
    # Of the server, or what stands before it, it is only how deep the stack is.
    outside = item.filename in DOORS or Path(item.filename).parent == _HERE
    where = None if outside else (item.filename, item.lineno)
    text = re.sub(r"0x[0-9a-f]+", "0x", str(item.message))
    return item.category, text, where


def _state() -> dict[str, Any]:
    """Return what the whole process shares, and a request may leave changed."""
    return {
        "exception": sys.exc_info()[0],
        "recursion limit": sys.getrecursionlimit(),
        "trace": sys.gettrace(),
        "profile": sys.getprofile(),
        "switch interval": sys.getswitchinterval(),
        "random": hash(random.getstate()),
        "environ": dict(os.environ),
        "folder": Path.cwd(),
        "signals": [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)],
        "collector": (gc.get_threshold(), list(gc.callbacks)),
        "log level": logging.root.manager.disable,
        "files": _open_files(),
    }


def _open_files() -> Any:
    try:
        return len(list(Path("/proc/self/fd").iterdir()))
    except OSError:
        return None
