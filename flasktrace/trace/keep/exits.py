"""The end of a process that may end without what ``atexit`` knows."""

import os
import sys
from collections.abc import Callable

LAST = -100
"""After all that multiprocessing itself has to do, such as waiting for the child's children."""

_seen_in: set[int] = set()


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
