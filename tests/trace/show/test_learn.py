"""What happens here: the framework's source, as it is installed."""

import inspect
from dataclasses import replace

import flask
import pytest

import flasktrace
from flasktrace.trace.model import STAGES
from flasktrace.trace.show.lane import PLACES, lane
from flasktrace.trace.show.learn import lessons
from tests.trace.samples import cart
from tests.trace.show.test_web import CART, Browser


def taken(app: object) -> object:
    with flasktrace.capture(app) as traces:
        app.test_client().get("/")  # type: ignore[attr-defined]
    return traces[-1]


@pytest.mark.parametrize("kind", [flasktrace.Flask, flask.Flask])
def test_each_stage_shows_the_source_that_is_installed(kind: type) -> None:
    app = kind("lesson")
    app.add_url_rule("/", view_func=lambda: "x")
    found = lessons(taken(app))  # type: ignore[arg-type]

    assert set(PLACES) == set(found)
    assert all(found[name].parts for name in STAGES)
    assert not found["body"].parts
    for name, method in (("dispatch", "dispatch_request"), ("preprocess", "preprocess_request")):
        part = found[name].parts[0]
        shown = ["".join(text for _, text in line.pieces) for line in part.lines]
        lines, first = inspect.getsourcelines(inspect.unwrap(getattr(kind, method)))
        assert [line.strip("\n ") for line in lines] == [line.strip() for line in shown]
        assert part.lines[0].number == first
        assert any(line.calls for line in part.lines)
        assert {"k", "n"} <= {kind for line in part.lines for kind, _ in line.pieces}
    assert not found["dispatch"].note


def test_another_version_is_told_and_other_apps_have_no_source() -> None:
    old = lessons(replace(cart(), host="flask 0.12"))
    other = lessons(replace(cart(), host="wsgi"))

    assert old["push"].note.startswith("The request ran with flask 0.12; this is the source of")
    assert not [lesson for lesson in other.values() if lesson.parts or lesson.note]
    assert other["push"].text


@pytest.mark.parametrize(
    ("kind", "names", "note", "hint", "lesson"),
    [
        (
            flask.Flask,
            ["match", "preprocess"],
            "within push",
            "as soon as the context was",
            "context is pushed",
        ),
        (
            flasktrace.Flask,
            ["preprocess", "match"],
            "",
            "nobody had asked",
            "somebody first asks for one",
        ),
    ],
)
def test_the_page_tells_when_this_framework_matched(
    kind: type, names: list[str], note: str, hint: str, lesson: str
) -> None:
    app = kind("lesson")
    app.add_url_rule("/", view_func=lambda: "x")
    trace = taken(app)
    found = lane(trace)  # type: ignore[arg-type]
    page = Browser([trace]).page(f"/{trace.id}")  # type: ignore[list-item,attr-defined]
    cards = page.text[: page.text.index("Context stack")]

    assert [step.number for step in found] == [*range(1, 9)]
    assert [step.name for step in found[:3]] == ["push", *names]
    match = next(step for step in found if step.name == "match")
    assert match.within == ("push" if note else "")
    assert note in cards
    assert "lazily" not in cards
    assert hint in page.text
    assert lesson in page.text


def test_a_lazy_match_is_told_as_such() -> None:
    base = cart()
    stages = tuple(
        replace(stage, within="preprocess", asked_by="request.endpoint in f (a.py:1)")
        if stage.name == "match"
        else stage
        for stage in base.stages
    )
    page = Browser([replace(base, stages=stages)]).page(f"/{CART}")

    assert "lazily, within preprocess" in page.text
    assert "when somebody first asked for one of them" in page.text


def test_the_page_has_it_folded_with_classes_instead_of_styles() -> None:
    page = Browser([cart()]).page(f"/{CART}")

    assert page.text.count("What happens here") == len(PLACES)
    assert "calls a function of the app" in page.text
    assert "y-k" in {str(tag.get("class")) for tag in page.having("class")}
    assert not [tag for tag in page.all("details") if "open" in tag]
