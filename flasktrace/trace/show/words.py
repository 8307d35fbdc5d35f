"""The words that all views share: what they say of a trace is written here, once.

Whatever is returned is cleaned: no control or hidden character of the traced app is left in it.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, tzinfo

from flasktrace.trace.file_name import file_name
from flasktrace.trace.model import (
    NO_CARD,
    Candidate,
    Change,
    Event,
    Failure,
    Leak,
    ResponseFacts,
    Routing,
    Run,
    Span,
    Stage,
    Summary,
    Trace,
)
from flasktrace.trace.roles import Repeat, is_log, query_of
from flasktrace.trace.show.sanitize import clean

OWN_ATTRIBUTES = (
    "code.function.name",
    "code.file.path",
    "code.line.number",
    "code.module.name",
    "outcome",
)
"""Attributes of a span that have words of their own; `details` leaves them out."""

_NOT_TIMED = ", not timed"
_POSITION = ("order", "why")
_OF_QUERIES = ("db.query.text", "db.query.summary")
_ROWS, _BATCH = "db.response.affected_rows", "db.operation.batch.size"
_PARAMETER = "db.query.parameter."
_OF_LOGS = ("severity_text", "severity_number", "otel.scope.name", "body")
_BLANKS = re.compile(r"\s+")

NOTHING = "–"  # noqa: RUF001 - the sign, no letter
"""Stands where there is none: a word could be a name."""
CANDIDATES = 8
"""Rules shown at first of those that a match refused."""

# A figure is shown by the first row whose limit it stays below after rounding.
_DURATIONS = (
    (1_000, 1, "<1 µs"),
    (9_500, 1_000, "{:.0f} µs"),
    (9_995_000, 1_000_000, "{:.2f} ms"),
    (99_950_000, 1_000_000, "{:.1f} ms"),
    (999_500_000, 1_000_000, "{:.0f} ms"),
    (9_995_000_000, 1_000_000_000, "{:.2f} s"),
    (59_950_000_000, 1_000_000_000, "{:.1f} s"),
)
_SIZES = (
    (1_000, 1, "{:.0f} B"),
    (999_950, 1_000, "{:.1f} kB"),
    (999_950_000, 1_000_000, "{:.1f} MB"),
)
_COUNTS = {2: "twice"}
_NEAR = (0.7, 1.5)
"""Between these a time is as usual."""
_SAME = 0.05
"""A difference of this part of the time says nothing."""
_LONGEST_VALUE = 80
"""Characters of a value in a sentence."""
_HALF = 50
_TINY = 1000
"""Nanoseconds below which a difference is none."""
_SIGNS = {"set": "+", "changed": "~", "removed": "-"}


def duration(ns: int) -> str:
    """Return *ns* nanoseconds as ``12.3 ms``, in at most seven cells below an hour."""
    if ns <= 0:
        return "0 µs"
    for limit, unit, form in _DURATIONS:
        if ns < limit:
            return form.format(ns / unit)
    minutes, seconds = divmod(round(ns / 1e9), 60)
    return f"{minutes}m {seconds:02d}s"


def long_time(seconds: float) -> str:
    """Return ``24 hours``: a time that somebody has set."""
    hours = seconds / 3600
    return f"{hours:g} {'hour' if hours == 1 else 'hours'}" if hours >= 1 else f"{seconds:g} s"


def size(count: int) -> str:
    """Return *count* bytes as ``2.0 kB``."""
    for limit, unit, form in _SIZES:
        if count < limit:
            return form.format(count / unit)
    return f"{count / 1e9:.1f} GB"


def number(count: int, noun: str) -> str:
    """Return ``1 chunk`` or ``3 chunks``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def clock(started: str, tz: tzinfo | None = None, form: str = "%H:%M:%S") -> str:
    """Return the ISO 8601 time *started* as a clock in *tz* (None: local) shows it."""
    try:
        moment = datetime.fromisoformat(started)
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return aware.astimezone(tz).strftime(form)
    except (ValueError, OverflowError, OSError):  # a trace from elsewhere may say anything
        return "--:--:--"


