"""Why this response, in one sentence."""

from collections.abc import Callable, Sequence
from typing import Any

from flasktrace.trace.model import NO_CARD, Candidate, Change, Failure
from flasktrace.trace.record.candidates import NOT_BELOW, ONLY_BUILDS, OTHER_HOST
from flasktrace.trace.record.notes import NO_RESPONSE, WSGI
from flasktrace.trace.record.place import author_of, plain_author_of
from flasktrace.trace.record.story import CONNECTED, OpenSpan, Story
from flasktrace.trace.record.walk import IS_WEBSOCKET, REDIRECTS, SLASH

_KINDS = {
    "view": "the view",
    "error_handler": "the error handler",
    "call": "the function",
    "receiver": "the receiver",
    "session_open": "the session's",
    "session_save": "the session's",
}
_ANSWERING = {"view", "before_request", "error_handler"}
_USUAL = {"HEAD", "OPTIONS"}
"""Methods that come with others, or by themselves."""
_VERBS = {"is", "has", "needs", "redirects", "takes"}
_PROPAGATED = {
    "PROPAGATE_EXCEPTIONS": "as PROPAGATE_EXCEPTIONS wants it",
    "TESTING": "as exceptions do in tests",
    "DEBUG": "as exceptions do in debug mode",
}
"""Why an exception leaves an app, by the key of its configuration."""
_AFTER = {"after_request", "after_this_request"}
_NOT_STARTED = "No response was started"
_LONGEST = 200
_LONGEST_HINT = 120
_FAILED = 500
"""The status from which on a response tells of a failure."""


def verdict(story: Story) -> str:
    """Return the sentence for *story*."""
    return f"{_by_hooks_after(story)}{_said(story)}{_afterwards(story)}."


def _said(story: Story) -> str:
    for form in _FORMS:
        said = form(story)
        if said:
            return said
    return _status(story)


def spoken(made: OpenSpan) -> str:
    """Return a span as it is named in a sentence: ``the view cart (shop.py:88)``."""
    if made.kind in {"user", "template"}:
        return author_of(made)
    told = f"{_KINDS.get(made.kind, made.kind)} {author_of(made)}"
    signal = str(made.attributes.get("why", "")).removeprefix(CONNECTED)
    return f"{told} of {signal}" if made.kind == "receiver" and signal else told


def _status(story: Story) -> str:
    """Return the status, as it was before hooks after the view changed it."""
    changed = _status_changes(story)
    if changed:
        return _code(changed[0].before)
    if story.recording.status is None:
        return _NOT_STARTED
    if _changed_outside(story):
        return str(story.recording.code)
    return str(story.recording.status)


def _from(story: Story, made: OpenSpan) -> str:
    """Return the status and who answered, or what became of the answer."""
    status = _status(story)
    if status == _NOT_STARTED:
        return f"{status}, though {spoken(made)} {made.attributes.get('outcome', 'answered')}"
    return f"{status} from {spoken(made)}"


def _title(failure: Failure) -> str:
    return _error(f"{failure.type}: {failure.message}" if failure.message else failure.type)


def _raised(story: Story) -> str:
    """Return the exception, who raised it, and what that one was handling."""
    made = _span(story, story.failure.span) if story.failure else None
    told = _raised_by(story, made)
    if made is None or made.kind != "error_handler":
        return told
    handled = story.handling or (story.failure.causes[:1] if story.failure else ())
    return f"{told}, which handled {_error(handled[0])}" if handled else told


def _raised_by(story: Story, made: OpenSpan | None) -> str:
    failure = story.failure
    assert failure is not None  # noqa: S101
    text = _title(failure)
    if failure.raised_by or made is not None:
        return f"{text} raised by {_raiser(failure.raised_by, made, story.via)}"
    return f"{text} in {failure.stage}" if failure.stage else text


def _raiser(function: str | None, made: OpenSpan | None, via: str | None) -> str:
    """Return who raised something: a function of the app, and the call in which it did, if any.

    *via* is the wrapper of the call's function that did, see `Abort`.
    """
    if made is None:
        return function or ""
    whole = spoken(made)
    told = whole if via is None else whole.replace(author_of(made), plain_author_of(made))
    if via:
        inside = (
            f"{function} in " if function and function.split(":")[0] != via.split(":")[0] else ""
        )
        return f"{inside}{via}, a decorator of {told}"
    if not function or function.split(" (")[0] == made.name.rpartition(".")[2]:
        return told
    return f"{function} in {told}"


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
    if made is not None and made.kind == "error_handler":
        raised += ","  # after what it handled
    if story.recording.status is not None:
        of = f" for {_error(story.handling[0])}" if story.handling else ""
        after = f"left the app after it had answered {story.recording.status}{of}"
        return f"{raised} {after}{_not_torn_down(story, made)}"
    nothing = story.replaced if story.replaced and gave_none(story.replaced) else None
    if nothing is not None and made is None:
        raised = f"{spoken(nothing)} returned None instead of a response: {raised}"
    elif made is None or not made.kind.startswith("teardown"):
        why = _PROPAGATED.get(story.recording.propagates)
        if why:
            return f"{raised} left the app, {why}"
    return f"{raised} left the app; the server has to answer"


