"""The server, driven by the official client."""

import asyncio
import json
import sys
from pathlib import Path

import pytest

import flasktrace
from flasktrace.cli import main
from flasktrace.mcp.answers import LONGEST

mcp = pytest.importorskip("mcp")
ROOT = Path(flasktrace.__file__).parents[1]
SECRET = "s3cret-value-17"


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    """A store with the requests of a small app."""
    app = flasktrace.Flask("shop")

    @app.before_request
    def load_user():
        flasktrace.g.user = "ada"

    @app.get("/cart/<int:size>")
    def cart(size):
        for number in range(size):
            with flasktrace.span(f"item {number}", note="x" * 100):
                pass
        return "cart"

    @app.get("/crash")
    def crash():
        raise KeyError("gold")

    url = f"sqlite:///{tmp_path_factory.mktemp('store') / 'traces.db'}"
    flasktrace.wrap(app, enabled=True, store=url)
    client = app.test_client()
    for path in ("/cart/1", "/cart/1", "/crash", "/crush", "/cart/999"):
        sent = {"query_string": {"token": SECRET}, "headers": {"Authorization": SECRET}}
        client.get(path, **sent).close()
    client.get("/cart/\x1b[31m\u202e").close()
    flasktrace.unwrap(app)
    return url


def asked(url, *calls):
    """Return whether each call of a tool failed, and the text of its answer."""

    async def ask():
        code = "from flasktrace.cli import main; main()"
        parameters = mcp.StdioServerParameters(
            command=sys.executable,
            args=["-c", code, "mcp", "--store", url],
            env={"PYTHONPATH": str(ROOT)},
        )
        async with mcp.Client(parameters) as client:
            tools = (await client.list_tools()).tools
            results = [await client.call_tool(name, arguments) for name, arguments in calls]
        return tools, [(bool(result.is_error), result.content[0].text) for result in results]

    return asyncio.run(asyncio.wait_for(ask(), 60))


def test_tools_answer_in_the_words_of_the_terminal(url, runner):
    def ids(query):
        listed = json.loads(runner.invoke(main, ["list", query, "--json", "--store", url]).output)
        return [item["id"] for item in listed["traces"]]

    crash, (again, first) = ids("path:/crash")[0], ids("path:/cart/1")
    tools, told = asked(
        url,
        ("list", {}),
        ("list", {"limit": 1}),
        ("search", {"query": "status:5xx"}),
        ("search", {"query": "path:/never"}),
        ("show", {"trace_id": crash[:12]}),
        ("show", {"trace_id": "last", "stage": "preprocess"}),
        ("show", {"trace_id": ids("path:/cart/999")[0]}),
        ("diff", {"first": first, "second": again}),
        ("diff", {"first": first, "second": crash}),
        ("verdict", {"trace_id": crash}),
        ("verdict", {"trace_id": ids("path:/crush")[0]}),
        ("map", {}),
        ("search", {"query": "status:red"}),
        ("show", {"trace_id": "../../etc/passwd"}),
        ("show", {"trace_id": "last", "stage": "lunch"}),
        ("list", {"limit": 100000}),
    )

    assert [tool.name for tool in tools] == ["list", "search", "show", "diff", "verdict", "map"]
    assert all(tool.annotations.read_only_hint for tool in tools)
    assert [failed for failed, _ in told] == [False] * 12 + [True] * 4
    answers = [text for _, text in told]
    assert len(answers[0].splitlines()) == 6
    assert answers[1].endswith("There are older ones.")
    assert [line.split()[0] for line in answers[2].splitlines()] == [crash]
    assert answers[3].startswith("No traces for 'path:/never' in sqlite:///")
    assert "✗ KeyError: 'gold'" in answers[4]
    assert "load_user" in answers[4]
    assert "ada" in answers[5]
    assert answers[6].endswith("more characters; ask for less.")
    assert answers[7].endswith("Their lifecycles are the same.")
    assert "-   view cart" in answers[8]
    assert "+   view crash raised KeyError" in answers[8]
    assert "500: KeyError: 'gold' raised by the view crash" in answers[9]
    assert "did you mean" in answers[10]
    assert "cart  /cart/<int:size>  3 requests, median " in answers[11]
    assert "  before_request load_user (test_server.py:" in answers[11]
    assert "'status:red' is not understood" in answers[12]
    assert "There is no trace '../../etc/passwd'" in answers[13]
    assert "There is no stage 'lunch'; there are push" in answers[14]
    everything = "\n".join(answers)
    assert max(map(len, answers)) < LONGEST + 100
    assert SECRET not in everything
    assert "\x1b" not in everything
    assert "\u202e" not in everything


def test_a_file_that_is_no_store_is_told_at_once(runner, tmp_path):
    (tmp_path / "notes.txt").write_text("hello\n" * 200)
    done = runner.invoke(main, ["mcp", "--store", f"sqlite:///{tmp_path}/notes.txt"])

    assert done.exit_code == 1
    assert "no trace store" in done.stderr


def test_without_the_extra_it_says_what_to_install(runner, monkeypatch):
    monkeypatch.delitem(sys.modules, "flasktrace.mcp.server", raising=False)
    monkeypatch.setitem(sys.modules, "mcp", None)
    monkeypatch.setitem(sys.modules, "mcp.server", None)

    result = runner.invoke(main, ["mcp"])

    assert result.exit_code == 1
    assert "pip install 'flasktrace[mcp]'" in result.output


@pytest.fixture
def runner():
    from click.testing import CliRunner

    return CliRunner()
