"""Which of how many hooks each one was, and why it ran there."""

import flask
import pytest

import flasktrace
from tests.trace.record.same import Ask, ask

LIBRARIES = {"flasktrace": flasktrace, "flask": flask}
both = pytest.mark.parametrize("lib", LIBRARIES.values(), ids=LIBRARIES)


def named(name, given=None):
    def hook(*_args):
        return given if given != "the response" else _args[0]

    hook.__name__ = name
    return hook


def traced(app, path="/", **options):
    with flasktrace.capture(app, **options) as traces:
        ask(app, Ask(path))
    assert not traces.last.partial
    return traces.last


def places(trace, *kinds):
    """Return name, order and why of the hooks of some kinds, in the order of their run."""
    return [
        (item.name, item.attributes.get("order"), item.attributes.get("why"))
        for item in trace.spans
        if item.kind in kinds
    ]


def shop(lib):
    """Make an app with a blueprint in a blueprint, with hooks of all of them."""
    app = lib.Flask("x")
    outer, inner = lib.Blueprint("shop", "x"), lib.Blueprint("admin", "x")
    for owner, name in ((inner, "inner"), (outer, "outer"), (app, "app")):
        for number in (1, 2) if owner is app else (1,):
            owner.url_value_preprocessor(named(f"{name}{number}"))
            owner.before_request(named(f"{name}{number}"))
            owner.after_request(named(f"{name}{number}", "the response"))
            owner.teardown_request(named(f"{name}{number}"))
    inner.add_url_rule("/", "index", lambda: "x")
    outer.register_blueprint(inner)
    app.register_blueprint(outer)
    app.add_url_rule("/plain", "plain", lambda: "x")
    return app


@both
@pytest.mark.parametrize("kind", ["url_value_preprocessor", "before_request"])
def test_hooks_before_the_view_run_from_the_app_inwards(lib, kind):
    assert places(traced(shop(lib)), kind) == [
        ("app1", "1 of 4", "the app's, before those of blueprint shop"),
        ("app2", "2 of 4", "the app's, before those of blueprint shop"),
        ("outer1", "3 of 4", "blueprint shop, after the app's"),
        ("inner1", "4 of 4", "blueprint shop.admin, after those of blueprint shop"),
    ]


@both
@pytest.mark.parametrize("kind", ["after_request", "teardown_request"])
def test_hooks_after_the_view_run_outwards_in_reverse(lib, kind):
    last = "the app's, after those of blueprint shop, in reverse: registered"

    assert places(traced(shop(lib)), kind) == [
        ("inner1", "1 of 4", "blueprint shop.admin, before those of blueprint shop"),
        ("outer1", "2 of 4", "blueprint shop, after those of blueprint shop.admin"),
        ("app2", "3 of 4", f"{last} 2nd of 2"),
        ("app1", "4 of 4", f"{last} 1st of 2"),
    ]


@both
def test_hooks_of_other_blueprints_do_not_count(lib):
    trace = traced(shop(lib), "/plain")

    assert places(trace, "before_request") == [
        ("app1", "1 of 2", "the app's"),
        ("app2", "2 of 2", "the app's"),
    ]
    assert places(trace, "after_request")[0][2] == "the app's, in reverse: registered 2nd of 2"


@both
def test_a_hook_that_answers_shows_how_many_there_would_have_been(lib):
    app = lib.Flask("x")
    app.before_request(named("first", "early"))
    app.before_request(named("second"))

    assert places(traced(app), "before_request") == [("first", "1 of 2", "the app's")]


@both
def test_a_function_that_is_registered_twice_is_two_hooks(lib):
    app, hook = lib.Flask("x"), named("hook")
    app.before_request(hook)
    app.before_request(named("between"))
    app.before_request(hook)

    assert [item[:2] for item in places(traced(app), "before_request")] == [
        ("hook", "1 of 3"), ("between", "2 of 3"), ("hook", "3 of 3"),
    ]  # fmt: skip


@both
def test_a_lone_hook_is_the_only_one(lib):
    app = lib.Flask("x")
    app.teardown_appcontext(named("end"))

    assert places(traced(app), "teardown_appcontext") == [("end", "1 of 1", "the only one")]


@both
def test_functions_for_this_request_come_before_the_other_hooks(lib):
    app = lib.Flask("x")
    app.after_request(named("always", "the response"))

    @app.route("/")
    def index():
        lib.after_this_request(named("once", "the response"))
        lib.after_this_request(named("again", "the response"))
        return "x"

    why = "of this request alone, before the other after-hooks"
    assert places(traced(app), "after_this_request", "after_request") == [
        ("once", "1 of 2", why),
        ("again", "2 of 2", why),
        ("always", "1 of 1", "the only one"),
    ]


def test_what_the_framework_gives_to_each_template_does_not_count():
    app = flasktrace.Flask("x")
    app.context_processor(named("words", {"a": 1}))
    app.add_url_rule("/", "index", lambda: flasktrace.render_template_string("{{ a }}"))

    assert places(traced(app), "context_processor") == [("words", "1 of 1", "the only one")]


@both
def test_a_hook_that_is_added_later_counts(lib):
    app = lib.Flask("x")
    app.before_request(named("first"))
    app.add_url_rule("/", "index", lambda: "x")

    with flasktrace.capture(app) as traces:
        ask(app, Ask())
        app.before_request_funcs[None].append(named("late"))
        ask(app, Ask())

    assert [item[1] for item in places(traces[0], "before_request")] == ["1 of 1"]
    assert [item[1] for item in places(traces[1], "before_request")] == ["1 of 2", "2 of 2"]


@both
def test_a_hook_that_replaced_another_has_no_place_that_would_be_wrong(lib):
    app = lib.Flask("x")
    app.before_request(named("first"))
    app.add_url_rule("/", "index", lambda: "x")

    with flasktrace.capture(app) as traces:
        ask(app, Ask())
        app.before_request_funcs[None][:] = [named("other")]
        ask(app, Ask())

    assert places(traces[1], "before_request") == [("other", None, None)]


@both
def test_tables_of_an_odd_kind_are_left_alone(lib):
    class Odd(list):
        def __len__(self):
            raise SystemExit("touched")

    app = lib.Flask("x")
    app.before_request_funcs[None] = Odd([named("first")])
    app.after_request_funcs = {None: (named("after", "the response"),)}

    assert places(traced(app), "before_request", "after_request") == [
        ("first", None, None),
        ("after", None, None),
    ]


@both
def test_the_module_of_a_function_is_told(lib):
    app = lib.Flask("x")
    app.add_url_rule("/", "index", lambda: "x")

    view = next(item for item in traced(app).spans if item.kind == "view")

    assert view.attributes["code.module.name"] == __name__
