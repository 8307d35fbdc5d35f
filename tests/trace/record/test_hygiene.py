"""What a request leaves behind, or finds: contexts, teardown functions, bodies, work beside it."""

import contextvars
import gc
import threading

import flask
import pytest

import flasktrace
from tests.flasks import ONE_CONTEXT
from tests.trace.record.same import Ask, ask

LIBRARIES = {"flasktrace": flasktrace, "flask": flask}
both = pytest.mark.parametrize("lib", LIBRARIES.values(), ids=LIBRARIES)
before_3_2 = pytest.mark.parametrize(
    "lib", [flasktrace, pytest.param(flask, marks=ONE_CONTEXT)], ids=LIBRARIES
)


def traces_of(app, *paths):
    """The traces of one request after the other, on a thread of its own, as a server has."""
    with flasktrace.capture(app) as traces:
        here = contextvars.Context()
        for path in paths:
            here.run(ask, app, Ask(path))
    assert not any(trace.partial for trace in traces)
    return list(traces)


def made(lib):
    app = lib.Flask("shop")
    app.add_url_rule("/", "index", lambda: "x")
    return app


def only(trace):
    (leak,) = trace.leaks
    return leak


@both
def test_a_request_that_ends_well_leaves_nothing(lib):
    app = made(lib)
    app.teardown_request(lambda _error: None)

    for trace in traces_of(app, "/", "/nowhere"):
        assert () == trace.leaks
        assert "context leak" not in trace.marks


@before_3_2
@pytest.mark.parametrize("kind", ["app", "request"])
def test_a_context_pushed_by_the_view_is_never_popped(lib, kind):
    app, other = made(lib), lib.Flask("other")

    @app.route("/push")
    def push():
        context = other.app_context() if kind == "app" else other.test_request_context("/z")
        context.push()
        return "x"

    first, second = traces_of(app, "/push", "/")

    leak = only(first)
    name = "An app" if kind == "app" else "A request"
    line = push.__code__.co_firstlineno
    assert ("not popped", True) == (leak.kind, leak.is_fault)
    assert f"push (test_hygiene.py:{line})" == leak.culprit
    assert f"{name} context of 'other' was pushed by {leak.culprit} and never popped" == (
        leak.sentence
    )
    assert "context leak" in first.marks
    assert () == second.leaks  # popping the request's own takes it off


@both
def test_the_next_request_names_who_left_a_context_on_its_thread(lib):
    app = made(lib)

    @app.teardown_request
    def push(_error):
        if lib.request.path == "/push":
            app.pushed = app.test_request_context("/again")

    def server(environ, start_response):
        result = inner(environ, start_response)
        if environ["PATH_INFO"] == "/push":
            app.pushed.push()
        return result

    app.add_url_rule("/push", "push", lambda: "x")
    inner, app.wsgi_app = app.wsgi_app, server
    first, second = traces_of(app, "/push", "/")

    assert ["not popped"] == [leak.kind for leak in first.leaks]
    leak = next(leak for leak in second.leaks if leak.trace)
    assert ("found", True, first.id, "GET /push") == (
        leak.kind, leak.is_fault, leak.trace, leak.culprit,
    )  # fmt: skip
    assert "GET /push never popped it" in leak.sentence


@both
def test_a_context_of_a_test_is_told_but_is_no_fault(lib):
    app = made(lib)
    with flasktrace.capture(app) as traces, app.app_context():
        ask(app, Ask())

    leak = only(traces.last)
    assert ("found", False) == (leak.kind, leak.is_fault)
    assert "no recorded request is known to have pushed it" in leak.sentence
    assert "context leak" not in traces.last.marks


@both
def test_a_preserved_context_of_a_test_client_is_told_with_its_request(lib):
    app = made(lib)
    with flasktrace.capture(app) as traces, app.test_client() as client:
        client.get("/?first")
        client.get("/?again")  # this client lets go of it before
        app.test_client().get("/")

    first, again, other = traces
    assert () == first.leaks == again.leaks
    leak = only(other)
    assert ("preserved", False, again.id) == (leak.kind, leak.is_fault, leak.trace)
    assert "GET /" in leak.sentence


