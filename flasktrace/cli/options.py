"""Options that several commands have."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

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


def address_options(port: str) -> Callable[[Function], Function]:
    """Return what adds --host and --port; *port* says what is special about the latter."""

    def add(command: Function) -> Function:
        command = click.option(
            "-p",
            "--port",
            default=5000,
            show_default=True,
            type=click.IntRange(0, 65535),
            help=f"Port to listen on; {port}",
        )(command)
        return click.option(
            "-h", "--host", default="127.0.0.1", show_default=True, help="Address to listen on."
        )(command)

    return add
