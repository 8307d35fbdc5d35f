"""The command ``run``: serves an app, traced."""

import os
from collections.abc import Callable
from typing import Any, NoReturn

import click

from flasktrace.cli.options import STORE, address_options
from flasktrace.cli.printing import ignore, line_printer
from flasktrace.cli.tls import ssl_context
from flasktrace.commands import ScriptInfo, debug_by_environment, pass_script_info
from flasktrace.trace.keep.store import DEFAULT_URL


def _paths(_context: click.Context, _option: click.Parameter, values: tuple[str, ...]) -> Any:
    """Take several paths in one text apart."""
    return tuple(part for value in values for part in value.split(os.pathsep) if part)


@click.command("run")
@click.argument("target", metavar="[MODULE:APP]", required=False)
@click.argument("arguments", metavar="[-- ARGS]", nargs=-1, type=click.UNPROCESSED)
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
    "--server",
    default="werkzeug",
    show_default=True,
    type=click.Choice(("werkzeug", "gunicorn", "waitress")),
    help="What serves; ARGS are for it.",
)
@click.option("--cert", help="TLS: file of the certificate, 'adhoc', or name of an SSLContext.")
@click.option("--key", help="File of the certificate's key.")
@click.option(
    "--extra-files",
    multiple=True,
    callback=_paths,
    help=f"Files whose change restarts too; several with {os.pathsep!r} between.",
)
@click.option(
    "--exclude-patterns",
    multiple=True,
    callback=_paths,
    help=f"Globs of files whose change restarts nothing; with {os.pathsep!r} between.",
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
    arguments: tuple[str, ...],
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
    server: str,
    cert: str | None,
    key: str | None,
    extra_files: tuple[str, ...],
    exclude_patterns: tuple[str, ...],
) -> None:
    """Serve a WSGI app, traced, and print a line for each request.

    Without MODULE:APP it is the app that --app names.

    \b
    flasktrace run shop:app
    flasktrace run --debug "shop:create_app('test')"
    flasktrace run httpbin:app --port 8000
    flasktrace run shop:app --cert adhoc
    flasktrace run shop:app --server gunicorn -- --workers 4

    Exit codes: 0 when it was ended, 1 when there is no such app, address or server, 2 for wrong
    usage.
    """  # noqa: D301
    from flasktrace.servers import ServerError, serve_with
    from flasktrace.serving import AddressError, say, serve, watched

    if target is not None and target.startswith("-"):  # --app names the app
        arguments = (target, *arguments)
        target = None
    tls = _checked(server, arguments, cert, key)
    app = _loaded(info, target)
    debug = debug_by_environment() if debug is None else debug
    if debug and hasattr(app, "debug"):
        app.debug = True
    given = {"store": url, "path": path, "capture_body": capture_body, "exclude": exclude or None}
    try:
        app, tracer = watched(
            app,
            show=ignore if quiet else line_printer(lambda: tracer.options.path),
            host=host,
            **given,
        )
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
        if server != "werkzeug":
            serve_with(server, app, tracer, host, port, arguments, ready)
            return
        serve(
            app,
            tracer,
            host,
            port,
            ready=ready,
            threaded=threaded,
            use_reloader=debug if reload_ is None else reload_,
            use_debugger=debug if debugger is None else debugger,
            ssl_context=tls,
            extra_files=extra_files,
            exclude_patterns=exclude_patterns,
        )
    except (AddressError, ServerError) as error:
        raise click.ClickException(str(error)) from None


def _checked(server: str, arguments: tuple[str, ...], cert: str | None, key: str | None) -> Any:
    """Return what is served with for TLS, when the options go together."""
    if server == "werkzeug":
        if arguments:
            text = " ".join(arguments)
            raise click.UsageError(f"{text!r} is for another server; choose it with --server.")
        return ssl_context(cert, key)
    if cert or key:
        message = f"--cert and --key are for werkzeug; give {server} its own options behind --."
        raise click.UsageError(message)
    return None


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

    from flasktrace.broken import refuse
    from flasktrace.loading import AppNotFoundError, load_app

    try:
        return info.load_app() if target is None else load_app(target)
    except Exception as error:
        if is_running_from_reloader():
            return _failing(error, target or info.app_import_path or "the app")
        if isinstance(error, AppNotFoundError):
            raise click.ClickException(str(error)) from None
        if isinstance(error, click.ClickException):
            raise
        raise refuse(error, target or info.app_import_path or "the app") from None


def _failing(error: Exception, target: str) -> Callable[..., Any]:
    """Print *error* now, and return an app that raises it for whoever looks in the browser."""
    from flasktrace.broken import own_frames, told
    from flasktrace.loading import AppNotFoundError

    is_told = isinstance(error, (AppNotFoundError, click.ClickException))
    click.echo(f"Error: {error}" if is_told else told(error, target), err=True)
    raised_at = own_frames(error)

    def app(_environ: Any, _start_response: Any) -> NoReturn:
        raise error.with_traceback(raised_at)

    return app
