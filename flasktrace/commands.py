"""Commands of an app: groups whose commands run with the app at hand."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

import click

from flasktrace.globals import current_app
from flasktrace.loading import (
    AppNotFoundError,
    importable,
    load_app,
    module_of,
    named_app,
    usual_app,
)

if TYPE_CHECKING:
    from flasktrace.app import Flask

Function = TypeVar("Function", bound=Callable[..., Any])

_FILES = ("wsgi.py", "app.py")


class NoAppException(click.UsageError):
    """There is no app to run a command for; the text says how to name it."""


@contextmanager
def _no_app_is_wrong_usage() -> Iterator[None]:
    try:
        yield
    except AppNotFoundError as error:
        raise NoAppException(str(error)) from None


class ScriptInfo:
    """Which app the commands are for; it is loaded when a command first needs it.

    *app_import_path* is ``module:app``, *create_app* a function that makes the app instead.
    Without either, ``wsgi.py`` and ``app.py`` of the working folder are looked at.
    """

    def __init__(
        self,
        app_import_path: str | None = None,
        create_app: Callable[..., Flask] | None = None,
        set_debug_flag: bool = True,
        load_dotenv_defaults: bool = True,
    ) -> None:
        self.app_import_path = app_import_path
        self.create_app = create_app
        self.set_debug_flag = set_debug_flag
        self.load_dotenv_defaults = load_dotenv_defaults
        #: For whoever wants to hand something from one command to another.
        self.data: dict[Any, Any] = {}
        self._app: Flask | None = None

    def load_app(self) -> Flask:
        """Return the app, loaded once; `NoAppException` when there is none."""
        if self._app is None:
            self._app = self._load()
            if self.set_debug_flag and hasattr(self._app, "debug"):
                self._app.debug = debug_by_environment()
        return self._app

    def _load(self) -> Flask:
        if self.create_app is not None:
            return self.create_app()
        with _no_app_is_wrong_usage():
            return load_app(self.app_import_path or _usual_file())  # type: ignore[return-value]


def _usual_file() -> str:
    for name in _FILES:
        if Path(name).is_file():
            return name
    message = (
        "There is no app: name it with --app (or FLASK_APP), such as --app shop:app, "
        "or put it into wsgi.py or app.py of the working folder."
    )
    raise NoAppException(message)


def prepare_import(path: str) -> str:
    """Return the dotted name of the module or file *path*, which can be imported afterwards."""
    with _no_app_is_wrong_usage():
        return importable(path)


def locate_app(
    module_name: str, app_name: str | None, raise_if_not_found: bool = True
) -> Flask | None:
    """Return the app of that name in a module, or without a name the one that is found there.

    Without the module it is a `NoAppException`, or None when *raise_if_not_found* is false.
    """
    try:
        module = module_of(module_name)
    except AppNotFoundError as error:
        if raise_if_not_found:
            raise NoAppException(str(error)) from None
        return None
    return find_app_by_string(module, app_name) if app_name else find_best_app(module)


def find_best_app(module: ModuleType) -> Flask:
    """Return the app of *module*: by a usual name, the only one, or of a function that makes it."""
    with _no_app_is_wrong_usage():
        return usual_app(module)  # type: ignore[return-value]


def find_app_by_string(module: ModuleType, app_name: str) -> Flask:
    """Return the app that *app_name* means in *module*: a name, or a call with plain values."""
    with _no_app_is_wrong_usage():
        return named_app(module, app_name)  # type: ignore[return-value]


def debug_by_environment() -> bool:
    """Tell whether ``FLASK_DEBUG`` asks for debug mode."""
    return os.environ.get("FLASK_DEBUG", "").lower() not in {"", "0", "false", "no"}


pass_script_info = click.make_pass_decorator(ScriptInfo, ensure=True)


def with_appcontext(f: Function) -> Function:
    """Run the command *f* inside a context of the app."""

    @click.pass_context
    def run(context: click.Context, /, *args: Any, **kwargs: Any) -> Any:
        if not current_app:
            context.with_resource(_of_flask(context).app_context())
        return context.invoke(f, *args, **kwargs)

    return functools.update_wrapper(run, f)  # type: ignore[return-value]


def app_at_hand() -> Flask:
    """Return the app of the command that runs; one of the real flask is no `current_app`."""
    if current_app:
        return current_app._get_current_object()  # type: ignore[attr-defined,no-any-return]  # noqa: SLF001
    return _of_flask(click.get_current_context())


def _of_flask(context: click.Context) -> Flask:
    info = context.ensure_object(ScriptInfo)
    app = _loaded(info)
    if not hasattr(app, "app_context"):
        named = repr(info.app_import_path or type(app).__name__)
        message = f"{context.info_name!r} is for Flask apps, and {named} is another WSGI app."
        raise click.ClickException(message)
    return app


def _loaded(info: ScriptInfo) -> Flask:
    """Return the app that is named; what its own code raises is told, and ends the command."""
    from flasktrace.broken import refuse

    try:
        return info.load_app()
    except click.ClickException:
        raise
    except Exception as error:
        if info.create_app is not None:  # the group is somebody's own, and so is what to do then
            raise
        raise refuse(error, info.app_import_path or "the app") from None


class AppGroup(click.Group):
    """A group whose commands run inside a context of the app."""

    def command(self, *args: Any, **kwargs: Any) -> Any:
        """Make the function below a command; ``with_appcontext=False`` leaves the context out."""
        dress = with_appcontext if kwargs.pop("with_appcontext", True) else _as_it_is
        register = super().command(*args, **kwargs)
        return lambda function: register(dress(function))

    def group(self, *args: Any, **kwargs: Any) -> Any:
        """Make the function below a group of the same kind."""
        kwargs.setdefault("cls", AppGroup)
        return super().group(*args, **kwargs)


def _as_it_is(function: Function) -> Function:
    return function


def _set_app(context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    if value is not None:
        context.ensure_object(ScriptInfo).app_import_path = value
    return value


def _set_debug(context: click.Context, option: click.Parameter, value: bool) -> bool | None:
    source = context.get_parameter_source(option.name or "")
    if source in {click.core.ParameterSource.DEFAULT, click.core.ParameterSource.DEFAULT_MAP}:
        return None
    # As a variable it also reaches the app that is loaded later, and the reloader's process.
    os.environ["FLASK_DEBUG"] = "1" if value else "0"
    return value


def _load_env_file(
    context: click.Context, _option: click.Parameter, value: str | None
) -> str | None:
    info = context.ensure_object(ScriptInfo)
    if value is not None or info.load_dotenv_defaults:
        load_dotenv(value, load_defaults=info.load_dotenv_defaults)
    return value


def app_option() -> click.Option:
    """Return the option ``--app``."""
    return click.Option(
        ["-A", "--app"],
        metavar="MODULE:APP",
        help="The app: a module or file, and the name in it. [env: FLASK_APP]",
        envvar="FLASK_APP",
        is_eager=True,
        expose_value=False,
        callback=_set_app,
    )


def debug_option() -> click.Option:
    """Return the option ``--debug``."""
    return click.Option(
        ["--debug/--no-debug"],
        help="Debug mode. [env: FLASK_DEBUG]",
        is_eager=True,
        expose_value=False,
        callback=_set_debug,
    )


def env_file_option() -> click.Option:
    """Return the option ``--env-file``."""
    return click.Option(
        ["-e", "--env-file"],
        type=click.Path(exists=True, dir_okay=False),
        help="Take environment variables from this file first; needs python-dotenv.",
        is_eager=True,
        expose_value=False,
        callback=_load_env_file,
    )


def load_dotenv(path: str | os.PathLike[str] | None = None, load_defaults: bool = True) -> bool:
    """Set environment variables from files; those that are set already stay.

    *path* comes first, then, with *load_defaults*, ``.env`` and ``.flaskenv`` of the working
    folder or one above it. Return whether anything was read. Needs python-dotenv; without it, a
    line says so when there is a file.
    """
    try:
        import dotenv
    except ImportError:
        there = path or any(Path(name).is_file() for name in (".env", ".flaskenv"))
        if there:
            click.secho(
                " * Tip: There are .env files present. Install python-dotenv to use them.",
                fg="yellow",
                err=True,
            )
        return False
    found: dict[str, str | None] = {}
    if load_defaults:
        for name in (".flaskenv", ".env"):
            place = dotenv.find_dotenv(name, usecwd=True)
            if place:
                found |= dotenv.dotenv_values(place, encoding="utf-8")
    if path is not None:
        found |= dotenv.dotenv_values(path, encoding="utf-8")
    for key, value in found.items():
        if value is not None:
            os.environ.setdefault(key, value)
    return bool(found)


def get_version(ctx: click.Context, param: click.Parameter, value: Any) -> None:  # noqa: ARG001
    """Print the versions and leave, when *value* is true: the callback of ``--version``."""
    if not value or ctx.resilient_parsing:
        return
    from importlib.metadata import version

    click.echo(f"Python {sys.version.split()[0]}")
    click.echo(f"flasktrace {version('flasktrace')}")
    click.echo(f"Werkzeug {version('werkzeug')}")
    ctx.exit()


version_option = click.Option(
    ["--version"],
    help="Show the versions of flasktrace, Python and Werkzeug.",
    expose_value=False,
    callback=get_version,
    is_flag=True,
    is_eager=True,
)
