"""What is written: the list of entries, one of them, and changing it."""

from framework import (
    Blueprint,
    abort,
    current_app,
    flash,
    g,
    jsonify,
    redirect,
    render_template,
    request,
    stream_with_context,
    url_for,
)

from .auth import writers_only
from .database import ask

part = Blueprint("blog", __name__, static_folder="static", static_url_path="/look")
ALL = "SELECT entry.*, name FROM entry JOIN writer ON writer = writer.id"


@part.app_template_filter()
def shortened(text, length=12):
    return text if len(text) <= length else f"{text[:length]}…"


@part.app_template_test("mine")
def is_mine(entry):
    return g.writer is not None and entry["writer"] == g.writer["id"]


@part.url_value_preprocessor
def find_entry(_endpoint, values):
    if values and "number" in values:
        g.number = values["number"]


@part.route("/entries/")
def entries():
    size = current_app.config["PER_PAGE"]
    page = request.args.get("page", 1, int)
    total = ask("SELECT count(*) FROM entry")[0][0]
    found = ask(f"{ALL} ORDER BY entry.id DESC LIMIT ? OFFSET ?", size, (page - 1) * size)
    if page > 1 and not found:
        abort(404, f"There is no page {page}.")
    more = url_for("blog.entries", page=page + 1) if total > page * size else None
    return render_template("blog/entries.html", entries=found, more=more)


def _entry(number, *, mine=False):
    found = ask(f"{ALL} WHERE entry.id = ?", number)
    if not found:
        abort(404, f"There is no entry {number}.")
    if mine and not is_mine(found[0]):
        abort(403)
    return found[0]


@part.route("/entries/<int:number>")
def entry(number):
    return render_template("blog/entry.html", entry=_entry(number))


@part.route("/entries/<int:number>.json")
def entry_as_json(number):
    found = _entry(number)
    there = url_for(".entry", number=number, _external=True, _anchor="body")
    return jsonify(head=found["head"], by=found["name"], url=there, asked=g.number)


@part.route("/entries/all.txt")
def download():
    @stream_with_context
    def lines():
        for found in ask(f"{ALL} ORDER BY entry.id"):
            yield f"{request.host} {found['id']} {found['head']}\n"

    return lines(), {"Content-Type": "text/plain; charset=utf-8"}


@part.route("/entries/new", methods=["GET", "POST"])
@writers_only
def write():
    if request.method == "POST" and _accepted():
        ask(
            "INSERT INTO entry (writer, head, body) VALUES (?, ?, ?)",
            g.writer["id"],
            request.form["head"],
            request.form["body"],
        )
        return redirect(url_for("front"))
    return render_template("blog/write.html", entry=request.form)


@part.route("/entries/<int:number>/change", methods=["GET", "POST"])
@writers_only
def change(number):
    there = _entry(number, mine=True)
    if request.method == "POST" and _accepted():
        ask(
            "UPDATE entry SET head = ?, body = ? WHERE id = ?",
            request.form["head"],
            request.form["body"],
            number,
        )
        return redirect(url_for(".entry", number=number))
    return render_template("blog/write.html", entry=there)


@part.route("/entries/<int:number>", methods=["DELETE"])
@part.post("/entries/<int:number>/remove")
@writers_only
def remove(number):
    _entry(number, mine=True)
    ask("DELETE FROM entry WHERE id = ?", number)
    flash(f"Entry {number} is gone.")
    return redirect(url_for("front"))


def _accepted():
    if not request.form["head"].strip():
        flash("It needs a head.", "problem")
        return False
    return True
