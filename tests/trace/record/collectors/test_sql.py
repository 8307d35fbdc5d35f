"""Queries as spans; that the app does not notice is tried in test_same."""

import asyncio
import sqlite3
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from contextvars import copy_context

import flask
import pytest
import sqlalchemy
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.pool import StaticPool

import flasktrace
from flasktrace.trace.record.collectors import awaited
from flasktrace.trace.record.collectors import sqlalchemy as listener
from flasktrace.trace.roles import queries, repeated
from flasktrace.trace.show import words
from tests.cases import many
from tests.trace.record.collectors.apps import HOSTS, traced


def asked(work, **options):
    """Return the queries that *work* sends on a new connection."""

    def index():
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as base:
            work(base)
        return "asked"

    return queries(traced(index, **options))


@pytest.mark.parametrize("host", HOSTS)
def test_a_query_is_a_span_under_the_names_of_opentelemetry(host):
    def index():
        with closing(sqlite3.connect(":memory:")) as base, flasktrace.span("price cart"):
            base.execute("SELECT 1 WHERE ? = ?", (1, 2))
        return "ok"

    trace = traced(index, HOSTS[host])
    (span,) = queries(trace)

    assert (span.kind, span.name) == ("sql", "SELECT")
    assert trace.spans[span.parent - 1].name == "price cart"
    assert span.attributes == {
        "db.system.name": "sqlite",
        "db.query.text": "SELECT 1 WHERE ? = ?",
        "db.query.parameter.0": "1",
        "db.query.parameter.1": "2",
        "code.function.name": "index",
        "code.file.path": __file__,
        "code.line.number": index.__code__.co_firstlineno + 2,
    }
    assert words.span_details(span) == "SELECT 1 WHERE ? = ? (1, 2)"


def test_what_is_sent_in_every_way_is_told_once():
    def work(base):
        base.executescript("CREATE TABLE a (n INTEGER); CREATE TABLE b (n INTEGER)")
        base.executemany("INSERT INTO a VALUES (?)", [(1,), (2,), (3,)])
        base.executemany("INSERT INTO a VALUES (?)", ((n,) for n in range(2)))
        base.cursor().execute("UPDATE a SET n = 7 WHERE n < :most", {"most": 2})
        base.execute("SELECT n FROM a").fetchall()
        with pytest.raises(sqlite3.OperationalError):
            base.execute("SELEC")

    found = asked(work)
    told = [
        (words.query_line(span)[:8], words.parameters(span), words.rows_changed(span))
        for span in found
    ]

    assert told == [
        ("CREATE T", "", ""),
        ("INSERT I", "", "3 rows"),
        ("INSERT I", "", "2 rows"),
        ("UPDATE a", "(most=2)", "3 rows"),
        ("SELECT n", "", ""),
        ("SELEC", "", ""),
    ]
    assert [span.attributes.get("db.operation.batch.size") for span in found[1:3]] == [3, None]
    assert words.outcome(found[-1]) == "raised sqlite3.OperationalError"


class Hostile:
    """An adapted value that must not be looked at by anybody but sqlite3."""

    def __conform__(self, _protocol):
        return 1

    def __repr__(self):
        raise SystemExit("touched")

    __str__ = __len__ = __iter__ = __repr__


def test_parameters_are_read_only_when_they_are_plain():
    class Row(dict):
        def items(self):
            raise SystemExit("touched")

        __iter__ = __repr__ = items

    def work(base):
        base.execute("SELECT ?", (Hostile(),))
        base.execute("SELECT :a", Row(a=1))
        base.execute(type("S", (str,), {})("SELECT 1"))
        base.execute(f"SELECT {', '.join('?' * 25)}", [0] * 25)

    first, second, third, last = asked(work)

    assert "Hostile 0x" in first.attributes["db.query.parameter.0"]
    assert "Row>" in second.attributes["db.query.parameters"]
    assert third.attributes["db.query.text"].endswith(".S>")
    assert last.attributes["db.query.parameters"] == "… 5 more"


def test_fault_40_secrets_leave_no_trace():
    canary = "canary-77e0"

    def work(base):
        base.execute("CREATE TABLE u (name TEXT, password TEXT)")
        base.execute("INSERT INTO u (name, password) VALUES (?, ?)", ("ada", canary))
        base.execute(f"INSERT INTO u (name, password) VALUES ('ada', '{canary}')")
        base.executemany("INSERT INTO u VALUES (?, ?)", [("bob", canary)])
        base.execute("SELECT 1 FROM u WHERE password = ?", [canary])
        base.execute("SELECT 1 FROM u WHERE password = :given", {"given": canary})
        base.execute("SELECT 1 FROM u WHERE name = :token", {"token": canary})
        base.execute("SELECT ?", (f"Bearer {canary}",))
        base.execute(f"SELECT 1 FROM u WHERE password = '{canary}'")

    found = asked(work)

    assert len(found) == 9
    assert canary not in repr(found)


