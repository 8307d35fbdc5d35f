"""The commands, as they are typed: most in a process of their own."""

import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace

import pytest
from click.testing import CliRunner

import flasktrace
from flasktrace.cli import main
from flasktrace.trace.keep.store import open_store
from tests.cases import long, share
from tests.live.process import Process, python, until
from tests.live.process import flasktrace as command
from tests.trace.samples import cart, crash, early, many

KEYS = {
    *("id", "started", "duration_ns", "method", "path", "query", "status", "endpoint", "rule"),
    *("view_args", "outcome", "verdict", "stages", "spans", "events", "exception", "request"),
    *("response", "tracer_ns", "dropped"),
}
STAGE_KEYS = {"name", "start_ns", "duration_ns", "skipped", "spans", "snapshot", "changes"}

APP = """
from flasktrace import Flask, g, request

app = Flask(__name__)


@app.before_request
def load_user():
    g.user = "ada"


@app.route("/", defaults={"path": ""})
@app.route("/<path:path>")
def page(path):
    return "VERSION 1"
"""


@pytest.fixture
def store(tmp_path, monkeypatch):
    """A store with three traces, which is the default one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FLASKTRACE_STORE", raising=False)
    with closing(open_store("sqlite:///.flasktrace/traces.db")) as made:
        made.put([cart(), crash(), early()])
        yield made


@pytest.fixture
def run():
    """Run a command in this process."""
    runner = CliRunner(env={"COLUMNS": "80"})
    return lambda *arguments: runner.invoke(main, arguments, prog_name="flasktrace")


@pytest.fixture
def refused(run, tmp_path, monkeypatch):
    """Run a command that is to fail before it serves, and return what it says."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))

    def refused(*arguments):
        done = run("run", *arguments)
        assert (done.exit_code, done.stdout) == (1, "")
        assert not (tmp_path / ".flasktrace").exists()
        return done.stderr

    yield refused
    sys.modules.pop("shop", None)


@pytest.fixture
def tail(tmp_path, store):
    """Follow the store in a process of its own."""
    running = []

    def start(*arguments):
        made = Process(python("-m", "flasktrace", "tail", *arguments), tmp_path, "tail", {})
        running.append(made)
        made.says("Waiting for traces")
        return made

    yield start
    for made in running:
        made.end()


# Help


@pytest.mark.parametrize("name", sorted(main.commands))
def test_help_of_each_command_has_an_example_of_it(run, name):
    result = run(name, "--help")

    assert result.exit_code == 0
    assert re.search(rf"^  flasktrace (--app \S+ )?{name}( |$)", result.output, re.MULTILINE)
    assert max(map(len, result.output.splitlines())) <= 80


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_names_all_commands(run, flag):
    result = run(flag)

    assert {"run", "demo", "list", "show", "tail"} <= set(result.output.split())
    assert "..." not in result.output.partition("Commands:")[2]


