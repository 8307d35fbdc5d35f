"""What is slow against the usual of its endpoint."""

from dataclasses import replace

from flasktrace.trace.model import Summary
from flasktrace.trace.show.pace import FEW, KEPT, LOOK, Pace
from flasktrace.trace.show.row import row
from tests.trace.samples import MS, cart
from tests.trace.show.fakes import FakeStore


def some(count: int, ns: int = 10 * MS, start: int = 0) -> list[Summary]:
    return [replace(cart(), id=f"{start + n:032x}", duration_ns=ns) for n in range(count)]


def usual(store: FakeStore, ns: int, pace: Pace | None = None) -> int | None:
    pace = pace or Pace(store)
    pace.look()
    return pace.usual(replace(cart(), duration_ns=ns).summary())


def test_much_longer_than_the_median_is_slow() -> None:
    store = FakeStore(some(FEW))

    assert usual(store, 31 * MS) == 10 * MS
    assert usual(store, 29 * MS) is None


def test_of_few_nothing_is_usual() -> None:
    assert usual(FakeStore(some(FEW - 1)), 1000 * MS) is None


def test_a_few_milliseconds_more_are_nothing() -> None:
    assert usual(FakeStore(some(FEW, ns=MS)), 5 * MS) is None
    assert usual(FakeStore(some(FEW, ns=MS)), 7 * MS) == MS


def test_requests_without_an_endpoint_have_no_usual() -> None:
    store = FakeStore([replace(item, endpoint=None) for item in some(FEW)])
    pace = Pace(store)
    pace.look()

    assert pace.usual(replace(cart(), endpoint=None, duration_ns=10**12).summary()) is None


def test_the_usual_follows_what_comes() -> None:
    store = FakeStore(some(FEW))
    pace = Pace(store)
    before = usual(store, 100 * MS, pace)
    store.traces += some(KEPT, ns=200 * MS, start=1000)

    assert before == 10 * MS
    assert usual(store, 100 * MS, pace) is None


def test_of_a_flood_only_the_newest_are_looked_at() -> None:
    store = FakeStore(some(FEW))
    pace = Pace(store)
    pace.look()
    store.traces += some(1000, ns=500 * MS, start=1000)
    store.traces += some(LOOK, ns=20 * MS, start=5000)

    assert usual(store, 100 * MS, pace) == 20 * MS


def test_the_row_says_how_slow() -> None:
    assert row(cart().summary(), 2 * MS)["marks"][-1] == "slow: 6.0 times as long as usual"
    assert row(cart().summary())["marks"] == ()
