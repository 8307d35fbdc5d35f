"""The commands of an app, of its blueprints, and of the command line that finds the app."""

import os
import re
import subprocess
import sys
from importlib import import_module
from types import ModuleType, SimpleNamespace
from unittest import mock

import click
import flask.cli
import pytest
from click.testing import CliRunner

import flasktrace
from flasktrace import Blueprint, Flask, cli, commands, current_app, flask_group
from flasktrace.cli import AppGroup, FlaskGroup, NoAppException, ScriptInfo, main, with_appcontext

SHOP = """
from flasktrace import Blueprint, Flask, current_app

def create_app(name="shop"):
    app = Flask(name)
    app.config.from_prefixed_env()

    @app.cli.command("greet")
    def greet():
        "Say hello."
        print("hello from", current_app.name, "debug" if current_app.debug else "quiet")

    @app.route("/things/<int:id>", methods=["GET", "DELETE"])
    def thing(id):
        return str(id)

    admin = Blueprint("admin", __name__)

    @admin.cli.command("reset")
    def reset():
        print("reset", current_app.name)

    app.register_blueprint(admin)
    return app
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "shop.py").write_text(SHOP)
    return tmp_path


@pytest.fixture
def command(tmp_path, monkeypatch):
    """Run a command of flasktrace in this process, in the test's folder; forget what it left."""
    given = {key: value for key, value in os.environ.items() if not key.startswith("FLASK")}
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)

    def run(*arguments, **environment):
        with mock.patch.dict(os.environ, {**given, **environment}, clear=True):
            return CliRunner().invoke(main, arguments, prog_name="flasktrace")

    yield run
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__file__", "").startswith(str(tmp_path)):
            del sys.modules[name]


def in_a_process(folder, *command, said=""):
    """Run a command as it is typed; *said* is what is typed after it."""
    given = {key: value for key, value in os.environ.items() if not key.startswith("FLASK")}
    return subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env=given,
        input=said,
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )


def test_a_command_of_the_app_runs_with_the_app_at_hand(folder):
    done = in_a_process(folder, "-m", "flasktrace", "--app", "shop", "greet")

    assert ("hello from shop quiet\n", 0) == (done.stdout, done.returncode)


def test_the_app_may_be_named_by_the_environment(folder, command):
    done = command("greet", FLASK_APP="shop:create_app('other')")

    assert "hello from other quiet\n" == done.stdout


def test_debug_mode_reaches_the_app(folder, command):
    done = command("--app", "shop", "--debug", "greet")

    assert "hello from shop debug\n" == done.stdout


def test_without_a_name_the_usual_file_is_taken(folder, command):
    (folder / "shop.py").rename(folder / "wsgi.py")
    done = command("greet")

    assert "hello from shop quiet\n" == done.stdout


def test_without_any_app_the_remedy_is_told(tmp_path, command):
    done = command("greet")

    assert 2 == done.exit_code
    assert "--app shop:app" in done.stderr
    assert "No such command 'greet'" in done.stderr


def test_an_app_that_is_not_there_is_told(folder, command):
    done = command("--app", "shop:nothing", "greet")

    assert 2 == done.exit_code
    assert "shop has no name 'nothing'" in done.stderr


def test_the_help_lists_the_commands_of_the_app_and_its_blueprints(folder, command):
    done = command("--app", "shop", "--help")

    assert "greet   Say hello." in done.stdout
    assert "  admin" in done.stdout


def test_the_help_of_a_broken_app_still_lists_the_own_commands(folder, command):
    (folder / "broken.py").write_text("1 / 0")
    done = command("--app", "broken", "--help")

    assert 0 == done.exit_code
    assert "ZeroDivisionError" in done.stderr
    assert "  demo" in done.stdout


@pytest.mark.parametrize("name", ["seed-all", "routes", "shell"])
def test_an_app_that_breaks_is_told_with_its_own_frames(folder, command, name):
    (folder / "broken.py").write_text("import helper\n")
    (folder / "helper.py").write_text("1 / 0\n")
    done = command("--app", "broken", name)

    assert done.exit_code in {1, 2}
    assert done.stderr.startswith("broken could not be imported:\n")
    assert re.findall(r'(\w+)\.py", line', done.stderr) == ["broken", "helper"]


def test_the_commands_of_a_blueprint_are_a_group_of_its_name(folder, command):
    done = command("--app", "shop", "admin", "reset")

    assert "reset shop\n" == done.stdout


