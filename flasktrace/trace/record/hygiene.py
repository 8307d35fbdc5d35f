"""Tells what a request has left behind, or found left behind by others."""

from collections.abc import Iterator, Sequence

from flasktrace.trace.model import Leak
from flasktrace.trace.record.calls import OF_A_COPY, TEARDOWNS
from flasktrace.trace.record.place import author_of
from flasktrace.trace.record.residue import Remnant
from flasktrace.trace.record.story import OpenSpan, Story
from flasktrace.trace.record.verdict import spoken

_ENDED = {"exit", "interrupted"}
"""Outcomes of requests that somebody has stopped; nothing is at fault then."""
_OF_CONTEXTS = "teardown_appcontext"


def leaks(story: Story) -> tuple[Leak, ...]:
    """Return everything that did not end as it should, what came first at first."""
    return (
        *(_contexts(story) if _has_contexts(story) else ()),
        *_teardowns(story),
        *_body(story),
        *_outlived(story),
    )


def _has_contexts(story: Story) -> bool:
    """Tell whether there is anything to ask about contexts: most requests leave them alone."""
    return bool(story.found or story.gone or story.left or story.above) or (
        story.popped_by.get(story.recording.own) is not None
    )


def _contexts(story: Story) -> Iterator[Leak]:
    yield from _found(story)
    yield from _popped_early(story)
    yield from _gone(story)
    yield from _left(story)


def _found(story: Story) -> Iterator[Leak]:
    for item in _whole(story.found):
        told = f"{_named(item)} was on the stack already when the request came"
        if item.trace is None:
            yield Leak("found", f"{told}: it was pushed outside of any request", is_fault=False)
        elif item.preserved:
            told += f": a test client in a 'with' block preserves it after {item.request}"
            yield Leak("preserved", told, is_fault=False, trace=item.trace)
        else:
            told += f": {item.request} never popped it"
            yield Leak("found", told, is_fault=True, culprit=item.request, trace=item.trace)


def _popped_early(story: Story) -> Iterator[Leak]:
    """Tell of the request's own context, when it was not the framework that popped it."""
    culprit = story.popped_by.get(story.recording.own)
    if culprit is not None and "pop" not in [run.name for run in story.runs]:
        told = f"The request's own context was popped by {culprit}; what runs after has no request"
        yield Leak("popped early", told, is_fault=True, culprit=culprit)


def _gone(story: Story) -> Iterator[Leak]:
    for item in _whole(story.gone):
        culprit = story.popped_by.get(item.address)
        told = f"{_named(item)}, there before the request, was popped by "
        told += culprit or "it"
        yield Leak("popped another's", told, is_fault=True, culprit=culprit)


def _left(story: Story) -> Iterator[Leak]:
    left = list(_whole(story.left))
    for item in left:
        if item.own:
            told = "The request's own context was never popped; the next request finds it here"
            yield Leak("not popped", told, is_fault=True)
    for item in _above(story) or left:
        if not item.own:
            culprit = story.pushed_by.get(item.address)
            told = f"{_named(item)} was pushed by {culprit or 'the app'} and never popped"
            yield Leak("not popped", told, is_fault=True, culprit=culprit)


def _above(story: Story) -> list[Remnant]:
    """Return the contexts that stood above the request's own when it was popped."""
    items = [Remnant(address, *card) for address, card in story.above.items()]
    return list(_whole(items))


def _whole(items: Sequence[Remnant]) -> Iterator[Remnant]:
    """Yield the contexts; an app context that stands for the request beside it is none by itself.

    flask 3.0 and 3.1 push one below each request; 3.0 preserves it apart, above the request.
    """
    around = (None, *items, None)
    for below, item, above in zip(around, items, around[2:], strict=False):
        is_part = item.kind == "app" and item.trace is None
        if not (is_part and (_pushes_one(above, item) or _keeps_one(below, item))):
            yield item


def _pushes_one(request: Remnant | None, context: Remnant) -> bool:
    return request is not None and request.kind == "request" and request.app == context.app


def _keeps_one(request: Remnant | None, context: Remnant) -> bool:
    return request is not None and request.preserved and request.app == context.app


