"""The example shop: pages that are fast, slow, private, broken and streamed."""

import csv
import io
import os
import secrets
import shutil
import sqlite3
import tempfile
import time
import weakref
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from werkzeug.exceptions import NotFound
from werkzeug.security import check_password_hash, generate_password_hash
from werkzeug.wrappers import Response as BaseResponse

from flasktrace import (
    Flask,
    Response,
    abort,
    current_app,
    event,
    flash,
    g,
    redirect,
    render_template,
    request,
    session,
    span,
    url_for,
)

DEMO_USER = "ada"
DEMO_PASSWORD = "lovelace"  # noqa: S105 - printed on the login page for everybody to use

PRIVATE = ("cart", "account")
"""First parts of the paths that ask for a login."""

MOST = 99
"""More of one product does not fit into a cart."""

SCHEMA = (
    """CREATE TABLE IF NOT EXISTS products (
        id INTEGER PRIMARY KEY, shelf TEXT, name TEXT, text TEXT, cents INTEGER, stock INTEGER)""",
    """CREATE TABLE IF NOT EXISTS users (
        id INTEGER PRIMARY KEY, name TEXT UNIQUE, password TEXT)""",
    """CREATE TABLE IF NOT EXISTS carts (
        user_id INTEGER REFERENCES users, product_id INTEGER REFERENCES products,
        quantity INTEGER, PRIMARY KEY (user_id, product_id))""",
)

PRODUCTS = (
    ("Paper", "Punched cards", "A box of one hundred, blank on both sides.", 1250, 40),
    ("Paper", "Squared notebook", "For tables, diagrams and second thoughts.", 790, 120),
    ("Paper", "Logarithm tables", "Seven places, checked twice by hand.", 1900, 14),
    ("Paper", "Blotting paper", "Twenty sheets that forgive.", 350, 300),
    ("Paper", "Tracing paper", "See what lies under it. A3, fifty sheets.", 980, 75),
    ("Brass", "Gear wheel", "Forty teeth, cut and filed.", 2400, 22),
    ("Brass", "Hand crank", "One turn, one addition.", 3600, 9),
    ("Brass", "Carry lever", "Moves the ten to where it belongs.", 1450, 31),
    ("Brass", "Desk bell", "Rings when the engine wants more cards.", 1750, 18),
    ("Brass", "Plumb bob", "Always right about down.", 1290, 27),
    ("Thread", "Silk ribbon", "Five metres, midnight blue.", 640, 90),
    ("Thread", "Loom shuttle", "Pear wood, smooth as an argument.", 2150, 12),
    ("Thread", "Linen twine", "Holds a parcel or a plan together.", 420, 160),
    ("Thread", "Wool, four colours", "Enough to prove a theorem about maps.", 1190, 44),
    ("Thread", "Bobbin rack", "Twelve pegs, oiled oak.", 2890, 7),
    ("Books", "Notes on the engine", "With the famous note G.", 1550, 33),
    ("Books", "A treatise on flying", "Steam, wings and much ambition.", 1320, 16),
    ("Books", "The puzzle of the bells", "Every change there is on six.", 990, 21),
    ("Books", "Tables of the tides", "For harbours that keep time.", 870, 58),
    ("Books", "Letters to a friend", "On mathematics, music and money.", 1080, 25),
)

SHIPPING_ZONES = {"GB": "home", "FR": "near", "US": "far"}


def create_app(database: str = "") -> Flask:
    """Make the shop on a database file; without one, on a file that goes when the app goes."""
    app = Flask(__name__)
    app.config["SECRET_KEY"] = secrets.token_hex()
    app.config["SESSION_COOKIE_SAMESITE"] = "Lax"
    app.config["DATABASE"] = database or own_database(app)
    fill(app.config["DATABASE"])
    add_hooks(app)
    add_pages(app)
    return app


def add_hooks(app: Flask) -> None:
    """Register what runs around every page."""
    app.before_request(load_user)
    app.before_request(require_login)
    app.after_request(keep_private)
    app.teardown_request(close_database)
    app.context_processor(visitor)
    app.errorhandler(ValueError)(bad_value)
    app.errorhandler(404)(not_found)


def add_pages(app: Flask) -> None:
    """Register the pages."""
    app.add_url_rule("/", view_func=home)
    app.add_url_rule("/products/<int:id>", view_func=product)
    app.add_url_rule("/login", view_func=login, methods=["GET", "POST"])
    app.add_url_rule("/logout", view_func=logout, methods=["POST"])
    app.add_url_rule("/account", view_func=account)
    app.add_url_rule("/cart", view_func=cart)
    app.add_url_rule("/cart/add", view_func=add_to_cart, methods=["POST"])
    app.add_url_rule("/about/", view_func=about)
    app.add_url_rule("/report", view_func=report)
    app.add_url_rule("/crash", view_func=crash)
    app.add_url_rule("/export.csv", view_func=export)
    app.add_url_rule("/api/products", view_func=api_products)


