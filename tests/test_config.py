"""The configuration of an app."""

from datetime import timedelta
from importlib.metadata import version
from types import SimpleNamespace

import flask
import pytest

from flasktrace import Config, Flask
from flasktrace.config import DEFAULTS


@pytest.mark.skipif(version("flask") < "3.1", reason="an older Flask has fewer keys")
def test_every_key_of_flask_is_there_with_its_default():
    assert dict(flask.Flask.default_config) == DEFAULTS


def test_only_names_in_capitals_are_taken():
    config = Config("")
    config.from_mapping({"A": 1, "b": 2}, C=3, d=4)
    config.from_object(SimpleNamespace(E=5, f=6))

    assert {"A": 1, "C": 3, "E": 5} == config


def test_an_object_can_be_given_by_its_name(tmp_path, monkeypatch):
    (tmp_path / "settings_by_name.py").write_text("A = 1\nb = 2\n")
    monkeypatch.syspath_prepend(tmp_path)
    config = Config("")
    config.from_object("settings_by_name")

    assert {"A": 1} == config


def test_attributes_of_the_app_are_kept_in_the_configuration():
    app = Flask("app")
    app.secret_key = "key"
    app.permanent_session_lifetime = 60

    assert "key" == app.config["SECRET_KEY"]
    assert timedelta(minutes=1) == app.permanent_session_lifetime
    assert "TESTING" == Flask.testing.name


def test_apps_do_not_share_their_configuration():
    one, other = Flask("one"), Flask("other")
    one.config["TESTING"] = True

    assert not other.testing
    assert not DEFAULTS["TESTING"]
