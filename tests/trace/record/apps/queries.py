"""Databases, with sqlite3 and with SQLAlchemy."""

import sqlite3
from contextlib import closing

import sqlalchemy
from sqlalchemy.pool import StaticPool

from tests.trace.record.apps.registry import app_for_both, wsgi
from tests.trace.record.same import Ask


def noting(notes):
    """Return a connection whose every statement is noted, as the database gets it."""
    made = sqlite3.connect(":memory:", isolation_level=None)
    made.set_trace_callback(lambda text: notes.append(("sql", text)))
    return made


@app_for_both
def it_asks_sqlite(lib, notes):
    app = lib.Flask("sqlite")

    @app.route("/")
    def index():
        with closing(noting(notes)) as base:
            base.row_factory = sqlite3.Row
            base.executescript("CREATE TABLE a (n INTEGER, t TEXT); CREATE INDEX i ON a (n);")
            base.executemany("INSERT INTO a VALUES (?, ?)", ((n, str(n)) for n in range(3)))
            cursor = base.cursor()
            notes.append(cursor.execute("SELECT n, t FROM a WHERE n > ?", (0,)) is cursor)
            notes.append([tuple(row) for row in cursor])
            row = base.execute("SELECT t FROM a WHERE n = :n", {"n": 1}).fetchone()
            notes.append((type(row).__name__, row["t"], base.total_changes, cursor.rowcount))
            notes.append(cursor.execute("UPDATE a SET t = 'x' WHERE n < 2").rowcount)
            notes.append((cursor.lastrowid, cursor.description, list(base.iterdump())))
        return "asked"

    return app, [Ask(), Ask()]


@app_for_both
def it_asks_sqlite_wrongly(lib, notes):
    app = lib.Flask("wrong")
    asked = [
        lambda base: base.execute(),
        lambda base: base.execute(7),
        lambda base: base.execute("SELECT ?", sql=1),
        lambda base: base.execute("SELEC"),
        lambda base: base.execute("SELECT ?"),
        lambda base: base.execute("SELECT :a", {"b": 1}),
        lambda base: base.executemany("INSERT INTO nowhere VALUES (?)", [(1,)]),
        lambda base: base.executescript(b"SELECT 1"),
        lambda base: base.cursor(lambda _base: 1),
    ]

    @app.route("/")
    def index():
        with closing(noting(notes)) as base:
            for ask in asked:
                try:
                    notes.append(ask(base))
                except Exception as error:  # noqa: BLE001
                    notes.append((type(error), str(error)))
        return "asked"

    return app, [Ask()]


class OwnConnection(sqlite3.Connection):
    """An app's own."""


@app_for_both
def what_sqlite_gives_looks_as_it_did(lib, notes):
    app = lib.Flask("looks")

    @app.route("/")
    def index():
        with closing(sqlite3.connect(":memory:")) as base, closing(base.cursor()) as cursor:
            for thing, kind in ((base, sqlite3.Connection), (cursor, sqlite3.Cursor)):
                notes.append((isinstance(thing, kind), repr(thing).partition(" at ")[0]))
                notes.append((type(thing).__name__, type(thing).__doc__, hasattr(thing, "x")))
            notes.append(cursor.connection is base)
        with closing(sqlite3.connect(":memory:", factory=OwnConnection)) as base:
            notes.append((type(base), type(base.cursor())))
        with closing(sqlite3.connect(":memory:", 5, 0, None, True, OwnConnection)) as base:
            notes.append((type(base), type(base.cursor())))
        return sqlite3.connect.__name__

    return app, [Ask()]


@app_for_both
def it_asks_with_sqlalchemy(lib, notes):
    app = lib.Flask("sqlalchemy")
    engine = sqlalchemy.create_engine(
        "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
    )
    notes.end.callback(engine.dispose)
    sent = lambda *given: notes.append(("sent", given[2], given[3], given[5]))  # noqa: E731
    sqlalchemy.event.listen(engine, "before_cursor_execute", sent)
    table = sqlalchemy.Table(
        "a", sqlalchemy.MetaData(), sqlalchemy.Column("n", sqlalchemy.Integer, primary_key=True)
    )

    @app.route("/")
    def index():
        with engine.begin() as base:
            table.drop(base, checkfirst=True)
            table.create(base)
            base.execute(table.insert(), [{"n": 1}, {"n": 2}, {"n": 3}])
            result = base.execute(table.select().where(table.c.n.in_([1, 2])))
            notes.append([tuple(row) for row in result])
            notes.append(base.execute(table.delete().where(table.c.n == 1)).rowcount)
            try:
                base.execute(sqlalchemy.text("SELECT x FROM a"))
            except sqlalchemy.exc.OperationalError as error:
                notes.append((str(error), type(error.orig)))
        return "asked"

    return app, [Ask(), Ask()]


@wsgi
def an_app_of_wsgi_asks(notes):
    def app(environ, start_response):
        with closing(noting(notes)) as base:
            text = base.execute("SELECT 'asked'").fetchone()[0]
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [text.encode()]

    return app, [Ask()]
