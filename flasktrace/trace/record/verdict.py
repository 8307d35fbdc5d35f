"""Why this response, in one sentence."""

from collections.abc import Callable

from flasktrace.trace.record.place import author_of
from flasktrace.trace.record.recording import OpenSpan, Recording

_KINDS = {"view": "the view", "error_handler": "the error handler"}
_AFTER = {"after_request", "after_this_request"}
_LONGEST = 200
_FAILED = 500
"""The status from which on a response tells of a failure."""


def verdict(recording: Recording) -> str:
    """Return the sentence for *recording*."""
    for form in _FORMS:
        said = form(recording)
        if said:
            return f"{said}{_afterwards(recording)}."
    return f"{_status(recording)}{_afterwards(recording)}."


def spoken(made: OpenSpan) -> str:
    """Return a span as it is named in a sentence: ``the view cart (shop.py:88)``."""
    if made.kind in {"user", "template"}:
        return author_of(made)
    return f"{_KINDS.get(made.kind, made.kind)} {author_of(made)}"


def _status(recording: Recording) -> str:
    if recording.status is None:
        return "No response was started"
    return str(recording.status)


def _raised(recording: Recording) -> str:
    """Return the exception and who raised it."""
    failure = recording.failure
    assert failure is not None  # noqa: S101
    text = _error(f"{failure.type}: {failure.message}" if failure.message else failure.type)
    made = _span(recording, failure.span)
    if failure.raised_by and (made is None or failure.raised_by.split(" (")[0] != made.name):
        return f"{text} raised by {failure.raised_by}" + (f" in {spoken(made)}" if made else "")
    if made is not None:
        return f"{text} raised by {spoken(made)}"
    return f"{text} in {failure.stage}" if failure.stage else text


def _error(text: str) -> str:
    line = text.split("\n", 1)[0].rstrip(" .")
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


def _span(recording: Recording, number: int | None) -> OpenSpan | None:
    return None if number is None else recording.spans[number - 1]


def _ended_by_exit(recording: Recording) -> str | None:
    """Tell what no handler had a chance at: exit, interrupt, a closed generator."""
    if not recording.escaped or recording.outcome == "error" or recording.failure is None:
        return None
    return f"{_raised(recording)} ended the request; no error handler is asked for that"


def _escaped(recording: Recording) -> str | None:
    if not recording.escaped or recording.failure is None:
        return None
    raised = _raised(recording)
    made = _span(recording, recording.failure.span)
    if recording.status is not None:
        return f"{raised} left the app after it had answered {recording.status}"
    if recording.runs and not (made and made.kind.startswith("teardown")):
        return f"{raised} left the app, as exceptions do in debug mode and tests"
    return f"{raised} left the app; the server has to answer"


def _answered_early(recording: Recording) -> str | None:
    if recording.answered is None or _fails_after(recording, recording.answered):
        return None
    number, count = recording.answered_place
    place = f", hook {number} of {count}" if count > 1 else ""
    told = f"{_status(recording)} from {spoken(recording.answered)}{place}"
    return f"{told}; {_view_of(recording)} never ran"


def _fails_after(recording: Recording, made: OpenSpan) -> bool:
    """Tell whether an exception came after *made* had answered, so that its answer is lost."""
    failure = recording.failure
    if failure is None or recording.broken:
        return False
    return failure.at_ns >= made.start + (made.duration or 0)


def _view_of(recording: Recording) -> str:
    endpoint = recording.routing.get("endpoint")
    return f"the view of {endpoint}" if endpoint else "the view"


