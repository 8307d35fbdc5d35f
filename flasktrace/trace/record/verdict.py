"""Why this response, in one sentence."""

from collections.abc import Callable
from typing import Any

from flasktrace.trace.model import NO_CARD
from flasktrace.trace.record.place import author_of
from flasktrace.trace.record.story import OpenSpan, Story

_KINDS = {"view": "the view", "error_handler": "the error handler"}
_AFTER = {"after_request", "after_this_request"}
_LONGEST = 200
_LONGEST_HINT = 120
_FAILED = 500
"""The status from which on a response tells of a failure."""


def verdict(story: Story) -> str:
    """Return the sentence for *story*."""
    for form in _FORMS:
        said = form(story)
        if said:
            return f"{said}{_afterwards(story)}."
    return f"{_status(story)}{_afterwards(story)}."


def spoken(made: OpenSpan) -> str:
    """Return a span as it is named in a sentence: ``the view cart (shop.py:88)``."""
    if made.kind in {"user", "template"}:
        return author_of(made)
    return f"{_KINDS.get(made.kind, made.kind)} {author_of(made)}"


def _status(story: Story) -> str:
    if story.recording.status is None:
        return "No response was started"
    return str(story.recording.status)


def _raised(story: Story) -> str:
    """Return the exception and who raised it."""
    failure = story.failure
    assert failure is not None  # noqa: S101
    text = _error(f"{failure.type}: {failure.message}" if failure.message else failure.type)
    made = _span(story, failure.span)
    if failure.raised_by and (made is None or failure.raised_by.split(" (")[0] != made.name):
        return f"{text} raised by {failure.raised_by}" + (f" in {spoken(made)}" if made else "")
    if made is not None:
        return f"{text} raised by {spoken(made)}"
    return f"{text} in {failure.stage}" if failure.stage else text


def _error(text: str) -> str:
    line = text.split("\n", 1)[0].rstrip(" .")
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


def _span(story: Story, number: int | None) -> OpenSpan | None:
    return None if number is None else story.spans[number - 1]


def _ended_by_exit(story: Story) -> str | None:
    """Tell what no handler had a chance at: exit, interrupt, a closed generator."""
    if not story.recording.escaped or story.recording.outcome == "error" or story.failure is None:
        return None
    return f"{_raised(story)} ended the request; no error handler is asked for that"


def _escaped(story: Story) -> str | None:
    if not story.recording.escaped or story.failure is None:
        return None
    raised = _raised(story)
    made = _span(story, story.failure.span)
    if story.recording.status is not None:
        return f"{raised} left the app after it had answered {story.recording.status}"
    if story.runs and not (made and made.kind.startswith("teardown")):
        return f"{raised} left the app, as exceptions do in debug mode and tests"
    return f"{raised} left the app; the server has to answer"


def _answered_early(story: Story) -> str | None:
    if story.answered is None or _fails_after(story, story.answered):
        return None
    number, count = story.recording.answered_place
    place = f", hook {number} of {count}" if count > 1 else ""
    told = f"{_status(story)} from {spoken(story.answered)}{place}"
    return f"{told}; {_view_of(story)} never ran"


def _fails_after(story: Story, made: OpenSpan) -> bool:
    """Tell whether an exception came after *made* had answered, so that its answer is lost."""
    failure = story.failure
    if failure is None or story.recording.broken:
        return False
    return failure.at_ns >= made.start + (made.duration or 0)


def _view_of(story: Story) -> str:
    endpoint = story.recording.routing.get("endpoint")
    return f"the view of {endpoint}" if endpoint else "the view"


def _failed(story: Story) -> str | None:
    failure = story.failure
    if failure is None or story.recording.broken:
        return None
    made = _span(story, failure.span)
    if story.handler is not None:
        told = f"{_status(story)} from {spoken(story.handler)} for {_raised(story)}"
    elif made is not None and made.kind == "error_handler" and failure.causes:
        told = f"{_status(story)}: {_raised(story)}, which handled "
        told += _error(failure.causes[0])
    elif story.recording.status is not None and story.recording.status < _FAILED:
        told = f"{_status(story)} although {_raised(story)}; the app caught it"
    else:
        told = f"{_status(story)}: {_raised(story)}, no handler for it"
    if made is not None and made.kind == "before_request":
        told += f"; {_view_of(story)} never ran"
    return told


