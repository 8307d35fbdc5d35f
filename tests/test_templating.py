"""Templates: where they are found and what is in them."""

import jinja2
import pytest

import flasktrace
from flasktrace import Flask, signals


def test_a_template_of_the_folder_is_rendered(tmp_path):
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "page.html").write_text("{{ word }} {{ request.path }}")
    app = Flask("app", root_path=str(tmp_path))
    app.add_url_rule("/x", "x", lambda: flasktrace.render_template("page.html", word="<"))

    assert "&lt; /x" == app.test_client().get("/x").text


def test_a_missing_template_is_named(tmp_path):
    app = Flask("app", root_path=str(tmp_path))
    with app.app_context(), pytest.raises(jinja2.TemplateNotFound, match=r"no\.html"):
        flasktrace.render_template("no.html")


def test_an_app_without_folder_has_no_templates():
    app = Flask("app", template_folder=None)
    with app.app_context(), pytest.raises(jinja2.TemplateNotFound):
        flasktrace.render_template("no.html")

    assert [] == app.jinja_env.list_templates()


def test_what_the_view_gives_wins_over_the_processors():
    app = Flask("app")
    app.context_processor(lambda: {"a": "processor", "b": "processor"})
    with app.app_context():
        assert "view processor" == flasktrace.render_template_string("{{ a }} {{ b }}", a="view")


def test_a_template_that_does_not_use_the_session_has_not_looked_at_it():
    app = Flask("app")
    app.secret_key = "key"
    with app.test_request_context("/") as context:
        flasktrace.render_template_string("{{ request.path }}")
        assert not context._session.accessed
        flasktrace.render_template_string("{{ session.a }}")
        assert context._session.accessed


def test_filters_tests_and_globals_are_registered_by_name():
    app = Flask("app")

    @app.template_filter("twice")
    def double(text):
        return text * 2

    @app.template_test()
    def even(number):
        return number % 2 == 0

    @app.template_global()
    def answer():
        return 42

    with app.app_context():
        source = "{{ 'x'|twice }} {{ 2 is even }} {{ answer() }}"
        assert "xx True 42" == flasktrace.render_template_string(source)


def test_a_stream_comes_in_pieces_and_tells_its_end():
    app = Flask("app")
    steps = []

    def rendered(sender, template, context):
        steps.append("rendered")

    with signals.template_rendered.connected_to(rendered, app), app.app_context():
        pieces = flasktrace.stream_template_string("{% for n in range(2) %}{{ n }};{% endfor %}")
        steps.extend(pieces)

    assert "0;1;" == "".join(steps[:-1])
    assert "rendered" == steps[-1]


def test_rendering_outside_a_context_says_what_to_do():
    with pytest.raises(RuntimeError, match=r"app\.app_context"):
        flasktrace.render_template_string("x")


@pytest.mark.parametrize(
    ("name", "escaped"), [("a.html", True), ("a.svg", True), ("a.txt", False), (None, True)]
)
def test_escaping_depends_on_the_ending(name, escaped):
    assert escaped == Flask("app").select_jinja_autoescape(name)


class WithAttribute(dict):
    name = "attribute"


@pytest.mark.parametrize(
    "value",
    [
        {"name": "item"},
        {"items": "item"},
        {"__class__": "item"},
        {"get": None},
        {},
        {1: 2},
        WithAttribute(name="item"),
        WithAttribute(),
        jinja2.Undefined(name="x"),
        None,
        [1],
        "text",
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("name", ["name", "items", "__class__", "get", "1", "lost", "upper"])
def test_a_dot_means_in_templates_what_it_means_to_jinja(value, name):
    ours = Flask("app").jinja_env
    usual = jinja2.Environment(autoescape=True)

    def outcome(environment):
        try:
            found = environment.getattr(value, name)
            return f"{type(found)} {found if isinstance(found, str) else ''}", bool(found)
        except jinja2.UndefinedError as error:
            return str(error)

    assert outcome(usual) == outcome(ours)
