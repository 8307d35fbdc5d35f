"""The stand-in for whatever is on top: it hands every operation on."""

import copy
import math
import operator

import pytest
from werkzeug.local import LocalProxy, LocalStack

import flasktrace


def proxy_of(thing):
    """A proxy of what lies on a stack, as the context's names are."""
    stack = LocalStack()
    stack.push(thing)
    return LocalProxy(lambda: stack.top)


BINARY = {
    "+": (operator.add, 7, 2),
    "-": (operator.sub, 7, 2),
    "*": (operator.mul, 7, 2),
    "/": (operator.truediv, 7, 2),
    "//": (operator.floordiv, 7, 2),
    "%": (operator.mod, 7, 2),
    "**": (operator.pow, 7, 2),
    "<<": (operator.lshift, 7, 2),
    ">>": (operator.rshift, 7, 2),
    "&": (operator.and_, 7, 2),
    "|": (operator.or_, 8, 2),
    "^": (operator.xor, 7, 2),
    "divmod": (divmod, 7, 2),
    "+ of lists": (operator.add, [1], [2]),
    "* of a text": (operator.mul, "ab", 2),
    "% of a text": (operator.mod, "<%s>", "x"),
    "| of dicts": (operator.or_, {1: 1}, {2: 2}),
    "- of sets": (operator.sub, {1, 2}, {2}),
}
REFLECTED = [name for name in BINARY if " of " not in name]
COMPARISONS = [operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge]
UNARY = [
    *(operator.neg, operator.pos, operator.invert, abs),
    *(int, float, complex, bool, str, repr, hash, round, math.trunc, math.floor, math.ceil),
    *(operator.index, hex, "{:04d}".format),
]
IN_PLACE = {
    "+=": (operator.iadd, [1], [2]),
    "*=": (operator.imul, [1], 2),
    "|=": (operator.ior, {1}, {2}),
    "&=": (operator.iand, {1, 2}, {2}),
    "-=": (operator.isub, {1, 2}, {2}),
    "^=": (operator.ixor, {1, 2}, {2, 3}),
    "|= of dicts": (operator.ior, {1: 1}, {2: 2}),
}
IN_PLACE_OF_NUMBERS = {
    "+=": operator.iadd,
    "-=": operator.isub,
    "*=": operator.imul,
    "/=": operator.itruediv,
    "//=": operator.ifloordiv,
    "%=": operator.imod,
    "**=": operator.ipow,
    "<<=": operator.ilshift,
    ">>=": operator.irshift,
    "&=": operator.iand,
    "|=": operator.ior,
    "^=": operator.ixor,
}
CONTAINERS = {
    "len": len,
    "item": lambda found: found["a"],
    "in": lambda found: ("a" in found, "z" in found),
    "iter": list,
    "reversed": lambda found: list(reversed(found)),
    "keys": lambda found: list(found.keys()),
    "unpacking": lambda found: {**found},
    "call of a method": lambda found: found.get("b", 3),
    "format": lambda found: f"{found}",
    "dir": dir,
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
}


@pytest.mark.parametrize(("work", "one", "other"), BINARY.values(), ids=BINARY)
def test_it_forwards_arithmetic(work, one, other):
    assert work(one, other) == work(proxy_of(one), other)


@pytest.mark.parametrize("name", REFLECTED)
def test_it_forwards_arithmetic_from_the_right(name):
    work, one, other = BINARY[name]

    assert work(one, other) == work(one, proxy_of(other))


def test_it_forwards_matrix_multiplication():
    class Matrix:
        def __matmul__(self, other):
            return ("left", other)

        def __rmatmul__(self, other):
            return ("right", other)

    assert [("left", 1), ("right", 1)] == [proxy_of(Matrix()) @ 1, 1 @ proxy_of(Matrix())]


@pytest.mark.parametrize("work", COMPARISONS, ids=lambda work: work.__name__)
def test_it_forwards_comparisons(work):
    for other in (1, 2, 3):
        assert work(2, other) == work(proxy_of(2), other)


@pytest.mark.parametrize("work", UNARY, ids=lambda work: work.__name__)
def test_it_forwards_conversions_and_signs(work):
    assert work(7) == work(proxy_of(7))


@pytest.mark.parametrize(("work", "one", "other"), IN_PLACE.values(), ids=IN_PLACE)
def test_an_operator_in_place_changes_the_thing_and_keeps_the_proxy(work, one, other):
    thing = copy.copy(one)
    proxy = proxy_of(thing)
    result = work(proxy, other)

    assert result is proxy
    assert work(copy.copy(one), other) == thing == proxy


