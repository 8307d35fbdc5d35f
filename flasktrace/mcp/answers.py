"""What the tools answer: text in the words of the terminal, bounded."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from statistics import median

from flasktrace.trace.keep.store import Store
from flasktrace.trace.model import Summary, Trace
from flasktrace.trace.query import Query
from flasktrace.trace.roles import HOOKS
from flasktrace.trace.show import words
from flasktrace.trace.show.outline import difference, outline
from flasktrace.trace.show.sanitize import clean
from flasktrace.trace.show.terminal import render, stack, tree

LONGEST = 20_000
"""Characters of an answer."""

MOST = 100
"""Traces of a list, and traces that a map looks at."""

_WIDTH = 120
_HEX = frozenset("0123456789abcdef")
_ID = 32


class NoAnswerError(LookupError):
    """What was asked for is not there, or is not understood; the message tells the remedy."""


class Answers:
    """Answers questions about the traces in *store*; changes nothing there."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def list(self, limit: int = 20) -> str:
        """Return the newest traces, a line each."""
        return self.search("", limit)

    def search(self, query: str, limit: int = 20) -> str:
        """Return the newest traces that *query* selects; QueryError when it is not understood."""
        wanted = Query.parse(query) if query.strip() else None
        page = self._store.page(limit=min(max(limit, 1), MOST), query=wanted)
        lines = [_line(item) for item in page.summaries]
        if not lines:
            what = f"No traces for {clean(query)!r}" if wanted else "No traces"
            return f"{what} in {self._store.url}."
        more = ["There are older ones."] if page.next is not None else []
        return _bounded("\n".join([*lines, *more]))

    def show(self, trace_id: str, stage: str = "") -> str:
        """Return the whole trace, or the context stack at the end of one *stage*."""
        trace = self._trace(trace_id)
        if not stage:
            return _bounded(render(tree(trace, width=_WIDTH), width=_WIDTH))
        names = [item.name for item in trace.stages]
        if stage not in names:
            raise NoAnswerError(f"There is no stage {stage!r}; there are {', '.join(names)}.")
        return _bounded(render(stack(trace, stage, width=_WIDTH), width=_WIDTH))

    def diff(self, first: str, second: str) -> str:
        """Return how the lifecycles of two traces differ, without their times."""
        one, other = self._trace(first), self._trace(second)
        heads = [f"- {_line(one.summary())}", f"+ {_line(other.summary())}", ""]
        before, after = outline(one), outline(other)
        told = difference(before, after) if before != after else "Their lifecycles are the same."
        return _bounded("\n".join([*heads, told]))

    def verdict(self, trace_id: str) -> str:
        """Return why the response was given, and what else is wrong."""
        trace = self._trace(trace_id)
        told = [_line(trace.summary()), clean(trace.verdict)]
        told += [clean(leak.sentence) for leak in trace.leaks]
        if trace.exception:
            told += [words.failure_title(trace.exception), words.failure_origin(trace.exception)]
        if trace.routing and words.meant(trace.routing):
            told.append(words.meant(trace.routing))
        return _bounded("\n".join(told))

    def map(self) -> str:
        """Return the endpoints of the newest traces: rule, answers, median time, what ran."""
        groups: defaultdict[str, list[Trace]] = defaultdict(list)
        for item in self._store.page(limit=MOST).summaries:
            trace = self._store.get(item.id)
            if trace is not None:
                groups[_endpoint(trace)].append(trace)
        if not groups:
            return f"No traces in {self._store.url}."
        told = ["\n".join(_described(name, groups[name])) for name in sorted(groups)]
        return _bounded("\n".join(told))

    def _trace(self, trace_id: str) -> Trace:
        """Return the trace that *trace_id* means: an id, the beginning of one, or ``last``."""
        asked = trace_id.strip().lower()
        if asked == "last":
            ids = [item.id for item in self._store.page(limit=1).summaries]
        else:
            fits = 0 < len(asked) <= _ID and set(asked) <= _HEX
            ids = self._store.find(asked, limit=2) if fits else []
        if len(ids) > 1:
            raise NoAnswerError(f"{asked!r} begins several ids; give more of it.")
        trace = self._store.get(ids[0]) if ids else None
        if trace is None:
            raise NoAnswerError(f"There is no trace {clean(trace_id[:80])!r}; list what there is.")
        return trace


def _line(item: Summary) -> str:
    return f"{item.id}  {words.clock(item.started)}  {words.plain_line(item)}"


def _endpoint(trace: Trace) -> str:
    return f"{trace.endpoint or 'no endpoint'}  {trace.rule or 'no rule'}"


def _described(name: str, traces: list[Trace]) -> Iterator[str]:
    time = words.duration(int(median(trace.duration_ns for trace in traces)))
    answers = Counter(f"{trace.method} {words.status(trace.status)}" for trace in traces)
    told = ", ".join(f"{clean(answer)} ({count})" for answer, count in answers.most_common())
    yield f"{clean(name)}  {words.number(len(traces), 'request')}, median {time}: {told}"
    kinds = (*HOOKS, "view", "error_handler", "template")
    ran = Counter(
        f"{span.kind} {words.place(span)}"
        for trace in traces
        for span in trace.spans
        if span.kind in kinds
    )
    yield from (f"  {clean(function)}" for function in ran)


def _bounded(text: str) -> str:
    if len(text) <= LONGEST:
        return text.rstrip()
    return f"{text[:LONGEST]}…\n{len(text) - LONGEST} more characters; ask for less."
