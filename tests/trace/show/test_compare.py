"""Two requests compared: pairs, differences, and what is usual."""

from dataclasses import replace

from flasktrace.trace.model import NO_CARD, Change, Trace
from flasktrace.trace.show.compare import FEWEST, compare, usual
from flasktrace.trace.show.history import relatives
from flasktrace.trace.show.words import NOTHING
from tests.trace.samples import MS, cart, crash, early, many
from tests.trace.show.fakes import FakeStore


def test_a_request_compared_with_itself_differs_in_nothing() -> None:
    same = compare(cart(), cart())

    assert same.sentence == "Equally fast"
    assert [figure.name for figure in same.figures] == ["duration"]
    assert (same.facts, same.changes, same.headers) == ((), (), ())
    assert (same.only_before, same.only_after) == ((), ())
    assert len(same.spans) == len(cart().spans)


def test_what_ran_only_in_one_of_them_is_told() -> None:
    found = compare(cart(), early())

    assert [pair.title for pair in found.only_after] == ["require_login (shop.py:50)"]
    assert [pair.title for pair in found.only_before] == [
        "load_user (shop.py:41)",
        "cart (shop.py:88)",
        "price cart",
        "cart.html",
    ]
    match = found.stages[2]
    assert (match.before, match.after) == (40_000, None)
    assert match.notes == ("", "before_request require_login answered first")
    assert found.sentence == "Status 200 became 302; equally fast"
    names = {item.name: (item.before, item.after) for item in found.facts}
    assert names["status"] == ("200 OK", "302 OK")
    assert names["endpoint"] == ("cart", NOTHING)


def test_the_stage_that_took_the_time_is_named() -> None:
    base = cart()
    slow = tuple(
        replace(stage, duration_ns=90 * MS) if stage.name == "dispatch" else stage
        for stage in base.stages
    )
    after = replace(base, duration_ns=93 * MS, stages=slow)

    assert compare(base, after).sentence == "81.0 ms slower, 81.0 ms of it in dispatch"
    assert compare(after, base).sentence == "81.0 ms faster, 81.0 ms of it in dispatch"


def test_alike_spans_beside_each_other_are_one_pair() -> None:
    base = cart()
    query = replace(base.spans[3], kind="sql", name="SELECT 1", duration_ns=1 * MS, start_ns=6 * MS)
    many_queries = [replace(query, id=100 + n, start_ns=6 * MS + n) for n in range(50)]
    before = replace(base, spans=(*base.spans, query))
    after = replace(base, spans=(*base.spans, *many_queries))
    found = compare(before, after)
    (pair,) = [pair for pair in found.spans if pair.kind == "sql"]

    assert (pair.before, pair.after) == (1 * MS, 50 * MS)
    assert (pair.before_count, pair.after_count) == (1, 50)
    assert ("queries", 1, 50) in [(item.name, item.before, item.after) for item in found.figures]


def test_a_call_is_the_same_whatever_ran_inside_of_it() -> None:
    base = cart()
    hook = next(span for span in base.spans if span.kind == "before_request")
    query = replace(hook, id=100, parent=hook.id, kind="sql", name="SELECT 1", attributes={})
    found = compare(base, replace(base, spans=(*base.spans, query)))
    (pair,) = [pair for pair in found.spans if pair.kind == "before_request"]

    assert (pair.before, pair.after) == (hook.duration_ns, hook.duration_ns)
    assert [(item.kind, item.level) for item in found.only_after] == [("sql", 1)]
    assert found.only_before == ()


def test_the_second_call_is_paired_with_the_second() -> None:
    base = cart()
    hook = next(span for span in base.spans if span.kind == "before_request")
    again = [replace(hook, id=100 + n, duration_ns=n * MS) for n in range(1, 4)]
    query = replace(hook, id=200, parent=102, kind="sql", name="SELECT 1")
    before = replace(base, spans=tuple(again[:2]))
    after = replace(base, spans=(*again, query))
    found = compare(before, after)
    calls = [pair for pair in found.spans if pair.kind == "before_request"]

    assert [(pair.before, pair.after) for pair in calls] == [(MS, 4 * MS), (2 * MS, 2 * MS)]
    assert [(pair.before_count, pair.after_count) for pair in calls] == [(1, 2), (1, 1)]


