import flask
import pytest
from flask import views as flask_views

import flasktrace
from flasktrace import views
from flasktrace.trace.record.place import place_of


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
    assert place_of(FlaskChild.as_view("shown")) == ("FlaskChild", "", 0, "")


@pytest.mark.parametrize("lib", [flasktrace, flask], ids=["flasktrace", "flask"])
def test_a_view_of_a_class_without_functions_names_the_class_above(lib):
    app = lib.Flask("x")
    parent = views.MethodView if lib is flasktrace else flask_views.MethodView
    above = type("Above", (parent,), {"get": lambda _self: "fine"})
    app.add_url_rule("/", view_func=type("Below", (above,), {}).as_view("below"))
    with flasktrace.capture(app) as traces:
        app.test_client().get("/")

    assert traces.last.verdict.startswith("200 from the view Below (test_place.py:")
