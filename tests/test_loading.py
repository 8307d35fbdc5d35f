"""Finding the app that a command line names."""

import sys

import pytest

from flasktrace.loading import AppNotFoundError, load_app

SHOP = """
def app(environ, start_response):
    start_response("200 OK", [])
    return [b"shop"]

def make_app(name, debug=False):
    def made(environ, start_response):
        start_response("200 OK", [])
        return [f"{name} {debug}".encode()]
    return made

def create_app(name="usual"):
    return make_app(name)

def anything(*args):
    args[1]("200 OK", [])
    return [b"anything"]

class Thing:
    def __call__(self, environ, start_response):
        start_response("200 OK", [])
        return [b"thing"]

    def make(self):
        return self

def count():
    return 3

thing = Thing()
bound = thing.make
price = 3
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Work in an empty folder, and forget what was imported from it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def answer(target):
    return b"".join(load_app(target)({}, lambda *_: None)).decode()


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("shop:app", "shop"),
        ("shop", "shop"),
        ("shop:", "shop"),
        ("shop.py", "shop"),
        ("./shop.py:app", "shop"),
        ("shop:thing", "thing"),
        ("shop:Thing()", "thing"),
        ("shop:bound", "thing"),
        ("shop:anything", "anything"),
        ("shop:create_app", "usual False"),
        ("shop:create_app()", "usual False"),
        ("shop:make_app('a')", "a False"),
        ("shop: make_app('a', debug=True) ", "a True"),
    ],
)
def test_app_is_found(folder, target, expected):
    (folder / "shop.py").write_text(SHOP)

    assert answer(target) == expected


def test_file_of_another_folder_is_found(folder, monkeypatch):
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    (folder / "shop.py").write_text(SHOP)
    monkeypatch.chdir(elsewhere)

    assert answer(f"{folder / 'shop.py'}:app") == "shop"
    assert answer("../shop") == "shop"


def test_file_in_a_package_may_use_relative_imports(folder):
    package = folder / "market" / "stall"
    package.mkdir(parents=True)
    (folder / "market" / "__init__.py").touch()
    (package / "__init__.py").write_text("from .shop import app\n")
    (package / "goods.py").touch()
    (package / "shop.py").write_text(f"from . import goods\n{SHOP}")

    assert answer("market/stall/shop.py") == "shop"
    assert answer("market.stall.shop:app") == "shop"
    assert answer("market/stall/__init__.py") == "shop"


def test_module_called_app_is_not_the_app(folder):
    package = folder / "site_of_mine"
    package.mkdir()
    (package / "__init__.py").write_text("from . import app\nfrom .app import create_app\n")
    (package / "app.py").write_text(SHOP)

    assert answer("site_of_mine") == "usual False"


def test_the_only_flask_app_may_have_any_name(folder):
    (folder / "stall.py").write_text(
        "from flasktrace import Flask\nstall = also = Flask('it')\ndef create_app(): 1 / 0\n"
    )
    (folder / "market.py").write_text("from stall import Flask\na, b = Flask('a'), Flask('b')\n")

    assert load_app("stall").name == "it"
    with pytest.raises(AppNotFoundError, match="market has none of the names app, application"):
        load_app("market")


def test_folder_of_a_package_is_found(folder):
    package = folder / "market" / "stall"
    package.mkdir(parents=True)
    (folder / "market" / "__init__.py").touch()
    (package / "__init__.py").write_text(SHOP)

    assert answer("./market/stall") == "shop"


def test_without_a_module_it_is_app_py(folder):
    (folder / "app.py").write_text(SHOP)

    assert answer(":thing") == "thing"


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("nowhere:app", "There is no module 'nowhere'"),
        ("shop.deeper:app", "There is no module 'shop.deeper'"),
        ("./nowhere.py", "There is no file "),
        ("shop:nothing", "shop has no name 'nothing'; it has app, create_app, make_app, Thing"),
        ("shop:price", "'shop:price' is of the type int, and no WSGI app."),
        ("shop:count", "'shop:count' is of the type int, and no WSGI app."),
        ("shop:make_app", r"make_app cannot be called like that: missing a required argument"),
        ("shop:make_app()", r"missing a required argument: 'name'"),
        ("shop:create_app(1, 2)", "too many positional arguments"),
        ("shop:thing.make", "neither a name nor a call with plain values"),
        ("shop:make_app(name)", "neither a name nor a call with plain values"),
        ("shop:make_app(", "neither a name nor a call with plain values"),
        ("empty", "empty has none of the names app, application, create_app, make_app"),
    ],
)
def test_wrong_target_says_what_to_do(folder, target, words):
    (folder / "shop.py").write_text(SHOP)
    (folder / "empty.py").touch()

    with pytest.raises(AppNotFoundError, match=words):
        load_app(target)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("import not_there", ModuleNotFoundError),
        ("1 / 0", ZeroDivisionError),
        ("def app(:", SyntaxError),
        ("raise ValueError('mine')", ValueError),
    ],
)
def test_error_of_the_module_itself_goes_through(folder, text, error):
    (folder / "broken.py").write_text(text)

    with pytest.raises(error):
        load_app("broken:app")


def test_of_many_names_apps_and_what_makes_them_come_first(folder):
    lines = [f"a{n} = {n}" for n in range(30)]
    lines += ["from flasktrace import Flask", "shop = Flask('shop')", "create_app = print"]
    lines += ["def web() -> Flask: ...", "def zero() -> 'Flask': ..."]
    (folder / "many.py").write_text("\n".join(lines))

    with pytest.raises(AppNotFoundError, match="it has shop, create_app, web, zero, Flask, a0, "):
        load_app("many:app")


def test_error_inside_a_factory_goes_through(folder):
    (folder / "broken.py").write_text("def create_app():\n    return len(3)\n")

    with pytest.raises(TypeError, match="has no len"):
        load_app("broken")
