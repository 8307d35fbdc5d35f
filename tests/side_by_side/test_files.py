"""Static files and files that a view sends."""

import io
from datetime import UTC, datetime, timedelta

import pytest

from tests.side_by_side.harness import same, same_value


@pytest.fixture
def root(tmp_path):
    static = tmp_path / "static"
    (static / "deep").mkdir(parents=True)
    files = {
        "static/a.txt": b"0123456789" * 10,
        "static/style.css": b"body {}",
        "static/code.js": b"1",
        "static/deep/x.html": b"<p>",
        "static/pic.png": b"\x89PNG",
        "static/no-type": b"?",
        "static/empty.txt": b"",
        "static/packed.tar.gz": b"gz",
        "static/\u00e9.txt": b"accent",
        "secret.txt": b"secret",
        "data.csv": b"a,b\n",
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def serving(root, *, config=None, **options):
    def build(f):
        app = f.Flask("app", root_path=str(root), **options)
        app.config.update(config or {})
        return app

    return build


def test_static_files_are_served_alike(root):
    names = "a.txt style.css code.js deep/x.html pic.png no-type empty.txt packed.tar.gz é.txt"
    lost = (
        "none.txt",
        "",
        "deep",
        "../secret.txt",
        "%2e%2e/secret.txt",
        "deep/../a.txt",
        "//a.txt",
    )
    paths = [f"/static/{name}" for name in (*names.split(), *lost)]
    same(serving(root), *paths, *(f"HEAD {path}" for path in paths), "POST /static/a.txt")


@pytest.mark.parametrize(
    "headers",
    [
        {"Range": "bytes=0-4"},
        {"Range": "bytes=95-"},
        {"Range": "bytes=-3"},
        {"Range": "bytes=200-300"},
        {"Range": "bytes=5-1"},
        {"Range": "bytes=0-1,4-5"},
        {"Range": "lines=1-2"},
        {"Range": "bytes=0-4", "If-Range": '"other"'},
        {"If-None-Match": '"other"'},
        {"If-None-Match": "*"},
        {"If-Modified-Since": "Thu, 01 Jan 2037 00:00:00 GMT"},
        {"If-Modified-Since": "Thu, 01 Jan 1970 00:00:00 GMT"},
        {"If-Match": '"other"'},
        {"If-Unmodified-Since": "Thu, 01 Jan 1970 00:00:00 GMT"},
    ],
    ids=str,
)
def test_conditions_and_ranges_are_answered_alike(root, headers):
    same(
        serving(root),
        *({"path": "/static/a.txt", "method": m, "headers": headers} for m in ("GET", "HEAD")),
    )


def test_an_etag_is_recognised(root):
    etag = dict(same(serving(root), "/static/a.txt")[0].headers)["ETag"]
    (unchanged,) = same(
        serving(root), {"path": "/static/a.txt", "headers": {"If-None-Match": etag}}
    )
    same(
        serving(root),
        {"path": "/static/a.txt", "headers": {"If-Range": etag, "Range": "bytes=0-1"}},
    )

    assert "304 NOT MODIFIED" == unchanged.status


@pytest.mark.parametrize(
    "options",
    [
        {"static_url_path": "/assets"},
        {"static_url_path": "/assets/"},
        {"static_url_path": ""},
        {"static_url_path": "/"},
        {"static_folder": "static/deep"},
        {"static_folder": "static/"},
        {"static_folder": None},
        {"static_folder": "nowhere"},
        {"static_folder": "static", "static_url_path": "/a/b"},
    ],
    ids=str,
)
def test_folder_and_url_can_be_chosen(root, options):
    same(
        serving(root, **options),
        "/static/a.txt",
        "/assets/a.txt",
        "/a.txt",
        "/deep/x.html",
        "/a/b/a.txt",
        "/static/x.html",
    )

    def facts(f):
        app = serving(root, **options)(f)
        return (
            app.static_url_path,
            app.static_folder,
            app.has_static_folder,
            sorted(map(str, app.url_map.iter_rules())),
        )

    same_value(facts)


@pytest.mark.parametrize("age", [None, 0, 60, timedelta(minutes=2)])
def test_the_age_of_files_can_be_chosen(root, age):
    same(serving(root, config={"SEND_FILE_MAX_AGE_DEFAULT": age}), "/static/a.txt")


def test_the_age_can_be_chosen_per_file(root):
    def build(f):
        class App(f.Flask):
            def get_send_file_max_age(self, filename):
                return 7 if filename.endswith(".css") else super().get_send_file_max_age(filename)

        app = App("app", root_path=str(root))
        app.add_url_rule("/sent", "sent", lambda: f.send_file("static/style.css"))
        return app

    same(build, "/static/a.txt", "/static/style.css", "/sent")


def test_the_server_may_send_the_file(root):
    same(serving(root, config={"USE_X_SENDFILE": True}), "/static/a.txt")


SENT = {
    "relative": lambda f, root: f.send_file("data.csv"),
    "absolute": lambda f, root: f.send_file(str(root / "data.csv")),
    "path object": lambda f, root: f.send_file(root / "data.csv"),
    "missing": lambda f, root: f.send_file("none.csv"),
    "bytes": lambda f, root: f.send_file(io.BytesIO(b"abc"), mimetype="text/plain"),
    "bytes with a name": lambda f, root: f.send_file(io.BytesIO(b"abc"), download_name="a.json"),
    "bytes without type": lambda f, root: f.send_file(io.BytesIO(b"abc")),
    "text file": lambda f, root: f.send_file(io.StringIO("abc"), mimetype="text/plain"),
    "open file": lambda f, root: f.send_file((root / "data.csv").open("rb"), mimetype="text/csv"),
    "attachment": lambda f, root: f.send_file("data.csv", as_attachment=True),
    "attachment named": lambda f, root: f.send_file(
        "data.csv", as_attachment=True, download_name='grüße "x".csv'
    ),
    "attachment without name": lambda f, root: f.send_file(
        io.BytesIO(b"x"), mimetype="text/plain", as_attachment=True
    ),
    "no conditions": lambda f, root: f.send_file("data.csv", conditional=False),
    "no etag": lambda f, root: f.send_file("data.csv", etag=False),
    "own etag": lambda f, root: f.send_file("data.csv", etag="mine"),
    "age": lambda f, root: f.send_file("data.csv", max_age=30),
    "age zero": lambda f, root: f.send_file("data.csv", max_age=0),
    "age by function": lambda f, root: f.send_file("data.csv", max_age=len),
    "changed": lambda f, root: f.send_file(
        "data.csv", last_modified=datetime(2020, 1, 1, tzinfo=UTC)
    ),
    "positional": lambda f, root: f.send_file("data.csv", "text/x-own", True, "own.csv"),
    "from directory": lambda f, root: f.send_from_directory("static", "a.txt"),
    "from absolute directory": lambda f, root: f.send_from_directory(root, "data.csv"),
    "from directory, deep": lambda f, root: f.send_from_directory("static", "deep/x.html"),
    "from directory, outside": lambda f, root: f.send_from_directory("static", "../secret.txt"),
    "from directory, missing": lambda f, root: f.send_from_directory("static", "no.txt"),
    "from directory, a folder": lambda f, root: f.send_from_directory("static", "deep"),
    "from directory, attachment": lambda f, root: f.send_from_directory(
        "static", "a.txt", as_attachment=True
    ),
    "by the app": lambda f, root: f.current_app.send_static_file("a.txt"),
    "by the app, missing": lambda f, root: f.current_app.send_static_file("no.txt"),
}


@pytest.mark.parametrize("name", SENT)
@pytest.mark.filterwarnings("default::ResourceWarning")
def test_a_view_may_send(name, root):
    def build(f):
        app = serving(root)(f)
        app.add_url_rule("/", "index", lambda: SENT[name](f, root))
        return app

    same(build, "/", "HEAD /", {"headers": {"Range": "bytes=1-2"}})


def test_resources_are_opened(root):
    def read(*args):
        def work(f):
            with f.Flask("app", root_path=str(root)).open_resource(*args) as file:
                return file.read()

        return work

    for args in (
        ("data.csv",),
        ("data.csv", "r"),
        ("data.csv", "rt"),
        ("data.csv", "rb"),
        ("data.csv", "r", "ascii"),
        ("data.csv", "w"),
        ("data.csv", "a"),
        ("none.csv",),
    ):
        same_value(read(*args))
