"""The queue of one process and the thread that empties it."""

import os
import queue
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from time import sleep

from flasktrace.trace.keep.delivery import Delivery
from flasktrace.trace.keep.loss import QUIET
from flasktrace.trace.keep.tally import Tally
from flasktrace.trace.model import Trace

BATCH = 64
"""Traces stored in one transaction."""

FEW = 4
"""Traces stored in one transaction while there is time."""

PAUSES = 1e-4, 4e-4, 1.5e-3
"""Seconds that the thread stands back after each trace, one after another while the app is busy."""

LINGER = 0.05
"""Seconds that the thread waits for more after the first trace of a batch."""

RESTART = 1.0
"""Seconds before another attempt to start the thread, where that failed."""

Make = Callable[[], Trace]
Item = Make | threading.Event | None
"""A trace to be made; an event to be set when all before it is done; None to end the thread."""


class Lane:
    """Everything between ``submit`` and the store that belongs to one process.

    A forked child gets a new one, so that nothing of it is ever inherited. *busy* tells whether
    the app is at work, which has precedence.
    """

    def __init__(
        self, delivery: Delivery, clock: Callable[[], float], busy: Callable[[], bool]
    ) -> None:
        self.queue: queue.SimpleQueue[Item] = queue.SimpleQueue()
        self.accepted = Tally()
        self.refused = Tally()
        """Dropped because the queue was full."""
        self.failed = 0
        """Traces that could not be made."""
        self.running = False
        """Whether a thread is there, or about to be."""
        self.delivery = delivery
        self.pid = os.getpid()
        self._clock = clock
        self._busy = busy
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._working = threading.Lock()
        self._hurry = threading.Event()
        self._hurried = False
        """Whether somebody waits for what is being done now."""
        self._start_after = 0.0
        self._refusals_seen = 0

    @property
    def queued(self) -> int:
        """Return how many accepted traces are neither stored nor dropped yet."""
        done = self.failed + self.delivery.stored + self.delivery.dropped.total()
        return self.accepted.value - done

    def start(self) -> None:
        """Start the thread, unless another thread is just doing that; never waits, never raises."""
        if sys.is_finalizing():
            # A thread that begins now never runs, and Python waits for its beginning for ever.
            self._work_here(0)
            return
        if not self._starting.acquire(blocking=False):
            return
        try:
            if not self.running and self._clock() >= self._start_after:
                self._start()
        finally:
            self._starting.release()

    def _start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="flasktrace-writer", daemon=True)
        self.running = True
        try:
            self._thread.start()
        except RuntimeError:
            # The system has no thread left, or the interpreter is ending: flush does the work.
            self.running = False
            self._start_after = self._clock() + RESTART

    def flush(self, timeout: float) -> bool:
        """Wait until all that was accepted so far is done; return whether it is."""
        thread = self._thread
        if thread is threading.current_thread():
            return False
        if not self.running or thread is None or not thread.is_alive():
            return self._work_here(timeout)
        done = threading.Event()
        self.queue.put(done)
        self._hurry.set()
        return done.wait(timeout)

    def stop(self, timeout: float) -> None:
        """End the thread after what is queued now; a later trace starts another one."""
        thread = self._thread
        if self.running and thread is not None and thread is not threading.current_thread():
            self.queue.put(None)
            self._hurry.set()
            with suppress(RuntimeError):
                thread.join(timeout)

    def _run(self) -> None:
        while self._turn() or self._wanted_again():
            pass

    def _turn(self) -> bool:
        """Wait for a trace, handle it with those that follow; False when asked to stop."""
        try:
            first = self.queue.get(timeout=QUIET if self.delivery.loss.on else None)
        except queue.Empty:
            self._look_for_loss()
            return True
        if callable(first) and self.queue.qsize() < BATCH:
            self._hurry.wait(LINGER)
        self._hurried = self._hurry.is_set()
        self._hurry.clear()
        with self._working:
            return self._drain(first)

    def _wanted_again(self) -> bool:
        """Return whether something came in while the thread was about to end."""
        self.running = False
        # Whoever came before the line above saw a running thread and started none.
        if self.queue.empty():
            return False
        with self._starting:
            if self.running:
                return False
            self.running = True
        return True

    def _work_here(self, timeout: float) -> bool:
        if not self._working.acquire(timeout=timeout):
            return False
        try:
            self._hurried = True
            with suppress(queue.Empty):
                self._drain(self.queue.get_nowait())
        finally:
            self._working.release()
        return True

    def _drain(self, first: Item) -> bool:
        """Handle *first* and all that is queued behind it; False when one of them says stop."""
        go_on = True
        items = [first]
        while items:
            self._handle([item for item in items if callable(item)])
            go_on = go_on and None not in items
            for item in items:
                if isinstance(item, threading.Event):
                    item.set()
            items = self._some()
        return go_on

    def _some(self) -> list[Item]:
        items: list[Item] = []
        with suppress(queue.Empty):
            most = BATCH if self._pressed() else FEW
            while len(items) < most:
                items.append(self.queue.get_nowait())
        return items

    def _handle(self, makes: list[Make]) -> None:
        traces = [trace for make in makes if (trace := self._made(make)) is not None]
        if traces:
            self.delivery.deliver(traces)
            self._stand_back()
        self._look_for_loss()

    def _made(self, make: Make) -> Trace | None:
        try:
            return make()
        except BaseException:  # noqa: BLE001  (SystemExit would end the thread)
            self.failed += 1
            return None
        finally:
            self._stand_back()

    def _stand_back(self) -> None:
        """Let the threads of the app run, unless the queue is long or somebody waits for it.

        A thread that wants the interpreter back after it has waited for anything gets it 5 ms
        later (`sys.getswitchinterval`) from one that goes on working, and at once from one that
        sleeps. A request waits several times: for the client, for a database.
        """
        for pause in PAUSES:
            if self._pressed():
                return
            sleep(pause)
            if not self._busy():
                return

    def _pressed(self) -> bool:
        return self._hurried or self._hurry.is_set() or self.queue.qsize() >= BATCH

    def _look_for_loss(self) -> None:
        refusals = self.refused.value
        if refusals > self._refusals_seen:
            self.delivery.loss.note("the queue is full", refusals - self._refusals_seen)
            self._refusals_seen = refusals
        elif self.delivery.fallback is None:
            self.delivery.loss.calm()
