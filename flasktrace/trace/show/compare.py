"""Two requests side by side: what is paired, what differs, and what is usual for an endpoint."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from statistics import median

from flasktrace.trace.file_name import file_name
from flasktrace.trace.model import STAGES, Change, Span, Summary, Trace
from flasktrace.trace.show import words
from flasktrace.trace.show.sanitize import clean

FEWEST = 3
"""Requests that make something usual."""

_HOOKS = frozenset(
    {"before_request", "after_request", "after_this_request", "teardown_request"}
    | {"teardown_appcontext", "error_handler", "url_value_preprocessor"}
)
_QUERIES = frozenset({"sql", "query", "db"})
_PLAIN = frozenset({"ok", "error"})
_ALWAYS_NEW = frozenset({"date", "etag", "last-modified", "age"})
"""Headers that differ from one request to the next, which says nothing."""

_Key = tuple[str, str, int]
"""Kind and identity of a call, and how many of these were before it."""
_TOGETHER = -1
"""In the place of that number: for all that were not told apart."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of both requests."""

    name: str
    before: int
    after: int
    unit: str
    """``ns``, ``bytes`` or, for a count, empty."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A stage, or spans that do the same, in both requests."""

    kind: str
    """``stage``, or the spans' kind."""
    title: str
    where: str
    stage: str
    level: int
    before: int | None
    """Nanoseconds; None when the first request does not have it."""
    after: int | None
    before_count: int
    after_count: int
    """How often; alike spans beside each other are one pair."""
    notes: tuple[str, str]
    """What it gave: in the first, in the second request."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A text that is not the same in both requests."""

    name: str
    before: str | None
    after: str | None
    """None: it is not there."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """All that can be said of two requests at once; the first is called *before*."""

    before: Trace
    after: Trace
    sentence: str
    figures: tuple[Figure, ...]
    """Those that are not the same, and the duration."""
    stages: tuple[Pair, ...]
    """All seven and the body, in their places."""
    spans: tuple[Pair, ...]
    """In the order of the second request, children below their parents."""
    facts: tuple[Difference, ...]
    changes: tuple[Difference, ...]
    """Of the context stack and the response: what was done only, or otherwise, in one of them."""
    headers: tuple[Difference, ...]
    """Of request and response."""

    @property
    def only_before(self) -> tuple[Pair, ...]:
        """The spans that are gone."""
        return tuple(pair for pair in self.spans if pair.after is None)

    @property
    def only_after(self) -> tuple[Pair, ...]:
        """The spans that came."""
        return tuple(pair for pair in self.spans if pair.before is None)


def compare(a: Trace, b: Trace) -> Comparison:
    """Return what differs from *a*, called before, to *b*, called after."""
    stages = tuple(_stages(a, b))
    return Comparison(
        before=a,
        after=b,
        sentence=words.comparison(a.duration_ns, b.duration_ns, _shares(stages), _results(a, b)),
        figures=tuple(_figures(a, b)),
        stages=stages,
        spans=tuple(_spans(a, b)),
        facts=tuple(_differences(_facts(a), _facts(b))),
        changes=tuple(_differences(_changes(a), _changes(b))),
        headers=tuple(
            item
            for name, one, other in (
                ("request", a.request.headers, b.request.headers),
                ("response", a.response.headers, b.response.headers),
            )
            for item in _differences(_headers(name, one), _headers(name, other))
        ),
    )


@dataclass(frozen=True, slots=True)
class Usual:
    """What the requests of one endpoint took."""

    count: int
    duration_ns: int
    stages: dict[str, int]
    """Median of each stage that ran in most of them."""
    typical: str
    """Id of the one whose duration was in the middle."""


def usual(others: Sequence[Summary]) -> Usual | None:
    """Return what is usual among *others*; None when they are too few to say so."""
    if len(others) < FEWEST:
        return None
    stages: dict[str, list[int]] = defaultdict(list)
    for item in others:
        for name, start, length in item.stages:
            if start is not None:
                stages[name].append(length)
    ordered = sorted(others, key=lambda item: item.duration_ns)
    return Usual(
        count=len(others),
        duration_ns=int(median(item.duration_ns for item in others)),
        stages={
            name: int(median(found))
            for name, found in stages.items()
            if 2 * len(found) > len(others)
        },
        typical=ordered[len(ordered) // 2].id,
    )


def _shares(stages: Iterable[Pair]) -> list[tuple[str, int]]:
    return [(pair.title, (pair.after or 0) - (pair.before or 0)) for pair in stages]


def _results(a: Trace, b: Trace) -> Iterator[tuple[str, str, str]]:
    """Yield name and both values of what came of the requests, where it differs."""
    status = (words.status(a.status), words.status(b.status))
    # That a request failed is told by its status, as long as that differs.
    is_told = status[0] != status[1] and {a.outcome, b.outcome} <= _PLAIN
    if a.outcome != b.outcome and not is_told:
        yield "outcome", words.outcome_of(a), words.outcome_of(b)
    if status[0] != status[1]:
        yield "status", *status
    places = (_location(a), _location(b))
    if places[0] != places[1]:
        yield "Location", *places


def _location(trace: Trace) -> str:
    found = (value for name, value in trace.response.headers if name.lower() == "location")
    return clean(next(found, ""))


def _figures(a: Trace, b: Trace) -> Iterator[Figure]:
    yield Figure("duration", a.duration_ns, b.duration_ns, "ns")
    others = (
        ("first byte", a.response.first_byte_ns or 0, b.response.first_byte_ns or 0, "ns"),
        ("response body", a.response.bytes, b.response.bytes, "bytes"),
        ("calls and spans", len(a.spans), len(b.spans), ""),
        ("hooks", _count(a, _HOOKS.__contains__), _count(b, _HOOKS.__contains__), ""),
        ("queries", _count(a, _QUERIES.__contains__), _count(b, _QUERIES.__contains__), ""),
        ("templates", _count(a, "template".__eq__), _count(b, "template".__eq__), ""),
        ("events", len(a.events), len(b.events), ""),
        ("changes", len(a.changes), len(b.changes), ""),
    )
    yield from (Figure(*item) for item in others if item[1] != item[2])


def _count(trace: Trace, fits: Callable[[str], object]) -> int:
    return sum(1 for span in trace.spans if fits(span.kind) is True)


def _stages(a: Trace, b: Trace) -> Iterator[Pair]:
    found = [{stage.name: stage for stage in trace.stages} for trace in (a, b)]
    for name in STAGES:
        one, other = (stages.get(name) for stages in found)
        times = [
            None if stage is None or stage.start_ns is None else stage.duration_ns
            for stage in (one, other)
        ]
        notes = [
            "" if stage is None else clean(stage.skipped or "; ".join(words.stage_notes(stage)))
            for stage in (one, other)
        ]
        yield _pair("stage", name, "", name, 0, (times[0], times[1]), (notes[0], notes[1]))
    bodies = [[span.duration_ns for span in trace.spans if span.kind == "body"] for trace in (a, b)]
    times = [sum(lengths) if lengths else None for lengths in bodies]
    notes = [words.body_sentence(trace.response) for trace in (a, b)]
    yield _pair("stage", "body", "", "body", 0, (times[0], times[1]), (notes[0], notes[1]))


def _pair(
    kind: str,
    title: str,
    where: str,
    stage: str,
    level: int,
    times: tuple[int | None, int | None],
    notes: tuple[str, str],
) -> Pair:
    counts = [int(time is not None) for time in times]
    return Pair(kind, title, where, stage, level, *times, counts[0], counts[1], notes)


class _Forest:
    """The spans of a trace by their parents."""

    def __init__(self, trace: Trace) -> None:
        self.children: dict[int | None, list[Span]] = defaultdict(list)
        known: set[int] = set()
        for span in sorted(trace.spans, key=lambda span: span.id):
            # A parent begins earlier and so has a smaller id; anything else would be a circle.
            self.children[span.parent if span.parent in known else None].append(span)
            known.add(span.id)

    def calls(self, parents: Iterable[Span | None]) -> Iterator[tuple[_Key, Span]]:
        """Yield the children of all *parents*, each with its key."""
        times: dict[tuple[str, str], int] = defaultdict(int)
        for parent in parents:
            for span in self.children.get(parent.id if parent else None, ()):
                name = (span.kind, f"{span.stage} {_identity(span)}")
                yield (*name, times[name]), span
                times[name] += 1


def _grouped(
    calls: Iterable[tuple[_Key, Span]], alone: AbstractSet[_Key]
) -> dict[_Key, list[Span]]:
    """Return *calls* that are alike together, those of *alone* by themselves."""
    made: dict[_Key, list[Span]] = {}
    for key, span in calls:
        made.setdefault(key if key in alone else (*key[:2], _TOGETHER), []).append(span)
    return made


def _identity(span: Span) -> str:
    """Return what makes a span the same in another request, though its lines have moved."""
    function = span.attributes.get("code.function.name") or ""
    file = span.attributes.get("code.file.path")
    return f"{span.name} {function} {file_name(str(file)) if file else ''}"


def _spans(a: Trace, b: Trace) -> Iterator[Pair]:
    left, right = _Forest(a), _Forest(b)
    waiting: list[tuple[list[Span], list[Span], int]] = []

    def wait(before: list[Span | None], after: list[Span | None], level: int) -> None:
        calls = [*left.calls(before)], [*right.calls(after)]
        # A call is the same whatever ran inside of it: a hook that sent a query in one request
        # only ran in both. What has nothing inside on either side is counted together.
        alone = {key for key, span in calls[0] if span.id in left.children}
        alone |= {key for key, span in calls[1] if span.id in right.children}
        ones, others = (_grouped(side, alone) for side in calls)
        pairs = [
            (ones.get(key, []), others.get(key, []), level)
            for key in _merged(list(ones), list(others))
        ]
        waiting.extend(reversed(pairs))

    wait([None], [None], 0)
    while waiting:
        before, after, level = waiting.pop()
        yield _span_pair(before, after, level)
        wait([*before], [*after], level + 1)


def _merged(before: list[_Key], after: list[_Key]) -> Iterator[_Key]:
    """Yield all keys once: as in *after*, those that are gone where they were."""
    there = set(after)
    position = 0
    seen: set[_Key] = set()
    places = {key: number for number, key in enumerate(before)}
    for key in after:
        for gone in before[position : places.get(key, position)]:
            if gone not in there and gone not in seen:
                seen.add(gone)
                yield gone
        position = max(position, places.get(key, position))
        yield key
    yield from (key for key in before if key not in there and key not in seen)


def _span_pair(before: list[Span], after: list[Span], level: int) -> Pair:
    shown = (after or before)[0]
    return Pair(
        kind=clean(shown.kind),
        title=words.title(shown),
        where=words.whereabouts(shown),
        stage=shown.stage or ("body" if shown.kind == "body" else "none"),
        level=level,
        before=sum(span.duration_ns for span in before) if before else None,
        after=sum(span.duration_ns for span in after) if after else None,
        before_count=len(before),
        after_count=len(after),
        notes=(_note(before), _note(after)),
    )


def _note(spans: list[Span]) -> str:
    return words.outcome(spans[0]) if len(spans) == 1 else ""


def _facts(trace: Trace) -> dict[str, str]:
    failure = trace.exception
    return {
        "method": clean(trace.method),
        "target": words.target(trace),
        "status": words.status(trace.status, trace.response.reason),
        "verdict": clean(trace.verdict),
        **{
            label: value
            for label, value in words.facts(trace)
            if label not in {"started", "pid", "made in"}
        },
        **({"exception": words.failure_title(failure)} if failure else {}),
    }


def _changes(trace: Trace) -> dict[str, str]:
    """Return, for each thing that was changed, what was done to it last."""
    return {_changed(change): words.change_sentence(change) for change in trace.changes}


def _changed(change: Change) -> str:
    name = words.change_name(change)
    return f"{name} (depth {change.depth})" if change.depth > 0 else name


def _headers(message: str, headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, list[str]] = defaultdict(list)
    for name, value in headers:
        if name.lower() not in _ALWAYS_NEW:
            found[f"{message} header {clean(name).title()}"].append(clean(value))
    return {name: ", ".join(values) for name, values in found.items()}


def _differences(before: dict[str, str], after: dict[str, str]) -> Iterator[Difference]:
    for name in dict.fromkeys([*before, *after]):
        if before.get(name) != after.get(name):
            yield Difference(name, before.get(name), after.get(name))
