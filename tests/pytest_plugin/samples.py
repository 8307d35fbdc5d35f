"""An app and tests of it, as text for runs of pytest."""

# What the process of the tests has imported, runs of pytest in it share; else each would import
# flask and the tracer anew, while parts of them that were there before know only the first ones.
import flask  # noqa: F401

import flasktrace.trace.everywhere  # noqa: F401

APP = """
import pytest
from {package} import Flask, g, request

app = Flask(__name__)
app.testing = True


@app.before_request
def load_user():
    g.user = request.args.get("user", "nobody")


@app.get("/hello/<name>")
def hello(name):
    return f"Hello, {{name}}!"


@app.get("/crash")
def crash():
    raise LookupError("not today")
"""

MIXED = """
def test_passes():
    assert app.test_client().get("/hello/ada").text == "Hello, ada!"


def test_fails():
    client = app.test_client()
    client.get("/hello/grace?user=ada")
    assert client.get("/nowhere").status_code == 200


def test_without_an_app():
    assert not "asked"
"""


def app(package="flask"):
    """Return the text of a module that makes an app."""
    return APP.format(package=package)
