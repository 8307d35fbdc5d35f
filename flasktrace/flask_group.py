"""A group of commands that has the commands of an app beside its own."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, ClassVar

import click

from flasktrace.broken import told
from flasktrace.commands import (
    AppGroup,
    NoAppException,
    ScriptInfo,
    app_option,
    debug_option,
    env_file_option,
    version_option,
)
from flasktrace.globals import contexts

if TYPE_CHECKING:
    from flasktrace.app import Flask


class FlaskGroup(AppGroup):
    """A group with the commands of an app beside its own.

    *create_app* makes the app; without it ``--app`` names it. *load_dotenv* reads ``.env`` and
    ``.flaskenv``, *set_debug_flag* puts the app into debug mode as ``--debug`` says. Packages add
    commands by the entry points ``flask.commands`` and ``flasktrace.commands``.
    """

    #: Commands that every such group has, unless told otherwise.
    default_commands: ClassVar[list[click.Command]] = []

    def __init__(
        self,
        add_default_commands: bool = True,
        create_app: Callable[..., Flask] | None = None,
        add_version_option: bool = True,
        load_dotenv: bool = True,
        set_debug_flag: bool = True,
        **extra: Any,
    ) -> None:
        params = [*(extra.pop("params", None) or ()), env_file_option(), app_option()]
        params.append(debug_option())
        if add_version_option:
            params.append(version_option)
        settings = extra.pop("context_settings", None) or {}
        extra["context_settings"] = {"auto_envvar_prefix": "FLASK", **settings}
        super().__init__(params=params, **extra)
        self.create_app = create_app
        self.load_dotenv = load_dotenv
        self.set_debug_flag = set_debug_flag
        self._plugins_loaded = False
        if add_default_commands:
            for command in self.default_commands:
                self.add_command(command)

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Return the context of a run, with the `ScriptInfo` as its object."""
        if "obj" not in {*extra, *self.context_settings}:
            extra["obj"] = ScriptInfo(None, self.create_app, self.set_debug_flag, self.load_dotenv)
        return super().make_context(info_name, args, parent=parent, **extra)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Return the command of that name: own, of a plugin, or of the app."""
        self._load_plugins()
        own = super().get_command(ctx, name)
        if own is not None:
            return own
        # A name that is nearly one of ours is mistyped: click says which one is meant.
        app = self._app_of(ctx, ask=not get_close_matches(name, self.commands))
        if app is None:
            return None
        top = contexts.top
        if top is None or top.app is not app:
            ctx.with_resource(app.app_context())
        return app.cli.get_command(ctx, name)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, the app's own among them."""
        self._load_plugins()
        names = set(super().list_commands(ctx))
        app = self._app_of(ctx, ask=False)
        if app is not None:
            names.update(app.cli.list_commands(ctx))
        return sorted(names)

    def _app_of(self, ctx: click.Context, *, ask: bool) -> Flask | None:
        """Return the app with commands; without one the other commands work all the same.

        Why there is none is said when somebody asks for an app's command, or has named an app.
        """
        info = ctx.ensure_object(ScriptInfo)
        try:
            app = info.load_app()
            return app if hasattr(app, "cli") else None
        except NoAppException as error:
            if ask or info.app_import_path is not None:
                click.secho(f"Error: {error.format_message()}\n", err=True, fg="red")
        except Exception as error:  # noqa: BLE001
            text = told(error, info.app_import_path or "the app")
            click.secho(f"{text}\n", err=True, fg="red")
        return None

    def _load_plugins(self) -> None:
        if self._plugins_loaded:
            return
        self._plugins_loaded = True
        for group in ("flask.commands", "flasktrace.commands"):
            for point in entry_points(group=group):
                if point.name not in self.commands:
                    self.add_command(point.load(), point.name)
