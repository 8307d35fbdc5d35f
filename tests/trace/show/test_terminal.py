"""The terminal view reads well at every width; golden/*.txt were read by eye."""

import os
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from rich.cells import cell_len
from rich.console import RenderableType

from flasktrace.trace.model import (
    STAGES,
    Candidate,
    Card,
    Change,
    Event,
    Routing,
    Run,
    Snapshot,
    Span,
    Stage,
    Trace,
)
from flasktrace.trace.show import terminal
from flasktrace.trace.show.cards import stack as cards_of
from flasktrace.trace.show.compare import compare as compared
from tests.cases import cover
from tests.trace import samples

GOLDEN = Path(__file__).parent / "golden"
SGR = re.compile(r"\x1b\[[0-9;]*m")
WIDTHS = (60, 80, 200)


def odd() -> Trace:
    """Everything unusual at once: lazy match, two runs, two contexts, all kinds of changes."""
    base = samples.cart()
    push, preprocess, match, dispatch, make_response, postprocess, pop = base.stages
    job = Card("app", "shop.jobs", {"g": {"depth": "2"}, "session": {}})
    changes = (
        *preprocess.changes,
        Change(2, 0, "session", "basket", "[7]", None, "logout (auth.py:30)", 1),
        Change(3, 1, "g", "depth", "1", "2", "", None),
    )
    answer = (
        Change(4, -1, "response", "status", "200 OK", "404 NOT FOUND", "hide (shop.py:60)", 5),
        Change(4, -1, "response", "header X-Frame-Options", None, "DENY", "hide (shop.py:60)", 5),
        Change(5, -1, "response", "header Vary", None, "Cookie", "the framework", None),
    )
    cards = (samples.card("'ada'", user_id="1"), job)
    stages = (
        push,
        replace(preprocess, changes=changes, snapshot=Snapshot(1_000_000, cards)),
        replace(match, start_ns=400_000, within="preprocess",
                asked_by="request.endpoint in require_login (auth.py:9)"),
        dispatch,
        make_response,
        replace(postprocess, changes=answer,
                runs=(Run(10_400_000, 90_000, "KeyError"), Run(10_600_000, 90_000, None))),
        pop,
    )  # fmt: skip
    return replace(
        base, stages=stages, changes=(*changes, *answer), path="/shop/商品/" + "x" * 40,
        view_args={"id": "7"},
        outcome="client_disconnected", dropped={"spans": 3, "events": 12}, partial=True,
        parent="f" * 32, label="tests/test_shop.py::test_cart",
        response=replace(base.response, chunks=3, last_byte_ns=11_900_000, longest_gap_ns=600_000,
                         close_ns=30_000),
    )  # fmt: skip


TRACES: dict[str, Callable[[], Trace]] = {
    "cart": samples.cart,
    "crash": samples.crash,
    "early": samples.early,
    "missing": samples.missing,
    "odd": odd,
}


def tree(trace: Trace, width: int = 80) -> str:
    return terminal.render(terminal.tree(trace, tz=UTC), width=width)


def line(trace: Trace, width: int = 80, link: str | None = None) -> str:
    return terminal.line(trace.summary(), width=width, link=link, tz=UTC).plain


def tree_of(trace: Trace) -> RenderableType:
    return terminal.tree(trace, tz=UTC)


def stack(trace: Trace, stage: str, width: int = 80) -> str:
    return terminal.render(terminal.stack(trace, stage), width=width)


def row(text: str, part: str) -> str:
    """Return the one row of *text* that contains *part*."""
    (found,) = [item for item in text.splitlines() if part in item]
    return found


def with_stage(trace: Trace, stage: Stage) -> Trace:
    stages = tuple(stage if item.name == stage.name else item for item in trace.stages)
    return replace(trace, stages=stages)


def compare(name: str, text: str) -> None:
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("WRITE_GOLDEN"):  # then read what changed
        path.write_text(text, encoding="utf-8")

    assert path.read_text(encoding="utf-8") == text


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", TRACES)
def test_tree_looks_as_it_did_when_it_was_read(name: str, width: int) -> None:
    compare(f"tree-{name}-{width}", tree(TRACES[name](), width))