def _failed(recording: Recording) -> str | None:
    failure = recording.failure
    if failure is None or recording.broken:
        return None
    made = _span(recording, failure.span)
    if recording.handler is not None:
        told = f"{_status(recording)} from {spoken(recording.handler)} for {_raised(recording)}"
    elif made is not None and made.kind == "error_handler" and failure.causes:
        told = f"{_status(recording)}: {_raised(recording)}, which handled "
        told += _error(failure.causes[0])
    elif recording.status is not None and recording.status < _FAILED:
        told = f"{_status(recording)} although {_raised(recording)}; the app caught it"
    else:
        told = f"{_status(recording)}: {_raised(recording)}, no handler for it"
    if made is not None and made.kind == "before_request":
        told += f"; {_view_of(recording)} never ran"
    return told


def _not_routed(recording: Recording) -> str | None:
    """Tell the router's error, unless something else raised one before it."""
    if recording.aborted is not None and recording.aborted[0] is not None:
        return None
    told = _routing_error(recording)
    handler = recording.handler
    return f"{told}; {spoken(handler)} answered" if told and handler else told


def _routing_error(recording: Recording) -> str | None:
    facts, request = recording.routing, recording.request
    asked = f"{request.get('method')} {request.get('path')}"
    status = _status(recording)
    match facts.get("error"):
        case "redirect":
            return f"{status}: the router redirects {asked} to {facts['to']}"
        case "method":
            allowed = ", ".join(facts["allowed"])
            return f"{status}: the url exists, but not for {asked}; it allows {allowed}"
        case "none":
            near = facts["near"]
            hint = f" (did you mean {near[0]}?)" if near else ""
            return f"{status}: no route matches {asked}{hint}"
        case "other":
            return f"{status}: the router refused {asked}"
    return None


def _aborted(recording: Recording) -> str | None:
    if recording.aborted is None:
        return None
    made, code, name, stage = recording.aborted
    if name == "SecurityError" and made is None:
        return f"{_status(recording)}: the host {recording.request['HTTP_HOST']} is not trusted"
    by = spoken(made) if made else f"the framework, in {stage}" if stage else "the framework"
    what = name if code else f"{name} with a response of its own"
    told = f"{_status(recording)}: {by} raised {what}"
    if made is not None and made.kind == "before_request":
        told += f"; {_view_of(recording)} never ran"
    handler = recording.handler
    return f"{told}; {spoken(handler)} answered" if handler else told


def _by_view(recording: Recording) -> str | None:
    if recording.view is None:
        return None
    return f"{_status(recording)} from {spoken(recording.view)}{_hooks(recording)}"


def _hooks(recording: Recording) -> str:
    """Return how many hooks ran before and after the view, empty for none."""
    kinds = [item.kind for item in recording.spans]
    before = kinds.count("before_request")
    after = sum(kind in _AFTER for kind in kinds)
    told = [
        f"{_count(number, 'hook')} {where} it"
        for number, where in ((before, "before"), (after, "after"))
        if number
    ]
    return f", with {' and '.join(told)}" if told else ""


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _by_framework(recording: Recording) -> str | None:
    endpoint = recording.routing.get("endpoint")
    if endpoint is None:
        return None
    method = recording.request.get("method")
    return f"{_status(recording)}: the framework itself answers {method} for {endpoint}"


def _by_wsgi_app(recording: Recording) -> str | None:
    if recording.runs:
        return None
    return f"{_status(recording)} from {recording.app_name}; its stages are not visible"


def _afterwards(recording: Recording) -> str:
    told = ""
    if recording.replaced is not None:
        told += f"; {spoken(recording.replaced)} replaced the response"
    chunks = _count(recording.chunks, "chunk")
    if recording.broken == "close":
        told += f"; closing the body failed with {_raised(recording)}"
    elif recording.broken:
        told += f"; the body broke off after {chunks} with {_raised(recording)}"
    elif recording.outcome == "client_disconnected" and recording.returned:
        told += f"; the client left after {chunks} ({_count(recording.bytes, 'byte')})"
    return told


_FORMS: tuple[Callable[[Recording], str | None], ...] = (
    _ended_by_exit,
    _escaped,
    _failed,
    _answered_early,
    _not_routed,
    _aborted,
    _by_view,
    _by_framework,
    _by_wsgi_app,
)
