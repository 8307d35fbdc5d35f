"""What the package promises to those who import it."""

import importlib
import inspect
import pkgutil
from importlib.metadata import version
from types import ModuleType
from typing import TypeVar

import flask
import flask.cli
import pytest
from blinker import Signal
from werkzeug.local import LocalProxy

import flasktrace
import flasktrace.cli
from tests.flasks import SINCE_3_2, other_since_3_2

OLDER = version("flask") < "3.1.3"
OTHER = OLDER or SINCE_3_2
with_the_flask_compared = pytest.mark.skipif(
    OTHER, reason="names and signatures are those of flask 3.1.3"
)


def test_the_public_names_are_sorted_and_there_once():
    assert sorted(set(flasktrace.__all__)) == flasktrace.__all__


def test_every_public_name_is_there():
    missing = [name for name in flasktrace.__all__ if not hasattr(flasktrace, name)]

    assert [] == missing


def test_every_name_of_ours_is_public():
    submodules = {
        name
        for name, value in vars(flasktrace).items()
        if inspect.ismodule(value) and value.__name__ == f"flasktrace.{name}"
    }
    names = {name for name in vars(flasktrace) if name.isidentifier() and not name.startswith("_")}

    assert names - submodules <= set(flasktrace.__all__)


def test_a_star_import_gives_the_public_names():
    names = {}
    exec("from flasktrace import *", names)

    assert set(flasktrace.__all__) <= set(names)


def test_the_promised_surface_of_the_tracer_is_public():
    promised = {"wrap", "unwrap", "Tracer", "capture", "span", "event", "current_trace", "signals"}

    assert promised <= set(flasktrace.__all__)


def test_every_public_class_and_function_says_what_it_does():
    silent = [
        name
        for name in flasktrace.__all__
        if (inspect.isclass(value := vars(flasktrace)[name]) or inspect.isfunction(value))
        and not inspect.getdoc(value)
    ]

    assert [] == silent


MODULES = {
    "": "",
    **{
        name: name
        for name in (
            "app",
            "blueprints",
            "cli",
            "config",
            "globals",
            "json",
            "json.provider",
            "json.tag",
            "logging",
            "sessions",
            "signals",
            "templating",
            "testing",
            "typing",
            "views",
            "wrappers",
        )
    },
    "ctx": "context",
    "helpers": "",
}
"""Each module of flask's documentation, and the one of ours that has its names."""

NOT_DOCUMENTED = {"__main__", "debughelpers", "sansio"}
"""Modules of flask that its documentation does not name."""

STAGE_METHODS = "takes the context too, and is called without it by who overrides or calls it"
EXCEPTIONS = {
    "app.App": "the half of the app without input and output; here there is one class",
    "cli.CertParamType": "the type of the option --cert; checked by flasktrace.cli.tls here",
    "cli.SeparatedPathType": "the type of the option --extra-files, which is a function here",
    "cli.cli": "the group is called main here; it is flask.cli.cli after install_as_flask()",
    "cli.main": "the group itself, called in the same way; flask has a function in front of it",
    "helpers.get_debug_flag": "reads an environment variable; not in flask's documentation",
    "helpers.get_load_dotenv": "reads an environment variable; not in flask's documentation",
    "helpers.get_root_path": "not in flask's documentation",
    "Flask.dispatch_request": STAGE_METHODS,
    "Flask.preprocess_request": STAGE_METHODS,
    "Flask.process_response": STAGE_METHODS,
    "Flask.open_resource": "text is UTF-8 by default, as in a blueprint, on every platform",
    "SecureCookieSessionInterface.digest_method": "hashlib's own sha1, of the same arguments",
    "ctx.AppContext": "there is one kind of context, with or without a request",
    "ctx.RequestContext": "there is one kind of context; Flask.request_context takes the environ",
    "RequestContext.match_request": "the match is lazy: a stage of the app, Flask.match_request",
}
"""What is not as flask has it, and why. (`full_dispatch_request` is there, to be called.)"""


def test_every_module_of_flask_is_compared():
    found = pkgutil.walk_packages(flask.__path__, "flask.", onerror=None)
    names = {one.name.removeprefix("flask.") for one in found}
    documented = {name for name in names if name.partition(".")[0] not in NOT_DOCUMENTED}

    assert documented == MODULES.keys() - {""}


def ours(name):
    return importlib.import_module(f"flasktrace.{MODULES[name]}".rstrip("."))


def names_of(name):
    """The names that a module of flask has for others, with what they stand for."""
    module = importlib.import_module(f"flask.{name}".rstrip("."))
    for found, value in inspect.getmembers(module):
        if found.startswith("_") or found == "annotations":
            continue
        if not name or belongs(found, value, module):
            yield found, value


