"""Where the time of a request went: the one thing that took most of it by itself."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from flasktrace.trace.model import Trace
from flasktrace.trace.show import words

LEAST = 0.2
"""Part of the request's time from which on something is worth a sentence."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What took the largest part."""

    text: str
    stage: str


@dataclass(frozen=True, slots=True)
class _Part:
    what: str
    stage: str
    ns: int
    count: int = 1


def spent(trace: Trace) -> Spent | None:
    """Return what took most time without what ran inside of it; None when nothing stands out."""
    parts = [*_works(trace), *_stages(trace), *_gaps(trace)]
    most = max(parts, key=lambda part: part.ns, default=None)
    if most is None or trace.duration_ns <= 0 or most.ns < LEAST * trace.duration_ns:
        return None
    return Spent(words.spent(most.ns, trace.duration_ns, most.what, most.count), most.stage)


def _works(trace: Trace) -> Iterator[_Part]:
    """Yield the spans, those that do the same as one."""
    inside: dict[int, int] = defaultdict(int)
    for span in trace.spans:
        if span.parent is not None and not span.attributes.get("lane"):
            inside[span.parent] += span.duration_ns
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    stages: dict[tuple[str, str], str] = {}
    for span in trace.spans:
        if span.attributes.get("lane"):
            continue
        key = (span.kind, words.title(span))
        found[key].append(max(span.duration_ns - inside[span.id], 0))
        stages.setdefault(key, span.stage or ("body" if span.kind == "body" else "none"))
    for (kind, title), times in found.items():
        what = title if kind in {"user", "body"} else f"{kind} {title}"
        yield _Part(what, stages[kind, title], sum(times), len(times))


def _stages(trace: Trace) -> Iterator[_Part]:
    """Yield what the stages took beside the spans and the stages in them."""
    inside: dict[str, int] = defaultdict(int)
    known = {span.id for span in trace.spans}
    for span in trace.spans:
        if span.stage and span.parent not in known and not span.attributes.get("lane"):
            inside[span.stage] += span.duration_ns
    for stage in trace.stages:
        if stage.within:
            inside[stage.within] += stage.duration_ns
    for stage in trace.stages:
        if stage.start_ns is not None:
            own = max(stage.duration_ns - inside[stage.name], 0)
            yield _Part(f"the framework in {stage.name}", stage.name, own)


def _gaps(trace: Trace) -> Iterator[_Part]:
    """Yield the times between the stages."""
    pieces = [
        (run.start_ns, run.start_ns + run.duration_ns, stage.name)
        for stage in trace.stages
        for run in words.stage_runs(stage)
    ]
    loose = [span for span in trace.spans if span.stage is None]
    pieces += [
        (span.start_ns, span.start_ns + span.duration_ns, words.title(span)) for span in loose
    ]
    end, last = 0, ""
    for start, stop, name in sorted(pieces):
        if start > end and pieces:
            yield _Part(words.between(last, name), "none", start - end)
        if stop > end:
            end, last = stop, name
    if pieces and trace.duration_ns > end:
        is_sent = trace.response.closed and last in {
            words.title(span) for span in loose if span.kind == "body"
        }
        what = words.before_close() if is_sent else words.between(last, "")
        yield _Part(what, "none", trace.duration_ns - end)
