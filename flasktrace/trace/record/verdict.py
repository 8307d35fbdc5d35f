"""Why this response, in one sentence."""

from collections.abc import Callable

from flasktrace.trace.record.place import author_of
from flasktrace.trace.record.recording import OpenSpan, Recording

_KINDS = {"view": "the view", "error_handler": "the error handler"}


def verdict(recording: Recording) -> str:
    """Return the sentence for *recording*."""
    for form in _FORMS:
        said = form(recording)
        if said:
            return _sentence(f"{said}{_afterwards(recording)}")
    return _sentence(f"{_status(recording)}{_afterwards(recording)}")


def _sentence(text: str) -> str:
    return text if text.endswith("?") else f"{text}."


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
    failure = recording.failure
    assert failure is not None  # noqa: S101
    text = f"{failure.type}: {failure.message}" if failure.message else failure.type
    made = _span(recording, failure.span)
    by = f" raised by {spoken(made)}" if made else ""
    if failure.raised_by and (made is None or failure.raised_by.split(" (")[0] != made.name):
        by = f" raised by {failure.raised_by}" + (f" in {spoken(made)}" if made else "")
    return f"{text}{by}"


def _span(recording: Recording, number: int | None) -> OpenSpan | None:
    return None if number is None else recording.spans[number - 1]


def _ended_by_exit(recording: Recording) -> str | None:
    if recording.outcome not in {"exit", "interrupted"} or recording.failure is None:
        return None
    return f"{_raised(recording)} ended the request; it is none that an app handles"


def _escaped(recording: Recording) -> str | None:
    if not recording.escaped or recording.failure is None:
        return None
    return f"{_raised(recording)} left the app; the server has to answer"


def _answered_early(recording: Recording) -> str | None:
    if recording.answered is None:
        return None
    endpoint = recording.routing.get("endpoint")
    view = f"the view of {endpoint}" if endpoint else "the view"
    return f"{_status(recording)} from {spoken(recording.answered)}; {view} never ran"


def _failed(recording: Recording) -> str | None:
    if recording.failure is None:
        return None
    if recording.handler is not None:
        return f"{_status(recording)} from {spoken(recording.handler)} for {_raised(recording)}"
    return f"{_status(recording)}: {_raised(recording)}, no handler for it"


def _not_routed(recording: Recording) -> str | None:
    told = _routing_error(recording)
    if told is None:
        return None
    handler = recording.handler
    return f"{told.rstrip('?')}; {spoken(handler)} answered" if handler else told


def _routing_error(recording: Recording) -> str | None:
    facts, request = recording.routing, recording.request
    asked = f"{request.get('method')} {request.get('path')}"
    match facts.get("error"):
        case "redirect":
            return f"{_status(recording)}: the router redirects {asked} to {facts['to']}"
        case "method":
            allowed = ", ".join(facts["allowed"])
            return f"{_status(recording)}: the url exists, but not for {asked}; it allows {allowed}"
        case "none":
            near = facts["near"]
            hint = f"; did you mean {near[0]}?" if near else ""
            return f"{_status(recording)}: no rule matches {asked}{hint}"
        case "other":
            return f"{_status(recording)}: the router refused {asked}"
    return None


def _aborted(recording: Recording) -> str | None:
    if recording.aborted is None:
        return None
    made, code = recording.aborted
    by = spoken(made) if made else "the framework"
    told = f"{_status(recording)}: {by} aborted with {code}"
    handler = recording.handler
    return f"{told}; {spoken(handler)} answered" if handler else told


def _by_view(recording: Recording) -> str | None:
    if recording.view is None:
        return None
    return f"{_status(recording)} from {spoken(recording.view)}"


def _by_framework(recording: Recording) -> str | None:
    endpoint = recording.routing.get("endpoint")
    return f"{_status(recording)} from the framework for {endpoint}" if endpoint else None


def _by_wsgi_app(recording: Recording) -> str | None:
    if recording.runs:
        return None
    return f"{_status(recording)} from {recording.app_name}; its stages are not visible"


def _afterwards(recording: Recording) -> str:
    told = ""
    if recording.replaced is not None:
        told += f"; {spoken(recording.replaced)} replaced the response"
    if recording.outcome == "client_disconnected":
        told += f"; the client left after {recording.chunks} chunks ({recording.bytes} bytes)"
    if recording.outcome == "error_in_stream":
        told += f"; the body broke off after {recording.chunks} chunks"
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
