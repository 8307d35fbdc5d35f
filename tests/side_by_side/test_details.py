"""What is easily overlooked: contexts by hand, explanations in the log, tags, hooks for methods."""

import logging
import os

import pytest

from tests.flasks import CONTEXT_FIRST, other_since_3_2
from tests.side_by_side.harness import KEY, part, same, same_value


def small(f, said=None):
    app = f.Flask("app")
    said = [] if said is None else said
    app.before_request(lambda: said.append("before"))
    app.after_request(lambda response: said.append("after") or response)
    app.teardown_request(lambda error: said.append(f"request {error!r}"))
    app.teardown_appcontext(lambda error: said.append(f"context {error!r}"))

    @app.route("/<what>")
    def view(what):
        if what == "crash":
            raise ZeroDivisionError("crash")
        return f"view {what}"

    return app


TOLD = other_since_3_2("a context that is popped knows only the error that it is given")


@CONTEXT_FIRST
@pytest.mark.parametrize("path", ["/a", "/crash", "/a/b"])
def test_a_request_may_be_dispatched_by_hand(path):
    def work(f):
        said = []
        app = small(f, said)
        app.register_error_handler(404, lambda error: ("lost", 404))
        with app.test_request_context(path):
            response = app.full_dispatch_request()
        return response.status, response.data, said

    same_value(work)


@pytest.mark.parametrize("kind", ["app_context", "test_request_context"])
@pytest.mark.parametrize("given", [pytest.param((), marks=TOLD), (None,), (KeyError("given"),)])
def test_a_context_popped_in_an_except_block_knows_the_error(kind, given):
    def work(f):
        said = []
        context = getattr(small(f, said), kind)()
        context.push()
        try:
            {}["there"]
        except LookupError:
            context.pop(*given)
        return said

    same_value(work)


@CONTEXT_FIRST
@pytest.mark.parametrize("name", ["do_teardown_request", "do_teardown_appcontext"])
def test_teardown_by_hand_knows_the_error(name):
    def work(f):
        said = []
        app = small(f, said)
        with app.test_request_context():
            try:
                {}["there"]
            except LookupError:
                getattr(app, name)()
                getattr(app, name)(None)
        return said

    same_value(work)


def test_teardown_hears_of_the_first_error():
    def build(f, said):
        app = small(f, said)

        @app.errorhandler(Exception)
        def handled(error):
            raise KeyError("second")

        @app.errorhandler(404)
        def lost(error):
            raise LookupError("second")

        return app

    same(build, "/crash", "/a/b", "/a")


@pytest.mark.parametrize("explain", [True, False])
@pytest.mark.parametrize("name", ["all.html", "app.html", "part.html", "none.html"])
def test_the_search_for_a_template_is_explained(name, explain, tmp_path, caplog):
    for label in ("app", "part"):
        (tmp_path / label / "templates").mkdir(parents=True)
        for file in ("all.html", f"{label}.html"):
            (tmp_path / label / "templates" / file).write_text(label)

    def build(f):
        app = f.Flask("app", root_path=str(tmp_path / "app"))
        app.config["EXPLAIN_TEMPLATE_LOADING"] = explain
        made = f.Blueprint(
            "part", "app", template_folder="templates", root_path=str(tmp_path / "part")
        )
        app.register_blueprint(made)
        app.add_url_rule("/", "index", lambda: f.render_template(name))
        app.register_error_handler(Exception, lambda error: type(error).__name__)
        return app

    with caplog.at_level(logging.INFO, "app"):
        same(build, "/")
    told = [record.getMessage() for record in caplog.records]

    assert (2 if explain else 0) == len(told)
    assert all(repr(name) in text for text in told)


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize("reload", [True, False, None])
def test_templates_are_reloaded_in_the_same_cases(debug, reload):
    def work(f):
        app = f.Flask("app")
        app.config["TEMPLATES_AUTO_RELOAD"] = reload
        app.debug = debug
        first = app.jinja_env.auto_reload
        app.debug = not debug
        return first, app.jinja_env.auto_reload

    same_value(work)


