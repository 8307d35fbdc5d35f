import gc
import io
import sys
from contextlib import suppress
from itertools import chain, islice

import flask
import pytest
from werkzeug.test import create_environ

import flasktrace
from flasktrace.trace.model import Trace
from flasktrace.trace.record.assemble import assemble
from flasktrace.trace.record.gateway import Gateway
from flasktrace.trace.record.hosts.native import NativeHost
from flasktrace.trace.record.hosts.wsgi import WsgiHost
from flasktrace.trace.record.recorder import Recorder
from flasktrace.trace.tracer import Tracer
from tests.flasks import SINCE_3_2
from tests.trace.record.same import Ask, ask


def answering(body, *headers):
    def app(environ, start_response):
        start_response("200 OK", list(headers))
        return body

    return app


def traced(app, wanted=None, **options):
    wrapped = flasktrace.wrap(app, enabled=True, store="memory:", **options)
    with flasktrace.capture(wrapped) as traces:
        ask(wrapped, wanted or Ask())
    return traces.last


def test_chunks_and_bytes_are_counted():
    trace = traced(answering([b"abc", b"", b"de"]))

    assert (trace.response.chunks, trace.response.bytes) == (3, 5)
    assert trace.response.closed
    assert trace.outcome == "ok"
    assert trace.spans[0].attributes == {"chunks": 3, "bytes": 5}


@pytest.mark.parametrize(
    ("body", "headers", "chunks", "outcome"),
    [
        ([b"ab"], [("Content-Length", "2")], 1, "ok"),
        ([b"ab"], [], 1, "ok"),
        (iter([b"ab"]), [("Content-Length", "2")], 1, "ok"),
        (iter([b"ab", b"c"]), [("Content-Length", "3")], 1, "client_disconnected"),
        (iter([b"ab", b"c"]), [], 1, "client_disconnected"),
        (iter([b"ab"]), [], 0, "client_disconnected"),
    ],
)
def test_a_server_that_stops_early_means_that_the_client_left(body, headers, chunks, outcome):
    trace = traced(answering(body, *headers), Ask(chunks=chunks))

    assert trace.outcome == outcome


@pytest.mark.parametrize(("method", "path"), [("HEAD", "/"), ("GET", "/")])
def test_a_body_that_is_not_asked_for_is_no_client_that_left(method, path):
    status = "204 No Content" if method == "GET" else "200 OK"

    def app(environ, start_response):
        start_response(status, [("Content-Length", "5")])
        return iter([b"hello"])

    assert traced(app, Ask(path, method, chunks=0)).outcome == "ok"


def test_a_response_that_is_dropped_ends_its_trace():
    wrapped = flasktrace.wrap(answering(iter([b"a", b"b"])), enabled=True, store="memory:")
    with flasktrace.capture(wrapped) as traces:
        ask(wrapped, Ask(chunks=1, close=False))

        assert len(traces) == 1
    assert not traces.last.response.closed


def test_the_end_of_a_body_belongs_to_the_trace():
    seen = []

    def parts():
        try:
            seen.append(flasktrace.current_trace.id)
            with flasktrace.span("part"):
                yield b"a"
        finally:
            seen.append(flasktrace.current_trace.id)

    trace = traced(answering(parts()), Ask(chunks=1))

    assert seen == [trace.id, trace.id]
    by_name = {item.name: item for item in trace.spans}
    assert by_name["part"].parent == by_name["response body"].id


def test_no_trace_is_current_between_the_chunks():
    wrapped = flasktrace.wrap(answering(iter([b"a", b"b"])), enabled=True, store="memory:")

    for _ in wrapped({}, lambda *_args: None):
        assert not flasktrace.current_trace


def test_bodies_are_kept_up_to_their_limit_when_asked_for():
    def app(environ, start_response):
        environ["wsgi.input"].read(4)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"answer", b"ed"]

    kind = {"Content-Type": "text/plain"}
    trace = traced(app, Ask("/", "POST", b"question", kind), capture_body=True, limits={"body": 7})

    assert trace.request.body == "ques"
    assert trace.request.bytes_read == 4
    assert trace.response.body == "answere"
    assert trace.dropped == {"body": 1}


def test_a_body_of_another_type_is_only_measured():
    app = answering([b"\x89PNG"], ("Content-Type", "image/png"))

    assert traced(app, capture_body=True).response.body == "<4 bytes of image/png>"


