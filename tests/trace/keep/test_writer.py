"""The writer: nothing is lost uncounted, and no request ever waits for it."""

import contextlib
import gc
import logging
import threading
import time
import weakref
from dataclasses import replace

import pytest

from flasktrace.trace.keep import delivery, lane
from flasktrace.trace.keep import writer as writer_module
from flasktrace.trace.keep.errors import StoreBusyError, StoreFullError, StoreLostError
from flasktrace.trace.keep.memory import MemoryStore
from flasktrace.trace.keep.sqlite import SqliteStore
from flasktrace.trace.keep.tally import Tally
from flasktrace.trace.keep.writer import Writer
from tests.trace.keep.processes import exit_code, forked, python
from tests.trace.samples import cart, many

pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")


class Gate(MemoryStore):
    """A store that stands still until it is opened, or fails as told."""

    def __init__(self) -> None:
        super().__init__(max_traces=10**6)
        self.entered = threading.Event()
        self.open = threading.Event()
        self.errors: list[Exception] = []
        self.batches: list[int] = []

    def put(self, traces):
        self.entered.set()
        assert self.open.wait(10)
        if self.errors:
            raise self.errors.pop(0)
        self.batches.append(len(traces))
        super().put(traces)


@pytest.fixture
def gate():
    return Gate()


@pytest.fixture
def writers(monkeypatch):
    """Make writers that are closed at the end."""
    made: list[Writer] = []
    monkeypatch.setattr(delivery, "BUSY_PAUSES", (0.0, 0.0))

    def make(*arguments, **options) -> Writer:
        made.append(Writer(*arguments, **options))
        return made[-1]

    yield make
    for writer in made:
        writer.close()


def makes(count: int):
    return [lambda trace=trace: trace for trace in many(count)]


def balanced(counters: dict[str, int]) -> bool:
    went = ("stored", "dropped_queue_full", "dropped_store", "failed", "queued")
    return counters["sent"] == sum(counters[name] for name in went)


def test_what_is_submitted_is_stored_and_heard_in_order(writers):
    store, heard = MemoryStore(), []
    writer = writers(store, listeners=[heard.append])
    for make in makes(200):
        assert writer.submit(make)

    assert writer.flush()
    assert list(store.traces()) == heard == many(200)
    assert writer.counters() == {
        "sent": 200, "stored": 200, "dropped_queue_full": 0, "dropped_store": 0, "failed": 0,
        "queued": 0, "listener_errors": 0,
    }  # fmt: skip


@pytest.fixture
def pauses(monkeypatch):
    """The pauses of the writer's thread, which are not made."""
    made: list[float] = []
    monkeypatch.setattr(lane, "sleep", made.append)
    return made


def wait_until_stored(writer, count: int) -> None:
    end = time.monotonic() + 10
    while writer.counters()["queued"] and time.monotonic() < end:
        time.sleep(0.01)
    assert writer.counters()["stored"] == count


def test_after_each_trace_it_stands_back_once_while_the_app_is_idle(writers, pauses, gate):
    writer = writers(gate)
    gate.open.set()
    for make in makes(6):
        writer.submit(make)
    wait_until_stored(writer, 6)

    assert set(pauses) == {lane.PAUSES[0]}
    assert len(pauses) == 6 + len(gate.batches)
    assert max(gate.batches) <= lane.FEW


def test_while_the_app_is_at_work_it_stands_back_longer_but_not_for_ever(writers, pauses):
    writer = writers(MemoryStore(), busy=lambda: True)
    for make in makes(3):
        writer.submit(make)
    wait_until_stored(writer, 3)

    assert pauses[:6] == [*lane.PAUSES, *lane.PAUSES]
    assert sum(lane.PAUSES) < 0.005


def test_with_many_to_store_or_somebody_waiting_it_does_not_stand_back(writers, pauses, gate):
    writer = writers(gate, busy=lambda: True)
    writer.submit(makes(1)[0])
    gate.entered.wait(10)
    before = len(pauses)
    for make in makes(3 * lane.BATCH):
        writer.submit(make)
    gate.open.set()

    assert writer.flush()
    assert len(pauses) == before
    assert gate.batches[1:4] == [lane.BATCH] * 3


