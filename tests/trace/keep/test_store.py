"""What every store promises, tried on each of them."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flasktrace.trace.keep.memory import MemoryStore, size_of
from flasktrace.trace.keep.sqlite import SqliteStore
from flasktrace.trace.keep.store import Store, StoreURLError, open_store
from flasktrace.trace.query import Query
from tests.trace.samples import cart, crash, early, many


@pytest.fixture(params=["memory", "sqlite"])
def store(request, tmp_path):
    url = "memory:" if request.param == "memory" else f"sqlite:///{tmp_path}/traces.db"
    opened = open_store(url)
    yield opened
    opened.close()


def ids(page) -> list[int]:
    return [int(summary.id, 16) for summary in page.summaries]


def test_both_are_stores(store):
    assert isinstance(store, Store)


def test_a_trace_comes_back_as_it_was(store):
    traces = [cart(), crash(), early()]
    store.put(traces)

    assert [store.get(trace.id) for trace in traces] == traces
    assert store.page().summaries == [trace.summary() for trace in reversed(traces)]


def test_an_empty_store_answers_everything(store):
    assert store.get("0" * 32) is None
    assert store.find("") == []
    assert store.page().summaries == []
    assert store.page().next is None
    assert store.since(None).next == 0
    assert store.count() == store.clear() == 0
    assert store.health()["state"] == "ok"


def test_pages_go_from_the_newest_to_the_oldest_without_gap_or_repeat(store):
    store.put(many(25))
    seen, before = [], None
    while True:
        page = store.page(limit=10, before=before)
        seen.append(ids(page))
        before = page.next
        if before is None:
            break

    assert seen == [list(range(24, 14, -1)), list(range(14, 4, -1)), list(range(4, -1, -1))]


def test_a_page_that_is_just_full_has_no_next(store):
    store.put(many(10))

    assert store.page(limit=10).next is None


def test_a_page_of_a_query_holds_only_what_it_selects(store):
    store.put(many(9))
    page = store.page(limit=2, query=Query.parse("status:500"))
    rest = store.page(limit=2, query=Query.parse("status:500"), before=page.next)

    assert (ids(page), ids(rest), rest.next) == ([7, 4], [1], None)


def test_since_gives_what_came_after_the_cursor_and_always_a_cursor(store):
    traces = many(7)
    store.put(traces[:2])
    start = store.since(None)
    store.put(traces[2:])
    first = store.since(start.next, limit=3)
    second = store.since(first.next, limit=3)
    third = store.since(second.next, limit=3)

    assert [ids(page) for page in (start, first, second, third)] == [[], [2, 3, 4], [5, 6], []]
    assert third.next == second.next


def test_since_with_a_query_steps_over_what_it_does_not_select(store):
    start = store.since(None).next
    store.put(many(6))
    query = Query.parse("status:404")
    page = store.since(start, query=query)
    store.put([replace(cart(), id="f" * 32, status=404)])

    assert ids(page) == []
    assert [s.id for s in store.since(page.next, query=query).summaries] == ["f" * 32]


def test_a_cursor_of_a_replaced_store_starts_from_the_beginning(store):
    store.put(many(3))

    assert ids(store.since(1000)) == [0, 1, 2]


def test_a_trace_stored_again_replaces_the_first_and_is_the_newest(store):
    traces = many(3)
    store.put(traces)
    cursor = store.since(None).next
    store.put([replace(traces[0], label="again")])

    assert ids(store.page()) == [0, 2, 1]
    assert store.count() == 3
    assert store.get(traces[0].id).label == "again"
    assert ids(store.since(cursor)) == [0]


def test_ids_are_found_by_their_beginning_newest_first(store):
    store.put([replace(cart(), id=f"{head}{'0' * 30}") for head in ("ab", "ac", "b0", "ad")])

    assert [found[:2] for found in store.find("A")] == ["ad", "ac", "ab"]
    assert [found[:2] for found in store.find("a", limit=2)] == ["ad", "ac"]
    assert store.find("ab%") == store.find("*") == store.find("g") == []


def test_clear_removes_everything_and_keeps_cursors_good(store):
    store.put(many(5))
    cursor = store.since(None).next

    assert store.clear() == 5
    assert store.count() == 0
    assert store.since(cursor).next == cursor
    store.put(many(1))
    assert ids(store.since(cursor)) == [0]


def test_hostile_text_and_numbers_do_no_harm(store):
    trace = replace(
        cart(), path="/\ud800\0x", verdict="\udcff\uffff", endpoint="a\0b", pid=2**80,
        status=-(2**70), duration_ns=2**64, view_args={"n": 2**100, "\udc80": "\0"},
        marks=("\ud800",), label="\0",
    )  # fmt: skip
    store.put([trace])

    assert store.get(trace.id) == trace
    assert store.page().summaries == [trace.summary()]
    assert len(store.page(query=Query.parse("x pid:>1")).summaries) == 1


def test_an_id_that_is_no_id_is_not_found(store):
    store.put([cart()])

    assert store.get("\ud800\0") is None


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(st.sampled_from("0123456789ab"), max_size=12),
    st.integers(1, 5),
    st.sampled_from(["", "status:500", "-endpoint:*", "dur:>4ms"]),
)
def test_both_stores_answer_alike(tmp_path_factory, order, limit, text):
    samples = many(12)
    query = Query.parse(text)
    file = SqliteStore(tmp_path_factory.mktemp("alike") / "traces.db", max_traces=6)
    memory = MemoryStore(max_traces=6)
    for digit in order:
        for one in (file, memory):
            one.put([samples[int(digit, 16)]])
    pages = [
        (one.page(limit=limit, query=query), one.since(0, limit, query)) for one in (file, memory)
    ]
    file.close()

    assert pages[0] == pages[1]


def test_memory_keeps_the_newest_by_number():
    store = MemoryStore(max_traces=3)
    store.put(many(10))

    assert ids(store.page()) == [9, 8, 7]
    assert store.get(f"{0:032x}") is None


def test_memory_keeps_the_newest_by_bytes():
    store = MemoryStore(max_bytes=5 * size_of(cart()) + 100)
    store.put([replace(cart(), id=f"{n:032x}") for n in range(20)])

    assert ids(store.page()) == [19, 18, 17, 16, 15]
    assert store.health()["bytes"] == 5 * size_of(cart())


def test_a_trace_larger_than_the_whole_memory_leaves_it_empty():
    store = MemoryStore(max_bytes=100)
    store.put(many(2))

    assert store.count() == store.health()["bytes"] == 0


def test_putting_into_memory_does_not_wait_for_a_reader():
    store = MemoryStore()
    with store._lock:
        store.put(many(3))

    assert store.count() == 3


def test_a_bigger_trace_is_estimated_bigger():
    long = replace(cart(), spans=cart().spans * 10)
    body = replace(cart(), response=replace(cart().response, body="x" * 10**6))

    assert size_of(cart()) < size_of(long) < size_of(body)


@pytest.mark.parametrize(
    "url",
    [
        "", "memory", "memory://", "sqlite:", "sqlite://", "sqlite:///", "sqlite:///:memory:",
        "sqlite://traces.db", "sqlite:///x/", "sqlite:///x?y=1", "postgres://x", "/tmp/x.db",
        "sqlite:///a\0b",
    ],
)  # fmt: skip
def test_an_address_that_is_none_is_named_with_the_remedy(url):
    with pytest.raises(StoreURLError) as caught:
        open_store(url)

    assert repr(url) in str(caught.value)
    assert "sqlite:///relative" in str(caught.value)


def test_three_slashes_are_relative_and_four_are_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    relative = open_store("sqlite:///sub/t.db")
    absolute = open_store(f"sqlite:///{tmp_path}/sub/t.db")
    monkeypatch.chdir("/")
    relative.put(many(2))

    assert relative.url == absolute.url == f"sqlite:///{tmp_path}/sub/t.db"
    assert absolute.count() == 2
    relative.close()
    absolute.close()


def test_a_path_with_odd_characters_is_one_file(tmp_path):
    store = open_store(f"sqlite:///{tmp_path}/a %41 é'\".db")
    store.put(many(1))
    store.close()

    assert [file.name for file in tmp_path.iterdir()] == ["a %41 é'\".db"]


def test_points_are_the_newest_first_and_only_those_that_are_asked_for(store):
    store.put([*many(9), replace(cart(), id="f" * 32, started="never")])

    found = store.page(limit=1, query=Query.parse("status:5xx"), points=2).points
    older = store.page(query=Query.parse("status:5xx"), before=8, points=9).points

    started = 1795429230123456
    assert [(int(p.id, 16), p.started, p.duration_ns, p.status) for p in found] == [
        (7, started, 8_000_000, 500),
        (4, started, 5_000_000, 500),
    ]
    assert [int(point.id, 16) for point in older] == [4, 1]
    assert len(store.page(limit=2, points=99).points) == 9
    assert store.page().points == []


def test_points_beyond_the_page_do_not_make_it_longer(store):
    store.put(many(9))

    page = store.page(limit=2, points=5)
    short = store.page(limit=5, points=2)

    assert [int(item.id, 16) for item in page.summaries] == [8, 7]
    assert [int(point.id, 16) for point in page.points] == [8, 7, 6, 5, 4]
    assert [int(item.id, 16) for item in store.page(before=page.next).summaries][:1] == [6]
    assert [int(item.id, 16) for item in short.summaries] == [8, 7, 6, 5, 4]
    assert [int(point.id, 16) for point in short.points] == [8, 7]
    assert store.page(limit=9, points=20).next is None
