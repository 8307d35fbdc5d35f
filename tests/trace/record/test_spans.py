import asyncio

import pytest

import flasktrace
from flasktrace import current_trace, event, span
from tests.trace.record.same import Ask, ask


def traced(view):
    app = flasktrace.Flask("x")
    app.add_url_rule("/", "index", view)
    with flasktrace.capture(app) as traces:
        ask(app, Ask())
    return traces.last


def test_without_a_trace_nothing_happens():
    with span("work", items=3) as made:
        event("point")

    assert made.name == "work"
    assert not current_trace
    assert current_trace.id is None
    assert repr(current_trace) == "<current trace none>"


def test_inside_a_trace_the_current_one_is_known():
    seen = []

    def index():
        seen.append((bool(current_trace), current_trace.id))
        current_trace.event("point", n=1)
        with current_trace.span("work"):
            return "x"

    trace = traced(index)

    assert seen == [(True, trace.id)]
    assert trace.events[0].name == "point"
    assert trace.events[0].attributes == {"n": 1}
    assert trace.events[0].stage == "dispatch"
    assert "work" in {item.name for item in trace.spans}


def test_a_decorated_function_has_a_span_for_each_call():
    @span("twice", kind="k", name="n", self="s")
    def work(value):
        return value + 1

    trace = traced(lambda: str(work(1) + work(2)))

    assert [item.attributes for item in trace.spans if item.name == "twice"] == [
        {"kind": "'k'", "name": "'n'", "self": "'s'"}
    ] * 2
    assert work.__name__ == "work"


def test_a_decorated_async_function_stays_one():
    @span("waiting")
    async def work():
        return 5

    assert asyncio.iscoroutinefunction(work)

    trace = traced(lambda: str(asyncio.run(work())))

    assert "waiting" in {item.name for item in trace.spans}


def test_a_span_tells_what_ended_it_and_lets_it_pass():
    def index():
        with pytest.raises(KeyError), span("work"):
            raise KeyError("k")
        return "x"

    trace = traced(index)

    work = next(item for item in trace.spans if item.name == "work")
    assert work.attributes == {"outcome": "raised KeyError"}
    assert trace.exception is None


def test_names_that_are_no_text_are_described():
    def index():
        with span(7):
            event(None)
        return "x"

    trace = traced(index)

    assert "7" in {item.name for item in trace.spans}
    assert trace.events[0].name == "None"
