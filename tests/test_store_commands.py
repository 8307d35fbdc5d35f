"""The commands that read a store: diff, export, top, clear, show with its pictures."""

import json
import os
import pty
import re
import select
import subprocess
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from flasktrace.cli import main
from flasktrace.cli.keys import names
from flasktrace.trace.keep.store import open_store
from flasktrace.trace.show.export import FORMATS
from tests.live.process import environment, python
from tests.trace.samples import cart, crash, early


@pytest.fixture
def store(tmp_path, monkeypatch):
    """A store with three traces of this moment, which is the default one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FLASKTRACE_STORE", raising=False)
    now = datetime.now(UTC).isoformat()
    with closing(open_store("sqlite:///.flasktrace/traces.db")) as made:
        made.put([replace(make(), started=now) for make in (cart, crash, early)])
        yield made


@pytest.fixture
def run(store):
    runner = CliRunner(env={"COLUMNS": "80"})
    return lambda *arguments, **how: runner.invoke(main, arguments, prog_name="flasktrace", **how)


# A file that is none of ours


@pytest.mark.parametrize(
    "command",
    [
        ("clear", "--yes"),
        ("diff", "last~1"),
        ("doctor",),
        ("export",),
        ("list",),
        ("replay", "last"),
        ("show",),
        ("tail",),
        ("top",),
    ],
)
def test_a_file_that_is_no_database_stays_and_is_named(tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    notes = tmp_path / "notes.txt"
    notes.write_text("hello\n" * 200)
    done = CliRunner().invoke(main, [*command, "--store", "sqlite:///notes.txt"])

    assert done.exit_code == 1
    assert f"{notes} cannot be used: it is no SQLite database" in done.output
    assert [(file, file.read_text()) for file in tmp_path.iterdir()] == [(notes, "hello\n" * 200)]


# diff


def test_diff_compares_two_traces_in_one_view(run):
    done = run("diff", crash().id[:8], "last~2")

    assert done.exit_code == 0
    assert "- before  GET  /crash" in done.stdout
    assert "+ after   GET  /cart" in done.stdout
    assert re.search(r"● dispatch +\S+ ms +\S+ ms +±0", done.stdout)
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_diff_as_json_names_both_and_pairs_the_stages(run):
    told = json.loads(run("diff", "last~2", "last~1", "--json").stdout)

    assert (told["before"], told["after"]) == (cart().id, crash().id)
    assert {pair["title"] for pair in told["stages"]} >= {"push", "dispatch", "body"}


def test_diff_with_what_is_not_there_says_so(run):
    done = run("diff", "last~3")

    assert (1, "") == (done.exit_code, done.stdout)
    assert "There is no trace 'last~3'" in done.stderr


# export


@pytest.mark.parametrize("form", FORMATS)
def test_export_knows_every_format(run, form):
    done = run("export", "last", "--format", form)

    assert done.exit_code == 0
    assert "/account" in done.stdout


def test_export_offers_the_formats_that_there_are(run):
    done = run("export", "--format", "png")

    assert done.exit_code == 2
    assert all(f"'{name}'" in done.stderr for name in FORMATS)


def test_export_writes_a_file_for_its_owner_only(run, tmp_path):
    assert run("export", "--format", "json", "-o", "one.json").exit_code == 0

    file = tmp_path / "one.json"
    assert json.loads(file.read_text())["path"] == "/account"
    assert file.stat().st_mode & 0o077 == 0


def test_export_writes_all_that_a_query_finds(run, tmp_path):
    done = run("export", "--all", "out/texts", "path:/c*")

    files = sorted((tmp_path / "out" / "texts").iterdir())
    assert "Wrote 2 files into out/texts." in done.stderr
    assert {"/cart", "/crash"} == {re.search(r"/c\w+", file.read_text())[0] for file in files}
    assert all(re.fullmatch(r"\d{8}T\d{9,12}-[0-9a-f]{12}\.txt", file.name) for file in files)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("last", "-o", "no/such/folder"), 1, "no/such/folder cannot be written: No such file"),
        (("--all", "x", "-o", "y"), 2, "give one"),
        (("status:200", "path:/"), 2, "a query goes with --all DIR"),
        (("status:5xx",), 2, "'status:5xx' is no id; a query goes with --all DIR"),
        (("abc",), 1, "There is no trace 'abc'"),
    ],
)
def test_export_says_what_is_wrong(run, arguments, code, words):
    done = run("export", *arguments)

    assert (code, "") == (done.exit_code, done.stdout)
    assert words in done.stderr


# show


def test_show_saves_pictures_for_its_owner_only(run, tmp_path):
    done = run("show", "--svg", "a.svg", "--html", "a.html")

    assert (0, "") == (done.exit_code, done.stdout)
    for name in ("a.svg", "a.html"):
        assert "preprocess" in (tmp_path / name).read_text(encoding="utf-8")
        assert (tmp_path / name).stat().st_mode & 0o077 == 0


def test_show_stack_is_that_of_dispatch_unless_told(run):
    assert "at the end of dispatch" in run("show", "last~2", "--stack").stdout
    assert "at the end of match" in run("show", "last~2", "--stage", "match", "--stack").stdout


def test_picture_that_cannot_be_written_is_explained(run):
    done = run("show", "--svg", "no/such/a.svg")

    assert done.exit_code == 1
    assert "no/such/a.svg cannot be written" in done.stderr


# clear


def test_clear_asks_first(run, store):
    assert run("clear", input="n\n").exit_code == 1
    assert run("clear").exit_code == 1  # nobody there to answer
    assert store.count() == 3
    done = run("clear", input="y\n")

    assert (0, 0) == (done.exit_code, store.count())
    assert "Remove 3 traces from sqlite:///" in done.stderr


def test_clear_with_yes_does_not_ask(run, store):
    assert "Removed 3 traces" in run("clear", "--yes").stderr
    assert "There are no traces" in run("clear", "--yes").stderr
    assert store.count() == 0
    shown = run("show")
    assert (1, True) == (shown.exit_code, "There are no traces in sqlite:///" in shown.stderr)


# top


def test_top_prints_the_table_once_where_there_is_no_terminal(run):
    lines = run("top").stdout.splitlines()

    assert len(lines) == 4
    assert lines[0].split() == ["endpoint", "count", "rate", "p50", "p95", "errors"]


def test_top_as_json_has_figures(run):
    rows = {row["name"]: row for row in json.loads(run("top", "--json", "--sort", "name").stdout)}

    assert rows["GET crash"]["errors"] == 1
    assert rows["GET cart"]["p95"] == cart().duration_ns
    assert json.loads(run("top", "--json", "status:5xx").stdout)[0]["name"] == "GET crash"


def test_top_without_requests_says_where_it_looked(run, store):
    store.clear()

    assert "No requests in the last 60 seconds in sqlite:///" in run("top").stderr


def test_keys_are_told_apart():
    assert names("sj\x1b[B\x1b[A\x1bOA\x1b q") == ["s", "j", "j", "k", "\x1bOA", "q", " ", "q"]


def test_top_is_live_and_obeys_its_keys(store, tmp_path):
    master, slave = pty.openpty()
    shown = ""

    def until(pattern):
        nonlocal shown
        end = time.monotonic() + 30
        while not re.search(pattern, shown):
            assert time.monotonic() < end, shown
            if select.select([master], [], [], 0.1)[0]:
                shown += os.read(master, 65536).decode(errors="replace")

    env = environment({"TERM": "xterm", "COLUMNS": "80", "LINES": "20"})
    process = subprocess.Popen(
        python("-m", "flasktrace", "top"), cwd=tmp_path, env=env, stdin=slave, stdout=slave
    )
    try:
        until("3 endpoints")
        store.put([replace(cart(), id="a" * 32, started=datetime.now(UTC).isoformat(),
                           endpoint="fresh")])  # fmt: skip
        until("(?s)4 endpoints.*GET fresh")
        os.write(master, b"ssp")
        until("PAUSED")
        os.write(master, b"q")
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
        os.close(slave)
        os.close(master)