def test_fault_50_a_flood_is_counted_to_the_last_query():
    count = 5_000 + many(95_000)

    def index():
        with closing(sqlite3.connect(":memory:")) as base:
            for _ in range(count):
                base.execute("SELECT 1")
        return "ok"

    trace = traced(index)

    assert len(queries(trace)) == 500
    assert trace.dropped == {"queries": count - 500}


def test_the_same_query_again_and_again_is_a_mark_with_its_sender():
    def load_lines(base, number):
        return base.execute(f"SELECT * FROM items WHERE cart = {number}")

    def index():
        with closing(sqlite3.connect(":memory:")) as base:
            base.execute("CREATE TABLE items (cart INTEGER)")
            for number in range(6):
                load_lines(base, number)
        return "ok"

    trace = traced(index)
    (found,) = repeated(trace.spans)
    line = load_lines.__code__.co_firstlineno + 1

    assert "N+1" in trace.marks
    assert words.repeat(found).startswith("⚠ N+1: 6 times SELECT * FROM items WHERE cart = ?, ")
    assert words.repeat(found).endswith(f", sent by load_lines (test_sql.py:{line})")


def test_a_query_that_the_user_has_marked_counts_once():
    def index():
        with closing(sqlite3.connect(":memory:")) as base:
            for number in range(5):
                with flasktrace.span("ask", **{"db.query.text": "SELECT ?"}):
                    base.execute("SELECT ?", (number,))
        return "ok"

    trace = traced(index)

    assert [span.kind for span in queries(trace)] == ["user"] * 5
    assert [found.count for found in repeated(trace.spans)] == [5]


def test_four_times_or_transactions_are_no_mark():
    def index():
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as base:
            for number in range(4):
                base.execute("BEGIN")
                base.execute("SELECT ?", (number,))
                base.execute("COMMIT")
            base.execute("BEGIN")
        return "ok"

    assert "N+1" not in traced(index).marks


def test_a_thread_tells_when_it_has_the_context():
    def ask(base):
        base.execute("SELECT 'beside'")

    def index():
        with closing(sqlite3.connect(":memory:", check_same_thread=False)) as base:
            for run in (copy_context().run, lambda function, given: function(given)):
                thread = threading.Thread(target=run, args=(ask, base), name="Worker")
                thread.start()
                thread.join()
        return "ok"

    (span,) = queries(traced(index))

    assert span.attributes["lane"] == "thread Worker"
    assert span.attributes["code.function.name"] == "ask"


def test_what_a_streamed_body_asks_belongs_to_the_body():
    app = flasktrace.Flask("stream")

    @app.get("/")
    def index():
        def rows():
            with closing(sqlite3.connect(":memory:")) as base:
                yield base.execute("SELECT 'streamed'").fetchone()[0]

        return rows()

    with flasktrace.capture(app) as traces, app.test_client().get("/") as answer:
        assert answer.text == "streamed"
    (span,) = queries(traces.last)

    assert traces.last.spans[span.parent - 1].kind == "body"
    assert span.attributes["code.function.name"] == "rows"


def test_tasks_of_an_async_view_tell_in_their_lanes():
    app = flasktrace.Flask("tasks")

    async def ask(number):
        await asyncio.sleep(0)
        with closing(sqlite3.connect(":memory:")) as base:
            base.execute("SELECT ?", (number,))

    @app.get("/")
    async def index():
        await asyncio.gather(*(ask(number) for number in range(3)))
        return "ok"

    with flasktrace.capture(app) as traces:
        app.test_client().get("/")
    found = queries(traces.last)

    assert sorted(words.parameters(span) for span in found) == ["(0)", "(1)", "(2)"]
    assert len({span.attributes["lane"] for span in found}) == 3
    assert {traces.last.spans[span.parent - 1].name for span in found} == {"index"}


def test_many_threads_each_tell_their_own():
    app = flask.Flask("busy")

    @app.get("/<int:number>")
    def index(number):
        with closing(sqlite3.connect(":memory:")) as base:
            for _ in range(20):
                base.execute("SELECT ?", (number,))
        return "ok"

    with flasktrace.capture(app) as traces, ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda number: app.test_client().get(f"/{number}"), range(many(500))))

    for trace in traces:
        told = {words.parameters(span) for span in queries(trace)}
        assert (told, len(queries(trace))) == ({f"({trace.path[1:]})"}, 20)


def test_sqlite3_is_as_it_was_afterwards():
    before = sqlite3.connect

    with closing(sqlite3.connect(":memory:")):
        asked(lambda base: base.execute("SELECT 1"))

    assert sqlite3.connect is before