def status_class(status: int | None) -> str:
    """Return ``2xx`` for 204; ``none`` when there was no status."""
    return "none" if status is None else f"{status // 100}xx"


def status(code: int | None, reason: str = "") -> str:
    """Return ``200 OK``; ``---`` when the app never gave a status."""
    return clean(f"{'---' if code is None else code} {reason}".rstrip())


def target(item: Trace | Summary) -> str:
    """Return the path with the query, ``/cart?page=2``."""
    return clean(f"{item.path}?{item.query}" if item.query else item.path)


def place(span: Span) -> str:
    """Return where the code of *span* stands, ``load_user (shop.py:41)``; else its name."""
    function, file, line = (span.attributes.get(name) for name in OWN_ATTRIBUTES[:3])
    where = ":".join(str(part) for part in (file and file_name(str(file)), line) if part)
    name = clean(str(function or span.name))
    return clean(f"{name} ({where})") if where else name


def outcome_of(item: Trace | Summary) -> str:
    """Return how a request ended: ``ok``, ``error in stream``."""
    return clean(item.outcome.replace("_", " "))


def title(span: Span) -> str:
    """Return the name of *span* with its place, without saying the same twice."""
    function = span.attributes.get("code.function.name")
    if function in {None, span.name}:
        return place(span)
    return clean(f"{span.name} in {place(span)}")


def outcome(span: Span) -> str:
    """Return what *span* gave, ``returned None``; empty when that is not known."""
    return clean(str(span.attributes.get("outcome") or ""))


def is_timed(outcome: str) -> bool:
    """Tell whether a span with this *outcome* has a time: some are only known to have run."""
    return not outcome.endswith(_NOT_TIMED)


def took(span: Span) -> str:
    """Return how long *span* took; empty when it was not timed."""
    return duration(span.duration_ns) if is_timed(outcome(span)) else ""


def position(span: Span) -> str:
    """Return which of how many calls *span* was, and why: ``2 of 3, blueprint shop``."""
    if span.kind == "user":  # the names are the user's own there
        return ""
    order, why = (str(span.attributes.get(name) or "") for name in _POSITION)
    return clean(", ".join(part for part in ("" if order == "1 of 1" else order, why) if part))


def whereabouts(span: Span) -> str:
    """Return module, file and line of the code of *span*: ``shop.hooks, /app/hooks.py:41``."""
    names = ("code.module.name", "code.file.path", "code.line.number")
    module, file, line = (span.attributes.get(name) for name in names)
    where = ":".join(str(part) for part in (file, line) if part)
    return clean(", ".join(str(part) for part in (module, where) if part))


def details(attributes: Mapping[str, object]) -> str:
    """Return ``items=3 key='x'``: the attributes that no other words speak of."""
    return clean(
        " ".join(f"{key}={value}" for key, value in attributes.items() if key not in OWN_ATTRIBUTES)
    )


def span_details(span: Span) -> str:
    """Return the attributes of *span* that no other words speak of."""
    if query_of(span) is not None and span.kind != "user":
        return query_details(span)
    hidden = () if span.kind == "user" else _POSITION
    return details({key: value for key, value in span.attributes.items() if key not in hidden})


def query_details(span: Span) -> str:
    """Return ``SELECT * FROM products WHERE id = ? (7)``, and what else is known of a query."""
    hidden = (*_POSITION, *_OF_QUERIES, "db.system.name", _ROWS, _BATCH)
    rest = {
        key: value
        for key, value in span.attributes.items()
        if key not in hidden and not key.startswith(_PARAMETER)
    }
    batch = span.attributes.get(_BATCH)
    often = times(batch) if type(batch) is int else ""
    parts = (query_line(span), parameters(span), often, rows_changed(span), details(rest))
    return " ".join(part for part in parts if part)


def query_line(span: Span) -> str:
    """Return the text of a query on one line."""
    return clean(_BLANKS.sub(" ", query_of(span) or "").strip())


def query_text(span: Span) -> str:
    """Return the text of a query as it was sent."""
    return clean(query_of(span) or "", multiline=True)


