"""What stands in ``g`` and elsewhere, and must not be touched."""

import asyncio
import datetime as dt
import decimal
import enum
import logging
import sqlite3
import threading
import unittest.mock
from contextlib import closing

import flasktrace
from tests.trace.record.apps.hostile import Hostile, HostileDict
from tests.trace.record.apps.registry import app_for_both
from tests.trace.record.same import Ask


@app_for_both
def fault_18_hostile_values(lib, notes):
    app = lib.Flask("hostile")

    @app.before_request
    def load():
        lib.g.user = Hostile()
        lib.g.map = HostileDict(a=1)
        lib.g.nested = {"list": [Hostile(), (Hostile(),)]}

    @app.route("/")
    def index():
        with flasktrace.span("work", thing=Hostile()):
            flasktrace.event("point", thing=Hostile())
        return "fine"

    @app.route("/args")
    def args():
        lib.request.view_args = {"thing": Hostile()}
        lib.g.more = 1
        return "fine"

    @app.route("/raise")
    def fail():
        raise ValueError(Hostile())

    app.errorhandler(ValueError)(lambda error: ("caught", 400))
    app.teardown_request(lambda error: notes.append(Hostile.calls))
    return app, [Ask(), Ask("/args"), Ask("/raise", status=400)]


@app_for_both
def fault_20_odd_values(lib, notes):
    app = lib.Flask("odd")

    @app.before_request
    def load():
        cycle = [1]
        cycle.append(cycle)
        deep = []
        for _ in range(10_000):
            deep = [deep]
        lib.g.values = [cycle, 10**5000, float("nan"), "\ud800", "a\0b", {b"k": 1, None: 2}, -0.0]
        lib.g.deep, lib.g.wide = deep, dict.fromkeys(range(100_000))
        lib.g.mock, lib.g.proxy = unittest.mock.MagicMock(), lib.request
        lib.g.generator = (notes.append("consumed") for _ in range(3))
        lib.g.file = open("/dev/null")  # noqa: PTH123, SIM115
        lib.g.coroutine = asyncio.sleep(0)

    @app.route("/")
    def index():
        notes.append(next(lib.g.generator))
        return "fine"

    @app.teardown_request
    def close(error):
        lib.g.file.close()
        lib.g.coroutine.close()

    return app, [Ask()]


@app_for_both
def fault_18_hostile_things_in_the_log(lib, notes):
    class Quiet(logging.Handler):
        def emit(self, record):
            notes.append((record.msg, len(record.args or ())))

    logger = logging.Logger("hostile")  # noqa: LOG001 - one that the server's own does not hear
    logger.addHandler(Quiet())
    app = lib.Flask("hostile log")

    @app.route("/")
    def index():
        logger.warning("a %s and %r", Hostile(), Hostile(), extra={"thing": Hostile()})
        return "logged"

    return app, [Ask()]


@app_for_both
def fault_18_hostile_things_in_a_template(lib, notes):
    app = lib.Flask("hostile template")
    app.context_processor(lambda: {"more": Hostile()})

    @app.route("/")
    def index():
        return lib.render_template_string("{{ 1 }}", thing=Hostile(), map=HostileDict(a=1))

    return app, [Ask()]


@app_for_both
def fault_18_hostile_things_in_the_url(lib, notes):
    app = lib.Flask("hostile url")
    base = app.url_map.converters["default"]

    class Thing(base):
        def to_python(self, value):
            return Hostile()

    app.url_map.converters["thing"] = Thing

    @app.route("/<thing:thing>")
    def index(thing):
        return "taken"

    return app, [Ask("/x")]


@app_for_both
def fault_18_a_hostile_g(lib, notes):
    class G:
        def __getattr__(self, name):
            notes.append(f"asked for {name}")
            raise AttributeError(name)

        def __repr__(self):
            notes.append("touched")
            return "touched"

        __len__ = __iter__ = __contains__ = __eq__ = __repr__
        __hash__ = object.__hash__

    class App(lib.Flask):
        app_ctx_globals_class = G

    app = App("hostile g")

    @app.route("/")
    def index():
        lib.g.user = "ada"
        return lib.g.user

    return app, [Ask()]


@app_for_both
def fault_18_hostile_things_in_the_session(lib, notes):
    base = type(lib.Flask.session_interface).__mro__[1]

    class Session(dict):
        accessed = modified = False

    class Interface(base):
        def open_session(self, app, request):
            return Session(user=Hostile(), map=HostileDict(a=1), nested=[Hostile()])

        def save_session(self, app, session, response):
            notes.append(len(session))

    app = lib.Flask("hostile session")
    app.session_interface = Interface()
    app.add_url_rule("/", "index", lambda: "fine")
    return app, [Ask()]


@app_for_both
def fault_18_a_hostile_request(lib, notes):
    class Request(lib.Request):
        @property
        def form(self):
            raise AssertionError("parsed")

        @property
        def user_agent(self):
            raise AssertionError("asked")

        def __getattr__(self, name):
            notes.append(f"asked for {name}")
            raise AttributeError(name)

        def __repr__(self):
            raise AssertionError("shown")

    class App(lib.Flask):
        request_class = Request

    app = App("hostile request")
    app.add_url_rule("/", "index", lambda: lib.request.method)
    return app, [Ask(), Ask("/none", status=404)]


class Row:
    """What an object of a database's session is like: looking at it asks the database."""

    def __init__(self, database, number):
        self.__dict__.update(database=database, number=number)

    def __getattr__(self, name):
        return self.database.execute("SELECT ?", (name,)).fetchone()[0]

    def __repr__(self):
        return f"<Row {self.name}>"

    __str__ = __repr__

    def __len__(self):
        return len(self.name)


