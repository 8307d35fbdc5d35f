import functools
import re

import flask
import pytest
from flask import views as flask_views

import flasktrace
from flasktrace import views
from flasktrace.trace.record.place import Place, place_of


class Base(views.MethodView):
    model = ""

    def get(self):
        return self.model


GET = Base.get.__code__.co_firstlineno


class Child(Base):
    model = "child"


class FlaskChild(flask_views.MethodView):
    model = "child"


@pytest.mark.parametrize("kind", [Base, Child])
def test_a_class_of_views_is_where_its_functions_are(kind):
    place = place_of(kind.as_view("shown"))

    assert (place.name, place.line) == (kind.__name__, Base.get.__code__.co_firstlineno)
    assert place.file == __file__


def test_a_class_without_functions_of_the_users_is_no_place_in_the_framework():
    assert place_of(FlaskChild.as_view("shown")) == Place("FlaskChild", "", 0)


@pytest.mark.parametrize("lib", [flasktrace, flask], ids=["flasktrace", "flask"])
def test_a_view_of_a_class_without_functions_names_the_class_above(lib):
    app = lib.Flask("x")
    parent = views.MethodView if lib is flasktrace else flask_views.MethodView
    above = type("Above", (parent,), {"get": lambda _self: "fine"})
    app.add_url_rule("/", view_func=type("Below", (above,), {}).as_view("below"))
    with flasktrace.capture(app) as traces:
        app.test_client().get("/")

    assert traces.last.verdict.startswith("200 from the view Below.get (test_place.py:")


def first(function):
    @functools.wraps(function)
    def wrapper(*args):
        return "no" if flasktrace.request.args else function(*args)

    return wrapper


class Second:
    def __init__(self, name):
        self.name = name

    def __call__(self, function):
        @functools.wraps(function)
        def wrapper(*args):
            return function(*args)

        return wrapper


def test_a_place_names_the_decorators():
    def view():
        pass

    place = place_of(first(Second("x")(view)))

    assert (place.name, place.decorators) == ("view", ("first", "Second.__call__"))
    assert str(place).endswith(f":{place.line}) or its decorators first, Second.__call__")
    assert place_of(view).decorators == ()
    assert "decorators" not in place_of(view).attributes()


def test_the_place_of_a_class_of_views_is_that_of_the_method():
    kind = type("Shelf", (Base,), {"post": lambda _self: "made", "decorators": [first]})
    place = place_of(kind.as_view("shelf"))

    assert str(place.of("GET")) == f"Shelf.get (test_place.py:{GET}) or its decorator first"
    assert place.of("HEAD") == place.of("GET")
    assert str(place.of("POST")).startswith("Shelf.post (test_place.py:")
    assert place.of("DELETE") is place
    assert place.of(None) is place


def test_a_class_of_views_with_its_own_dispatch_runs_that_at_first():
    kind = type("Shelf", (Base,), {"dispatch_request": lambda _self: "all"})
    place = place_of(kind.as_view("shelf"))

    assert {place.of(name).name for name in ("GET", "DELETE")} == {"Shelf.dispatch_request"}


def test_a_class_of_views_is_dispatched_by_a_library_around_the_method():
    space = {"__name__": "library", "Base": Base}
    code = """class Resource(Base):
    def dispatch_request(self):
        return super().dispatch_request()"""
    exec(compile(code, "/usr/lib/python3/site-packages/library.py", "exec"), space)
    kind = type("Shelf", (space["Resource"],), {})

    place = place_of(kind.as_view("shelf")).of("GET")

    assert (place.name, place.line) == ("Shelf.get", GET)
    assert place.decorators == ("Resource.dispatch_request",)


def maker(*_roles):
    def decorator(function):
        @functools.wraps(function)
        def wrapper(*args):
            return function(*args)

        return wrapper

    return decorator


def test_a_decorator_has_the_name_that_the_user_wrote():
    def inside(function):
        @functools.wraps(function)
        def wrapper(*args):
            return function(*args)

        return wrapper

    names = place_of(maker("staff")(inside(first))).decorators

    here = "test_a_decorator_has_the_name_that_the_user_wrote"
    assert names == ("maker", f"{here}.inside")


def test_a_decorator_that_may_have_answered_is_named_with_the_view():
    app = flasktrace.Flask("x")

    @app.route("/")
    @first
    def index():
        return "yes"

    with flasktrace.capture(app) as traces:
        app.test_client().get("/")
        app.test_client().get("/?a=1")

    for trace in traces:
        assert trace.verdict.startswith("200 from the view index (test_place.py:")
        assert trace.verdict.endswith(") or its decorator first.")
        assert [item.attributes["decorators"] for item in trace.spans if item.kind == "view"] == [
            "first"
        ]


def checking(when):
    """A decorator that raises before the function is called, after it, or because of it."""

    def decorator(function):
        @functools.wraps(function)
        def check(*args):
            if when == "before":
                raise PermissionError("not you")
            try:
                function(*args)
            except LookupError as error:
                if when == "because":
                    raise PermissionError("not that") from error
                raise
            raise PermissionError("not so")

        return check

    return decorator


@pytest.mark.parametrize("lib", [flasktrace, flask], ids=["flasktrace", "flask"])
@pytest.mark.parametrize(
    ("when", "told"),
    [
        ("before", "PermissionError: not you raised by check (F), a decorator of the view V, no"),
        ("because", "PermissionError: not that raised by check (F) in the view V, no"),
        ("never", "LookupError: gone raised by the view V, no"),
    ],
)
def test_an_exception_tells_whether_the_view_has_run(lib, when, told):
    app = lib.Flask("x")

    @app.route("/")
    @checking(when)
    def index():
        raise LookupError("gone")

    with flasktrace.capture(app) as traces:
        app.test_client().get("/")

    verdict = re.sub(r"index \(test_place.py:\d+\)", "V", traces.last.verdict)
    assert re.sub(r"test_place.py:\d+", "F", verdict).startswith(f"500: {told} handler for it.")


@pytest.mark.parametrize("lib", [flasktrace, flask], ids=["flasktrace", "flask"])
def test_a_decorator_that_raises_afterwards_is_not_said_to_keep_the_view_from_running(lib):
    app = lib.Flask("x")
    app.add_url_rule("/", "index", checking("after")(lambda: "fine"))

    with flasktrace.capture(app) as traces:
        app.test_client().get("/")

    assert "raised by check (test_place.py:" in traces.last.verdict
    assert "never ran" not in traces.last.verdict


def passing(function):
    """A decorator that only hands on, as one for cross-origin headers does."""

    @functools.wraps(function)
    def wrapper(*args):
        return function(*args)

    return wrapper


def refuse():
    raise PermissionError("not you")


def refusing(function):
    """A decorator that asks a function whether to refuse."""

    @functools.wraps(function)
    def check(*args):
        refuse()
        return function(*args)

    return check


@pytest.mark.parametrize("lib", [flasktrace, flask], ids=["flasktrace", "flask"])
@pytest.mark.parametrize("around", [refusing, lambda inner: passing(refusing(passing(inner)))])
def test_of_several_decorators_the_one_that_raised_is_named(lib, around):
    app = lib.Flask("x")
    app.add_url_rule("/", "index", around(lambda: "fine"))

    with flasktrace.capture(app) as traces:
        app.test_client().get("/")

    found = re.sub(r"\(test_place.py:\d+\)", "(F)", traces.last.verdict)
    assert "raised by refuse (F) in check (F), a decorator of the view <lambda> (F)" in found