@both
def test_a_request_in_a_view_does_not_take_the_outer_one_for_a_leak(lib):
    app = made(lib)
    app.add_url_rule("/outer", "outer", lambda: app.test_client().get("/").text)

    for trace in traces_of(app, "/outer"):
        assert () == trace.leaks


@before_3_2
def test_a_view_that_pops_the_context_of_the_request_is_named(lib):
    app = made(lib)

    @app.route("/early")
    def early():
        top = flask.globals.request_ctx if lib is flask else flasktrace.globals.request_ctx
        top.pop()
        return "x"

    (trace,) = traces_of(app, "/early")

    leak = next(leak for leak in trace.leaks if leak.kind == "popped early")
    assert leak.is_fault
    assert f"early (test_hygiene.py:{early.__code__.co_firstlineno})" == leak.culprit
    assert "teardown never" not in {leak.kind for leak in trace.leaks}


@both
def test_a_request_that_pops_the_context_of_somebody_else_is_told(lib):
    app = made(lib)
    outside = app.app_context()

    def server(environ, start_response):
        result = inner(environ, start_response)
        outside.pop()
        return result

    inner, app.wsgi_app = app.wsgi_app, server
    outside.push()
    with flasktrace.capture(app) as traces:
        ask(app, Ask())

    assert ["found", "popped another's"] == [leak.kind for leak in traces.last.leaks]
    assert traces.last.leaks[1].is_fault


@before_3_2
def test_a_teardown_function_that_runs_twice_is_told(lib):
    app, ran = made(lib), []

    @app.teardown_request
    def close(_error):
        ran.append("close")

    @app.route("/twice")
    def twice():
        app.do_teardown_request()
        return "x"

    (trace,) = traces_of(app, "/twice")

    leak = only(trace)
    assert ["close", "close"] == ran
    assert ("teardown twice", True) == (leak.kind, leak.is_fault)
    assert "The teardown function" in leak.sentence
    assert "close (test_hygiene.py:" in leak.sentence


@both
def test_teardown_after_a_streamed_body_is_explained(lib):
    app, ran = made(lib), []
    app.teardown_request(ran.append)

    @app.route("/stream")
    def stream():
        return lib.stream_with_context(part for part in ["a", "b"])

    (trace,) = traces_of(app, "/stream")

    if len(ran) == 1:  # flask 3.0 waits for the end of the body
        assert () == trace.leaks
        return
    leak = only(trace)
    assert ("teardown twice", False) == (leak.kind, leak.is_fault)
    assert "streamed body pushed the context again" in leak.sentence
    kinds = [span.kind for span in trace.spans]
    assert ["teardown_request"] * 2 == [kind for kind in kinds if kind.startswith("teardown")]
    assert "error_handler" not in kinds


@both
def test_a_body_that_nobody_closes_is_told(lib):
    app = made(lib)
    app.add_url_rule("/long", "long", lambda: (part for part in "abc"))
    with flasktrace.capture(app) as traces:
        client = app.test_client()
        answer = client.get("/long")
        next(answer.iter_encoded())
        del answer, client
        gc.collect()

    kinds = {leak.kind: leak.is_fault for leak in traces.last.leaks}
    assert {"not closed": False} == kinds


@both
def test_work_beside_the_request_that_outlives_it_is_told(lib):
    app = made(lib)
    began, ended = threading.Event(), threading.Event()

    @app.route("/later")
    def later():
        @lib.copy_current_request_context
        def work():
            with flasktrace.span("mail"):
                began.set()
                ended.wait(10)

        threading.Thread(target=contextvars.copy_context().run, args=(work,), name="post").start()
        began.wait(10)
        return "x"

    with flasktrace.capture(app) as traces:
        ask(app, Ask("/later"))
        trace = traces.last
    ended.set()

    leak = next(leak for leak in trace.leaks if leak.kind == "outlived")
    assert not leak.is_fault
    assert leak.sentence.startswith("Thread post still ran the function work (test_hygiene.py:")


