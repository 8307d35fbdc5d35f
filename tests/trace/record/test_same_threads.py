"""Many requests at a time: each trace holds its own request and nothing of another."""

import threading
from concurrent.futures import ThreadPoolExecutor

import flask
import gevent.pool
import pytest

import flasktrace
from tests.trace.record.same import Ask, ask

LIBRARIES = {"flasktrace": flasktrace, "flask": flask}
REQUESTS = 200


def shop(lib, wait):
    app = lib.Flask("shop")

    @app.before_request
    def load():
        lib.g.marker = lib.request.view_args["marker"]
        wait()

    @app.route("/<marker>")
    def show(marker):
        with flasktrace.span(f"span {marker}"):
            wait()
            flasktrace.event(f"event {marker}")

        def parts():
            yield lib.g.marker if lib.has_app_context() else marker
            wait()
            yield "!"

        return lib.Response(lib.stream_with_context(parts()))

    return app


def answers(app, markers, run):
    """Ask *app* for all *markers*, many at a time; return the texts of the answers."""

    def one(marker):
        return b"".join(ask(app, Ask(f"/{marker}"))["chunks"]).decode()

    return list(run(one, markers))


def assert_unmixed(trace):
    marker = trace.path[1:]
    assert trace.view_args == {"marker": marker}
    assert [item.name for item in trace.events] == [f"event {marker}"]
    assert [item.name for item in trace.spans if item.kind == "user"] == [f"span {marker}"]
    assert {item.after for item in trace.changes if item.key == "marker"} == {f"'{marker}'"}
    assert (trace.status, trace.outcome, trace.partial) == (200, "ok", False)


def assert_each_has_its_own(lib, wait, run):
    app = shop(lib, wait)
    markers = [f"m{number}" for number in range(REQUESTS)]
    with flasktrace.capture(app) as traces:
        texts = answers(app, markers, run)

    assert texts == [f"{marker}!" for marker in markers]
    assert sorted(item.path for item in traces) == sorted(f"/{marker}" for marker in markers)
    for trace in traces:
        assert_unmixed(trace)


@pytest.mark.parametrize("library", LIBRARIES)
def test_fault_26_threads_are_not_mixed(library):
    gate = threading.Semaphore(3)

    def wait():
        with gate:
            pass

    with ThreadPoolExecutor(8) as pool:
        assert_each_has_its_own(LIBRARIES[library], wait, pool.map)


@pytest.mark.parametrize("library", LIBRARIES)
def test_fault_27_greenlets_are_not_mixed(library):
    pool = gevent.pool.Pool(20)

    assert_each_has_its_own(LIBRARIES[library], lambda: gevent.sleep(0), pool.map)


def test_fault_27_chunks_that_take_turns_are_not_mixed():
    """Two streams are open at once in one thread, as a server of greenlets has them."""

    def app(environ, start_response):
        marker = environ["PATH_INFO"][1:]
        start_response("200 OK", [])
        for number in range(2):
            with flasktrace.span(f"{marker} {number}"):
                yield marker.encode()

    traced = flasktrace.wrap(app, enabled=True, store="memory:")
    with flasktrace.capture(traced) as traces:
        bodies = [
            iter(traced({"PATH_INFO": f"/{name}"}, lambda *_args: None)) for name in ("one", "two")
        ]
        texts = [next(body) for body in (*bodies, *bodies)]
        for body in bodies:
            body.close()

    assert texts == [b"one", b"two"] * 2
    for trace in traces:
        marker = trace.path[1:]
        assert [item.name for item in trace.spans if item.kind == "user"] == [
            f"{marker} 0",
            f"{marker} 1",
        ]
        assert trace.response.bytes == 2 * len(marker)
