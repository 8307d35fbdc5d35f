"""Asks one app of flask under another agent, without the tracer and with it in both orders.

A program of its own, since agents change flask for the whole process: ``python -m
tests.agents.compare opentelemetry`` prints, as JSON, what the server, the agent and the traces saw.
"""

import json
import sys

import flask

import flasktrace
from tests.agents.installing import AGENTS
from tests.trace.record.same import BOOM, BROKE, LEFT, Ask, Notes
from tests.trace.record.same.comparison import run

ASKS = [
    Ask("/hello/ada?a=1"),
    Ask("/json", "POST", b'{"a": 1}', {"Content-Type": "application/json"}),
    Ask("/stream"),
    Ask("/stream", chunks=1, outcome=LEFT),
    Ask("/breaks", outcome=BROKE),
    Ask("/fail", status=500, outcome="error"),
    Ask("/caught", status=400),
    Ask("/abort", status=403),
    Ask("/none", status=404),
    Ask("/hello/ada", "HEAD"),
]
SEEN = ("starts", "chunks", "error", "close error", "taken", "warnings", "threads")


def make_app(notes: Notes) -> flask.Flask:
    app = flask.Flask("shop")
    app.secret_key = "key"
    app.before_request(lambda: notes.append(flask.request.path))
    app.teardown_request(lambda error: notes.append(type(error).__name__))
    app.errorhandler(KeyError)(lambda error: ("caught", 400))
    app.add_url_rule("/hello/<name>", "hello", lambda name: f"Hello, {name}")
    app.add_url_rule("/json", "take", lambda: flask.request.get_json(), methods=["POST"])  # noqa: PLW0108
    app.add_url_rule("/stream", "stream", lambda: flask.Response(parts()))
    app.add_url_rule("/breaks", "breaks", lambda: flask.Response(parts(breaks=True)))
    app.add_url_rule("/fail", "fail", lambda: fail(BOOM))
    app.add_url_rule("/caught", "caught", lambda: fail(KeyError("k")))
    app.add_url_rule("/abort", "abort", lambda: flask.abort(403))
    return app


def parts(*, breaks=False):
    yield "one"
    if breaks:
        raise BOOM
    yield "two"


def fail(error):
    raise error


def asked(install, order) -> dict:
    """Return what everybody saw; *order* names who comes first."""
    notes = Notes()
    app = make_app(notes)
    if order == "tracer first":
        flasktrace.wrap(app, enabled=True, store="memory:", dashboard=False)
    agent = install(app)
    if order == "agent first":
        flasktrace.wrap(app, enabled=True, store="memory:", dashboard=False)
    traces = []
    if order == "alone":
        answers = run(app, ASKS, notes)
    else:
        with flasktrace.capture(app) as traces:
            answers = run(app, ASKS, notes)
    seen = [{key: repr(answer.get(key)) for key in SEEN} for answer in answers]
    notes = [repr(item) for item in notes if not of_the_agent(item)]
    return {"server": seen, "notes": notes, "agent": agent(), "traces": [told(t) for t in traces]}


def of_the_agent(note) -> bool:
    """Tell whether *note* is of context variables that the agent leaves behind, once."""
    return note[:1] == ("context",) and not any(name.startswith("flasktrace") for name in note[1])


def told(trace) -> list:
    view = [item.name for item in trace.spans if item.kind == "view"]
    ran = [item.name for item in trace.stages if item.skipped is None]
    kind = trace.exception and trace.exception.type
    return [trace.path, trace.status, trace.outcome, trace.partial, kind, view, ran]


def main() -> None:
    install = AGENTS[sys.argv[1]]
    orders = ("alone", "agent first", "tracer first")
    json.dump({order: asked(install, order) for order in orders}, sys.stdout)


if __name__ == "__main__":
    main()
