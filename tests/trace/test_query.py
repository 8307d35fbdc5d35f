"""Queries: what they select, and that memory and SQL select the same."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flasktrace.trace.model import Summary
from flasktrace.trace.query import Query, QueryError, columns
from tests.cases import many
from tests.trace.samples import cart, crash, early

BASE = crash().summary()


def selects(query: str, **facts: object) -> bool:
    return Query.parse(query).matches(replace(BASE, **facts))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("status:404", 404),
        ("status:5xx", 503),
        ("status:>=400", 400),
        ("status:>4xx", 500),
        ("status:<400", 302),
        ("status:<=404", 404),
        ("status:200..299", 204),
        ("status:400..", 499),
        ("-status:200", 404),
        ("-status:200", None),
    ],
)
def test_a_status_is_selected_by_number_class_and_range(query, status):
    assert selects(query, status=status)


@pytest.mark.parametrize(
    ("query", "status"),
    [("status:404", 400), ("status:5xx", 499), ("status:>400", 400), ("status:200..299", None)],
)
def test_another_status_is_not_selected(query, status):
    assert not selects(query, status=status)


@pytest.mark.parametrize(
    ("query", "nanoseconds", "expected"),
    [
        ("dur:>100ms", 100_000_000, False),
        ("dur:>100ms", 100_000_001, True),
        ("dur:>=1.5us", 1500, True),
        ("dur:<1s", 1_000_000_000, False),
        ("dur:1ms..2s", 2_000_000_000, True),
        ("dur:1ms..2s", 999_999, False),
        ("dur:<=30ns", 30, True),
    ],
)
def test_durations_are_compared_exactly_in_every_unit(query, nanoseconds, expected):
    assert selects(query, duration_ns=nanoseconds) is expected


@pytest.mark.parametrize(
    ("query", "path", "expected"),
    [
        ("path:/cart", "/cart", True),
        ("path:/cart", "/cart/1", False),
        ("path:/cart*", "/cart/1", True),
        ("path:/CART*", "/cart/1", False),
        ("path:*/edit", "/cart/edit", True),
        ("path:/a*a", "/a", False),
        ("path:/[a-z]?", "/[a-z]?", True),
        ("path:/[a-z]*", "/b", False),
        ('path:"/two words"', "/two words", True),
        ("CART", "/my/Cart", True),
        ("-text:cart", "/my/Cart", False),
    ],
)
def test_a_path_is_the_whole_text_unless_it_has_a_star(query, path, expected):
    assert selects(query, path=path, verdict="") is expected


def test_a_bare_word_is_looked_for_in_path_and_verdict():
    assert selects("gold NOBODY", path="/gold", verdict="nobody handled it")


def test_all_terms_must_hold():
    query = "status:5xx method:get endpoint:crash outcome:error exc:Key* app:shop pid:4242"

    assert selects(query)
    assert not selects(f"{query} pid:4243")


def test_a_mark_is_one_of_several_and_never_half_of_one():
    marks = ("exception", "answered by a hook")

    assert selects('mark:"answered by a hook"', marks=marks)
    assert selects("mark:answered*", marks=marks)
    assert not selects("mark:answered", marks=marks)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("hook:load_user", True),
        ("hook:load*", True),
        ("hook:load", False),
        ("g:user", True),
        ("g:use", False),
        ("g:us*", True),
        ("g.user:ada", True),
        ("g.user:ad", False),
        ("g.user:a*", True),
        ("g.user:*", True),
        ("-g.user:bob", True),
        ("g.missing:*", False),
        ("session:user_id", True),
        ("session.user_id:1", True),
        ('session.name:"Ada L"', True),
        ("session.user:*", False),
    ],
)
def test_hooks_and_what_was_held_can_be_asked_for(query, expected):
    held = ("g.user=ada", "session.user_id=1", "session.name=Ada L")

    assert selects(query, hooks=("load_user", "close_db"), held=held) is expected


def test_a_trace_tells_which_hooks_ran_and_what_was_held_in_the_end():
    summary = cart().summary()

    assert summary.hooks == ("load_user", "add_headers", "close_db")
    assert "g.user=ada" in summary.held
    assert "session.user_id=1" in summary.held


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("time:2026-11-23", True),
        ("time:2026-11-24", False),
        ("time:2026-11-23T10:20", True),
        ("time:2026-11-23T10:20:30", True),
        ("time:2026-11-23T10:20:30.123456Z", True),
        ("time:2026-11-23T10:20:30.123457", False),
        ("time:2026-11-23T10:20..2026-11-23T10:21", True),
        ("time:..2026-11-23T10:20", True),
        ("time:..2026-11-23T10:19", False),
        ("time:>=2026-11-23T10:21", False),
        ("time:1s", False),
        ("time:999999d", True),
    ],
)
def test_a_time_is_a_moment_a_range_or_the_latest_while(query, expected):
    assert selects(query, started="2026-11-23T10:20:30.123456+00:00") is expected


def test_a_start_that_is_no_time_is_in_no_range():
    assert not selects("time:999999d", started="yesterday")


def test_any_exception_can_be_asked_for():
    found = [s.id for s in (cart().summary(), BASE) if Query.parse("exc:*").matches(s)]

    assert found == [BASE.id]


def test_an_empty_query_selects_everything():
    assert Query.parse("  ").matches(BASE)
    assert Query.parse("").sql() == ("1", ())


@pytest.mark.parametrize(
    ("query", "value", "remedy"),
    [
        ("status:abc", "status:abc", "status:5xx"),
        ("status:299..200", "status:299..200", "smaller"),
        ("dur:100", "dur:100", "dur:>100ms"),
        ("dur:>100", "dur:>100", "ns, us, ms, s"),
        ("colour:red", "colour:red", "status:"),
        ("http://x", "http://x", '"http://x"'),
        ("path:", "path:", "path:/cart"),
        ("g.user:", "g.user:", "g.user:ada"),
        ("time:noon", "time:noon", "time:15m"),
        ("time:2026-13-40", "time:2026-13-40", "time:15m"),
        ("-", "-", "value"),
        ('""', '""', "value"),
        ('path:"/a', '"/a', "quotes"),
        ("pid:\u0661", "pid:\u0661", "pid:4242"),
        ("x" * 3000, "xxx", "2000"),
        ("x " * 60, "x x", "50"),
    ],
)
def test_a_query_that_is_not_understood_names_the_value_and_the_remedy(query, value, remedy):
    with pytest.raises(QueryError) as caught:
        Query.parse(query)

    assert value in str(caught.value)
    assert remedy in str(caught.value)


def test_many_stars_take_no_long_time():
    query = Query.parse("path:" + "*a" * 200 + "b")

    assert not query.matches(replace(BASE, path="a" * 5000))


texts = st.text(st.sampled_from("aAbİß*?[]-^ /%_'\0\ud800\ufffe\uffff\ufffd\x1f\n\\é"), max_size=6)
numbers = st.sampled_from([0, 1, 200, 404, 500, 10**6, 10**8, 10**8 + 1, 2**63, -(2**70)])
summaries = st.builds(
    lambda **facts: replace(BASE, **facts),
    status=st.none() | numbers,
    duration_ns=numbers,
    method=texts,
    path=texts,
    endpoint=st.none() | texts,
    outcome=texts,
    verdict=texts,
    marks=st.lists(texts, max_size=3).map(tuple),
    exception=st.none() | texts,
    app=texts,
    pid=numbers,
    label=texts,
    started=st.sampled_from(["2026-11-23T10:20:30.123456+00:00", "2026-11-24T00:00:00", "", "x"]),
    hooks=st.lists(texts, max_size=2).map(tuple),
    held=st.lists(texts.map("g.{}".format) | texts, max_size=2).map(tuple),
)
names = st.sampled_from(
    ["method", "path", "endpoint", "outcome", "exc", "mark", "text", "app", "label", "hook", "g"]
)
words = texts.map(lambda text: text.replace('"', "")).filter(bool)
ranges = st.sampled_from(
    ["404", ">=400", "<500", "200..404", "..404", ">0", "<=999999999999999999", "0..", "1"]
)
terms = st.one_of(
    st.builds('{}:"{}"'.format, names, words),
    st.builds("{}:{}".format, st.sampled_from(["status", "pid"]), ranges),
    st.sampled_from(
        [
            "status:5xx",
            "status:>=4xx",
            "dur:>100ms",
            "dur:<=100ms",
            "dur:1ns..1s",
            "dur:>=999999999s",
            "time:2026-11-23",
            "time:2026-11-23T10:20..2026-11-24",
            "time:999999d",
            "session.a:*",
        ]
    ),
)
queries = st.lists(st.builds("{}{}".format, st.sampled_from(["", "-"]), terms), max_size=4)


@pytest.fixture
def index(tmp_path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(tmp_path / "index.db", isolation_level=None)
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute(f"CREATE TABLE trace (n, {', '.join(columns(BASE))})")
    yield connection
    connection.close()


def by_sql(index: sqlite3.Connection, rows: list[Summary], query: Query) -> list[int]:
    index.execute("BEGIN")
    index.execute("DELETE FROM trace")
    for n, summary in enumerate(rows):
        cells = [n, *columns(summary).values()]
        index.execute(f"INSERT INTO trace VALUES ({','.join('?' * len(cells))})", cells)
    clause, parameters = query.sql()
    found = index.execute(f"SELECT n FROM trace WHERE {clause} ORDER BY n", parameters).fetchall()
    index.execute("COMMIT")
    return [n for (n,) in found]


@settings(
    max_examples=many(400),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(summaries, min_size=1, max_size=4), queries)
def test_memory_and_sql_select_the_same(index, rows, terms):
    query = Query.parse(" ".join(terms))
    expected = [n for n, summary in enumerate(rows) if query.matches(summary)]

    assert by_sql(index, rows, query) == expected


@pytest.mark.parametrize(
    ("query", "path", "expected"),
    [
        ("path:/[a-z]*", "/b", []),
        ("path:/[a-z]*", "/[a-z]x", [0]),
        ("path:/?*", "/b", []),
        ("path:/?*", "/?b", [0]),
        ("path:%*", "/b", []),
        ("-path:/b*", "/b", []),
    ],
)
def test_only_the_star_has_a_meaning_in_sql(index, query, path, expected):
    assert by_sql(index, [replace(BASE, path=path)], Query.parse(query)) == expected


def test_the_samples_are_told_apart_by_sql(index):
    rows = [cart().summary(), crash().summary(), early().summary()]

    assert by_sql(index, rows, Query.parse("status:5xx")) == [1]
    assert by_sql(index, rows, Query.parse("-endpoint:*")) == [2]
    assert by_sql(index, rows, Query.parse("text:SHOP.PY -mark:exception")) == [0, 2]