def test_mistyped_name_of_a_command_is_no_missing_app(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = run("lst")

    assert done.exit_code == 2
    assert "No such command 'lst'" in done.stderr  # newer click also tells what was meant
    assert "There is no app" not in done.stderr
    assert "There is no app" in run("greet-everybody").stderr


def test_version_is_told(run):
    assert f"flasktrace {flasktrace.__version__}" in run("--version").output.splitlines()


def test_module_is_the_same_command(tmp_path):
    assert f"flasktrace {flasktrace.__version__}\n" in command(tmp_path, "--version").stdout


# list


def test_list_shows_the_newest_first(run, store):
    lines = run("list").stdout.splitlines()

    assert [re.search(r"/\w+", line)[0] for line in lines] == ["/account", "/crash", "/cart"]
    assert max(map(len, lines)) <= 80


def test_list_finds_what_a_query_asks_for(run, store):
    assert len(run("list", "status:5xx").stdout.splitlines()) == 1
    assert len(run("list", "method:GET", "path:/c*").stdout.splitlines()) == 2
    assert len(run("list", "-n", "1").stdout.splitlines()) == 1
    assert len(run("list", "--", "-status:5xx").stdout.splitlines()) == 2


def test_list_as_json_is_the_answer_of_the_api(run, store):
    newest = json.loads(run("list", "--json", "-n", "2").stdout)
    older = json.loads(run("list", "--json").stdout)

    assert newest.keys() == older.keys() == {"traces", "next"}
    assert [item["id"] for item in older["traces"]] == [early().id, crash().id, cart().id]
    assert isinstance(newest["next"], int)
    assert older["next"] is None


def test_list_without_traces_says_where_it_looked(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    nothing = run("list")

    assert (nothing.exit_code, nothing.stdout) == (0, "")
    assert f"No traces in sqlite:///{tmp_path}/.flasktrace/traces.db." in nothing.stderr
    assert json.loads(run("list", "--json").stdout) == {"traces": [], "next": None}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["clear", "export", "list", "show"])
def test_file_that_is_not_there_is_told_and_not_made(run, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    done = run(name, "--store", "sqlite:///missing.db")

    assert (done.exit_code, done.stdout) == (1, "")
    assert f"There is no file {tmp_path}/missing.db" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_top_of_a_file_that_may_come_only_tells_that_it_is_not_there(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = run("top", "--store", "sqlite:///missing.db")

    assert done.exit_code == 0
    assert f"There is no file {tmp_path}/missing.db yet" in done.stderr


def test_list_without_a_fit_says_so(run, store):
    assert "for that query" in run("list", "status:418").stderr


def test_query_that_makes_no_sense_is_explained(run, store):
    result = run("list", "status:many")

    assert result.exit_code == 2
    assert "status:404, status:5xx" in result.stderr


@pytest.mark.parametrize("name", ["list", "show", "tail", "serve"])
def test_store_that_cannot_be_used_is_explained_in_one_line(run, tmp_path, name):
    with closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("CREATE TABLE mine (id)")

    result = run(name, "--store", f"sqlite:///{tmp_path / 'other.db'}")

    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1].startswith("Error: ")
    assert "another program" in result.stderr
    assert result.exception is None or isinstance(result.exception, SystemExit)


@pytest.mark.parametrize("name", ["list", "show", "tail"])
def test_store_of_another_process_memory_cannot_be_read(run, name):
    result = run(name, "--store", "memory:")

    assert result.exit_code == 2
    assert "own process only" in result.stderr


@pytest.mark.parametrize("name", ["list", "show", "tail", "demo"])
def test_address_that_is_none_is_explained(run, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)

    result = run(name, "--store", "postgres://x")

    assert result.exit_code == 1
    assert "'postgres://x' is not the address of a trace store" in result.stderr


def test_store_can_come_from_the_environment(run, store, tmp_path, monkeypatch):
    monkeypatch.chdir("/")
    monkeypatch.setenv("FLASKTRACE_STORE", store.url)

    assert len(run("list").stdout.splitlines()) == 3


# show


def test_show_draws_the_tree_of_the_last_trace(run, store):
    result = run("show")

    assert result.exit_code == 0
    assert result.output == run("show", early().id).output == run("show", "last").output
    assert early().verdict.split()[0] in result.output
    assert early().id in result.output


@pytest.mark.parametrize("make", [str.lower, str.upper])
def test_show_takes_the_beginning_of_an_id(run, store, make):
    prefix = next(crash().id[:n] for n in range(1, 33) if len(store.find(crash().id[:n])) == 1)

    assert crash().id in run("show", make(prefix)).output


def test_show_as_json_has_the_keys_that_programs_rely_on(run, store):
    data = json.loads(run("show", cart().id, "--json").stdout)

    assert data == json.loads(json.dumps(cart().to_dict()))
    assert data.keys() >= KEYS
    assert len(data["stages"]) == 7
    assert all(stage.keys() >= STAGE_KEYS for stage in data["stages"])


def test_show_draws_the_stack_at_a_stage(run, store):
    result = run("show", cart().id, "--stage", "preprocess")

    assert result.exit_code == 0
    assert "load_user" in result.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("show", "ffffffff"), "There is no trace 'ffffffff'"),
        (("show", "nothing"), "There is no trace 'nothing'"),
        (("show", "\x1b[31m"), r"There is no trace '\x1b[31m'"),
        (("show", "last", "--stage", "lunch"), "There is no stage 'lunch'; there are push"),
    ],
)
def test_show_says_what_is_not_there(run, store, arguments, words):
    result = run(*arguments)

    assert result.exit_code in {1, 2}
    assert words in result.stderr