def test_routes_lists_the_rules(folder, command):
    done = command("--app", "shop", "routes")

    assert [
        "Endpoint  Methods      Rule",
        "--------  -----------  -----------------------",
        "static    GET          /static/<path:filename>",
        "thing     DELETE, GET  /things/<int:id>",
    ] == done.stdout.splitlines()


REAL = """
import click
from flask import Flask, current_app

app = Flask("real")
app.add_url_rule("/x", "x", lambda: "x")
app.shell_context_processor(lambda: {"more": 1})

@app.cli.command("greet")
def greet():
    click.echo(f"hello from {current_app.name}")
"""
PLAIN = """
class App:
    __slots__ = ()

    def __call__(self, environ, start_response):
        start_response("200 OK", [])
        return []

app = App()
"""


def test_an_app_of_the_real_flask_has_its_commands_and_those_of_ours(folder):
    (folder / "real.py").write_text(REAL)
    routes, shell, greet, listed = (
        in_a_process(folder, "-m", "flasktrace", "--app", "real", *command)
        for command in (["routes"], ["shell"], ["greet"], ["--help"])
    )

    assert (routes.returncode, routes.stderr) == (0, "")
    assert ["x", "GET", "/x"] in [line.split() for line in routes.stdout.splitlines()]
    assert "<Flask 'real'>, app, g, more" in shell.stderr
    assert "hello from real\n" == greet.stdout
    assert "greet" in listed.stdout.split()


def test_another_wsgi_app_has_no_commands_which_is_said_in_a_line(folder):
    (folder / "plain.py").write_text(PLAIN)
    routes, greet, listed = (
        in_a_process(folder, "-m", "flasktrace", "--app", "plain", *command)
        for command in (["routes"], ["greet"], ["--help"])
    )

    said = "Error: 'routes' is for Flask apps, and 'plain' is another WSGI app.\n"
    assert (1, said) == (routes.returncode, routes.stderr)
    assert "No such command 'greet'" in greet.stderr
    assert (0, "") == (listed.returncode, listed.stderr)


def test_shell_has_the_names_of_the_app(folder):
    said = "print(app.name, g)\n"
    done = in_a_process(folder, "-m", "flasktrace", "--app", "shop", "shell", said=said)

    assert "shop <g of 'shop'>" in done.stdout


def test_a_module_that_runs_its_app_is_only_loaded(tmp_path, command):
    (tmp_path / "eager.py").write_text(
        "from flasktrace import Flask\napp = Flask('eager')\napp.run(port=1)\n"
        "app.cli.command('x')(lambda: print('ran'))\n"
    )
    done = command("--app", "eager", "x")

    assert "ran\n" == done.stdout


def test_env_files_set_what_is_not_set(folder, command):
    (folder / ".env").write_text("FLASK_APP=shop:create_app('from-env')\n")
    (folder / ".flaskenv").write_text("FLASK_APP=shop:create_app('from-flaskenv')\nFLASK_DEBUG=1\n")
    done = command("greet")
    (folder / "own.env").write_text("FLASK_APP=shop:create_app('from-own')\n")
    own = command("--env-file", "own.env", "greet")

    assert "hello from from-env debug\n" == done.stdout
    assert "hello from from-own debug\n" == own.stdout


def test_a_script_of_the_user_has_a_group_with_the_usual_commands(folder):
    (folder / "manage.py").write_text(
        "import click\nfrom shop import create_app\nfrom flasktrace.cli import FlaskGroup\n"
        "@click.group(cls=FlaskGroup, create_app=create_app)\n"
        "def manage():\n    'Manage the shop.'\n"
        "manage()\n"
    )
    done = in_a_process(folder, "manage.py", "greet")
    listed = in_a_process(folder, "manage.py", "--help")

    assert "hello from shop quiet\n" == done.stdout
    assert {"greet", "routes", "run", "shell"} <= set(listed.stdout.split())


def test_packages_add_commands_by_entry_points(monkeypatch):
    command = click.Command("extra", callback=lambda: click.echo("from a package"))
    point = SimpleNamespace(name="extra", load=lambda: command)
    monkeypatch.setattr(
        flask_group, "entry_points", lambda group: [point] if group == "flask.commands" else []
    )
    group = FlaskGroup(create_app=lambda: Flask("app"))
    result = CliRunner().invoke(group, ["extra"])

    assert "from a package\n" == result.output


