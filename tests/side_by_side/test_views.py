"""Views as classes."""

import pytest

from tests.flasks import OPTIONS_ARE_LISTED
from tests.side_by_side.harness import part, same, same_value

VERBS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW")


def with_view(make, *, rule="/<int:n>", **options):
    """An app with the view that *make* makes of the module's `views`."""

    def build(f):
        app = f.Flask("app")
        app.add_url_rule(rule, view_func=make(f), **options)
        return app

    return build


def items(f, **attributes):
    def get(self, n=0):
        return f"get {n} {f.request.method}"

    def post(self, n=0):
        return {"post": n}, 201

    body = {"get": get, "post": post, **attributes}
    return type("Items", (part(f, "views").MethodView,), body)


def plain(f, **attributes):
    def dispatch_request(self, n=0):
        return f"plain {n} {f.request.method}"

    body = {"dispatch_request": dispatch_request, **attributes}
    return type("Plain", (part(f, "views").View,), body)


@pytest.mark.parametrize("make", [items, plain])
@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"methods": ["GET"]},
        {"methods": ["POST", "put"]},
        {"methods": []},
        {"methods": None},
        {"provide_automatic_options": False},
        pytest.param({"provide_automatic_options": True}, marks=OPTIONS_ARE_LISTED),
        {"init_every_request": False},
    ],
    ids=str,
)
def test_the_same_methods_are_answered(make, attributes):
    build = with_view(lambda f: make(f, **attributes).as_view("it"))
    same(build, *(f"{verb} /5" for verb in VERBS), "/x")


@pytest.mark.parametrize("methods", [["DELETE"], ["GET", "POST", "PATCH"]])
def test_the_rule_may_say_the_methods(methods):
    build = with_view(lambda f: items(f).as_view("it"), methods=methods)
    same(build, *(f"{verb} /5" for verb in VERBS))


@pytest.mark.parametrize("method", [verb.lower() for verb in VERBS])
def test_each_method_has_its_function(method):
    def make(f):
        body = {method: lambda self: f"{method} for {f.request.method}"}
        return type("One", (part(f, "views").MethodView,), body).as_view("one")

    same(with_view(make, rule="/"), *(f"{verb} /" for verb in VERBS))


def test_methods_are_inherited():
    def work(f):
        first = items(f)
        second = type("Second", (first,), {"put": lambda self: "put"})
        third = type("Third", (second, plain(f)), {"methods": ["TRACE"]})
        fourth = type("Fourth", (third,), {"delete": lambda self: "d"})
        mixin = type("Mixin", (), {"patch": lambda self: "p"})
        fifth = type("Fifth", (mixin, f.views.MethodView), {})
        empty = type("Empty", (part(f, "views").MethodView,), {})
        kinds = (first, second, third, fourth, fifth, empty)
        return [kind.methods and sorted(kind.methods) for kind in kinds]

    same_value(work)


def test_the_function_knows_its_class():
    def work(f):
        kind = items(f, __doc__="Items of it.")
        view = kind.as_view("it")
        facts = [view.__name__, view.__doc__, view.__module__, view.view_class is kind]
        return facts, sorted(view.methods), view.provide_automatic_options

    same_value(work)


@pytest.mark.parametrize("each", [True, False])
def test_an_instance_is_made_for_each_request_or_for_all(each):
    def build(f, said):
        class Counting(part(f, "views").View):
            init_every_request = each

            def __init__(self, start, step=1):
                said.append(("made", start, step))
                self.count = start

            def dispatch_request(self):
                self.count += 1
                return str(self.count)

        app = f.Flask("app")
        app.add_url_rule("/", view_func=Counting.as_view("count", 5, step=2))
        return app

    same(build, "/", "/", "/")


@pytest.mark.parametrize("each", [True, False])
def test_decorators_are_put_around_in_the_same_order(each):
    def build(f, said):
        def labelled(label):
            def decorate(function):
                said.append(("decorates", label, function.__name__, function.__module__))

                def around(**values):
                    return label + function(**values)

                return around

            return decorate

        app = f.Flask("app")
        kind = items(f, decorators=[labelled("a"), labelled("b")], init_every_request=each)
        app.add_url_rule("/<int:n>", view_func=kind.as_view("it"))
        said.append(app.view_functions["it"].__name__)
        return app

    same(build, "/1")


def test_the_class_of_the_function_may_be_changed():
    def build(f):
        app = f.Flask("app")
        view = items(f).as_view("it")
        view.view_class = items(f, get=lambda self, n: f"changed {n}")
        app.add_url_rule("/<int:n>", view_func=view)
        return app

    same(build, "/3")


def test_a_view_without_an_answer_fails():
    same(with_view(lambda f: part(f, "views").View.as_view("none"), rule="/"), "/")
    missing = {"methods": ["GET", "PUT"]}
    same(with_view(lambda f: items(f, **missing).as_view("it")), "PUT /1", "GET /1", "HEAD /1")


def test_views_work_in_a_blueprint():
    def build(f):
        app, made = f.Flask("app"), f.Blueprint("part", "app")
        made.add_url_rule("/items/", view_func=items(f).as_view("items"), defaults={"n": 1})
        made.add_url_rule("/items/<int:n>", view_func=items(f).as_view("item"))

        @made.route("/urls")
        def urls():
            return f.url_for(".items") + f.url_for(".item", n=2)

        app.register_blueprint(made, url_prefix="/p")
        return app

    same(build, "/p/items/", "/p/items/7", "POST /p/items/", "/p/urls", "DELETE /p/items/7")


@pytest.mark.parametrize("each", [True, False])
def test_methods_may_be_async(each):
    def build(f):
        class Items(part(f, "views").MethodView):
            init_every_request = each

            async def get(self):
                return f"async {f.request.path}"

            def post(self):
                return "sync"

        class Plain(part(f, "views").View):
            init_every_request = each

            async def dispatch_request(self, n):
                return f"plain {n} {f.request.endpoint}"

        app = f.Flask("app")
        app.add_url_rule("/items", view_func=Items.as_view("items"))
        app.add_url_rule("/<int:n>", view_func=Plain.as_view("plain"))
        return app

    same(build, "/items", "HEAD /items", "POST /items", "/3")


def test_the_known_methods_are_the_same():
    same_value(lambda f: sorted(part(f, "views").http_method_funcs))