def test_chunks_that_are_not_just_bytes_count_too():
    class Part(bytes):
        def __len__(self):
            return 7

    for body, size in (([Part(b"abc"), b"d"], 4), ([bytearray(b"ab")], 2), (["text"], 0)):
        response = traced(answering(body)).response
        assert (response.chunks, response.bytes) == (len(body), size)


def test_bodies_are_not_kept_unless_asked_for():
    trace = traced(answering([b"x"], ("Content-Type", "text/plain")))

    assert (trace.request.body, trace.response.body) == (None, None)


def test_the_input_is_read_by_every_way_of_its_stream():
    found = []

    def app(environ, start_response):
        stream = environ["wsgi.input"]
        buffer = bytearray(2)
        found.extend([stream.read(1), stream.readline(), stream.readinto(buffer), bytes(buffer)])
        found.extend([next(iter(stream)), stream.readlines(), stream.tell(), stream.seekable()])
        start_response("200 OK", [])
        return []

    wrapped = flasktrace.wrap(app, enabled=True, store="memory:", capture_body=True)
    with flasktrace.capture(wrapped) as traces:
        environ = {"wsgi.input": io.BytesIO(b"ab\ncd\ne\nf\n"), "CONTENT_TYPE": "text/plain"}
        list(wrapped(environ, lambda *_args: None))

    assert found == [b"a", b"b\n", 2, b"cd", b"\n", [b"e\n", b"f\n"], 10, True]
    assert traces.last.request.body == "ab\ncd\ne\nf\n"


def test_a_list_may_be_iterated_again():
    wrapped = flasktrace.wrap(answering([b"a", b"b"]), enabled=True, store="memory:")

    body = wrapped({}, lambda *_args: None)

    assert (list(body), list(body), len(body)) == ([b"a", b"b"], [b"a", b"b"], 2)


def test_a_close_after_the_end_changes_nothing():
    wrapped = flasktrace.wrap(answering([b"a"]), enabled=True, store="memory:")
    with flasktrace.capture(wrapped) as traces:
        body = wrapped({}, lambda *_args: None)
        list(body)
        body.close()
        body.close()

    assert len(traces) == 1
    assert isinstance(wrapped.tracer._gateway, Gateway)


class Clock:
    """Nanoseconds that go on when told to."""

    now = 1_000

    def __call__(self):
        return self.now


def timed(parts, clock, *, wait=0):
    """Return the trace of a body whose server waits between the chunks."""
    made = []
    recorder = Recorder(WsgiHost(), "x", made.append, clock=clock)
    body = Gateway(answering(parts), recorder)({}, lambda *_args: None)
    for _ in body:
        clock.now += wait
    body.close()
    return assemble(made[0])


def test_the_times_of_a_stream_are_those_of_the_app():
    clock = Clock()

    class Parts:
        def __iter__(self):
            for length in (10, 30, 20):
                clock.now += length
                yield b"x"
            clock.now += 500

        def close(self):
            clock.now += 7

    response = timed(Parts(), clock, wait=1_000).response

    assert (response.first_byte_ns, response.last_byte_ns) == (10, 2_060)
    assert (response.longest_gap_ns, response.close_ns) == (30, 7)


def test_one_chunk_has_no_gap_and_a_list_no_close():
    response = timed([b"x"], Clock()).response

    assert (response.last_byte_ns, response.longest_gap_ns, response.close_ns) == (0, None, None)


def test_a_close_that_fails_has_its_time_too():
    clock = Clock()

    class Parts(list):
        def close(self):
            clock.now += 7
            raise OSError("disk")

    made = []
    recorder = Recorder(WsgiHost(), "x", made.append, clock=clock)
    body = Gateway(answering(Parts([b"x"])), recorder)({}, lambda *_args: None)
    with pytest.raises(OSError, match="disk"):
        body.close()

    assert assemble(made[0]).response.close_ns == 7


@pytest.mark.parametrize(
    ("body", "headers", "chunks", "outcome"),
    [
        (iter([b"a", b"b"]), [], 1, "abandoned"),
        (iter([b"a", b"b"]), [], None, "ok"),
        (iter([b"ab"]), [("Content-Length", "2")], 1, "ok"),
        (iter([b"ab"]), [("Content-Length", "2")], 0, "abandoned"),
        ([b"a", b"b"], [], 1, "abandoned"),
        ([b"ab"], [], 1, "ok"),
        ([], [], 0, "ok"),
    ],
)
def test_a_body_that_is_dropped_before_its_end_was_abandoned(body, headers, chunks, outcome):
    trace = traced(answering(body, *headers), Ask(chunks=chunks, close=False))

    assert trace.outcome == outcome
    assert not trace.response.closed
    dropped = "; the body was dropped after"
    assert (dropped in trace.verdict) == (outcome == "abandoned")


