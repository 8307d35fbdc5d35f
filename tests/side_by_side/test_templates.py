"""Templates and what is in them."""

import jinja2
import pytest

from tests.side_by_side.harness import KEY, part, same, same_value

SOURCES = {
    "plain": "text",
    "escaped": "{{ '<b>&' }}",
    "safe": "{{ '<b>'|safe }}",
    "json": "{{ {'b': [1, '</script>', '&'], 'a': none}|tojson }}",
    "variables": "{{ given }} {{ missing }} {{ config.TESTING }} {{ request.path }} {{ g.x }}",
    "urls": "{{ url_for('index', q='<') }} {{ url_for('static', filename='a.css') }}",
    "session": "{{ session.get('a') }}{{ session['b'] }}",
    "messages": "{{ get_flashed_messages(with_categories=true) }}",
    "autoescape off": "{% autoescape false %}{{ '<b>' }}{% endautoescape %}",
    "macro": "{% macro m(x) %}<{{ x }}>{% endmacro %}{{ m('&') }}",
    "processed": "{{ by_processor }} {{ helper('x') }}",
    "parts": "{{ 'abc'|backwards }} {{ 3 is odd_one }} {{ shout('x') }} {{ 'abc'|named }}",
    "syntax error": "{% if %}",
    "undefined call": "{{ missing() }}",
    "undefined attribute": "{{ missing.deep }}",
    "division": "{{ 1 / 0 }}",
    "newline": "line\n",
    "imports": "{% from 'macros.html' import hello %}{{ hello('x') }}",
    "imports with context": "{% from 'macros.html' import where with context %}{{ where() }}",
    "imports without context": "{% from 'macros.html' import where %}{{ where() }}",
    "include": "{% include 'part.html' %}",
    "extends": "{% extends 'base.html' %}{% block body %}[{{ given }}]{% endblock %}",
    "include missing": "{% include 'no.html' ignore missing %}x",
    "lookup missing": "{% include 'no.html' %}x",
}


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "templates"
    made.mkdir()
    files = {
        "macros.html": "{% macro hello(x) %}hello {{ x }}{% endmacro %}"
        "{% macro where() %}{{ request.path }} {{ g.x }} {{ session }} {{ by_processor }}"
        "{% endmacro %}",
        "part.html": "part {{ given }} {{ by_processor }}",
        "base.html": "<{% block body %}{% endblock %}>",
        "page.html": "{{ given }} {{ '<' }}",
        "page.txt": "{{ given }} {{ '<' }}",
        "page.xml": "{{ '<' }}",
        "page.xhtml": "{{ '<' }}",
        "page.htm": "{{ '<' }}",
        "page.svg": "{{ '<' }}",
        "page.HTML": "{{ '<' }}",
        "page.js": "{{ '<' }}",
    }
    for name, text in files.items():
        (made / name).write_text(text)
    return tmp_path


def furnished(f, folder, page):
    app = f.Flask("app", root_path=str(folder))
    app.secret_key = KEY

    @app.context_processor
    def variables():
        return {"by_processor": "<p>", "given": "loses", "helper": lambda x: f"helped {x}"}

    @app.template_filter()
    def backwards(text):
        return text[::-1]

    @app.template_filter("named")
    def another(text):
        return text.upper()

    @app.template_test("odd_one")
    def is_odd(number):
        return number % 2 == 1

    @app.template_global()
    def shout(text):
        return f"{text}!"

    @app.before_request
    def fill():
        f.g.x = "gx"

    app.add_url_rule("/", "index", page)
    return app


@pytest.mark.parametrize("name", SOURCES)
def test_templates_give_the_same_text(name, folder):
    def build(f):
        return furnished(f, folder, lambda: f.render_template_string(SOURCES[name], given="<1>"))

    same(build, "/")


@pytest.mark.parametrize("name", SOURCES)
def test_streamed_templates_give_the_same_text(name, folder):
    def build(f):
        return furnished(f, folder, lambda: f.stream_template_string(SOURCES[name], given="<1>"))

    same(build, "/")


