"""The command ``replay``: asks a running app the same once more."""

import time
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

import click

from flasktrace.cli.options import store_option
from flasktrace.cli.printing import print_json
from flasktrace.cli.stored import found, opened
from flasktrace.trace.model import Trace

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_PATIENCE = 60.0


class Answer(NamedTuple):
    """What came back."""

    status: int
    reason: str
    bytes: int
    duration_ns: int


@click.command("replay")
@click.argument("trace_id", default="last", metavar="[ID]")
@click.option("--to", metavar="URL", help="Ask this server instead, such as http://localhost:5000.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask first, whatever the method.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
@store_option
def replay_command(trace_id: str, to: str | None, yes: bool, as_json: bool, url: str) -> None:
    """Send the request of a trace once more, to the server that runs.

    What was taken out as a secret, such as cookies, is left out. A method that may change
    something is asked about first, and only this machine's own servers are asked without --to.

    \b
    flasktrace replay
    flasktrace replay 4bf92f --to http://localhost:8000
    flasktrace replay last --yes --json

    Exit codes: 0 when the status is the same again, 1 when it is another, nobody answered or
    there is no such trace, 2 for wrong usage.
    """  # noqa: D301
    from flasktrace.trace.show import words
    from flasktrace.trace.show.export.curl import notes_on
    from flasktrace.trace.show.export.secrets import hide
    from flasktrace.trace.show.sanitize import clean

    trace = hide(found(opened(url), trace_id))
    server = _server(trace, to)
    for note in notes_on(trace):
        click.echo(note, err=True)
    what = clean(f"{trace.method} {words.target(trace)}")
    if trace.method not in _SAFE and not yes:
        click.confirm(f"Send {what} to {server.netloc} once more?", abort=True, err=True)
    answer = _asked(trace, server)
    if as_json:
        print_json({**answer._asdict(), "before": trace.status, "trace": trace.id})
    else:
        status = words.status(answer.status, answer.reason)
        before = "as before" if answer.status == trace.status else f"was {trace.status}"
        took = words.duration(answer.duration_ns)
        click.echo(f"{what} → {status} ({before}), {words.size(answer.bytes)} in {took}")
    if answer.status != trace.status:
        raise click.exceptions.Exit(1)


def _server(trace: Trace, to: str | None) -> SplitResult:
    from flasktrace.trace.show.export.address import origin

    try:
        parts = urlsplit(to or origin(trace.request))
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        usable = None
    if not usable:
        remedy = "name the server, as --to http://localhost:5000"
        raise click.BadParameter(f"{to or trace.request.host!r} is no server; {remedy}.")
    if to is None and parts.hostname not in _LOCAL:
        message = (
            f"The request was for {parts.netloc!r}, which is not this machine. Anybody can write "
            f"any host into a request; if it is meant, say --to {parts.scheme}://{parts.netloc}"
        )
        raise click.ClickException(message)
    return parts


def _asked(trace: Trace, server: SplitResult) -> Answer:
    from flasktrace.trace.show.export import address
    from flasktrace.trace.show.export.secrets import is_hidden

    kind = HTTPSConnection if server.scheme == "https" else HTTPConnection
    connection = kind(server.hostname or "", server.port, timeout=_PATIENCE)
    body = trace.request.body
    headers = {
        name: value.encode("latin-1", "replace")
        for name, value in address.headers(trace.request)
        if not is_hidden(value)
    }
    begin = time.perf_counter_ns()
    try:
        sent = None if body is None else body.encode(errors="replace")
        connection.request(trace.method, address.target(trace), sent, headers)
        response = connection.getresponse()
        length = len(response.read())
    except (OSError, HTTPException, ValueError) as error:
        message = f"{server.netloc} gave no answer ({error}); does the app run there? See --to."
        raise click.ClickException(message) from None
    finally:
        connection.close()
    took = time.perf_counter_ns() - begin
    return Answer(response.status, response.reason, length, took)
