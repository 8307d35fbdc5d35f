"""Tells what a request has left behind, or found left behind by others."""

from collections.abc import Iterator, Sequence

from flasktrace.trace.model import Leak
from flasktrace.trace.record.calls import OF_A_COPY, TEARDOWNS
from flasktrace.trace.record.place import author_of
from flasktrace.trace.record.residue import Remnant
from flasktrace.trace.record.story import BODY_NAME, OpenSpan, Story
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
    return bool(story.found or story.gone or story.left or story.above or story.heeded) or (
        story.popped_by.get(story.recording.own) is not None
    )


def _contexts(story: Story) -> Iterator[Leak]:
    yield from _found(story)
    yield from _popped_early(story)
    yield from _astray(story)
    yield from _gone(story)
    yield from _left(story)


def _found(story: Story) -> Iterator[Leak]:
    for item in _whole(story.found):
        told = f"{_named(item)} was on the stack already when the request came"
        if item.trace is None:
            told += ": no recorded request is known to have pushed it"
            yield Leak("found", told, is_fault=False)
        elif item.preserved:
            told += f": a test client in a 'with' block preserves it after {item.request}"
            yield Leak("preserved", told, is_fault=False, trace=item.trace)
        else:
            told += f": {item.request} never popped it"
            yield Leak("found", told, is_fault=True, culprit=item.request, trace=item.trace)


def _popped_early(story: Story) -> Iterator[Leak]:
    """Tell of the request's own context, when it was not the framework that popped it."""
    culprit = _who(story.popped_by.get(story.recording.own))
    if culprit is not None and "pop" not in [run.name for run in story.runs]:
        back = _who(story.pushed_back.get(story.recording.own))
        told = f"The request's own context was popped by {culprit}"
        told += f" and pushed again by {back}" if back else "; what runs after has no request"
        yield Leak("popped early", told, is_fault=True, culprit=culprit)


def _astray(story: Story) -> Iterator[Leak]:
    """Tell of contexts that were popped where they are not, or from below others."""
    for what, name, contexts in story.heeded:
        culprit = _who(name) or name
        if what == "popped elsewhere":
            told = (
                f"{culprit[0].upper()}{culprit[1:]} tried to pop the request's own context, which "
                "is not on the stack there; it stayed where it was"
            )
            yield Leak(what, told, is_fault=True, culprit=culprit)
        elif what == "out of order":
            popped, top = contexts
            above = _named(top)
            told = (
                f"{_named(popped)} was popped by {culprit} while {above[0].lower()}{above[1:]} was "
                "on top; all above it went along, without their teardown"
            )
            yield Leak(what, told, is_fault=True, culprit=culprit)


def _gone(story: Story) -> Iterator[Leak]:
    for item in _whole(story.gone):
        culprit = _who(story.popped_by.get(item.address))
        told = f"{_named(item)}, there before the request, was popped by "
        told += culprit or "it"
        yield Leak("popped another's", told, is_fault=True, culprit=culprit)


def _left(story: Story) -> Iterator[Leak]:
    left = list(_whole(story.left))
    for item in left:
        if item.own:
            told = "The request's own context was never popped; the next request finds it here"
            culprit = None
            again = [_who(who) or who for what, who, _ in story.heeded if what == "pushed again"]
            if again and all(other.own for other in left):  # else one above it held it
                told = (
                    f"The request's own context was pushed again by {' and '.join(again)} and not "
                    "popped as often; the next request finds it here"
                )
                culprit = again[0]
            yield Leak("not popped", told, is_fault=True, culprit=culprit)
    for item in _above(story) or left:
        if not item.own:
            culprit = BODY_NAME if item.by_body else story.pushed_by.get(item.address)
            culprit = _who(culprit)
            told = f"{_named(item)} was pushed by {culprit or 'the app'} and never popped"
            yield Leak("not popped", told, is_fault=True, culprit=culprit)


def _who(culprit: str | None) -> str | None:
    """Return a culprit as it stands in a sentence."""
    return f"the {culprit}" if culprit == BODY_NAME else culprit


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
        if item.kind != "app" or not (_pushes_one(above, item) or _keeps_one(below, item)):
            yield item


def _pushes_one(request: Remnant | None, context: Remnant) -> bool:
    return (
        request is not None
        and request.kind == "request"
        and request.app == context.app
        and context.trace in {None, request.trace}
    )


def _keeps_one(request: Remnant | None, context: Remnant) -> bool:
    return (
        request is not None
        and request.preserved
        and request.app == context.app
        and context.trace is None
    )


def _named(item: Remnant) -> str:
    return f"{'An app' if item.kind == 'app' else 'A request'} context of {item.app!r}"


def _teardowns(story: Story) -> Iterator[Leak]:
    if _never_torn_down(story):
        told = "Teardown never ran: the stage pop was not reached"
        yield Leak("teardown never", told, is_fault=True)
    for spans, streamed in _repeated(story):
        told = f"The teardown function {author_of(spans[0])} ran {len(spans)} times for one request"
        culprit = None
        if streamed:
            told += ": its streamed body pushed the context again, and popped it at its end"
        else:
            around = (_around(story, made) for made in spans)
            culprit = next((author_of(made) for made in around if made is not None), None)
            told += f"; {culprit} had it run, too" if culprit else ""
        yield Leak("teardown twice", told, is_fault=not streamed, culprit=culprit)
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


def _repeated(story: Story) -> list[tuple[list[OpenSpan], bool]]:
    """Return the runs of each teardown function that ran more often than it is registered.

    With them, whether a streamed body is the reason.
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
        (spans, sum(made.parent not in bodies for made in spans) <= due[address])
        for address, spans in ran.items()
        if len(spans) > due[address]
    ]


def _is_inside(story: Story, made: OpenSpan) -> bool:
    """Tell whether a function has run in another one of the user.

    What belongs to app contexts then most likely did so for one that the other has pushed, which
    ends there with a teardown of its own.
    """
    return _around(story, made) is not None


def _around(story: Story, made: OpenSpan) -> OpenSpan | None:
    """Return the function of the user in which another one has run."""
    around = None if made.parent is None else story.spans[made.parent - 1]
    return None if around is None or around.kind == "body" else around


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
