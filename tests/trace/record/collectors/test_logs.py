"""Log records as events; that the app does not notice is tried in test_same."""

import io
import logging
import threading
from contextvars import copy_context
from enum import Enum

import pytest

import flasktrace
from flasktrace.trace.record.collectors import logs as collector
from flasktrace.trace.roles import logs
from flasktrace.trace.show import words
from tests.cases import many
from tests.trace.record.collectors.apps import HOSTS, traced

log = logging.Logger("shop.cart")  # noqa: LOG001 with no handler of pytest's, which would format
log.addHandler(logging.NullHandler())


@pytest.fixture(autouse=True)
def levels():
    log.setLevel(logging.DEBUG)
    yield
    log.filters.clear()


def told(say, **options):
    """Return the attributes of the records that *say* makes."""

    def index():
        say()
        return "said"

    return [event.attributes for event in logs(traced(index, **options))]


@pytest.mark.parametrize("host", HOSTS)
def test_a_record_is_an_event_under_the_names_of_opentelemetry(host):
    def index():
        with flasktrace.span("price cart"):
            log.warning("%d items for %s", 3, "ada")
        return "ok"

    trace = traced(index, HOSTS[host])
    (event,) = logs(trace)

    assert event.name == "log"
    assert event.attributes == {
        "severity_text": "WARNING",
        "severity_number": 13,
        "otel.scope.name": "shop.cart",
        "body": "3 items for ada",
        "code.function.name": "index",
        "code.file.path": __file__,
        "code.line.number": index.__code__.co_firstlineno + 2,
    }
    assert trace.spans[event.span - 1].name == "price cart"
    assert words.point_name(event) == "WARNING shop.cart: 3 items for ada"


@pytest.mark.parametrize(
    ("level", "number"),
    [(5, 1), (10, 5), (20, 9), (30, 13), (35, 13), (40, 17), (50, 21), (99, 21)],
)
def test_levels_are_numbered_as_opentelemetry_does(level, number):
    log.setLevel(1)

    assert told(lambda: log.log(level, "x"))[0]["severity_number"] == number


def test_what_a_level_or_a_filter_stops_is_not_told():
    def say():
        logging.Logger("low", logging.ERROR).warning("too low")  # noqa: LOG001
        log.addFilter(lambda record: "no" not in record.msg)
        log.error("no")
        log.error("yes")
        logging.getLogger("flasktrace").error("the tracer's own")

    assert [item["body"] for item in told(say)] == ["yes"]


class Colour(Enum):
    RED = 1


class Kept:
    def __repr__(self):
        raise SystemExit("touched")

    __str__ = __format__ = __repr__


@pytest.mark.parametrize(
    ("args", "body"),
    [
        (("plain",), "plain"),
        (("100 %",), "100 %"),
        (("%s %r %d %.2f %x", "a", "b", 3, 1.5, 255), "a 'b' 3 1.50 ff"),
        (("%5s|%-5s|%05d", "a", "b", 7), "    a|b    |00007"),
        (("%(n)s of %(all)d", {"n": "one", "all": 2}), "one of 2"),
        (("%s", [1, {"a": None}]), "[1, {'a': None}]"),
        (("%r", (1, 2)), "(1, 2)"),
        (("%s and %s", "one"), "%s and %s one"),
        (("%d", "none"), "%d none"),
        (("%(a)s", {"b": 1}), "%(a)s 1"),
        (("%999999999d", 1), "%999999999d 1"),
        (("%*d", 999999999, 1), "%*d 999999999 1"),
        (("%s", ValueError("gold")), "gold"),
        (("%s", None), "None"),
        (("%s", 1 << 70), "<int of 71 bits>"),
        ((ValueError("gold"),), "gold"),
        ((17,), "17"),
        (("password=%s", "hunter2"), "password=••• str(7)"),
        (("%(password)s", {"password": "hunter2"}), "•••"),
    ],
)
def test_a_message_is_made_of_plain_values(args, body):
    assert told(lambda: log.info(*args))[0]["body"] == body