@pytest.mark.parametrize("width", WIDTHS)
def test_lines_look_as_they_did_when_they_were_read(width: int) -> None:
    link = "http://localhost:5000/_trace/0af76519"
    rows = [line(make(), width, link) for make in TRACES.values()]

    compare(f"line-{width}", "\n".join(rows) + "\n")


@pytest.mark.parametrize("width", WIDTHS)
def test_stack_looks_as_it_did_when_it_was_read(width: int) -> None:
    compare(f"stack-{width}", stack(odd(), "preprocess", width))


@pytest.mark.parametrize("color", [False, True])
@pytest.mark.parametrize("width", WIDTHS)
def test_comparison_looks_as_it_did_when_it_was_read(width: int, color: bool) -> None:
    made = terminal.comparison(compared(samples.cart(), odd()))

    compare(f"diff-{'color-' * color}{width}", terminal.render(made, width=width, color=color))


@pytest.mark.parametrize("width", WIDTHS)
def test_colours_look_as_they_did_when_they_were_read(width: int) -> None:
    views = (
        terminal.line(samples.crash().summary(), width=width, tz=UTC),
        terminal.tree(samples.crash(), tz=UTC),
        terminal.stack(samples.cart(), "preprocess"),
    )

    compare(f"color-{width}", "".join(terminal.render(v, width=width, color=True) for v in views))


@pytest.mark.parametrize("form", ["svg", "html"])
def test_picture_holds_the_view_and_loads_nothing(form: str) -> None:
    path = "/<script>\x1b[2J&"
    text = terminal.picture(tree_of(replace(samples.cart(), path=path)), form, width=80)

    assert "dispatch" in text
    assert "<script" not in text
    assert "\x1b" not in text
    assert not re.search(r"url\([^#]|@import|src=|href=", text)
    if form == "svg":
        ET.fromstring(text)


def test_picture_of_another_form_is_an_error() -> None:
    with pytest.raises(KeyError):
        terminal.picture(tree_of(samples.cart()), "png")


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.txt")), ids=lambda path: path.stem)
def test_no_golden_row_is_wider_than_its_name_says(path: Path) -> None:
    width = int(path.stem.rpartition("-")[2])
    rows = SGR.sub("", path.read_text(encoding="utf-8")).splitlines()

    assert [item for item in rows if cell_len(item) > width] == []
    assert [item for item in rows if item != item.rstrip()] == []


@pytest.mark.parametrize(("name", "width"), cover(list(TRACES), range(16, 221, 3)))
def test_no_row_is_wider_than_the_terminal(name: str, width: int) -> None:
    trace = TRACES[name]()
    texts = (tree(trace, width), line(trace, width), stack(trace, "preprocess", width))

    assert [item for text in texts for item in text.splitlines() if cell_len(item) > width] == []


def test_what_ran_between_the_stages_stands_between_them() -> None:
    trace = samples.cart()
    dispatch, make_response = trace.stage("dispatch"), trace.stage("make_response")
    assert dispatch.start_ns is not None
    assert make_response.start_ns is not None
    at = make_response.start_ns - 1
    number = len(trace.spans) + 1
    handler = Span(number, None, None, "error_handler", "to_400", at, 1, {})
    inner = Span(number + 1, number, None, "template", "sorry.html", at, 1, {})
    change = Change(at, 0, "g", "error", None, "'gold'", "to_400", number)
    event = Event(at, "signal got_request_exception", None, None, {"receivers": "report"})
    text = tree(
        replace(
            trace,
            spans=(*trace.spans, handler, inner),
            changes=(*trace.changes, change),
            events=(*trace.events, event),
        )
    )

    rows = text.splitlines()
    first = next(n for n, item in enumerate(rows) if item.startswith("● make_response")) - 4
    assert [item.split("  ")[0].rstrip() for item in rows[first : first + 2]] == [
        "▸ error_handler",
        "",
    ]
    assert "  template" in rows[first + 1]
    assert rows[first + 2].startswith("  + g.error = 'gold'  by to_400")
    assert rows[first + 3].startswith("  event             signal got_request_exception")


