"""Apps whose functions change all sorts of things: the trace tells what each of them has done."""

import re

import flask
import pytest

import flasktrace
from flasktrace.trace.model import Trace
from flasktrace.trace.show import words
from tests.cases import share
from tests.trace.record.changing import FRAMEWORK, Truth, make, merged
from tests.trace.record.changing.truth import GIVEN, hidden

LIBRARIES = {"flasktrace": flasktrace, "flask": flask}
NUMBERS = share(range(400))
SIGNED = re.compile(r"(session=\.?[^.;]*)[^;]*")
"""A session's cookie, and behind it the time and what depends on it."""


def answer(app):
    """Return all that a client gets of two requests; the second has the session of the first."""
    client = app.test_client()
    got = []
    for _ in range(2):
        try:
            response = client.get("/")
            got.append((response.status, list(response.headers), response.data))
            response.close()
        except LookupError as error:
            got.append(repr(error))
    return SIGNED.sub(r"\1", repr(got))


def told(trace):
    """Return the changes of a trace as `Truth` tells them."""
    for item in trace.changes:
        key = item.key.lower() if item.section == "response" else item.key
        if item.section == "request" and not key.startswith(GIVEN):
            continue
        if item.section in {"url_adapter", "flashes"}:
            continue
        name = key.removeprefix("header ")
        yield (
            who(item.author),
            item.section,
            key,
            hidden(name, item.before),
            hidden(name, item.after),
        )


def who(author):
    """Return the name of an author, as the functions of `make` are called."""
    name = author.partition(" (")[0].rpartition(", ")[2]
    return "view" if name.endswith("dispatch_request") else name


def by_functions(found):
    """Leave out what the framework does when no function is around that would see it."""
    return {
        at: deeds
        for at, deeds in (
            (at, [deed for deed in deeds if deed[0] != FRAMEWORK]) for at, deeds in found.items()
        )
        if deeds
    }


def at_the_end_of(stage, trace):
    """Return what stood on g and the request at the end of a stage, by the changes before it."""
    found = {}
    for item in trace.changes:
        if item.at_ns <= stage.snapshot.at_ns:
            found[item.section, item.key] = item.after
    return {
        at: value
        for at, value in found.items()
        if value is not None and (at[0] == "g" or (at[0] == "request" and at[1][:2] == GIVEN))
    }


def seen_at_the_end_of(stage):
    return {
        (section, key): value
        for card in stage.snapshot.cards
        for section in ("g", "request")
        for key, value in card.sections[section].items()
        if section == "g" or key.startswith(GIVEN)
    }


def assert_hangs_together(trace):
    """Check that changes, spans, stages, snapshots and words say the same."""
    spans = {span.id: span for span in trace.spans}
    for item in trace.changes:
        assert item.span is None or spans[item.span].name in item.author, item
        assert item.author in words.change_sentence(item)
    for stage in trace.stages:
        for item in stage.changes:
            ends = [(run.start_ns, run.start_ns + run.duration_ns) for run in stage.runs]
            assert item in trace.changes
            assert any(start <= item.at_ns <= end for start, end in ends), (stage.name, item)
        if stage.snapshot is not None and stage.snapshot.cards:
            assert seen_at_the_end_of(stage) == at_the_end_of(stage, trace), stage.name
    assert Trace.from_dict(trace.to_dict()).changes == trace.changes


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("lib", LIBRARIES.values(), ids=LIBRARIES)
def test_each_change_is_told_as_it_was(lib, number):
    untraced = answer(make(lib, Truth(lib), number))
    truth = Truth(lib)
    app = make(lib, truth, number)
    with flasktrace.capture(app) as traces:
        assert answer(app) == untraced

    assert by_functions(merged(item for trace in traces for item in told(trace))) == (
        by_functions(merged(truth.told))
    )
    for trace in traces:
        assert not trace.partial
        assert_hangs_together(trace)
