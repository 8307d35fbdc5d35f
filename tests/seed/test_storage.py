"""Each thread, greenlet and task has a stack of its own."""

import asyncio
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path

import pytest

from flasktrace import Flask, copy_current_request_context, g, has_app_context, request, session
from flasktrace.globals import context_stack

ROOT = Path(__file__).parents[2]


def test_a_new_thread_begins_with_an_empty_stack():
    seen = []
    with Flask("app").app_context():
        thread = threading.Thread(target=lambda: seen.append(has_app_context()))
        thread.start()
        thread.join()

    assert [False] == seen


def test_threads_that_are_in_a_request_at_once_do_not_see_each_other():
    app = Flask("app")
    app.secret_key = "key"
    together = threading.Barrier(4)

    @app.route("/<int:number>")
    def view(number):
        g.number = session["number"] = number
        together.wait(10)
        seen = (request.view_args["number"], g.number, session["number"], len(context_stack()))
        together.wait(10)
        return repr(seen)

    def visit(number):
        return app.test_client().get(f"/{number}").text

    with ThreadPoolExecutor(4) as pool:
        seen = list(pool.map(visit, range(4)))

    assert [repr((number, number, number, 1)) for number in range(4)] == seen


def test_a_pool_thread_is_left_empty():
    app = Flask("app")
    app.add_url_rule("/", "index", lambda: "done")
    with ThreadPoolExecutor(1) as pool:
        text = pool.submit(lambda: app.test_client().get("/").text).result()
        left = pool.submit(context_stack).result()

    assert ("done", ()) == (text, left)


def test_tasks_in_requests_at_once_do_not_see_each_other():
    app = Flask("app")

    async def visit(number, turn):
        with app.test_request_context(f"/{number}"):
            g.number = number
            await turn.wait()
            return request.path, g.number, len(context_stack())

    async def main():
        turn = asyncio.Event()
        tasks = [asyncio.create_task(visit(number, turn)) for number in range(3)]
        await asyncio.sleep(0)
        turn.set()
        return await asyncio.gather(*tasks)

    assert [("/0", 0, 1), ("/1", 1, 1), ("/2", 2, 1)] == asyncio.run(main())


def test_a_task_inherits_the_stack_and_what_it_pushes_stays_its_own():
    app = Flask("app")

    async def inner():
        inherited = len(context_stack())
        with app.test_request_context("/inner"):
            await asyncio.sleep(0)
            return inherited, request.path, len(context_stack())

    async def main():
        with app.test_request_context("/outer"):
            task = asyncio.create_task(inner())
            await asyncio.sleep(0)
            during = request.path, len(context_stack())
            return await task, during, request.path

    assert ((1, "/inner", 2), ("/outer", 1), "/outer") == asyncio.run(main())


def test_a_copied_context_of_python_takes_the_stack_along():
    with Flask("app").test_request_context("/x"):
        taken = copy_context()

    assert "/x" == taken.run(lambda: request.path)
    assert not has_app_context()


def test_a_function_for_a_thread_can_take_the_request_along():
    seen = []
    with Flask("app").test_request_context("/x"):
        g.user = "me"

        @copy_current_request_context
        def work():
            seen.append((request.path, "user" in g))

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()

    assert [("/x", False)] == seen


GREENLETS = """
import gevent, greenlet
from flasktrace import Flask, g, request
from flasktrace.globals import context_stack

app = Flask("app")

@app.route("/<int:number>")
def view(number):
    g.number = number
    for _ in range(3):
        gevent.sleep(0)  # the others run
    return f"{request.view_args['number']} {g.number} {len(context_stack())}"

jobs = [gevent.spawn(lambda n=n: app.test_client().get(f"/{n}").text) for n in range(4)]
gevent.joinall(jobs)
print([job.value for job in jobs])

def pushing():
    with app.test_request_context("/inner"):
        gevent.sleep(0)
        return request.path

with app.test_request_context("/outer"):
    job = gevent.spawn(pushing)
    gevent.sleep(0)
    print(request.path, len(context_stack()))
    job.join()
    print(job.value, request.path, len(context_stack()))
    print(greenlet.greenlet(lambda: len(context_stack())).switch())
print(context_stack())
"""
PATCHED = "from gevent import monkey; monkey.patch_all()\n"
SERVER = """
import threading, urllib.request
from gevent.pywsgi import WSGIServer
from gevent import spawn, joinall, sleep
from flasktrace import Flask, g, request
from flasktrace.globals import context_stack

app = Flask("app")
arrived = []

@app.route("/<int:number>")
def view(number):
    g.number = number
    arrived.append(number)
    while len(arrived) < 3:
        sleep(0.001)
    return f"{request.path} {g.number} {len(context_stack())}"

server = WSGIServer(("127.0.0.1", 0), app, log=None)
server.start()
get = lambda n: urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/{n}").read().decode()
jobs = [spawn(get, n) for n in range(3)]
joinall(jobs)
server.stop()
print([job.value for job in jobs])
seen = []
thread = threading.Thread(target=lambda: seen.append(len(context_stack())))
with app.app_context():
    thread.start()  # a greenlet in the clothes of a thread
    thread.join()
print(seen)
"""


def printed(code):
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=30,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )

    assert (0, "") == (done.returncode, done.stderr), done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("start", ["", PATCHED], ids=["not patched", "patched"])
def test_greenlets_have_stacks_of_their_own(start):
    pytest.importorskip("gevent")

    assert [
        "['0 0 1', '1 1 1', '2 2 1', '3 3 1']",
        "/outer 1",
        "/inner /outer 1",
        "0",
        "()",
    ] == printed(start + GREENLETS)


def test_requests_of_a_gevent_server_have_stacks_of_their_own():
    pytest.importorskip("gevent")

    assert ["['/0 0 1', '/1 1 1', '/2 2 1']", "[0]"] == printed(PATCHED + SERVER)
