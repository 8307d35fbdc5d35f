"""Where the configuration comes from, and what its keys do."""

import json
import sys
import tomllib
import warnings

import pytest

from tests.side_by_side.harness import KEY, same, same_value


class Settings:
    ANSWER = 42
    lower = 1
    Mixed = 2
    _HIDDEN = 3
    WITH_1 = "x"

    @property
    def PROPERTY(self):  # noqa: N802
        return "asked"


class Below(Settings):
    ANSWER = 43


def set_up(f, root=""):
    return f.Config(str(root), {"THERE": 1})


@pytest.mark.parametrize(
    "given",
    [Settings, Below, Settings(), Below()],
    ids=["class", "subclass", "object", "of subclass"],
)
def test_objects_give_the_same_keys(given):
    def work(f):
        config = set_up(f)
        gave = config.from_object(given)
        return gave, {key: value for key, value in config.items() if key != "PROPERTY"}

    same_value(work)


@pytest.mark.parametrize("name", ["settings_of_test", "settings_of_test.Inner", "nope", "x.y:z"])
def test_names_of_objects_give_the_same_keys(name, tmp_path, monkeypatch):
    (tmp_path / "settings_of_test.py").write_text("A = 1\nb = 2\nclass Inner:\n    C = 3\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "settings_of_test", raising=False)

    def work(f):
        config = set_up(f)
        config.from_object(name)
        return dict(config)

    same_value(work)


FILES = {
    "good.py": "A = 1\nlower = 2\nB = __file__.endswith('good.py')\nC = __name__\n",
    "broken.py": "A = (",
    "crash.py": "A = 1\n1 / 0\n",
    "empty.py": "",
    "coded.py": "# coding: latin-1\nA = '\u00e9'\n",
    "data.json": '{"A": 1, "b": 2, "C": {"d": 3}}',
    "list.json": "[1]",
    "bad.json": "{",
    "data.toml": 'A = 1\n[B]\nc = "d"\n',
}


@pytest.fixture
def root(tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).write_bytes(text.encode("latin-1"))
    (tmp_path / "folder").mkdir()
    return tmp_path


NAMES = [*FILES, "missing.py", "folder", "good.py/below"]


@pytest.mark.parametrize("silent", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_python_files_give_the_same_keys(name, silent, root):
    def work(f):
        config = set_up(f, root)
        return config.from_pyfile(name, silent=silent), dict(config)

    same_value(work)


@pytest.mark.parametrize("silent", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_other_files_give_the_same_keys(name, silent, root):
    def work(f):
        config = set_up(f, root)
        toml = name.endswith("toml")
        load = tomllib.load if toml else json.load
        return config.from_file(name, load, silent=silent, text=not toml), dict(config)

    same_value(work)


@pytest.mark.parametrize("silent", [True, False])
@pytest.mark.parametrize("value", [None, "", "good.py", "missing.py", "/nowhere/x.py"])
def test_a_variable_names_the_file(value, silent, root, monkeypatch):
    monkeypatch.delenv("SETTINGS", raising=False)
    if value is not None:
        monkeypatch.setenv("SETTINGS", value)

    def work(f):
        config = set_up(f, root)
        return config.from_envvar("SETTINGS", silent=silent), dict(config)

    same_value(work)


def test_variables_with_a_prefix_are_read(monkeypatch):
    given = {
        "FLASK_NUMBER": "1",
        "FLASK_TEXT": "text",
        "FLASK_LIST": "[1, 2]",
        "FLASK_BROKEN": "{",
        "FLASK_lower": "true",
        "FLASK_A__B__C": "3",
        "FLASK_A__B__D": '"x"',
        "FLASK_A__e": "null",
        "FLASK_THERE": "2",
        "FLASK_": "empty",
        "FLASKY_X": "1",
        "OTHER_X": "1",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)

    def work(f):
        found = []
        for options in ({}, {"prefix": "OTHER"}, {"prefix": ""}, {"loads": str.upper}):
            config = set_up(f)
            gave = config.from_prefixed_env(**options)
            found.append((gave, {key: config[key] for key in config if "PYTEST" not in key}))
        return found

    same_value(work)


@pytest.mark.parametrize("name", ["FLASK_NUMBER__X", "FLASK_TEXT__X__Y"])
def test_a_variable_inside_what_is_no_dict_fails_alike(name, monkeypatch):
    monkeypatch.setenv(name, "1")

    def work(f):
        config = f.Config("", {"NUMBER": 1, "TEXT": "t"})
        config.from_prefixed_env()
        return dict(config)

    same_value(work)


@pytest.mark.parametrize(
    "call",
    [
        lambda config: config.from_mapping({"A": 1, "b": 2}, C=3, d=4),
        lambda config: config.from_mapping([("A", 1)]),
        lambda config: config.from_mapping(A=1),
        lambda config: config.from_mapping(None),
        lambda config: config.from_mapping({1: 2}),
        lambda config: config.from_mapping({}, {}),
        lambda config: config.get_namespace("A_"),
        lambda config: config.get_namespace("A_", lowercase=False),
        lambda config: config.get_namespace("A_", trim_namespace=False),
        lambda config: config.get_namespace("A_", False, False),
        lambda config: config.get_namespace("NO_"),
        repr,
        lambda config: config.root_path,
    ],
)
def test_methods_give_the_same(call):
    def work(f):
        config = f.Config("/root", {"A_B": 1, "A_C_D": 2, "AB": 3})
        return call(config), dict(config)

    same_value(work)


@pytest.mark.parametrize("relative", [True, False])
def test_files_are_below_the_instance_folder_when_asked(relative, root):
    (root / "instance").mkdir()
    (root / "instance" / "only.py").write_text("WHERE = 'instance'\n")

    def work(f):
        app = f.Flask(
            "app",
            instance_path=str(root / "instance"),
            instance_relative_config=relative,
            root_path=str(root),
        )
        loaded = app.config.from_pyfile("only.py", silent=True)
        with app.open_instance_resource("new.txt", "w") as file:
            file.write("\u00e9")
        with app.open_instance_resource("new.txt") as file:
            raw = file.read()
        facts = [loaded, app.config.get("WHERE"), app.instance_path, str(app.config.root_path)]
        return facts, raw

    same_value(work)


@pytest.mark.parametrize("path", ["relative", "./x", ""])
def test_the_instance_folder_must_be_absolute(path):
    same_value(lambda f: f.Flask("app", instance_path=path).instance_path)


@pytest.mark.parametrize("name", ["json", "flask", "xml.dom", "click.core", "app", "tests"])
def test_the_instance_folder_is_found_at_the_same_place(name):
    same_value(lambda f: f.Flask(name).auto_find_instance_path())


def test_a_package_has_its_instance_folder_beside_it(tmp_path, monkeypatch):
    (tmp_path / "a_pack" / "sub").mkdir(parents=True)
    for name in ("a_pack/__init__.py", "a_pack/sub/__init__.py", "a_module.py", "a_pack/m.py"):
        (tmp_path / name).touch()
    monkeypatch.syspath_prepend(tmp_path)

    def work(f):
        names = ("a_pack", "a_pack.sub", "a_pack.m", "a_module")
        return [(f.Flask(name).instance_path, f.Flask(name).root_path) for name in names]

    same_value(work)
    for name in ("a_pack", "a_pack.sub", "a_pack.m", "a_module"):
        sys.modules.pop(name, None)
    same_value(work)


def sized(f):
    """An app whose view reads the body in the way that is asked for."""
    app = f.Flask("app")

    @app.route("/<how>", methods=["POST"])
    def view(how):
        r = f.request
        if how == "own":
            r.max_content_length, r.max_form_memory_size, r.max_form_parts = 40, 30, 2
        limits = (r.max_content_length, r.max_form_memory_size, r.max_form_parts)
        match how:
            case "data":
                return repr((limits, r.get_data()))
            case "stream":
                return repr((limits, r.stream.read()))
            case "json":
                return repr((limits, r.json))
        return repr((limits, sorted(r.form.items()), sorted(r.files)))

    return app


@pytest.mark.parametrize("how", ["form", "data", "stream", "json", "own"])
@pytest.mark.parametrize(
    "limits",
    [
        {},
        {"MAX_CONTENT_LENGTH": 20},
        {"MAX_CONTENT_LENGTH": 0},
        {"MAX_FORM_MEMORY_SIZE": 10},
        {"MAX_FORM_MEMORY_SIZE": None},
        {"MAX_FORM_PARTS": 1},
        {"MAX_FORM_PARTS": None, "MAX_CONTENT_LENGTH": 10_000},
    ],
    ids=str,
)
def test_bodies_are_limited_alike(limits, how):
    def build(f):
        app = sized(f)
        app.config.update(limits)
        return app

    multipart = b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\nvalue\r\n'
    form = {"content_type": "multipart/form-data; boundary=x", "method": "POST"}
    sent = (
        {"data": {"a": "1"}},
        {"data": {"a": "x" * 50, "b": "y"}},
        {"data": {"a": "x" * 600_000}},
        {"json": {"a": "x" * 15}},
        {**form, "data": multipart % b"a" + b"--x--\r\n"},
        {**form, "data": multipart % b"a" + multipart % b"b" + multipart % b"c" + b"--x--\r\n"},
        {"data": b"", "environ_overrides": {"CONTENT_LENGTH": ""}},
        {"data": b"abc", "environ_overrides": {"CONTENT_LENGTH": "", "wsgi.input_terminated": 1}},
    )
    same(build, *({"path": f"/{how}", "method": "POST", **one} for one in sent))


@pytest.mark.parametrize("size", [4093, 20, 0])
def test_large_cookies_are_told_of(size):
    def work(f):
        app = f.Flask("app")
        app.config["MAX_COOKIE_SIZE"] = size
        with warnings.catch_warnings(record=True) as told, app.test_request_context():
            warnings.simplefilter("always")
            response = f.Response()
            response.set_cookie("a", "x" * 30)
        outside = f.Response().max_cookie_size
        return len(told), outside, response.headers["Set-Cookie"]

    same_value(work)


@pytest.mark.parametrize("server_name", [None, "h.test", "h.test:8080", "localhost"])
@pytest.mark.parametrize("root", ["/", "/app", "/app/"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_place_of_the_app_has_the_same_effect(server_name, root, scheme):
    place = {"SERVER_NAME": server_name, "APPLICATION_ROOT": root, "PREFERRED_URL_SCHEME": scheme}

    def build(f):
        app = f.Flask("app")
        app.secret_key = KEY
        app.config.update(place)

        @app.route("/in")
        def inside():
            f.session["a"] = 1
            return " ".join([f.url_for("inside"), f.url_for("inside", _external=True)])

        @app.route("/client")
        def outside():
            builder = app.test_request_context("/in")
            return builder.request.url

        return app

    def work(f):
        app = build(f)
        with app.test_request_context("/in?x=1") as context:
            inside = f.url_for("inside", _external=True), context.request.url
        if server_name is None:
            return inside
        with app.app_context():
            return inside, f.url_for("inside"), f.url_for("inside", _external=False)

    hosts = ("http://localhost", "http://h.test", "https://h.test:8080/app", "http://x.h.test")
    same(build, *({"path": "/in", "base_url": host} for host in hosts), "/app/in")
    same_value(work)


@pytest.mark.parametrize("hosts", [None, [], ["h.test"], [".h.test", "localhost"], ["h.test:81"]])
def test_only_trusted_hosts_are_answered(hosts):
    def build(f, said):
        app = f.Flask("app")
        app.config["TRUSTED_HOSTS"] = hosts
        app.before_request(lambda: said.append(f.request.path))
        app.register_error_handler(400, lambda error: ("refused", 400))

        @app.route("/")
        def index():
            return repr((f.request.host, f.request.trusted_hosts))

        return app

    names = ("h.test", "x.h.test", "localhost", "h.test:81", "H.TEST", "evil", "h.test.")
    same(build, *({"path": "/", "base_url": f"http://{name}"} for name in names))
