"""Bodies, contexts, work beside the request and what outlives it: the trace against what happened.

Each app notes by itself what it does; small ones are crossed, so that no case has to be thought of.
"""

import contextvars
import gc
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import flask
import pytest
from werkzeug.test import create_environ

import flasktrace
from flasktrace.trace.tracer import tracer_of
from tests.flasks import ONE_CONTEXT

LIBRARIES = {"flasktrace": flasktrace, "flask": flask}
both = pytest.mark.parametrize("lib", LIBRARIES.values(), ids=LIBRARIES)
before_3_2 = pytest.mark.parametrize(
    "lib", [flasktrace, pytest.param(flask, marks=ONE_CONTEXT)], ids=LIBRARIES
)


class OddError(Exception):
    """What goes wrong here."""


# Bodies: what they are, and how they are read


def lines(fails_at=None):
    for number in range(3):
        if number == fails_at:
            raise OddError
        yield b"ab%d" % number


class Closing:
    def __iter__(self):
        return iter([b"ab", b"cd"])

    def close(self):
        raise OddError


BODIES = {
    "text": lambda lib: "abc",
    "nothing": lambda lib: "",
    "a list": lambda lib: lib.Response([b"ab", b"cd"]),
    "a generator": lambda lib: lib.Response(lines()),
    "one with the context": lambda lib: lib.Response(lib.stream_with_context(lines())),
    "one that fails at once": lambda lib: lib.Response(lines(fails_at=0)),
    "one that fails later": lambda lib: lib.Response(lines(fails_at=1)),
    "one that fails to close": lambda lib: lib.Response(Closing()),
    "no content": lambda lib: lib.Response(lines(), 204),
}
TAKEN = {"all": None, "one": 1, "none": 0}
ENDS = "closed", "closed twice", "dropped"


class Reader:
    """A server that reads as far as it likes, and knows what it got."""

    def __init__(self, app, method):
        self.result = app.wsgi_app(create_environ("/", method=method), lambda *_args: None)
        self.chunks, self.failed, self.at_end = [], False, False

    def take(self, most):
        try:
            steps = iter(self.result)
            while most is None or len(self.chunks) < most:
                self.chunks.append(next(steps))
        except StopIteration:
            self.at_end = True
        except OddError:
            self.failed = True

    def end(self, how):
        for _ in range(("dropped", "closed", "closed twice").index(how)):
            try:
                self.result.close()
            except OddError:
                self.failed = True
        del self.result
        gc.collect()


def outcome(reader, how, whole):
    if reader.failed:
        return "error_in_stream"
    if reader.at_end or sum(map(len, reader.chunks)) == whole:
        return "ok"
    return "abandoned" if how == "dropped" else "client_disconnected"


@both
@pytest.mark.parametrize("name", BODIES)
def test_a_body_is_told_as_it_was_read(lib, name):
    app = lib.Flask("bodies")
    app.add_url_rule("/", "index", lambda: BODIES[name](lib))
    # The length tells the whole body's end where there is no look for it.
    whole = {"text": 3, "nothing": 0, "a list": 4, "no content": 0}.get(name)
    cases = [(taken, how, method) for taken in TAKEN for how in ENDS for method in ("GET", "HEAD")]
    readers = []
    with flasktrace.capture(app) as traces:
        for taken, how, method in cases:
            reader = Reader(app, method)
            reader.take(TAKEN[taken])
            reader.end(how)
            readers.append(reader)

    assert len(traces) == len(cases)
    for trace, reader, (taken, how, method) in zip(traces, readers, cases, strict=True):
        told, case = trace.response, (taken, how, method, trace.verdict)
        expected = outcome(reader, how, 0 if method == "HEAD" else whole)
        assert trace.outcome == expected, case
        assert (told.chunks, told.bytes) == (len(reader.chunks), sum(map(len, reader.chunks))), case
        assert told.closed == (how != "dropped"), case
        assert (trace.exception is not None) == reader.failed, case
        assert (told.first_byte_ns is None) == (not reader.chunks), case
        assert (told.longest_gap_ns is None) == (len(reader.chunks) < 2), case
        kinds = ["not closed"] if trace.outcome == "abandoned" else []
        assert [leak.kind for leak in trace.leaks if leak.kind != "teardown twice"] == kinds, case
        assert not trace.partial


