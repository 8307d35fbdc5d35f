"""Flask-WTF: a form with a token against forgery, and views that are guarded without a form."""
# ruff: noqa: T201 - what is printed is compared

import re
from pathlib import Path

from flask import Flask, jsonify, render_template_string
from flask_wtf import CSRFProtect, FlaskForm
from flask_wtf.csrf import CSRFError, generate_csrf
from flask_wtf.file import FileAllowed, FileField
from show import show
from werkzeug.datastructures import MultiDict
from wtforms import IntegerField, StringField
from wtforms.validators import DataRequired, NumberRange

app = Flask("orders")
app.config.update(SECRET_KEY="the same for both")
guard = CSRFProtect(app)


class Order(FlaskForm):
    name = StringField("Name", [DataRequired("Who are you?")])
    count = IntegerField("Count", [NumberRange(1, 9, "One to nine.")])
    note = FileField("Note", [FileAllowed(["txt"], "Text only.")])


PAGE = """<form method=post>{{ form.hidden_tag() }}{{ form.name }}{{ form.count }}</form>
{% for field, texts in form.errors|dictsort %}{{ field }}: {{ texts|join(" ") }}
{% endfor %}"""


@app.route("/", methods=["GET", "POST"])
def order():
    form = Order()
    if form.validate_on_submit():
        file = form.note.data
        return jsonify(
            name=form.name.data, count=form.count.data, note=file.read().decode() if file else None
        )
    return render_template_string(PAGE, form=form)


@app.route("/plain", methods=["POST"])
def plain():
    return "taken"


@app.route("/open", methods=["POST"])
@guard.exempt
def unguarded():
    return "open to all"


@app.route("/token")
def token():
    return generate_csrf()


@app.errorhandler(CSRFError)
def forged(error):
    return f"refused: {error.description}", error.code


def masked(response):
    """Hide the token in the page."""
    text = response.get_data(as_text=True)
    response.set_data(re.sub(r'(name="csrf_token"[^>]*value=")[^"]+', r"\1...", text))
    return response


client = app.test_client()
page = client.get("/")
found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.get_data(as_text=True))[1]
show("the form", masked(page))
show("without token", client.post("/", data={"name": "ada", "count": 2}))
show("with a wrong token", client.post("/", data={"csrf_token": "x", "name": "ada", "count": 2}))
show("with it", client.post("/", data={"csrf_token": found, "name": "ada", "count": 2}))
show("a wrong count", masked(client.post("/", data={"csrf_token": found, "name": "", "count": 20})))
with Path(__file__).open("rb") as source:
    upload = {"csrf_token": found, "name": "ada", "count": 2, "note": (source, "note.exe")}
    show("a program", masked(client.post("/", data=upload)))
show("in a header", client.post("/plain", headers={"X-CSRFToken": client.get("/token").text}))
show("not in a header", client.post("/plain"))
show("exempt", client.post("/open"))
show(
    "https without referrer",
    client.post("/plain", base_url="https://localhost", headers={"X-CSRFToken": found}),
)
other = app.test_client()
show("the token of somebody else", other.post("/plain", headers={"X-CSRFToken": found}))

app.config["WTF_CSRF_ENABLED"] = False
show("guard off", client.post("/", data={"name": "ada", "count": 2}))
with app.test_request_context("/", method="POST", data={"name": "eve", "count": "3"}):
    form = Order()
    print(form.validate_on_submit(), form.data["name"], form.data["count"])
    print(Order(MultiDict(), meta={"csrf": False}).validate())
