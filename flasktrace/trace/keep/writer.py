"""Takes traces from the request threads and brings them to the store."""

import atexit
import os
import time
import weakref
from collections.abc import Callable, Sequence

from flasktrace.trace.keep import exits, forks
from flasktrace.trace.keep.delivery import Delivery, Listener
from flasktrace.trace.keep.lane import Lane, Make
from flasktrace.trace.keep.store import Store

EXIT_WAIT = 2.0
"""Seconds that the end of the program waits for all writers together."""


class Writer:
    """One queue and one thread per process; the thread starts with the first trace.

    ``sent == stored + dropped_queue_full + dropped_store + failed + queued`` once all is quiet. A
    forked child counts from zero: what its parent had queued is the parent's to store. *busy* tells
    whether the app is at work: the thread stands back for it while the queue is short.
    """

    def __init__(
        self,
        store: Store,
        *,
        listeners: Sequence[Listener] = (),
        capacity: int = 2048,
        clock: Callable[[], float] = time.monotonic,
        busy: Callable[[], bool] = bool,
    ) -> None:
        self._store = store
        self._listeners = tuple(listeners)
        self._capacity = capacity
        self._clock = clock
        self._busy = busy
        self._begin()
        forks.watch(self)
        _writers.add(self)

    @property
    def store(self) -> Store:
        """Return where the newest traces are: the store, or memory while the store is lost."""
        return self._lane.delivery.fallback or self._store

    def submit(self, make: Make) -> bool:
        """Have *make* called and its trace stored, later and elsewhere; False when dropped.

        Takes no lock, waits for nothing, logs nothing; but in a process that is there for this one
        connection only, the trace is stored here and now. With several threads at once the queue
        may exceed its capacity by one per thread; the counts stay exact.
        """
        lane = self._lane
        if lane.queue.qsize() >= self._capacity:
            lane.refused.add()
            return False
        lane.accepted.add()
        lane.queue.put(make)
        if not lane.running:
            self._see_to(lane)
        return True

    def _see_to(self, lane: Lane) -> None:
        """Have somebody empty the queue: the thread, where there is time for one."""
        if exits.comes_suddenly():
            lane.flush(EXIT_WAIT)
        else:
            exits.watch(_flush_all)
            lane.start()

    def flush(self, timeout: float = 2.0) -> bool:
        """Wait at most *timeout* seconds until all submitted so far is done, and say whether."""
        return self._lane.flush(timeout)

    def close(self, timeout: float = 2.0) -> bool:
        """Flush and end the thread within *timeout* seconds; return whether all was done.

        The store stays open, and a later trace starts another thread.
        """
        deadline = time.monotonic() + timeout
        done = self.flush(timeout)
        self._lane.stop(max(0.0, deadline - time.monotonic()))
        return done

    def counters(self) -> dict[str, int]:
        """Return how many traces went which way in this process."""
        lane = self._lane
        refused = lane.refused.value
        return {
            "sent": lane.accepted.value + refused,
            "stored": lane.delivery.stored,
            "dropped_queue_full": refused,
            "dropped_store": lane.delivery.dropped.total(),
            "failed": lane.failed,
            "queued": lane.queued,
            "listener_errors": lane.delivery.listener_errors,
        }

    def health(self) -> dict[str, int | str]:
        """Return the counters, drops by reason, and why the store is lost if it is."""
        delivery = self._lane.delivery
        reasons = {f"dropped_{why}": count for why, count in tuple(delivery.dropped.items())}
        state = f"kept in memory only: {delivery.problem}" if delivery.fallback else "ok"
        return {"state": state, **self.counters(), **reasons}

    def before_fork(self) -> None:
        """Do nothing: a fork does not wait for the queue."""

    def after_fork_in_parent(self) -> None:
        """Do nothing."""

    def after_fork_in_child(self) -> None:
        """Begin anew; the thread and whoever held a lock are not here."""
        self._finalizer.detach()
        self._begin()

    def _begin(self) -> None:
        delivery = Delivery(self._store, self._listeners, self._clock)
        self._lane = Lane(delivery, self._clock, self._busy)
        # The thread knows the lane only, and ends when nobody has the writer any more.
        self._finalizer = weakref.finalize(self, _let_go, self._lane)
        self._finalizer.atexit = False


_writers: weakref.WeakSet[Writer] = weakref.WeakSet()
_late: weakref.WeakSet[Writer] = weakref.WeakSet()
"""Those that the end has waited for in vain."""
_orphans: weakref.WeakSet[Lane] = weakref.WeakSet()
"""Lanes that nobody submits to any more, as long as their threads are not done."""


def _let_go(lane: Lane) -> None:
    """End the thread of a lane after what is queued."""
    _orphans.add(lane)
    lane.queue.put(None)


@atexit.register
def _flush_all() -> None:
    """Flush each writer; in a child of multiprocessing this may be called twice."""
    deadline = time.monotonic() + EXIT_WAIT
    for writer in set(_writers) - set(_late):
        if not writer.flush(max(0.0, deadline - time.monotonic())):
            _late.add(writer)
    for lane in set(_orphans):
        if lane.pid == os.getpid():
            lane.flush(max(0.0, deadline - time.monotonic()))
