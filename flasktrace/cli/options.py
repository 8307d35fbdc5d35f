"""Options that several commands have."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from flasktrace.commands import ScriptInfo
from flasktrace.trace.keep.store import DEFAULT_URL

Function = TypeVar("Function", bound=Callable[..., Any])

STORE = "Where the traces are: sqlite:///PATH."


def store_option(command: Function) -> Function:
    """Add --store, which a command gets as ``url``."""
    return click.option(
        "--store",
        "url",
        default=DEFAULT_URL,
        envvar="FLASKTRACE_STORE",
        show_default=True,
        help=STORE,
    )(command)


def address_options(port: str, default: int = 5000) -> Callable[[Function], Function]:
    """Return what adds --host and --port, *default*; *port* says what is special about that."""

    def add(command: Function) -> Function:
        command = click.option(
            "-p",
            "--port",
            default=default,
            show_default=True,
            type=click.IntRange(0, 65535),
            help=f"Port to listen on; {port}",
        )(command)
        return click.option(
            "-h", "--host", default="127.0.0.1", show_default=True, help="Address to listen on."
        )(command)

    return add


def picture_options(command: Function) -> Function:
    """Add --svg and --html, of which a command gets the files."""
    for form in ("html", "svg"):
        text = f"Save the view as a picture, {form.upper()}, instead of printing it."
        command = click.option(f"--{form}", metavar="FILE", help=text)(command)
    return command


def app_of(info: ScriptInfo, target: str | None) -> Any:
    """Return the app that *target* names, without it the one that --app names.

    ClickException when there is none; what the app's own code raises is told, and ends it.
    """
    from flasktrace.broken import refuse
    from flasktrace.loading import AppNotFoundError, load_app

    try:
        return info.load_app() if target is None else load_app(target)
    except AppNotFoundError as error:
        raise click.ClickException(str(error)) from None
    except click.ClickException:
        raise
    except Exception as error:  # noqa: BLE001
        raise refuse(error, target or info.app_import_path or "the app") from None
