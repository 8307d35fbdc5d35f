"""Any Python program with its Flask apps traced: real servers, scripts and interpreters."""

import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from flasktrace.trace.keep.store import open_store
from tests.live.process import Server, environment, flasktrace, python, until

SCRIPT = """
import sys
from {package} import Flask

app = Flask("shop")


@app.route("/<name>")
def page(name):
    return name


class Other(Flask):
    def __call__(self, environ, start_response):
        return super().__call__(environ, start_response)


other = Other("other")
for client in (app.test_client(), other.test_client()):
    client.get("/cart")
app.test_client().get("/health")
print("sitecustomize" in sys.modules, [entry for entry in sys.path if entry.endswith("startup")])
sys.exit(3)
"""


def stored(folder):
    with closing(open_store(f"sqlite:///{folder}/.flasktrace/traces.db")) as store:
        return store.page(limit=500).summaries


@pytest.mark.parametrize("package", ["flask", "flasktrace"])
def test_every_app_of_a_script_is_traced(tmp_path, package):
    (tmp_path / "go.py").write_text(SCRIPT.format(package=package))
    done = flasktrace(tmp_path, "exec", "--exclude", "/health", "--", sys.executable, "go.py")

    assert (3, "True []\n") == (done.returncode, done.stdout)
    assert done.stderr.startswith("Traced into sqlite:///")
    assert done.stderr.endswith("Dashboard with: flasktrace serve\n")
    assert {("shop", "/cart", 200), ("other", "/cart", 404)} == {
        (item.app, item.path, item.status) for item in stored(tmp_path)
    }


def test_all_workers_of_gunicorn_are_traced_into_one_store(tmp_path):
    command = ("exec", "--", "gunicorn", "-w", "4", "-b", "127.0.0.1:0", "httpbin:app")
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    server = Server(python("-m", "flasktrace", *command), tmp_path, "gunicorn", {"PATH": path})
    try:
        assert server.ask("/get?x=1").status == 200
        until(lambda: [server.ask("/status/418")] and len({t.pid for t in stored(tmp_path)}) == 4)

        assert {item.host.partition(" ")[0] for item in stored(tmp_path)} == {"flask"}
        assert server.stop(signal.SIGTERM) == 0
    finally:
        server.end()


def test_a_program_without_apps_runs_as_it_would_alone(tmp_path):
    code = "import sys; print(sorted(n for n in sys.modules if n.partition('.')[0] in "
    code += "{'flask', 'flasktrace', 'werkzeug', 'click', 'logging'}))"
    done = flasktrace(tmp_path, "exec", "--quiet", "--", sys.executable, "-c", code)

    assert (0, "[]\n", "") == (done.returncode, done.stdout, done.stderr)
    assert not (tmp_path / ".flasktrace").exists()


def test_a_sitecustomize_that_was_there_still_runs(tmp_path):
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "sitecustomize.py").write_text("import sys; sys.found = __file__")
    code = "import sys, sitecustomize; print(sys.found == sitecustomize.__file__)"
    both = os.pathsep.join((str(tmp_path / "own"), environment({})["PYTHONPATH"]))
    command = ("exec", "--quiet", "--", sys.executable, "-c", code)
    done = flasktrace(tmp_path, *command, env={"PYTHONPATH": both})

    assert ("True\n", "") == (done.stdout, done.stderr)


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        (("no-such-command",), 127, "There is no command 'no-such-command'"),
        ((sys.executable, "-I", "x.py"), 1, "'-I' not to listen"),
        ((sys.executable, "-bES", "-m", "x"), 1, "'-bES' not to listen"),
        (("./isolated",), 1, "'-I' not to listen"),
        (("./elsewhere",), 1, "has no flasktrace; install it there"),
        ((), 2, "Missing argument 'COMMAND...'"),
    ],
)
def test_what_could_not_be_traced_is_refused(tmp_path, command, code, words):
    bare = tmp_path / "python3"  # an interpreter that finds no module of ours
    script(bare, "#!/bin/sh\nexit 1\n")
    script(tmp_path / "isolated", f"#!{sys.executable} -I\n")
    script(tmp_path / "elsewhere", f"#!{bare}\n")
    done = flasktrace(tmp_path, "exec", "--", *command)

    assert (code, "") == (done.returncode, done.stdout)
    assert words in done.stderr


def script(path, text):
    path.write_text(text)
    path.chmod(0o755)


def test_an_interpreter_without_flasktrace_says_so_when_it_meets_an_app(tmp_path):
    (tmp_path / "flask").mkdir()
    (tmp_path / "flask" / "__init__.py").touch()
    (tmp_path / "flask" / "app.py").write_text("class Flask: pass")
    env = environment({"PYTHONPATH": str(startup())})
    code = "import sys; sys.modules['flasktrace'] = None; import flask.app; print('goes on')"
    done = subprocess.run(
        python("-c", code), cwd=tmp_path, env=env, capture_output=True, text=True, check=True
    )

    assert "goes on\n" == done.stdout
    assert "cannot import flasktrace" in done.stderr


def startup():
    import flasktrace.startup as folder

    return next(iter(folder.__path__))
