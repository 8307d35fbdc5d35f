"""Brings finished traces to the store and to whoever listens."""

import time
from collections import Counter
from collections.abc import Callable, Sequence

from flasktrace.trace.keep.errors import StoreBusyError, StoreError, StoreLostError
from flasktrace.trace.keep.loss import Loss
from flasktrace.trace.keep.memory import MemoryStore
from flasktrace.trace.keep.store import Store
from flasktrace.trace.model import Trace

BUSY_PAUSES = (0.05, 0.2)
"""Seconds before each further attempt at a busy store, which has waited for itself already."""

RECOVER_EVERY = 5.0
"""Seconds between two attempts to use a lost store again."""

Listener = Callable[[Trace], None]


class Delivery:
    """Stores traces come what may, and counts what could not be stored.

    A store that is lost (disk full, read-only, damaged twice) is replaced by memory; when it can
    be used again it gets what memory holds. Used by one thread at a time.
    """

    def __init__(
        self,
        store: Store,
        listeners: Sequence[Listener],
        clock: Callable[[], float],
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        self.stored = 0
        self.listener_errors = 0
        self.dropped: Counter[str] = Counter()
        """Reason to number of traces."""
        self.fallback: MemoryStore | None = None
        """Holds the traces while the store is lost."""
        self.problem = ""
        """Why the store is lost."""
        self.loss = Loss(clock)
        self._store = store
        self._listeners = tuple(listeners)
        self._clock = clock
        self._pause = pause
        self._retry_at = 0.0

    def deliver(self, traces: Sequence[Trace]) -> None:
        """Store *traces* and hand each to the listeners; raises nothing."""
        self._keep(traces)
        for listener in self._listeners:
            for trace in traces:
                self._tell(listener, trace)

    def _tell(self, listener: Listener, trace: Trace) -> None:
        try:
            listener(trace)
        except BaseException:  # noqa: BLE001  (SystemExit would end the thread)
            self.listener_errors += 1

    def _keep(self, traces: Sequence[Trace]) -> None:
        if self.fallback is not None and not self._recover(self.fallback):
            self._keep_in_memory(self.fallback, traces)
            return
        try:
            self.stored += self._put(traces)
        except StoreBusyError as error:
            self._drop("busy", len(traces), str(error))
        except StoreLostError as error:
            self.problem = str(error)
            self.fallback = MemoryStore()
            self._retry_at = self._clock() + RECOVER_EVERY
            self._keep_in_memory(self.fallback, traces)

    def _keep_in_memory(self, memory: MemoryStore, traces: Sequence[Trace]) -> None:
        memory.put(traces)
        self.stored += len(traces)
        self.loss.note(f"they are kept in memory only: {self.problem}", len(traces))

    def _recover(self, memory: MemoryStore) -> bool:
        """Bring what *memory* holds to the store, and return whether that worked."""
        if self._clock() < self._retry_at:
            return False
        self._retry_at = self._clock() + RECOVER_EVERY
        held = memory.traces()
        try:
            kept = self._put(held)
        except StoreError as error:
            self.problem = str(error)
            return False
        # Memory had taken, and counted as stored, what the store refuses.
        self.stored -= len(held) - kept
        self.fallback = None
        self.problem = ""
        return True

    def _put(self, traces: Sequence[Trace]) -> int:
        """Store *traces* and return how many of them; raises `StoreError` when none."""
        for pause in (*BUSY_PAUSES, None):
            try:
                self._store.put(traces)
            except StoreBusyError:
                if pause is None:
                    raise
                self._pause(pause)
            except StoreError:
                raise
            except Exception:  # noqa: BLE001  (one bad trace, or a store of the user's own)
                return sum(map(self._put_alone, traces))
            else:
                break
        return len(traces)

    def _put_alone(self, trace: Trace) -> bool:
        try:
            self._store.put([trace])
        except Exception as error:  # noqa: BLE001
            self._drop("unstorable", 1, f"{type(error).__name__}: {error}")
            return False
        return True

    def _drop(self, reason: str, count: int, why: str) -> None:
        self.dropped[reason] += count
        self.loss.note(why, count)
