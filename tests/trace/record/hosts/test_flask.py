import functools
import gc
import inspect
import weakref

import flask
import pytest

import flasktrace
from flasktrace.trace.record.hosts.flask import FlaskHost, is_flask
from flasktrace.trace.record.hosts.flask_context import TracedContext
from tests.trace.record.same import Ask, ask

NEW = flask.Flask.dispatch_request.__code__.co_argcount == 2
"""flask 3.2: one context, which the stage methods get as first argument."""

DRESSED = (
    "preprocess_request",
    "dispatch_request",
    "make_response",
    "process_response",
    "request_context",
    "ensure_sync",
)


def traced(app, wanted=None):
    with flasktrace.capture(app) as traces:
        ask(app, wanted or Ask())
    assert not traces.last.partial
    return traces.last


def names(trace):
    return [item.name for item in trace.stages if item.skipped is None]


def test_apps_of_the_real_flask_are_known():
    assert is_flask(flask.Flask("x"))
    assert not is_flask(flasktrace.Flask("x"))


def test_a_context_that_cannot_be_watched_works_as_before():
    app = flask.Flask("shop")
    made = app.request_context
    with app.test_request_context() as context:
        kind = type(context)

    class Final(kind):
        def __init_subclass__(cls):
            raise TypeError("no class below this one")

    def final(environ):
        context = made(environ)
        context.__class__ = Final
        return context

    app.request_context = final
    app.add_url_rule("/", "index", lambda: "fine")
    with flasktrace.capture(app) as traces:
        assert app.test_client().get("/").data == b"fine"

    assert traces.last.partial
    assert traces.last.status == 200


def test_the_host_tells_the_version():
    assert FlaskHost().name.startswith("flask 3.")


def test_stages_are_seen_in_the_order_of_flask():
    app = flask.Flask("x")
    app.add_url_rule("/", "index", lambda: "x")

    assert names(traced(app)) == [
        "push",
        "match",
        "preprocess",
        "dispatch",
        "make_response",
        "postprocess",
        "pop",
    ]


def test_an_app_that_is_not_called_in_a_trace_has_plain_contexts():
    app = flask.Flask("x")
    tracer = flasktrace.Tracer(app, enabled=True, store="memory:")

    with app.test_request_context("/") as context:
        assert not isinstance(context, TracedContext)
    tracer.uninstall()


def test_what_the_user_put_on_the_app_is_there_again_afterwards():
    app = flask.Flask("x")
    own = app.make_response
    app.make_response = own
    tracer = flasktrace.Tracer(app, enabled=True, store="memory:")
    replaced = app.ensure_sync
    app.ensure_sync = lambda function: replaced(function)  # noqa: PLW0108
    mine = app.ensure_sync

    tracer.uninstall()

    assert app.__dict__["make_response"] is own
    assert app.__dict__["ensure_sync"] is mine
    assert "dispatch_request" not in app.__dict__


def test_dressed_methods_keep_their_names():
    app = flask.Flask("x")
    tracer = flasktrace.Tracer(app, enabled=True, store="memory:")

    found = [app.dispatch_request.__name__, app.ensure_sync.__name__, app.request_context.__name__]

    tracer.uninstall()
    assert found == ["dispatch_request", "ensure_sync", "request_context"]


@pytest.mark.parametrize("replaced", [False, True])
def test_dressed_methods_are_methods_of_the_app(replaced):
    app = flask.Flask("x")
    if replaced:
        for name in DRESSED:  # by functions, whose owner nobody can tell
            setattr(app, name, functools.partial(getattr(app, name)))
    asked = [inspect.signature(getattr(app, name)) for name in DRESSED]
    tracer = flasktrace.Tracer(app, enabled=True, store="memory:")

    found = [getattr(app, name) for name in DRESSED]

    tracer.uninstall()
    assert all(item.__self__ is app for item in found)
    assert [inspect.signature(item) for item in found] == asked


def test_an_agent_that_asks_a_method_whose_it_is_works_after_wrap():
    app = flask.Flask("x")
    app.before_request(lambda: None)
    app.add_url_rule("/", "index", lambda: "fine")
    with flasktrace.capture(app) as traces:
        method = app.preprocess_request

        def preprocess_request(*args):
            assert None in method.__self__.before_request_funcs
            return method(*args)

        app.preprocess_request = preprocess_request
        assert app.test_client().get("/").data == b"fine"

    assert [len(item.runs) for item in traces.last.stages] == [1] * 7


def test_a_subclass_with_its_own_stage_methods_has_one_run_of_each():
    class App(flask.Flask):
        def make_response(self, rv):
            return super().make_response(rv)

        if NEW:

            def preprocess_request(self, ctx):
                return super().preprocess_request(ctx)
        else:

            def preprocess_request(self):
                return super().preprocess_request()

    app = App("x")
    app.add_url_rule("/", "index", lambda: flask.make_response("x"))

    trace = traced(app)

    assert [len(item.runs) for item in trace.stages] == [1] * 7


