"""The database: opened when a request first needs it, closed when its context ends."""

import sqlite3

import click
from framework import current_app, g

closed = []


def ask(sql, *values):
    """Run one statement and return all rows."""
    if "db" not in g:
        g.db = sqlite3.connect(current_app.config["DATABASE"])
        g.db.row_factory = sqlite3.Row
        g.db.execute("PRAGMA foreign_keys = on")
        g.queries = 0
    g.queries += 1
    with g.db:
        return g.db.execute(sql, values).fetchall()


def close(error):
    """Close it; a teardown function."""
    db = g.pop("db", None)
    if db is not None:
        db.close()
        closed.append(None if error is None else type(error).__name__)


def put_into(app):
    app.teardown_appcontext(close)

    @app.cli.command("init-db")
    @click.option("--sample", is_flag=True, help="With two writers and some entries.")
    def init_db(sample):
        """Empty the database and make the tables."""
        ask("SELECT 1")
        for name in ["schema.sql", *(["sample.sql"] if sample else [])]:
            with current_app.open_resource(name, "r") as file:
                g.db.executescript(file.read())
        rows = ask("SELECT count(*) FROM entry")[0][0]
        click.echo(f"{current_app.name.partition('_')[0]}: ready, {rows} entries.")