def test_figures_of_all_lines_stand_in_the_same_column() -> None:
    rows = [line(make()) for make in TRACES.values()]

    assert len({cell_len(item[: item.index("ms")]) for item in rows}) == 1


def test_query_gives_way_before_the_path_does() -> None:
    trace = replace(samples.cart(), path="/a/b/c", query="q=" + "x" * 80)

    assert " /a/b/c?q=x" in line(trace)
    assert "…" in line(trace)


def test_long_path_keeps_both_ends() -> None:
    trace = replace(samples.cart(), path="/api/" + "x" * 80 + "/edit", query="")
    path = line(trace).split()[2]

    assert path.startswith("/api/")
    assert path.endswith("/edit")


def test_link_is_shown_whole_or_not_at_all() -> None:
    link = "http://localhost:5000/_trace/0af76519"

    assert "http" not in line(samples.cart(), 80, link)
    assert line(samples.cart(), 200, link).endswith(link)


def test_process_is_named_where_there_is_room_for_a_time_of_day() -> None:
    summary = samples.cart().summary()
    shown = [
        terminal.line(summary, width=width, worker=True, tz=UTC).plain for width in (30, 80, 200)
    ]

    assert str(summary.pid) not in shown[0]
    for row in shown[1:]:
        assert row.split()[1] == str(summary.pid)
    assert str(summary.pid) not in line(samples.cart(), 200)


def test_narrow_line_still_says_that_something_is_special() -> None:
    assert line(samples.crash(), 60).endswith(" ✗")
    assert line(samples.early(), 60).endswith(" !")
    assert not line(samples.cart(), 60).endswith(("✗", "!"))


def bar(trace: Trace) -> str:
    return re.split(" [mµ]s ", line(trace, 80))[1].split()[0]


def test_the_bar_of_the_line_is_to_scale_with_its_gaps_and_the_body() -> None:
    lengths = {"push": 2, "dispatch": 3, "postprocess": 1}
    starts = {"push": 0, "dispatch": 3, "postprocess": 6}
    stages = tuple(
        samples.stage(name, starts.get(name), lengths.get(name, 0), skipped="x") for name in STAGES
    )

    assert bar(replace(samples.cart(), stages=stages, duration_ns=10)) == "▒▒·███▓───"


def test_a_stage_within_another_is_drawn_over_it() -> None:
    within = {"preprocess": (0, 9), "match": (3, 3)}
    stages = tuple(
        samples.stage(name, *within.get(name, (None, 0)), skipped=None) for name in STAGES
    )

    assert bar(replace(samples.cart(), stages=stages, duration_ns=10)) == "▓▓▓░░░▓▓▓─"


def test_bar_of_the_line_keeps_its_length_whatever_the_stages_took() -> None:
    nothing = replace(
        samples.cart(), stages=tuple(samples.stage(name, None, skipped="x") for name in STAGES)
    )
    instant = replace(samples.cart(), stages=tuple(samples.stage(name, 0, 0) for name in STAGES))

    assert bar(nothing) == bar(instant) == "·" * 10
    assert 10 == len(bar(samples.cart())) == len(bar(samples.early()))


def test_longest_stage_has_most_of_the_bar() -> None:
    text = line(samples.cart(), 200)

    assert text.count("█") > sum(text.count(shade) for shade in "▒▓░")


def test_line_without_status_says_so() -> None:
    assert " --- " in line(replace(samples.cart(), status=None))


def test_line_takes_the_width_of_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")

    assert line(samples.cart(), 60) == terminal.line(samples.cart().summary(), tz=UTC).plain


def test_skipped_stage_is_hollow_and_says_why() -> None:
    found = row(tree(samples.early()), "○ dispatch")

    assert found.endswith("before_request require_login answered first")


def test_stage_that_raised_is_crossed_and_says_what() -> None:
    text = tree(samples.crash())

    assert row(text, "✗ dispatch")
    assert "│ raised KeyError" in text.splitlines()


