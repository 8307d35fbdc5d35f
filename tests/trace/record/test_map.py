"""The map of an app: what will run for each endpoint, in which order, before any request."""

from importlib import import_module

import flask
import pytest

import flasktrace
from flasktrace.trace.record.map import describe_map
from tests.flasks import old_signatures


def make(framework):
    """Make an app with a hook of each kind, on the app and on a blueprint."""
    app = framework.Flask("shop")
    inner = framework.Blueprint("inner", "inner", url_prefix="/inner")

    def named(name, answers=False):
        def hook(*arguments, **_more):
            ran.append(name)
            return arguments[0] if answers else None

        hook.__name__ = name
        return hook

    ran = []
    for owner, prefix in ((app, "app"), (inner, "bp")):
        owner.url_value_preprocessor(named(f"{prefix}_values"))
        for number in (1, 2):
            owner.before_request(named(f"{prefix}_before_{number}"))
            owner.after_request(named(f"{prefix}_after_{number}", answers=True))
            owner.teardown_request(named(f"{prefix}_teardown_{number}"))
    app.teardown_appcontext(named("last_1"))
    app.teardown_appcontext(named("last_2"))

    @inner.route("/<int:number>", methods=["GET", "POST"])
    def page(number):
        ran.append("page")
        return (
            framework.render_template_string("x")
            if number < 0
            else "never cart.html, pages/of.html"
        )

    @app.route("/")
    def home():
        return framework.render_template("home.html")

    app.register_error_handler(404, named("not_found"))
    app.register_error_handler(LookupError, named("lost"))
    inner.register_error_handler(KeyError, named("key"))
    app.register_blueprint(inner)
    return app, ran


@pytest.fixture(params=[flask, flasktrace], ids=lambda module: module.__name__)
def made(request):
    app, ran = make(request.param)
    return request.param, app, ran


def of(app, endpoint):
    return {item["endpoint"]: item for item in describe_map(app)}[endpoint]


def test_the_steps_stand_in_the_order_in_which_they_run(made):
    _, app, ran = made
    steps = [item["name"] for item in of(app, "inner.page")["steps"]]

    assert app.test_client().get("/inner/3").status_code == 200

    assert steps == ran
    assert len(steps) == 17


def test_steps_of_a_blueprint_are_for_its_own_endpoints_only(made):
    _, app, _ = made
    told = of(app, "home")

    assert {item["scope"] for item in told["steps"]} == {None}
    assert {item["scope"] for item in of(app, "inner.page")["steps"]} == {None, "inner"}
    assert told["view"]["place"].startswith("home (test_map.py:")
    assert told["templates"] == ["home.html"]


def test_rules_come_with_their_methods(made):
    _, app, _ = made

    assert of(app, "inner.page")["rules"] == [
        {"rule": "/inner/<int:number>", "methods": ["GET", "HEAD", "OPTIONS", "POST"]}
    ]


def test_handlers_stand_in_the_order_in_which_they_are_asked(made):
    _, app, _ = made
    handlers = of(app, "inner.page")["handlers"]

    assert [(item["for"], item["scope"], item["name"]) for item in handlers] == [
        ("404", None, "not_found"),
        ("KeyError", "inner", "key"),
        ("LookupError", None, "lost"),
    ]
    assert [item["for"] for item in of(app, "home")["handlers"]] == ["404", "LookupError"]


@pytest.mark.parametrize("framework", [flask, flasktrace], ids=lambda module: module.__name__)
def test_methods_of_the_apps_own_that_answer_exceptions_stand_around_the_handlers(framework):
    with old_signatures():

        class Mine(framework.Flask):
            def handle_user_exception(self, e):
                return super().handle_user_exception(e)

    app = Mine("shop")
    app.handle_exception = lambda _error: "mine"
    app.register_error_handler(404, lambda _error: "")
    before = of(app, "static")["handlers"]
    with flasktrace.capture(app):
        watched = of(app, "static")["handlers"]

    assert [(item["for"], item.get("method")) for item in before] == [
        ("each exception", "handle_user_exception"),
        ("404", None),
        ("what nobody handles", "handle_exception"),
    ]
    assert before[0]["place"].startswith("handle_user_exception (test_map.py:")
    assert watched == before


def test_a_class_of_views_has_its_functions_as_far_as_rules_lead(made):
    framework, app, _ = made
    views = import_module(f"{framework.__name__}.views")

    class Items(views.MethodView):
        def get(self):
            return ""

        def post(self):
            return ""

        def put(self):
            return ""

    app.add_url_rule("/items", view_func=Items.as_view("items"), methods=["GET", "PUT"])
    view = of(app, "items")["view"]

    assert [item["name"].rpartition(".")[2] for item in view["functions"]] == ["get", "put"]
    assert view["functions"][0]["place"].endswith(f"Items.get (test_map.py:{view['line']})")


def test_receivers_of_signals_are_told_without_the_tracers_own(made):
    framework, app, _ = made
    other, _ = make(framework)

    def heard(_sender, **_more):
        pass

    framework.request_started.connect(heard, sender=app)
    with flasktrace.capture(app):
        found = [(item["signal"], item["name"]) for item in of(app, "home")["receivers"]]

    assert found == [("request_started", "heard")]
    assert of(other, "home")["receivers"] == []


def test_the_map_is_the_same_while_the_app_is_watched(made):
    _, app, _ = made
    before = describe_map(app)

    with flasktrace.capture(app):
        assert describe_map(app) == before


@pytest.mark.parametrize("other", [lambda _environ, _start: [], None, object()])
def test_what_is_no_flask_app_has_no_map(other):
    assert describe_map(other) == []
