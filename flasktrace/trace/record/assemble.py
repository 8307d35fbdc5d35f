"""Makes the Trace out of a finished recording; may run in another thread, reads plain data only."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from flasktrace.trace.model import (
    NOT_REACHED,
    NOT_VISIBLE,
    STAGES,
    Card,
    Leak,
    RequestFacts,
    ResponseFacts,
    Routing,
    Run,
    Snapshot,
    Span,
    Stage,
    Trace,
)
from flasktrace.trace.record.describe import plain
from flasktrace.trace.record.gateway import text_of
from flasktrace.trace.record.hygiene import leaks
from flasktrace.trace.record.notes import WSGI
from flasktrace.trace.record.rank import rank
from flasktrace.trace.record.recording import Recording
from flasktrace.trace.record.redact import without
from flasktrace.trace.record.snapshot import Look
from flasktrace.trace.record.story import OpenSpan, StageRun, Story, forget_stacks
from flasktrace.trace.record.verdict import spoken, verdict
from flasktrace.trace.roles import REPEATED, repeated

_FAILED = 500
_MANY_STACKS = 100
"""What was seen; its cards are remembered."""
_MANY = 500
"""Notes; those of a longer request take more room than its trace."""


def assemble(recording: Recording) -> Trace:
    """Return the trace of *recording*; one that is not finished is shown as far as it went."""
    made = _assembled(recording)
    secrets = recording.routing.get("secrets")  # only now: the request may still be running
    if not secrets:
        return made
    _stacks.clear()
    forget_stacks()
    # They are part of the path, which may stand anywhere: in g, a header, a message.
    return Trace.from_dict(_scrubbed(made.to_dict(), secrets))


def can_wait(recording: Recording) -> bool:
    """Tell whether `assemble` may be called later: what was noted is short and without secrets."""
    return (
        not recording.routing.get("secrets")
        and recording.request_body is None
        and len(recording.notes) <= _MANY
    )


def _scrubbed(value: Any, secrets: Sequence[str]) -> Any:
    if type(value) is str:
        return without(value, secrets)
    if type(value) is dict:
        return {key: _scrubbed(item, secrets) for key, item in value.items()}
    if type(value) is list:
        return [_scrubbed(item, secrets) for item in value]
    return value


def _assembled(recording: Recording) -> Trace:
    story = Story(recording)
    rank(story)
    end = recording.end if recording.end is not None else _last(story)
    facts = recording.request
    failure = story.failure
    if failure is not None and story.handled_by:
        failure = replace(failure, handled_by=story.handled_by)
    found = leaks(story)
    spans = tuple([_span(item, end) for item in story.spans])
    return Trace(
        id=recording.id,
        started=datetime.fromtimestamp(recording.started, UTC).isoformat(timespec="microseconds"),
        duration_ns=end,
        method=facts.get("REQUEST_METHOD", ""),
        path=facts.get("path", ""),
        query=facts.get("QUERY_STRING", ""),
        status=recording.status,
        endpoint=recording.routing.get("endpoint"),
        rule=recording.routing.get("rule"),
        view_args=dict(recording.routing.get("view_args") or {}),
        outcome=_outcome(story),
        verdict=verdict(story),
        stages=_stages(story, end),
        spans=spans,
        events=tuple(story.events),
        exception=failure,
        request=_request(recording),
        response=_response(recording),
        tracer_ns=recording.tracer_ns,
        dropped=story.dropped,
        app=recording.recorder.app_name,
        host=recording.recorder.host.name,
        pid=recording.pid,
        thread=recording.thread,
        parent=recording.parent,
        marks=_marks(story, found, spans),
        changes=tuple(story.changes),
        partial=recording.partial,
        label=recording.label,
        born=recording.born,
        routing=Routing.from_dict(recording.routing) if "error" in recording.routing else None,
        leaks=found,
    )


def _last(story: Story) -> int:
    steps: list[StageRun | OpenSpan] = [*story.runs, *story.spans]
    ends = [item.start + (item.duration or 0) for item in steps]
    return max(ends, default=0)


def _outcome(story: Story) -> str:
    recording = story.recording
    if recording.outcome != "ok" or story.failure is None:
        return recording.outcome
    return "ok" if story.handled_by and (recording.status or 0) < _FAILED else "error"


def _request(recording: Recording) -> RequestFacts:
    facts = recording.request.get
    host = facts("HTTP_HOST") or f"{facts('SERVER_NAME', '')}:{facts('SERVER_PORT', '')}"
    return RequestFacts(
        method=facts("REQUEST_METHOD", ""),
        root_path=text_of(facts("SCRIPT_NAME", "")),
        path=facts("path", ""),
        query=facts("QUERY_STRING", ""),
        scheme=facts("wsgi.url_scheme", ""),
        host=plain(host),
        http_version=facts("SERVER_PROTOCOL", ""),
        remote_addr=facts("REMOTE_ADDR", ""),
        headers=recording.request_headers,
        bytes_read=recording.bytes_read,
        body=_body(recording, recording.request_body, facts("CONTENT_TYPE", "")),
    )


def _response(recording: Recording) -> ResponseFacts:
    kinds = [value for name, value in recording.headers if name.lower() == "content-type"]
    return ResponseFacts(
        status=recording.status,
        reason=recording.reason,
        headers=recording.headers,
        chunks=recording.chunks,
        bytes=recording.bytes,
        first_byte_ns=recording.first_byte,
        closed=recording.closed,
        last_byte_ns=recording.last_byte,
        longest_gap_ns=recording.longest_gap,
        close_ns=recording.close_ns,
        body=_body(recording, recording.response_body, "".join(kinds[:1])),
    )


def _body(recording: Recording, kept: bytearray | None, kind: str) -> str | None:
    if not kept:
        return None
    if any(sign in kind for sign in ("text/", "json", "xml", "x-www-form-urlencoded")):
        return recording.recorder.redactor.body(kept.decode("utf-8", "backslashreplace"))
    return f"<{len(kept)} bytes of {kind or 'unknown type'}>"


def _span(item: OpenSpan, end: int) -> Span:
    duration = item.duration if item.duration is not None else max(end - item.start, 0)
    return Span(
        item.id,
        item.parent,
        item.stage,
        item.kind,
        item.name,
        item.start,
        duration,
        item.attributes,  # made for the story alone
    )


def _stages(story: Story, end: int) -> tuple[Stage, ...]:
    """Return all seven: those that ran in their order, the others after the one before them."""
    ran: dict[str, list[StageRun]] = {}
    for run in story.runs:
        ran.setdefault(run.name, []).append(run)
    spans: dict[str | None, list[int]] = {}
    for item in story.spans:
        spans.setdefault(item.stage, []).append(item.id)
    return tuple(
        [
            _stage(name, ran[name], tuple(spans.get(name, ())), end)
            if name in ran
            else _hollow(story, name)
            for name in (ran if len(ran) == len(STAGES) else _in_order(ran))
        ]
    )


def _in_order(ran: Iterable[str]) -> list[str]:
    order = list(ran)
    for number, name in enumerate(STAGES):
        if name not in order:
            before = [order.index(known) for known in STAGES[:number] if known in order]
            order.insert(max(before, default=-1) + 1, name)
    return order


def _stage(name: str, runs: list[StageRun], spans: tuple[int, ...], end: int) -> Stage:
    first, last = runs[0], runs[-1]
    one = len(runs) == 1  # as nearly always
    plain = (_run(first, end),) if one else tuple([_run(run, end) for run in runs])
    return Stage(
        name,
        first.start,
        plain[0].duration_ns if one else sum([run.duration_ns for run in plain]),
        None,
        plain,
        spans,
        _snapshot(last),
        tuple(first.changes if one else [change for run in runs for change in run.changes]),
        last.exception,
        first.within,
        first.asked_by,
    )


def _run(run: StageRun, end: int) -> Run:
    duration = end - run.start if run.duration is None else run.duration
    return Run(run.start, duration, run.exception)


def _snapshot(run: StageRun) -> Snapshot | None:
    if run.look is None:
        return None
    at, look = run.look
    known = _stacks.get(id(look.seen))
    return Snapshot(at, _shared(look) if known is None else known[1])


_stacks: dict[int, tuple[Any, tuple[Card, ...]]] = {}
"""Address of what was seen to itself and its cards: requests alike see the same objects."""


def _shared(look: Look) -> tuple[Card, ...]:
    """Return the cards of *look*, which those that see the same share from now on."""
    if len(_stacks) >= _MANY_STACKS:
        _stacks.clear()
    _stacks[id(look.seen)] = look.seen, look.cards
    return look.cards


def _hollow(story: Story, name: str) -> Stage:
    return Stage(name=name, start_ns=None, duration_ns=0, skipped=_reason(story, name))


def _reason(story: Story, name: str) -> str:
    if not story.runs:
        visible = story.recording.recorder.host.name != WSGI
        return NOT_REACHED if visible else NOT_VISIBLE
    if story.answered is not None and name in {"match", "dispatch"}:
        return f"{spoken(story.answered)} answered first"
    failure = story.failure
    by = [made for made in story.spans if failure is not None and made.id == failure.span]
    failed = [run for run in story.runs if run.exception]
    if failed and not (by and by[0].kind == "error_handler"):
        return f"{failed[0].name} raised {failed[0].exception}"
    if failure is not None:
        return (
            f"{spoken(by[0])} raised {failure.type}" if by else f"{failure.type} was raised before"
        )
    return "the request ended before it"


def _marks(story: Story, found_leaks: tuple[Leak, ...], spans: tuple[Span, ...]) -> tuple[str, ...]:
    recording = story.recording
    found = {
        "answered by a hook": story.answered is not None,
        "exception": story.failure is not None,
        "handled": story.failure is not None and story.handled_by is not None,
        "no route": recording.routing.get("error") in {"none", "websocket"},
        "method not allowed": recording.routing.get("error") == "method",
        "router redirect": recording.routing.get("error") == "redirect",
        "response replaced": story.replaced is not None,
        "context leak": any(leak.is_fault for leak in found_leaks),
        "N+1": story.recording.queries >= REPEATED and bool(repeated(spans)),
        "in another request": recording.parent is not None,
        "incomplete": recording.partial or bool(story.dropped),
    }
    return tuple(mark for mark, there in found.items() if there)