def _not_torn_down(story: Story, made: OpenSpan | None) -> str:
    """Return how many teardown functions did not run any more, since *made* raised."""
    if made is None or not made.kind.startswith("teardown"):
        return ""
    total = str(made.attributes.get("order", "")).rpartition(" ")[2]
    left = int(total or 0) - sum(item.kind == made.kind for item in story.spans)
    if left <= 0 or "spans" in story.dropped:
        return ""
    return f"; {_count(left, f'{made.kind} function')} after it never ran"


def gave_none(made: OpenSpan) -> bool:
    """Tell whether a hook after the view forgot to return a response."""
    return made.attributes.get("outcome") == NO_RESPONSE


def _answered_early(story: Story) -> str | None:
    if story.answered is None or _fails_after(story, story.answered):
        return None
    number, count = story.recording.answered_place
    place = f", hook {number} of {count}" if count > 1 else ""
    told = f"{_from(story, story.answered)}{place}"
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


def _never_ran(story: Story) -> str:
    """Return that the view never ran, of a request that ended before its dispatch."""
    if not story.runs or any(run.name == "dispatch" for run in story.runs):
        return ""
    return f"; {_view_of(story)} never ran"


def _failed(story: Story) -> str | None:
    failure = story.failure
    if failure is None or story.recording.broken:
        return None
    status, raised = _status(story), _raised(story)
    again = next((made for made in reversed(story.spans) if _raised_on(made)), None)
    unmade = _unmade(story)
    if story.handler is not None:
        told = f"{_from(story, story.handler)} for {raised}"
    elif unmade is not None:
        told = f"{status}: {unmade}"
    elif story.handled_by is not None:
        told = f"{status} from {story.handled_by} for {raised}"
    elif again is not None and again.id == failure.span:
        told = f"{status}: {raised}"
    elif again is not None:
        told = f"{status}: {raised}; {spoken(again)} raised it again"
    elif status.isdecimal() and int(status) < _FAILED:
        told = f"{status}: {raised}, but the app caught it"
    else:
        told = f"{status}: {raised}, no handler for it"
    if story.too_late:
        told += "; raised there, an HTTP error is an exception like others"
    return f"{told}{_never_ran(story)}{_logged(story, failure)}"


def _logged(story: Story, failure: Failure) -> str:
    """Return what else was raised while the answer to *failure* was finished."""
    other = story.logged
    if other is None:
        return ""
    made = _span(story, other.span)
    by = spoken(made) if made else other.raised_by or "something"
    first = _span(story, failure.span)
    if first is not None and made is not None and spoken(first) == by:
        return ""  # it runs again for that answer, and its spans tell so
    return f"; when that was answered, {by} raised {_title(other)}"


def _raised_on(made: OpenSpan) -> bool:
    outcome = str(made.attributes.get("outcome", ""))
    return made.kind == "error_handler" and outcome.startswith("raised")


def _unmade(story: Story) -> str | None:
    """Return whose value could not be made a response."""
    failure = story.failure
    if failure is None or failure.stage != "make_response" or failure.span is not None:
        return None
    for made in reversed(story.spans):
        outcome = str(made.attributes.get("outcome", ""))
        ended = made.start + (made.duration or 0)
        if made.kind in _ANSWERING and ended <= failure.at_ns and not outcome.startswith("raised"):
            said = f"{spoken(made)} {outcome}, which"
            if outcome == "returned None":
                return f"{said} is no response"
            return f"{said} could not be made a response ({_title(failure)})"
    return None


def _not_routed(story: Story) -> str | None:
    """Tell the router's error, unless something else raised one before it."""
    if "error" not in story.recording.routing:
        return None
    if story.aborted is not None and story.aborted.span is not None:
        return None
    told = _routing_error(story)
    handler = story.handler
    return f"{told}; {spoken(handler)} answered" if told and handler else told


