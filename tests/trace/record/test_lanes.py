"""What runs beside the request's own thread stands in the trace of that request, in its place."""

import asyncio
import contextlib
import logging
import queue
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import flask
import pytest

import flasktrace
from flasktrace import current_trace, event, span
from flasktrace.trace.tracer import tracer_of
from tests.flasks import other_since_3_2
from tests.live.conftest import do_without
from tests.trace.record.same import Ask, ask

LIBRARIES = {"flasktrace": flasktrace, "flask": flask}
both = pytest.mark.parametrize("lib", LIBRARIES.values(), ids=LIBRARIES)


def traced(lib, view, path="/"):
    app = lib.Flask("x")
    app.add_url_rule("/", "index", view)
    with flasktrace.capture(app) as traces:
        ask(app, Ask(path))
        errors = tracer_of(app).recorder.guard.errors
        assert errors == {}
    assert not traces.last.partial
    return traces.last


def found(trace, name):
    (one,) = [item for item in trace.spans if item.name == name]
    return one


def parent_of(trace, name):
    """The name of the span around the one called *name*."""
    parent = found(trace, name).parent
    return next((item.name for item in trace.spans if item.id == parent), None)


def lane(trace, name):
    return found(trace, name).attributes.get("lane")


def in_thread(function, name="Worker-1"):
    thread = threading.Thread(target=copy_context().run, args=(function,), name=name)
    thread.start()
    return thread


# Threads


@both
def test_a_thread_has_a_stack_of_its_own(lib):
    inside, outside = threading.Event(), threading.Event()

    def work():
        with span("work"), span("part of work"):
            inside.set()
            outside.wait(5)

    def index():
        with span("around"):
            thread = in_thread(work)
            inside.wait(5)
            with span("meanwhile"):
                event("point")
            outside.set()
            thread.join()
            with span("after"):
                pass
        return "x"

    trace = traced(lib, index)

    assert parent_of(trace, "work") == "around"
    assert parent_of(trace, "part of work") == "work"
    assert parent_of(trace, "meanwhile") == "around"
    assert parent_of(trace, "after") == "around"
    assert lane(trace, "work") == lane(trace, "part of work") == "thread Worker-1"
    assert lane(trace, "meanwhile") is None
    assert trace.events[0].span == found(trace, "meanwhile").id
    assert found(trace, "work").stage == "dispatch"


@both
def test_a_thread_that_began_in_a_view_stands_in_the_view(lib):
    def work():
        event("point", key="k")
        with span("work"):
            pass

    def index():
        thread = in_thread(work)
        with span("waiting"):
            thread.join()
        return "x"

    trace = traced(lib, index)

    assert parent_of(trace, "work") == "index"
    assert trace.events[0].span == found(trace, "index").id
    assert trace.events[0].attributes == {"lane": "thread Worker-1", "key": "'k'"}


@both
def test_a_span_remembers_where_its_thread_began_when_that_is_over(lib):
    go = threading.Event()

    def work():
        go.wait(5)
        with span("work"):
            pass

    def index():
        with span("begins it"):
            thread = in_thread(work)
        with span("another"):
            go.set()
            thread.join()
        return "x"

    assert parent_of(traced(lib, index), "work") == "begins it"


@both
def test_work_in_a_pool_belongs_to_the_span_that_gave_it_out(lib):
    def work(number):
        with span(f"job {number}"), span(f"part {number}"):
            pass

    def index():
        with ThreadPoolExecutor(1, thread_name_prefix="Pool") as pool:
            for number in range(3):
                with span(f"gives {number}"):
                    pool.submit(copy_context().run, work, number).result()
        return "x"

    trace = traced(lib, index)

    for number in range(3):
        assert parent_of(trace, f"job {number}") == f"gives {number}"
        assert parent_of(trace, f"part {number}") == f"job {number}"
    assert lane(trace, "job 2") == "thread Pool_0"


