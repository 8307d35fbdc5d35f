"""The command ``doctor``: why nothing is traced."""

import os
from collections.abc import Iterator
from fnmatch import fnmatchcase
from http.client import HTTPConnection, HTTPException
from typing import Any, NamedTuple

import click

from flasktrace.cli.options import app_of
from flasktrace.cli.printing import print_json
from flasktrace.commands import NoAppException, ScriptInfo, pass_script_info
from flasktrace.trace.keep.errors import StoreError
from flasktrace.trace.keep.store import DEFAULT_URL, open_store
from flasktrace.trace.options import DEFAULT_PATH, OptionError, Options

_PATIENCE = 2.0
"""Seconds that an answer on the port is waited for."""
_HERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what to ask instead
_SIGNS = {"good": "✓", "note": "·", "bad": "✗"}


class Finding(NamedTuple):
    """One thing that was looked at."""

    state: str
    """``good``, ``note`` or ``bad``."""
    about: str
    text: str
    remedy: str = ""


@click.command("doctor")
@click.argument("target", metavar="[MODULE:APP]", required=False)
@click.option("--path", metavar="PATH", help="The path whose requests are missed.")
@click.option("-p", "--port", type=click.IntRange(1, 65535), help="The port that is to be served.")
@click.option("-h", "--host", default="127.0.0.1", show_default=True, help="Its address.")
@click.option(
    "--store", "url", default=None, envvar="FLASKTRACE_STORE", help="Where traces are looked for."
)
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@pass_script_info
def doctor_command(
    info: ScriptInfo,
    target: str | None,
    path: str | None,
    port: int | None,
    host: str,
    url: str | None,
    as_json: bool,
) -> None:
    """Say why nothing is traced, and what to do.

    It looks at the environment, the store, the port and, when there is one, the app: whether it is
    wrapped, switched on, and traced into the store that is read.

    \b
    flasktrace doctor
    flasktrace doctor shop:app --path /static/x.css --port 5000

    Exit codes: 0 when nothing is wrong, 1 when something is, 2 for wrong usage.
    """  # noqa: D301
    where = url or DEFAULT_URL
    found = [*_environment(), *_store(where)]
    served = port is not None and _is_ours(host, port)
    found += _app(info, target, path, where, served=served)
    found += [] if port is None else _port(host, port, served=served)
    if as_json:
        print_json([item._asdict() for item in found])
    else:
        _print(found)
    if any(item.state == "bad" for item in found):
        raise click.exceptions.Exit(1)


def _print(found: list[Finding]) -> None:
    from flasktrace.trace.show.sanitize import clean

    width = max(len(item.about) for item in found)
    for item in found:
        click.echo(f"{_SIGNS[item.state]} {item.about:{width}}  {clean(item.text)}")
        if item.remedy:
            click.echo(f"  {'':{width}}  → {clean(item.remedy)}")


def _environment() -> Iterator[Finding]:
    enabled = os.environ.get("FLASKTRACE_ENABLED")
    if enabled is not None and enabled.strip().lower() in {"", "0", "false", "no", "off"}:
        text = f"FLASKTRACE_ENABLED={enabled!r} switches tracing off"
        yield Finding("bad", "environment", text, "unset FLASKTRACE_ENABLED, or set it to 1")
    try:
        Options.of({}, {})
    except OptionError as error:
        text = f"FLASKTRACE_{error.name.upper()}={error.value!r} is not understood"
        yield Finding("bad", "environment", text, error.remedy)
    for name in ("FLASKTRACE_EXCLUDE", "FLASKTRACE_SAMPLE"):
        value = os.environ.get(name)
        if value:
            yield Finding("note", "environment", f"{name}={value!r} leaves requests out")


