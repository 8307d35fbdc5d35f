"""A trace as text, by the words of every view, without what differs from run to run."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from flasktrace.trace.model import STAGES, Change, Event, Span, Stage, Trace
from flasktrace.trace.show import words

_PLACE = re.compile(r"(?:\b(?:flask|flasktrace)/)?([\w-]+\.py):(\d+)")
_ADDRESS = re.compile(r"0x[0-9a-f]+")
_TIMES = re.compile(r", (?:first byte|last|longest gap) (?:at )?[\d.<]+ \S+s\b|in [\d.<]+ \S+s\b")
_CLASSES = re.compile(r"\b(?:flask|flasktrace)\.(?:wrappers|sessions)\.")
_DATES = re.compile(r"Expires=\w+, \d+ \w+ 2\d+ [\d:]+ GMT")
_FINISHING = re.compile(r"A hook failed on the response of an error\.|Request finalizing failed .*")
_PLAIN = {"request", "url_adapter"}


def text(traces: list[Trace], file: str, line: int) -> str:
    """Return all *traces* of an app that is made in *file*; its lines are counted from *line*."""

    def relative(found: re.Match[str]) -> str:
        mine = found[1] == Path(file).name
        return f"{found[1]}:{int(found[2]) - line if mine else '…'}"

    told = "\n\n".join("\n".join(_told(trace, traces)) for trace in traces) + "\n"
    told = _ADDRESS.sub("0x…", _PLACE.sub(relative, told))
    # flask opens the session by itself, see hosts/flask.py.
    told = re.sub(r"gave (\w+), not timed", _opened, _CLASSES.sub("", told))
    return _DATES.sub("Expires=…", told)


def _opened(found: re.Match[str]) -> str:
    return "returned None" if found[1] == "NullSession" else f"returned {found[1]}"


def _told(trace: Trace, traces: list[Trace]) -> Iterator[str]:
    status = words.status(trace.status, trace.response.reason)
    yield f"{trace.method} {words.target(trace)} {status}"
    yield trace.verdict
    yield f"marks: {', '.join(words.marks(trace))}"
    ids = [item.id for item in traces]
    if trace.parent:
        yield f"made in: request {ids.index(trace.parent) + 1}"
    arguments = " ".join(f"{key}={value}" for key, value in trace.view_args.items())
    yield f"endpoint: {trace.endpoint}, rule: {trace.rule}, arguments: {arguments or 'none'}"
    between = _between(trace)
    for stage in _in_order(trace):
        while between and stage.start_ns is not None and between[0][0] < stage.start_ns:
            yield from between.pop(0)[1]
        yield from _stage(trace, stage)
    for _at, rows in between:
        yield from rows
    if trace.exception:
        yield words.failure_title(trace.exception)
        yield f"  {words.failure_origin(trace.exception)}"
        yield from (f"  caused by {cause}" for cause in trace.exception.causes)
    if not any(span.kind == "body" for span in trace.spans):
        yield f"no body: {_body(trace)}"
    if trace.dropped or trace.partial:
        yield f"incomplete: {words.dropped_sentence(trace.dropped)}"


def _between(trace: Trace) -> list[tuple[int, list[str]]]:
    """Return what is in no stage: when it was, and its lines."""
    seen = {id(change) for stage in trace.stages for change in stage.changes}
    spans = trace.children(None, None)
    found = [(span.start_ns, list(_span(trace, span, "▸ "))) for span in spans]
    found += [
        (item.at_ns, list(_changes([item]))) for item in trace.changes if id(item) not in seen
    ]
    found += [
        (event.at_ns, [f"▸ {_event(event)}"])
        for event in trace.events
        if event.span is None and event.stage is None
    ]
    return sorted(found, key=lambda item: item[0])


def _in_order(trace: Trace) -> list[Stage]:
    """Return the stages, match at its place in Flask 0.1: real flask matches when it pushes."""
    stages = list(trace.stages)
    if trace.host.startswith("flask "):
        stages.sort(key=lambda stage: STAGES.index(stage.name))
    return stages


def _stage(trace: Trace, stage: Stage) -> Iterator[str]:
    notes = [note for note in words.stage_notes(stage) if note != "within push"]
    mark = words.stage_mark(stage)
    told = stage.skipped if stage.start_ns is None else "; ".join(notes)
    yield f"{mark} {stage.name}  {words.clean(told or '')}".rstrip()
    if stage.name == "match" and trace.routing:
        shown = trace.routing.candidates[: words.CANDIDATES]
        for item in shown:
            methods = words.candidate_methods(item)
            yield f"  {item.rule} [{methods}]  {words.candidate_reason(item)}"
        for note in (words.other_rules(trace.routing, len(shown)), words.meant(trace.routing)):
            if note:
                yield f"  {note}"
    yield from _spans(trace, stage.name)
    yield from _changes(stage.changes)
    yield from _events(trace, None, stage.name, "  ")


def _changes(changes: Iterable[Change]) -> Iterator[str]:
    """Yield what changed; which section is looked at first is no matter."""
    for item in sorted(changes, key=lambda item: (item.at_ns, item.section)):
        if item.section not in _PLAIN or item.span is not None:
            yield f"  {words.change_sign(item)} {words.change_sentence(item)}"


def _spans(trace: Trace, stage: str | None) -> Iterator[str]:
    for span in trace.children(None, stage):
        yield from _span(trace, span, "  ")


def _span(trace: Trace, span: Span, indent: str) -> Iterator[str]:
    body = span.kind == "body"  # told in its own words
    parts = (
        f"body: {_body(trace)}" if body else f"{span.kind} {words.title(span)}",
        "" if body else words.span_details(span),
        words.position(span),
        words.outcome(span) and f"→ {words.outcome(span)}",
    )
    yield indent + "  ".join(part for part in parts if part)
    yield from _events(trace, span.id, None, " " * len(indent) + "  ")
    for inner in trace.children(span.id):
        yield from _span(trace, inner, " " * len(indent) + "  ")


def _body(trace: Trace) -> str:
    return _TIMES.sub("", words.body_sentence(trace.response)).rstrip()


def _events(trace: Trace, span: Any, stage: str | None, indent: str) -> Iterator[str]:
    for event in trace.events:
        if event.span == span and (span is not None or event.stage == stage):
            yield f"{indent}{_event(event)}"


def _event(event: Event) -> str:
    if words.point_kind(event) == "log":  # the exception is told already
        return f"log {_FINISHING.sub('Request finalizing failed …', words.point_name(event))}"
    return f"event {event.name}  {words.details(event.attributes)}".rstrip()
