"""WSGI apps without a framework: how a response may start, go on and end."""

from tests.trace.record.apps.registry import raw
from tests.trace.record.same import BOOM, BROKE, LEFT, Ask


@raw()
def plain_list(environ, start_response):
    start_response("200 OK", [("A", "1"), ("A", "2"), ("Content-Length", "5")])
    return [b"he", b"", b"llo"]


@raw(
    Ask(),
    Ask(chunks=1, outcome=LEFT),
    Ask(chunks=0, status=None, outcome=LEFT),
)
def fault_09_generator_starting_late(environ, start_response):
    start_response("200 OK", [])
    yield b"late"
    yield b"later"


@raw()
def fault_09_by_write(environ, start_response):
    write = start_response("200 OK", [("Content-Type", "text/plain")])
    write(b"one")
    write(b"two")
    return [b"three"]


@raw(Ask(status=500))
def fault_09_with_exc_info(environ, start_response):
    start_response("200 OK", [])
    try:
        raise BOOM
    except ValueError as error:
        start_response("500 Oops", [("X", "1")], (type(error), error, None))
    return [b"sorry"]


@raw()
def fault_09_with_named_exc_info(environ, start_response):
    start_response("200 OK", [], exc_info=None)
    return [b"named"]


@raw(Ask(status=None))
def odd_status(environ, start_response):
    start_response("abc", [])
    return (b"a", b"b")


@raw(Ask(status=None, outcome="error"))
def raising_before_the_start(environ, start_response):
    raise BOOM


@raw(Ask(outcome="error"))
def raising_after_the_start(environ, start_response):
    start_response("200 OK", [])
    raise BOOM


@raw(
    Ask(outcome=BROKE),
    Ask(chunks=1, outcome=LEFT),
    Ask(chunks=2, outcome=BROKE),
)
def fault_06_generator_raising_halfway(environ, start_response):
    start_response("200 OK", [])
    yield b"one"
    raise BOOM


@raw(Ask(outcome=BROKE))
def returning_nothing(environ, start_response):
    start_response("200 OK", [])


@raw()
def returning_text(environ, start_response):
    start_response("200 OK", [])
    return "text"


@raw()
def returning_bytes(environ, start_response):
    start_response("200 OK", [])
    return b"bytes"


class Closing:
    def __init__(self, error=None):
        self.error = error
        self.closed = 0

    def __iter__(self):
        yield b"body"

    def close(self):
        if self.error:
            raise self.error


@raw(Ask(outcome=BROKE), Ask(chunks=0, outcome=BROKE))
def close_raises(environ, start_response):
    start_response("200 OK", [])
    return Closing(BOOM)


@raw(Ask(outcome="exit"))
def fault_03_leaving_while_streaming(environ, start_response):
    start_response("200 OK", [])

    def parts():
        yield b"a"
        raise SystemExit(3)

    return parts()