def parameters(span: Span) -> str:
    """Return the parameters of a query, ``(7, 'ada')`` or ``(name='ada')``; empty for none."""
    told = [
        str(value) if name.isdecimal() else f"{name}={value}"
        for key, value in span.attributes.items()
        if (name := key.removeprefix(_PARAMETER)) != key
    ]
    return clean(f"({', '.join(told)})") if told else ""


def rows_changed(span: Span) -> str:
    """Return ``3 rows``, those that a query changed; empty when that is not known."""
    rows = span.attributes.get(_ROWS)
    return number(rows, "row") if type(rows) is int else ""


def repeat(item: Repeat) -> str:
    """Return that a query was sent again and again, and by whom, as one line."""
    more = f" and {number(item.places - 1, 'other place')}" if item.places > 1 else ""
    known = "code.file.path" in item.sender.attributes
    by = f", sent by {place(item.sender)}{more}" if known else ""
    took = duration(item.total_ns)
    return clean(f"⚠ N+1: {item.count} times {item.shape}, {took} together{by}")


def point_kind(event: Event) -> str:
    """Return ``log`` for a log record, else ``event``."""
    return "log" if is_log(event) else "event"


def point_name(event: Event) -> str:
    """Return the name of an event; ``WARNING shop: cart is empty`` for a log record."""
    if not is_log(event):
        return clean(event.name)
    level, _, logger, body = (event.attributes.get(key) for key in _OF_LOGS)
    return clean(f"{level} {logger}: {body}")


def point_details(event: Event) -> str:
    """Return the attributes of an event that its name does not tell; of a log record its place."""
    if not is_log(event):
        return details(event.attributes)
    told = event.attributes
    file, line = told.get("code.file.path"), told.get("code.line.number")
    where = f"({file_name(str(file))}:{line})" if file else ""
    kind, message = told.get("exception.type"), told.get("exception.message")
    failed = f"{kind}: {message}" if kind and message else kind
    hidden = (*_OF_LOGS, "exception.type", "exception.message")
    rest = details({key: value for key, value in told.items() if key not in hidden})
    return clean(" ".join(str(part) for part in (where, failed, rest) if part))


def change_verb(change: Change) -> str:
    """Return ``set``, ``changed`` or ``removed``."""
    if change.after is None:
        return "removed"
    return "set" if change.before is None else "changed"


def change_sign(change: Change) -> str:
    """Return ``+``, ``~`` or ``-``."""
    return _SIGNS[change_verb(change)]


def change_text(change: Change) -> str:
    """Return what happened without its author: ``g.user = 'ada' (was 'bob')``."""
    now = "" if change.after is None else f" = {_value(change.after)}"
    before = "" if change.before is None else f" (was {_value(change.before)})"
    return clean(f"{change_name(change)}{now}{before}")


def change_name(change: Change) -> str:
    """Return ``g.user``, or ``response header X-Page``: that is no name of Python."""
    sign = " " if change.depth == NO_CARD else "."
    return f"{change.section}{sign}{change.key}"


def change_author(change: Change) -> str:
    """Return who did it; a change without an author is the framework's."""
    return clean(change.author or "the framework")


def change_sentence(change: Change) -> str:
    """Return ``g.user = 'ada', set by load_user (shop.py:41)``."""
    name, who = change_name(change), change.author or "the framework"
    if change.after is None:
        return clean(f"{name} removed by {who}, it was {_value(change.before or '')}")
    if change.before is None:
        return clean(f"{name} = {_value(change.after)}, set by {who}")
    was, now = _value(change.before), _value(change.after)
    return clean(f"{name} changed from {was} to {now} by {who}")


def _value(text: str) -> str:
    """Return *text*, which of a header may be empty, so that it can be seen."""
    return text or '""'


def stage_mark(stage: Stage) -> str:
    """Return ``●`` for a stage that ran, ``✗`` when it raised, ``○`` when it was skipped."""
    if stage.exception:
        return "✗"
    return "○" if stage.start_ns is None else "●"


def stage_runs(stage: Stage) -> tuple[Run, ...]:
    """Return the runs of *stage*; its whole time as one run when they are not known."""
    if stage.runs or stage.start_ns is None:
        return stage.runs
    return (Run(stage.start_ns, stage.duration_ns, stage.exception),)


