import flask
import pytest

import flasktrace
from flasktrace.trace.everywhere import Everywhere
from tests.trace.record.same import Ask, ask, hooks, receivers

LIBRARIES = {"flasktrace": flasktrace, "flask": flask}
both = pytest.mark.parametrize("lib", LIBRARIES.values(), ids=LIBRARIES)


@pytest.fixture
def everywhere():
    made = Everywhere(lambda: "label")
    yield made
    made.stop()


def hello(lib):
    app = lib.Flask("hello")
    app.add_url_rule("/", "index", lambda: "hello")
    return app


@both
def test_apps_made_before_and_after_are_watched(lib, everywhere):
    before = hello(lib)

    with everywhere.collect() as traces:
        ask(before, Ask("/?before"))
        ask(hello(lib), Ask("/?after"))

    assert [item.query for item in traces] == ["before", "after"]
    assert {item.label for item in traces} == {"label"}
    assert all("hello" in item.verdict or "lambda" in item.verdict for item in traces)


@both
def test_the_block_has_its_own_requests_only(lib, everywhere):
    app = hello(lib)
    with everywhere.collect() as first:
        ask(app, Ask("/?1"))
    ask(app, Ask("/?between"))
    with everywhere.collect() as second:
        ask(app, Ask("/?2"))

    assert [item.query for item in first] == ["1"]
    assert [item.query for item in second] == ["2"]


@both
def test_stop_leaves_classes_and_apps_as_they_were(lib):
    app = hello(lib)
    assert app.name
    ask(app, Ask())
    calls, before, heard = lib.Flask.__dict__["__call__"], hooks(app), receivers()
    made = Everywhere()
    with made.collect() as traces:
        ask(app, Ask())
        assert lib.Flask.__dict__["__call__"] is not calls

    made.stop()

    assert len(traces) == 1
    assert lib.Flask.__dict__["__call__"] is calls
    assert hooks(app) == before
    assert receivers() == heard


@both
def test_an_app_that_is_wrapped_already_keeps_its_tracer(lib, everywhere):
    app = flasktrace.wrap(hello(lib), enabled=True, store="memory:", dashboard=False)
    tracer = app.extensions["flasktrace"]

    with everywhere.collect() as traces:
        ask(app, Ask())
    everywhere.stop()

    assert len(traces) == 1
    assert app.extensions["flasktrace"] is tracer
    assert tracer.on
    flasktrace.unwrap(app)


@both
def test_a_subclass_with_its_own_call_is_watched_too(lib, everywhere):
    class App(lib.Flask):
        def __call__(self, environ, start_response):
            return super().__call__(environ, start_response)

    app = App("own")
    app.add_url_rule("/", "index", lambda: "own")

    with everywhere.collect() as traces:
        ask(app, Ask())

    assert len(traces) == 1
