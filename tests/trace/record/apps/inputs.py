"""WSGI apps that read the request's body, or do not."""

import io

from tests.trace.record.apps.registry import raw, wrapped_with, wsgi
from tests.trace.record.same import Ask

POST = {"method": "POST", "body": b"one\ntwo\nthree"}


def reading(*ways):
    """Return what makes an app that reads its input in each of the *ways* in turn."""

    def make(notes):
        def app(environ, start_response):
            stream = environ["wsgi.input"]
            for way in ways:
                notes.append(way(stream))
            start_response("200 OK", [])
            return [b"read"]

        return app, [Ask(**POST), Ask(method="POST")]

    return make


@raw(Ask(**POST))
def reading_the_input(environ, start_response):
    stream = environ["wsgi.input"]
    found = [stream.read(1), stream.readline(), stream.readlines()]
    start_response("200 OK", [])
    return [repr(found).encode()]


@wsgi
def fault_14_read_in_pieces(notes):
    pieces = [lambda stream, size=size: stream.read(size) for size in (0, 2, 5, -1, None, 3)]
    return reading(*pieces)(notes)


@wsgi
def fault_14_read_by_lines(notes):
    return reading(
        lambda stream: stream.readline(2),
        lambda stream: stream.readlines(1),
        lambda stream: stream.readline(),
        lambda stream: stream.readline(),
    )(notes)


@wsgi
def fault_14_read_by_iteration(notes):
    return reading(list, list)(notes)


@wsgi
def fault_14_read_into_a_buffer(notes):
    def into(stream):
        buffer = bytearray(5)
        return stream.readinto(buffer), bytes(buffer)

    return reading(into, into, into)(notes)


@wrapped_with(capture_body=True, but=("environ",))
@wsgi
def fault_14_read_as_text(notes):
    def text(stream):
        wrapper = io.TextIOWrapper(stream, "latin-1")
        try:
            return wrapper.readline(), wrapper.readline()
        finally:
            wrapper.detach()

    return reading(text)(notes)


@wsgi
def fault_14_read_twice(notes):
    return reading(
        lambda stream: stream.read(),
        lambda stream: (stream.seekable(), stream.seek(0), stream.tell()),
        lambda stream: stream.read(3),
        lambda stream: stream.seek(13),
    )(notes)


@wsgi
def fault_14_closed_by_the_app(notes):
    return reading(lambda stream: stream.read(2), lambda stream: stream.close())(notes)


@wsgi
def fault_14_asked_for_what_it_cannot_do(notes):
    def refused(stream):
        try:
            return stream.fileno()
        except OSError as error:
            return type(error)

    return reading(refused, lambda stream: hasattr(stream, "nothing"))(notes)


@wsgi
def fault_14_replaced_by_the_app(notes):
    def app(environ, start_response):
        environ["wsgi.input"] = io.BytesIO(b"mine")
        notes.append(environ["wsgi.input"].read())
        start_response("200 OK", [])
        return []

    return app, [Ask(**POST)]


@wsgi
def fault_14_read_while_answering(notes):
    def app(environ, start_response):
        start_response("200 OK", [])
        yield b"begun"
        while line := environ["wsgi.input"].readline():
            yield line

    return app, [Ask(**POST), Ask(**POST, chunks=2, outcome="client_disconnected")]


class Untouchable:
    """An input that waits for ever, or raises, if anybody reads."""

    def __getattribute__(self, name):
        raise AssertionError(f"asked for {name}")


@raw(Ask(method="POST", environ={"wsgi.input": Untouchable(), "CONTENT_LENGTH": str(1 << 30)}))
def fault_12_input_that_nobody_reads(environ, start_response):
    start_response("200 OK", [])
    return [b"no, thanks"]


@wsgi
def fault_13_lengths_of_all_kinds(notes):
    def app(environ, start_response):
        notes.append((environ.get("CONTENT_LENGTH", "missing"), environ["wsgi.input"].read(4)))
        start_response("200 OK", [])
        return []

    lengths = (..., "", "abc", "-1", " 13 ", "4", "99999999999999999999", "١٣")
    return app, [Ask(**POST, environ={"CONTENT_LENGTH": length}) for length in lengths]


@wsgi
def fault_13_chunked_input(notes):
    def app(environ, start_response):
        notes.append(environ["wsgi.input"].read())
        start_response("200 OK", [])
        return []

    chunked = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
    return app, [Ask(**POST, environ={"CONTENT_LENGTH": ..., **chunked})]


@wsgi
def there_is_no_input(notes):
    def app(environ, start_response):
        notes.append("wsgi.input" in environ)
        start_response("200 OK", [])
        return []

    return app, [Ask(environ={"wsgi.input": ...})]


@wrapped_with(capture_body=True, but=("environ",))
@wsgi
def the_input_is_none(notes):
    def app(environ, start_response):
        notes.append(environ["wsgi.input"] is None)
        start_response("200 OK", [])
        return []

    return app, [Ask(environ={"wsgi.input": None})]