def _named(item: Remnant) -> str:
    return f"{'An app' if item.kind == 'app' else 'A request'} context of {item.app!r}"


def _teardowns(story: Story) -> Iterator[Leak]:
    if _never_torn_down(story):
        told = "Teardown never ran: the stage pop was not reached"
        yield Leak("teardown never", told, is_fault=True)
    for made, times, streamed in _repeated(story):
        told = f"The teardown function {author_of(made)} ran {times} times for one request"
        if streamed:
            told += ": its streamed body pushed the context again, and popped it at its end"
        yield Leak("teardown twice", told, is_fault=not streamed)
    yield from _torn_down_beside(story)


def _torn_down_beside(story: Story) -> Iterator[Leak]:
    """Tell of teardown functions that a copy of the context has run: they run for the request, too.

    What they close the request, or another copy, may still be using.
    """
    told: dict[str, list[str]] = {}
    for made in story.spans:
        if made.attributes.get("why") == OF_A_COPY:
            lanes = told.setdefault(author_of(made), [])
            lane = made.attributes.get("lane", "the request's own thread")
            if lane not in lanes:
                lanes.append(lane)
    for function, lanes in told.items():
        more = f" and {len(lanes) - 1} more" if len(lanes) > 1 else ""
        sentence = (
            f"The teardown function {function} ran in {lanes[0]}{more}, too: "
            "a copy of the context ends with a teardown of its own"
        )
        yield Leak("teardown twice", sentence, is_fault=False, culprit=lanes[0])


def _never_torn_down(story: Story) -> bool:
    if not story.runs or "pop" in [run.name for run in story.runs]:
        return False
    pushed = any(run.name == "push" and run.exception is None for run in story.runs)
    excused = story.recording.outcome in _ENDED or story.recording.own in story.popped_by
    ran = any(made.kind in TEARDOWNS for made in story.spans)
    return pushed and not excused and not ran and not any(x.own for x in story.left)


def _repeated(story: Story) -> list[tuple[OpenSpan, int, bool]]:
    """Return the teardown functions that ran more often than they are registered.

    With each, how often it ran, and whether a streamed body is the reason.
    """
    roster = story.recording.roster
    if not roster:
        return []
    due: dict[int, int] = {}
    of_contexts = {address for scope in roster.get(_OF_CONTEXTS, {}).values() for address in scope}
    for kind in TEARDOWNS:
        for scope in roster.get(kind, {}).values():
            for address in scope:
                due[address] = due.get(address, 0) + 1
    ran: dict[int, list[OpenSpan]] = {}
    for address, made in story.called:
        inside = address in of_contexts and _is_inside(story, made)
        if address in due and not inside and made.attributes.get("why") != OF_A_COPY:
            ran.setdefault(address, []).append(made)
    if not ran:
        return []
    bodies = {made.id for made in story.spans if made.kind == "body"}
    return [
        (spans[0], len(spans), sum(made.parent not in bodies for made in spans) <= due[address])
        for address, spans in ran.items()
        if len(spans) > due[address]
    ]


def _is_inside(story: Story, made: OpenSpan) -> bool:
    """Tell whether a function has run in another one of the user.

    What belongs to app contexts then most likely did so for one that the other has pushed, which
    ends there with a teardown of its own.
    """
    around = None if made.parent is None else story.spans[made.parent - 1]
    return around is not None and around.kind != "body"


def _body(story: Story) -> Iterator[Leak]:
    if story.recording.outcome == "abandoned":
        told = "The response's iterator was neither read to its end nor closed"
        yield Leak("not closed", told, is_fault=False)


def _outlived(story: Story) -> Iterator[Leak]:
    """Tell of the work beside the request that had not ended when the request did."""
    told = {
        made.attributes["lane"]: made
        for made in reversed(story.spans)
        if made.duration is None and "lane" in made.attributes
    }
    for lane, made in told.items():
        sentence = (
            f"{lane[0].upper()}{lane[1:]} still ran {spoken(made)} with a copy of the context "
            "when the request ended"
        )
        yield Leak("outlived", sentence, is_fault=False, culprit=lane)
