"""What debug mode says about mistakes that are hard to see."""

import pytest
from werkzeug.routing import RequestRedirect

from flasktrace import Flask, request
from flasktrace.advice import FormDataLostError, MissingEnctypeError


def upload():
    app = Flask("app")
    app.debug = True

    @app.route("/upload/", methods=["POST"])
    def upload():
        return request.files["picture"].filename

    return app


def test_the_remedy_for_a_missing_file_is_named():
    client = upload().test_client()
    with pytest.raises(MissingEnctypeError, match="enctype='multipart/form-data'") as caught:
        client.post("/upload/", data={"picture": "cat.png"})

    assert ("picture", "cat.png") == (caught.value.key, caught.value.name)
    assert "application/x-www-form-urlencoded" == caught.value.mimetype


def test_a_file_that_is_not_in_the_form_at_all_is_a_bad_request():
    app = upload()
    app.config["TRAP_BAD_REQUEST_ERRORS"] = False

    assert "400 BAD REQUEST" == app.test_client().post("/upload/", data={"a": "1"}).status


def test_without_files_they_look_as_they_always_do():
    with upload().test_request_context(method="POST", data={"picture": "cat.png"}):
        assert "ImmutableMultiDict([])" == repr(request.files)
        assert request.files.get("picture") is None


@pytest.mark.parametrize(("path", "slash"), [("/upload?a=1", True), ("/old", False)])
def test_the_remedy_for_a_lost_form_is_named(path, slash, monkeypatch):
    monkeypatch.setattr(RequestRedirect, "code", 302)
    app = upload()
    app.add_url_rule("/old", "old", redirect_to="/upload/", methods=["POST"])
    with pytest.raises(FormDataLostError, match="to the second url") as caught:
        app.test_client().post(path, data={"a": "1"})

    assert caught.value.new_url.startswith("http://localhost/upload/")
    assert slash == ("slash at the end" in str(caught.value))
