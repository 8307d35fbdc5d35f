"""The stack that contexts lie on: push, top, pop."""

import pytest
from werkzeug.local import LocalStack

from flasktrace import Flask
from flasktrace.globals import context_stack, contexts


@pytest.fixture(params=["a stack of its own", "the stack of contexts"])
def stack(request):
    return LocalStack() if request.param == "a stack of its own" else contexts


def test_an_empty_stack_has_no_top(stack):
    assert stack.top is None


def test_what_is_pushed_is_on_top(stack):
    stack.push("below")
    stack.push("above")
    tops = [stack.top]
    stack.pop()
    tops.append(stack.top)
    stack.pop()

    assert ["above", "below"] == tops
    assert stack.top is None


def test_pop_gives_what_was_on_top(stack):
    stack.push("below")
    stack.push("above")

    assert ["above", "below"] == [stack.pop(), stack.pop()]


def test_pop_of_an_empty_stack_gives_none(stack):
    assert stack.pop() is None


def test_the_stack_of_contexts_is_a_local_stack():
    assert isinstance(contexts, LocalStack)


def test_a_context_lies_on_the_stack_while_it_is_pushed():
    context = Flask("app").app_context()
    context.push()
    on_top = contexts.top
    context.pop()

    assert on_top is context
    assert contexts.top is None


def test_the_stack_is_listed_from_the_bottom():
    app = Flask("app")
    with app.app_context() as below, app.app_context() as above:
        assert (below, above) == context_stack()