def test_show_asks_for_more_when_an_id_is_not_enough(run, store):
    store.put(many(40))
    first = next(digit for digit in "0123456789abcdef" if len(store.find(digit)) > 1)

    result = run("show", first)

    assert result.exit_code == 1
    assert "begins several ids" in result.stderr


# tail


def test_tail_prints_what_comes_and_nothing_that_was_there(tail, store):
    following = tail()
    assert following.out == ""

    store.put(many(2))
    lines = following.lines(2)
    store.put(many(5)[2:])

    assert len(lines) == 2
    assert len(following.lines(5)) == 5


def test_tail_as_json_prints_a_line_for_each(tail, store):
    following = tail("--json")
    made = many(3)
    store.put(made)

    found = [json.loads(line) for line in following.lines(3)]

    assert [item["id"] for item in found] == [item.id for item in made]
    assert found[0] == json.loads(json.dumps(made[0].summary().to_dict()))


def test_tail_prints_what_a_query_asks_for(tail, store):
    following = tail("--json", "path:/later")
    store.put(many(3))
    store.put([replace(many(4)[3], path="/later")])

    assert [json.loads(line)["path"] for line in following.lines(1)] == ["/later"]


def test_tail_ends_quietly_on_ctrl_c(tail):
    following = tail()

    assert following.stop(signal.SIGINT) == 0
    assert (following.out, len(following.err.splitlines())) == ("", 1)


def test_tail_waits_for_a_store_that_is_not_there_yet(tmp_path):
    following = Process(python("-m", "flasktrace", "tail", "--json"), tmp_path, "tail", {})
    try:
        following.says("Waiting for traces")
        assert not (tmp_path / ".flasktrace").exists()
        with closing(open_store(f"sqlite:///{tmp_path}/.flasktrace/traces.db")) as store:
            store.put([crash()])
            assert json.loads(following.lines(1)[0])["id"] == crash().id
    finally:
        following.end()


def test_list_ends_quietly_when_its_reader_has_gone(store, tmp_path):
    store.put(many(400))
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as broken:
        done = subprocess.run(
            python("-m", "flasktrace", "list", "-n", "400"),
            cwd=tmp_path,
            stdout=broken,
            stderr=subprocess.PIPE,
            timeout=30,
            check=False,
        )

    assert b"Traceback" not in done.stderr


# The target of run


def refused_in_a_process(folder, *arguments):
    """Start a command that is to fail before it serves, and return what it says."""
    done = command(folder, "run", *arguments)
    assert done.returncode == 1, done
    assert done.stdout == ""
    assert not (folder / ".flasktrace").exists()
    return done.stderr


def test_run_without_such_a_module_says_how_to_write_it(refused):
    said = refused("nowhere:app")

    assert said.startswith("Error: There is no module 'nowhere'")
    assert "'shop:app' for the name app in shop.py" in said
    assert "Traceback" not in said


def test_run_without_such_a_name_says_which_there_are(refused, tmp_path):
    (tmp_path / "shop.py").write_text(APP)

    said = refused("shop:nothing")

    assert said.startswith("Error: shop has no name 'nothing'; it has ")


@pytest.mark.parametrize(
    ("text", "last"),
    share(
        [
            ("import not_there\n", "ModuleNotFoundError: No module named 'not_there'"),
            ("raise ValueError('of the app')\n", "ValueError: of the app"),
            ("def app(:\n", "SyntaxError: invalid syntax"),
        ]
    ),
)
def test_run_shows_the_traceback_of_a_module_that_breaks(tmp_path, text, last):
    (tmp_path / "broken.py").write_text(f"\n\n{text}")

    said = refused_in_a_process(tmp_path, "broken:app")

    assert said.startswith("broken could not be imported:\n")
    assert 'broken.py", line 3' in said
    assert said.splitlines()[-1] == last
    assert said.count('  File "') == 1


def test_run_shows_where_a_factory_raises(tmp_path):
    (tmp_path / "broken.py").write_text("def create_app():\n    return len(3)\n")

    said = refused_in_a_process(tmp_path, "broken:create_app")

    assert said.startswith("broken:create_app could not be made:\n")
    assert said.count('  File "') == 1