def _routing_error(story: Story) -> str | None:
    facts, request = story.recording.routing, story.recording.request
    asked = f"{_method(story)} {request.get('path')}"
    status = _status(story)
    match facts.get("error"):
        case "redirect":
            return f"{status}: the router redirects {asked} to {facts['to']}{_redirecting(facts)}"
        case "method":
            allowed = ", ".join(facts["allowed"])
            return f"{status}: the url exists, but not for {asked}; it allows {allowed}"
        case "none":
            return f"{status}: no route matches {asked}{_hint(facts, request)}"
        case "websocket":
            by_http = any(item.refused == IS_WEBSOCKET for item in facts.get("candidates", ()))
            how = "over plain HTTP" if by_http else "as a websocket"
            return f"{status}: no route takes {asked} {how}{_hint(facts, request)}"
        case "other":
            return f"{status}: the router refused {asked}"
    return None


def _hint(facts: dict[str, Any], request: dict[str, str]) -> str:
    """Return what the request perhaps meant, or why the rule that was meant refused it."""
    near, candidates = facts.get("near", ())[:1], facts.get("candidates", ())
    # A rule with variables is near when a value does not fit; then its reason says more.
    told = [item for item in candidates if item.rule in near and "<" in item.rule]
    if facts["error"] == "websocket" or (not told and _is_elsewhere(candidates, near, request)):
        told = candidates[:1]
    for item in told:
        if len(item.rule) + len(item.refused or "") <= _LONGEST_HINT:
            return f" ({_because(item)})"
    if not near:
        return ""
    methods = next(iter(facts.get("near_methods", ())), ())
    only = [name for name in methods if name not in _USUAL]
    if only and request.get("REQUEST_METHOD") not in methods:
        return f" (did you mean {near[0]}, which takes only {', '.join(only)}?)"
    return f" (did you mean {near[0]}?)"


def _is_elsewhere(
    candidates: Sequence[Candidate], near: Sequence[str], request: dict[str, str]
) -> bool:
    """Tell whether the nearest rule is refused for something else than the path."""
    if not candidates:
        return False
    refused = candidates[0].refused or ""
    if refused == ONLY_BUILDS or refused.startswith(NOT_BELOW):
        return True
    same = candidates[0].rule == request.get("path")
    return same and not near and refused.startswith(OTHER_HOST)


def _redirecting(facts: dict[str, Any]) -> str:
    """Return why the router redirects: the rule that does, and its reason."""
    for item in facts.get("candidates", ()):
        refused = item.refused or ""
        if refused == SLASH.before or refused.startswith(REDIRECTS):
            return f" ({_because(item)})"
    return ""


def _because(item: Candidate) -> str:
    """Return ``/feed is a websocket rule``, or ``/<int:id>: the int converter does not …``."""
    refused = item.refused or ""
    sign = " " if refused.split(" ", 1)[0] in _VERBS else ": "
    return f"{item.rule}{sign}{refused}"


def _method(story: Story) -> str:
    """Return the method that the app was asked for, which a middleware may have changed."""
    return _changed_method(story) or story.recording.request.get("REQUEST_METHOD", "")


def _changed_method(story: Story) -> str | None:
    """Return the method that the app saw, when it is not that of the client."""
    came = story.recording.request.get("REQUEST_METHOD", "")
    look = story.runs[0].look if story.runs else None
    cards = look[1].cards if look else ()
    seen = cards[-1].sections.get("request", {}).get("method", "").strip("'") if cards else ""
    return seen if seen and seen != came else None


def _aborted(story: Story) -> str | None:
    if story.aborted is None:
        return None
    made, code, name, stage, raised_by, via = story.aborted
    if name.startswith("SecurityError") and made is None:
        host = story.recording.request.get("HTTP_HOST", "")
        return f"{_status(story)}: the host {host} is not trusted"
    by = _raiser(raised_by, made, via) if made else _by_stage(story, stage)
    what = _error(name) if code else f"{name} with a response of its own"
    told = f"{_status(story)}: {by}{',' if via else ''} raised {what}{_never_ran(story)}"
    handler = spoken(story.handler) if story.handler else _taker(story, code)
    return f"{told}; {handler} answered" if handler else told


def _taker(story: Story, code: int) -> str | None:
    """Return the app's own method that answered an HTTP error with another status than its own.

    With the same status, nobody can tell whether it has handed on what the framework answered.
    """
    return None if _status(story).startswith(str(code)) else story.taken_by


def _by_view(story: Story) -> str | None:
    if story.view is None:
        return None
    return f"{_from(story, story.view)}{_hooks(story)}"


def _hooks(story: Story) -> str:
    """Return how many hooks ran before and after the view, empty for none."""
    kinds = [item.kind for item in story.spans]
    before = kinds.count("before_request")
    after = sum(map(kinds.count, _AFTER))
    if not before + after:
        return ""
    told = [
        f"{_count(number, 'hook')} {where} it"
        for number, where in ((before, "before"), (after, "after"))
        if number
    ]
    return f", with {' and '.join(told)}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _by_framework(story: Story) -> str | None:
    endpoint = story.recording.routing.get("endpoint")
    ended = ("dispatch", "preprocess") if story.answered is None else ()
    own = next((told for name in ended if (told := _own_method(story, name))), "")
    if endpoint is None and not own:
        return None
    asked = f"{_method(story)} for {endpoint}" if endpoint else "the request"
    return f"{_status(story)}: {own or 'the framework itself'} answers {asked}"


