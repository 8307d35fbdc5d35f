"""Logging and warnings."""

import gc
import logging
import sqlite3
import warnings
from contextlib import closing

import flasktrace
from tests.trace.record.apps.registry import app_for_both
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
