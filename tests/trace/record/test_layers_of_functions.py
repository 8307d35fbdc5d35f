"""What stands around a function, and where the function is."""

import functools

import flask
import pytest

import flasktrace
from flasktrace.trace.record.layers import is_frameworks, layer
from flasktrace.trace.record.place import place_of
from tests.trace.record.same import Ask, ask


def view():
    return "fine"


LINE = view.__code__.co_firstlineno


class Counted:
    def __init__(self, function):
        functools.update_wrapper(self, function)
        self.function = function

    def __call__(self):
        return self.function()


class Proxy:
    """Keeps what it wraps in a slot, as wrapt's do, and has nothing else to give."""

    __slots__ = ("__wrapped__", "_self_wrapper")

    def __init__(self, wrapped, wrapper=None):
        self.__wrapped__ = wrapped
        if wrapper is not None:
            self._self_wrapper = wrapper

    def __call__(self):
        return self.__wrapped__()


def audit(wrapped):
    return wrapped()


class Checker:
    def __call__(self):
        return "checked"


@pytest.mark.parametrize(
    ("function", "decorators"),
    [
        (view, ()),
        (functools.partial(view), ()),
        (functools.cache(view), ("cache",)),
        (functools.lru_cache(maxsize=2)(view), ("lru_cache",)),
        (functools.lru_cache(view), ("lru_cache",)),
        (Counted(view), ("Counted",)),
        (Proxy(view), ("Proxy",)),
        (Proxy(view, audit), ("audit",)),
        (Proxy(Counted(functools.cache(view)), audit), ("audit", "Counted", "cache")),
    ],
    ids=map(str, range(8)),  # pytest would ask them for their names
)
def test_a_function_is_found_within_what_is_around_it(function, decorators):
    place = place_of(function)

    assert (place.name, place.line, place.decorators) == ("view", LINE, decorators)
    assert (place.file, place.module) == (__file__, __name__)


def test_an_object_that_can_be_called_is_where_its_class_says_how():
    place = place_of(Checker())

    assert place.name == "tests.trace.record.test_layers_of_functions.Checker"
    assert (place.file, place.line) == (__file__, Checker.__call__.__code__.co_firstlineno)


@pytest.mark.parametrize("what", [len, str, Checker, None, 3, Proxy])
def test_what_no_code_can_be_found_of_has_a_name_only(what):
    assert place_of(what).line == 0
    assert place_of(what).name


def test_wrappers_that_wrap_each_other_come_to_an_end():
    one, other = Counted(view), Counted(view)
    one.__wrapped__, other.__wrapped__ = other, one

    assert place_of(one).name.endswith("Counted")
    assert not is_frameworks(one)


def test_the_frameworks_own_is_known_within_what_is_not_the_apps():
    own = flask.Flask("x").dispatch_request

    @functools.wraps(own)
    def mine():
        return own()

    assert is_frameworks(own)
    assert is_frameworks(Proxy(own))
    assert not is_frameworks(Proxy(own, audit))
    assert not is_frameworks(mine)
    assert not is_frameworks(view)
    assert layer(view) is None


@pytest.mark.parametrize("lib", [flasktrace, flask], ids=["flasktrace", "flask"])
def test_views_and_hooks_in_wrappers_are_named(lib):
    app = lib.Flask("x")
    app.before_request(Proxy(view, audit))
    app.add_url_rule("/", "index", Counted(view))
    with flasktrace.capture(app) as traces:
        ask(app, Ask())
        app.before_request_funcs.clear()
        ask(app, Ask())
    first, second = (trace.verdict for trace in traces)

    here = f"view (test_layers_of_functions.py:{LINE}) or its decorator"
    assert first.startswith(f"200 from before_request {here} audit")
    assert second == f"200 from the view {here} Counted."


def test_what_wrapt_makes_is_seen_through():
    wrapt = pytest.importorskip("wrapt")

    @wrapt.decorator
    def checked(wrapped, instance, args, kwargs):
        return wrapped(*args, **kwargs)

    assert place_of(checked(view))[:3] == ("view", __file__, LINE)
    assert len(place_of(checked(view)).decorators) == 1
    patched = wrapt.FunctionWrapper(flask.Flask.dispatch_request, audit)
    assert not is_frameworks(patched)