def test_a_connection_that_outlives_the_tracer_goes_on():
    kept = []

    def index():
        kept.append((sqlite3.connect, sqlite3.connect(":memory:", check_same_thread=False)))
        return "ok"

    traced(index)
    connect, base = kept[0]
    with closing(base), closing(connect(":memory:")) as plain:
        assert base.execute("SELECT 1").fetchone() == (1,)
        assert type(plain) is sqlite3.Connection


# SQLAlchemy


def model(app):
    """Return a database of users, each with items, as apps have."""
    app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"
    db = SQLAlchemy(app)

    class User(db.Model):
        id = db.Column(db.Integer, primary_key=True)
        name = db.Column(db.String)
        password = db.Column(db.String)
        items = db.relationship("Item")

    class Item(db.Model):
        id = db.Column(db.Integer, primary_key=True)
        user_id = db.Column(db.ForeignKey("user.id"))

    with app.app_context():
        db.create_all()
        db.session.add_all(User(name=f"u{n}", password="canary-1") for n in range(6))
        db.session.commit()
    return db, User


def test_flask_sqlalchemy_with_a_lazy_relation_in_a_template():
    app = flask.Flask("shop")
    _, user = model(app)

    @app.route("/")
    def index():
        users = user.query.filter_by(password="canary-1").all()
        return flask.render_template_string(
            "{% for u in users %}\n{{ u.items }}{% endfor %}", users=users
        )

    with flasktrace.capture(app) as traces:
        assert app.test_client().get("/").status_code == 200
    trace = traces.last
    first, *others = queries(trace)
    (found,) = repeated(trace.spans)

    assert (first.name, first.attributes["db.system.name"]) == ("SELECT user", "sqlite")
    assert first.attributes["db.query.parameter.0"] == "••• str(8)"
    assert first.attributes["code.function.name"] == "index"
    assert (len(others), found.count, words.place(found.sender)) == (
        6,
        6,
        "template (<template>:2)",
    )
    assert "canary-1" not in repr(trace.to_dict())


def engine(**more):
    return sqlalchemy.create_engine("sqlite://", poolclass=StaticPool, **more)


def test_errors_and_batches_of_sqlalchemy_are_told():
    def index():
        base = engine()
        with base.begin() as connection:
            run = lambda text, *given: connection.execute(sqlalchemy.text(text), *given)  # noqa: E731
            run("CREATE TABLE a (n INTEGER, token TEXT)")
            run("INSERT INTO a VALUES (:n, 'x')", [{"n": 1}, {"n": 2}])
            assert run("DELETE FROM a WHERE n = :n", {"n": 1}).rowcount == 1
            with pytest.raises(sqlalchemy.exc.OperationalError):
                run("SELECT nothing FROM a")
        base.dispose()
        return "ok"

    trace = traced(index)
    create, insert, delete, wrong = queries(trace)

    assert create.name == "CREATE a"
    assert insert.attributes["db.operation.batch.size"] == 2
    assert words.rows_changed(delete) == "1 row"
    assert words.outcome(wrong) == "raised sqlite3.OperationalError"
    assert not trace.partial


def test_a_connection_of_sqlite3_under_sqlalchemy_is_told_once():
    def index():
        base = engine(creator=lambda: sqlite3.connect(":memory:"))
        with base.connect() as connection:
            connection.execute(sqlalchemy.text("SELECT 'once'"))
        base.dispose()
        return "ok"

    found = [words.query_line(span) for span in queries(traced(index))]

    assert found.count("SELECT 'once'") == 1


def test_the_listeners_are_gone_afterwards():
    def listening():
        return sqlalchemy.event.contains(
            sqlalchemy.engine.Engine, "before_cursor_execute", listener._before
        )

    seen = []

    def index():
        seen.append(listening())
        return "ok"

    traced(index)

    assert [*seen, listening()] == [True, False]


def test_what_the_app_has_not_imported_is_not_imported_but_waited_for(monkeypatch):
    monkeypatch.delitem(sys.modules, "sqlalchemy")
    done = []
    end = awaited.when_imported(
        "sqlalchemy", lambda: done.append("in") or (lambda: done.append("out"))
    )
    failed = []

    awaited.look(failed.append)
    assert (done, len(awaited.WAITING)) == ([], 1)

    monkeypatch.undo()
    awaited.look(failed.append)
    awaited.look(failed.append)
    assert (done, awaited.WAITING) == (["in"], [])

    end()
    assert (done, failed) == (["in", "out"], [])


def test_an_error_of_the_collector_stays_with_the_tracer(monkeypatch):
    from flasktrace.trace.record.collectors import queries as noting

    monkeypatch.setattr(noting, "begin", lambda *_given: 1 / 0)

    def index():
        base = engine()
        with closing(sqlite3.connect(":memory:")) as plain, base.connect() as connection:
            plain.execute("SELECT 1")
            connection.execute(sqlalchemy.text("SELECT 1"))
        base.dispose()
        return "ok"

    trace = traced(index)

    assert (trace.status, trace.partial, queries(trace)) == (200, True, [])
