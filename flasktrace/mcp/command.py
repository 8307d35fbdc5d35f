"""The command ``mcp``."""

import click


@click.command("mcp")
@click.option(
    "--store",
    "url",
    default=None,
    envvar="FLASKTRACE_STORE",
    help="Where the traces are. [default: sqlite:///.flasktrace/traces.db]",
)
def mcp_command(url: str | None) -> None:
    """Answer programs over the Model Context Protocol.

    It listens on stdin and answers on stdout. Its tools are list, search, show, diff, verdict and
    map; none changes anything. Needs the extra 'mcp'.

    \b
    flasktrace mcp
    flasktrace mcp --store sqlite:////srv/shop/traces.db
    """  # noqa: D301
    from flasktrace.trace.keep.store import DEFAULT_URL, StoreError, open_store

    try:
        from flasktrace.mcp.server import make_server
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in {"mcp", "pydantic"}:
            raise
        message = "The official SDK is missing; install it with: pip install 'flasktrace[mcp]'"
        raise click.ClickException(message) from None
    try:
        store = open_store(url or DEFAULT_URL)
        store.count()  # what cannot be read is told now, not with each answer
    except StoreError as error:
        raise click.ClickException(str(error)) from None
    make_server(store).run()
