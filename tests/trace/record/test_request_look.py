import functools

import flask
import pytest
from werkzeug.utils import cached_property

import flasktrace
from flasktrace.trace.record.request_look import first, given
from tests.trace.record.apps import Hostile
from tests.trace.record.same import Ask, ask

LIBRARIES = {"flasktrace": flasktrace, "flask": flask}
both = pytest.mark.parametrize("lib", LIBRARIES.values(), ids=LIBRARIES)


def changes(app, wanted=None):
    with flasktrace.capture(app) as traces:
        ask(app, wanted or Ask())
    own = {"endpoint", "rule", "view_args", "routing_exception"}
    return [
        (item.key, item.before, item.after, item.author.split(" (")[0].rpartition(".")[2])
        for item in traces.last.changes
        if item.section == "request" and item.key not in own
    ]


@both
def test_what_a_hook_puts_on_the_request_is_its_change(lib):
    app = lib.Flask("x")

    @app.before_request
    def load_user():
        lib.request.user = "ada"
        lib.request.tags = [1]
        lib.request.password = "hunter2"
        lib.request._own = 1

    @app.before_request
    def other():
        lib.request.tags.append(2)
        lib.request.user = "bob"

    @app.route("/")
    def index():
        del lib.request.user
        lib.request.late = 1
        return "x"

    assert changes(app) == [
        ("user", None, "'ada'", "load_user"),
        ("tags", None, "[1]", "load_user"),
        ("password", None, "••• str(7)", "load_user"),
        ("user", "'ada'", "'bob'", "other"),
        ("tags", "[1]", "[1, 2]", "other"),
        ("late", None, "1", "index"),
        ("user", "'bob'", None, "index"),
    ]


@both
def test_what_the_framework_keeps_on_the_request_is_no_change(lib):
    app = lib.Flask("x")
    app.secret_key = "key"

    class Request(lib.Request):
        @cached_property
        def kept(self):
            return 1

        @functools.cached_property
        def kept_too(self):
            return 2

    app.request_class = Request

    @app.route("/", methods=["POST"])
    def index():
        asked = lib.request
        parts = (asked.form, asked.args, asked.files, asked.values, asked.cookies, asked.host)
        more = (asked.accept_languages, asked.authorization, asked.user_agent, asked.base_url)
        return str((parts, more, asked.get_json(silent=True), asked.kept, asked.kept_too))

    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert changes(app, Ask("/", "POST", b"a=1", kind)) == []


@both
def test_what_a_class_of_the_app_begins_with_is_no_change_until_it_changes(lib):
    app = lib.Flask("x")

    class Request(lib.Request):
        def __init__(self, *args, **named):
            super().__init__(*args, **named)
            self.user = None

    app.request_class = Request

    @app.route("/")
    def index():
        lib.request.user = "ada"
        return "x"

    assert changes(app) == [("user", "None", "'ada'", "index")]


def test_attributes_of_strange_names_and_kinds_are_not_touched():
    class Odd(dict):
        def __iter__(self):
            raise AssertionError

    Hostile.calls = 0
    request = flask.Request({})
    attributes = {1: 1, "thing": Hostile(), "_thing": Hostile(), "method": "GET"}

    assert given(request, attributes) == ["thing"]
    assert first(request, attributes) == []
    assert given(request, Odd(a=1)) == []
    assert Hostile.calls == 0