def test_hooks_of_blueprints_are_spans_too():
    app, blueprint = flask.Flask("x"), flask.Blueprint("shop", "shop")
    app.before_request(lambda: None)

    @blueprint.before_request
    def check():
        return "closed"

    blueprint.add_url_rule("/", "index", lambda: "x")
    app.register_blueprint(blueprint)

    trace = traced(app)

    assert [item.name for item in trace.spans if item.kind == "before_request"][1] == "check"
    assert "hook 2 of 2; the view of shop.index never ran" in trace.verdict


def test_class_based_views_are_named():
    from flask.views import MethodView

    class Page(MethodView):
        def get(self):
            return "x"

    app = flask.Flask("x")
    app.add_url_rule("/", view_func=Page.as_view("page"))

    trace = traced(app)

    assert [item.kind for item in trace.spans[1:3]] == ["view", "call"]
    assert "the view Page.get (test_flask.py:" in trace.verdict


def test_the_cards_are_those_of_flask():
    app = flask.Flask("x")
    app.secret_key = "key"

    @app.route("/<name>")
    def index(name):
        flask.session["a"] = 1
        flask.g.b = 2
        flask.flash("hello")
        return ",".join(flask.get_flashed_messages())

    cards = traced(app, Ask("/ada")).stage("dispatch").snapshot.cards

    assert [item.kind for item in cards] == (["request"] if NEW else ["app", "request"])
    merged = {}
    for card in cards:
        for section, values in card.sections.items():
            merged.setdefault(section, {}).update(values)
    assert merged["g"] == {"b": "2"}
    assert merged["session"]["a"] == "1"
    assert merged["request"] == {
        "method": "'GET'",
        "path": "'/ada'",
        "endpoint": "'index'",
        "rule": "'/<name>'",
        "view_args": "{'name': 'ada'}",
    }
    assert "hello" in merged["flashes"]["0"]
    assert merged["url_adapter"]["server_name"] == "'localhost'"


def test_a_session_that_nobody_reads_stays_unread():
    app = flask.Flask("x")
    app.secret_key = "key"
    app.add_url_rule("/", "index", lambda: "x")
    tracer = flasktrace.Tracer(app, enabled=True, store="memory:")

    headers = ask(app, Ask())["starts"][0][1]

    tracer.uninstall()
    assert not {"Vary", "Set-Cookie"} & dict(headers).keys()


@pytest.mark.parametrize(
    "call", [lambda c: c.pop(), lambda c: c.pop(None), lambda c: c.pop(exc=None)]
)
def test_a_watched_context_is_popped_in_every_spelling(call):
    app = flask.Flask("x")
    app.add_url_rule("/", "index", lambda: "x")
    seen = []

    def wsgi(environ, start_response):
        context = app.request_context(environ)
        context.push()
        seen.append(isinstance(context, TracedContext))
        call(context)
        start_response("200 OK", [])
        return []

    app.wsgi_app = wsgi

    assert names(traced(app)) == ["push", "match", "pop"]
    assert seen == [True]


def test_teardown_of_request_and_app_are_told_apart():
    app = flask.Flask("x")
    app.add_url_rule("/", "index", lambda: "x")
    app.teardown_request(lambda error: None)
    app.teardown_appcontext(lambda error: None)

    kinds = [item.kind for item in traced(app).spans if item.stage == "pop"]

    assert kinds == ["teardown_request", "teardown_appcontext"]


def test_callables_of_the_user_are_never_compared():
    class Hook:
        def __init__(self):
            self.compared = 0

        def __call__(self, *args):
            return args[0] if args else None

        def __eq__(self, _other):
            self.compared += 1
            return True

        __hash__ = None

    hooks = [Hook() for _ in range(4)]
    app = flask.Flask("x")
    app.add_url_rule("/", "index", lambda: "x")
    app.after_request(hooks[0])
    app.after_request(hooks[1])
    app.teardown_appcontext(hooks[2])
    app.teardown_appcontext(hooks[3])

    traced(app)

    assert [hook.compared for hook in hooks] == [0] * 4


def test_a_context_is_gone_after_its_request():
    app = flask.Flask("x")
    seen = []

    @app.route("/")
    def index():
        from flask.globals import app_ctx

        seen.append(weakref.ref(app_ctx._get_current_object()))
        return "x"

    traced(app)
    gc.collect()

    assert seen[0]() is None


def test_a_page_streamed_with_its_context_is_popped_once():
    app = flask.Flask("x")

    @app.route("/")
    def index():
        return flask.Response(flask.stream_with_context(part for part in ["a", "b"]))

    trace = traced(app)

    assert len(trace.stage("pop").runs) == 1
    assert trace.response.bytes == 2