def stage_notes(stage: Stage) -> tuple[str, ...]:
    """Return what is unusual about how *stage* ran: lazily, twice, with an exception."""
    asked = stage.asked_by and f"asked by {stage.asked_by}"
    lazily = (stage.within and f"within {stage.within}", asked)
    first = next((run.exception for run in stage.runs if run.exception), None)
    earlier = f", first raised {first}" if first and not stage.exception else ""
    notes = (
        ", ".join(part for part in ("lazily" if asked else None, *lazily) if part),
        f"ran {_times(len(stage.runs))}{earlier}" if len(stage.runs) > 1 else "",
        f"raised {stage.exception}" if stage.exception else "",
    )
    return tuple(clean(note) for note in notes if note)


def _times(count: int) -> str:
    return _COUNTS.get(count, f"{count} times")


def marks(item: Trace | Summary) -> tuple[str, ...]:
    """Return what is special about a request, most telling first."""
    failure = item.exception
    name = failure.type if isinstance(failure, Failure) else failure
    found = [name if mark == "exception" and name else mark for mark in item.marks]
    if item.outcome not in {"ok", "error"}:
        found.append(outcome_of(item))
    return tuple(clean(mark) for mark in dict.fromkeys([*found, item.label]) if mark)


def leak(item: Leak) -> str:
    """Return what was left behind, as one line."""
    return f"{'⚠' if item.is_fault else '·'} {clean(item.sentence)}"


def facts(trace: Trace, tz: tzinfo | None = None) -> tuple[tuple[str, str], ...]:
    """Return label and value of what is known about the request as a whole."""
    pairs = (
        ("endpoint", trace.endpoint or NOTHING),
        ("rule", trace.rule or NOTHING),
        ("view args", " ".join(f"{key}={value}" for key, value in trace.view_args.items())),
        ("app", trace.app),
        ("framework", trace.host),
        ("pid", " ".join(str(part) for part in (trace.pid, trace.thread) if part)),
        ("started", clock(trace.started, tz, "%Y-%m-%d %H:%M:%S")),
        ("outcome", "" if trace.outcome in {"ok", "error"} else outcome_of(trace)),
        ("made in", trace.parent or ""),
        ("label", trace.label),
    )
    return tuple((label, clean(value)) for label, value in pairs if value)


def candidate_methods(candidate: Candidate) -> str:
    """Return ``GET, POST``; empty when all methods are taken."""
    return clean(", ".join(candidate.methods))


def candidate_reason(candidate: Candidate) -> str:
    """Return why a rule was refused."""
    return clean(candidate.refused or "matched")


def other_rules(routing: Routing, told: int) -> str:
    """Return ``… and 3 other rules`` when only *told* candidates are shown; empty for none."""
    left = routing.others + max(len(routing.candidates) - told, 0)
    return f"… and {number(left, 'other rule')}" if left > 0 else ""


def meant(routing: Routing) -> str:
    """Return ``did you mean /cart or /cart/items?``; empty when nothing is near."""
    *some, last = routing.near or ("",)
    urls = f"{', '.join(some)} or {last}" if some else last
    return clean(f"did you mean {urls}?") if urls else ""


def failure_title(failure: Failure) -> str:
    """Return ``KeyError: 'gold'``; a message of several lines keeps them."""
    name = clean(failure.type)
    return f"{name}: {clean(failure.message, multiline=True)}" if failure.message else name


def failure_origin(failure: Failure) -> str:
    """Return who raised it, in which stage, and who answered for it."""
    by = f"raised by {failure.raised_by}" if failure.raised_by else "raised"
    stage = f" in {failure.stage}" if failure.stage else ""
    end = f"handled by {failure.handled_by}" if failure.handled_by else "no error handler answered"
    return clean(f"{by}{stage}, {end}")


