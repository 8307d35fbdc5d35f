"""The command ``exec``: any Python program, its Flask apps traced."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import click

from flasktrace.cli.options import store_option
from flasktrace.cli.stored import shared
from flasktrace.trace.keep.store import DEFAULT_URL

_STARTUP = Path(__file__).parents[1] / "startup"
_NOT_FOUND, _NOT_RUNNABLE = 127, 126


@click.command(
    "exec", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False}
)
@click.option("--exclude", multiple=True, help="Glob of paths that are not traced; repeatable.")
@click.option("--capture-body", is_flag=True, help="Keep the beginning of bodies.")
@click.option("--quiet", is_flag=True, help="Do not say where the traces go.")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@store_option
def exec_command(
    command: tuple[str, ...], url: str, exclude: tuple[str, ...], capture_body: bool, quiet: bool
) -> None:
    """Run a Python program, every Flask app in it traced.

    COMMAND may be a server, a script or anything that starts some; the traces of all its
    processes go into one store. It cannot look into an interpreter that is told not to listen to
    its environment (python -I, -E, -S) or that has no flasktrace.

    \b
    flasktrace exec -- gunicorn -w 4 httpbin:app
    flasktrace exec -- flask --app shop run --debug
    flasktrace exec -- python -m pytest tests

    Exit codes: that of COMMAND; 126 when it cannot be run, 127 when it is not found, 1 when
    nothing of it could be traced, 2 for wrong usage.
    """  # noqa: D301
    path = shutil.which(command[0])
    if path is None:
        _leave(f"There is no command {command[0]!r}; give what you type in a shell.", _NOT_FOUND)
    store = shared(url)
    _check(path, command)
    if not quiet:
        where = "" if url == DEFAULT_URL else f" --store {store.url}"
        click.echo(f"Traced into {store.url}", err=True)
        click.echo(f"Watch with: flasktrace tail{where}", err=True)
        click.echo(f"Dashboard with: flasktrace serve{where}", err=True)
    given = {"FLASKTRACE_STORE": store.url, "FLASKTRACE_ENABLED": "1"}
    if exclude:
        given["FLASKTRACE_EXCLUDE"] = ",".join(exclude)
    if capture_body:
        given["FLASKTRACE_CAPTURE_BODY"] = "1"
    _become(path, command, {**os.environ, **given, "PYTHONPATH": _python_path()})


def _python_path() -> str:
    there = [part for part in (str(_STARTUP), os.environ.get("PYTHONPATH")) if part]
    return os.pathsep.join(there)


def _become(path: str, command: tuple[str, ...], environment: dict[str, str]) -> NoReturn:
    """Let *command* take the place of this process, so that signals and exit code are its own."""
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name == "nt":  # no process can take another's place there
        sys.exit(subprocess.call(command, executable=path, env=environment))  # noqa: S603
    try:
        os.execve(path, command, environment)  # noqa: S606
    except OSError as error:
        _leave(f"{path} cannot be run: {error.strerror}.", _NOT_RUNNABLE)


def _leave(message: str, code: int) -> NoReturn:
    click.echo(f"Error: {message}", err=True)
    sys.exit(code)


def _check(path: str, command: tuple[str, ...]) -> None:
    """Refuse an interpreter that would trace nothing; of other programs nothing is known."""
    interpreter, *arguments = _interpreter(path) or (path, *command[1:])
    if "python" not in Path(interpreter).name:
        return
    deaf = _deaf_option(arguments)
    if deaf:
        raise click.ClickException(
            f"{' '.join((interpreter, *arguments[:1]))} is told by {deaf!r} not to listen to its "
            "environment, so nothing in it could be traced; leave that option out, or wrap the "
            "app in its code: flasktrace.wrap(app, enabled=True)."
        )
    if not _same(interpreter, sys.executable) and not _has_flasktrace(interpreter):
        raise click.ClickException(
            f"{command[0]} runs in {interpreter}, which has no flasktrace; install it there: "
            f"{interpreter} -m pip install flasktrace"
        )


def _interpreter(path: str) -> list[str] | None:
    """Return what the first line of the script *path* runs it with; None for other files."""
    try:
        with Path(path).open("rb") as file:
            first = file.readline(1000)
    except OSError:
        return None
    if not first.startswith(b"#!"):
        return None
    words = shlex.split(first[2:].decode(errors="replace"))
    if words and Path(words[0]).name == "env":
        words = [word for word in words[1:] if not word.startswith("-")]
        words[:1] = [shutil.which(words[0]) or words[0]] if words else []
    return words or None


def _deaf_option(arguments: list[str]) -> str:
    """Return the first of *arguments* that makes Python leave its environment alone."""
    for argument in arguments:
        if not argument.startswith("-") or argument.startswith(("-c", "-m", "--")):
            return ""
        if set(argument) & set("IES") and argument[1] not in "WX":
            return argument
    return ""


def _same(one: str, other: str) -> bool:
    """Tell whether two names are of one environment: links of it lie in one folder."""
    return Path(one).parent == Path(other).parent


def _has_flasktrace(interpreter: str) -> bool:
    code = "import importlib.util as u; raise SystemExit(u.find_spec('flasktrace') is None)"
    try:
        asked = [interpreter, "-c", code]
        return subprocess.run(asked, capture_output=True, check=False).returncode == 0  # noqa: S603
    except OSError:
        return True  # it will say itself what is wrong
