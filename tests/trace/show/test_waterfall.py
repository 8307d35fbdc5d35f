"""The waterfall's looks: zoom, least duration, folded repeats, self time."""

from dataclasses import replace

import pytest

from flasktrace.trace.model import Trace
from flasktrace.trace.show.facets import facets
from flasktrace.trace.show.lane import MOST_CALLS, lane
from flasktrace.trace.show.spent import spent
from flasktrace.trace.show.waterfall import FEW, LENGTH, MOST, Look, waterfall
from tests.trace.samples import MS, cart, crash, early


def busy(count: int, **more: object) -> Trace:
    """The cart with *count* alike queries in its view, one after the other."""
    base = cart()
    query = replace(base.spans[2], kind="sql", name="SELECT 1", duration_ns=10_000, **more)
    spans = [
        replace(query, id=100 + n, parent=2, start_ns=2 * MS + n * 10_000) for n in range(count)
    ]
    return replace(base, spans=(*base.spans, *spans))


def test_self_time_is_what_the_spans_below_did_not_take() -> None:
    found = {line.title: line.self_ns for line in waterfall(cart()).lines}

    assert found["cart (shop.py:88)"] == 8_900_000 - 3 * MS - 4 * MS
    assert found["price cart"] == 3 * MS
    assert found["dispatch"] == 9 * MS - 8_900_000
    assert found["make_response"] == 30_000


def test_repeats_are_one_row_until_they_are_unfolded() -> None:
    folded = waterfall(busy(50))
    rows = [line for line in folded.lines if line.kind == "sql"]

    assert [(row.count, row.duration_ns) for row in rows] == [(50, 500_000)]
    assert folded.repeats == 49
    assert len(waterfall(busy(50), Look(repeats=True)).lines) == len(folded.lines) + 49
    assert waterfall(busy(FEW - 1)).repeats == 0


def test_short_spans_are_hidden_and_counted() -> None:
    look = Look.of({"least": "1"})
    found = waterfall(cart(), look)

    assert [line.title for line in found.lines if line.kind != "stage"] == [
        "cart (shop.py:88)",
        "price cart",
        "cart.html",
    ]
    assert found.short == 4
    assert Look.of({"least": "2", "rows": "x"}) == Look()


@pytest.mark.parametrize(("zoom", "title"), [("dispatch", "dispatch"), ("3", "price cart")])
def test_zoom_draws_only_what_lies_in_it(zoom: str, title: str) -> None:
    found = waterfall(cart(), Look(zoom=zoom))
    (line,) = [line for line in found.lines if line.title == title]

    assert found.zoomed == title
    assert (line.bars[0].x, line.bars[0].width) == (0, LENGTH)
    assert "push" not in [line.title for line in found.lines]
    assert found.marks[0] == line.start_ns
    assert all(0 <= bar.x < LENGTH for line in found.lines for bar in line.bars)
    assert waterfall(cart(), Look(zoom="nothing")).zoomed == ""


def test_rows_beyond_the_most_are_left_out_and_told() -> None:
    trace = busy(MOST * 2)
    found = waterfall(trace, Look(repeats=True))

    assert len(found.lines) == MOST
    assert found.left == MOST * 2 + 14 - MOST
    assert waterfall(trace, Look(repeats=True, all=True)).left == 0


def test_a_look_keeps_what_it_shows_in_its_links() -> None:
    look = Look.of({"zoom": "a&b", "least": "10", "repeats": "1", "rows": "all"})

    assert look.link("pop") == ("?stage=pop&zoom=a%26b&least=10&repeats=1&rows=all#waterfall")
    assert Look().link("pop", zoom="3") == "?stage=pop&zoom=3#waterfall"


def test_calls_of_a_stage_stand_below_those_that_made_them_up_to_a_limit() -> None:
    calls = lane(cart())[3].calls

    assert [(call.span.name, call.level) for call in calls] == [
        ("cart", 0),
        ("price cart", 1),
        ("cart.html", 1),
    ]
    step = lane(busy(500))[3]
    assert len(step.calls) == MOST_CALLS
    assert step.more_calls == 503 - MOST_CALLS


@pytest.mark.parametrize(
    ("trace", "text"),
    [
        (cart(), "The largest part: template cart.html, 4.00 ms (33 %)"),
        (crash(), "Most of the time: view crash (shop.py:119), 8.90 ms (74 %)"),
        (
            busy(700),
            "Most of the time: sql SELECT 1 in price cart, called 700 times, 7.00 ms (58 %)",
        ),
        (
            early(),
            (
                "Most of the time: between preprocess and make_response, outside of the app's "
                "functions, 9.15 ms (76 %)"
            ),
        ),
    ],
)
def test_the_sentence_says_where_the_time_went(trace: Trace, text: str) -> None:
    found = spent(trace)

    assert found
    assert found.text.replace(" in price cart", "") == text.replace(" in price cart", "")


def test_nothing_is_said_when_nothing_stands_out() -> None:
    assert spent(replace(cart(), duration_ns=100 * MS, spans=(), stages=())) is None
    assert spent(replace(cart(), duration_ns=0)) is None


def test_hooks_stand_in_the_order_in_which_they_ran() -> None:
    found = facets(replace(cart(), spans=cart().spans[::-1]))

    assert [span.name for span in found.hooks] == ["load_user", "cart", "add_headers", "close_db"]
    assert {tab.name: tab.count for tab in found.tabs}["exception"] == 0
    signal = replace(cart().events[0], name="signal request_started")
    both = facets(replace(cart(), events=(signal, *cart().events)))
    assert (both.signals, both.events) == ((signal,), cart().events)