@both
def test_the_teardown_of_a_context_that_the_app_pushed_is_no_fault(lib):
    app, ran = made(lib), []

    @app.teardown_appcontext
    def close(_error):
        ran.append("close")

    @app.route("/inner")
    def inner():
        with lib.current_app.app_context():
            pass
        return "x"

    (trace,) = traces_of(app, "/inner")

    assert ran == ["close", "close"]
    assert trace.leaks == ()


@both
def test_teardown_in_a_copy_of_the_context_is_told(lib):
    app = made(lib)

    @app.teardown_request
    def close(_error):
        pass

    @app.route("/copies")
    def copies():
        @lib.copy_current_request_context
        def work():
            pass

        for name in ("one", "two"):
            thread = threading.Thread(target=work, name=name)
            thread.start()
            thread.join()
        work()  # in the request's own thread
        return "x"

    (trace,) = traces_of(app, "/copies")

    leak = next(leak for leak in trace.leaks if "function close" in leak.sentence)
    assert ("teardown twice", False) == (leak.kind, leak.is_fault)
    assert leak.sentence.startswith("The teardown function close (test_hygiene.py:")
    assert leak.sentence.endswith(
        ") ran in thread one and 2 more, too: a copy of the context ends with a teardown of its own"
    )
    assert "context leak" not in trace.marks


def test_teardown_that_was_never_reached_is_told():
    app = made(flasktrace)

    class Odd(flasktrace.Flask):
        def pop_context(self, context, exc=None):
            raise SystemError

    app.__class__ = Odd
    app.wsgi_app = lambda environ, start_response: _never_popping(app, environ, start_response)
    (trace,) = traces_of(app, "/")

    assert "not popped" in {leak.kind for leak in trace.leaks}
    assert "context leak" in trace.marks


def _never_popping(app, environ, start_response):
    context = app.request_context(environ)
    context.push()
    return app.full_dispatch_request(context)(environ, start_response)


@both
def test_a_context_that_a_body_pushes_and_never_pops_is_told(lib):
    app = made(lib)

    @app.route("/rows")
    def rows():
        def lines():
            yield "a"
            pushed.append(app.app_context())
            pushed[0].push()
            yield "b"

        return lib.Response(lines())

    pushed = []
    first, second = traces_of(app, "/rows", "/")

    left = only(first)
    assert (left.kind, left.is_fault) == ("not popped", True)
    assert left.sentence.endswith("was pushed by the response body and never popped")
    found = only(second)
    assert found.kind == "found"
    assert found.sentence.endswith(
        "was on the stack already when the request came: GET /rows never popped it"
    )


def own_context(lib):
    top = vars(flask.globals).get("request_ctx") or flask.globals.app_ctx
    return (top if lib is flask else flasktrace.globals.request_ctx)._get_current_object()


def tried(step):
    try:
        step()
    except Exception:  # noqa: BLE001
        return


@both
def test_a_context_that_a_body_pushes_is_told_however_the_body_ends(lib):
    for end in ("closed", "raises"):
        app = made(lib)

        @app.route("/rows")
        def rows(app=app, end=end):
            def lines():
                app.left = app.app_context()
                app.left.push()
                yield "a"
                if end == "raises":
                    raise LookupError
                yield "b"

            return lib.Response(lines())

        with flasktrace.capture(app) as traces:
            here = contextvars.Context()
            here.run(ask, app, Ask("/rows", chunks=1 if end == "closed" else None))
            here.run(ask, app, Ask("/"))

        first, second = traces
        assert only(first).culprit == "the response body", end
        assert (only(second).kind, only(second).culprit) == ("found", "GET /rows"), end


