"""The command line: a module for each command."""

from typing import Any

import click

from flasktrace.cli.bench import bench_command
from flasktrace.cli.clear import clear_command
from flasktrace.cli.demo import demo_command
from flasktrace.cli.diff import diff_command
from flasktrace.cli.doctor import doctor_command
from flasktrace.cli.exec import exec_command
from flasktrace.cli.export import export_command
from flasktrace.cli.list import list_command
from flasktrace.cli.map import map_command
from flasktrace.cli.replay import replay_command
from flasktrace.cli.routes import routes_command
from flasktrace.cli.run import run_command, show_server_banner
from flasktrace.cli.serve import serve_command
from flasktrace.cli.shell import shell_command
from flasktrace.cli.show import show_command
from flasktrace.cli.tail import tail_command
from flasktrace.cli.top import top_command
from flasktrace.commands import (
    AppGroup,
    NoAppException,
    ScriptInfo,
    find_app_by_string,
    find_best_app,
    get_version,
    load_dotenv,
    locate_app,
    pass_script_info,
    prepare_import,
    version_option,
    with_appcontext,
)
from flasktrace.flask_group import FlaskGroup
from flasktrace.mcp.command import mcp_command
from flasktrace.trace.keep.store import StoreError

__all__ = [
    "AppGroup",
    "FlaskGroup",
    "NoAppException",
    "ScriptInfo",
    "find_app_by_string",
    "find_best_app",
    "get_version",
    "load_dotenv",
    "locate_app",
    "main",
    "pass_script_info",
    "prepare_import",
    "routes_command",
    "run_command",
    "shell_command",
    "show_server_banner",
    "version_option",
    "with_appcontext",
]


class _Commands(FlaskGroup):
    """Tells what is wrong with a store in one line, whichever command met it."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except StoreError as error:
            raise click.ClickException(str(error)) from None


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """See what happened to a request: its stages, its context, its hooks, its verdict.

    The commands of an app are here too, once --app names it.

    \b
    Completion by the tabulator key, in bash (else zsh_source, fish_source):
    eval "$(_FLASKTRACE_COMPLETE=bash_source flasktrace)"
    """  # noqa: D301


FlaskGroup.default_commands += [run_command, shell_command, routes_command]
for _command in (
    *FlaskGroup.default_commands,
    clear_command,
    demo_command,
    diff_command,
    exec_command,
    export_command,
    list_command,
    show_command,
    bench_command,
    map_command,
    serve_command,
    doctor_command,
    replay_command,
    tail_command,
    top_command,
    mcp_command,
):
    main.add_command(_command)
