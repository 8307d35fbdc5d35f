"""All views say the same words; these are the words."""

from dataclasses import replace
from datetime import UTC, timedelta, timezone

import pytest

from flasktrace.trace.model import Candidate, Change, Routing, Run, Span
from flasktrace.trace.show import words
from tests.trace import samples

CHANGE = samples.cart().changes[0]


@pytest.mark.parametrize(
    ("ns", "expected"),
    [
        (-5, "0 µs"),
        (0, "0 µs"),
        (1, "<1 µs"),
        (1_000, "1 µs"),
        (9_499, "9 µs"),
        (9_500, "0.01 ms"),
        (310_000, "0.31 ms"),
        (9_994_999, "9.99 ms"),
        (9_995_000, "10.0 ms"),
        (12_345_678, "12.3 ms"),
        (99_949_999, "99.9 ms"),
        (99_950_000, "100 ms"),
        (999_499_999, "999 ms"),
        (999_500_000, "1.00 s"),
        (12_340_000_000, "12.3 s"),
        (59_950_000_000, "1m 00s"),
        (3_599_000_000_000, "59m 59s"),
    ],
)
def test_duration_has_three_figures_and_a_unit(ns: int, expected: str) -> None:
    assert expected == words.duration(ns)


def test_duration_fits_its_column_below_an_hour() -> None:
    lengths = {len(words.duration(base * 10**power)) for base in (1, 5, 9) for power in range(12)}

    assert max(lengths) <= 7


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1.0 kB"),
        (2_048, "2.0 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (5_000_000_000, "5.0 GB"),
    ],
)
def test_size_has_a_unit_that_fits(count: int, expected: str) -> None:
    assert expected == words.size(count)


@pytest.mark.parametrize(("status", "expected"), [(204, "2xx"), (500, "5xx"), (None, "none")])
def test_status_has_a_class(status: int | None, expected: str) -> None:
    assert expected == words.status_class(status)


@pytest.mark.parametrize(
    ("code", "reason", "expected"), [(200, "OK", "200 OK"), (200, "", "200"), (None, "", "---")]
)
def test_status_is_said_with_its_reason(code: int | None, reason: str, expected: str) -> None:
    assert expected == words.status(code, reason)


def test_clock_shows_the_time_of_the_zone() -> None:
    started = "2026-11-23T23:20:30.123456+00:00"

    assert words.clock(started, UTC) == "23:20:30"
    assert words.clock(started, timezone(timedelta(hours=1))) == "00:20:30"


def test_clock_takes_a_time_without_zone_for_utc() -> None:
    assert words.clock("2026-11-23T10:20:30", UTC) == "10:20:30"


@pytest.mark.parametrize("started", ["", "noon", "0001-01-01T00:00:00+00:00"])
def test_clock_that_cannot_be_read_shows_dashes(started: str) -> None:
    assert words.clock(started, timezone(timedelta(hours=-3))) == "--:--:--"


def span(name: str, **attributes: object) -> Span:
    return replace(samples.cart().spans[0], name=name, attributes=attributes)


def test_place_is_function_file_and_line() -> None:
    assert words.place(samples.cart().spans[0]) == "load_user (shop.py:41)"


def test_place_of_a_windows_file_is_its_name_too() -> None:
    code = samples.code("f", r"C:\app\shop.py", 3)

    assert words.place(span("f", **code)) == "f (shop.py:3)"


def test_place_without_code_is_the_name() -> None:
    assert words.place(span("cart.html")) == "cart.html"


def test_title_says_a_name_only_once() -> None:
    code = samples.code("price", "shop.py", 3)

    assert words.title(span("price", **code)) == "price (shop.py:3)"
    assert words.title(span("price cart", **code)) == "price cart in price (shop.py:3)"


def test_details_leave_out_what_has_words_of_its_own() -> None:
    code = samples.code("f", "shop.py", 3, outcome="returned None", items="3", key="'x'")

    assert words.details(code) == "items=3 key='x'"


@pytest.mark.parametrize(
    ("before", "after", "sign", "text", "sentence"),
    [
        (None, "'ada'", "+", "g.user = 'ada'", "g.user = 'ada', set by f (a.py:1)"),
        (
            "'bob'",
            "'ada'",
            "~",
            "g.user = 'ada' (was 'bob')",
            "g.user changed from 'bob' to 'ada' by f (a.py:1)",
        ),
        (
            "'bob'",
            None,
            "-",
            "g.user (was 'bob')",
            "g.user removed by f (a.py:1), it was 'bob'",
        ),
    ],
)
def test_change_says_what_it_was_and_who_did_it(
    before: str | None, after: str | None, sign: str, text: str, sentence: str
) -> None:
    change: Change = replace(CHANGE, before=before, after=after, author="f (a.py:1)")

    assert (sign, text) == (words.change_sign(change), words.change_text(change))
    assert sentence == words.change_sentence(change)


def test_change_without_author_is_the_frameworks() -> None:
    assert words.change_sentence(replace(CHANGE, author="")).endswith("set by the framework")


def test_stage_mark_tells_run_skipped_and_raised_apart() -> None:
    ran = samples.stage("match", 5, 5)
    skipped = samples.stage("match", None, skipped="no need")
    raised = replace(ran, exception="KeyError")

    assert [words.stage_mark(item) for item in (ran, skipped, raised)] == ["●", "○", "✗"]


def test_lazy_match_says_within_what_and_who_asked() -> None:
    stage = samples.stage("match", 5, 5, within="preprocess", asked_by="request.endpoint in f")

    assert words.stage_notes(stage) == (
        "lazily, within preprocess, asked by request.endpoint in f",
    )


