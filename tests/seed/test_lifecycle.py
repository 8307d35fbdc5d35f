"""What happens to a request, in which order; `tests/test_run.py` has the servers."""

import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest
from werkzeug.exceptions import NotFound

from flasktrace import Flask, Response, abort, request, session, signals
from flasktrace.globals import context_stack

ROOT = Path(__file__).parents[2]
STAGES = ["push", "preprocess", "match", "dispatch", "make_response", "postprocess", "pop"]


@pytest.fixture
def app():
    return Flask("app")


@pytest.fixture
def listen(app):
    """What the signals of the app's stages said."""
    heard, connected = [], []
    for name, pair in signals.STAGE_SIGNALS.items():
        for half, signal in zip(("start", "end"), pair, strict=True):

            def receive(_app, *, says=f"{name} {half}", **_):
                heard.append(says)

            connected.append(signal.connected_to(receive, sender=app))
    for each in connected:
        each.__enter__()
    yield heard
    for each in connected:
        each.__exit__(None, None, None)


def test_wsgi_app_goes_through_the_seven_stages(app, listen):
    app.add_url_rule("/", "index", lambda: "x")
    app.test_client().get("/")

    assert [f"{name} {half}" for name in STAGES for half in ("start", "end")] == listen


def test_wsgi_app_reads_as_the_list_of_its_stages():
    source = inspect.getsource(Flask.wsgi_app)
    names = ["push()", "preprocess_request(", "match()", "dispatch_request(", "make_response("]
    places = [source.index(name) for name in names]

    assert sorted(places) == places
    assert source.index("process_response(") < source.index("return response(")
    assert source.count("\n") < 45


def test_it_is_a_wsgi_app_and_so_is_wsgi_app(app):
    app.add_url_rule("/", "index", lambda: "x")
    before = app.wsgi_app
    environ = app.test_request_context("/").request.environ
    started = []
    app.wsgi_app = lambda environ, start: before({**environ, "PATH_INFO": "/"}, start)

    body = b"".join(app(environ, lambda status, headers: started.append(status)))
    assert (b"x", ["200 OK"]) == (body, started)
    assert 200 == app.test_client().get("/nowhere").status_code


def test_hooks_run_before_and_after_the_view(app):
    order = []
    app.before_request(lambda: order.append("before 1"))
    app.before_request(lambda: order.append("before 2"))
    app.after_request(lambda response: order.append("after 1") or response)
    app.after_request(lambda response: order.append("after 2") or response)
    app.teardown_request(lambda error: order.append("teardown"))
    app.add_url_rule("/", "index", lambda: order.append("view") or "x")
    app.test_client().get("/")

    assert ["before 1", "before 2", "view", "after 2", "after 1", "teardown"] == order


def test_a_hook_before_that_answers_is_the_end_of_it(app):
    order = []
    app.before_request(lambda: "no entry")
    app.before_request(lambda: order.append("second"))
    app.after_request(lambda response: order.append("after") or response)
    app.add_url_rule("/", "index", lambda: order.append("view") or "x")

    assert "no entry" == app.test_client().get("/").text
    assert ["after"] == order


@pytest.mark.parametrize("answer", ["", [], {}, 0])
def test_only_none_is_no_answer_of_a_hook(app, answer):
    app.before_request(lambda: answer)
    app.add_url_rule("/", "index", lambda: "the view")

    assert "the view" not in app.test_client().get("/").text


def test_a_hook_after_may_put_another_response(app):
    app.after_request(lambda response: Response(response.get_data().upper(), 201))
    app.add_url_rule("/", "index", lambda: "x")
    response = app.test_client().get("/")

    assert ("X", 201) == (response.text, response.status_code)


def test_the_session_is_opened_by_push_and_saved_after_the_hooks(app):
    app.secret_key = "key"
    app.before_request(lambda: session.setdefault("steps", ["before"]) and None)

    @app.after_request
    def after(response):
        session["steps"] = [*session["steps"], "after"]
        return response

    app.add_url_rule("/", "index", lambda: session["steps"])
    client = app.test_client()

    assert ["before"] == client.get("/").json
    assert ["before", "after"] == client.get("/").json


def test_a_missing_page_still_runs_the_hooks(app):
    order = []
    app.before_request(lambda: order.append("before"))
    app.after_request(lambda response: order.append(response.status_code) or response)

    assert 404 == app.test_client().get("/").status_code
    assert ["before", 404] == order


def test_the_context_is_gone_before_the_body_is_sent(app):
    def body():
        yield str(len(context_stack()))

    app.add_url_rule("/", "index", body)

    assert "0" == app.test_client().get("/").text