def test_no_thread_starts_before_the_first_trace_and_one_is_enough(writers):
    before = threading.active_count()
    writer = writers(MemoryStore())
    idle = threading.active_count()
    threads = [
        threading.Thread(target=lambda: [writer.submit(cart) for _ in range(50)]) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.flush()

    assert idle == before
    assert threading.active_count() == before + 1
    assert writer.counters()["stored"] == 400


def test_a_full_queue_drops_the_newest_counts_exactly_and_does_not_wait(writers, gate):
    writer = writers(gate, capacity=100)
    writer.submit(cart)
    gate.entered.wait(10)
    start = time.monotonic()
    taken = [writer.submit(make) for make in makes(250)]
    took = time.monotonic() - start
    blocked = writer.counters()
    gate.open.set()
    writer.flush()

    assert taken == [True] * 100 + [False] * 150
    assert took < 0.5
    assert (blocked["queued"], blocked["dropped_queue_full"]) == (101, 150)
    assert writer.counters()["stored"] == 101
    assert balanced(blocked)
    assert balanced(writer.counters())
    assert gate.get(many(100)[99].id) is not None


def test_the_counts_are_exact_when_many_threads_submit(writers):
    store = MemoryStore(max_traces=10**6)
    writer = writers(store, capacity=50)
    results: list[bool] = []

    def work(n: int) -> None:
        makes = [lambda m=m: replace(cart(), id=f"{n:016x}{m:016x}") for m in range(500)]
        results.extend(map(writer.submit, makes))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.flush()
    counters = writer.counters()

    assert counters["sent"] == 3000
    assert counters["dropped_queue_full"] == results.count(False)
    assert counters["stored"] == store.count() == results.count(True)


def test_batches_have_at_most_64_traces(writers, gate):
    gate.open.set()
    writer = writers(gate)
    for make in makes(300):
        writer.submit(make)
    writer.flush()

    assert sum(gate.batches) == 300
    assert max(gate.batches) <= 64


def test_traces_that_come_together_are_stored_together(writers, gate):
    gate.open.set()
    writer = writers(gate)
    for make in makes(20):
        writer.submit(make)
    writer.flush()

    assert len(gate.batches) <= 2


def test_a_trace_that_cannot_be_made_is_counted_and_the_next_is_stored(writers):
    store = MemoryStore()
    writer = writers(store)
    for make in (lambda: 1 / 0, lambda: exec("raise SystemExit"), cart):
        writer.submit(make)
    writer.flush()

    assert store.count() == 1
    assert writer.counters()["failed"] == 2
    assert balanced(writer.counters())


def test_a_listener_that_raises_is_counted_and_the_others_hear(writers):
    heard = []

    def bad(trace):
        raise SystemExit

    writer = writers(MemoryStore(), listeners=[bad, heard.append])
    for make in makes(3):
        writer.submit(make)
    writer.flush()

    assert len(heard) == 3
    assert writer.counters()["listener_errors"] == 3
    assert balanced(writer.counters())


def test_a_busy_store_is_tried_again(writers, gate, tmp_path):
    gate.open.set()
    gate.errors = [StoreBusyError(tmp_path, "locked")] * 2
    writer = writers(gate)
    writer.submit(cart)
    writer.flush()

    assert gate.count() == 1
    assert writer.counters()["dropped_store"] == 0


def test_a_store_that_stays_busy_costs_one_batch_and_is_used_again(writers, gate, tmp_path):
    gate.open.set()
    gate.errors = [StoreBusyError(tmp_path, "locked")] * 3
    writer = writers(gate)
    writer.submit(cart)
    writer.flush()
    writer.submit(cart)
    writer.flush()

    assert writer.counters()["dropped_store"] == writer.health()["dropped_busy"] == 1
    assert writer.counters()["stored"] == gate.count() == 1
    assert balanced(writer.counters())


def test_a_lost_store_is_replaced_by_memory_and_filled_when_it_is_back(writers, gate, tmp_path):
    now = {"s": 0.0}
    gate.open.set()
    gate.errors = [StoreFullError(tmp_path, "the disk is full")] * 2
    writer = writers(gate, clock=lambda: now["s"])
    traces = many(4)
    states = []
    for n, at in enumerate((0, 1, 6, 12)):
        now["s"] = at
        writer.submit(lambda n=n: traces[n])
        writer.flush()
        states.append((writer.health()["state"], gate.count(), writer.store.count()))
    held = "kept in memory only: "

    assert [state.startswith(held) for state, _, _ in states] == [True, True, True, False]
    assert "disk is full" in states[0][0]
    assert [counts for _, *counts in states] == [[0, 1], [0, 2], [0, 3], [4, 4]]
    assert writer.store is gate
    assert gate.traces() == tuple(traces)
    assert writer.counters()["stored"] == 4
    assert balanced(writer.counters())


def test_one_bad_trace_does_not_take_its_batch_along(writers, tmp_path):
    store = SqliteStore(tmp_path / "traces.db")
    writer = writers(store)
    traces = many(10)
    traces[4] = replace(traces[4], view_args={"x": object()})
    for trace in traces:
        writer.submit(lambda trace=trace: trace)
    writer.flush()

    assert store.count() == writer.counters()["stored"] == 9
    assert writer.health()["dropped_unstorable"] == 1
    assert balanced(writer.counters())
    store.close()


def test_what_memory_took_and_the_store_refuses_is_counted_as_dropped(writers, tmp_path):
    class Picky(MemoryStore):
        down = True

        def put(self, traces):
            if self.down:
                raise StoreLostError(tmp_path, "gone")
            if any(trace.label for trace in traces):
                raise TypeError
            super().put(traces)

    now = {"s": 0.0}
    store = Picky()
    writer = writers(store, clock=lambda: now["s"])
    bad, *good = many(4)
    for trace in (replace(bad, label="bad"), *good[:2]):
        writer.submit(lambda trace=trace: trace)
    writer.flush()
    store.down, now["s"] = False, 6.0
    writer.submit(lambda: good[2])
    writer.flush()

    assert writer.counters()["stored"] == store.count() == 3
    assert writer.counters()["dropped_store"] == 1
    assert balanced(writer.counters())


def test_loss_is_logged_once_when_it_starts_and_once_when_it_ends(writers, gate, caplog):
    now = {"s": 0.0}
    writer = writers(gate, capacity=5, clock=lambda: now["s"])
    caplog.set_level(logging.DEBUG)
    writer.submit(cart)
    gate.entered.wait(10)
    for make in makes(500):
        writer.submit(make)
    during = list(caplog.messages)
    gate.open.set()
    writer.flush()
    started = list(caplog.messages)
    now["s"] = 10.0
    writer.submit(cart)
    writer.flush()

    assert during == []
    assert started == ["traces are being lost: the queue is full"]
    assert caplog.messages[1:] == [
        "traces are complete again; 495 were lost or kept in memory only"
    ]
    assert {record.name for record in caplog.records} == {"flasktrace"}


def test_a_log_handler_that_raises_stops_nothing(writers, gate, tmp_path):
    class Bad(logging.Handler):
        def emit(self, record):
            raise RuntimeError

    handler = Bad()
    logging.getLogger("flasktrace").addHandler(handler)
    gate.open.set()
    gate.errors = [StoreLostError(tmp_path, "gone")]
    try:
        writer = writers(gate)
        writer.submit(cart)
        assert writer.flush()
    finally:
        logging.getLogger("flasktrace").removeHandler(handler)

    assert writer.counters()["stored"] == 1


def test_flush_says_when_it_was_too_short(writers, gate):
    writer = writers(gate)
    writer.submit(cart)
    gate.entered.wait(10)
    late = writer.flush(timeout=0.02)
    gate.open.set()

    assert not late
    assert writer.flush()


def test_flush_from_a_listener_does_not_block(writers):
    answers = []
    writer = writers(MemoryStore(), listeners=[lambda trace: answers.append(writer.flush(5))])
    writer.submit(cart)
    start = time.monotonic()
    writer.flush()

    assert answers == [False]
    assert time.monotonic() - start < 2


def test_close_ends_the_thread_and_a_later_trace_starts_another(writers):
    store = MemoryStore()
    writer = writers(store)
    before = threading.active_count()
    writer.submit(cart)
    assert writer.close()
    closed = threading.active_count()
    for make in makes(3):
        writer.submit(make)
    writer.flush()

    assert closed == before
    assert store.count() == 4
    assert balanced(writer.counters())


def test_a_trace_that_comes_while_the_thread_ends_is_not_stranded(writers, monkeypatch):
    heard = threading.Event()
    writer = writers(MemoryStore(), listeners=[lambda trace: heard.set()])
    turn = writer._lane._turn

    def ends() -> bool:
        go_on = turn()
        if not go_on and not heard.is_set():
            writer.submit(cart)
        return go_on

    monkeypatch.setattr(writer._lane, "_turn", ends)
    writer._lane.start()
    writer._lane.stop(0)

    assert heard.wait(5)


def test_the_thread_ends_when_nobody_has_the_writer_any_more():
    before = threading.active_count()
    writer = Writer(MemoryStore())
    writer.submit(cart)
    writer.flush()
    thread = writer._lane._thread
    del writer
    gc.collect()
    thread.join(5)

    assert threading.active_count() == before


def test_without_a_thread_flush_does_the_work(writers, monkeypatch):
    def refuse(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    store = MemoryStore()
    writer = writers(store)
    taken = [writer.submit(make) for make in makes(100)]

    assert all(taken)
    assert store.count() == 0
    assert writer.flush()
    assert store.count() == 100


def test_submit_does_not_wait_while_another_thread_starts_the_writer(writers):
    store = MemoryStore()
    writer = writers(store)
    with writer._lane._starting:
        assert writer.submit(cart)
    assert writer.flush()
    assert store.count() == 1


def test_a_tally_counts_threads_exactly_and_can_be_read_meanwhile():
    tally = Tally()
    threads = [
        threading.Thread(target=lambda: [tally.add() for _ in range(20_000)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    seen = [tally.value for _ in range(50)]
    for thread in threads:
        thread.join()

    assert seen == sorted(seen)
    assert tally.value == 80_000


def test_a_forked_child_starts_from_zero_and_stores_only_its_own(writers, tmp_path):
    store = SqliteStore(tmp_path / "traces.db")
    writer = writers(store)
    writer.submit(cart)
    writer.flush()

    def work() -> None:
        assert writer.counters()["sent"] == 0
        writer.submit(lambda: replace(cart(), id="c" * 32))
        assert writer.flush()
        assert writer.counters()["stored"] == 1

    assert exit_code(forked(work)) == 0
    assert store.find("") == ["c" * 32, cart().id]
    assert writer.counters()["sent"] == 1
    store.close()


def test_a_fork_while_traces_wait_leaves_them_to_the_parent(writers, gate):
    writer = writers(gate)
    writer.submit(cart)
    gate.entered.wait(10)
    for make in makes(30):
        writer.submit(make)

    def work() -> None:
        gate.open = threading.Event()
        gate.open.set()
        assert writer.flush()
        assert gate.count() == 0
        writer.submit(cart)
        assert writer.flush()
        assert gate.count() == 1

    assert exit_code(forked(work)) == 0
    gate.open.set()
    writer.flush()
    assert gate.count() == 31


def test_a_fork_while_every_lock_is_held_leaves_the_child_able_to_work(writers):
    store = MemoryStore()
    writer = writers(store)
    locks = [writer._lane._starting, writer._lane._working, store._lock]

    def work() -> None:
        assert writer.submit(cart)
        assert writer.flush(5)
        assert store.count() == 1

    with contextlib.ExitStack() as held:
        for lock in locks:
            held.enter_context(lock)
        pid = forked(work)

    assert exit_code(pid) == 0


def test_forks_in_the_middle_of_writing_lose_nothing(writers, tmp_path):
    store = SqliteStore(tmp_path / "traces.db", max_traces=10**6, patience=20)
    writer = writers(store)
    pids = []
    for n in range(6):
        for m in range(40):
            writer.submit(lambda n=n, m=m: replace(cart(), id=f"{n:016x}{m:016x}"))

        def work(n=n) -> None:
            for m in range(40):
                writer.submit(lambda m=m: replace(cart(), id=f"{n + 100:016x}{m:016x}"))
            assert writer.flush(10)
            assert writer.counters()["stored"] == 40, writer.health()

        pids.append(forked(work))
    codes = [exit_code(pid) for pid in pids]
    writer.flush(10)

    assert codes == [0] * 6
    assert store.count() == 480
    store.close()


AT_EXIT = """
import sys
from flasktrace.trace.keep.store import open_store
from flasktrace.trace.keep.writer import Writer
from tests.trace.samples import many
writer = Writer(open_store(sys.argv[1]))
if sys.argv[2] == "late":
    import atexit
    atexit.register(lambda: [writer.submit(lambda t=t: t) for t in many(20)])
else:
    for trace in many(20):
        writer.submit(lambda trace=trace: trace)
if sys.argv[2] == "raises":
    raise KeyError
if sys.argv[2] == "dropped":
    del writer
"""


@pytest.mark.parametrize("how", ["plain", "raises", "late", "dropped"])
def test_what_is_queued_at_the_end_of_the_program_is_stored(tmp_path, how):
    url = f"sqlite:///{tmp_path}/traces.db"
    program = python(AT_EXIT, url, how)
    program.communicate(timeout=20)
    store = SqliteStore(tmp_path / "traces.db")
    count = store.count()
    store.close()

    assert count == 20


def test_a_store_that_hangs_delays_the_end_by_two_seconds_at_most(tmp_path):
    program = python(
        "import threading, time\n"
        "from flasktrace.trace.keep import writer\n"
        "from flasktrace.trace.keep.memory import MemoryStore\n"
        "from tests.trace.samples import cart\n"
        "class Hangs(MemoryStore):\n"
        "    def put(self, traces): time.sleep(60)\n"
        "writer.EXIT_WAIT = 0.2\n"
        "keep = [writer.Writer(Hangs()) for _ in range(3)]\n"
        "for one in keep: one.submit(cart)\n"
    )
    start = time.monotonic()
    program.communicate(timeout=20)

    assert program.returncode == 0
    assert time.monotonic() - start < 5


def test_a_store_that_hangs_is_waited_for_once_though_a_process_may_end_twice(
    writers, gate, monkeypatch
):
    """Multiprocessing ends its part of a process first, then comes what atexit has."""
    monkeypatch.setattr(writer_module, "EXIT_WAIT", 0.5)
    monkeypatch.setattr(writer_module, "_writers", weakref.WeakSet())
    writers(gate).submit(cart)
    took = []
    for _ in range(2):
        start = time.monotonic()
        writer_module._flush_all()
        took.append(time.monotonic() - start)
    gate.open.set()

    assert took[0] >= 0.5 > took[1]
