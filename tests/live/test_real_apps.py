"""Two more real Flask apps, each with a database: traced they answer as they do untraced.

sqlite-web shows and edits SQLite databases: sessions, flashed messages, files both ways, streaming.
quillet is a blog with a newsletter and an API: a blueprint, SQLAlchemy, JSON, basic auth.
"""

import json
import re
import sqlite3
from base64 import b64encode
from contextlib import closing, contextmanager
from importlib.util import find_spec
from io import BytesIO
from itertools import count
from urllib.parse import unquote

import flask
import pytest
from werkzeug.exceptions import HTTPException
from werkzeug.test import Client

from flasktrace import unwrap, wrap
from flasktrace.trace.tracer import tracer_of

FLASK_ORDER = ["push", "match", "preprocess", "dispatch", "make_response", "postprocess", "pop"]
PASSWORD = "correct horse battery"
TOKEN = "token-of-subscriber-"
TOKEN_IN_PATH = re.compile(rf"{TOKEN}\d")


# Beside the header Date, all that two runs of an untraced app do not have in common: quillet says
# when a post was published, sqlite-web when its file was made and changed.
TIME_OF_DAY = re.compile(rb"\d\d:\d\d(:\d\d(\.\d+)?)?")


def form(**fields):
    return {"data": fields}


def file(name, content):
    return {"data": {"file": (name, content)}}


def row(key):
    """The name of a row in the URLs of sqlite-web."""
    return b64encode(json.dumps([key]).encode()).decode()


LATER = "Fri, 01 Jan 2100 00:00:00 GMT"

SQLITE_WEB = [
    (302, "GET", "/", {}),
    (302, "GET", "/people/", {}),
    (200, "GET", "/static/css/sqlbrowse.css", {}),
    (200, "GET", "/login/", {}),
    (200, "POST", "/login/", form(password="wrong")),
    (302, "POST", "/login/", form(password=PASSWORD)),
    (200, "GET", "/", {}),
    (200, "HEAD", "/", {}),
    (200, "GET", "/people/", {}),
    (200, "GET", "/people/content/", {}),
    (200, "GET", "/people/content/?page=last&ordering=-name", {}),
    (200, "HEAD", "/people/content/", {}),
    (200, "GET", "/people/insert/", {}),
    (302, "POST", "/people/insert/", form(name="Ümit <b>", age="7")),
    (200, "GET", "/people/content/", {}),
    (200, "POST", "/people/insert/", form(name="twice", age="not a number")),
    (200, "POST", "/people/insert/", {}),
    (200, "GET", f"/people/row/{row(1)}/", {}),
    (302, "GET", f"/people/row/{row(99)}/", {}),
    (404, "GET", "/people/row/%21/", {}),
    (200, "GET", f"/people/update/{row(1)}/", {}),
    (302, "POST", f"/people/update/{row(1)}/", form(name="Ada", age="37")),
    (200, "GET", f"/people/delete/{row(2)}/", {}),
    (302, "POST", f"/people/delete/{row(2)}/", {}),
    (302, "POST", "/people/content/", form(action="bulk-delete")),
    (200, "GET", "/people/query/?sql=SELECT+count(*)+FROM+people", {}),
    (200, "POST", "/query/", form(sql="SELECT * FROM nothing")),
    (200, "POST", "/query/", form(sql="UPDATE people SET age = age + 1")),
    (200, "POST", "/people/query/", form(sql="SELECT name FROM people", export_json="1")),
    (200, "POST", "/people/export/", form(export_format="csv", columns=["name", "age"])),
    (200, "GET", "/people/export/", {}),
    (302, "POST", "/people/import/", file("more.csv", b"name,age\nBo,3\nCy,4\n")),
    (200, "POST", "/people/import/", file("more.txt", b"name")),
    (200, "POST", "/people/import/", file("broken.json", b"[{")),
    (302, "POST", "/people/add-column/", form(name="city", type="TEXT")),
    (302, "POST", "/create-table/", form(table_name="animals", redirect="/people/")),
    (302, "POST", "/create-table/", form(table_name="")),
    (302, "POST", "/animals/drop/", {}),
    (404, "GET", "/animals/", {}),
    (200, "GET", "/download/", {}),
    (200, "HEAD", "/download/", {}),
    (302, "GET", "/load/", {}),
    (403, "POST", "/query/", {"headers": {"Sec-Fetch-Site": "cross-site"}}),
    (404, "GET", "/people/nothing/", {}),
    (308, "GET", "/people", {}),
    (404, "GET", "/create-table/", {}),
    (405, "PUT", "/query/", {}),
    (200, "OPTIONS", "/people/insert/", {}),
    (206, "GET", "/static/css/sqlbrowse.css", {"headers": {"Range": "bytes=0-99"}}),
    (304, "GET", "/static/css/sqlbrowse.css", {"headers": {"If-Modified-Since": LATER}}),
    (404, "GET", "/static/css/none.css", {}),
    (302, "GET", "/logout/", {}),
    (302, "GET", "/people/content/", {}),
]