@pytest.mark.parametrize("work", IN_PLACE_OF_NUMBERS.values(), ids=IN_PLACE_OF_NUMBERS)
def test_in_place_a_thing_that_decides_itself_is_asked(work):
    asked = []

    class Own:
        def __getattr__(self, name):
            raise AttributeError(name)

    def answer(name):
        def method(self, other):
            asked.append((name, other))
            return self

        return method

    name = f"__{work.__name__}__"
    setattr(Own, name, answer(name))
    proxy = proxy_of(Own())
    result = work(proxy, 2)

    assert result is proxy
    assert [(name, 2)] == asked


@pytest.mark.parametrize("look", CONTAINERS.values(), ids=CONTAINERS)
def test_it_forwards_what_is_asked_of_a_container(look):
    thing = {"a": 1, "b": 2}

    assert look(thing) == look(proxy_of(thing))


def test_it_forwards_changes_of_a_container():
    thing = {"a": 1, "b": 2}
    proxy = proxy_of(thing)
    proxy["c"] = 3
    del proxy["a"]
    proxy.update(d=4)

    assert {"b": 2, "c": 3, "d": 4} == thing


def test_it_forwards_slices():
    thing = [0, 1, 2, 3]
    proxy = proxy_of(thing)
    proxy[1:3] = ["x"]

    assert [0, "x", 3] == thing
    assert ["x", 3] == proxy[1:]


def test_it_forwards_steps_of_an_iterator():
    proxy = proxy_of(iter("ab"))

    assert ["a", "b"] == [next(proxy), next(proxy)]


def test_it_forwards_attributes():
    class Thing:
        color = "red"

    thing = Thing()
    proxy = proxy_of(thing)
    proxy.size = 3
    before = (proxy.color, thing.size, hasattr(proxy, "weight"))
    del proxy.size

    assert ("red", 3, False) == before
    assert not hasattr(thing, "size")


def test_it_forwards_calls():
    proxy = proxy_of(lambda *args, **kwargs: (args, kwargs))

    assert ((1, 2), {"a": 3}) == proxy(1, 2, a=3)


def test_it_is_a_context_manager_when_the_thing_is_one():
    steps = []

    class Block:
        def __enter__(self):
            steps.append("in")
            return self

        def __exit__(self, kind, *_):
            steps.append(kind)
            return True

    with proxy_of(Block()):
        raise LookupError

    assert ["in", LookupError] == steps


def test_it_can_be_awaited_when_the_thing_can():
    import asyncio

    async def thing():
        return "done"

    async def main():
        steps = thing()
        return await proxy_of(steps)

    assert "done" == asyncio.run(main())


def test_it_passes_for_the_thing():
    proxy = proxy_of([1])

    assert isinstance(proxy, list)
    assert proxy.__class__ is list
    assert type(proxy) is LocalProxy
    assert "[1]" == str(proxy) == repr(proxy) == format(proxy)


def test_it_gives_the_thing_itself():
    thing = object()

    assert proxy_of(thing)._get_current_object() is thing


def test_it_follows_the_stack():
    stack = LocalStack()
    proxy = stack(unbound_message="nothing there")
    stack.push([1])
    stack.push([1, 2])
    lengths = [len(proxy)]
    stack.pop()
    lengths.append(len(proxy))
    stack.pop()

    assert [2, 1] == lengths
    with pytest.raises(RuntimeError, match="nothing there"):
        len(proxy)


NAMES = ["current_app", "g", "request", "session"]


@pytest.mark.parametrize("name", NAMES)
def test_unbound_it_is_false_and_says_so(name):
    proxy = getattr(flasktrace, name)

    assert not proxy
    assert "<LocalProxy unbound>" == repr(proxy)
    assert [] == dir(proxy)


@pytest.mark.parametrize("name", NAMES)
def test_unbound_it_passes_for_nothing_else(name):
    proxy = getattr(flasktrace, name)

    assert type(proxy) is LocalProxy
    assert isinstance(proxy, LocalProxy)


@pytest.mark.parametrize("name", NAMES)
def test_unbound_it_equals_nothing_and_cannot_be_iterated(name):
    proxy = getattr(flasktrace, name)

    assert proxy != 1
    with pytest.raises(TypeError, match="not iterable"):
        iter(proxy)


USES = {
    "str": str,
    "len": len,
    "call": lambda proxy: proxy(),
    "item": lambda proxy: proxy["a"],
    "attribute": lambda proxy: proxy.a,
    "setting an attribute": lambda proxy: setattr(proxy, "a", 1),
    "+": lambda proxy: proxy + 1,
    "|=": lambda proxy: operator.ior(proxy, {}),
    "in": lambda proxy: "a" in proxy,
    "the object": lambda proxy: proxy._get_current_object(),
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_unbound_every_use_is_an_error_that_says_what_to_do(name, use):
    remedy = r"with app\.app_context\(\):" if name in {"current_app", "g"} else "copy_current"

    with pytest.raises(RuntimeError, match=remedy):
        use(getattr(flasktrace, name))
