"""Commands of an app, run in a test."""

import click
import pytest

from tests.side_by_side.harness import part, same_value


def with_commands(f):
    app = f.Flask("app")

    @app.cli.command("hello")
    @click.argument("name", default="you")
    @click.option("--loud", is_flag=True)
    def hello(name, loud):
        """Say hello."""
        click.echo(f"hello {name}{'!' * loud} from {f.current_app.name}")

    @app.cli.command()
    def say_config():
        click.echo(f"{f.current_app.config['DEBUG']} {f.has_request_context()} {bool(f.g)}")

    @app.cli.command("bare", with_appcontext=False)
    def bare():
        click.echo(f"bare {f.has_app_context()}")

    @app.cli.group()
    def db():
        """Do something with data."""

    @db.command("init")
    @click.pass_context
    def init(context):
        click.echo(f"{context.command_path} {f.current_app.name}")

    @app.cli.command("crash")
    def crash():
        raise ZeroDivisionError("crash")

    @app.cli.command("wrong")
    def wrong():
        raise click.UsageError("wrong")

    @app.cli.command("leave")
    def leave():
        raise SystemExit(7)

    @click.command("plain")
    @part(f, "cli").with_appcontext
    def plain():
        click.echo(f"plain {f.current_app.name}")

    app.cli.add_command(plain)
    return app


ARGUMENTS = [
    ["hello"],
    ["hello", "ada", "--loud"],
    ["hello", "--nope"],
    ["hello", "--help"],
    ["say-config"],
    ["bare"],
    ["db", "init"],
    ["db"],
    ["db", "--help"],
    ["crash"],
    ["wrong"],
    ["leave"],
    ["plain"],
    ["missing"],
    ["--help"],
    [],
]


def told(result):
    error = result.exception
    return result.exit_code, result.output, type(error).__name__, str(error)


@pytest.mark.parametrize("arguments", ARGUMENTS, ids=str)
def test_commands_are_run_alike(arguments):
    same_value(lambda f: told(with_commands(f).test_cli_runner().invoke(args=arguments)))


def test_a_command_may_be_given_itself():
    def work(f):
        app = with_commands(f)
        runner = app.test_cli_runner()
        hello = app.cli.commands["hello"]
        calls = [
            runner.invoke(hello),
            runner.invoke(hello, ["bob"]),
            runner.invoke(cli=hello, args="carl --loud"),
            runner.invoke(args=["hello"], env={"X": "1"}),
        ]
        return [told(call) for call in calls]

    same_value(work)


def test_a_command_may_have_another_app():
    def work(f):
        info = part(f, "cli").ScriptInfo(create_app=lambda: f.Flask("other"))
        return told(with_commands(f).test_cli_runner().invoke(args=["hello"], obj=info))

    same_value(work)


def test_a_command_in_a_context_of_the_app_keeps_it():
    def work(f):
        app = with_commands(f)
        with app.app_context():
            return told(app.test_cli_runner().invoke(args=["hello"]))

    same_value(work)


def test_a_runner_class_of_ones_own_is_used():
    def work(f):
        class Own(part(f, "testing").FlaskCliRunner):
            def invoke(self, cli=None, args=None, **values):
                return super().invoke(cli, [*args, "own"], **values)

        app = with_commands(f)
        app.test_cli_runner_class = Own
        runner = app.test_cli_runner(charset="utf-8")
        return told(runner.invoke(args=["hello"])), runner.app is app, runner.charset

    same_value(work)


def test_commands_end_their_context():
    def work(f):
        said = []
        app = with_commands(f)
        app.teardown_appcontext(lambda error: said.append(repr(error)))
        runner = app.test_cli_runner()
        for name in ("hello", "bare", "crash", "wrong"):
            runner.invoke(args=[name])
            said.append((name, f.has_app_context()))
        return said

    same_value(work)


def test_groups_of_ones_own_have_a_context():
    def work(f):
        group = part(f, "cli").AppGroup("tools", help="Tools.")

        @group.command()
        def one():
            click.echo(f.current_app.name)

        @group.group()
        def deep():
            pass

        @deep.command("two")
        def two():
            click.echo(f"two {f.current_app.name}")

        app = f.Flask("app")
        app.cli.add_command(group)
        runner = app.test_cli_runner()
        lines = (["tools", "one"], ["tools", "deep", "two"], ["tools", "--help"])
        return [told(runner.invoke(args=line)) for line in lines]

    same_value(work)


def test_names_of_a_shell_are_gathered_alike():
    def work(f):
        app = f.Flask("app")
        app.shell_context_processor(lambda: {"x": 1, "app": "taken"})

        @app.shell_context_processor
        def more():
            return {"x": 2, "y": f.has_app_context()}

        names = app.make_shell_context()
        return names["app"], names["x"], names["y"], sorted(names)

    same_value(work)