# Dispatch


def test_an_http_error_is_a_response(app):
    app.add_url_rule("/", "index", lambda: abort(418))
    response = app.test_client().get("/")

    assert "418 I'M A TEAPOT" == response.status
    assert "teapot" in response.text


def test_an_http_error_may_be_raised_or_returned(app):
    app.add_url_rule("/returned", "returned", lambda: NotFound("not here"))

    @app.route("/raised")
    def raised():
        raise NotFound("not here")

    one, other = (app.test_client().get(path) for path in ("/raised", "/returned"))
    assert (404, other.text) == (one.status_code, one.text)


def test_abort_with_a_response_answers_with_it(app):
    app.add_url_rule("/", "index", lambda: abort(Response("stop", 409)))
    response = app.test_client().get("/")

    assert ("stop", 409) == (response.text, response.status_code)


def test_a_registered_handler_answers_for_a_code(app):
    app.register_error_handler(404, lambda error: (f"no {request.path}", 404))
    response = app.test_client().get("/x")

    assert ("no /x", 404) == (response.text, response.status_code)


def test_a_registered_handler_answers_for_a_class_and_those_below_it(app):
    app.register_error_handler(LookupError, lambda error: f"handled {type(error).__name__}")
    app.add_url_rule("/", "index", lambda: {}["nothing"])

    assert "handled KeyError" == app.test_client().get("/").text


def test_an_error_of_the_view_is_500_and_goes_to_the_log(app, caplog):
    app.add_url_rule("/", "index", lambda: 1 / 0)
    response = app.test_client().get("/")

    assert 500 == response.status_code
    assert "ZeroDivisionError" not in response.text
    assert "Exception on / [GET]" in caplog.text
    assert "ZeroDivisionError" in caplog.text


def test_the_handler_for_500_gets_the_original_error(app):
    app.register_error_handler(500, lambda error: (repr(error.original_exception), 500))
    app.add_url_rule("/", "index", lambda: 1 / 0)

    assert "ZeroDivisionError('division by zero')" == app.test_client().get("/").text


@pytest.mark.parametrize("key", ["DEBUG", "TESTING", "PROPAGATE_EXCEPTIONS"])
def test_in_debug_mode_and_tests_the_error_leaves_the_app(app, key):
    app.config[key] = True
    error = LookupError()
    heard = []

    @app.route("/")
    def view():
        raise error

    with (
        signals.got_request_exception.connected_to(
            lambda _app, exception: heard.append(exception), sender=app
        ),
        pytest.raises(LookupError) as caught,
    ):
        app.test_client().get("/")

    assert caught.value is error
    assert [error] == heard
    assert () == context_stack()


def test_teardown_hears_of_the_error(app):
    heard = []
    app.teardown_request(heard.append)
    app.add_url_rule("/", "index", lambda: 1 / 0)
    app.test_client().get("/")

    assert [ZeroDivisionError] == [type(error) for error in heard]


# A server: what `tests/test_run.py` does not have


SERVED = """
import threading, urllib.error, urllib.request
from werkzeug.serving import make_server
from flasktrace import Flask, g, request, session
from flasktrace.globals import context_stack

app = Flask(__name__, static_folder=FOLDER)
app.secret_key = "key"
together = threading.Barrier(3)

@app.route("/<int:number>")
def view(number):
    g.number = session["number"] = number
    together.wait(10)
    return f"{request.path} {g.number} {session['number']} {len(context_stack())}"

server = make_server("127.0.0.1", 0, app, threaded=True)
threading.Thread(target=server.serve_forever).start()

def get(path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}{path}") as got:
            return got.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code

answers = {}
threads = [
    threading.Thread(target=lambda n=n: answers.update({n: get(f"/{n}")})) for n in range(3)
]
for thread in threads: thread.start()
for thread in threads: thread.join()
print([answers[n] for n in range(3)])
names = ["a.txt", "none.txt", "../secret.txt", "%2e%2e/secret.txt"]
print([get(f"/files/{name}") for name in names])
server.shutdown()
server.server_close()
"""


def test_requests_of_a_server_in_threads_are_apart_and_static_files_stay_in_their_folder(tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "a.txt").write_text("text")
    (tmp_path / "secret.txt").write_text("secret")
    done = subprocess.run(
        [sys.executable, "-c", SERVED.replace("FOLDER", repr(str(folder)))],
        capture_output=True,
        text=True,
        timeout=30,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True,
    )

    assert [
        "['/0 0 0 1', '/1 1 1 1', '/2 2 2 1']",
        "['text', 404, 404, 404]",
    ] == done.stdout.splitlines()