@both
def test_work_in_many_threads_at_once_is_told_apart(lib):
    def work(number):
        for step in range(5):
            with span(f"job {number} {step}"), span(f"part {number} {step}"):
                event(f"point {number}")

    def index():
        with ThreadPoolExecutor(8) as pool:
            jobs = [pool.submit(copy_context().run, work, number) for number in range(8)]
            with span("beside"):
                for job in jobs:
                    job.result()
        return "x"

    trace = traced(lib, index)

    for number in range(8):
        for step in range(5):
            assert parent_of(trace, f"job {number} {step}") == "index"
            assert parent_of(trace, f"part {number} {step}") == f"job {number} {step}"
    assert parent_of(trace, "beside") == "index"
    assert len({item.id for item in trace.spans}) == len(trace.spans)
    assert all(item.duration_ns >= 0 for item in trace.spans)


@both
def test_a_thread_without_the_context_writes_nowhere(lib):
    seen = []

    def work():
        seen.append(bool(current_trace))
        with span("orphan"):
            event("orphan")

    def index():
        pool = ThreadPoolExecutor(1)
        pool.submit(work).result()
        pool.shutdown()
        return "x"

    trace = traced(lib, index)

    assert seen == [False]
    assert "orphan" not in {item.name for item in trace.spans}
    assert trace.events == ()


@both
def test_a_pool_shared_by_two_requests_gives_each_its_own(lib):
    meet = threading.Barrier(2)
    pool = ThreadPoolExecutor(4)

    def work(marker):
        meet.wait(5)
        with span(f"work {marker}"):
            event(f"point {marker}")
        meet.wait(5)

    def index():
        marker = lib.request.args["q"]
        with span(f"view {marker}"):
            pool.submit(copy_context().run, work, marker).result()
        return marker

    app = lib.Flask("x")
    app.add_url_rule("/", "index", index)
    with flasktrace.capture(app) as traces:
        servers = [threading.Thread(target=ask, args=(app, Ask(f"/?q={n}"))) for n in "ab"]
        for server in servers:
            server.start()
        for server in servers:
            server.join()
    pool.shutdown()

    for trace in traces:
        marker = trace.query.removeprefix("q=")
        assert parent_of(trace, f"work {marker}") == f"view {marker}"
        assert [item.name for item in trace.events] == [f"point {marker}"]


@both
def test_what_ends_after_the_request_goes_nowhere(lib):
    inside, over = threading.Event(), threading.Event()
    threads = []

    def work():
        with span("long"):
            inside.set()
            over.wait(5)
            with span("too late"):
                event("too late")

    def index():
        threads.append(in_thread(work))
        inside.wait(5)
        return "x"

    app = lib.Flask("x")
    app.add_url_rule("/", "index", index)
    with flasktrace.capture(app) as traces:
        ask(app, Ask())
        before = traces.last
        over.set()
        threads[0].join()

    assert [item.name for item in traces.last.spans] == [item.name for item in before.spans]
    assert traces.last.events == ()
    long = found(traces.last, "long")
    assert long.start_ns + long.duration_ns <= traces.last.duration_ns


@both
@pytest.mark.parametrize("with_variables", [True, False])
def test_a_copied_request_context_does_not_disturb_the_request(lib, with_variables):
    def index():
        @lib.copy_current_request_context
        def work():
            with span("work"):
                return lib.request.path

        with ThreadPoolExecutor(1, thread_name_prefix="Pool") as pool, span("around"):
            job = (copy_context().run, work) if with_variables else (work,)
            assert pool.submit(*job).result() == "/"
        return "x"

    app = lib.Flask("x")
    app.add_url_rule("/", "index", index)
    app.teardown_request(lambda error: None)
    with flasktrace.capture(app) as traces:
        ask(app, Ask())
        assert tracer_of(app).recorder.guard.errors == {}
    trace = traces.last

    call, block = (item for item in trace.spans if item.name == "work")
    assert (call.kind, block.kind, block.parent) == ("call", "user", call.id)
    assert {call.attributes["lane"], block.attributes["lane"]} == {"thread Pool_0"}
    assert call.attributes["code.file.path"] == __file__
    # Without the other variables nobody knows the user's span in which the copy was made.
    around = found(trace, "around" if with_variables else "index")
    assert call.parent == around.id
    assert [item.name for item in trace.stages if item.skipped] == []
    assert [item.attributes.get("lane") for item in trace.spans if item.name == "<lambda>"] == [
        "thread Pool_0",
        None,
    ]
    assert {change.section for change in trace.changes} <= {"request"}


