"""flasktrace in the place of flask; in processes of their own, so that no other test sees it."""

import os
import subprocess
import sys
from importlib.metadata import DistributionFinder
from pathlib import Path
from types import ModuleType

import pytest

import flasktrace

ROOT = Path(__file__).parents[2]


def printed(code, *, alias=True):
    """The lines that *code* prints, run after the alias was installed."""
    start = "import flasktrace; flasktrace.install_as_flask()\n" if alias else ""
    done = subprocess.run(
        [sys.executable, "-Werror", "-c", start + code],
        capture_output=True,
        text=True,
        timeout=30,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )

    assert (0, "") == (done.returncode, done.stderr), done.stderr
    return done.stdout.splitlines()


def test_import_flask_gives_flasktrace():
    code = """
import flask
from flask import Flask, g, request, url_for
print(Flask is flasktrace.Flask, request is flasktrace.request, g is flasktrace.g)
print(all(getattr(flask, name) is getattr(flasktrace, name) for name in flasktrace.__all__))
"""

    assert ["True True True", "True"] == printed(code)


def test_after_the_real_flask_it_is_an_error():
    code = """
import flask, flasktrace
try:
    flasktrace.install_as_flask()
except RuntimeError as error:
    print(type(error).__name__, error)
print(flask.Flask.__module__)
"""
    text, module = printed(code, alias=False)

    assert text.startswith("FlaskImportedError flask is imported already")
    assert "before anything imports flask" in text
    assert "flask.app" == module


def test_a_second_call_changes_nothing():
    code = """
import sys
before, finders = dict(sys.modules), list(sys.meta_path)
flasktrace.install_as_flask()
print(before == dict(sys.modules), finders == list(sys.meta_path))
"""

    assert ["True True"] == printed(code)


def test_the_alias_can_be_told_from_flask():
    code = "import flask; print(flask.Flask.__module__, flask.__doc__)"

    assert ["flasktrace.app The public names of flask, from flasktrace."] == printed(code)


SUBMODULES = {
    "app": "Flask",
    "blueprints": "Blueprint BlueprintSetupState",
    "cli": "AppGroup FlaskGroup ScriptInfo with_appcontext pass_script_info "
    "load_dotenv NoAppException cli "
    "find_app_by_string find_best_app get_version locate_app main prepare_import "
    "routes_command run_command shell_command show_server_banner version_option",
    "config": "Config ConfigAttribute",
    "ctx": "AppContext RequestContext _AppCtxGlobals after_this_request has_request_context "
    "has_app_context copy_current_request_context",
    "globals": "app_ctx current_app g request request_ctx session",
    "helpers": "abort flash get_flashed_messages get_template_attribute make_response redirect "
    "send_file send_from_directory stream_with_context url_for get_root_path get_debug_flag "
    "current_app request session",
    "json": "dump dumps jsonify load loads",
    "json.provider": "DefaultJSONProvider JSONProvider",
    "json.tag": "JSONTag TaggedJSONSerializer",
    "logging": "create_logger default_handler has_level_handler wsgi_errors_stream",
    "sessions": "SecureCookieSession SecureCookieSessionInterface SessionInterface SessionMixin "
    "NullSession",
    "signals": "Namespace appcontext_popped got_request_exception message_flashed "
    "request_started template_rendered",
    "templating": "DispatchingJinjaLoader Environment render_template stream_template",
    "testing": "EnvironBuilder FlaskCliRunner FlaskClient",
    "typing": "AppOrBlueprintKey ErrorHandlerCallable ResponseReturnValue TeardownCallable",
    "views": "MethodView View",
    "wrappers": "Request RequestBase Response ResponseBase",
    # What extensions ask for of flask's inside.
    "sansio.app": "App",
    "sansio.blueprints": "Blueprint BlueprintSetupState",
    "sansio.scaffold": "Scaffold _endpoint_from_view_func",
}


def test_the_submodules_can_be_imported_in_every_way():
    code = f"""
from importlib import import_module
for module, names in {SUBMODULES}.items():
    exec(f"import flask.{{module}}")
    found = import_module(f"flask.{{module}}")
    if eval(f"flask.{{module}}") is not found:
        print(module, "is not an attribute")
    for name in names.split():
        exec(f"from flask.{{module}} import {{name}}")
        if not getattr(found, name).__class__:
            print(module, name)
"""

    assert [] == printed(code)


def test_contexts_are_where_extensions_look_for_them():
    code = """
from flask import Flask
from flask.globals import _cv_app, _cv_request, app_ctx, request_ctx
app = Flask("x")
print(_cv_app.get(None), _cv_request.get(None))
try:
    _cv_app.get()
except LookupError:
    print("nothing")
with app.app_context() as context:
    app_ctx.mine = 1
    print(_cv_app.get() is context, _cv_request.get(None), app_ctx.mine)
with app.test_request_context() as context:
    request_ctx.mine = 2
    print(_cv_app.get() is context, _cv_request.get() is context, context.mine)
"""

    assert ["None None", "nothing", "True None 1", "True True 2"] == printed(code)