LOGIN = {"headers": {"Authorization": f"Basic {b64encode(f'admin:{PASSWORD}'.encode()).decode()}"}}
AS_JSON = {"headers": {"Accept": "application/json"}}
API = "/blog/api/posts"

QUILLET = [
    (404, "GET", "/", {}),
    (200, "GET", "/robots.txt", {}),
    (200, "GET", "/blog/", {}),
    (200, "HEAD", "/blog/", {}),
    (308, "GET", "/blog", {}),
    (404, "GET", "/none/", {}),
    (401, "GET", "/blog/admin/", {}),
    (200, "GET", "/blog/admin/", LOGIN),
    (200, "GET", "/blog/admin/posts/new", LOGIN),
    (400, "POST", "/blog/admin/posts/new", LOGIN | form(title="", body_md="")),
    (302, "POST", "/blog/admin/posts/new", LOGIN | form(title="First", body_md="*Höre* <b>")),
    (200, "GET", "/blog/admin/posts/first/edit", LOGIN),
    (302, "POST", "/blog/admin/posts/first/edit", LOGIN | form(title="First", body_md="# It")),
    (404, "GET", "/blog/posts/first", {}),
    (302, "POST", "/blog/admin/posts/first/publish", LOGIN),
    (200, "GET", "/blog/posts/first", {}),
    (200, "GET", "/blog/posts/first", AS_JSON),
    (200, "GET", "/blog/posts/first", {"headers": {"Accept": "text/markdown"}}),
    (200, "HEAD", "/blog/posts/first", {}),
    (200, "GET", "/blog/?limit=1&partial=1", {}),
    (400, "GET", "/blog/?limit=one", {}),
    (400, "GET", "/blog/?cursor=broken", AS_JSON),
    (200, "GET", "/blog/feed.xml", {}),
    (200, "GET", "/blog/sitemap.xml", {}),
    (200, "GET", "/blog/llms.txt", {}),
    (400, "POST", "/blog/subscribe", {}),
    (200, "POST", "/blog/subscribe", form(email="ada@example.org")),
    (201, "POST", "/blog/subscribe", AS_JSON | {"json": {"email": "bo@example.org"}}),
    (200, "GET", f"/blog/confirm/{TOKEN}1", {}),
    (200, "POST", f"/blog/confirm/{TOKEN}1", {}),
    (200, "GET", f"/blog/unsubscribe/{TOKEN}1", {}),
    (405, "GET", f"/blog/unsubscribe/{TOKEN}1", AS_JSON),
    (200, "POST", f"/blog/unsubscribe/{TOKEN}1", {}),
    (404, "POST", f"/blog/unsubscribe/{TOKEN}9", AS_JSON),
    (200, "GET", "/blog/admin/subscribers", LOGIN),
    (302, "POST", "/blog/admin/settings", LOGIN | form(name="Blog", from_email="b@example.org")),
    (401, "GET", API, {}),
    (200, "GET", API, LOGIN),
    (201, "POST", API, LOGIN | {"json": {"title": "Second", "slug": "second", "body_md": "2"}}),
    (400, "POST", API, LOGIN | {"data": b"{broken", "content_type": "application/json"}),
    (200, "PUT", f"{API}/second", LOGIN | {"json": {"title": "2nd", "body_md": "two"}}),
    (200, "DELETE", f"{API}/second", LOGIN),
    (404, "DELETE", f"{API}/second", LOGIN),
    (200, "GET", "/blog/api/openapi.yaml", {}),
    (405, "DELETE", "/blog/", {}),
    (200, "OPTIONS", f"{API}/second", {}),
    (404, "GET", "/blog/posts/first/more", {}),
]


@contextmanager
def sqlite_web(folder, patch):
    """Give the app, its database as it was in the beginning."""
    from sqlite_web import sqlite_web as module

    path = folder / "people.db"
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, age INTEGER)")
        people = [("ada", 36), ("bob", 50), ("cyd <i>", None)]
        database.executemany("INSERT INTO people (name, age) VALUES (?, ?)", people)
        database.commit()
    # The app is one for the process, and takes no more hooks once it has answered.
    protected = "PASSWORD" in module.app.config
    module.initialize_app([str(path)], password=None if protected else PASSWORD)
    yield module.app
    for dataset in module.datasets.values():
        dataset.close()
    module.datasets.clear()


@contextmanager
def quillet(folder, patch):
    """Give a new app with an empty blog."""
    from quillet import get_or_create_newsletter
    from quillet.factory import create_app

    path = folder / "quillet.db"
    path.unlink(missing_ok=True)
    settings = {"EMAIL_BACKEND": "noop", "ADMIN_PASSWORD": PASSWORD, "DB_URL": f"sqlite:///{path}"}
    for name, value in settings.items():
        patch.setenv(f"QUILLET_{name}", value)
    numbers = count(1)
    patch.setattr("secrets.token_urlsafe", lambda *_: f"{TOKEN}{next(numbers)}")
    app = create_app()
    database = app.config["QUILLET_DB"]
    get_or_create_newsletter(database, slug="blog", name="The blog", from_email="a@example.org")
    yield app
    database._engine.dispose()


