"""The names that always mean what is on top of the stack."""

import asyncio
import contextvars

import pytest

import flasktrace
from flasktrace import Flask
from flasktrace.globals import (
    context_stack,
    contexts,
    current_context,
    put_on_top,
    request_context,
    take_off,
    top_context,
)


@pytest.mark.parametrize("name", ["current_app", "g"])
def test_outside_a_context_the_error_says_to_push_one(name):
    with pytest.raises(RuntimeError, match=r"with app\.app_context\(\):"):
        _ = getattr(flasktrace, name).anything


@pytest.mark.parametrize("name", ["request", "session"])
def test_outside_a_request_the_error_says_to_make_one_up(name):
    with pytest.raises(RuntimeError, match=r"with app\.test_request_context\("):
        _ = getattr(flasktrace, name).anything


@pytest.mark.parametrize("name", ["current_app", "g", "request", "session"])
def test_outside_their_context_the_names_are_false(name):
    assert not getattr(flasktrace, name)


def test_the_stack_can_be_looked_at_without_touching_it():
    app = Flask("app")

    assert () == context_stack()
    with app.app_context() as context:
        assert (context,) == context_stack()
        assert current_context() is context
        with pytest.raises(RuntimeError):
            request_context()


def test_a_context_is_taken_off_with_what_lies_above_it():
    app = Flask("app")
    below, middle, above = (app.app_context() for _ in range(3))
    assert top_context() is None
    assert take_off(below) is None
    for context in (below, middle, above):
        put_on_top(context)
    assert top_context() is contexts.top is above

    assert take_off(middle) is above
    assert (below,) == context_stack()
    assert take_off(below) is None
    assert () == context_stack()


def test_a_context_that_is_not_there_ends_the_search():
    app = Flask("app")
    there = app.app_context()
    put_on_top(there)

    assert take_off(app.app_context()) is there
    assert () == context_stack()


def test_a_stack_that_others_have_is_not_changed():
    app = Flask("app")
    with app.app_context() as below:
        copied = contextvars.copy_context()
        with app.app_context():
            assert (below,) == copied.run(context_stack)
        copied.run(take_off, below)
        assert (below,) == context_stack()


def test_tasks_have_stacks_of_their_own():
    app = Flask("app")

    async def visit(path):
        with app.test_request_context(path):
            await asyncio.sleep(0)
            return flasktrace.request.path, len(context_stack())

    async def both():
        return await asyncio.gather(visit("/a"), visit("/b"))

    assert [("/a", 1), ("/b", 1)] == asyncio.run(both())


def test_the_proxies_forward_operators():
    app = Flask("app")
    app.secret_key = "key"
    with app.test_request_context("/"):
        session = flasktrace.session
        session["a"] = 1
        session |= {"b": 2}

        assert {"a": 1, "b": 2} == session
        assert 2 == len(session)
        assert ["a", "b"] == sorted(session)
        assert flasktrace.current_app == app
        assert isinstance(flasktrace.current_app, Flask)
        assert hash(flasktrace.current_app) == hash(app)