@pytest.mark.parametrize("name", ["doctor", "map"])
def test_other_commands_show_it_too(tmp_path, name):
    (tmp_path / "broken.py").write_text("import helper\n")
    (tmp_path / "helper.py").write_text("1 / 0\n")
    done = command(tmp_path, name, "broken:app")

    assert done.returncode == 1
    assert done.stderr.startswith("broken could not be imported:\n")
    assert re.findall(r'(\w+)\.py", line', done.stderr) == ["broken", "helper"]


def test_run_with_an_option_that_makes_no_sense_says_so(refused, tmp_path):
    (tmp_path / "shop.py").write_text(APP)

    assert "path='here' will not do" in refused("shop:app", "--path", "here")
    assert "'here' is not the address" in refused("shop:app", "--store", "here")


def test_run_on_a_busy_port_says_what_to_do(tmp_path):
    (tmp_path / "shop.py").write_text(APP)
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = str(busy.getsockname()[1])
        for flags in ((), ("--reload",)):
            said = refused_in_a_process(tmp_path, "shop:app", "--port", port, *flags)

            assert said.startswith(f"Error: Port {port} of 127.0.0.1 is taken. Choose another")


def test_run_on_an_address_of_somebody_else_says_so(tmp_path):
    (tmp_path / "shop.py").write_text(APP)

    said = refused_in_a_process(tmp_path, "shop:app", "--host", "192.0.2.1")

    assert said.startswith("Error: Cannot listen on port 5000 of 192.0.2.1: ")


@pytest.mark.parametrize(
    "target", share(["factory.py:make_app('a', 2)", "factory:make_app('a', 2)"])
)
def test_run_serves_what_a_factory_makes(serve, tmp_path, target):
    factory = "def make_app(name, number):\n    app = Flask(name * number)\n    return app\n"
    (tmp_path / "factory.py").write_text(f"from flasktrace import Flask\n{factory}")
    server = serve("run", target, "--port", "0")

    assert server.ask("/").status == 404
    [summary] = server.traces(1)
    assert summary["app"] == "aa"


def test_run_serves_any_wsgi_callable(serve, tmp_path):
    (tmp_path / "raw.py").write_text(
        "def app(environ, start_response):\n"
        "    start_response('200 Fine', [('Content-Type', 'text/plain')])\n"
        "    return [b'a', b'bc']\n"
    )
    server = serve("run", "raw:app", "--port", "0")

    answer = server.ask("/x?y=1")
    [summary] = server.traces(1)

    assert (answer.status, answer.reason, answer.body) == (200, "Fine", b"abc")
    assert (summary["host"], summary["path"], summary["query"]) == ("wsgi", "/x", "y=1")


# Serving


@pytest.fixture
def shop(tmp_path):
    path = tmp_path / "shop.py"
    path.write_text(APP)
    return path


def test_run_has_the_dashboard_where_it_is_told(serve, shop):
    server = serve("run", "shop:app", "--port", "0", "--path", "/_mine", "--exclude", "/quiet*")
    server.ask("/quiet/please")
    server.ask("/seen")
    bearer = {"Authorization": f"Bearer {server.token}"}

    found = until(lambda: server.ask("/_mine/api/traces", headers=bearer).json["traces"])

    assert [item["path"] for item in found] == ["/seen"]
    assert server.link.startswith(f"{server.address}/_mine/login?token=")
    assert server.ask("/_mine/").status == 401


def test_run_keeps_to_what_the_app_was_wrapped_with(serve, shop):
    shop.write_text(f"{APP}\nimport flasktrace\nflasktrace.wrap(app, redact=('iban',))\n")
    server = serve("run", "shop:app", "--port", "0")

    server.ask("/?iban=DE123456")
    [summary] = server.traces(1)

    assert "DE123456" not in json.dumps(server.api(f"/api/traces/{summary['id']}"))


def test_run_quietly_prints_no_line(serve, shop):
    server = serve("run", "shop:app", "--port", "0", "--quiet")
    server.ask("/")
    server.traces(1)

    server.stop(signal.SIGINT)

    assert server.out == ""