def test_lazy_match_and_second_run_are_told() -> None:
    text = tree(odd(), 200)

    assert "│ lazily, within preprocess, asked by request.endpoint in require_login" in text
    assert "│ ran twice" in text


def test_both_runs_of_a_stage_are_drawn() -> None:
    assert len(row(tree(odd(), 200), "● postprocess").split("0.30")[0].split()[2:]) == 2


def test_bars_stand_where_the_stages_were() -> None:
    text = tree(samples.cart(), 200)
    starts = [row(text, f"● {name} ").replace("╺", "━").replace("╸", "━").find("━")
              for name in STAGES]  # fmt: skip

    assert sorted(starts) == starts
    assert len(set(starts)) >= 6


def test_spans_are_nested_by_parent() -> None:
    rows = tree(samples.cart()).splitlines()
    indents = {
        name: next(len(item) - len(item[1:].lstrip()) for item in rows if f" {name} " in item[:24])
        for name in ("view", "user", "event", "template")
    }

    assert indents["view"] < indents["user"] == indents["template"] < indents["event"]


def test_change_is_told_below_its_stage_with_its_author() -> None:
    rows = tree(samples.cart()).splitlines()
    position = rows.index("│ + g.user = 'ada'  by load_user (shop.py:41)")

    assert rows[position - 3].startswith("● preprocess")
    assert rows[position + 1].startswith("● match")


def test_change_outside_every_stage_is_told_as_well() -> None:
    late = Change(12, 0, "g", "late", None, "1", "stream (shop.py:99)", None)
    trace = replace(samples.cart(), changes=(*samples.cart().changes, late))

    assert tree(trace).count("+ g.late = 1") == 1
    assert tree(trace).count("+ g.user = 'ada'") == 1


def span(number: int, parent: int | None, stage: str | None = "dispatch") -> Span:
    return Span(number, parent, stage, "user", f"work{number}.", 2_000_000, 1_000, {})


@pytest.mark.parametrize(
    "spans",
    [
        (span(1, 99),),
        (span(1, 1),),
        (span(1, 2), span(2, 1)),
        (span(1, None), span(1, None), span(2, 1)),
        (span(1, None, None), span(2, 1)),
        (span(1, None, "no stage"),),
    ],
    ids=["parent dropped", "own parent", "circle", "same id", "between stages", "unknown stage"],
)
def test_every_span_is_told_once_whatever_its_parent(spans: tuple[Span, ...]) -> None:
    text = tree(replace(samples.cart(), spans=spans, events=()))

    assert len(spans) == text.count(" work")


def test_deep_nesting_is_drawn_without_recursion() -> None:
    spans = tuple(span(n, n - 1 or None) for n in range(1, 3000))

    assert "work2999." in tree(replace(samples.cart(), spans=spans))


def test_event_of_a_dropped_span_is_told_all_the_same() -> None:
    events = (Event(3, "lonely", 99, "dispatch", {}), Event(4, "lost", None, None, {}))
    text = tree(replace(samples.cart(), events=events))

    assert row(text, "lonely")
    assert row(text, "lost")


def test_body_stands_after_pop_and_says_how_it_ended() -> None:
    rows = tree(samples.cart()).splitlines()
    body = next(n for n, item in enumerate(rows) if item.startswith("▸ body"))

    assert any(item.startswith("● pop") for item in rows[:body])
    assert rows[body + 1] == "  1 chunk, 2.0 kB, first byte at 11.2 ms, closed"


def test_trace_without_body_span_tells_of_the_body_at_the_response() -> None:
    text = tree(replace(samples.cart(), spans=samples.cart().spans[:-1]))

    assert row(text, "first byte at").startswith("response  200 OK, 1 chunk")


def test_exception_points_at_the_line_of_the_app() -> None:
    rows = tree(samples.crash()).splitlines()

    assert '  → 120      return PRICES["gold"]' in rows
    assert "    119  def crash():" in rows
    assert not any("wsgi_app" in item for item in rows)


def test_exception_without_frames_of_the_app_shows_the_last_one() -> None:
    failure = samples.crash().exception
    assert failure is not None
    trace = replace(samples.crash(), exception=replace(failure, frames=failure.frames[:1]))

    assert row(tree(trace), "in wsgi_app")