def body_sentence(response: ResponseFacts) -> str:
    """Return ``2 chunks, 2.0 kB, first byte at 11.2 ms, last at 12.0 ms, …, closed in 5 µs``."""
    first, last, gap = response.first_byte_ns, response.last_byte_ns, response.longest_gap_ns
    parts = (
        number(response.chunks, "chunk"),
        size(response.bytes),
        "no byte sent" if first is None else f"first byte at {duration(first)}",
        "" if last is None or gap is None else f"last at {duration(last)}",
        "" if gap is None else f"longest gap {duration(gap)}",
        _closing(response),
    )
    return ", ".join(part for part in parts if part)


def _closing(response: ResponseFacts) -> str:
    if not response.closed:
        return "never closed"
    took = response.close_ns
    return "closed" if took is None else f"closed in {duration(took)}"


def dropped_sentence(dropped: Mapping[str, int]) -> str:
    """Return ``left out because of limits: 3 spans``; empty when nothing was."""
    counts = ", ".join(f"{count} {limit}" for limit, count in dropped.items())
    return clean(f"left out because of limits: {counts}") if counts else ""


def totals(trace: Trace) -> str:
    """Return ``app 12.0 ms + tracer 0.31 ms``."""
    return f"app {duration(trace.duration_ns)} + tracer {duration(trace.tracer_ns)}"


def plain_line(item: Trace | Summary) -> str:
    """Return one line without layout, for logs: method, target, status, duration, marks."""
    head = f"{clean(item.method)} {target(item)} {status(item.status)} {duration(item.duration_ns)}"
    return " · ".join((head, *marks(item)))


_SKIPPED = {"excluded": "excluded by their path", "sampled_out": "left out by the sample"}


def skipped(counts: Mapping[str, int]) -> str:
    """Return how many requests were not recorded and why; empty when there were none."""
    told = [f"{count} {_SKIPPED.get(why, why)}" for why, count in counts.items() if count]
    return clean(", ".join(told))


def worker(pid: int) -> str:
    """Return which process answered; empty when that is not known."""
    return str(pid) if pid else ""


def restart(newer: Summary) -> str:
    """Return what stands between two requests when the process of the newer one began later."""
    return (
        f"process {newer.pid} began to record at {clock(newer.born)}: restarted, or code reloaded"
    )


def measure(value: int, unit: str) -> str:
    """Return *value* in its *unit*: ``ns``, ``bytes`` or, for a count, none."""
    return {"ns": duration, "bytes": size}.get(unit, str)(value)


def signed(ns: int) -> str:
    """Return a difference of time with its sign, ``+1.20 ms``; ``±0`` for none."""
    return f"{'+' if ns > 0 else '−'}{duration(abs(ns))}" if abs(ns) >= _TINY else "±0"  # noqa: RUF001


def times(count: int) -> str:
    """Return how often, with the sign of multiplication; nothing for once."""
    return f"×{count}" if count > 1 else ""  # noqa: RUF001 - the sign, no letter


def ratio(ns: int, usual_ns: int) -> str:
    """Return ``3.2 times as long as usual``, or ``as usual`` for what is near it."""
    part = ns / usual_ns if usual_ns > 0 else 1.0
    if _NEAR[0] < part < _NEAR[1]:
        return "as long as usual"
    return f"{part:.1f} times as long as usual" if part > 1 else f"{part:.0%} of the usual time"


def slow_mark(ns: int, usual_ns: int) -> str:
    """Return ``slow: 3.2 times as long as usual``."""
    return f"slow: {ratio(ns, usual_ns)}"


def usual_sentence(ns: int, usual_ns: int, count: int) -> str:
    """Return ``3.2 times as long as usual: 4.00 ms is the median of the 20 before``."""
    return f"{ratio(ns, usual_ns)}: {duration(usual_ns)} is the median of the {count} before"


def comparison(
    before_ns: int,
    after_ns: int,
    shares: Iterable[tuple[str, int]],
    results: Iterable[tuple[str, str, str]],
) -> str:
    """Return ``Status 200 became 500; 9.00 ms slower, 8.50 ms of it in dispatch``.

    *shares* are the stages with what each took more, *results* name and both values of what came
    of the requests and is not the same; empty for what is not there.
    """
    told = [*map(_became, results), _pace(before_ns, after_ns, shares)]
    text = "; ".join(told)
    return text[:1].upper() + text[1:]


