"""Flask-Login: a page for members, a door, a way out, and a client that is remembered."""
# ruff: noqa: T201 - what is printed is compared

import flask_login
from flask import Flask, flash, redirect, render_template_string, request, url_for
from show import show

app = Flask("members")
app.config.update(SECRET_KEY="the same for both", TESTING=True)
keeper = flask_login.LoginManager(app)
keeper.login_view = "door"
keeper.login_message = "Members only."
keeper.refresh_view = "door"

PEOPLE = {"1": ("ada", "lace"), "2": ("bob", "builder")}


class Member(flask_login.UserMixin):
    def __init__(self, number):
        self.id = number
        self.name = PEOPLE[number][0]


@keeper.user_loader
def load(number):
    return Member(number) if number in PEOPLE else None


@keeper.request_loader
def load_from_header(asked):
    key = asked.headers.get("X-Member")
    return Member(key) if key in PEOPLE else None


@app.route("/")
def hall():
    return render_template_string(
        "{% if current_user.is_authenticated %}Hello {{ current_user.name }}"
        "{% else %}Hello stranger{% endif %}"
        "{% for text in get_flashed_messages() %} [{{ text }}]{% endfor %}"
    )


@app.route("/door", methods=["GET", "POST"])
def door():
    if request.method == "GET":
        return "Name and word, please."
    for number, pair in PEOPLE.items():
        if pair == (request.form["name"], request.form["word"]):
            flask_login.login_user(Member(number), remember="remember" in request.form)
            flash("Come in.")
            return redirect(request.args.get("next") or url_for("hall"))
    return "No.", 403


@app.route("/room")
@flask_login.login_required
def room():
    return f"The room of {flask_login.current_user.name}"


@app.route("/safe")
@flask_login.fresh_login_required
def safe():
    return "The safe"


@app.route("/out", methods=["POST"])
@flask_login.login_required
def out():
    flask_login.logout_user()
    return redirect(url_for("hall"))


heard = []


@flask_login.user_logged_in.connect_via(app)
def note_in(_sender, user):
    heard.append(f"in {user.name}")


@flask_login.user_logged_out.connect_via(app)
def note_out(_sender, user):
    heard.append(f"out {user.name}")


client = app.test_client()
show("a stranger in the hall", client.get("/"))
show("a stranger before the room", client.get("/room"))
show("the door", client.get("/door"))
show("a wrong word", client.post("/door", data={"name": "ada", "word": "x"}))
show("the right one", client.post("/door?next=/room", data={"name": "ada", "word": "lace"}))
show("the room", client.get("/room"))
show("the hall", client.get("/"))
show("the safe", client.get("/safe"))
show("out", client.post("/out"))
show("the room again", client.get("/room"))

show(
    "in, to be remembered",
    client.post("/door", data={"name": "bob", "word": "builder", "remember": "on"}),
)
client.delete_cookie("session")
show("remembered", client.get("/room"))
show("but not fresh", client.get("/safe"))
show("out for good", client.post("/out"))
client.delete_cookie("session")
show("forgotten", client.get("/room"))

show("by header", app.test_client().get("/room", headers={"X-Member": "2"}))

with app.test_client() as other:
    other.post("/door", data={"name": "ada", "word": "lace"})
    print("kept after the request:", flask_login.current_user.name)
app.test_client_class = flask_login.FlaskLoginClient
show("a client that is in", app.test_client(user=Member("2")).get("/room"))
show("and fresh", app.test_client(user=Member("2"), fresh_login=False).get("/safe"))
print(heard)