def test_no_module_of_ours_is_imported_twice():
    code = """
import flask, flask.globals, flask.json.provider, sys
ours = sys.modules["flasktrace.json.provider"]
print(flask.globals is flasktrace.globals, flask.json.provider is ours)
try:
    import flask.trace
except ImportError as error:
    print(error)
"""

    assert ["True True", "No module named 'flask.trace'"] == printed(code)


def test_it_can_be_asked_whether_flask_is_there():
    code = """
import importlib, importlib.util
spec = importlib.util.find_spec("flask")
print(spec.name, importlib.util.find_spec("flask.views").name)
print(importlib.import_module(".views", "flask").__name__)
"""

    assert ["flask flasktrace.views", "flasktrace.views"] == printed(code)


def test_the_version_is_that_of_the_interface():
    code = """
import flask
print(flask.__version__ == flasktrace.aliasing.FLASK_VERSION)
print(tuple(map(int, flask.__version__.split("."))) >= (3, 1))
"""

    assert ["True", "True"] == printed(code)


def test_the_installed_flask_still_answers_for_itself():
    code = """
from importlib.metadata import distribution, version, entry_points, packages_distributions
from packaging.version import Version
print(Version(version("flask")) >= Version("3.0"), distribution("Flask").metadata["Name"].lower())
print(bool(distribution("flask").files), type(entry_points(group="flask.commands")).__name__)
print("flask" in packages_distributions())
"""

    assert ["True flask", "True EntryPoints", "True"] == printed(code)


def test_without_an_installed_flask_its_version_is_known():
    code = """
import importlib.metadata as metadata, sys
installed = metadata.Distribution.discover
paths = [path for path in sys.path]
sys.path[:] = [path for path in paths if "packages" not in path]  # where flask is
print(metadata.version("flask"), metadata.version("Flask"), metadata.metadata("flask")["Name"])
print(metadata.requires("flask"), metadata.files("flask"))
print(metadata.distribution("flask").entry_points)
try:
    metadata.version("flask-login")
except metadata.PackageNotFoundError as error:
    print(error.name)
"""
    version, parts, entries, missing = printed(code)

    assert "3.1.3 3.1.3 Flask" == version
    assert "None None" == parts
    assert "EntryPoints" in entries or entries in {"()", "[]"}
    assert "flask-login" == missing


def test_importing_flasktrace_alone_leaves_flask_to_itself():
    code = """
import sys, flasktrace
print([name for name in sys.modules if name.partition(".")[0] == "flask"])
import flask
print(flask.Flask.__module__, flask.Flask is flasktrace.Flask)
"""

    assert ["[]", "flask.app False"] == printed(code, alias=False)


def test_an_app_written_for_flask_is_traced_as_one_of_flasktrace():
    code = """
import flask
app = flask.Flask("app")
app.get("/<word>")(lambda word: word)
with flasktrace.capture(app) as traces:
    app.test_client().get("/seen")
print(len(traces), traces[0].rule, [stage.name for stage in traces[0].stages])
"""
    stages = ["push", "preprocess", "match", "dispatch", "make_response", "postprocess", "pop"]

    assert [f"1 /<word> {stages}"] == printed(code)


@pytest.fixture
def without_flask(monkeypatch):
    """No flask in this process, until the end of the test."""
    before = dict(sys.modules)
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    for name in [name for name in sys.modules if name.partition(".")[0] == "flask"]:
        del sys.modules[name]
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "flask"]:
        del sys.modules[name]
    sys.modules.update(before)


@pytest.mark.usefixtures("without_flask")
def test_the_alias_is_a_package_without_files():
    flasktrace.install_as_flask()
    flasktrace.install_as_flask()
    import flask
    import flask.helpers

    assert flask.Flask is flasktrace.Flask
    assert flask.helpers.url_for is flasktrace.url_for
    assert [] == flask.__path__
    (finder,) = [each for each in sys.meta_path if type(each).__module__ == "flasktrace.aliasing"]
    (found,) = finder.find_distributions(DistributionFinder.Context(name="Flask"))
    assert (flask.__version__, None, None) == (found.version, found.files, found.requires)
    assert "flask/app.py" == found.locate_file("flask/app.py")
    assert [] == finder.find_distributions(DistributionFinder.Context(name="flask-login"))
    assert [] == finder.find_distributions(DistributionFinder.Context())
    assert finder.find_spec("flask.none") is None


@pytest.mark.usefixtures("without_flask")
def test_whatever_is_called_flask_already_is_not_replaced(monkeypatch):
    known = ModuleType("flask")
    monkeypatch.setitem(sys.modules, "flask", known)

    with pytest.raises(RuntimeError, match="flask is imported already"):
        flasktrace.install_as_flask()
    assert sys.modules["flask"] is known
    assert not [name for name in sys.modules if name.startswith("flask.")]