# Contexts: how one is left, and where


def own(lib):
    top = vars(flask.globals).get("request_ctx") or flask.globals.app_ctx
    return (top if lib is flask else flasktrace.globals.request_ctx)._get_current_object()


def in_thread(step):
    def run():
        with suppress(Exception):
            step()

    thread = threading.Thread(target=run, name="other")
    thread.start()
    thread.join()


def properly(app, other, lib):
    with other.app_context(), other.test_request_context("/z"):
        pass


def pushed(app, other, lib):
    other.app_context().push()


def pushed_with_request(app, other, lib):
    other.test_request_context("/z").push()


def pushed_again(app, other, lib):
    own(lib).push()


def pushed_twice_and_popped(app, other, lib):
    own(lib).push()
    own(lib).pop()


def popped(app, other, lib):
    own(lib).pop()


def popped_elsewhere(app, other, lib):
    in_thread(own(lib).pop)


def pushed_elsewhere(app, other, lib):
    in_thread(other.app_context().push)
    contextvars.copy_context().run(other.app_context().push)


def in_a_client(app, other, lib):
    app.test_client().get("/")
    with app.test_client() as client:
        client.get("/")


WAYS = {
    properly: None,
    pushed: "not popped",
    pushed_with_request: "not popped",
    pushed_again: "not popped",
    pushed_twice_and_popped: None,
    popped: "popped early",
    popped_elsewhere: "popped elsewhere",
    pushed_elsewhere: None,
    in_a_client: None,
}


def leaving(lib, way, place, ending):
    app, other = lib.Flask("leaving"), lib.Flask("other")
    app.logger.disabled = True

    def here(where):
        if lib.request.path == "/leave" and where == place:
            way(app, other, lib)

    @app.before_request
    def before():
        here("before")

    @app.after_request
    def after(response):
        here("after")
        return response

    @app.teardown_request
    def teardown(_error):
        here("teardown")

    @app.route("/leave")
    def view():
        here("view")
        if ending == "raises":
            raise OddError
        if ending == "aborts":
            lib.abort(409)
        return "left"

    app.add_url_rule("/", "index", lambda: "index")
    return app


def answers(app):
    """What a server sees of a request that leaves a context, and of the next on its thread."""
    seen = []
    for path in ("/leave", "/"):
        status = []
        try:
            result = app.wsgi_app(create_environ(path), lambda *args, s=status: s.append(args[0]))
            seen.append((status, b"".join(result)))
            result.close()
        except Exception as error:  # noqa: BLE001
            seen.append((status, type(error)))
    return seen


@before_3_2
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_context_is_told_as_it_was_left(lib, way):
    places = ("before", "view", "after", "teardown")
    if way in {popped, popped_elsewhere, pushed_again, pushed_twice_and_popped}:
        places = places[:-1]  # there it would begin the teardown again and again
    for place in places:
        for ending in ("returns", "raises", "aborts"):
            expected = contextvars.Context().run(answers, leaving(lib, way, place, ending))
            app = leaving(lib, way, place, ending)
            with flasktrace.capture(app) as traces:
                assert contextvars.Context().run(answers, app) == expected
            first = next(trace for trace in traces if trace.path == "/leave")
            case = (place, ending, first.leaks)

            told = [(leak.kind, leak.is_fault) for leak in first.leaks]
            assert told == ([(WAYS[way], True)] if WAYS[way] else []), case
            culprit = "thread other" if way is popped_elsewhere else f"{place} (test_lifetimes.py:"
            assert all(leak.culprit.startswith(culprit) for leak in first.leaks), case
            found = [leak.trace for leak in traces.last.leaks]
            assert found == ([first.id] if way is pushed_again else []), case
            assert not any(trace.partial for trace in traces), case