@pytest.mark.parametrize(("count", "expected"), [(2, "ran twice"), (3, "ran 3 times")])
def test_stage_that_ran_again_says_so(count: int, expected: str) -> None:
    stage = samples.stage("postprocess", 5, 5, runs=(Run(5, 1, None),) * count)

    assert (expected,) == words.stage_notes(stage)


def test_ordinary_stage_has_no_notes() -> None:
    assert words.stage_notes(samples.stage("match", 5, 5)) == ()


def test_stage_without_known_runs_counts_as_one_run() -> None:
    stage = samples.stage("match", 5, 7, runs=())

    assert (Run(5, 7, None),) == words.stage_runs(stage)


def test_marks_name_the_exception_instead_of_saying_exception() -> None:
    trace = samples.crash()

    assert ("KeyError",) == words.marks(trace) == words.marks(trace.summary())


def test_marks_tell_an_unusual_outcome_and_the_label() -> None:
    trace = replace(samples.cart(), outcome="client_disconnected", label="test_cart")

    assert words.marks(trace) == ("client disconnected", "test_cart")


def test_facts_leave_out_what_is_empty() -> None:
    labels = [label for label, _ in words.facts(samples.cart(), UTC)]

    assert labels == ["endpoint", "rule", "app", "framework", "pid", "started"]


def test_facts_say_none_where_nothing_matched() -> None:
    assert {"endpoint": words.NOTHING, "rule": words.NOTHING}.items() <= dict(
        words.facts(samples.early())
    ).items()


def test_failure_says_type_message_origin_and_end() -> None:
    failure = samples.crash().exception
    assert failure is not None
    handled = replace(failure, handled_by="to_400 (shop.py:20)")

    assert words.failure_title(failure) == "KeyError: 'gold'"
    origin = words.failure_origin(failure)
    assert origin == "raised by crash (shop.py:119) in dispatch, no error handler answered"
    assert words.failure_origin(handled).endswith("handled by to_400 (shop.py:20)")


def test_failure_without_message_is_its_type() -> None:
    failure = samples.crash().exception
    assert failure is not None

    assert words.failure_title(replace(failure, message="")) == "KeyError"


def test_body_sentence_says_when_nothing_was_sent_or_closed() -> None:
    response = replace(samples.cart().response, chunks=0, bytes=0, first_byte_ns=None, closed=False)

    assert words.body_sentence(response) == "0 chunks, 0 B, no byte sent, never closed"


def test_body_sentence_tells_where_a_stream_took_its_time() -> None:
    response = replace(
        samples.cart().response,
        chunks=3,
        first_byte_ns=1_000_000,
        last_byte_ns=9_000_000,
        longest_gap_ns=7_000_000,
        close_ns=20_000,
    )

    assert words.body_sentence(response).split(", ")[2:] == [
        "first byte at 1.00 ms",
        "last at 9.00 ms",
        "longest gap 7.00 ms",
        "closed in 0.02 ms",
    ]


def test_a_change_of_the_response_is_no_name_of_python() -> None:
    change = Change(1, -1, "response", "header X-Page", None, "1", "add (shop.py:3)", 2)

    assert words.change_text(change) == "response header X-Page = 1"
    assert words.change_sentence(change) == "response header X-Page = 1, set by add (shop.py:3)"


def test_an_empty_header_can_be_seen() -> None:
    header = Change(1, -1, "response", "header X", None, "", "add", 2)

    assert words.change_text(header) == 'response header X = ""'
    assert words.change_text(replace(header, before="", after="1")) == (
        'response header X = 1 (was "")'
    )
    assert words.change_sentence(replace(header, before="1")) == (
        'response header X changed from 1 to "" by add'
    )


def test_dropped_sentence_counts_and_is_empty_without_loss() -> None:
    assert words.dropped_sentence({"spans": 3}) == "left out because of limits: 3 spans"
    assert words.dropped_sentence({}) == ""


def test_totals_keep_the_tracer_apart() -> None:
    assert words.totals(samples.cart()) == "app 12.0 ms + tracer 0.31 ms"


def test_plain_line_is_the_same_for_trace_and_summary() -> None:
    trace = samples.early()
    expected = "GET /account?page=2&token=••• str(9) 302 12.0 ms · answered by a hook"

    assert expected == words.plain_line(trace) == words.plain_line(trace.summary())


@pytest.mark.parametrize(
    ("near", "expected"),
    [
        ((), ""),
        (("/a",), "did you mean /a?"),
        (("/a", "/b"), "did you mean /a or /b?"),
        (("/a", "/b", "/\u202ec"), "did you mean /a, /b or /\\u202ec?"),
    ],
)
def test_what_was_perhaps_meant_is_a_question(near: tuple[str, ...], expected: str) -> None:
    assert expected == words.meant(Routing("none", near=near))


def test_rules_that_are_not_shown_are_counted() -> None:
    routing = samples.missing().routing

    assert routing is not None
    assert words.other_rules(routing, 8) == "… and 13 other rules"
    assert words.other_rules(replace(routing, others=1), 9) == "… and 1 other rule"
    assert words.other_rules(replace(routing, others=0), 9) == ""


def test_a_candidate_says_which_methods_it_takes_and_why_it_was_refused() -> None:
    chosen = Candidate("/x", "x", (), None)
    other = Candidate("/x", "x", ("GET", "POST"), "is only for\x1b POST")

    assert (words.candidate_methods(chosen), words.candidate_reason(chosen)) == ("", "matched")
    assert words.candidate_methods(other) == "GET, POST"
    assert words.candidate_reason(other) == "is only for\\x1b POST"
