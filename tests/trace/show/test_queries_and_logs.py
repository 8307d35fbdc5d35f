"""Queries and log records in the views: where they happened, and on their own tabs."""

from dataclasses import replace

import pytest

from flasktrace.trace.keep.store import open_store
from flasktrace.trace.model import Event, Span, Trace
from flasktrace.trace.show import terminal
from flasktrace.trace.show.digest import Digest
from flasktrace.trace.show.endpoints import endpoints
from flasktrace.trace.show.outline import outline
from tests.trace.samples import MS, cart, code
from tests.trace.show.test_web import CART, CORPUS, Browser, Html

SELECT = "SELECT *\n FROM items WHERE cart = 'ada' AND n = ?"


def shop(text: str = SELECT, said: str = "cart is empty", count: int = 6) -> Trace:
    """Return the cart with *count* queries in its view, a log record in the midst of them."""
    base = cart()
    first, view = base.spans[:2]
    place = code("load_lines", "/app/shop.py", 90)
    asked = tuple(
        Span(view.id + 1 + n, view.id, "dispatch", "sql", "SELECT items", (2 + n) * MS, MS // 2,
             {"db.system.name": "sqlite", "db.query.text": text, "db.query.parameter.0": f"{n}",
              **place})
        for n in range(count)
    )  # fmt: skip
    told = {
        "severity_text": "ERROR",
        "severity_number": 17,
        "otel.scope.name": "shop.cart",
        "body": said,
        "exception.type": "KeyError",
        "exception.message": "'gold'",
        "token": "••• str(3)",
        **code("cart", "/app/shop.py", 93),
    }
    log = Event(4 * MS - 1, "log", view.id, "dispatch", told)
    return replace(base, spans=(first, view, *asked), events=(log,))


def drawn(trace: Trace) -> list[str]:
    return terminal.render(terminal.tree(trace), width=200).splitlines()


def test_the_terminal_shows_them_in_the_order_of_time() -> None:
    rows = [line for line in drawn(shop()) if " sql " in line or " log " in line]
    kinds = [line.replace("│", " ").split()[0] for line in rows]

    assert kinds == ["sql", "sql", "log", "sql", "sql", "sql", "sql"]
    assert "ERROR shop.cart: cart is empty" in rows[2]


def test_the_terminal_says_who_sent_the_same_query_again() -> None:
    told = "⚠ N+1: 6 times SELECT * FROM items WHERE cart = ? AND n = ?, 3.00 ms together, sent by"

    assert any(told in line and "load_lines (shop.py:90)" in line for line in drawn(shop()))
    assert not [line for line in drawn(shop(count=4)) if "N+1" in line]


def test_the_page_has_tabs_for_them_only_when_there_are_any() -> None:
    page = Html(Browser([shop()]).get(f"/{CART}").text)
    bare = Html(Browser([replace(cart(), spans=cart().spans[:1], events=())]).get(f"/{CART}").text)

    links = [{link.get("href") for link in item.all("a")} for item in (page, bare)]
    assert {"#queries", "#logs"} <= links[0]
    assert not {"#queries", "#logs"} & links[1]
    for word in (
        "N+1: 6 times",
        "(5)",
        "load_lines (shop.py:90)",
        "ERROR shop.cart: cart is empty",
        "(shop.py:93) KeyError: 'gold' token=••• str(3)",
    ):
        assert word in page.text, word
    assert {"class": "y-k"} in page.all("span")


@pytest.mark.parametrize("text", CORPUS)
def test_hostile_queries_and_logs_stay_text(text: str) -> None:
    tame = Html(Browser([shop("tame", "tame")]).get(f"/{CART}").text)
    answer = Browser([shop(text, text)]).get(f"/{CART}")
    page = Html(answer.text)

    assert answer.status_code == 200
    if "<" in text:
        assert text not in answer.text
    assert [tag for tag, _ in tame.tags if tag != "span"] == [
        tag for tag, _ in page.tags if tag != "span"
    ]
    assert {key for attrs in page.all("span") for key in attrs} <= {
        key for attrs in Html(Browser([shop()]).get(f"/{CART}").text).all("span") for key in attrs
    }
    assert "1337" not in page.text
    assert "\x1b" not in "".join(drawn(shop(text, text)))


def test_an_outline_has_the_queries_and_not_the_logs() -> None:
    lines = outline(shop()).splitlines()

    assert lines.count("    query SELECT * FROM items WHERE cart = ? AND n = ?") == 6
    assert not [line for line in lines if "log" in line]


def test_most_queries_of_an_endpoint_are_known() -> None:
    store = open_store("memory:")
    store.put([replace(shop(count=1), id="a" * 32), replace(shop(count=3), id="b" * 32)])
    (found,) = endpoints(Digest(store))["endpoints"]

    assert found["most_queries"] == "b" * 32
