"""The command ``shell``: Python with the app at hand."""

import sys
from typing import Any

import click

from flasktrace.commands import app_at_hand, with_appcontext


@click.command("shell")
@with_appcontext
def shell_command() -> None:
    """Open a Python shell inside a context of the app.

    \b
    flasktrace --app shop shell

    Exit codes: 0, 1 when it is no Flask app, 2 when there is no app or for wrong usage.
    """  # noqa: D301
    import code

    app = app_at_hand()
    names = app.make_shell_context()
    _complete(names)
    code.interact(
        banner=f"Python {sys.version.split()[0]}, {app!r}, {', '.join(sorted(names))}",
        local=names,
        exitmsg="",
    )


def _complete(names: dict[str, Any]) -> None:
    """Complete *names* by the tabulator key where the system can."""
    try:
        import readline
        from rlcompleter import Completer
    except ImportError:
        return
    readline.set_completer(Completer(names).complete)
    readline.parse_and_bind("tab: complete")