def test_macros_are_taken_from_a_template(tmp_path):
    (tmp_path / "templates").mkdir()
    source = "{% macro hello(who) %}Hello {{ who }}!{% endmacro %}{% set answer = 42 %}"
    (tmp_path / "templates" / "parts.html").write_text(source)

    def work(f):
        app = f.Flask("app", root_path=str(tmp_path))
        with app.app_context():
            hello = f.get_template_attribute("parts.html", "hello")
            return hello("<b>"), f.get_template_attribute("parts.html", "answer")

    same_value(work)


def test_a_tag_of_ones_own_is_used_in_the_cookie():
    class Colour:
        def __init__(self, name):
            self.name = name

    def build(f):
        class TagColour(part(f, "json.tag").JSONTag):
            key = " colour"

            def check(self, value):
                return isinstance(value, Colour)

            def to_json(self, value):
                return self.serializer.tag((value.name,))

            def to_python(self, value):
                return Colour(value[0])

        app = f.Flask("app")
        app.secret_key = KEY
        interface = part(f, "sessions").SecureCookieSessionInterface()
        interface.serializer = part(f, "json.tag").TaggedJSONSerializer()
        interface.serializer.register(TagColour, index=0)
        app.session_interface = interface

        @app.route("/set")
        def remember():
            f.session["it"] = {"list": [Colour("red"), (1, b"x")], " t": 1, "one": {" t": 2}}
            return ""

        @app.route("/get")
        def recall():
            it = f.session["it"]
            return repr((it["list"][0].name, it["list"][1:], it[" t"], it["one"]))

        return app

    same(build, "/set", "/get")


@pytest.mark.parametrize("name", ["TagTuple", "PassDict", "PassList", "TagDict"])
def test_tags_are_registered_alike(name):
    def work(f):
        module = part(f, "json.tag")
        serializer = module.TaggedJSONSerializer()
        kind = getattr(module, name)
        before = [type(tag).__name__ for tag in serializer.order]
        serializer.register(kind, force=True, index=1)
        after = [type(tag).__name__ for tag in serializer.order]
        serializer.register(kind)  # fails for those with a key
        return before, after, sorted(serializer.tags)

    same_value(work)


def test_the_order_of_the_tags_is_the_same():
    def work(f):
        serializer = part(f, "sessions").session_json_serializer
        kinds = [type(tag).__name__ for tag in serializer.order]
        return kinds, [(tag.key, tag.check({"a": 1}), tag.check(())) for tag in serializer.order]

    same_value(work)


@pytest.mark.parametrize("skip", ["", "1", "0"])
@pytest.mark.parametrize("options", [{}, {"load_dotenv": False}, {"debug": False}])
def test_run_reads_environment_files_alike(skip, options, tmp_path, monkeypatch):
    (tmp_path / ".env").write_text("FLASK_DEBUG=1\nOF_ENV=env\nOF_BOTH=env\n")
    (tmp_path / ".flaskenv").write_text("OF_FLASKENV=flaskenv\nOF_BOTH=flaskenv\n")
    names = ("FLASK_DEBUG", "OF_ENV", "OF_FLASKENV", "OF_BOTH")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FLASK_SKIP_DOTENV", skip)
    monkeypatch.setattr("werkzeug.serving.run_simple", lambda *args, **values: None)

    def work(f):
        for name in names:
            os.environ.pop(name, None)
        app = f.Flask("app")
        app.run(**options)
        return app.debug, [os.environ.pop(name, None) for name in names]

    monkeypatch.setattr("click.echo", lambda *args, **values: None)
    same_value(work)


@pytest.mark.parametrize("value", ["1", "0", "true", "False", "no", ""])
def test_debug_is_taken_from_the_environment_alike(value, monkeypatch):
    monkeypatch.setenv("FLASK_DEBUG", value)
    monkeypatch.setattr("werkzeug.serving.run_simple", lambda *args, **values: None)
    monkeypatch.setattr("click.echo", lambda *args, **values: None)

    def work(f):
        app = f.Flask("app")
        first = app.debug
        app.debug = not first
        app.run(load_dotenv=False)
        second = app.debug
        app.run()
        return first, second, app.debug

    same_value(work)


def test_url_values_may_have_any_name():
    def build(f):
        app = f.Flask("app")
        app.add_url_rule("/<self>", "view", lambda self: f.url_for("view", self=1, code=2, rule=3))
        return app

    same(build, "/x")
