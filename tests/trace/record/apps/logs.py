"""Logging and warnings."""

import gc
import logging
import sqlite3
import warnings
from contextlib import closing

import flasktrace
from tests.trace.record.apps.hostile import Hostile, HostileDict
from tests.trace.record.apps.registry import app_for_both, wrapped_with
from tests.trace.record.same import BOOM, Ask


@app_for_both
def it_logs_and_warns(lib, notes):
    app = lib.Flask("logs")

    @app.route("/")
    def index():
        app.logger.warning("a %s", "line")
        logging.getLogger("other").error("b")
        warnings.warn("old", DeprecationWarning, stacklevel=1)
        return "said"

    return app, [Ask(), Ask()]


class Chatty(logging.Handler):
    """Whose every line makes another, until it has enough."""

    def __init__(self, logger, notes):
        super().__init__()
        self.logger = logger
        self.notes = notes

    def emit(self, record):
        self.notes.append(record.getMessage())
        if len(record.getMessage()) < 8:
            self.logger.warning("%s!", record.getMessage())


def logger_of(name, handler):
    """Return a logger that is not known to the rest of the process."""
    logger = logging.Logger(name)  # noqa: LOG001
    logger.addHandler(handler)
    return logger


@app_for_both
def fault_51_a_handler_that_logs(lib, notes):
    app = lib.Flask("chatty")
    logger = logging.Logger("chatty")  # noqa: LOG001
    logger.addHandler(Chatty(logger, notes))

    @app.route("/")
    def index():
        logger.warning("said")
        return "said"

    return app, [Ask()]


@app_for_both
def fault_51_a_handler_that_asks_the_app(lib, notes):
    app = lib.Flask("asking")

    class Asking(logging.Handler):
        def emit(self, record):
            notes.append(app.test_client().get("/leaf").text)

    logger = logger_of("asking", Asking())

    @app.route("/")
    def index():
        logger.warning("said")
        return "said"

    app.add_url_rule("/leaf", "leaf", lambda: "leaf")
    return app, [Ask(children=1)]


@app_for_both
def fault_51_a_handler_that_raises(lib, notes):
    class Bad(logging.Handler):
        def emit(self, record):
            try:
                raise BOOM
            except ValueError:
                self.handleError(record)
            raise KeyError(record.getMessage())

        def handleError(self, record):  # noqa: N802
            notes.append("handled")

    app = lib.Flask("bad handler")
    logger = logger_of("bad", Bad())

    @app.route("/")
    def index():
        logger.warning("said")
        return "never"

    return app, [Ask(status=500, outcome="error")]


class Dying:
    """Logs and asks a database when it is collected."""

    def __init__(self, logger, database):
        self.logger = logger
        self.database = database
        self.me = self

    def __del__(self):
        self.logger.warning("collected")
        self.database.execute("SELECT 1")


@app_for_both
def fault_52_the_collector_runs_all_the_time(lib, notes):
    app = lib.Flask("collecting")
    logger = logging.getLogger("dying")
    database = notes.end.enter_context(closing(sqlite3.connect(":memory:", isolation_level=None)))
    database.set_trace_callback(lambda text: notes.append(("sql", text)))

    @app.route("/")
    def index():
        before = gc.get_threshold()
        gc.freeze()  # what other tests left behind is none of this one's
        gc.set_threshold(1)
        gc.enable()
        try:
            for number in range(5):
                lib.g.last = Dying(logger, database)
                with flasktrace.span("work", number=number):
                    lib.g.number = number
        finally:
            del lib.g.last
            gc.collect()
            gc.disable()
            gc.set_threshold(*before)
            gc.unfreeze()
        return "collected"

    app.teardown_appcontext(lambda error: database.total_changes)
    return app, [Ask()]


@app_for_both
def logs_of_every_kind(lib, notes):
    app = lib.Flask("kinds")

    @app.route("/")
    def index():
        logger = logging.getLogger("kinds.child")
        logger.info("with %(name)s", {"name": "a name"})
        logger.warning("stack", stack_info=True, extra={"user": "ada"})
        try:
            raise BOOM
        except ValueError:
            logger.exception("failed")
        logging.getLogger().critical("root")
        return "logged"

    return app, [Ask()]


@app_for_both
@wrapped_with(but=("err",))  # it tells the whole stack, with the tracer's place in it
def logs_that_cannot_be_written(lib, notes):
    app = lib.Flask("unwritable")
    logger = logger_of("unwritable", logging.StreamHandler(Written(notes)))

    @app.route("/")
    def index():
        logger.warning("%d", "no number")  # logging tells of it, with the stack
        logger.warning("%s and %s", "one")  # noqa: PLE1206
        logger.warning("%(name)s", {"other": 1})
        return "logged"

    return app, [Ask()]


class Written:
    """What is written is noted."""

    def __init__(self, notes):
        self.notes = notes

    def write(self, text):
        self.notes.append(text)

    def flush(self):
        pass


@app_for_both
def loggers_and_records_look_as_they_did(lib, notes):
    app = lib.Flask("looking")

    @app.route("/")
    def index():
        logger = logging.getLogger("looking.on")
        notes.append((logger.handlers, logger.filters, logger.level, logger.propagate))
        notes.append((len(logging.root.filters), logging.raiseExceptions))
        notes.append((logging.getLoggerClass(), logging.getLogRecordFactory()))
        notes.append((logging.Logger.filter.__name__, logging.Logger.filter.__doc__))
        logger.filters.append(refuse := lambda record: "secret" not in record.getMessage())
        logger.warning("secret")
        logger.warning("told", stacklevel=2)
        logger.filters.remove(refuse)
        record = logger.makeRecord("by.hand", 35, "x.py", 7, "made", None, None)
        logger.handle(record)
        notes.append(sorted(vars(record)))
        return "logged"

    return app, [Ask()]


@app_for_both
def fault_18_hostile_values_are_logged(lib, notes):
    app = lib.Flask("hostile logs")
    logger = logging.Logger("hostile")  # noqa: LOG001
    logger.addHandler(logging.NullHandler())

    @app.route("/")
    def index():
        logger.warning("%s %r", Hostile(), [Hostile()], extra={"thing": Hostile()})
        logger.warning(Hostile())
        logger.warning(
            "%s", *[HostileDict(a=1)] * 3
        )  # of one alone logging asks whether it is empty
        return "logged"

    return app, [Ask()]