@pytest.mark.parametrize(
    "name",
    [
        "page.html",
        "page.txt",
        "page.xml",
        "page.xhtml",
        "page.htm",
        "page.svg",
        "page.HTML",
        "page.js",
        "no.html",
        "../page.html",
        ["no.html", "page.html"],
        ["no.html", "not.html"],
        [],
        pytest.param(jinja2.Template("own {{ '<' }}"), id="a template"),
    ],
    ids=str,
)
def test_files_give_the_same_text(name, folder):
    def build(way):
        return lambda f: furnished(f, folder, lambda: getattr(f, way)(name, given="<1>"))

    same(build("render_template"), "/")
    same(build("stream_template"), "/")


def test_processors_run_in_the_same_order():
    def build(f, said):
        app = f.Flask("app")

        @app.context_processor
        def first():
            said.append("first")
            return {"a": 1, "b": 1, "request": "overwritten", "g": "overwritten"}

        @app.context_processor
        def second():
            said.append("second")
            return {"b": 2}

        @app.route("/")
        def index():
            return f.render_template_string("{{ a }} {{ b }} {{ c }} {{ request }} {{ g }}", c=3)

        @app.route("/given")
        def given():
            return f.render_template_string("{{ a }} {{ b }} {{ request }}", b="mine", request="r")

        return app

    same(build, "/", "/given")


def test_a_processor_that_gives_no_dict_is_an_error():
    def build(f):
        app = f.Flask("app")
        app.context_processor(lambda: None)
        app.add_url_rule("/", "index", lambda: f.render_template_string("x"))
        return app

    same(build, "/")


def test_templates_work_in_an_app_context():
    def work(f):
        app = f.Flask("app")
        app.context_processor(lambda: {"p": 1})
        with app.app_context():
            f.g.x = 2
            source = "{{ p }} {{ g.x }} {{ config.DEBUG }} {{ a }}"
            streamed = "".join(f.stream_template_string(source, a=3))
            return f.render_template_string(source, a=3), streamed

    same_value(work)
    same_value(lambda f: f.render_template_string("no app"))
    same_value(lambda f: "".join(f.stream_template_string("no app")))


def test_request_is_missing_in_an_app_context():
    def work(source):
        def made(f):
            with f.Flask("app").app_context():
                return f.render_template_string(source)

        return made

    for source in ("{{ request.path }}", "{{ session.x }}", "{{ request }}"):
        same_value(work(source))


def test_options_of_the_environment_are_used():
    def build(f):
        app = f.Flask("app")
        app.jinja_options = {"trim_blocks": True, "variable_start_string": "[["}
        app.jinja_env.undefined = jinja2.StrictUndefined
        app.jinja_env.globals["mine"] = "m"
        app.add_url_rule(
            "/", "a", lambda: f.render_template_string("[[ mine }}{% if 1 %}\nx{% endif %}")
        )
        app.add_url_rule("/u", "u", lambda: f.render_template_string("[[ unknown }}"))
        return app

    same(build, "/", "/u")


def test_templates_are_read_again_when_asked(folder):
    def build(setting, debug):
        def made(f):
            app = furnished(f, folder, lambda: f.render_template("part.html"))
            app.config["TEMPLATES_AUTO_RELOAD"] = setting
            app.debug = debug

            @app.route("/facts")
            def facts():
                return repr(app.jinja_env.auto_reload)

            return app

        return made

    for setting in (None, True, False):
        for debug in (True, False):
            same(build(setting, debug), "/facts", "/")


def test_the_loader_lists_the_templates(folder):
    def work(f):
        app = furnished(f, folder, lambda: "")
        return sorted(app.jinja_env.list_templates()), app.jinja_loader.list_templates()

    same_value(work)


def test_a_function_may_get_a_template_of_the_module(folder):
    def work(f):
        templating = part(f, "templating")
        app = furnished(f, folder, lambda: "")
        with app.test_request_context("/p"):
            made = app.jinja_env.get_template("page.html")
            return templating.render_template(made, given=1), app.select_jinja_autoescape("a.htm")

    same_value(work)
