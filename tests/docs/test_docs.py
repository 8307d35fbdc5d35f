"""The docs say what is there, all of it, and nothing that is not."""

import ast
import importlib
import io
import re
from contextlib import redirect_stdout
from pathlib import Path

import click
import pytest

import flasktrace
from flasktrace.cli import main
from tests.docs import reference
from tests.pytest_plugin import samples  # noqa: F401 - imports what runs of pytest share

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("docs/*.md"), *ROOT.glob("README*.md")])
FOREIGN = {"--junitxml", "--help", "--version"}
"""Options of others that the docs speak of."""

OF_TESTS = {"all_cases"}
"""Settings of these tests, which are none of flasktrace."""

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)


def blocks(path, language):
    """Return the fenced blocks of *language*, empty for those without one."""
    text = path.read_text("utf-8")
    found = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [block for name, block in found if name == language]


def flags_of(command):
    own = {flag for item in command.params for flag in (*item.opts, *item.secondary_opts)}
    below = command.commands.values() if isinstance(command, click.Group) else ()
    return own.union(*map(flags_of, below))


def known_flags():
    asked = reference.Asked()
    reference.settings.add_options(asked)
    ours = {re.match("`([a-z-]+)", flag)[1] for flag, _, _ in asked.flags}
    return FOREIGN | ours | flags_of(main)


def test_reference_is_what_the_code_says():
    stored = reference.FILE.read_text("utf-8")

    assert reference.reference() == stored, "run: python -m tests.docs.reference"


@every_page
def test_every_option_that_is_named_exists(page):
    text = page.read_text("utf-8")

    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+\b", text)) - known_flags() == set()
    names = {name.lower() for name in re.findall(r"\bFLASKTRACE_([A-Z_]+)\b", text)}
    assert names <= {field.name for field in reference.fields(reference.Options)} | OF_TESTS


@every_page
def test_every_command_that_is_named_exists(page):
    lines = "\n".join(blocks(page, "console")).splitlines()
    lines += re.findall(r"(?<!`)`([^`]+)`(?!`)", page.read_text("utf-8"))
    run = re.findall(r"^(?:.*-m )?flasktrace ([a-z]+)\b", "\n".join(lines), re.MULTILINE)

    assert run or page.name not in {"terminal.md", "README.md", "README.zh.md"}
    assert set(run) <= set(main.commands)


@every_page
def test_every_link_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text("utf-8")):
        if target.startswith("http"):
            continue
        file, _, anchor = target.partition("#")
        path = page.parent / file if file else page
        assert path.exists(), target
        titles = re.findall(r"^#+ (.*)$", path.read_text("utf-8"), re.MULTILINE) if anchor else ()
        slugs = {
            re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-") for title in titles
        }
        assert not anchor or anchor in slugs, target


@every_page
def test_code_is_python_and_what_it_imports_is_there(page):
    for code in blocks(page, "python"):
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.ImportFrom) and node.module.startswith("flasktrace"):
                module = importlib.import_module(node.module)
                assert all(hasattr(module, alias.name) for alias in node.names)
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "flasktrace":
                assert hasattr(flasktrace, node.attr), node.attr


def test_start_page_leads_to_every_page():
    linked = set(re.findall(r"\]\(([\w.]+)", (ROOT / "docs/index.md").read_text("utf-8")))

    assert linked >= {path.name for path in (ROOT / "docs").glob("*.md")} - {"index.md"}


def test_example_of_a_life_prints_what_the_page_says():
    page = ROOT / "docs/lifecycle.md"
    (code,) = blocks(page, "python")
    out = io.StringIO()

    with redirect_stdout(out):
        exec(code, {"__name__": "life"})

    assert out.getvalue().startswith(blocks(page, "")[-1])


CONFTEST = """
import pytest
from flasktrace import Flask, g, redirect, request

@pytest.fixture
def client():
    app = Flask("shop")

    @app.before_request
    def load_user():
        g.user = None

    if request_of_hello:
        app.get("/hello/<name>")(hello)
        return app.test_client()

    @app.before_request
    def require_login():
        if request.path == "/account":
            return redirect("/login")

    app.get("/cart")(lambda: "cart")
    return app.test_client()

def hello(name):
    return f"Hello, {name}!"

@pytest.fixture(autouse=True)
def _which(request):
    global request_of_hello
    request_of_hello = request.node.name == "test_hello"
"""


def test_examples_for_pytest_pass(pytester, monkeypatch):
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:hypothesispytest -p no:flask")
    page = ROOT / "docs/pytest.md"
    pytester.makeconftest(CONFTEST.replace("def client():", "def client(_which):"))
    pytester.makepyfile(test_cart="\n\n".join(blocks(page, "python")))
    (ini,) = blocks(page, "ini")
    pytester.makeini(ini.replace("[pytest]", "[pytest]\naddopts = --strict-config"))
    stored = pytester.path / "__lifecycles__/test_cart/test_hello.txt"
    stored.parent.mkdir(parents=True)
    stored.write_text(blocks(page, "")[-1], "utf-8")

    result = pytester.runpytest_inprocess()

    result.assert_outcomes(passed=4)
    assert (pytester.path / "traces.html").exists()


def test_keys_that_are_no_records_are_those_of_real_answers():
    text = (ROOT / "docs/json.md").read_text("utf-8")
    app = flasktrace.Flask("shop")
    tracer = flasktrace.Tracer(app, enabled=True, store="memory:")
    running = []
    app.add_url_rule("/", "index", lambda: str(running.extend(tracer.in_flight())))

    app.test_client().get("/").close()
    health = tracer.health()
    tracer.uninstall()

    for sentence, answer in (("not over has", running[0]), ("`/health` has", health)):
        told = re.findall(r"`(\w+)`", text.split(sentence)[1].split(". ")[0].split(".\n")[0])
        assert set(told) == set(answer)


def test_tools_of_mcp_are_those_there_are():
    server = pytest.importorskip("flasktrace.mcp.server")
    made = server.make_server(reference.open_store("memory:"))
    text = (ROOT / "docs/json.md").read_text("utf-8").split("| tool |")[1]

    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", text, re.MULTILINE))
    import asyncio

    tools = {tool.name: tool.input_schema for tool in asyncio.run(made.list_tools())}
    assert set(rows) == set(tools)
    for name, schema in tools.items():
        assert set(re.findall(r"`(\w+)`", rows[name])) == set(schema["properties"])


def test_chinese_readme_has_the_content_of_the_english_one():
    english, chinese = (ROOT / name for name in ("README.md", "README.zh.md"))
    texts = [path.read_text("utf-8") for path in (english, chinese)]
    titles = [[len(mark) for mark in re.findall(r"^(#+) ", t, re.MULTILINE)] for t in texts]
    cells = [set(re.findall(r"^\| (`[^|]+?`)[^|]* \|", text, re.MULTILINE)) for text in texts]

    assert titles[0] == titles[1]
    assert cells[0] == cells[1]
    for language in ("", "python", "console"):
        ours, theirs = (
            [re.sub(r"\s*#.*", "", block) for block in blocks(path, language)]
            for path in (english, chinese)
        )
        assert ours == theirs
