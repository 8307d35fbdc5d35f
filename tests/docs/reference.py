"""Writes ``docs/reference.md`` from the code: ``python -m tests.docs.reference``.

What the code says of itself is not said again here; where a field says nothing, `FIELDS` does, and
a field that neither speaks of is an error.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import MISSING, Field, fields
from inspect import getdoc, getsource
from pathlib import Path
from textwrap import dedent
from typing import Any

import click

from flasktrace import signals
from flasktrace.cli import main
from flasktrace.pytest_plugin import settings
from flasktrace.trace import model, query
from flasktrace.trace.keep.store import open_store
from flasktrace.trace.options import Options
from flasktrace.trace.record.limits import Limits
from flasktrace.trace.show.web import Dashboard

FILE = Path(__file__).parents[2] / "docs" / "reference.md"

TIME = "Nanoseconds from the start of the trace."
FIELDS = {
    "at_ns": TIME,
    "start_ns": TIME,
    "first_byte_ns": f"{TIME} None when no byte was sent.",
    "last_byte_ns": f"{TIME} None when no byte was sent.",
    "duration_ns": "Nanoseconds, without the tracer's own work.",
    "Trace.method": "The request's method.",
    "Trace.query": "The query string, without secrets.",
    "Trace.status": "None when no response was started.",
    "Trace.endpoint": "None when the match found none, or never ran.",
    "Trace.rule": "The url rule, `/cart/<int:id>`; None as for `endpoint`.",
    "Trace.view_args": "Name to short text.",
    "Trace.spans": "In order of their start.",
    "Trace.events": "In order of time.",
    "Trace.exception": "The exception of the request, if there was one.",
    "Trace.request": "What the client sent.",
    "Trace.response": "What the app answered.",
    "Trace.pid": "The process.",
    "Trace.thread": "The thread's name.",
    "Span.name": "The function's name, the template's, `SELECT users`, or what the user gave.",
    "Event.name": "`signal request_started`, `log`, or the name that the user gave.",
    "Event.span": "Id of the span that it was in; None for none.",
    "Event.stage": "The stage that it was in; None between the stages.",
    "Event.attributes": "Of a signal its `receivers`, of the user's events what they gave; of "
    "a log record `severity_text`, `severity_number`, `otel.scope.name` (the logger), `body`, …",
    "Stage.name": "One of the seven.",
    "Stage.runs": "Each run of the stage.",
    "Stage.changes": "What was changed in it, in order of time.",
    "Frame.file": "Path of the file.",
    "Frame.line": "Number of the line.",
    "Frame.function": "Name of the function.",
    "Failure.type": "Name of the exception's class.",
    "Failure.module": "Module of the exception's class.",
    "Failure.message": "Its text, without secrets.",
    "Failure.stage": "The stage in which it was raised; None between the stages.",
    "Failure.span": "Id of the span in which it was raised; None for none.",
    "Candidate.rule": "The url rule.",
    "Candidate.endpoint": "Its endpoint.",
    "RequestFacts.method": "The method.",
    "RequestFacts.root_path": "SCRIPT_NAME: where the app is mounted.",
    "RequestFacts.path": "PATH_INFO.",
    "RequestFacts.query": "The query string, without secrets.",
    "RequestFacts.scheme": "`http` or `https`.",
    "RequestFacts.host": "The host that was asked.",
    "RequestFacts.http_version": "`HTTP/1.1`.",
    "RequestFacts.remote_addr": "The client's address as the server tells it.",
    "RequestFacts.headers": "Pairs of name and value, without secrets.",
    "ResponseFacts.reason": "`OK`, `NOT FOUND`.",
    "ResponseFacts.headers": "Pairs of name and value, without secrets.",
    "ResponseFacts.chunks": "How many pieces the body came in.",
    "ResponseFacts.bytes": "How long the body was.",
    "ResponseFacts.body": "Its beginning, when bodies are captured.",
    "Summary.exception": "Name of the exception's class; None for none.",
    "Summary.started": "ISO 8601, UTC.",
    "Limits.spans": "Spans of one trace.",
    "Limits.events": "Events of one trace.",
    "Limits.changes": "Changes of one trace.",
    "Limits.frames": "Frames of a traceback.",
}
"""What fields mean that do not say it themselves; with or without the class."""

FLASKS = "As in Flask, with the same arguments."
SIGNALS = dict.fromkeys(
    (
        "template_rendered",
        "before_render_template",
        "request_started",
        "request_finished",
        "request_tearing_down",
        "got_request_exception",
        "appcontext_tearing_down",
        "appcontext_pushed",
        "appcontext_popped",
        "message_flashed",
    ),
    FLASKS,
) | {
    "call_started": "Before a function of yours that the framework calls: `kind`, `function`.",
    "call_finished": "After it: `exception` and `value` too.",
    "template_started": "Before a template is rendered: `template`.",
    "template_finished": "After it, also when it failed.",
    "exception_unhandled": "An exception has no handler: `exception`.",
    "signal_sent": "One of Flask's ten is about to be sent: `signal`, `receivers`.",
}
"""What signals tell that belong to no stage."""

PARTS = (
    model.Trace,
    model.Stage,
    model.Run,
    model.Span,
    model.Event,
    model.Change,
    model.Snapshot,
    model.Card,
    model.Failure,
    model.Frame,
    model.Routing,
    model.Candidate,
    model.RequestFacts,
    model.ResponseFacts,
    model.Leak,
    model.Summary,
)

HEAD = """\
# Reference

