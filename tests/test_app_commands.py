"""The commands that look at an app: doctor, bench, map, serve, run with its servers and TLS."""

import json
import re
import socket
import ssl
import sys
from contextlib import closing
from dataclasses import replace
from http.client import HTTPSConnection

import pytest
from click.testing import CliRunner

from flasktrace.cli import main
from flasktrace.trace.keep.store import open_store
from tests.live.process import Server, flasktrace, python
from tests.trace.samples import cart

SHOP = """
import flasktrace
from {package} import Flask

app = Flask(__name__)


@app.before_request
def load_user():
    pass


@app.route("/")
def index():
    return "fine"


@app.route("/broken")
def broken():
    raise LookupError("no such shelf")


bare = app
"""


@pytest.fixture
def shop(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("STORE", "ENABLED", "EXCLUDE", "SAMPLE"):
        monkeypatch.delenv(f"FLASKTRACE_{name}", raising=False)
    monkeypatch.setattr(sys, "path", list(sys.path))

    def write(more="", package="flasktrace"):
        sys.modules.pop("shop", None)
        (tmp_path / "shop.py").write_text(SHOP.format(package=package) + more)

    write()
    yield write
    sys.modules.pop("shop", None)


@pytest.fixture
def run(shop):
    return lambda *arguments: CliRunner().invoke(main, arguments, prog_name="flasktrace")


def findings(done):
    return {item["about"]: item for item in json.loads(done.stdout)}


# doctor


def test_doctor_finds_nothing_wrong_with_what_works(run, shop):
    shop("flasktrace.wrap(app, enabled=True)")
    with closing(open_store("sqlite:///.flasktrace/traces.db")) as store:
        store.put([cart()])
    done = run("doctor", "shop:app", "--path", "/", "--json")

    assert done.exit_code == 0, done.stdout
    assert {"good"} == {item["state"] for item in findings(done).values()}


@pytest.mark.parametrize(
    ("code", "about", "text", "remedy"),
    [
        ("", "app", "is not wrapped", "flasktrace exec"),
        ("flasktrace.wrap(app)", "app", "in debug mode only", "FLASKTRACE_ENABLED=1"),
        ("flasktrace.wrap(app, enabled=False)", "app", "enabled=False", "leave enabled out"),
        ("flasktrace.wrap(app, exclude='/st*')", "path", "exclude='/st*'", "change it"),
        ("flasktrace.wrap(app, path='/static')", "path", "the dashboard's own", "path="),
        ("flasktrace.wrap(app, store='sqlite:///o.db')", "app's store", "o.db", "--store"),
        ("flasktrace.wrap(app, store='memory:')", "app's store", "memory:", "its own process"),
        ("", "store", "holds no traces", "another folder"),
    ],
)
def test_doctor_says_why_nothing_is_traced(run, shop, code, about, text, remedy):
    shop(code)
    done = run("doctor", "shop:app", "--path", "/static/x.css", "--json")
    found = findings(done)[about]

    assert done.exit_code == 1
    assert (found["state"], text in found["text"]) == ("bad", True), found
    assert remedy in found["remedy"]


def test_doctor_sees_a_store_that_cannot_be_read(run, tmp_path):
    (tmp_path / "x.db").write_bytes(b"no database at all, only text" * 100)
    done = run("doctor", "--store", "sqlite:///x.db")

    assert done.exit_code == 1
    assert "✗ store" in done.stdout


def test_doctor_sees_a_switch_in_the_environment_and_a_taken_port(run, monkeypatch):
    monkeypatch.setenv("FLASKTRACE_ENABLED", "0")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = run("doctor", "--port", str(taken.getsockname()[1]))

    assert "switches tracing off" in done.stdout
    assert "is taken" in done.stdout


def test_doctor_tells_that_flasktrace_itself_has_the_port(run, serve, tmp_path):
    server = serve("run", "shop:app", "--port", "0")
    assert server.ask("/").status == 200
    server.traces(1)
    port = server.address.rpartition(":")[2]
    found = findings(run("doctor", "shop:app", "--port", port, "--json"))

    assert (found["port"]["state"], found["app"]["state"]) == ("good", "note")
    assert "flasktrace answers" in found["port"]["text"]
    assert re.search(r"the newest of \d\d:\d\d:\d\d by process", found["traces"]["text"])


@pytest.mark.parametrize("more", ["", "flasktrace.wrap(app)"])
def test_doctor_remarks_on_a_switch_that_is_not_understood(run, shop, monkeypatch, more):
    shop(more)
    monkeypatch.setenv("FLASKTRACE_ENABLED", "maybe")
    done = run("doctor", "shop:app")

    assert done.exit_code == 1
    assert "FLASKTRACE_ENABLED='maybe' is not understood" in done.stdout
    assert "say 1 or 0" in done.stdout


# bench


@pytest.mark.parametrize("package", ["flask", "flasktrace"])
def test_bench_prints_a_ratio_with_its_spread(run, shop, package):
    shop(package=package)
    done = run("bench", "shop:app", "--rounds", "2", "--requests", "5", "--file", "--json")
    (cost,) = json.loads(done.stdout)

    assert (cost["path"], cost["status"]) == ("/", "200 OK")
    assert cost["low"] <= cost["ratio"] <= cost["high"]
    assert cost["ratio"] > 1
    assert "wsgi_app" not in vars(sys.modules["shop"].app)


def test_bench_of_a_path_that_raises_tells_the_status(run):
    line = run("bench", "shop:app", "--path", "/broken", "--rounds", "2", "--requests", "1").stdout

    assert line.startswith("GET /broken → 500 INTERNAL SERVER ERROR: untraced ")


# map


def test_map_shows_what_will_run(run):
    done = run("map", "shop:app", "--endpoint", "ind*")

    assert done.stdout.splitlines()[:2] == ["/  GET, HEAD, OPTIONS", "  endpoint index"]
    assert "  before_request  load_user (shop.py:8)" in done.stdout.splitlines()
    assert json.loads(run("map", "shop:app", "--json").stdout)[0]["steps"]
    assert "No endpoint has a name like 'x'" in run("map", "shop:app", "--endpoint", "x").stderr


@pytest.mark.parametrize("name", ["map", "bench", "doctor"])
def test_app_that_is_not_there_is_explained(run, name):
    done = run(name, "shop:nothing")

    assert done.exit_code == 1
    assert "shop has no name 'nothing'" in done.stderr


# serve, run


@pytest.fixture
def serve(tmp_path, shop):
    running = []

    def start(*arguments):
        made = Server(python("-m", "flasktrace", *arguments), tmp_path, "server", {})
        running.append(made)
        return made

    yield start
    for made in running:
        made.end()


def test_serve_shows_the_traces_of_another_process(serve, tmp_path):
    with closing(open_store("sqlite:///.flasktrace/traces.db")) as store:
        store.put([cart()])
    server = serve("serve", "--port", "0")

    assert [item["path"] for item in server.traces(1)] == ["/cart"]
    assert server.ask("/").header("Location") == "/_trace/"
    assert server.ask("/_trace/").status == 401
    told = server.ask("/_trace/running", headers={"Authorization": f"Bearer {server.token}"})
    assert "the dashboard alone" in told.text
    assert server.stop() == 0


def test_serve_waits_for_a_store_that_is_not_there_yet(serve, tmp_path):
    server = serve("serve", "--port", "0", "--store", "sqlite:///later.db")

    assert server.api("/api/traces")["traces"] == []
    with closing(open_store("sqlite:///later.db")) as store:
        store.put([cart()])
    assert [item["path"] for item in server.traces(1)] == ["/cart"]
    assert server.says("There is no file")


@pytest.mark.parametrize("server", ["gunicorn --workers=2", "waitress --threads=2"])
def test_run_serves_with_another_server(serve, server):
    name, option = server.split()
    made = serve("run", "shop:app", "--port", "0", "--server", name, "--", option)

    assert made.says("Serving shop:app")
    assert until_answered(made).text == "fine"
    assert made.lines(1)
    assert [item["path"] for item in made.traces(1)] == ["/"]


def test_replay_asks_the_server_that_runs_the_same_once_more(serve, tmp_path):
    server = serve("run", "shop:app", "--port", "0", "--capture-body")
    server.ask("/?x=%E2%82%AC", headers={"X-Page": "7", "Cookie": "a=b"})
    server.traces(1)
    done = flasktrace(tmp_path, "replay")
    again = server.traces(2)[-1]

    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"GET /\?x=\S+ → 200 OK \(as before\), 4 B in .+\n", done.stdout)
    assert "left out, the values are secret: Cookie" in done.stderr
    assert (again["path"], again["query"]) == ("/", "x=%E2%82%AC")
    headers = dict(server.api(f"/api/traces/{again['id']}")["request"]["headers"])
    assert headers["X-Page"] == "7"
    assert "Cookie" not in headers