def _became(result: tuple[str, str, str]) -> str:
    name, before, after = (_shortened(text) for text in result)
    if before and after:
        return f"{name} {before} became {after}"
    return f"{name} {after} is new" if after else f"{name} {before} is gone"


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"


def _pace(before_ns: int, after_ns: int, shares: Iterable[tuple[str, int]]) -> str:
    more = after_ns - before_ns
    if abs(more) <= _SAME * max(before_ns, after_ns):
        return "equally fast"
    name, part = max(shares, key=lambda item: item[1] * (1 if more > 0 else -1), default=("", 0))
    where = ""
    if part * more > 0 and abs(part) * 2 > abs(more):
        where = f", {duration(abs(part))} of it in {name}"
    return f"{duration(abs(more))} {'slower' if more > 0 else 'faster'}{where}"


def spent(ns: int, total_ns: int, what: str, count: int) -> str:
    """Return ``Most of the time: count shelf, called 4 times, 106 ms (70 %)``."""
    often = f", called {_times(count)}" if count > 1 else ""
    share = round(100 * ns / total_ns) if total_ns > 0 else 0
    head = "Most of the time" if share >= _HALF else "The largest part"
    return clean(f"{head}: {what}{often}, {duration(ns)} ({share} %)")


def before_close() -> str:
    """Return where time went after the last piece of the body."""
    return "before the server called close()"


def between(before: str, after: str) -> str:
    """Return where time went that no stage took."""
    if before and after:
        return f"between {before} and {after}, outside of the app's functions"
    return f"after {before}" if before else f"before {after}"


def other_version(name: str, ran: str, installed: str) -> str:
    """Return that the source is of another version than the one that ran."""
    return clean(f"The request ran with {name} {ran}; this is the source of {name} {installed}.")


_LESSONS = {
    "push": """
Before anything of yours runs, the framework makes a context for this request and puts it on the
context stack. From now on request, session, g and current_app mean something: they are names that
look at the top of the stack.

The session is opened here, from the cookie. A broken or missing cookie gives an empty session,
never an error.
""",
    "preprocess": """
The before_request functions run one after the other, the app's before a blueprint's, each kind in
the order of registration.

The first one that returns something other than None answers the request. The functions behind it
and the view never run; the stages after it do.
""",
    "match": """
The path is compared with the rules of the url map. What is found goes to the request: url_rule,
endpoint and view_args.

{when} A path that fits nothing is no error yet: it is kept, and dispatch raises it, after the
before_request functions.
""",
    "dispatch": """
The view function of the endpoint is called with the arguments of the rule. When it raises, the
most fitting error handler is looked for: by status code and class, a blueprint's before the app's.

Without a handler an HTTP error answers for itself, and anything else becomes a 500.
""",
    "make_response": """
What the view or the handler gave becomes a response object: text and bytes are the body, a dict or
a list becomes JSON, a tuple adds status and headers. None is a mistake.
""",
    "postprocess": """
The after_request functions get the response and have to return one, the same or another. The last
registered runs first, a blueprint's before the app's.

At the end the session is saved into a cookie, when it was changed.
""",
    "pop": """
The teardown functions run, the last registered first, whether or not something went wrong. They
get the exception that nobody handled, or None, and can no longer change the answer.

Then the context leaves the stack: request, session and g are gone.
""",
    "body": """
The server takes the body piece by piece and sends it. A generator only runs now, with no context
below it unless stream_with_context kept one.

When all is sent, or the client has gone, the server calls close().
""",
}


_MATCHED = {
    "flask": "Flask does it as soon as the context is pushed, after it has opened the session.",
    "flasktrace": "It is done when somebody first asks for one of them, else just before dispatch.",
}


def lesson(place: str, framework: str = "") -> tuple[str, ...]:
    """Return what happens in a stage, or while the body is sent, in paragraphs.

    *framework* is ``flask`` or ``flasktrace``, which differ in when they match.
    """
    text = _LESSONS[place].format(when=_MATCHED.get(framework, ""))
    return tuple(" ".join(part.split()) for part in text.split("\n\n"))