def belongs(name, value, module):
    if isinstance(value, (Signal, LocalProxy)):
        return module.__name__ in {"flask.signals", "flask.globals"}
    if inspect.isclass(value) or inspect.isfunction(value):
        homes = {module.__name__, module.__name__.replace("flask", "flask.sansio", 1)}
        return value.__module__ in homes and value.__name__ == name
    return not isinstance(value, ModuleType | TypeVar)


def promised():
    """What flask promises: the place, the name and the value of each."""
    for module in MODULES:
        for name, value in names_of(module):
            if not isinstance(value, ModuleType):
                yield pytest.param(module, name, value, id=f"{module}.{name}".lstrip("."))


def shape(value):
    """The parameters of a callable: name, kind and default; None when there are none to tell."""
    try:
        parameters = inspect.signature(value).parameters.values()
    except (TypeError, ValueError):
        return None
    return [(variable_name(one), one.kind, default(one)) for one in parameters]


def variable_name(parameter):
    gathers = parameter.kind in {parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD}
    return "" if gathers else parameter.name


def default(parameter):
    """The default; what stands for "not given" nobody can give, so it may be anything."""
    nobody_gives = type(parameter.default) is object or parameter.default == ""
    return "not given" if nobody_gives else repr(parameter.default)


@other_since_3_2("there are more names, and other defaults")
@pytest.mark.parametrize(("module", "name", "value"), list(promised()))
def test_every_name_of_flask_is_there_with_its_signature(module, name, value):
    if f"{module}.{name}" in EXCEPTIONS:
        return
    actual = getattr(ours(module), name)

    # Flask 3.1 has added arguments to some functions of its command line.
    if (inspect.isclass(value) or inspect.isfunction(value)) and not (OLDER and module == "cli"):
        assert shape(value) == shape(actual)


@with_the_flask_compared
@pytest.mark.parametrize(
    ("module", "name", "value"),
    [one for one in promised() if inspect.isclass(one.values[2]) and one.id not in EXCEPTIONS],
)
def test_every_class_of_flask_has_its_attributes(module, name, value):
    actual = getattr(ours(module), name)
    for attribute in dir(value):
        if attribute.startswith("_") or f"{name}.{attribute}" in EXCEPTIONS:
            continue
        wanted, got = getattr(value, attribute), getattr(actual, attribute)

        if callable(wanted) and not inspect.isclass(wanted):
            assert shape(wanted) == shape(got), attribute


@other_since_3_2("an object has more attributes")
@pytest.mark.parametrize(
    "make",
    [
        lambda f: f.Flask("app"),
        lambda f: f.Flask("app").json,
        lambda f: f.Flask("app").jinja_env,
        lambda f: f.Flask("app").test_client(),
        lambda f: f.Flask("app").test_cli_runner(),
        lambda f: f.Flask("app").app_context(),
        lambda f: f.Flask("app").test_request_context(),
        lambda f: f.Flask("app").test_request_context().request,
        lambda f: f.Flask("app").session_interface.serializer,
        lambda f: f.Blueprint("part", "app"),
        lambda f: f.Response(),
    ],
)
def test_every_object_of_flask_has_its_attributes(make):
    wanted = make(flask)
    names = {name for name in dir(wanted) if not name.startswith("_")}
    excepted = {name for name in names if f"{type(wanted).__name__}.{name}" in EXCEPTIONS}

    assert set() == names - excepted - set(dir(make(flasktrace)))


@pytest.mark.parametrize("name", ["routes_command", "run_command", "shell_command", "cli"])
def test_every_command_of_flask_has_its_options(name):
    wanted = options(getattr(flask.cli, name))
    got = options(getattr(flasktrace.cli, "main" if name == "cli" else name))

    assert set() == wanted - got


def options(command):
    return {name for one in command.params for name in (*one.opts, *one.secondary_opts)}


@with_the_flask_compared
def test_every_exception_is_still_one():
    for name in EXCEPTIONS:
        owner, _, last = name.rpartition(".")
        if owner in MODULES:
            wanted, got = importlib.import_module(f"flask.{owner}"), ours(owner)
        else:
            places = ("flask", "flask.ctx", "flask.sessions")
            modules = [importlib.import_module(place) for place in places]
            (wanted, *_) = [getattr(one, owner) for one in modules if hasattr(one, owner)]
            (got, *_) = [
                getattr(one, owner)
                for one in (flasktrace, flasktrace.context, flasktrace.sessions)
                if hasattr(one, owner)
            ]

        assert hasattr(wanted, last)
        assert not hasattr(got, last) or shape(getattr(wanted, last)) != shape(getattr(got, last))
