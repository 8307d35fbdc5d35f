"""What is registered, and the folders of an app."""

from pathlib import Path

import pytest
from werkzeug.exceptions import NotFound

import flasktrace
from flasktrace import Flask
from flasktrace.registry import Registry, handled_class, scopes


def test_rules_are_added_by_decorators():
    app = Flask("app")

    @app.get("/a")
    @app.post("/b", endpoint="named")
    def view():
        return flasktrace.request.endpoint

    client = app.test_client()

    assert ("view", "named") == (client.get("/a").text, client.post("/b").text)
    assert 405 == client.post("/a").status_code


def test_a_decorator_for_one_method_takes_no_methods():
    with pytest.raises(TypeError, match=r"get\(\) is for GET alone"):
        Flask("app").get("/", methods=["POST"])


def test_decorators_return_the_function():
    app = Flask("app")

    def function(*_args):
        return None

    for decorate in (
        app.route("/"),
        app.endpoint("e"),
        app.errorhandler(404),
        app.before_request,
        app.after_request,
        app.teardown_request,
        app.teardown_appcontext,
        app.context_processor,
        app.url_value_preprocessor,
        app.url_defaults,
        app.shell_context_processor,
        app.template_filter(),
        app.template_test(),
        app.template_global(),
    ):
        assert decorate(function) is function


@pytest.mark.parametrize(
    ("given", "kind", "code"),
    [(404, NotFound, 404), (NotFound, NotFound, 404), (KeyError, KeyError, None)],
)
def test_a_handler_is_for_a_class_and_a_code(given, kind, code):
    assert (kind, code) == handled_class(given)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (999, ValueError, "999 is no HTTP error code.* Known are 400, 401"),
        (KeyError("x"), TypeError, "not for the object KeyError"),
        (int, ValueError, "int is not a subclass of Exception"),
    ],
)
def test_a_wrong_kind_of_error_is_named(given, error, message):
    with pytest.raises(error, match=message):
        Flask("app").register_error_handler(given, print)


def test_scopes_go_from_the_app_inwards():
    assert (None, "a", "a.b") == scopes(["a.b", "a"])


def test_a_module_has_its_folder_and_anything_else_the_working_one():
    import json

    assert Path(json.__file__).parent == Path(Flask("json").root_path)
    assert str(Path.cwd()) == Flask("no.such.module").root_path
    assert str(Path.cwd()) == Flask("sys").root_path


def test_a_module_that_is_not_imported_yet_is_found(tmp_path, monkeypatch):
    (tmp_path / "not_imported.py").write_text("1 / 0")
    monkeypatch.syspath_prepend(tmp_path)

    assert str(tmp_path.resolve()) == Flask("not_imported").root_path


def test_resources_are_opened_for_reading_only(tmp_path):
    (tmp_path / "a.txt").write_text("grüße", encoding="utf-8")
    app = Flask("app", root_path=str(tmp_path))
    with app.open_resource("a.txt") as file, app.open_resource("a.txt", "r") as text:
        assert ("grüße".encode(), "grüße") == (file.read(), text.read())

    with pytest.raises(ValueError, match="not 'w'"):
        app.open_resource("a.txt", "w")


def test_static_files_need_a_folder():
    app = Flask("app", static_folder=None)

    assert (None, None, False) == (app.static_folder, app.static_url_path, app.has_static_folder)
    with app.test_request_context("/"), pytest.raises(RuntimeError, match="no static folder"):
        app.send_static_file("a.txt")


def test_the_static_folder_is_served_with_an_etag(tmp_path):
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "a.txt").write_text("static")
    client = Flask("app", root_path=str(tmp_path)).test_client()
    with client.get("/static/a.txt") as response:
        etag = response.headers["ETag"]
    with client.get("/static/a.txt", headers={"If-None-Match": etag}) as response:
        assert 304 == response.status_code


def test_a_registry_alone_has_no_rules():
    with pytest.raises(NotImplementedError):
        Registry("app").add_url_rule("/")