# The database


def own_database(app: Flask) -> str:
    """Return a new file, removed with its folder when the app is gone or the process ends."""
    folder = tempfile.mkdtemp(prefix="flasktrace-shop-")
    weakref.finalize(app, remove_own, folder, os.getpid())
    return os.path.join(folder, "shop.db")  # noqa: PTH118 - sqlite3 and config want a str


def remove_own(folder: str, owner: int) -> None:
    """Remove the folder, but not in a forked worker: the others still use it."""
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)


def connect(path: str) -> sqlite3.Connection:
    """Open the database with rows that are read by name."""
    connection = sqlite3.connect(path)
    connection.row_factory = sqlite3.Row
    return connection


def fill(path: str) -> None:
    """Make the tables and put the products and the demo user in, if they are not there."""
    products = [(number, *row) for number, row in enumerate(PRODUCTS, start=1)]
    user = (1, DEMO_USER, generate_password_hash(DEMO_PASSWORD))
    with closing(connect(path)) as db, db:
        for table in SCHEMA:
            db.execute(table)
        db.executemany("INSERT OR IGNORE INTO products VALUES (?, ?, ?, ?, ?, ?)", products)
        db.execute("INSERT OR IGNORE INTO users VALUES (?, ?, ?)", user)


def database() -> sqlite3.Connection:
    """Return the connection of this request, opened when it is first needed."""
    if "db" not in g:
        g.db = connect(current_app.config["DATABASE"])
    connection: sqlite3.Connection = g.db
    return connection


def close_database(_error: BaseException | None) -> None:
    """Close the connection of this request, if it opened one."""
    connection = g.pop("db", None)
    if connection is not None:
        connection.close()


# Around every page


def load_user() -> None:
    """Put the user who is logged in into ``g``, or None."""
    g.user = None
    if "user_id" in session:
        query = "SELECT id, name FROM users WHERE id = ?"
        row = database().execute(query, (session["user_id"],)).fetchone()
        g.user = dict(row) if row else None


def require_login() -> BaseResponse | None:
    """Send visitors of private pages to the login first."""
    if g.user or request.path.split("/")[1] not in PRIVATE:
        return None
    # Kept in the signed session and not in the URL, where a stranger could choose it.
    session["after_login"] = request.path if request.method == "GET" else url_for("cart")
    flash("Please log in first.")
    return redirect(url_for("login"))


def keep_private(response: Response) -> Response:
    """Keep pages that were made for one user out of shared caches."""
    if g.get("user") and response.mimetype == "text/html":
        response.headers["Cache-Control"] = "private, no-store"
    return response


def visitor() -> dict[str, Any]:
    """Tell every template who looks at it, and what is in the cart."""
    user = g.get("user")
    return {"user": user, "in_cart": count_cart(user["id"]) if user else 0}


def count_cart(user_id: int) -> int:
    """Return how many things are in the user's cart."""
    query = "SELECT coalesce(sum(quantity), 0) FROM carts WHERE user_id = ?"
    return int(database().execute(query, (user_id,)).fetchone()[0])


def bad_value(error: ValueError) -> tuple[str, int]:
    """Tell what was wrong with a value that came from a form."""
    return render_template("error.html", title="That will not do", message=str(error)), 400


def not_found(error: NotFound) -> tuple[str, int]:
    """Tell that nothing is here."""
    return render_template("error.html", title="Not found", message=error.description), 404


# Pages


def home() -> str:
    """Show all products."""
    products = database().execute("SELECT * FROM products ORDER BY id").fetchall()
    return render_template("home.html", products=products)


def product(id: int) -> str:  # noqa: A002 - the name that the URL rule gives it
    """Show one product."""
    row = database().execute("SELECT * FROM products WHERE id = ?", (id,)).fetchone()
    if row is None:
        abort(404, f"There is no product {id}.")
    return render_template("product.html", product=row, most=MOST)


def login() -> str | BaseResponse | tuple[str, int]:
    """Ask for name and password; a right pair starts a new session."""
    if request.method == "GET":
        return render_template("login.html", name=DEMO_USER, password=DEMO_PASSWORD)
    user_id = check_login(request.form.get("name", ""), request.form.get("password", ""))
    if user_id is None:
        flash("This name and password do not go together.")
        return render_template("login.html", name=DEMO_USER, password=DEMO_PASSWORD), 401
    target = session.get("after_login", url_for("account"))
    session.clear()
    session["user_id"] = user_id
    flash("Welcome back!")
    return redirect(target, 303)


