"""What a stage does is told of that stage, also where it is not looked at when it ends."""

import re

import flask
import pytest
from werkzeug.routing import BaseConverter

import flasktrace
from tests.flasks import old_signatures
from tests.trace.record.same import Ask, ask

LIBRARIES = {"flasktrace": flasktrace, "flask": flask}
both = pytest.mark.parametrize("lib", LIBRARIES.values(), ids=LIBRARIES)


def traced(app, path="/"):
    app.secret_key = app.secret_key or "key"
    with flasktrace.capture(app) as traces:
        ask(app, Ask(path))
    assert not traces.last.partial
    return traces.last


def of_g(trace):
    """Stage, key and author of each change of g."""
    return [
        (stage.name, change.key, change.author)
        for stage in trace.stages
        for change in stage.changes
        if change.section == "g"
    ]


def cards(trace, stage):
    return trace.stage(stage).snapshot.cards


@both
@pytest.mark.parametrize(
    ("method", "stage"),
    [
        ("preprocess_request", "preprocess"),
        ("dispatch_request", "dispatch"),
        ("make_response", "make_response"),
        ("process_response", "postprocess"),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_what_an_overridden_stage_sets_is_set_in_that_stage_by_its_method(
    lib, method, stage, first
):
    def override(self, *args, **kwargs):
        if first:
            lib.g.mark = stage
        made = getattr(super(App, self), method)(*args, **kwargs)
        if not first:
            lib.g.mark = stage
        return made

    override.__name__ = method  # flask 3.2 asks for it
    with old_signatures():
        App = type("App", (lib.Flask,), {method: override})  # noqa: N806
    app = App("x")
    app.before_request(lambda: None)
    app.after_request(lambda response: response)
    app.add_url_rule("/", "index", lambda: "fine")
    trace = traced(app)

    [(name, key, author)] = of_g(trace)
    assert (name, key) == (stage, "mark")
    assert author.startswith(f"{method} (test_stages.py:")


def test_what_an_overridden_match_sets_is_set_in_the_match():
    class App(flasktrace.Flask):
        def match_request(self, context):
            flasktrace.g.mark = "match"
            super().match_request(context)

    app = App("x")
    app.add_url_rule("/", "index", lambda: "fine")
    trace = traced(app)

    [(name, key, author)] = of_g(trace)
    assert (name, key) == ("match", "mark")
    assert author.startswith("match_request (test_stages.py:")
    assert cards(trace, "push")[0].sections["g"] == {}
    assert cards(trace, "match")[0].sections["g"] == {"mark": "'match'"}


def test_what_a_converter_sets_is_set_in_the_match():
    class Marking(BaseConverter):
        def to_python(self, value):
            flasktrace.g.mark = value
            return value

    app = flasktrace.Flask("x")
    app.url_map.converters["mark"] = Marking
    app.add_url_rule("/<mark:name>", "index", lambda name: name)
    trace = traced(app, "/ada")

    assert of_g(trace) == [("match", "mark", "a URL converter")]
    assert cards(trace, "push")[0].sections["g"] == {}


def test_stages_before_the_first_function_of_the_user_show_what_stood_there():
    app = flasktrace.Flask("x")
    app.add_url_rule("/", "index", lambda: "fine")
    trace = traced(app)
    named = {"method": "'GET'", "path": "'/'"}
    matched = {**named, "endpoint": "'index'", "rule": "'/'", "view_args": "{}"}
    requests = {stage.name: stage.snapshot.cards for stage in trace.stages}

    assert [card.sections["request"] for card in requests["push"]] == [named]
    assert [card.sections["request"] for card in requests["preprocess"]] == [named]
    assert [card.sections["request"] for card in requests["match"]] == [matched]
    assert [card.sections["request"] for card in requests["dispatch"]] == [matched]
    assert requests["pop"] == ()
    assert [(item.name, change.key) for item in trace.stages for change in item.changes] == [
        ("match", key) for key in ("endpoint", "rule", "view_args")
    ]


@both
def test_a_value_that_two_hooks_change_in_turn_is_told_of_each(lib):
    app = lib.Flask("x")

    @app.before_request
    def one():
        lib.g.items = {"a": 1}

    @app.before_request
    def two():
        lib.g.items["a"] = 2

    @app.before_request
    def three():
        lib.g.items.pop("a")

    app.add_url_rule("/", "index", lambda: "fine")
    trace = traced(app)
    told = [
        (change.author.split()[0], change.before, change.after)
        for change in trace.stage("preprocess").changes
    ]

    assert told == [
        ("one", None, "{'a': 1}"),
        ("two", "{'a': 1}", "{'a': 2}"),
        ("three", "{'a': 2}", "{}"),
    ]


@both
def test_a_watched_context_is_let_go_at_the_end(lib):
    app = lib.Flask("x")
    seen = []

    @app.route("/")
    def index():
        names = vars(lib.globals)
        proxy = names["request_ctx" if "request_ctx" in names else "app_ctx"]
        seen.append(proxy._get_current_object())
        return "fine"

    traced(app)

    assert seen[0].watcher is None


@both
def test_snapshots_are_there_also_where_no_change_may_be_noted(lib):
    app = lib.Flask("x")
    app.add_url_rule("/", "index", lambda: setattr(lib.g, "mark", 1) or "fine")
    with flasktrace.capture(app, limits={"changes": 0}) as traces:
        ask(app, Ask())
    trace = traces.last

    assert cards(trace, "push")[-1].sections["request"]["method"] == "'GET'"
    assert cards(trace, "match")[-1].sections["request"]["endpoint"] == "'index'"
    assert cards(trace, "dispatch")[0].sections["g"] == {"mark": "1"}
    assert trace.changes == ()
    assert trace.dropped["changes"] > 0


@both
def test_an_app_with_a_dispatch_of_its_own_answers_by_it(lib):
    with old_signatures():

        class App(lib.Flask):
            def dispatch_request(self, *args):
                rule = lib.request.url_rule
                if rule.endpoint == "forbidden":
                    lib.abort(403)
                return self.view_functions[rule.endpoint]()

    app = App("x")
    app.add_url_rule("/", "index", lambda: "fine")
    app.add_url_rule("/forbidden", "forbidden", lambda: "never")

    for path, end in (("/", "answers GET for index."), ("/forbidden", "raised Forbidden.")):
        verdict = traced(app, path).verdict
        assert re.search(r"^\d+: the app's own dispatch_request \(test_stages\.py:\d+\) ", verdict)
        assert verdict.endswith(end)


@both
def test_an_app_with_a_preprocess_of_its_own_may_answer_in_it(lib):
    with old_signatures():

        class App(lib.Flask):
            def preprocess_request(self, *args):
                return "early", 203

    app = App("x")
    app.add_url_rule("/", "index", lambda: "never")

    verdict = traced(app).verdict
    assert verdict.startswith("203: the app's own preprocess_request (test_stages.py:")
    # flasktrace matches late: it was not known yet what the request is for.
    assert verdict.endswith(f") answers {'the request' if lib is flasktrace else 'GET for index'}.")


@both
def test_what_a_postprocess_of_the_app_changes_of_the_response_is_its_doing(lib):
    with old_signatures():

        class App(lib.Flask):
            def process_response(self, *args):
                response = super().process_response(*args)
                response.status_code = 299
                response.headers["X-P"] = "1"
                return response

    app = App("x")
    app.add_url_rule("/", "index", lambda: "fine")
    trace = traced(app)

    changed = {item.key: item.author for item in trace.changes if item.section == "response"}
    assert set(changed) == {"status", "header X-P"}
    assert all(item.startswith("process_response (test_stages.py:") for item in changed.values())
    assert trace.verdict.startswith("299: process_response (test_stages.py:")
    assert "before that it was 200 from the view" in trace.verdict


@both
def test_what_a_session_interface_of_the_user_changes_is_its_doing(lib):
    base = __import__(f"{lib.__name__}.sessions", fromlist=["sessions"])

    class Interface(base.SecureCookieSessionInterface):
        def save_session(self, app, session, response):
            lib.g.saved = True
            response.headers["X-Saved"] = "1"

    app = lib.Flask("x")
    app.session_interface = Interface()
    app.add_url_rule("/", "index", lambda: "fine")
    trace = traced(app)

    shown = [item for item in trace.changes if item.section in {"g", "response"}]
    changed = {item.key: item.author for item in shown}
    assert set(changed) == {"saved", "header X-Saved"}
    assert all(item.startswith("save_session (test_stages.py:") for item in changed.values())