@app_for_both
def fault_19_rows_that_ask_the_database(lib, notes):
    app = lib.Flask("rows")
    database = notes.end.enter_context(closing(sqlite3.connect(":memory:", isolation_level=None)))
    database.set_trace_callback(lambda text: notes.append(("sql", text)))

    @app.route("/")
    def index():
        lib.g.row, lib.g.rows = Row(database, 1), [Row(database, 2)]
        lib.g.cursor = database.execute("SELECT 1 UNION SELECT 2")
        with flasktrace.span("query", row=Row(database, 3)):
            notes.append(lib.g.row.color)
        notes.append(lib.g.cursor.fetchall())
        return lib.render_template_string("{{ row.name }}", row=lib.g.row)

    @app.route("/fail")
    def fail():
        raise LookupError(Row(database, 4))

    app.errorhandler(LookupError)(lambda error: ("not found", 404))
    app.teardown_request(lambda error: notes.append(database.total_changes))
    return app, [Ask(), Ask("/fail", status=404)]


@app_for_both
def fault_19_objects_of_sqlalchemy(lib, notes):
    import sqlalchemy
    from sqlalchemy import orm

    class Base(orm.DeclarativeBase):
        pass

    class User(Base):
        __tablename__ = "user"
        id = sqlalchemy.Column(sqlalchemy.Integer, primary_key=True)
        name = sqlalchemy.Column(sqlalchemy.String)

        def __repr__(self):
            return f"<User {self.name}>"

    engine = sqlalchemy.create_engine("sqlite://", poolclass=sqlalchemy.StaticPool)
    Base.metadata.create_all(engine)
    sqlalchemy.event.listen(
        engine, "before_cursor_execute", lambda *args: notes.append(("sql", args[2], args[3]))
    )
    app = lib.Flask("orm")

    @app.route("/")
    def index():
        with orm.Session(engine) as session:
            session.add(User(name="ada"))
            session.commit()
            lib.g.expired = session.query(User).first()
            session.commit()
            lib.g.pending = User(name="bob")
            session.add(lib.g.pending)
            lib.g.query, lib.g.select = session.query(User), sqlalchemy.select(User)
            with flasktrace.span("orm", user=lib.g.expired):
                lib.g.result = session.execute(sqlalchemy.text("SELECT 1"))
            notes.append(lib.g.result.all())
            session.expunge(lib.g.expired)
            notes.append(sqlalchemy.inspect(lib.g.expired).detached)
            session.rollback()
        return "stored"

    app.teardown_request(lambda error: engine.dispose())
    return app, [Ask()]


class Color(enum.Enum):
    RED = "red"

    def __repr__(self):
        raise AssertionError("shown")


@app_for_both
def fault_20_values_of_many_types(lib, notes):
    app = lib.Flask("types")
    unbound = type(lib.request)(lambda: 1 / 0)

    async def never():
        return 1

    async def numbers():
        yield 1

    @app.before_request
    def load():
        lib.g.lock, lib.g.condition = threading.Lock(), threading.Condition()
        lib.g.enum, lib.g.number = Color.RED, decimal.Decimal("sNaN")
        lib.g.moment, lib.g.zone = dt.datetime.max.replace(tzinfo=dt.UTC), dt.UTC
        lib.g.unbound, lib.g.app = unbound, lib.current_app
        lib.g.agen, lib.g.coroutine = numbers(), never()
        lib.g.lines, lib.g.view = iter(["a", "b"]), memoryview(b"abc")
        lib.g.module, lib.g.kind, lib.g.ellipsis = sqlite3, type, ...

    @app.route("/")
    def index():
        notes.append((list(lib.g.lines), lib.g.lock.locked()))
        return "typed"

    @app.teardown_request
    def end(error):
        lib.g.coroutine.close()

    return app, [Ask()]


@app_for_both
def fault_21_a_dict_that_another_thread_changes(lib, notes):
    app = lib.Flask("changing")
    shared = {"start": 0}
    stop = threading.Event()

    def change():
        number = 0
        while not stop.is_set():
            number += 1
            shared[f"k{number % 50}"] = number
            shared.pop(f"k{(number + 7) % 50}", None)

    @app.route("/")
    def index():
        lib.g.shared = shared
        worker = threading.Thread(target=change)
        worker.start()
        try:
            for _ in range(20):
                with flasktrace.span("look", shared=shared):
                    pass
        finally:
            stop.set()
            worker.join()
        return "done"

    return app, [Ask()]


@app_for_both
def fault_21_a_value_that_grows_without_end(lib, notes):
    app = lib.Flask("growing")

    @app.route("/")
    def index():
        circle = {}
        circle["self"] = circle
        lib.g.circle, lib.g.text, lib.g.bytes = circle, "x" * 10_000_000, b"y" * 10_000_000
        lib.g.many = {f"key {number}": [number] for number in range(50_000)}
        return "grown"

    return app, [Ask()]


@app_for_both
def fault_22_text_that_is_none(lib, notes):
    app = lib.Flask("text")
    app.secret_key = "key"

    @app.route("/")
    def index():
        setattr(lib.g, "\ud800", "\udfff")
        lib.g.__dict__[b"bytes"] = lib.g.__dict__[7] = "\0"
        lib.session["\u202e"] = "\x1b[2J"
        with flasktrace.span("\ud800", key="\0", **{"\ud800": "\x9b"}):
            flasktrace.event("\u202e\n", number=10**5000, other=float("inf"))
        return "text"

    @app.route("/fail")
    def fail():
        raise ValueError("\ud800\0\x1b]0;title\x07")

    app.errorhandler(ValueError)(lambda error: ("caught", 400))
    return app, [Ask(), Ask("/fail", status=400)]