def test_causes_and_handler_of_an_exception_are_told() -> None:
    failure = samples.crash().exception
    assert failure is not None
    told = replace(failure, causes=("ValueError: 'x'",), handled_by="to_400 (shop.py:20)")
    text = tree(replace(samples.crash(), exception=told))

    assert row(text, "caused by ValueError: 'x'")
    assert row(text, "handled by to_400 (shop.py:20)")


def test_message_of_several_lines_keeps_its_lines() -> None:
    failure = samples.crash().exception
    assert failure is not None
    rows = tree(
        replace(samples.crash(), exception=replace(failure, message="one\ntwo"))
    ).splitlines()
    first = rows.index("✗ KeyError: one")

    assert rows[first + 1].strip() == "two"


def test_long_list_of_headers_is_cut_and_counted() -> None:
    headers = tuple((f"X-{n}", "v") for n in range(11))
    trace = replace(samples.cart(), request=replace(samples.cart().request, headers=headers))

    assert row(tree(trace), "3 more headers")


def test_captured_body_is_shown_by_its_first_lines() -> None:
    body = "\n".join(f"line {n}" for n in range(20))
    trace = replace(samples.cart(), request=replace(samples.cart().request, body=body))

    assert row(tree(trace), "│ line 5")
    assert "line 6" not in tree(trace)


def test_what_was_left_out_is_told() -> None:
    text = tree(odd())

    assert row(text, "left out because of limits: 3 spans, 12 events")
    assert row(text, "an error inside the tracer may have left something out")
    assert "left out" not in tree(samples.cart())


def test_last_row_keeps_the_tracer_apart_from_the_app() -> None:
    last = tree(samples.cart()).splitlines()[-1]

    assert f"app 12.0 ms + tracer 0.31 ms · {samples.cart().id}" == last


def test_stack_shows_its_top_first() -> None:
    text = stack(odd(), "preprocess")

    assert text.index("app shop.jobs") < text.index("request shop")
    assert row(text, "1 below the top")


@pytest.mark.parametrize(
    ("host", "upper", "lower"),
    [
        ("flask 3.1.3", {"session", "flashes"}, set()),
        ("flask 3.0.0", {"session", "flashes"}, set()),
        ("flask 3.2.0", {"g", "session", "flashes"}, {"url_adapter"}),
        ("flasktrace 0.1.0", {"g", "session", "flashes"}, {"url_adapter"}),
    ],
)
def test_a_card_has_the_parts_of_its_kind_of_context_only(
    host: str, upper: set[str], lower: set[str]
) -> None:
    parts: dict[str, dict[str, str]] = {
        name: {} for name in ("request", "session", "g", "flashes", "url_adapter")
    }
    cards = (
        Card("app", "shop", {**parts, "g": {"user": "'ada'"}}),
        Card("request", "shop", {**parts, "request": {"path": "'/'"}, "url_adapter": {"a": "1"}}),
    )
    base = samples.cart()
    dispatch = replace(base.stage("dispatch"), changes=(), snapshot=Snapshot(1, cards))
    trace = replace(base, host=host, stages=(dispatch,))

    shown = [row.partition("empty: ")[2] for row in stack(trace, "dispatch").splitlines()]
    told = [set(row.strip("│ ").split(", ")) for row in shown if row]
    drawn = [
        {part.name for part in card.sections if not part.entries}
        for card in cards_of(trace, "dispatch").cards
    ]

    assert drawn == [upper, lower]
    assert told == [parts for parts in drawn if parts]


def test_cards_stand_side_by_side_when_there_is_room() -> None:
    assert "request shop" in row(stack(odd(), "preprocess", 200), "app shop.jobs")
    assert "request shop" not in row(stack(odd(), "preprocess", 80), "app shop.jobs")


def test_changed_key_is_marked_with_its_author() -> None:
    text = stack(odd(), "preprocess")

    assert "◀ set by load_user (shop.py:41)" in row(text, "user   ")
    assert "◀ changed by the framework (was 1)" in row(text, "depth")
    assert "◀" not in row(text, "db ")