def test_the_test_runner_runs_the_commands_of_the_app():
    app = Flask("app")

    @app.cli.command()
    @click.argument("word")
    def say(word):
        click.echo(f"{word} {current_app.name}")

    result = app.test_cli_runner().invoke(args=["say", "hello"])

    assert ("hello app\n", 0) == (result.output, result.exit_code)


def test_a_command_may_go_without_the_context():
    app = Flask("app")

    @app.cli.command(with_appcontext=False)
    def bare():
        click.echo(str(flasktrace.has_app_context()))

    assert "False\n" == app.test_cli_runner().invoke(args=["bare"]).output


def test_any_command_may_ask_for_the_context():
    app = Flask("app")

    @click.command()
    @with_appcontext
    def named():
        click.echo(current_app.name)

    assert "app\n" == app.test_cli_runner().invoke(named).output


def test_a_nested_group_is_of_the_same_kind():
    app = Flask("app")

    @app.cli.group()
    def outer():
        pass

    @outer.command()
    def inner():
        click.echo(current_app.name)

    assert isinstance(outer, AppGroup)
    assert "app\n" == app.test_cli_runner().invoke(args=["outer", "inner"]).output


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, ["part", "task"]),
        ({"cli_group": None}, ["task"]),
        ({"cli_group": "own"}, ["own", "task"]),
    ],
)
def test_the_commands_of_a_blueprint_stand_where_it_says(given, words):
    app = Flask("app")
    part = Blueprint("part", __name__, **given)

    @part.cli.command("task")
    def task():
        click.echo("done")

    app.register_blueprint(part)

    assert "done\n" == app.test_cli_runner().invoke(args=words).output


def test_script_info_loads_the_app_once(monkeypatch):
    monkeypatch.delenv("FLASK_DEBUG", raising=False)
    made = []

    def create_app():
        made.append(Flask("app"))
        return made[-1]

    info = ScriptInfo(create_app=create_app)

    assert info.load_app() is info.load_app()
    assert 1 == len(made)


def test_script_info_without_an_app_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    with pytest.raises(NoAppException, match="name it with --app"):
        ScriptInfo().load_app()


@pytest.mark.parametrize(
    ("value", "expected"), [("1", True), ("true", True), ("0", False), ("No", False), ("", False)]
)
def test_debug_by_environment(monkeypatch, value, expected):
    monkeypatch.setenv("FLASK_DEBUG", value)

    assert expected is commands.debug_by_environment()


def test_an_app_can_be_located_by_code(folder, monkeypatch):
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", list(sys.path))
    module = cli.prepare_import("shop.py")
    try:
        imported = import_module(module)

        assert "shop" == module
        assert "shop" == cli.locate_app(module, None).name
        assert "other" == cli.locate_app(module, "create_app('other')").name
        assert "shop" == cli.find_best_app(imported).name
        assert "third" == cli.find_app_by_string(imported, "create_app(name='third')").name
    finally:
        sys.modules.pop("shop", None)


def test_an_app_that_cannot_be_located_is_wrong_usage(folder, monkeypatch):
    monkeypatch.chdir(folder)
    empty = ModuleType("empty")

    assert cli.locate_app("nowhere", None, raise_if_not_found=False) is None
    with pytest.raises(NoAppException, match="no module 'nowhere'"):
        cli.locate_app("nowhere", None)
    with pytest.raises(NoAppException, match="There is no file"):
        cli.prepare_import("nowhere.py")
    with pytest.raises(NoAppException, match="has none of the names"):
        cli.find_best_app(empty)
    with pytest.raises(NoAppException, match="has no name 'app'"):
        cli.find_app_by_string(empty, "app")


def test_the_banner_is_that_of_flask(capsys, monkeypatch):
    for of in (flask.cli, cli):
        monkeypatch.delenv("WERKZEUG_RUN_MAIN", raising=False)
        of.show_server_banner(True, "shop:app")
        of.show_server_banner(False, None)
        monkeypatch.setenv("WERKZEUG_RUN_MAIN", "true")  # again at each restart by the reloader
        of.show_server_banner(True, "shop:app")
    wanted, got = capsys.readouterr().out.split("off\n")[:2]

    assert wanted == got == " * Serving Flask app 'shop:app'\n * Debug mode: on\n * Debug mode: "