def test_what_came_of_the_requests_is_told_before_their_time() -> None:
    base = cart()

    def answered(status: int, outcome: str, place: str) -> Trace:
        response = replace(base.response, headers=(("Location", place),) if place else ())
        return replace(base, status=status, outcome=outcome, response=response)

    moved, failed = answered(302, "ok", "/a"), answered(500, "error", "")
    broken = answered(302, "error_in_stream", "/" + 200 * "b")

    assert compare(moved, failed).sentence == (
        "Status 302 became 500; Location /a is gone; equally fast"
    )
    assert compare(moved, broken).sentence == (
        f"Outcome ok became error in stream; Location /a became /{78 * 'b'}…; equally fast"
    )


def test_a_moved_line_is_still_the_same_work() -> None:
    base = cart()
    spans = tuple(
        replace(span, attributes={**span.attributes, "code.line.number": 999})
        for span in base.spans
    )

    assert compare(base, replace(base, spans=spans)).only_after == ()


def test_changes_and_headers_are_compared_by_name() -> None:
    base = cart()
    change = Change(4, NO_CARD, "response", "status", "200", "500", "f (x.py:1)", None)
    response = replace(
        base.response, headers=(("content-type", "text/plain"), ("Date", "x"), ("X-New", "1"))
    )
    found = compare(base, replace(base, changes=(change,), response=response))

    assert [(item.before, item.after) for item in found.changes] == [
        ("g.user = 'ada', set by load_user (shop.py:41)", None),
        (None, "response status changed from 200 to 500 by f (x.py:1)"),
    ]
    assert [item.name for item in found.headers] == [
        "response header Content-Type",
        "response header Content-Length",
        "response header X-New",
    ]


def test_deep_and_odd_trees_are_paired_without_running_out_of_stack() -> None:
    base = cart()
    span = replace(base.spans[2], stage="dispatch")
    deep = tuple(replace(span, id=n, parent=n - 1 if n > 1 else None) for n in range(1, 3000))
    circle = (replace(span, id=1, parent=2), replace(span, id=2, parent=1))

    assert len(compare(replace(base, spans=deep), replace(base, spans=deep)).spans) == 2999
    assert len(compare(replace(base, spans=circle), base).only_before) > 0


def test_what_is_usual_is_the_median_of_enough() -> None:
    summaries = [trace.summary() for trace in many(9)]
    found = usual(summaries)

    assert found
    assert (found.count, found.duration_ns) == (9, 5 * MS)
    assert found.typical == f"{4:032x}"
    assert found.stages["dispatch"] == 9 * MS
    assert usual(summaries[: FEWEST - 1]) is None


def test_relatives_are_found_in_the_store() -> None:
    moved = replace(
        early(),
        started="2026-11-23T10:20:30.000000+00:00",
        response=replace(early().response, headers=(("Location", "/cart?page=1"),)),
    )
    inner = replace(crash(), parent=cart().id)
    older = [
        replace(cart(), id=f"{n:032x}", started=f"2026-11-23T10:20:2{n}+00:00") for n in range(4)
    ]
    store = FakeStore([*older, moved, cart(), inner])
    found = relatives(store, cart())

    assert found.usual
    assert found.usual.count == 4
    assert found.previous == f"{3:032x}"
    assert [item.id for item in found.children] == [inner.id]
    assert found.came_from
    assert found.came_from.id == moved.id
    assert found.led_to is None
    assert relatives(store, moved).led_to == cart().summary()
    sent = (("X-Flasktrace-Replay", f"{moved.id}-0123"),)
    again = replace(cart(), request=replace(cart().request, headers=sent))
    assert relatives(store, again).repeats == moved.id
    assert relatives(FakeStore([again]), again).repeats == ""
    other = replace(moved, request=replace(moved.request, remote_addr="192.0.2.1"))
    assert relatives(FakeStore([other, cart()]), cart()).came_from is None
    broken = replace(moved, response=replace(moved.response, headers=(("Location", "http://["),)))
    assert relatives(FakeStore([broken, cart()]), broken).led_to is None