def _by_stage(story: Story, stage: str | None) -> str:
    """Return who did what no function has done that the framework called."""
    if stage is None:
        return "the framework"
    return _own_method(story, stage) or f"the framework, in {stage}"


def _own_method(story: Story, stage: str) -> str:
    """Return the app's own method of a stage; empty when it ran the framework's."""
    places = [run.place for run in story.runs if run.name == stage and run.place is not None]
    return f"the app's own {places[-1]}" if places else ""


def _by_wsgi_app(story: Story) -> str | None:
    if story.runs:
        return None
    recorder = story.recording.recorder
    if recorder.host.name == WSGI:
        return f"{_status(story)} from {recorder.app_name}; its stages are not visible"
    return f"{_status(story)}: {recorder.app_name} was not reached, what stands before it answered"


def _by_hooks_after(story: Story) -> str:
    """Return which hooks after the view gave the response another status; it comes first."""
    changed = _status_changes(story)
    if not changed:
        return _outside(story)
    told = "; ".join(_status_change(story, item, len(changed)) for item in changed)
    return f"{story.recording.status}: {told}; before that it was "


def _changed_outside(story: Story) -> bool:
    """Tell whether another status was sent than that of the app's response."""
    recording = story.recording
    if recording.status is None or recording.escaped or type(recording.code) is not int:
        return False
    return recording.code != recording.status


def _outside(story: Story) -> str:
    if not _changed_outside(story):
        return ""
    told = _told(story, "request_finished") if story.recording.unread else ""
    heard = f"a receiver of request_finished, {told}, or " if told else ""
    by = f"{heard}what stands between the app and the server changed the status"
    return f"{story.recording.status}: {by}; before that it was "


def _told(story: Story, signal: str) -> str:
    """Return the receivers that one of Flask's signals was sent to; empty for none."""
    sent = [item for item in story.events if item.name == f"signal {signal}"]
    return str(sent[-1].attributes.get("receivers", "")) if sent else ""


def _status_change(story: Story, item: Change, count: int) -> str:
    made = _span(story, item.span)
    by = spoken(made) if made else item.author
    if made is not None and made is story.replaced:
        return f"{by} replaced the response"
    which = f" from {_code(item.before)} to {_code(item.after)}" if count > 1 else ""
    return f"{by} changed the status{which}"


def _afterwards(story: Story) -> str:
    told = ""
    changed = {item.span for item in _status_changes(story)}
    if story.replaced is not None and story.replaced.id not in changed:
        told += _replacing(story, story.replaced)
    method = _changed_method(story)
    if method and not story.recording.routing.get("error"):
        came = story.recording.request.get("REQUEST_METHOD")
        told += f"; it came as {came}, but the app was asked for {method}"
    chunks = _count(story.recording.chunks, "chunk")
    if story.recording.broken == "close":
        told += f"; closing the body failed with {_raised(story)}"
    elif story.recording.broken:
        told += f"; the body broke off after {chunks} with {_raised(story)}"
    elif story.recording.outcome == "client_disconnected" and story.recording.returned:
        told += _left(story, f"{chunks} ({_count(story.recording.bytes, 'byte')})")
    elif story.recording.outcome == "abandoned":
        told += f"; the body was dropped after {chunks}, not at its end and never closed"
    return told


def _replacing(story: Story, made: OpenSpan) -> str:
    if not gave_none(made):
        return f"; {spoken(made)} replaced the response"
    if story.recording.escaped and story.failure and story.failure.span is None:
        return ""  # told as the reason
    return f"; {spoken(made)} returned None instead of a response"


def _left(story: Story, sent: str) -> str:
    if not story.recording.chunks:
        return "; the client left before the first chunk"
    return f"; the client left after {sent}"


def _status_changes(story: Story) -> list[Change]:
    """Return who changed the status after the view; not of a response that was never sent."""
    changed = [item for item in story.changes if item.key == "status"]
    if not changed:
        return []
    made = max((run.start for run in story.runs if run.name == "make_response"), default=0)
    found = [
        item
        for item in changed
        if item.depth == NO_CARD
        and item.at_ns >= made  # else of one that an error has taken the place of
        and _code(item.before) != _code(item.after)
    ]
    sent = bool(found) and _code(found[-1].after) == str(story.recording.status)
    return found if sent else []


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
