"""Imports fall and never rise: the order of the files is the order of the house."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import flasktrace

PACKAGE = Path(__file__).parents[1] / "flasktrace"

FRAMEWORK = [
    "typing",
    "loading",
    "broken",
    "kept_property",
    "globals",
    "commands",
    "flat_signal",
    "signals",
    "config",
    "json.encoder",
    "json.provider",
    "json",
    "json.tag",
    "advice",
    "routing",
    "wrappers",
    "sessions",
    "context",
    "flashing",
    "responses",
    "streaming",
    "files",
    "urls",
    "logging",
    "views",
    "templating",
    "testing",
    "registry",
    "blueprints",
    "app",
]
"""The framework, each file above those that it may import."""

OUTSIDE = {
    "__init__",
    "__main__",
    "aliasing",
    "contracts",
    "flask_group",
    "servers",
    "serving",
}
"""What joins framework and tracer, or starts them."""

BESIDE = {"trace", "demo", "cli", "mcp", "pytest_plugin", "startup"}
"""Packages of their own."""

ROOMS = ("record", "keep", "show")


def files():
    """Every module of the package, by its name below ``flasktrace``."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)
        found[name] = path
    return found


FILES = files()
OF_THE_ROOT = {f"flasktrace.{name}" for name in flasktrace.__all__ if name not in FILES}


@cache
def imported(path, *, inside_functions=True):
    """The modules of the package that *path* imports when it runs."""
    found = set()
    for statement in ast.parse(path.read_text(encoding="utf-8")).body:
        if ast.unparse(statement).startswith("if TYPE_CHECKING:"):
            continue
        for node in ast.walk(statement) if inside_functions else [statement]:
            if isinstance(node, ast.ImportFrom) and node.module:
                found |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
            elif isinstance(node, ast.Import):
                found |= {name.name for name in node.names}
    return found


def own(names):
    """Those of *names* that are modules of the package, without its name."""
    short = {name.removeprefix("flasktrace.") for name in names if name.startswith("flasktrace")}
    return short & set(FILES)


def test_every_file_of_the_framework_has_its_place():
    there = {name for name in FILES if name.partition(".")[0] not in BESIDE}

    assert there - OUTSIDE <= set(FRAMEWORK)


@pytest.mark.parametrize("name", [name for name in FRAMEWORK if name in FILES])
def test_a_file_of_the_framework_imports_only_what_is_below_it(name):
    itself_and_above = set(FRAMEWORK[FRAMEWORK.index(name) :])

    assert set() == own(imported(FILES[name])) & itself_and_above


@pytest.mark.parametrize("name", [name for name in FRAMEWORK if name in FILES])
def test_the_framework_never_imports_the_tracer(name):
    names = imported(FILES[name])

    assert set() == {found for found in names if found.startswith("flasktrace.trace")}
    if "flasktrace" in names:  # the package itself gives it only modules
        assert {found for found in names if found.startswith("flasktrace.")} & OF_THE_ROOT == set()


@pytest.mark.parametrize("room", ROOMS)
def test_record_keep_and_show_do_not_know_each_other(room):
    others = tuple(f"flasktrace.trace.{other}" for other in ROOMS if other != room)
    wrong = {
        (name, found)
        for name, path in FILES.items()
        if name.startswith(f"trace.{room}")
        for found in imported(path)
        if found.startswith(others)
    }

    assert set() == wrong


def test_of_the_views_only_the_web_part_imports_the_framework():
    wrong = {
        name: sorted(own(imported(path)) & set(FRAMEWORK))
        for name, path in FILES.items()
        if name.startswith("trace.show.") and own(imported(path)) & set(FRAMEWORK)
    }

    assert {"trace.show.web"} == set(wrong)


def test_stores_and_data_import_nothing_of_the_framework():
    names = [name for name in FILES if name.startswith("trace.keep")]

    for name in (*names, "trace.model", "trace.query"):
        assert set() == own(imported(FILES[name])) & set(FRAMEWORK)


def test_recording_touches_only_signals_and_contexts():
    wrong = {
        (name, found)
        for name, path in FILES.items()
        if name.startswith("trace.record")
        for found in own(imported(path)) & set(FRAMEWORK)
        if found not in {"signals", "globals", "context"}
    }

    assert set() == wrong


def test_only_the_terminal_view_imports_rich():
    wrong = {
        name
        for name, path in FILES.items()
        if any(found.partition(".")[0] == "rich" for found in imported(path))
    }

    assert {name for name in wrong if not name.startswith("trace.show.terminal")} == set()
    assert wrong


def test_the_command_line_imports_the_terminal_view_late():
    top = ("commands", "__main__", "servers", "serving", "loading", "pytest_plugin")
    for name in (*top, *(name for name in FILES if name.partition(".")[0] == "cli")):
        names = imported(FILES[name], inside_functions=False) if name in FILES else set()

        assert not {found for found in names if found.startswith("flasktrace.trace.show")}


@pytest.mark.parametrize("module", ["flasktrace", "flasktrace.app", "flasktrace.trace.model"])
def test_importing_stays_cheap(module):
    costly = ["rich", "sqlite3", "flasktrace.trace.show", "werkzeug.debug", "flask", "unittest"]
    code = f"import sys, {module}; print([name for name in {costly} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PACKAGE.parent
    )

    assert "[]" == done.stdout.strip()


def test_the_framework_works_without_the_tracer():
    code = """
import importlib.util, sys, types
package = types.ModuleType("flasktrace")
package.__path__ = [sys.argv[1]]
sys.modules["flasktrace"] = package  # not its __init__, which joins the two halves
from flasktrace.app import Flask
app = Flask("app")
app.add_url_rule("/", "index", lambda: "alone")
print(app.test_client().get("/").text)
print([name for name in sys.modules if name.startswith("flasktrace.trace")])
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(PACKAGE)], capture_output=True, text=True, check=True
    )

    assert ["alone", "[]"] == done.stdout.splitlines()
