"""The command ``run``: serves an app, traced."""

from collections.abc import Callable
from typing import Any, NoReturn

import click

from flasktrace.cli.options import STORE, address_options
from flasktrace.cli.printing import ignore, line_printer
from flasktrace.commands import ScriptInfo, debug_by_environment, pass_script_info
from flasktrace.trace.keep.store import DEFAULT_URL


@click.command("run")
@click.argument("target", metavar="[MODULE:APP]", required=False)
@address_options("0 for any that is free.")
@click.option("--debug/--no-debug", default=None, help="Debug mode of a Flask app.")
@click.option(
    "--reload/--no-reload",
    "reload_",
    default=None,
    help="Restart when code changes; on with --debug.",
)
@click.option(
    "--debugger/--no-debugger",
    default=None,
    help="Werkzeug's debugger for exceptions; on with --debug.",
)
@click.option(
    "--with-threads/--without-threads", "threaded", default=True, help="A thread for each request."
)
@click.option(
    "--store",
    "url",
    default=None,
    envvar="FLASKTRACE_STORE",
    help=f"{STORE} [default: {DEFAULT_URL}]",
)
@click.option("--path", default=None, help="Where the dashboard is. [default: /_trace]")
@click.option(
    "--capture-body",
    is_flag=True,
    default=None,
    help="Keep the beginning of request and response bodies.",
)
@click.option("--exclude", multiple=True, help="Glob of paths that are not traced; repeatable.")
@click.option("--quiet", is_flag=True, help="No line per request.")
@pass_script_info
def run_command(
    info: ScriptInfo,
    target: str | None,
    host: str,
    port: int,
    debug: bool | None,
    reload_: bool | None,
    debugger: bool | None,
    threaded: bool,
    url: str | None,
    path: str | None,
    capture_body: bool | None,
    exclude: tuple[str, ...],
    quiet: bool,
) -> None:
    """Serve a WSGI app, traced, and print a line for each request.

    Without MODULE:APP it is the app that --app names.

    \b
    flasktrace run shop:app
    flasktrace run --debug "shop:create_app('test')"
    flasktrace run httpbin:app --port 8000
    """  # noqa: D301
    from flasktrace.serving import AddressError, say, serve, watched

    app = _loaded(info, target)
    debug = debug_by_environment() if debug is None else debug
    if debug and hasattr(app, "debug"):
        app.debug = True
    given = {"store": url, "path": path, "capture_body": capture_body, "exclude": exclude or None}
    try:
        app, tracer = watched(app, show=ignore if quiet else line_printer(), host=host, **given)
        access = tracer.access  # the last place where an option may turn out to be wrong
    except ValueError as error:
        raise click.ClickException(str(error)) from None

    def ready(address: str) -> None:
        served = target or info.app_import_path or repr(tracer.app)
        say(f"Serving {served} on {address}, traced into {tracer.store.url}")
        say(f"Dashboard (this link signs in once): {address}{access.launch_link()}")
        say(f"Token for programs: {tracer.options.token}")
        say("Press Ctrl-C to stop.")

    try:
        serve(
            app,
            tracer,
            host,
            port,
            ready=ready,
            threaded=threaded,
            use_reloader=debug if reload_ is None else reload_,
            use_debugger=debug if debugger is None else debugger,
        )
    except AddressError as error:
        raise click.ClickException(str(error)) from None


def show_server_banner(debug: bool, app_import_path: str | None) -> None:
    """Print what is served, once for a server and all its restarts; for servers of extensions."""
    from werkzeug.serving import is_running_from_reloader

    if is_running_from_reloader():
        return
    if app_import_path is not None:
        click.echo(f" * Serving Flask app {app_import_path!r}")
    click.echo(f" * Debug mode: {'on' if debug else 'off'}")


def _loaded(info: ScriptInfo, target: str | None) -> Callable[..., Any]:
    """Return the app; while code is edited under the reloader, one that raises what is wrong."""
    from werkzeug.serving import is_running_from_reloader

    from flasktrace.loading import AppNotFoundError, load_app

    try:
        return info.load_app() if target is None else load_app(target)
    except Exception as error:
        if is_running_from_reloader():
            return _failing(error)
        if isinstance(error, AppNotFoundError):
            raise click.ClickException(str(error)) from None
        raise


def _failing(error: Exception) -> Callable[..., Any]:
    """Print *error* now, and return an app that raises it for whoever looks in the browser."""
    import traceback

    traceback.print_exception(error)
    raised_at = error.__traceback__

    def app(_environ: Any, _start_response: Any) -> NoReturn:
        raise error.with_traceback(raised_at)

    return app