def test_a_trace_from_before_has_no_times_of_its_stream():
    data = traced(answering([b"x"])).to_dict()
    for name in ("last_byte_ns", "longest_gap_ns", "close_ns"):
        del data["response"][name]

    response = Trace.from_dict(data).response

    assert (response.last_byte_ns, response.longest_gap_ns, response.close_ns) == (None,) * 3


def stored(tracer):
    [summary] = tracer.store.page().summaries
    return tracer.store.get(summary.id)


def whole(body):
    return list(body)


def by_hand(body):
    return [next(body)]


def begun_only(body):
    return iter(body)


def nothing(_body):
    """Take no chunk."""


@pytest.mark.parametrize("take", [whole, by_hand, begun_only, nothing])
@pytest.mark.parametrize("closes", [True, False])
@pytest.mark.parametrize("options", [{}, {"capture_body": True}])
def test_a_body_that_is_there_as_a_whole_is_told_like_any_other(take, closes, options, monkeypatch):
    """The framework's own bodies are not followed chunk by chunk."""

    def told():
        app = flasktrace.Flask("whole")
        app.route("/")(lambda: "hello")
        tracer = Tracer(app, enabled=True, store="memory:", dashboard=False, **options)
        body = app(create_environ("/"), lambda *_args: None)
        kinds.append(type(body).__name__)
        take(body)
        if closes:
            body.close()
        del body
        trace = stored(tracer)
        response = trace.response
        times = (
            response.first_byte_ns is None,
            response.last_byte_ns is None,
            response.longest_gap_ns,
        )
        return (
            *(trace.outcome, trace.verdict, response.chunks, response.bytes, response.closed),
            *(response.body, *times),
        )

    kinds = []
    quickly = told()
    monkeypatch.setattr(NativeHost, "chunks_of", lambda _self, _result: None)
    slowly = told()

    assert quickly == slowly
    assert kinds == ["IteratorBody" if options else "WholeBody", "IteratorBody"]


@pytest.mark.parametrize("lib", [flasktrace, flask], ids=["flasktrace", "flask"])
def test_a_response_that_a_test_still_has_is_told_as_far_as_it_was_read(lib):
    app = lib.Flask("whole")
    app.route("/")(lambda: "hello")
    with flasktrace.capture(app) as traces:
        answer = app.test_client().get("/")
        read = traces.last.response
        answer.close()

    assert (read.chunks, read.bytes, read.closed) == (1, 5, False)
    assert read.first_byte_ns is not None


def test_a_whole_body_is_not_followed_once_nobody_may_ask():
    app = flasktrace.Flask("whole")
    app.route("/")(lambda: "hello")
    tracer = Tracer(app, enabled=True, store="memory:", dashboard=False)

    def kind():
        body = app(create_environ("/"), lambda *_args: None)
        body.close()
        return type(body).__name__

    before = kind()
    with tracer.collect():
        assert kind() == "IteratorBody"
    assert before == kind() == "WholeBody"


def test_the_span_of_a_whole_body_lasts_until_it_is_closed():
    app = flasktrace.Flask("whole")
    app.route("/")(lambda: "hello")
    tracer = Tracer(app, enabled=True, store="memory:", dashboard=False)
    app.test_client().get("/", buffered=True)
    trace = stored(tracer)

    [body] = [item for item in trace.spans if item.kind == "body"]
    assert body.attributes == {"chunks": 1, "bytes": 5}
    assert body.start_ns <= trace.response.first_byte_ns <= body.start_ns + body.duration_ns


class Counted:
    """A body that knows how many chunks are left."""

    def __init__(self):
        self.left = [b"a", b"b", b"c"]

    def __iter__(self):
        return self

    def __next__(self):
        if not self.left:
            raise StopIteration
        return self.left.pop(0)

    def __len__(self):
        return len(self.left)


class Again:
    """A body that begins anew each time it is gone through."""

    def __iter__(self):
        yield from (b"a", b"b", b"c")