def _not_routed(story: Story) -> str | None:
    """Tell the router's error, unless something else raised one before it."""
    if story.aborted is not None and story.aborted[0] is not None:
        return None
    told = _routing_error(story)
    handler = story.handler
    return f"{told}; {spoken(handler)} answered" if told and handler else told


def _routing_error(story: Story) -> str | None:
    facts, request = story.recording.routing, story.recording.request
    asked = f"{request.get('REQUEST_METHOD')} {request.get('path')}"
    status = _status(story)
    match facts.get("error"):
        case "redirect":
            return f"{status}: the router redirects {asked} to {facts['to']}"
        case "method":
            allowed = ", ".join(facts["allowed"])
            return f"{status}: the url exists, but not for {asked}; it allows {allowed}"
        case "none":
            return f"{status}: no route matches {asked}{_hint(facts)}"
        case "websocket":
            return f"{status}: no route matches {asked} by this protocol{_hint(facts)}"
        case "other":
            return f"{status}: the router refused {asked}"
    return None


def _hint(facts: dict[str, Any]) -> str:
    """Return what the request perhaps meant, or why the rule that was meant refused it."""
    near, candidates = facts.get("near", ())[:1], facts.get("candidates", ())
    # A rule with variables is near when a value does not fit; then its reason says more.
    told = [item for item in candidates if item.rule in near and "<" in item.rule]
    for item in told or (candidates[:1] if facts["error"] == "websocket" else ()):
        if len(item.rule) + len(item.refused or "") <= _LONGEST_HINT:
            return f" ({item.rule}: {item.refused})"
    return f" (did you mean {near[0]}?)" if near else ""


def _aborted(story: Story) -> str | None:
    if story.aborted is None:
        return None
    made, code, name, stage = story.aborted
    if name == "SecurityError" and made is None:
        return f"{_status(story)}: the host {story.recording.request['HTTP_HOST']} is not trusted"
    by = spoken(made) if made else f"the framework, in {stage}" if stage else "the framework"
    what = name if code else f"{name} with a response of its own"
    told = f"{_status(story)}: {by} raised {what}"
    if made is not None and made.kind == "before_request":
        told += f"; {_view_of(story)} never ran"
    handler = story.handler
    return f"{told}; {spoken(handler)} answered" if handler else told


def _by_view(story: Story) -> str | None:
    if story.view is None:
        return None
    return f"{_status(story)} from {spoken(story.view)}{_hooks(story)}"


def _hooks(story: Story) -> str:
    """Return how many hooks ran before and after the view, empty for none."""
    kinds = [item.kind for item in story.spans]
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


def _by_framework(story: Story) -> str | None:
    endpoint = story.recording.routing.get("endpoint")
    if endpoint is None:
        return None
    method = story.recording.request.get("REQUEST_METHOD")
    return f"{_status(story)}: the framework itself answers {method} for {endpoint}"


def _by_wsgi_app(story: Story) -> str | None:
    if story.runs:
        return None
    return f"{_status(story)} from {story.recording.recorder.app_name}; its stages are not visible"


def _afterwards(story: Story) -> str:
    told = ""
    if story.replaced is not None:
        told += f"; {spoken(story.replaced)} replaced the response"
    told += _other_status(story)
    chunks = _count(story.recording.chunks, "chunk")
    if story.recording.broken == "close":
        told += f"; closing the body failed with {_raised(story)}"
    elif story.recording.broken:
        told += f"; the body broke off after {chunks} with {_raised(story)}"
    elif story.recording.outcome == "client_disconnected" and story.recording.returned:
        told += f"; the client left after {chunks} ({_count(story.recording.bytes, 'byte')})"
    elif story.recording.outcome == "abandoned":
        told += f"; the body was dropped after {chunks}, not at its end and never closed"
    return told


def _other_status(story: Story) -> str:
    """Return who changed the status after the view; not of a response that was never sent."""
    found = [
        (item, _code(item.before), _code(item.after))
        for item in story.changes
        if item.depth == NO_CARD and item.key == "status"
    ]
    if not found or found[-1][2] != str(story.recording.status):
        return ""
    told = ""
    for item, before, after in found:
        if before != after:
            replaced = story.replaced is not None and story.replaced.id == item.span
            by = " and" if replaced and not told else f"; {item.author}"
            told += f"{by} changed the status from {before} to {after}"
    return told


def _code(status: str | None) -> str:
    return (status or "").split(" ")[0]


_FORMS: tuple[Callable[[Story], str | None], ...] = (
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
