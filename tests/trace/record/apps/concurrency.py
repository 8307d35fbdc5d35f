"""Threads, tasks, greenlets and processes that begin inside a request."""

import asyncio
import contextvars
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import gevent

import flasktrace
from tests.trace.record.apps.registry import app_for_both, wsgi
from tests.trace.record.same import BOOM, LEFT, Ask

gevent.sleep(0)  # opens what gevent needs, which is no file of the first app


@app_for_both
def fault_26_threads_begun_by_a_view(lib, notes):
    app = lib.Flask("threads")

    def work(number):
        with flasktrace.span(f"work {number}"):
            return number, lib.has_request_context(), bool(flasktrace.current_trace)

    @app.route("/")
    def index():
        with ThreadPoolExecutor(4) as pool:
            found = sorted(pool.map(work, range(8)))
        notes.append([item[:2] for item in found])
        return "worked"

    return app, [Ask()]


@app_for_both
def fault_27_greenlets_in_a_view(lib, notes):
    app = lib.Flask("greenlets")

    def work(number):
        with flasktrace.span(f"work {number}"):
            gevent.sleep(0)
        notes.append((number, lib.has_request_context()))

    @app.route("/")
    def index():
        gevent.joinall([gevent.spawn(work, number) for number in range(3)], raise_error=True)
        return "worked"

    return app, [Ask()]


@wsgi
def fault_27_greenlets_that_share_a_body(notes):
    def app(environ, start_response):
        start_response("200 OK", [])
        for number in range(3):
            gevent.sleep(0)
            yield b"%d" % number

    return app, [Ask(), Ask(chunks=1, outcome=LEFT)]


@app_for_both
def fault_27_a_timeout_of_gevent(lib, notes):
    app = lib.Flask("timeout")

    @app.route("/")
    def index():
        with gevent.Timeout(0.001):
            gevent.sleep(1)
        return "never"

    app.errorhandler(Exception)(lambda error: ("not for this", 400))
    app.teardown_request(lambda error: notes.append(type(error)))
    return app, [Ask(status=None, outcome="error")]


@app_for_both
def fault_28_views_and_hooks_that_are_async(lib, notes):
    app = lib.Flask("async")

    @app.before_request
    async def before():
        await asyncio.sleep(0)
        notes.append(lib.request.path)

    @app.after_request
    async def after(response):
        response.headers["X-Async"] = lib.g.user
        return response

    @app.teardown_request
    async def end(error):
        notes.append(type(error))

    @app.route("/")
    async def index():
        lib.g.user = "ada"
        with flasktrace.span("waiting"):
            await asyncio.sleep(0)
        return "waited"

    @app.route("/fail")
    async def fail():
        lib.g.user = "bob"
        raise BOOM

    @app.errorhandler(ValueError)
    async def on_value(error):
        return "caught", 400

    return app, [Ask(), Ask("/fail", status=400)]


@app_for_both
def fault_28_tasks_gathered_in_a_view(lib, notes):
    app = lib.Flask("gathering")

    async def work(number):
        with flasktrace.span(f"task {number}"):
            await asyncio.sleep(0)
            return number, lib.request.path

    @app.route("/")
    async def index():
        found = await asyncio.gather(*(work(number) for number in range(3)))
        return repr(found)

    return app, [Ask()]


@app_for_both
def fault_28_the_context_is_copied_to_a_thread(lib, notes):
    app = lib.Flask("copied")

    @app.route("/")
    def index():
        @lib.copy_current_request_context
        def work():
            with flasktrace.span("in a thread"):
                notes.append((lib.request.path, lib.g.get("user")))

        worker = threading.Thread(target=work)
        worker.start()
        worker.join()
        return "copied"

    app.teardown_request(lambda error: notes.append("end"))
    return app, [Ask()]


@app_for_both
def fault_28_work_that_goes_on_after_the_answer(lib, notes):
    app = lib.Flask("background")

    @app.route("/")
    def index():
        answered = threading.Event()
        context = contextvars.copy_context()

        def work():
            answered.wait(5)
            with flasktrace.span("late"):
                flasktrace.event("later", trace=bool(flasktrace.current_trace))

        worker = threading.Thread(target=context.run, args=(work,))
        worker.start()
        response = lib.make_response("answered")
        response.call_on_close(lambda: (answered.set(), worker.join()))
        return response

    return app, [Ask()]


def child(work):
    """Return what *work* returns in a forked process, as text."""
    receive, send = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.write(send, repr(work()).encode())
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    os.close(send)
    with os.fdopen(receive) as lines:
        return lines.read()


@app_for_both
def fault_29_a_fork_inside_a_view(lib, notes):
    app = lib.Flask("forking")

    @app.route("/")
    def index():
        with flasktrace.span("forking"):
            notes.append(child(lambda: lib.request.path))
            notes.append(child(lambda: app.test_client().get("/leaf").text))
        return "forked"

    app.add_url_rule("/leaf", "leaf", lambda: "from the child")
    return app, [Ask()]


@wsgi
def fault_29_a_fork_between_chunks(notes):
    def app(environ, start_response):
        start_response("200 OK", [])
        yield b"before"
        yield child(lambda: "in the child").encode()

    return app, [Ask()]
