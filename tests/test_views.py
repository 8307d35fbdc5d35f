"""Views as classes; how they answer is compared side by side."""

import pytest

from flasktrace import Flask
from flasktrace.views import MethodView, View


class Items(MethodView):
    """Items of a list."""

    def get(self):
        return "items"


def test_the_methods_are_those_that_have_a_function():
    assert {"GET"} == Items.methods
    assert MethodView.methods is None


def test_the_view_function_is_named_and_described():
    view = Items.as_view("items")

    assert ("items", "Items of a list.", Items) == (view.__name__, view.__doc__, view.view_class)


def test_a_view_must_answer():
    with pytest.raises(NotImplementedError):
        View().dispatch_request()


def test_a_method_without_a_function_is_named():
    app = Flask("app")
    app.testing = True
    app.add_url_rule("/", view_func=Items.as_view("items"), methods=["GET", "PUT"])

    with pytest.raises(NotImplementedError, match="Items has no method 'PUT'"):
        app.test_client().put("/")
