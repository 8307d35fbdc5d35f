"""Short texts of people who follow each other: one module, no blueprints."""

import sqlite3
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from framework import (
    Flask,
    Response,
    abort,
    flash,
    g,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from werkzeug.security import check_password_hash, generate_password_hash

SHOWN = 5
LONGEST = 40
DATABASE = ":memory:"
BEGINNING = 1_000_000_000

TABLES = """
CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT UNIQUE, mail TEXT, word TEXT);
CREATE TABLE follows (who INTEGER, whom INTEGER, UNIQUE (who, whom));
CREATE TABLE chirp (id INTEGER PRIMARY KEY, author INTEGER, text TEXT, at INTEGER);
"""
CHIRPS = """
SELECT chirp.id, text, at, name, mail FROM chirp JOIN person ON author = person.id
WHERE {} ORDER BY chirp.id DESC LIMIT ?
"""

app = Flask(__name__)
app.config.from_object(__name__)


def make_tables(path):
    app.config["DATABASE"] = str(path)
    Path(path).unlink(missing_ok=True)
    with sqlite3.connect(path) as db:
        db.executescript(TABLES)
    db.close()


def rows(sql, *values):
    return g.db.execute(sql, values).fetchall()


def row(sql, *values):
    return next(iter(rows(sql, *values)), None)


@app.before_request
def begin():
    g.db = sqlite3.connect(app.config["DATABASE"], isolation_level=None)
    g.db.row_factory = sqlite3.Row
    g.me = row("SELECT * FROM person WHERE id = ?", session.get("me"))


@app.teardown_request
def end(_error):
    if "db" in g:
        g.db.close()


@app.template_filter("when")
def when(seconds):
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d @ %H:%M")


@app.template_filter()
def face(mail, size=48):
    mark = sha256(mail.strip().lower().encode()).hexdigest()[:8]
    return f"https://faces.test/{mark}?s={size}"


@app.template_global()
def followed(name):
    if g.me is None:
        return False
    return row(
        "SELECT 1 FROM follows JOIN person ON whom = person.id WHERE who = ? AND name = ?",
        g.me["id"],
        name,
    )


def _me():
    if g.me is None:
        abort(401)
    return g.me["id"]


def _person(name):
    found = row("SELECT * FROM person WHERE name = ?", name)
    if found is None:
        abort(404)
    return found


@app.route("/")
def timeline():
    if g.me is None:
        return redirect(url_for("public"))
    mine = "author = :me OR author IN (SELECT whom FROM follows WHERE who = :me)"
    sql = CHIRPS.format(mine).replace("?", ":shown")
    found = g.db.execute(sql, {"me": g.me["id"], "shown": app.config["SHOWN"]}).fetchall()
    return render_template("timeline.html", chirps=found, head="Your timeline")


@app.route("/public")
def public():
    found = rows(CHIRPS.format("1"), app.config["SHOWN"])
    return render_template("timeline.html", chirps=found, head="Everybody")


@app.route("/@<name>")
def person(name):
    found = _person(name)
    chirps = rows(CHIRPS.format("author = ?"), found["id"], app.config["SHOWN"])
    return render_template("timeline.html", chirps=chirps, head=f"{found['name']}'s", whose=found)


@app.route("/@<name>/follow", methods=["POST"], defaults={"on": True})
@app.route("/@<name>/unfollow", methods=["POST"], defaults={"on": False})
def follow(name, on):
    me, whom = _me(), _person(name)["id"]
    if on:
        g.db.execute("INSERT OR IGNORE INTO follows VALUES (?, ?)", (me, whom))
        flash(f'You now follow "{name}"')
    else:
        g.db.execute("DELETE FROM follows WHERE who = ? AND whom = ?", (me, whom))
        flash(f'You no longer follow "{name}"')
    return redirect(url_for("person", name=name))


@app.route("/say", methods=["POST"])
def say():
    me, text = _me(), request.form["text"]
    if len(text) > app.config["LONGEST"]:
        abort(413)
    if text:
        count = row("SELECT count(*) FROM chirp")[0]
        sql = "INSERT INTO chirp (author, text, at) VALUES (?, ?, ?)"
        g.db.execute(sql, (me, text, app.config["BEGINNING"] + 3600 * count))
        flash("It is out.")
    return redirect(url_for("timeline"))


@app.route("/enter", methods=["GET", "POST"])
def enter():
    if g.me is not None:
        return redirect(url_for("timeline"))
    problem = None
    if request.method == "POST":
        found = row("SELECT * FROM person WHERE name = ?", request.form["name"])
        if found is None:
            problem = "Nobody has that name."
        elif not check_password_hash(found["word"], request.form["word"]):
            problem = "That is not the word."
        else:
            session["me"] = found["id"]
            session.permanent = True
            flash("You are in.")
            return redirect(url_for("timeline"))
    return render_template("enter.html", problem=problem, head="Enter")


@app.route("/join", methods=["GET", "POST"])
def join():
    problem = None
    if request.method == "POST":
        form = request.form
        if "@" not in form["mail"]:
            problem = "That is no address."
        elif form["word"] != form["again"]:
            problem = "The words differ."
        elif row("SELECT 1 FROM person WHERE name = ?", form["name"]):
            problem = "That name is taken."
        else:
            word = generate_password_hash(form["word"], "pbkdf2:sha256:1000")
            sql = "INSERT INTO person (name, mail, word) VALUES (?, ?, ?)"
            g.db.execute(sql, (form["name"], form["mail"], word))
            flash("Now enter.")
            return redirect(url_for("enter"))
    return render_template("enter.html", problem=problem, head="Join", joining=True)


@app.route("/leave")
def leave():
    session.pop("me", None)
    flash("You are out.")
    return redirect(url_for("public"))


@app.route("/feed/<path:names>")
def feed(names):
    marks = ",".join("?" * len(names.split("/")))
    found = rows(CHIRPS.format(f"name IN ({marks})"), *names.split("/"), SHOWN)
    lines = [f"{when(chirp['at'])} {chirp['name']}: {chirp['text']}\n" for chirp in found]
    answer = Response("".join(lines), mimetype="text/plain")
    answer.add_etag()
    return answer.make_conditional(request)


@app.route("/break")
def broken():
    return rows("SELECT * FROM nowhere")


@app.errorhandler(sqlite3.Error)
def no_database(error):
    return f"The database says: {error}", 503, {"Retry-After": "5"}


@app.errorhandler(401)
def who_are_you(error):
    error.description = "Enter first."
    return error