@pytest.mark.parametrize(
    ("facts", "arguments", "words"),
    [
        ({}, (), "which is not this machine"),
        ({}, ("--to", "http://127.0.0.1:9"), "gave no answer"),
        ({}, ("--to", "shop"), "'shop' is no server"),
        ({}, ("--to", "http://x:abc"), "is no server"),
        ({"method": "POST"}, ("--to", "http://127.0.0.1:9"), "Send POST /cart"),
    ],
)
def test_replay_sends_nothing_to_nobody_and_nothing_unasked(run, facts, arguments, words):
    there = cart()
    request = replace(there.request, host="evil.example")
    with closing(open_store("sqlite:///.flasktrace/traces.db")) as store:
        store.put([replace(there, request=request, **facts)])
    done = run("replay", *arguments)

    assert done.exit_code in {1, 2}
    assert words in done.stderr


def until_answered(made):
    from tests.live.process import until

    def ask():
        try:
            return made.ask("/")
        except ConnectionError:
            return None

    return until(ask)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--server", "waitress", "--", "--no-such"), 1, "waitress does not take '--no-such'"),
        (("--", "-w", "4"), 2, "'-w 4' is for another server"),
        (("--server", "gunicorn", "--cert", "adhoc"), 2, "are for werkzeug"),
        (("--cert", "none.pem", "--key", "x"), 2, "leave 'x' out"),
        (("--cert", "none.pem"), 2, "'none.pem' is no file"),
        (("--cert", "shop.py"), 2, "needs --key FILE"),
        (("--cert", "shop.py", "--key", "no.key"), 2, "there is no file 'no.key'"),
        (("--cert", "shop.py", "--key", "shop.py"), 2, "no certificate with its key"),
        (("--key", "shop.py"), 2, "give the certificate too"),
    ],
)
def test_run_says_what_does_not_go_together(tmp_path, shop, arguments, code, words):
    done = flasktrace(tmp_path, "run", "shop:app", "--port", "0", *arguments)

    assert (code, "") == (done.returncode, done.stdout)
    assert words in done.stderr


def test_run_serves_with_a_certificate_made_for_the_occasion(serve):
    pytest.importorskip("cryptography")
    server = serve("run", "shop:app", "--port", "0", "--cert", "adhoc")
    port = int(server.says(r"https://127\.0\.0\.1:(\d+)")[1])
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = HTTPSConnection("127.0.0.1", port, timeout=30, context=context)
    connection.request("GET", "/")
    with closing(connection):
        assert connection.getresponse().read() == b"fine"


def test_completion_is_made_for_the_shells_that_the_help_names(tmp_path):
    done = flasktrace(tmp_path, env={"_FLASKTRACE_COMPLETE": "zsh_source"})

    assert "compdef" in done.stdout
