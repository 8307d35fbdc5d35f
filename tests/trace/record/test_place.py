import functools

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

    assert traces.last.verdict.startswith("200 from the view Below (test_place.py:")


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
    assert str(place).endswith(f":{place.line}, decorated by first, Second.__call__)")
    assert place_of(view).decorators == ()
    assert "decorators" not in place_of(view).attributes()


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
        assert trace.verdict.endswith(", decorated by first).")
        assert [item.attributes["decorators"] for item in trace.spans if item.kind == "view"] == [
            "first"
        ]