def test_removed_key_stays_visible() -> None:
    assert "◀ removed by logout (auth.py:30) (was [7])" in row(stack(odd(), "preprocess"), "basket")


def test_key_changed_and_gone_from_the_card_is_still_marked() -> None:
    trace = samples.cart()
    other = Change(1, 0, "flashes", "0", None, "'hi'", "greet (shop.py:5)", 1)
    stage = replace(trace.stage("preprocess"), changes=(other,))

    assert "'hi'  ◀ set by greet" in stack(with_stage(trace, stage), "preprocess")


def test_stack_of_a_skipped_stage_says_why_there_is_none() -> None:
    text = stack(samples.early(), "match")

    assert "no context stack at match: before_request require_login answered first" in text


def test_empty_stack_is_called_empty() -> None:
    assert stack(samples.cart(), "pop") == "context stack at the end of pop  empty\n"


def test_stack_of_an_unknown_stage_is_an_error() -> None:
    with pytest.raises(KeyError):
        terminal.stack(samples.cart(), "cooking")


def test_colour_adds_sequences_and_nothing_else() -> None:
    renderable: RenderableType = terminal.tree(samples.crash(), tz=UTC)

    assert "\x1b[" in terminal.render(renderable, width=80, color=True)
    assert "\x1b" not in terminal.render(renderable, width=80)


def test_render_does_not_listen_to_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    coloured = terminal.render(terminal.tree(samples.cart()), width=80, color=True)
    monkeypatch.setenv("FORCE_COLOR", "1")
    plain = terminal.render(terminal.tree(samples.cart()), width=80)

    assert "\x1b[32m" in coloured
    assert "\x1b" not in plain


class Tty(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


@pytest.mark.usefixtures("_terminal")
def test_console_colours_a_terminal_but_no_file() -> None:
    tty, file = Tty(), StringIO()
    for out in (tty, file):
        terminal.console(out).print(terminal.line(samples.crash().summary(), width=60))

    assert "\x1b[1;31m500" in tty.getvalue()
    assert "\x1b" not in file.getvalue()


@pytest.mark.usefixtures("_terminal")
def test_console_respects_no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    tty = Tty()
    terminal.console(tty).print(terminal.line(samples.crash().summary(), width=60))

    assert "\x1b[1;31m" not in tty.getvalue()
    assert "31m" not in tty.getvalue()


def test_console_takes_no_text_for_markup() -> None:
    out = StringIO()
    terminal.console(out).print("[bold]x[/y] :smile:")

    assert out.getvalue() == "[bold]x[/y] :smile:\n"


def test_console_writes_to_a_file_that_knows_no_unicode() -> None:
    raw = BytesIO()
    file = TextIOWrapper(raw, encoding="ascii")
    terminal.console(file).print(terminal.tree(samples.cart(), tz=UTC))
    file.flush()

    assert b"? preprocess" in raw.getvalue()


def test_console_without_file_follows_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.console().print(terminal.line(samples.cart().summary(), width=60, tz=UTC))

    assert line(samples.cart(), 60) + "\n" == capsys.readouterr().out


def test_render_takes_no_text_for_markup() -> None:
    assert terminal.render("[bold]x[/y] :smile:") == "[bold]x[/y] :smile:\n"


def test_a_long_reason_hangs_below_its_beginning_beside_the_rule() -> None:
    base = samples.missing()
    rule = "/a-rule-with-a-very-long-name-that-is-cut/<path:rest>"
    reason = "the rest of the path is 'bokos/3', which does not fit '<path:rest>' at all"
    told = Candidate(rule, "long", (), reason)
    text = tree(replace(base, routing=Routing("none", (told,))), 60)
    start = text.splitlines().index(next(x for x in text.splitlines() if "/a-rule" in x))
    first, second = text.splitlines()[start : start + 2]

    assert text.count("/a-rule-with-a") == 1
    assert second.startswith("│ ")
    assert second[1 : first.index("the rest")].strip() == ""
    assert text.count("endpoint –") == 1  # noqa: RUF001 - the sign, no letter