@pytest.mark.parametrize(
    ("module", "begin", "requests"),
    [("sqlite_web", sqlite_web, SQLITE_WEB), ("quillet", quillet, QUILLET)],
    ids=["sqlite-web", "quillet"],
)
def test_traced_it_answers_as_untraced_and_each_request_has_its_trace(
    module, begin, requests, tmp_path, monkeypatch, do_without
):
    if not find_spec(module):
        do_without(module)
    # The signature of a session has the second in it.
    monkeypatch.setattr("itsdangerous.TimestampSigner.get_timestamp", lambda _: 1_800_000_000)
    untraced = []
    for _ in range(2):
        with begin(tmp_path, monkeypatch) as app:
            untraced.append(ask_all(app, requests))
    with begin(tmp_path, monkeypatch) as app:
        wrap(app, enabled=True, store=f"sqlite:///{tmp_path / 'traces.db'}", capture_body=True)
        traced = ask_all(app, requests)
        traces = traces_of(app)
        unwrap(app)

    answers_are_those_that_were_meant(requests, untraced[0])
    assert untraced[0] == untraced[1]
    for request, *answers in zip(requests, untraced[0], traced, strict=True):
        assert answers[0] == answers[1], request
    each_request_has_its_trace(app, requests, traced, traces)
    for trace in traces:
        the_stages_are_in_order(trace)
    no_secret_is_in(json.dumps(traces, ensure_ascii=False))


def ask_all(app, requests):
    """Make all requests as one browser would; return the answers."""
    browser = Client(app)
    return [ask(browser, *request) for request in requests]


def ask(browser, _status, method, path, options):
    with browser.open(path, method=method, buffered=True, **with_files(options)) as response:
        headers = [(name, value) for name, value in response.headers if name != "Date"]
        return response.status, headers, TIME_OF_DAY.sub(b"<time>", response.data)


def with_files(options):
    if not isinstance(options.get("data"), dict):
        return options
    fields = {
        key: (BytesIO(value[1]), value[0]) if isinstance(value, tuple) else value
        for key, value in options["data"].items()
    }
    return {**options, "data": fields}


def endpoint_of(app, method, path):
    """The endpoint and the rule that werkzeug finds for a request."""
    plain, _, query = path.partition("?")
    try:
        rule, _ = app.url_map.bind("localhost", query_args=query).match(
            unquote(plain), method, return_rule=True
        )
    except HTTPException:
        return None, None
    return rule.endpoint, rule.rule


def traces_of(app):
    """All traces, the oldest first."""
    tracer = tracer_of(app)
    assert tracer.flush()
    found = tracer.store.page(limit=500).summaries
    return [tracer.store.get(item.id).to_dict() for item in reversed(found)]


def answers_are_those_that_were_meant(requests, answers):
    # The Flask to come redirects with 303, unless it is told how to.
    codes = {302: flask.redirect("/").status_code}
    meant = [(codes.get(code, code), method, path) for code, method, path, _ in requests]
    got = [(int(answer[0][:3]), *one[1:3]) for answer, one in zip(answers, requests, strict=True)]

    assert len(meant) > 40
    assert got == meant


def each_request_has_its_trace(app, requests, answers, traces):
    asked = [
        (method, without_token(path), int(answer[0][:3]), *endpoint_of(app, method, path))
        for (_, method, path, _), answer in zip(requests, answers, strict=True)
    ]
    seen = [
        (trace["method"], trace["path"], trace["status"], trace["endpoint"], trace["rule"])
        for trace in traces
    ]

    assert asked == seen


def without_token(path):
    """The path of a URL as the tracer keeps it, the value of `<token>` taken out."""
    path = unquote(path.partition("?")[0])
    return TOKEN_IN_PATH.sub(lambda token: f"••• str({len(token[0])})", path)


def the_stages_are_in_order(trace):
    stages = trace["stages"]
    starts = [stage["start_ns"] for stage in stages if not stage["skipped"]]
    skipped = {stage["name"] for stage in stages if stage["skipped"]}
    answered_by_a_hook = "before_request" in trace["verdict"]

    assert [stage["name"] for stage in stages] == FLASK_ORDER
    assert starts == sorted(starts)
    assert all(stage["duration_ns"] >= 0 for stage in stages)
    assert skipped == ({"dispatch"} if answered_by_a_hook else set()), trace["verdict"]
    assert (trace["host"][:6], trace["partial"]) == ("flask ", False)


def no_secret_is_in(stored):
    assert PASSWORD not in stored
    assert LOGIN["headers"]["Authorization"].split()[1] not in stored
    assert TOKEN not in stored
