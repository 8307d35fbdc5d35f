"""Mistakes that debug mode explains: both fail for them, each in its own words."""

import io

import pytest
from werkzeug.routing import RequestRedirect

from tests.side_by_side.harness import same, same_value


def upload(f, debug=True):
    app = f.Flask("app")
    app.debug = debug

    @app.route("/upload/", methods=["GET", "POST"])
    def upload():
        found = f.request.files
        return found["picture"].filename + repr((list(found), found.get("picture")))

    @app.route("/ask", methods=["POST"])
    def ask():
        found = f.request.files
        return repr((found.get("picture"), "picture" in found, len(found), list(found), found))

    return app


SENT = [
    {"data": {"picture": "cat.png"}},
    {"data": {"other": "x"}},
    {"data": {"picture": (io.BytesIO, "cat.png")}},
    {"data": {"a": "1"}, "content_type": "multipart/form-data"},
    {"data": {"picture": "cat.png"}, "content_type": "multipart/form-data"},
    {"json": {"picture": "cat.png"}},
    {"data": b"picture=x", "content_type": "text/plain"},
    {},
]


def sending(one, path):
    data = one.get("data")
    if isinstance(data, dict):
        data = {key: (v[0](b"x"), v[1]) if isinstance(v, tuple) else v for key, v in data.items()}
        one = {**one, "data": data}
    return {"path": path, "method": "POST", **one}


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize("number", range(len(SENT)))
def test_a_missing_file_fails_alike(number, debug):
    def work(f):
        app = upload(f, debug)
        app.config["PROPAGATE_EXCEPTIONS"] = True
        response = app.test_client().open(**sending(SENT[number], "/upload/"))
        return response.status, response.data

    same_value(work)


@pytest.mark.parametrize("number", range(len(SENT)))
def test_asking_for_a_file_gives_the_same(number):
    def work(f):
        return upload(f).test_client().open(**sending(SENT[number], "/ask")).data

    same_value(work)


def test_the_error_of_a_missing_file_is_caught_as_before():
    def work(f):
        with upload(f).test_request_context(method="POST", data={"picture": "cat.png"}):
            try:
                f.request.files["picture"]
            except KeyError as error:
                return isinstance(error, AssertionError), bool(str(error))

    assert (True, True) == same_value(work)


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE"])
def test_a_form_lost_in_a_redirect_fails_alike(method, code, debug, monkeypatch):
    monkeypatch.setattr(RequestRedirect, "code", code)

    def work(f):
        response = upload(f, debug).test_client().open("/upload", method=method, data={"a": "1"})
        return response.status, response.headers.to_wsgi_list(), response.data

    same_value(work)


def test_a_redirect_that_keeps_the_form_is_followed():
    same(upload, "POST /upload", {"path": "/upload", "method": "POST", "data": {"picture": "x"}})
