"""Makes the Trace out of a finished recording; may run in another thread, reads plain data only."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from flasktrace.trace.model import (
    NOT_VISIBLE,
    STAGES,
    RequestFacts,
    ResponseFacts,
    Run,
    Snapshot,
    Span,
    Stage,
    Trace,
)
from flasktrace.trace.record.describe import plain
from flasktrace.trace.record.gateway import text_of
from flasktrace.trace.record.recording import OpenSpan, Recording, StageRun
from flasktrace.trace.record.redact import without
from flasktrace.trace.record.verdict import spoken, verdict

_FAILED = 500


def assemble(recording: Recording) -> Trace:
    """Return the trace of *recording*; one that is not finished is shown as far as it went."""
    made = _assembled(recording)
    secrets = recording.routing.get("secrets")
    # They are part of the path, which may stand anywhere: in g, a header, a message.
    return Trace.from_dict(_scrubbed(made.to_dict(), secrets)) if secrets else made


def _scrubbed(value: Any, secrets: Sequence[str]) -> Any:
    if type(value) is str:
        return without(value, secrets)
    if type(value) is dict:
        return {key: _scrubbed(item, secrets) for key, item in value.items()}
    if type(value) is list:
        return [_scrubbed(item, secrets) for item in value]
    return value


def _assembled(recording: Recording) -> Trace:
    end = recording.end if recording.end is not None else _last(recording)
    facts = recording.request
    redact = recording.recorder.redactor
    path = redact.text(str(facts.get("path", "")))
    query = plain(redact.query(text_of(facts.get("QUERY_STRING"))))
    failure = recording.failure
    if failure is not None and recording.handled_by:
        failure = replace(failure, handled_by=recording.handled_by)
    return Trace(
        id=recording.id,
        started=datetime.fromtimestamp(recording.started, UTC).isoformat(timespec="microseconds"),
        duration_ns=end,
        method=str(facts.get("method", "")),
        path=path,
        query=query,
        status=recording.status,
        endpoint=recording.routing.get("endpoint"),
        rule=recording.routing.get("rule"),
        view_args=dict(recording.routing.get("view_args") or {}),
        outcome=_outcome(recording),
        verdict=verdict(recording),
        stages=_stages(recording, end),
        spans=tuple(_span(item, end) for item in recording.spans),
        events=tuple(recording.events),
        exception=failure,
        request=_request(recording, path, query),
        response=_response(recording),
        tracer_ns=recording.tracer_ns,
        dropped=dict(recording.dropped),
        app=recording.app_name,
        host=recording.host,
        pid=recording.pid,
        thread=recording.thread,
        parent=recording.parent,
        marks=_marks(recording),
        changes=tuple(recording.changes),
        partial=recording.partial,
        label=recording.label,
    )


def _last(recording: Recording) -> int:
    steps: list[StageRun | OpenSpan] = [*recording.runs, *recording.spans]
    ends = [item.start + (item.duration or 0) for item in steps]
    return max(ends, default=0)


def _outcome(recording: Recording) -> str:
    if recording.outcome != "ok" or recording.failure is None:
        return recording.outcome
    return "ok" if recording.handler is not None and (recording.status or 0) < _FAILED else "error"


def _request(recording: Recording, path: str, query: str) -> RequestFacts:
    facts = recording.request
    host = facts.get("HTTP_HOST") or f"{facts.get('SERVER_NAME')}:{facts.get('SERVER_PORT')}"
    kind = str(facts.get("CONTENT_TYPE", ""))
    return RequestFacts(
        method=str(facts.get("method", "")),
        root_path=text_of(facts.get("SCRIPT_NAME")),
        path=path,
        query=query,
        scheme=str(facts.get("wsgi.url_scheme", "")),
        host=plain(str(host)),
        http_version=str(facts.get("SERVER_PROTOCOL", "")),
        remote_addr=str(facts.get("REMOTE_ADDR", "")),
        headers=_headers(recording, facts.get("headers", ())),
        bytes_read=recording.bytes_read,
        body=_body(recording, recording.request_body, kind),
    )


def _response(recording: Recording) -> ResponseFacts:
    kinds = [value for name, value in recording.headers if name.lower() == "content-type"]
    return ResponseFacts(
        status=recording.status,
        reason=recording.reason,
        headers=_headers(recording, recording.headers),
        chunks=recording.chunks,
        bytes=recording.bytes,
        first_byte_ns=recording.first_byte,
        closed=recording.closed,
        body=_body(recording, recording.response_body, "".join(kinds[:1])),
    )


def _headers(recording: Recording, pairs: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    redactor, limit = recording.recorder.redactor, recording.recorder.limits.header
    return tuple(
        (_cut(plain(name), limit), _cut(plain(redactor.header(name, value[: limit + 1])), limit))
        for name, value in pairs
    )


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[:limit]}…"


def _body(recording: Recording, kept: bytearray | None, kind: str) -> str | None:
    if not kept:
        return None
    if any(sign in kind for sign in ("text/", "json", "xml", "x-www-form-urlencoded")):
        return recording.recorder.redactor.body(kept.decode("utf-8", "backslashreplace"))
    return f"<{len(kept)} bytes of {kind or 'unknown type'}>"


def _span(item: OpenSpan, end: int) -> Span:
    duration = item.duration if item.duration is not None else max(end - item.start, 0)
    return Span(
        id=item.id,
        parent=item.parent,
        stage=item.stage,
        kind=item.kind,
        name=item.name,
        start_ns=item.start,
        duration_ns=duration,
        attributes=dict(item.attributes),
    )


def _stages(recording: Recording, end: int) -> tuple[Stage, ...]:
    """Return all seven: those that ran in their order, the others after the one before them."""
    ran: dict[str, list[StageRun]] = {}
    for run in recording.runs:
        ran.setdefault(run.name, []).append(run)
    order = list(ran)
    for number, name in enumerate(STAGES):
        if name not in ran:
            before = [order.index(known) for known in STAGES[:number] if known in order]
            order.insert(max(before, default=-1) + 1, name)
    return tuple(
        _stage(recording, name, ran[name], end) if name in ran else _hollow(recording, name)
        for name in order
    )


def _stage(recording: Recording, name: str, runs: list[StageRun], end: int) -> Stage:
    first, last = runs[0], runs[-1]
    plain = tuple(
        Run(run.start, run.duration if run.duration is not None else end - run.start, run.exception)
        for run in runs
    )
    return Stage(
        name=name,
        start_ns=first.start,
        duration_ns=sum(run.duration_ns for run in plain),
        skipped=None,
        runs=plain,
        spans=tuple(item.id for item in recording.spans if item.stage == name),
        snapshot=_snapshot(last),
        changes=tuple(change for run in runs for change in run.changes),
        exception=last.exception,
        within=first.within,
        asked_by=first.asked_by,
    )


def _snapshot(run: StageRun) -> Snapshot | None:
    return None if run.cards is None else Snapshot(run.cards[0], run.cards[1].cards)


def _hollow(recording: Recording, name: str) -> Stage:
    return Stage(name=name, start_ns=None, duration_ns=0, skipped=_reason(recording, name))


def _reason(recording: Recording, name: str) -> str:
    if not recording.runs:
        return NOT_VISIBLE
    if recording.answered is not None and name in {"match", "dispatch"}:
        return f"{spoken(recording.answered)} answered first"
    failed = [run for run in recording.runs if run.exception]
    if failed:
        return f"{failed[0].name} raised {failed[0].exception}"
    return "the request ended before it"


def _marks(recording: Recording) -> tuple[str, ...]:
    found = {
        "answered by a hook": recording.answered is not None,
        "exception": recording.failure is not None,
        "handled": recording.failure is not None and recording.handler is not None,
        "no route": recording.routing.get("error") == "none",
        "method not allowed": recording.routing.get("error") == "method",
        "router redirect": recording.routing.get("error") == "redirect",
        "response replaced": recording.replaced is not None,
        "in another request": recording.parent is not None,
        "incomplete": recording.partial or bool(recording.dropped),
    }
    return tuple(mark for mark, there in found.items() if there)