def _store(url: str) -> Iterator[Finding]:
    try:
        store = open_store(url)
        if store.url == "memory:":
            text = "memory: is seen by its own process only; no other process can read it"
            yield Finding("bad", "store", text, "use --store sqlite:///PATH there and here")
            return
        count = store.count()
        state = str(store.health()["state"])
        newest = store.page(limit=1).summaries
    except StoreError as error:
        remedy = "repair its permissions, or choose another with --store"
        yield Finding("bad", "store", str(error), remedy)
        return
    if state != "ok":
        yield Finding("bad", "store", f"{store.url}: {state}")
    elif not count:
        remedy = (
            "serve with flasktrace run or exec, or ask the app once; a program that runs in "
            "another folder has another default store: give both --store sqlite:////PATH"
        )
        yield Finding("bad", "store", f"{store.url} holds no traces", remedy)
    else:
        from flasktrace.trace.show.words import clock

        last = newest[0]
        text = f"{count} in {store.url}, the newest of {clock(last.started)} by process {last.pid}"
        yield Finding("good", "traces", text)


def _app(
    info: ScriptInfo, target: str | None, path: str | None, url: str, *, served: bool
) -> Iterator[Finding]:
    from flasktrace.trace.tracer import tracer_of

    try:
        app = app_of(info, target)
    except NoAppException:
        text = "none was given, so it was not looked at"
        yield Finding("note", "app", text, "flasktrace doctor MODULE:APP")
        return
    except click.exceptions.Exit:
        yield Finding("bad", "app", "it cannot be loaded; its own code raises, as told above")
        return
    tracer = tracer_of(app)
    if tracer is None and served:
        text = f"{app!r} is not wrapped in its code; what flasktrace serves on that port is traced"
        yield Finding("note", "app", text)
        return
    if tracer is None:
        remedy = (
            "wrap it in its code: app = flasktrace.wrap(app); or without a change: "
            "flasktrace exec -- COMMAND, flasktrace run MODULE:APP"
        )
        yield Finding("bad", "app", f"{app!r} is not wrapped", remedy)
        return
    options = tracer.options
    yield _switched(app, tracer.on, options.enabled)
    own = options.store or DEFAULT_URL
    if own != "memory:" and open_store(own).url == open_store(url).url:
        yield Finding("good", "app's store", open_store(own).url)
    else:
        text = f"the app writes into {own}, and {url} is read here"
        yield Finding("bad", "app's store", text, _remedy(own))
    if options.sample < 1:
        text = f"sample={options.sample:g}: only such a share of its requests is recorded"
        yield Finding("note", "app", text)
    if path is not None:
        yield _path(path, options.exclude, options.path)


def _remedy(own: str) -> str:
    if own == "memory:":
        return "memory: is seen by its own process only; give the app store='sqlite:///PATH'"
    return f"read it with --store {own}"


def _switched(app: Any, on: bool, enabled: bool | None) -> Finding:
    if on:
        return Finding("good", "app", f"{app!r} is wrapped and traced")
    if enabled is False:
        text = f"{app!r} is wrapped with enabled=False"
        return Finding("bad", "app", text, "leave enabled out, or make it True")
    text = f"{app!r} is wrapped, but traced in debug mode only"
    remedy = "FLASKTRACE_ENABLED=1, wrap(app, enabled=True), flasktrace run or flasktrace exec"
    return Finding("bad", "app", text, remedy)


def _path(path: str, exclude: tuple[str, ...], dashboard: str) -> Finding:
    for glob in exclude:
        if fnmatchcase(path, glob):
            return Finding("bad", "path", f"{path} is left out by exclude={glob!r}", "change it")
    if path == dashboard or path.startswith(f"{dashboard}/"):
        return Finding("bad", "path", f"{path} is the dashboard's own", "choose another path=")
    return Finding("good", "path", f"{path} is not left out")


def _is_ours(host: str, port: int) -> bool:
    """Tell whether a dashboard in its usual place answers on the port: its gate gives its name."""
    connection = HTTPConnection(_HERE.get(host, host), port, timeout=_PATIENCE)
    try:
        connection.request("GET", f"{DEFAULT_PATH}/health")
        asked = connection.getresponse().getheader("WWW-Authenticate", "")
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
    return 'realm="flasktrace"' in (asked or "")


def _port(host: str, port: int, *, served: bool) -> Iterator[Finding]:
    from flasktrace.serving import AddressError, free_port

    if served:
        text = f"on {port} of {host} flasktrace answers, with its dashboard at {DEFAULT_PATH}/"
        yield Finding("good", "port", text)
        return
    try:
        free_port(host, port)
    except AddressError as error:
        yield Finding("bad", "port", str(error))
    else:
        yield Finding("good", "port", f"{port} of {host} is free")