@pytest.mark.parametrize("how", share([signal.SIGTERM, signal.SIGINT]))
def test_run_ends_cleanly_and_loses_nothing(serve, shop, tmp_path, how):
    server = serve("run", "shop:app", "--port", "0")
    for number in range(20):
        server.ask(f"/{number}")

    assert server.stop(how) == 0

    assert "Traceback" not in server.err
    with closing(open_store(f"sqlite:///{tmp_path}/.flasktrace/traces.db")) as store:
        assert store.count() == 20


@long
def test_debug_restarts_on_a_change_and_goes_on_tracing(serve, shop, tmp_path):
    server = serve("run", "shop:app", "--port", "0", "--debug")
    address, token = server.address, server.token
    assert server.ask("/").text == "VERSION 1"

    shop.write_text(APP.replace("VERSION 1", "VERSION 22"))
    until(lambda: text_of(server) == "VERSION 22", lambda: server.err)
    asked = server.ask("/after")

    assert asked.text == "VERSION 22"
    assert server.err.count(f"Token for programs: {token}") == 2
    assert server.err.count(f"Serving shop:app on {address}") == 2
    until(lambda: "/after" in [item["path"] for item in server.traces(2)])
    assert "Debugger PIN: " in server.err


def text_of(server):
    try:
        return server.ask("/").text
    except OSError:  # it is just starting again
        return ""


@long
def test_debug_survives_a_change_that_breaks_the_app(serve, shop):
    server = serve("run", "shop:app", "--port", "0", "--debug", "--no-debugger")
    assert server.ask("/").text == "VERSION 1"

    shop.write_text(f"{APP}\nbroken(\n")
    server.says("SyntaxError: '\\(' was never closed")
    broken = until(lambda: text_of(server) != "VERSION 1" and server.ask("/"))
    shop.write_text(APP.replace("VERSION 1", "VERSION 333"))

    assert broken.status == 500
    until(lambda: text_of(server) == "VERSION 333", lambda: server.err)
    told = server.err.partition("shop could not be imported:\n")[2].partition("SyntaxError")[0]
    assert re.findall(r'(\w+)\.py", line', told) == ["shop"]


@pytest.mark.parametrize("how", share([signal.SIGINT, signal.SIGTERM]))
def test_debug_ends_with_its_child(serve, shop, how):
    server = serve("run", "shop:app", "--port", "0", "--debug")
    assert server.ask("/").status == 200

    code = server.stop(how, whole_group=how == signal.SIGINT)

    assert code == 0
    assert "Traceback" not in server.err
    until(lambda: text_of(server) == "", lambda: "the child to end")


def test_debugger_shows_an_exception_in_the_browser(serve, shop):
    shop.write_text(f"{APP}\n@app.route('/crash')\ndef crash():\n    raise LookupError('here')\n")
    server = serve("run", "shop:app", "--port", "0", "--debug", "--no-reload")

    answer = server.ask("/crash")

    assert answer.status == 500
    assert "LookupError" in answer.text
    assert "Werkzeug Debugger" in answer.text
    [summary] = server.traces(1)
    assert (summary["exception"], summary["outcome"]) == ("LookupError", "error")


# Hostile text


def test_hostile_text_never_reaches_the_terminal_as_a_command(
    serve, run, shop, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FLASKTRACE_STORE", raising=False)
    server = serve("run", "shop:app", "--port", "0", "--capture-body", COLUMNS="200")
    evil = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e"
    quoted = "".join(f"%{byte:02x}" for byte in evil.encode())
    server.ask(f"/{quoted}?q={quoted}", "GET", None, {"X-Evil": "\x1b[31mred\x9b"})
    server.ask("/", "POST", evil.encode(), {"Content-Type": "text/plain"})
    server.traces(2)

    # The later request may be stored first: the client asks again before the body is closed.
    traces = json.loads(run("list", "--json").stdout)["traces"]
    first = min(traces, key=lambda trace: trace["started"])["id"]
    views = ["list", "list --json", "show", "show --json", f"show {first} --stage dispatch"]
    texts = [server.out, *(run(*view.split()).stdout for view in views)]
    texts.append(command(tmp_path, "show", first).stdout)

    assert all(len(text) > 20 for text in texts)
    for text in texts:
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", text)
    assert r"\x1b]0;owned\x07" in texts[-1]
