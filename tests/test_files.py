"""Sending files."""

import io

import pytest
from werkzeug.exceptions import NotFound

import flasktrace
from flasktrace import Flask


@pytest.fixture
def app(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"a,b\n")
    return Flask("app", root_path=str(tmp_path))


def body_of(response):
    response.direct_passthrough = False
    with response:
        return response.get_data()


def test_a_relative_path_begins_at_the_app(app):
    with app.test_request_context("/"):
        assert b"a,b\n" == body_of(flasktrace.send_file("a.csv"))


def test_a_file_object_is_sent(app):
    with app.test_request_context("/"):
        response = flasktrace.send_file(io.BytesIO(b"x"), "text/plain", True, "x.txt")

        assert "attachment; filename=x.txt" == response.headers["Content-Disposition"]
        assert b"x" == body_of(response)


def test_a_path_that_leads_out_is_not_found(app, tmp_path):
    (tmp_path / "inside").mkdir()
    with app.test_request_context("/"), pytest.raises(NotFound):
        flasktrace.send_from_directory("inside", "../a.csv")


def test_the_age_is_the_apps_unless_given(app):
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 60
    with app.test_request_context("/"):
        default, own = flasktrace.send_file("a.csv"), flasktrace.send_file("a.csv", max_age=5)

        assert (60, 5) == (default.cache_control.max_age, own.cache_control.max_age)
        body_of(default), body_of(own)


def test_a_range_of_a_file_is_sent(app):
    app.add_url_rule("/", "index", lambda: flasktrace.send_from_directory("", "a.csv"))
    with app.test_client().get("/", headers={"Range": "bytes=2-2"}) as response:
        assert (206, b"b") == (response.status_code, response.data)
