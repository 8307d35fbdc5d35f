"""The table of endpoints: what is counted, sorted, cut and drawn."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from rich.cells import cell_len

from flasktrace.trace.model import Summary
from flasktrace.trace.show import terminal
from flasktrace.trace.show.endpoints import SORTS, Endpoints
from tests.trace import samples
from tests.trace.show.test_terminal import compare

NOW = 1_800_000_000.0


def at(seconds: float, **facts: object) -> Summary:
    started = datetime.fromtimestamp(NOW - seconds, UTC).isoformat()
    return replace(samples.cart().summary(), started=started, **facts)  # type: ignore[arg-type]


def filled() -> Endpoints:
    made = Endpoints(60)
    made.add(at(50, endpoint="cart", duration_ns=number * 1_000_000) for number in range(1, 101))
    made.add([at(10, endpoint="crash", status=500), at(10, endpoint="crash", status=None)])
    made.add([at(5, endpoint=None, status=404), at(61, endpoint="old"), at(-9, endpoint="cart")])
    made.add([replace(at(1), started="never")])
    return made


def test_rows_hold_rate_percentiles_and_errors() -> None:
    cart, crash, missing = filled().rows(NOW)

    assert ("GET cart", 101, 50_000_000, 95_000_000, 0) == (
        cart.name, cart.count, cart.p50, cart.p95, cart.errors
    )  # fmt: skip
    assert cart.rate == pytest.approx(101 / 50)
    assert ("GET crash", 2, 2) == (crash.name, crash.count, crash.errors)
    assert missing.name == "GET (404, no endpoint)"
    assert cart.stages["dispatch"] == 101 * samples.cart().stage("dispatch").duration_ns


def test_rows_are_sorted_by_each_column() -> None:
    names = {sort: [row.name.split()[1] for row in filled().rows(NOW, sort)] for sort in SORTS}

    assert names["rate"][0] == names["p50"][0] == names["p95"][0] == "cart"
    assert names["errors"][0] == "crash"
    assert names["name"] == ["(404,", "cart", "crash"]


def test_what_is_older_than_the_window_is_gone() -> None:
    assert filled().rows(NOW + 300) == []


@pytest.mark.parametrize("color", [False, True])
@pytest.mark.parametrize("width", [60, 80, 200])
def test_table_looks_as_it_did_when_it_was_read(width: int, color: bool) -> None:
    made = terminal.table(filled().rows(NOW), head="3 endpoints", foot="q quit", marked=1)
    text = terminal.render(made, width=width, color=color)

    compare(f"top-{'color-' * color}{width}", text)


def test_table_keeps_to_its_height_and_shows_the_marked_row() -> None:
    many = Endpoints()
    many.add(at(1, endpoint=f"page{number:03}") for number in range(100))
    rows = many.rows(NOW, "name")
    made = terminal.table(rows, head="h", foot="f", marked=70, height=20)
    lines = terminal.render(made, width=80).splitlines()

    assert len(lines) == 20
    assert any("page070" in line for line in lines)
    assert max(map(cell_len, lines)) <= 80