@both
def test_a_copied_context_brings_its_recording_and_takes_it_away_again(lib):
    seen = []

    def index():
        @lib.copy_current_request_context
        def work():
            seen.append(flasktrace.current_trace.id)
            with span("inside"):
                pass
            if len(seen) == 3:
                raise LookupError("of the work")

        def run():
            for _ in range(3):
                with contextlib.suppress(LookupError):
                    work()
                seen.append(bool(flasktrace.current_trace))
                with span("outside"):
                    pass

        thread = threading.Thread(target=run, name="Worker")
        thread.start()
        thread.join()
        work()  # in its own thread it is as if nothing was copied
        return flasktrace.current_trace.id

    app = lib.Flask("x")
    app.add_url_rule("/", "index", index)
    with flasktrace.capture(app) as traces:
        ask(app, Ask())
        assert tracer_of(app).recorder.guard.errors == {}
    trace = traces.last

    assert seen == [trace.id, False, trace.id, False, trace.id, False, trace.id]
    assert [item.attributes.get("lane") for item in trace.spans if item.name == "inside"] == [
        "thread Worker"
    ] * 3 + [None]
    assert "outside" not in {item.name for item in trace.spans}
    calls = [item for item in trace.spans if item.name == "work"]
    assert [(item.attributes.get("lane"), item.attributes["outcome"]) for item in calls] == [
        ("thread Worker", "returned None"),
        ("thread Worker", "raised LookupError"),
        ("thread Worker", "returned None"),
        (None, "returned None"),
    ]


@both
@pytest.mark.parametrize("beside", [True, False], ids=["in a thread", "in its own"])
def test_a_context_is_copied_inside_a_copy(lib, beside):
    def index():
        @lib.copy_current_request_context
        def outer():
            @lib.copy_current_request_context
            def inner():
                with span("inside"):
                    event("note")
                    logging.getLogger("x").warning("from inside")
                    return lib.render_template_string("{{ request.path }}")

            return inner()

        if not beside:
            return outer()
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(outer).result()

    app = lib.Flask("x")
    app.add_url_rule("/", "index", index)
    with flasktrace.capture(app) as traces:
        assert app.test_client().get("/").text == "/"
        assert tracer_of(app).recorder.guard.errors == {}
    trace = traces.last

    names = ["outer", "inner", "inside", "(string)"]
    spans = [item for item in trace.spans if item.name in names]
    assert [item.name for item in spans] == names
    ids = {item.id: item.name for item in trace.spans}
    assert [ids[item.parent] for item in spans] == ["index", *names[:-1]]
    assert {("lane" in item.attributes) for item in spans} == {beside}
    assert {item.span for item in trace.events} == {spans[2].id}


@both
def test_what_a_copy_raises_in_a_body_may_be_caught_there(lib):
    def index():
        @lib.copy_current_request_context
        def work():
            raise LookupError

        def parts():
            with contextlib.suppress(LookupError):
                work()
            yield "x"

        return lib.Response(lib.stream_with_context(parts()))

    trace = traced(lib, index)

    assert (trace.outcome, trace.exception) == ("ok", None)
    assert found(trace, "work").attributes["outcome"] == "raised LookupError"


