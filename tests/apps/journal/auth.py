"""Who writes: joining, entering, leaving."""

import functools
import sqlite3

from framework import Blueprint, flash, g, redirect, render_template, request, session, url_for
from werkzeug.security import check_password_hash, generate_password_hash

from .database import ask

part = Blueprint("auth", __name__, url_prefix="/auth")
QUICK = "pbkdf2:sha256:1000"


@part.before_app_request
def find_writer():
    number = session.get("writer")
    found = ask("SELECT * FROM writer WHERE id = ?", number) if number else []
    g.writer = found[0] if found else None


def writers_only(view):
    """Send everybody else to the door, and back afterwards."""

    @functools.wraps(view)
    def guarded(**values):
        if g.writer is None:
            flash("Please enter first.", "hint")
            return redirect(url_for("auth.enter", back=request.full_path.rstrip("?")))
        return view(**values)

    return guarded


@part.route("/join", methods=["GET", "POST"])
def join():
    if request.method == "POST":
        name, word = request.form["name"].strip(), request.form["word"]
        problem = None
        if not name or not word:
            problem = "A name and a word are needed."
        else:
            try:
                ask(
                    "INSERT INTO writer (name, word) VALUES (?, ?)",
                    name,
                    generate_password_hash(word, QUICK),
                )
            except sqlite3.IntegrityError:
                problem = f"{name} is taken."
        if problem is None:
            flash(f"Welcome, {name}.")
            return redirect(url_for(".enter"))
        flash(problem, "problem")
    return render_template("auth/join.html")


@part.route("/enter", methods=["GET", "POST"])
def enter():
    if request.method == "POST":
        found = ask("SELECT * FROM writer WHERE name = ?", request.form["name"])
        if found and check_password_hash(found[0]["word"], request.form["word"]):
            session.clear()
            session["writer"] = found[0]["id"]
            session.permanent = "stay" in request.form
            return redirect(request.args.get("back") or url_for("front"), 303)
        flash("No such name and word.", "problem")
    return render_template("auth/enter.html")


@part.post("/leave")
def leave():
    session.clear()
    return redirect(url_for("front"))
