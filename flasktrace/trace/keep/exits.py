"""The end of processes that end without what ``atexit`` knows."""

import os
import sys
from collections.abc import Callable
from types import FrameType

LAST = -100
"""After all that multiprocessing itself has to do, such as waiting for the child's children."""

_seen_in: set[int] = set()
_sudden: tuple[int, bool] = (0, False)


def watch(flush: Callable[[], object]) -> None:
    """Have *flush* called at the end of this process if it is a child of multiprocessing.

    Such a child ends by ``os._exit``, and runs nothing that its parent had given to ``atexit``;
    before Python 3.13 nothing of ``atexit`` at all. To be called in the child, since a child
    forgets what its parent has registered here too, and as often as one likes.
    """
    pid = os.getpid()
    if pid in _seen_in:
        return
    _seen_in.add(pid)
    # Never imported for this: a child has loaded both, most other programs need neither.
    process, util = map(sys.modules.get, ("multiprocessing.process", "multiprocessing.util"))
    if process is not None and util is not None and process.parent_process() is not None:
        util.Finalize(None, flush, exitpriority=LAST)


def comes_suddenly() -> bool:
    """Tell whether this process was forked for one connection, and ends by ``os._exit`` after it.

    So does the standard library's ``ForkingMixIn``, and with it werkzeug's server when it is told
    to use processes. To be asked in a thread that serves a request.
    """
    global _sudden  # noqa: PLW0603
    pid = os.getpid()
    if _sudden[0] != pid:
        _sudden = pid, _below_a_fork()
    return _sudden[1]


def _below_a_fork() -> bool:
    mixin = getattr(sys.modules.get("socketserver"), "ForkingMixIn", None)
    if mixin is None:
        return False
    code = mixin.process_request.__code__
    frame: FrameType | None = sys._getframe()  # noqa: SLF001
    while frame is not None and frame.f_code is not code:
        frame = frame.f_back
    return frame is not None