def check_login(name: str, password: str) -> int | None:
    """Return the id of the user with this name and password."""
    row = database().execute("SELECT * FROM users WHERE name = ?", (name,)).fetchone()
    if row is None:
        return None
    with span("check password"):
        right = check_password_hash(row["password"], password)
    return int(row["id"]) if right else None


def logout() -> BaseResponse:
    """Forget the visitor."""
    session.clear()
    flash("See you soon.")
    return redirect(url_for("home"), 303)


def account() -> str:
    """Show the user who is logged in."""
    return render_template("account.html")


def cart() -> str:
    """Show what is in the cart and what it costs."""
    query = """SELECT products.*, quantity, quantity * cents AS total
        FROM carts JOIN products ON products.id = product_id WHERE user_id = ? ORDER BY id"""
    items = database().execute(query, (g.user["id"],)).fetchall()
    with span("price cart", items=len(items)):
        total = sum(item["total"] for item in items)
    return render_template("cart.html", items=items, total=total)


def add_to_cart() -> BaseResponse:
    """Put some of one product into the cart."""
    chosen = find_product(request.form.get("product", ""))
    quantity = parse_quantity(request.form.get("quantity", "1"))
    query = """INSERT INTO carts VALUES (?, ?, ?) ON CONFLICT DO UPDATE
        SET quantity = min(quantity + excluded.quantity, ?)"""
    with database() as db:
        db.execute(query, (g.user["id"], chosen["id"], quantity, MOST))
    event("added to cart", product=chosen["id"], quantity=quantity)
    flash(f"{chosen['name']}: {quantity} more in your cart.")
    return redirect(url_for("cart"), 303)


def find_product(number: str) -> sqlite3.Row:
    """Return the product with this number, as a form sends it."""
    query = "SELECT * FROM products WHERE id = ?"
    row: sqlite3.Row | None = database().execute(query, (number,)).fetchone()
    if row is None:
        raise ValueError(f"There is no product {number!r}.")
    return row


def parse_quantity(text: str) -> int:
    """Return the quantity that a form sends, between 1 and `MOST`."""
    if not (text.isdecimal() and 1 <= int(text) <= MOST):
        raise ValueError(f"The quantity is a number from 1 to {MOST}, not {text!r}.")
    return int(text)


def about() -> str:
    """Tell what this shop is."""
    return render_template("about.html")


# Pages that are slow, broken, streamed or for programs


def report() -> str:
    """Count the stock, slowly enough to see where the time goes."""
    with span("load stock"):
        time.sleep(0.04)
        stock = database().execute("SELECT shelf, cents, stock FROM products").fetchall()
    shelves = dict.fromkeys(row["shelf"] for row in stock)
    with span("count shelves", shelves=len(shelves)):
        values = {shelf: count_shelf(shelf, stock) for shelf in shelves}
    return render_template("report.html", values=values, total=sum(values.values()))


def count_shelf(shelf: str, stock: list[sqlite3.Row]) -> int:
    """Return what the things on one shelf are worth, in cents."""
    with span("count shelf", shelf=shelf):
        time.sleep(0.025)
        return sum(row["cents"] * row["stock"] for row in stock if row["shelf"] == shelf)


def crash() -> str:
    """Fail two calls further down."""
    return f"Shipping costs {shipping_cents('AQ')} cents."


def shipping_cents(country: str) -> int:
    """Return what a parcel to the country costs."""
    return {"home": 300, "near": 900, "far": 1800}[shipping_zone(country)]


def shipping_zone(country: str) -> str:
    """Return the zone of a country. Nobody thought of the Antarctic."""
    return SHIPPING_ZONES[country]


def export() -> Response:
    """Send all products as CSV, line by line."""
    # Read here: when the lines are sent, the request's connection is closed already.
    rows = database().execute("SELECT id, shelf, name, cents, stock FROM products").fetchall()
    headers = {"Content-Disposition": 'attachment; filename="products.csv"'}
    return Response(csv_lines(rows), mimetype="text/csv", headers=headers)


def csv_lines(rows: list[sqlite3.Row]) -> Iterator[str]:
    """Yield a CSV line per row, with a pause before each, as from a slow source."""
    yield csv_line(("id", "shelf", "name", "cents", "stock"))
    for row in rows:
        time.sleep(0.01)
        yield csv_line(tuple(row))


def csv_line(values: tuple[object, ...]) -> str:
    """Return the values as one line of CSV."""
    line = io.StringIO()
    csv.writer(line).writerow(values)
    return line.getvalue()


def api_products() -> dict[str, Any]:
    """Answer with all products as JSON."""
    rows = database().execute("SELECT * FROM products ORDER BY id").fetchall()
    return {"products": [dict(row) for row in rows]}