@both
def test_a_pop_in_another_thread_is_told_and_the_request_ends_as_usual(lib):
    app, ran = made(lib), []
    app.teardown_request(ran.append)

    @app.route("/elsewhere")
    def elsewhere():
        context = own_context(lib)
        thread = threading.Thread(target=tried, args=(context.pop,), name="other")
        thread.start()
        thread.join()
        return "x"

    (trace,) = traces_of(app, "/elsewhere")

    leak = only(trace)
    assert ("popped elsewhere", True, "thread other") == (leak.kind, leak.is_fault, leak.culprit)
    assert leak.sentence == (
        "Thread other tried to pop the request's own context, which is not on the stack there; "
        "it stayed where it was"
    )
    if lib is flasktrace:
        assert ran == [None]
    assert trace.stage("pop").skipped is None


@before_3_2
def test_who_pushed_the_context_of_the_request_again_is_named(lib):
    app = made(lib)
    app.add_url_rule("/again", "again", lambda: own_context(lib).push() or "x")

    first, second = traces_of(app, "/again", "/")

    leak = next(item for item in first.leaks if item.kind == "not popped")
    assert leak.culprit.startswith("<lambda> (test_hygiene.py:")
    assert f"was pushed again by {leak.culprit} and not popped as often" in leak.sentence
    found = only(second)  # flask has two contexts for it, but there is one request
    assert (found.kind, found.culprit) == ("found", "GET /again")
    assert found.sentence.startswith("A request context of 'shop'")


@before_3_2
def test_who_had_the_teardown_run_is_named(lib):
    app = made(lib)
    app.teardown_request(lambda _error: None)

    @app.route("/again")
    def again():
        context = own_context(lib)
        context.pop()
        context.push()
        return "x"

    (trace,) = traces_of(app, "/again")

    here = f"again (test_hygiene.py:{again.__code__.co_firstlineno})"
    leaks = {leak.kind: leak for leak in trace.leaks}
    assert leaks["teardown twice"].culprit == here
    assert leaks["teardown twice"].sentence.endswith(f"one request; {here} had it run, too")


@before_3_2
def test_who_popped_the_context_is_named_though_the_framework_pops_it_later(lib):
    app = made(lib)
    app.teardown_appcontext(lambda _error: None)

    @app.route("/again")
    def again():
        context = own_context(lib)
        context.pop()
        context.push()
        return "x"

    (trace,) = traces_of(app, "/again")

    for leak in trace.leaks:
        assert leak.culprit == f"again (test_hygiene.py:{again.__code__.co_firstlineno})"
        assert "has no request" not in leak.sentence


def test_contexts_that_are_popped_out_of_order_are_told():
    app, other = made(flasktrace), flasktrace.Flask("other")

    @app.route("/order")
    def order():
        lower, upper = other.app_context(), app.app_context()
        lower.push()
        upper.push()
        tried(lower.pop)
        return "x"

    (trace,) = traces_of(app, "/order")

    leak = only(trace)
    assert ("out of order", True) == (leak.kind, leak.is_fault)
    assert leak.culprit == f"order (test_hygiene.py:{order.__code__.co_firstlineno})"
    assert leak.sentence == (
        f"An app context of 'other' was popped by {leak.culprit} while an app context of 'shop' "
        "was on top; all above it went along, without their teardown"
    )


@before_3_2
def test_a_context_above_that_of_a_streaming_body_is_told(lib):
    app, other = made(lib), lib.Flask("other")

    @app.route("/stream")
    def stream():
        def parts():
            yield "a"
            other.app_context().push()
            yield "b"

        return lib.stream_with_context(parts())

    (trace,) = traces_of(app, "/stream")

    leak = next(item for item in trace.leaks if item.kind == "not popped")
    assert leak.sentence == (
        "An app context of 'other' was pushed by the response body and never popped"
    )