@pytest.mark.parametrize("value", [Kept(), Colour.RED, type("S", (str,), {})("x")])
def test_a_foreign_object_is_told_by_its_type(value):
    (item,) = told(lambda: log.info("%s", value, extra={"thing": value}))

    assert f"{type(value).__name__} 0x" in item["body"]
    assert item["thing"] == item["body"]


def test_a_long_message_is_cut():
    (item,) = told(lambda: log.info("%s", "x" * 10**6), limits={"value": 100})

    assert item["body"] == "x" * 100 + "…"


def test_exceptions_and_extras_are_told():
    def say():
        try:
            {}["gold"]
        except KeyError:
            log.exception("failed", extra={"user": "ada", "token": "t0p", "body": 7})

    (item,) = told(say)

    assert (item["exception.type"], item["exception.message"]) == ("KeyError", "'gold'")
    assert (item["user"], item["token"], item["extra.body"]) == ("'ada'", "••• str(3)", "7")


def test_fault_40_secrets_leave_no_trace():
    canary = "canary-3f1b"

    def say():
        log.info("token=%s", canary, extra={"api_key": canary, "more": {"password": canary}})
        log.info("%(csrf_token)s", {"csrf_token": canary})
        log.info("Authorization: Bearer %s", canary)
        log.info('{"password": "%s"}', canary)
        try:
            int(f"password={canary}")
        except ValueError as error:
            log.error("failed: %s", error, exc_info=True)  # noqa: G201

    assert canary not in repr(told(say))


def test_fault_50_a_flood_is_counted_to_the_last_record():
    count = 5_000 + many(95_000)

    def index():
        for number in range(count):
            log.info("n %d", number)
        return "ok"

    log.addFilter(lambda record: True)
    trace = traced(index, limits={"logs": 7})

    assert [event.attributes["body"] for event in logs(trace)] == [f"n {n}" for n in range(7)]
    assert trace.dropped == {"logs": count - 7}
    assert "incomplete" in trace.marks


def test_a_thread_tells_when_it_has_the_context():
    def index():
        for run in (copy_context().run, lambda function, given: function(given)):
            thread = threading.Thread(target=run, args=(log.info, "beside"), name="Worker")
            thread.start()
            thread.join()
        return "ok"

    (event,) = logs(traced(index))

    assert (event.attributes["body"], event.attributes["lane"]) == ("beside", "thread Worker")


def test_nothing_of_the_tracer_is_on_the_stack_of_a_handler(monkeypatch):
    err = io.StringIO()
    monkeypatch.setattr("sys.stderr", err)
    alone = logging.Logger("alone")  # noqa: LOG001
    alone.addHandler(logging.StreamHandler(io.StringIO()))
    told(lambda: alone.info("%d", "none"))

    stack = err.getvalue().partition("Call stack:")[2]
    assert "alone.info" in stack
    assert "logs.py" not in stack.replace("test_logs.py", "")


def test_an_error_of_the_collector_stays_with_the_tracer(monkeypatch):
    monkeypatch.setattr(collector, "message", lambda *_given: 1 / 0)

    def index():
        for _ in range(12):  # ten are too many
            log.info("said")
        return "ok"

    trace = traced(index)

    assert (trace.status, trace.partial, logs(trace)) == (200, True, [])


def test_logging_is_as_it_was_afterwards():
    before = dict(vars(logging.Logger))

    told(lambda: log.info("x"))

    assert dict(vars(logging.Logger)) == before


def test_who_dressed_the_logger_later_is_left_alone(monkeypatch):
    app = flasktrace.wrap(flasktrace.Flask("x"), enabled=True, store="memory:")
    ours = logging.Logger.filter
    theirs = lambda self, record: ours(self, record)  # noqa: E731, PLW0108
    monkeypatch.setattr(logging.Logger, "filter", theirs)

    flasktrace.unwrap(app)
    log.info("goes on")

    assert logging.Logger.filter is theirs