@pytest.mark.parametrize(
    "make",
    [
        *(lambda: [b"a", b"b", b"c"], lambda: (b"a", b"b", b"c"), lambda: iter([b"a", b"b", b"c"])),
        *(lambda: (item for item in [b"a", b"b", b"c"]), Again, lambda: [b"a"], list, Counted),
    ],
)
def test_a_body_is_gone_through_as_the_server_likes(make):
    """Such as werkzeug's test client does: it takes one chunk, and the others through a chain."""

    def begun(body):
        chunks = iter(body)
        first = [*islice(chunks, 1)]
        return [*chain(first, chunks)]

    def twice(body):
        return [*body], [*body]

    def side_by_side(body):
        one, other = iter(body), iter(body)
        return [*islice(one, 1)], [*islice(other, 2)], [*one], [*other]

    def again(body):
        chunks = iter(body)
        return iter(chunks) is chunks

    def as_iterator(body):
        try:
            return next(body, "nothing")
        except TypeError:
            return "no iterator"

    def size(body):
        return len(body) if hasattr(body, "__len__") else "no size"

    for way in (begun, twice, side_by_side, again, as_iterator, size):
        wrapped = flasktrace.wrap(answering(make()), enabled=True, store="memory:")
        assert way(wrapped({}, lambda *_args: None)) == way(make())


@pytest.mark.parametrize("lib", [flasktrace, flask], ids=["flasktrace", "flask"])
def test_a_test_client_reads_each_chunk_of_a_middleware_once(lib):
    app = lib.Flask("x")
    inner = app.wsgi_app

    def middleware(environ, start_response):
        if environ["PATH_INFO"] != "/health":
            return inner(environ, start_response)
        start_response("200 OK", [("Content-Length", "4")])
        return [b"fi", b"ne"]

    app.wsgi_app = middleware
    with flasktrace.capture(app) as traces:
        assert app.test_client().get("/health").data == b"fine"

    assert (traces.last.response.chunks, traces.last.response.bytes) == (2, 4)


def down_to(room, work):
    """Do *work* where Python's stack has room for only so many more calls."""
    depth, frame = 0, sys._getframe()
    while frame is not None:
        depth, frame = depth + 1, frame.f_back

    def deeper(steps):
        return deeper(steps - 1) if steps else work()

    with suppress(RecursionError):
        deeper(sys.getrecursionlimit() - depth - room)


@pytest.mark.parametrize("lib", [flasktrace, flask], ids=["flasktrace", "flask"])
@pytest.mark.parametrize("room", [10, 12, 15, 20, 30, 45, 60])
def test_a_body_that_is_found_where_the_stack_has_no_room_is_told_later(lib, room, capfd):
    app = lib.Flask("no room")
    app.logger.disabled = True

    @app.route("/")
    def index():
        raise KeyError("k")

    tracer = flasktrace.Tracer(app, enabled=True, store="memory:")
    with tracer.collect() as traces:
        held = [app.test_client().get("/") for _ in range(3)]
        down_to(room, held.clear)
        gc.collect()
        told = [trace.status for trace in traces]
    tracer.uninstall()

    assert told == [500] * 3
    assert tracer.recorder.late == []
    assert not tracer.recorder.live
    assert tracer.recorder.guard.errors == {}
    assert "Exception ignored" not in capfd.readouterr().err


class Upload:
    """Tells when it is gone."""

    def __init__(self, said):
        self.said = said

    def __del__(self):
        self.said.append("gone")


@pytest.mark.parametrize("lib", [flasktrace, flask], ids=["flasktrace", "flask"])
@pytest.mark.parametrize("with_context", [False, True])
def test_what_a_request_holds_is_gone_as_early_as_untraced(lib, with_context):
    app, said = lib.Flask("x"), []

    @app.route("/")
    def index():
        lib.g.one, lib.request.other = Upload(said), Upload(said)
        rows = (item for item in [b"a", b"b"])
        return lib.Response(lib.stream_with_context(rows) if with_context else rows)

    def told():
        gc.collect()
        said.clear()
        body = app(create_environ("/"), lambda *_: None)
        said.extend(body)
        said.append("end")
        body.close()
        return list(said)

    untraced = told()
    with flasktrace.capture(app):
        assert told() == untraced
    assert untraced.count("gone") == (1 if SINCE_3_2 and lib is flask else 2)
