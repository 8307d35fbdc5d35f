"""The command line."""

import json
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NoReturn, TypeVar

import click

from flasktrace.commands import (
    AppGroup,
    NoAppException,
    ScriptInfo,
    app_at_hand,
    debug_by_environment,
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
from flasktrace.trace.keep.store import DEFAULT_URL, Store, StoreError, open_store
from flasktrace.trace.model import Summary, Trace
from flasktrace.trace.query import Query, QueryError

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

Function = TypeVar("Function", bound=Callable[..., Any])

_POLL = 0.2
_STORE = "Where the traces are: sqlite:///PATH."


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
    """


def _store_option(command: Function) -> Function:
    return click.option(
        "--store",
        "url",
        default=DEFAULT_URL,
        envvar="FLASKTRACE_STORE",
        show_default=True,
        help=_STORE,
    )(command)


def _address_options(port: str) -> Callable[[Function], Function]:
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


def _opened(url: str) -> Store:
    store = open_store(url)
    if store.url == "memory:":
        message = "memory: is seen by its own process only; give the sqlite:///PATH of a file."
        raise click.BadParameter(message, param_hint="--store")
    return store


def _query(text: str) -> Query | None:
    try:
        return Query.parse(text) if text else None
    except QueryError as error:
        raise click.BadParameter(str(error)) from None


@click.command("run")
@click.argument("target", metavar="[MODULE:APP]", required=False)
@_address_options("0 for any that is free.")
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
    help=f"{_STORE} [default: {DEFAULT_URL}]",
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
        app, tracer = watched(app, show=_ignore if quiet else _line_printer(), host=host, **given)
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


@click.command("shell")
@with_appcontext
def shell_command() -> None:
    """Open a Python shell inside a context of the app.

    \b
    flasktrace --app shop shell
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


@click.command("routes")
@click.option(
    "--sort",
    "-s",
    type=click.Choice(("endpoint", "methods", "domain", "rule", "match")),
    default="endpoint",
    show_default=True,
    help="'match' is the order in which the rules are tried.",
)
@click.option("--all-methods", is_flag=True, help="Show HEAD and OPTIONS too.")
@click.option("--json", "as_json", is_flag=True, help="Print the rules as JSON.")
@with_appcontext
def routes_command(sort: str, all_methods: bool, as_json: bool) -> None:
    """List the url rules of the app.

    \b
    flasktrace --app shop routes
    flasktrace --app shop routes --sort match
    """  # noqa: D301
    rules = app_at_hand().url_map
    hidden = set() if all_methods else {"HEAD", "OPTIONS"}
    rows = [
        {
            "endpoint": rule.endpoint,
            "methods": sorted((rule.methods or set()) - hidden),
            "domain": (rule.host if rules.host_matching else rule.subdomain) or "",
            "rule": rule.rule,
        }
        for rule in rules.iter_rules()
    ]
    if sort != "match":
        rows.sort(key=lambda row: (row[sort], row["endpoint"]))
    if as_json:
        _print_json(rows)
    elif rows:
        _print_routes(rows)
    else:
        click.echo("The app has no url rules.")


def _print_routes(rows: list[dict[str, Any]]) -> None:
    titles = [name for name in rows[0] if name != "domain" or any(row["domain"] for row in rows)]
    table = [[title.capitalize() for title in titles]]
    table += [
        [", ".join(row[t]) if t == "methods" else str(row[t]) for t in titles] for row in rows
    ]
    widths = [max(len(line[column]) for line in table) for column in range(len(titles))]
    table.insert(1, ["-" * width for width in widths])
    for line in table:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


@click.command()
@_address_options("another one is taken when it is busy.")
@click.option(
    "--store",
    "url",
    default="sqlite:///.flasktrace/demo.db",
    show_default=True,
    envvar="FLASKTRACE_STORE",
    help=_STORE,
)
@click.option(
    "--rounds",
    default=1,
    show_default=True,
    type=click.IntRange(0),
    help="How often the visitor goes through the shop.",
)
@click.option(
    "--pause",
    default=0.15,
    show_default=True,
    type=click.FloatRange(0),
    help="Seconds between the visitor's requests.",
)
@click.option("--exit", "leave", is_flag=True, help="Stop when the visitor is done.")
def demo(host: str, port: int, url: str, rounds: int, pause: float, leave: bool) -> None:
    """Serve an example shop, traced, with a visitor in it.

    It needs no network, and keeps its traces apart from those of your own apps.

    \b
    flasktrace demo
    flasktrace demo --rounds 50 --pause 0
    """  # noqa: D301
    from flasktrace.demo.visit import visited_shop
    from flasktrace.serving import AddressError

    try:
        visited_shop(host, port, url, show=_line_printer(), rounds=rounds, pause=pause, leave=leave)
    except (AddressError, ValueError, StoreError) as error:
        raise click.ClickException(str(error)) from None


@click.command("list")
@click.argument("query", nargs=-1)
@click.option(
    "-n",
    "--limit",
    default=20,
    show_default=True,
    type=click.IntRange(1, 1000),
    help="How many, the newest.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the API's answer.")
@_store_option
def list_(query: tuple[str, ...], limit: int, as_json: bool, url: str) -> None:
    """List the newest traces, newest first; QUERY as in the dashboard.

    \b
    flasktrace list
    flasktrace list status:5xx 'path:/cart*' -n 100
    """  # noqa: D301
    store = _opened(url)
    page = store.page(limit=limit, query=_query(" ".join(query)))
    if as_json:
        found = [item.to_dict() for item in page.summaries]
        _print_json({"traces": found, "next": page.next})
        return
    if not page.summaries:
        click.echo(f"No traces in {store.url}{' for that query' if query else ''}.", err=True)
    show = _summary_printer()
    for item in page.summaries:
        show(item)


@click.command()
@click.argument("trace_id", default="last", metavar="[ID]")
@click.option("--stage", help="Show the context stack at this stage instead.")
@click.option("--json", "as_json", is_flag=True, help="Print the trace as JSON.")
@_store_option
def show(trace_id: str, stage: str | None, as_json: bool, url: str) -> None:
    """Show one trace: by id, by its beginning, or the last.

    \b
    flasktrace show
    flasktrace show 4bf92f --stage preprocess
    flasktrace show last --json
    """  # noqa: D301
    trace = _found(_opened(url), trace_id)
    if as_json:
        _print_json(trace.to_dict())
        return
    from flasktrace.trace.show import terminal

    if stage is None:
        terminal.console().print(terminal.tree(trace))
        return
    names = [item.name for item in trace.stages]
    if stage not in names:
        raise click.BadParameter(f"There is no stage {stage!r}; there are {', '.join(names)}.")
    terminal.console().print(terminal.stack(trace, stage))


@click.command()
@click.argument("query", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print each summary as a line of JSON.")
@_store_option
def tail(query: tuple[str, ...], as_json: bool, url: str) -> None:
    """Print each new trace as it comes, of all processes.

    \b
    flasktrace tail
    flasktrace tail 'dur:>100ms' -- -path:/static*
    """  # noqa: D301
    store, wanted = _opened(url), _query(" ".join(query))
    show = _json_line if as_json else _summary_printer()
    with suppress(KeyboardInterrupt):
        cursor = store.since(None).next
        click.echo(f"Waiting for traces in {store.url}; Ctrl-C stops.", err=True)
        while True:
            page = store.since(cursor, query=wanted)
            cursor = page.next
            for item in page.summaries:
                show(item)
            if not page.summaries:
                time.sleep(_POLL)
    if sys.stderr.isatty():
        click.echo(err=True)  # the prompt shall not stand behind ^C


FlaskGroup.default_commands += [run_command, shell_command, routes_command]
for _command in (*FlaskGroup.default_commands, demo, list_, show, tail, mcp_command):
    main.add_command(_command)


def _found(store: Store, trace_id: str) -> Trace:
    """Return the trace that *trace_id* means; ClickException when it is none, or several."""
    if trace_id == "last":
        page = store.page(limit=1)
        ids = [item.id for item in page.summaries]
    else:
        ids = store.find(trace_id.lower(), limit=3) if _is_hex(trace_id) else []
    if not ids:
        message = (
            f"There is no trace {trace_id!r} in {store.url}; 'flasktrace list' shows what there is."
        )
        raise click.ClickException(message)
    if len(ids) > 1:
        message = f"{trace_id!r} begins several ids: {', '.join(ids)}; give more of it."
        raise click.ClickException(message)
    trace = store.get(ids[0])
    if trace is None:
        raise click.ClickException(f"The trace {ids[0]} was just deleted.")
    return trace


def _is_hex(text: str) -> bool:
    return bool(text) and all(sign in "0123456789abcdef" for sign in text.lower())


def _print_json(data: Any) -> None:
    click.echo(json.dumps(data, indent=2))


def _json_line(summary: Summary) -> None:
    click.echo(json.dumps(summary.to_dict()))
    sys.stdout.flush()


def _summary_printer() -> Callable[[Summary], None]:
    from flasktrace.trace.show import terminal

    console = terminal.console()

    def show(summary: Summary) -> None:
        console.print(terminal.line(summary, width=console.width), soft_wrap=True)

    return show


def _line_printer() -> Callable[[Trace], None]:
    show = _summary_printer()
    return lambda trace: show(trace.summary())


def _ignore(_trace: Trace) -> None:
    pass