# Work beside the request


def work():
    with flasktrace.span("work"):
        flasktrace.event("done")


def sent_to(pool, step):
    pool.submit(step).result()


BESIDE = {
    "a thread": (lambda lib, pool: in_thread(work), None),
    "a pool": (lambda lib, pool: sent_to(pool, work), None),
    "a context": (lambda lib, pool: contextvars.Context().run(work), None),
    "a copied context": (lambda lib, pool: contextvars.copy_context().run(work), ""),
    "a copy": (lambda lib, pool: lib.copy_current_request_context(work)(), ""),
    "a thread with a copy": (
        lambda lib, pool: in_thread(lib.copy_current_request_context(work)),
        "thread other",
    ),
    "a pool with a copy": (
        lambda lib, pool: sent_to(pool, lib.copy_current_request_context(work)),
        "thread pool_0",
    ),
    "a pool with a copied context": (
        lambda lib, pool: pool.submit(contextvars.copy_context().run, work).result(),
        "thread pool_0",
    ),
}


@both
@pytest.mark.parametrize("where", ["view", "body"])
def test_work_stands_where_it_ran(lib, where):
    app = lib.Flask("beside")

    @app.route("/<name>")
    def view(name):
        def parts():
            if where == "body":
                BESIDE[name][0](lib, pool)
            yield "x"

        if where == "view":
            BESIDE[name][0](lib, pool)
        return lib.Response(lib.stream_with_context(parts()))

    with (
        ThreadPoolExecutor(1, thread_name_prefix="pool") as pool,
        flasktrace.capture(app) as traces,
    ):
        for name in BESIDE:
            app.test_client().get(f"/{name}", buffered=True)

    for trace, (name, (_, lane)) in zip(traces, BESIDE.items(), strict=True):
        spans = [item for item in trace.spans if item.name == "work" and item.kind == "user"]
        events = [item for item in trace.events if item.name == "done"]
        assert (len(spans), len(events)) == ((0, 0) if lane is None else (1, 1)), name
        assert (trace.outcome, trace.parent, trace.partial) == ("ok", None, False), name
        for item in spans:
            assert item.attributes.get("lane", "") == lane, name
            around = next(other for other in trace.spans if other.id == item.parent)
            assert around.kind in {"call", where}, name
            assert events[0].span == item.id, name


# What is left alive


ENDINGS = {
    "returns": lambda lib: "x",
    "raises": lambda lib: 1 / 0,
    "aborts": lambda lib: lib.abort(404),
    "streams": lambda lib: lib.Response(lib.stream_with_context(lines())),
    "breaks": lambda lib: lib.Response(lines(fails_at=1)),
    "copies": lambda lib: lib.copy_current_request_context(lambda: "x")(),
}


@both
@pytest.mark.parametrize("name", ENDINGS)
@pytest.mark.parametrize("how", ["closed", "dropped"])
def test_nothing_of_a_request_outlives_it(lib, name, how):
    app, alive = lib.Flask("alive"), []
    app.logger.disabled = True
    app.secret_key = "key"

    class Local:
        pass

    @app.route("/")
    def view():
        lib.session["user"] = "ada"
        lib.g.local = local = Local()
        proxies = (lib.request, lib.session, lib.g)
        alive.extend(weakref.ref(proxy._get_current_object()) for proxy in proxies)
        alive.extend([weakref.ref(local), weakref.ref(own(lib))])
        return ENDINGS[name](lib)

    @app.after_request
    def after(response):
        alive.append(weakref.ref(response))
        return response

    def serve():
        reader = Reader(app, "GET")
        reader.take(1)
        reader.end(how)

    flasktrace.wrap(app, enabled=True, store="memory:", dashboard=False)
    recorder = tracer_of(app).recorder
    for _ in range(20):
        contextvars.Context().run(serve)

    gc.collect()
    assert len(alive) >= 100
    assert [item() for item in alive if item() is not None] == []
    assert recorder.live == {}
    assert tracer_of(app).store.count() == 20
    flasktrace.unwrap(app)