<!-- Made by `python -m tests.docs.reference` from the code; a test keeps it as the code is. -->

[Options of a tracer](#options-of-a-tracer) · [Limits](#limits) · [Commands](#commands) ·
[pytest](#pytest) · [Signals](#signals) · [Queries](#queries) · [HTTP](#http) · [JSON](#json)
"""


def reference() -> str:
    """Return the page."""
    sections = (
        [HEAD.rstrip()],
        options(),
        limits(),
        commands(),
        pytest_options(),
        all_signals(),
        queries(),
        routes(),
        keys(),
    )
    return "\n\n".join("\n".join(section) for section in sections) + "\n"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    titles = list(head)
    yield f"| {' | '.join(titles)} |"
    yield "|" + "---|" * len(titles)
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", r"\|") for cell in row) + " |"


def said(kind: type) -> dict[str, str]:
    """Return field to what it says of itself, in *kind*."""
    body = ast.parse(dedent(getsource(kind))).body[0].body  # type: ignore[attr-defined]
    found = {}
    for field, below in zip(body, [*body[1:], None], strict=True):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            text = ast.get_docstring(ast.Module([below], [])) if below is not None else None
            found[field.target.id] = markdown(text or "")
    return found


def markdown(text: str) -> str:
    """Return a docstring as Markdown on one line."""
    return re.sub(r"(?<!`)``?([^`]+)``?(?!`)", r"`\1`", " ".join(text.split()))


def meaning(kind: type, name: str, told: dict[str, str]) -> str:
    """Return what the field means; KeyError when nobody says it."""
    text = told.get(name) or FIELDS.get(f"{kind.__name__}.{name}") or FIELDS.get(name)
    if text is None and kind is model.Summary:
        return "As in the trace."
    if text is None:
        raise KeyError(f"{kind.__name__}.{name} is not explained")
    return text if text.endswith((".", "…")) else f"{text}."


def default(field: "Field[Any]") -> str:
    value = field.default if field.default is not MISSING else "{}"
    return f"`{value}`" if value not in {None, "", "{}"} and value != () else "none"


def options() -> Iterator[str]:
    told = said(Options)
    yield "## Options of a tracer\n"
    yield (
        "Arguments of `wrap`, `Tracer` and `capture`; else `app.config`; else the environment, "
        "both under the name in capitals.\n"
    )
    yield from table(
        ("option", "also", "default", "meaning"),
        (
            (
                f"`{field.name}`",
                f"`FLASKTRACE_{field.name.upper()}`",
                default(field),
                meaning(Options, field.name, told),
            )
            for field in fields(Options)
        ),
    )


def limits() -> Iterator[str]:
    told = said(Limits)
    yield "## Limits\n"
    yield "Keys of the option `limits`. What goes beyond is counted in `dropped`, not kept.\n"
    rows = (
        (f"`{item.name}`", f"{item.default}", meaning(Limits, item.name, told))
        for item in fields(Limits)
    )
    yield from table(("limit", "default", "meaning"), rows)


def commands() -> Iterator[str]:
    yield "## Commands\n"
    yield "Each tells of itself with `--help`."
    yield from command("flasktrace", main)
    for name in sorted(main.commands):
        yield from command(f"flasktrace {name}", main.commands[name])


def command(name: str, made: click.Command) -> Iterator[str]:
    help_text = " ".join((made.help or "").split("\n\n")[0].split())
    yield f"\n### {name}\n"
    yield markdown(help_text)
    # As they are run: click 8.2 keeps the help option that it makes for the first context.
    above = click.Context(main, **main.context_settings)
    context = click.Context(made, above, info_name=name, **made.context_settings)
    rows = []
    for item in made.get_params(context):
        if isinstance(item, click.Option):
            record = item.get_help_record(context)
            if record is not None and record[0].split()[-1] != "--help":
                rows.append((f"`{record[0]}`", " ".join(record[1].split())))
        else:
            rows.append((f"`{item.make_metavar(context)}`", "Argument."))
    if rows:
        yield ""
        yield from table(("option", "meaning"), rows)


class Asked:
    """Takes options in the way of pytest's parser."""

    def __init__(self) -> None:
        self.flags: list[tuple[str, ...]] = []

    def getgroup(self, _name: str) -> "Asked":
        return self

    def addoption(self, name: str, **more: Any) -> None:
        ini = name.removeprefix("--").replace("-", "_")
        shown = name
        if more.get("nargs") == "?":
            shown = f"{name}[={more['metavar']}]"
        elif "metavar" in more:
            shown = f"{name}={more['metavar']}"
        self.flags.append((f"`{shown}`", ini, more["help"]))

    def addini(self, name: str, *_more: Any, **_rest: Any) -> None:
        self.flags = [
            (flag, f"`{ini}`" if ini == name else ini, text) for flag, ini, text in self.flags
        ]


def pytest_options() -> Iterator[str]:
    asked = Asked()
    settings.add_options(asked)  # type: ignore[arg-type]
    yield "## pytest\n"
    rows = ((f, i if i.startswith("`") else "none", markdown(t)) for f, i, t in asked.flags)
    yield from table(("option", "in the ini file", "meaning"), rows)
    yield "\nFixtures: `traces`, `assert_lifecycle`. Marker: `trace_budget(ms, sql, spans)`.\n"
    yield "Contracts, from `flasktrace.contracts`:\n"
    from flasktrace import contracts

    rows_of = ((name, getdoc(getattr(contracts, name)) or "") for name in contracts.__all__)
    yield from table(
        ("function", "meaning"),
        ((f"`{name}`", markdown(text.split("\n\n")[0])) for name, text in rows_of),
    )


def all_signals() -> Iterator[str]:
    yield "## Signals\n"
    yield "From `flasktrace.signals`. The sender is the app.\n"
    stages = {
        signal.name: f"{'Before' if number == 0 else 'After'} the stage `{stage}`."
        for stage, pair in signals.STAGE_SIGNALS.items()
        for number, signal in enumerate(pair)
    }
    names = [
        name
        for name, value in vars(signals).items()
        if isinstance(value, signals.Signal) and not name.startswith("_")
    ]
    rows = ((f"`{name}`", stages.get(name) or SIGNALS[name]) for name in names)
    yield from table(("signal", "sent"), rows)


def queries() -> Iterator[str]:
    yield "## Queries\n"
    yield (
        "Words that all have to hold; `-` in front turns one around, `*` stands for any "
        "characters, a word without a field is looked for in path, verdict and more.\n"
    )
    rows = ((f"`{name}`", f"`{query._EXAMPLES[name]}`") for name in query._FIELDS)
    yield from table(("field", "as in"), rows)


def routes() -> Iterator[str]:
    yield "## HTTP\n"
    yield "Below the mount path, `/_trace`; all are GET.\n"
    nobody: Any = None
    store = open_store("memory:")
    made = Dashboard(store, nobody, mount="/_trace", health=dict)
    rows = (
        (
            f"`{re.sub('<(trace_id:)?trace_id>', '<id>', rule.rule)}`",
            markdown(getdoc(made.app.view_functions[rule.endpoint]) or ""),
        )
        for rule in made.app.url_map.iter_rules()
    )
    yield from table(("path", "answer"), rows)


def keys() -> Iterator[str]:
    yield "## JSON\n"
    yield (
        "`/api/traces/<id>`, `flasktrace show --json` and `Trace.to_dict()` give a **Trace**; "
        "`/api/traces` and `flasktrace list --json` give `traces`, a list of **Summary**, and "
        "`next`, a cursor or null. What is None in Python is null there."
    )
    for kind in PARTS:
        told = said(kind)
        yield f"\n### {kind.__name__}\n"
        yield markdown((getdoc(kind) or "").split("\n\n")[0]) + "\n"
        rows = ((f"`{f.name}`", meaning(kind, f.name, told)) for f in fields(kind))
        yield from table(("key", "meaning"), rows)


if __name__ == "__main__":
    FILE.write_text(reference(), encoding="utf-8")