@other_since_3_2("a copy that two threads push at once is there in the first of them alone")
@both
def test_one_copied_function_in_two_threads_at_once_is_two_lanes(lib):
    both_run = threading.Barrier(2, timeout=10)

    def index():
        @lib.copy_current_request_context
        def work():
            both_run.wait()
            with span("inside"):
                return lib.request.path

        threads = [threading.Thread(target=suppressing(work), name=name) for name in "ab"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return "x"

    def suppressing(work):
        def run():
            # Flask shares one copy, and complains when it is not popped last in, first out.
            with contextlib.suppress(ValueError, AssertionError, RuntimeError, LookupError):
                work()

        return run

    trace = traced(lib, index)

    for name in ("work", "inside"):
        found = {item.attributes["lane"] for item in trace.spans if item.name == name}
        assert found == {"thread a", "thread b"}


@both
def test_a_request_that_is_over_is_no_parent(lib):
    app = lib.Flask("x")
    jobs = []

    @app.route("/")
    def index():
        jobs.append(copy_context())
        return "x"

    app.add_url_rule("/later", "later", lambda: "later")
    with flasktrace.capture(app) as traces:
        ask(app, Ask())
        jobs[0].run(ask, app, Ask("/later"))

    assert [(trace.path, trace.parent) for trace in traces] == [("/", None), ("/later", None)]


@both
def test_a_copied_context_that_is_used_after_its_request_changes_nothing(lib):
    jobs = []

    def index():
        jobs.append(lib.copy_current_request_context(work))
        return "x"

    def work():
        with span("late"):
            return lib.request.path

    app = lib.Flask("x")
    app.add_url_rule("/", "index", index)
    with flasktrace.capture(app) as traces:
        ask(app, Ask())
        ask(app, Ask("/other", status=404))
        assert jobs.pop()() == "/"
        assert tracer_of(app).recorder.guard.errors == {}

    assert [item.name for trace in traces for item in trace.spans if item.name == "late"] == []


@both
def test_a_copied_context_in_another_request_is_of_the_one_that_it_was_made_in(lib):
    jobs, ran = queue.Queue(), threading.Event()

    def index():
        @lib.copy_current_request_context
        def work():
            with span("work"):
                assert lib.request.path == "/"

        jobs.put(work)
        ran.wait(10)
        return "x"

    def other():
        jobs.get(timeout=10)()
        ran.set()
        with span("after"):
            return "y"

    app = lib.Flask("x")
    app.add_url_rule("/", "index", index)
    app.add_url_rule("/other", "other", other)
    with flasktrace.capture(app) as traces:
        first = threading.Thread(target=ask, args=(app, Ask()))
        first.start()
        ask(app, Ask("/other"))
        first.join()
        assert tracer_of(app).recorder.guard.errors == {}

    names = {
        trace.path: [item.name for item in trace.spans if item.kind == "user"] for trace in traces
    }
    assert names == {"/": ["work"], "/other": ["after"]}


@both
def test_a_template_in_a_thread_stands_in_that_thread(lib):
    def index():
        def work():
            with span("work"):
                return lib.render_template_string("{{ n }}", n=1)

        thread = in_thread(work)
        thread.join()
        return lib.render_template_string("{{ n }}", n=2)

    app = lib.Flask("x")
    app.context_processor(lambda: {"extra": 1})
    app.add_url_rule("/", "index", index)
    with flasktrace.capture(app) as traces:
        ask(app, Ask())
        assert tracer_of(app).recorder.guard.errors == {}
    trace = traces.last

    first, second = (item for item in trace.spans if item.kind == "template")
    assert first.parent == found(trace, "work").id
    assert first.attributes["lane"] == "thread Worker-1"
    assert second.parent == found(trace, "index").id
    assert "lane" not in second.attributes
    processors = [item for item in trace.spans if item.name == "<lambda>"]
    assert [item.attributes.get("lane") for item in processors] == ["thread Worker-1", None]


# Tasks


async def steps(name, gate):
    with span(f"{name} one"):
        await gate.wait()
        with span(f"{name} two"):
            await asyncio.sleep(0)
            event(f"{name} point")
        await asyncio.sleep(0)


async def gathered():
    gate = asyncio.Event()
    with span("gathering"):
        tasks = [asyncio.create_task(steps(name, gate), name=name) for name in "abc"]
        await asyncio.sleep(0)
        gate.set()
        await asyncio.gather(*tasks)
    with span("afterwards"):
        pass


def check_gathered(trace):
    for name in "abc":
        assert parent_of(trace, f"{name} one") == "gathering"
        assert parent_of(trace, f"{name} two") == f"{name} one"
        assert lane(trace, f"{name} two") == f"task {name}"
    assert parent_of(trace, "gathering") == "index"
    assert parent_of(trace, "afterwards") == "index"
    two = {item.id: item.name for item in trace.spans if item.name.endswith("two")}
    assert sorted(two[item.span] for item in trace.events) == ["a two", "b two", "c two"]
    assert len({item.name for item in trace.events}) == 3


@both
def test_tasks_of_an_async_view_are_told_apart(lib):
    async def index():
        await gathered()
        return "x"

    check_gathered(traced(lib, index))


@both
def test_tasks_of_a_loop_inside_a_view_are_told_apart(lib):
    def index():
        asyncio.run(gathered())
        with span("last"):
            pass
        return "x"

    trace = traced(lib, index)

    check_gathered(trace)
    assert lane(trace, "last") is None
    assert parent_of(trace, "last") == "index"


def test_a_request_made_in_a_task_has_that_task_for_its_own_lane():
    app = flasktrace.Flask("x")

    @app.route("/")
    def index():
        with span("work"):
            return "x"

    async def main():
        ask(app, Ask())

    with flasktrace.capture(app) as traces:
        asyncio.run(main())

    assert lane(traces.last, "work") is None
    assert parent_of(traces.last, "work") == "index"


@both
def test_changes_are_seen_by_the_thread_of_the_request_alone(lib):
    async def index():
        with span("inside"):
            lib.g.user = "ada"
        return "x"

    trace = traced(lib, index)

    (change,) = [change for change in trace.changes if change.section == "g"]
    assert change.author.startswith("index")


# Greenlets


@both
def test_greenlets_are_told_apart(lib):
    try:
        import gevent
    except ImportError:
        do_without("gevent")

    def work(name):
        with span(f"{name} one"):
            gevent.sleep(0)
            with span(f"{name} two"):
                gevent.sleep(0)

    def index():
        with span("around"):
            jobs = [gevent.spawn(copy_context().run, work, name) for name in "ab"]
            gevent.joinall(jobs)
        gevent.spawn(work, "orphan").join()
        return "x"

    trace = traced(lib, index)

    for number, name in enumerate("ab", 1):
        assert parent_of(trace, f"{name} one") == "around"
        assert parent_of(trace, f"{name} two") == f"{name} one"
        assert lane(trace, f"{name} two") == f"greenlet {number}"
    assert not [item for item in trace.spans if "orphan" in item.name]


GREEN_SERVER = """
from gevent import monkey
monkey.patch_all()
import threading, time, urllib.request
from contextvars import copy_context
import gevent
from gevent.pywsgi import WSGIServer
import flask
import flasktrace
from flasktrace import span

def make(lib):
    app = lib.Flask("green")

    @app.route("/<marker>")
    def index(marker):
        def work():
            with span("work " + marker):
                time.sleep(0.01)
                with span("part " + marker):
                    time.sleep(0.01)

        with span("view " + marker):
            threads = [threading.Thread(target=copy_context().run, args=(work,), name="T" + marker)]
            threads += [gevent.spawn(copy_context().run, work)]
            [thread.start() for thread in threads]
            [thread.join() for thread in threads]
        return marker

    return app

for lib in (flasktrace, flask):
    app = make(lib)
    with flasktrace.capture(app) as traces:
        server = WSGIServer(("127.0.0.1", 0), app, log=None)
        server.start()
        url = f"http://127.0.0.1:{server.server_port}/"
        fetch = lambda n: urllib.request.urlopen(f"{url}{n}").read()
        gevent.joinall([gevent.spawn(fetch, n) for n in range(20)])
        server.stop()
    assert len(traces) == 20, len(traces)
    for trace in traces:
        assert not trace.partial
        marker = trace.path[1:]
        names = {item.id: item.name for item in trace.spans}
        own = [item for item in trace.spans if item.kind == "user"]
        expected = ["part", "part", "view", "work", "work"]
        assert sorted(item.name for item in own) == [f"{word} {marker}" for word in expected]
        for item in own:
            word = item.name.split()[0]
            around = {"part": f"work {marker}", "work": f"view {marker}", "view": "index"}[word]
            assert names[item.parent] == around, item
        lanes = {item.attributes.get("lane") for item in own}
        assert lanes == {None, f"thread T{marker}", "greenlet 1"}, lanes
print("told apart")
"""


def test_requests_of_a_green_server_are_told_apart():
    try:
        import gevent  # noqa: F401
    except ImportError:
        do_without("gevent")

    done = subprocess.run(
        [sys.executable, "-c", GREEN_SERVER],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.stdout.strip() == "told apart", done.stderr


# The span itself


def test_one_span_may_be_open_in_several_threads():
    work = span("work")
    meet = threading.Barrier(2)

    def run():
        meet.wait(5)
        with work:
            meet.wait(5)

    def index():
        threads = [in_thread(run, f"T{n}") for n in (1, 2)]
        for thread in threads:
            thread.join()
        return "x"

    trace = traced(flasktrace, index)

    both_of_them = [item for item in trace.spans if item.name == "work"]
    assert {item.attributes["lane"] for item in both_of_them} == {"thread T1", "thread T2"}
    end = found(trace, "index").start_ns + found(trace, "index").duration_ns
    assert all(item.start_ns + item.duration_ns <= end for item in both_of_them)


def test_a_span_may_be_entered_again_before_it_is_left():
    work = span("work")

    def index():
        with work, work:
            pass
        with span("after"):
            pass
        return "x"

    trace = traced(flasktrace, index)

    outer, inner = (item for item in trace.spans if item.name == "work")
    assert inner.parent == outer.id
    assert parent_of(trace, "after") == "index"


def test_a_span_left_in_another_context_leaves_that_context_as_it_was():
    def index():
        def parts():
            with span("inside"):
                yield 1

        steps = parts()
        copy_context().run(next, steps)
        with span("outside"):
            steps.close()
            with span("within"):
                pass
        return "x"

    trace = traced(flasktrace, index)

    assert parent_of(trace, "within") in {"outside", "inside", "index"}
    assert "inside" in {item.name for item in trace.spans}


@both
def test_what_changed_while_a_lane_ran_may_be_its_doing(lib):
    def index():
        @lib.copy_current_request_context
        def work():
            lib.session["by"] = "work"

        lib.g.mine = 1
        thread = threading.Thread(target=work, name="Worker")
        thread.start()
        thread.join()
        return "x"

    app = lib.Flask("x")
    app.secret_key = "key"
    app.add_url_rule("/", "index", index)

    @app.after_request
    def after(response):
        lib.session["after"] = 1
        return response

    with flasktrace.capture(app) as traces:
        ask(app, Ask())
    found = {item.key: item for item in traces.last.changes if item.section in {"g", "session"}}

    assert found["mine"].author.startswith("index (test_lanes.py:")
    assert found["by"].author.endswith(") or thread Worker")
    assert found["by"].span is None
    assert found["after"].author.startswith("after (test_lanes.py:")
    assert " or " not in found["mine"].author + found["after"].author
