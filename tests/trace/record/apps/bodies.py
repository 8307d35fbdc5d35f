"""Bodies of WSGI apps: how they give their chunks, fail, and are closed."""

import array
import collections
import contextvars
import gzip
import sys

from tests.trace.record.apps.registry import raw, wrapped_with, wsgi
from tests.trace.record.same import BOOM, BROKE, LEFT, Ask


def answering(make):
    """Return an app whose body is what *make* gives."""

    def app(environ, start_response):
        start_response("200 OK", [])
        return make()

    return app


class Body:
    """A body that notes what is done to it."""

    def __init__(self, notes, chunks=(b"one", b"two"), error=None):
        self.notes = notes
        self.chunks = chunks
        self.error = error

    def __iter__(self):
        self.notes.append("iterated")
        return iter(self.chunks)

    def close(self):
        self.notes.append("closed")
        if self.error:
            raise self.error


@wsgi
def fault_04_client_leaves_a_body_of_a_class(notes):
    return answering(lambda: Body(notes)), [Ask(), Ask(chunks=1, outcome=LEFT)]


@wsgi
def fault_04_client_leaves_and_the_generator_goes_on(notes):
    def parts():
        try:
            yield b"one"
        except GeneratorExit:
            notes.append("asked to end")
            yield b"two"

    return answering(parts), [Ask(), Ask(chunks=1, outcome=BROKE)]


@wsgi
def fault_04_client_leaves_and_the_generator_tidies_up(notes):
    def parts():
        try:
            yield b"one"
            yield b"two"
        except GeneratorExit:
            notes.append(sys.exc_info()[0])
            raise
        finally:
            notes.append("tidied up")

    return answering(parts), [Ask(), Ask(chunks=1, outcome=LEFT)]


@wsgi
def fault_04_client_leaves_and_tidying_up_fails(notes):
    def parts():
        try:
            yield b"one"
        finally:
            raise BOOM

    return answering(parts), [Ask(outcome=BROKE), Ask(chunks=1, outcome=BROKE)]


@wsgi
def fault_05_closed_before_the_first_chunk(notes):
    def parts():
        try:
            yield b"never"
        finally:
            notes.append("never")

    def app(environ, start_response):
        start_response("200 OK", [])
        return parts() if environ["PATH_INFO"] == "/generator" else Body(notes)

    return app, [Ask("/generator", chunks=0, outcome=LEFT), Ask("/class", chunks=0, outcome=LEFT)]


@wsgi
def fault_06_a_body_that_cannot_be_iterated(notes):
    class Bad(Body):
        def __iter__(self):
            raise BOOM

    return answering(lambda: Bad(notes)), [Ask(outcome=BROKE)]


@wsgi
def fault_06_the_first_chunk_raises(notes):
    def parts():
        raise BOOM
        yield b"never"

    return answering(parts), [Ask(outcome=BROKE)]


@wsgi
def fault_06_stop_iteration_inside_a_generator(notes):
    def parts():
        yield b"one"
        next(iter(()))

    return answering(parts), [Ask(outcome=BROKE)]


@wsgi
def fault_06_the_body_raises_and_so_does_its_close(notes):
    class Bad(Body):
        def __iter__(self):
            yield b"one"
            raise KeyError("in the middle")

    return answering(lambda: Bad(notes, error=BOOM)), [Ask(outcome=BROKE)]


@wsgi
def fault_07_three_thousand_chunks(notes):
    return answering(lambda: (b"chunk" for _ in range(3000))), [Ask()]


@wsgi
def fault_07_a_chunk_goes_out_before_the_next_is_made(notes):
    def parts():
        for number in range(3):
            notes.append(f"making {number}")
            yield b"%d" % number

    return answering(parts), [Ask()]


@wsgi
def fault_08_server_never_closes(notes):
    def parts():
        try:
            yield b"one"
            yield b"two"
        finally:
            notes.append("collected")

    return answering(parts), [Ask(close=False), Ask(close=False, chunks=1, outcome="abandoned")]


@wrapped_with(capture_body=True, but=("environ",), limits={"body": 1000})
@wsgi
def fault_15_far_more_than_the_tracer_keeps(notes):
    chunk = b"x" * (1 << 20)
    return answering(lambda: (chunk for _ in range(64))), [Ask()]


@wsgi
def a_body_by_index_only(notes):
    class Sequence:
        def __getitem__(self, place):
            return [b"a", b"b"][place]

    return answering(Sequence), [Ask()]


@wsgi
def a_body_that_is_its_own_iterator(notes):
    class Steps:
        left = 2

        def __iter__(self):
            return self

        def __next__(self):
            self.left -= 1
            if self.left < 0:
                notes.append("asked after the end")
                raise StopIteration
            return b"step"

    return answering(Steps), [Ask()]


BODIES = {
    "/tuple": (b"a", b"b"),
    "/dict": {b"a": 1, b"b": 2},
    "/deque": collections.deque([b"a"]),
    "/frozenset": frozenset([b"a"]),
    "/empty": [],
    "/bytearrays": [bytearray(b"a"), memoryview(b"bc")],
    "/texts": ["a", None, 1],
}


@raw(*map(Ask, BODIES))
def bodies_of_many_types(environ, start_response):
    start_response("200 OK", [])
    return BODIES[environ["PATH_INFO"]]


@raw(Ask(outcome=BROKE))
def a_number_as_body(environ, start_response):
    start_response("200 OK", [])
    return 7


@raw()
def a_body_of_numbers(environ, start_response):
    start_response("200 OK", [])
    return array.array("b", b"ab")


@wsgi
def closed_twice_and_asked_for_more(notes):
    return answering(lambda: Body(notes)), [
        Ask(again=True),
        Ask(chunks=1, again=True, outcome=LEFT),
    ]


@wsgi
def a_generator_asked_for_more_after_its_close(notes):
    def parts():
        yield b"one"
        yield b"two"

    return answering(parts), [Ask(again=True), Ask(chunks=1, again=True, outcome=LEFT)]


@wsgi
def close_is_no_function(notes):
    class Bad:
        close = None

        def __iter__(self):
            return iter([b"x"])

    return answering(Bad), [Ask(outcome=BROKE)]


@wsgi
def a_length_that_is_counted(notes):
    class Sized(Body):
        def __len__(self):
            notes.append("length")
            return 99

    return answering(lambda: Sized(notes)), [Ask()]


@wsgi
def a_length_that_raises(notes):
    class Sized(Body):
        def __len__(self):
            raise BOOM

    return answering(lambda: Sized(notes)), [Ask(chunks=0, outcome=LEFT)]


@wsgi
def a_body_that_is_touchy(notes):
    class Touchy(Body):
        def __getattr__(self, name):
            notes.append(f"asked for {name}")
            raise RuntimeError(name)

        def alarm(self, *_args):
            notes.append("touched")
            raise SystemExit("touched")

        __repr__ = __eq__ = __hash__ = __bool__ = __getitem__ = __call__ = alarm
        __class__ = property(alarm)

    return answering(lambda: Touchy(notes)), [Ask(), Ask(chunks=1, outcome=LEFT)]


@wsgi
def context_variables_set_between_chunks(notes):
    color = contextvars.ContextVar("color")

    def parts():
        token = color.set("red")
        yield b"one"
        notes.append(color.get())
        color.reset(token)
        yield b"two"
        color.set("blue")
        yield b"three"

    def app(environ, start_response):
        notes.append(color.get("none"))
        color.set(environ["PATH_INFO"])
        start_response("200 OK", [])
        return parts()

    return app, [Ask("/a"), Ask("/b", chunks=1, outcome=LEFT)]


@wsgi
def no_exception_of_others_is_in_sight(notes):
    class Looking(Body):
        def __iter__(self):
            notes.append(sys.exc_info()[0])
            yield b"one"
            notes.append(sys.exc_info()[0])
            raise BOOM

        def close(self):
            notes.append(sys.exc_info()[0])

    def app(environ, start_response):
        notes.append(sys.exc_info()[0])
        start_response("200 OK", [])
        return Looking(notes)

    return app, [Ask(outcome=BROKE)]


@raw()
def fault_11_a_body_that_is_gzipped(environ, start_response):
    body = gzip.compress(b"text " * 100, mtime=0)
    headers = [("Content-Encoding", "gzip"), ("Content-Length", str(len(body)))]
    start_response("200 OK", [("Content-Type", "text/plain"), *headers])
    return [body]


@raw(Ask(method="HEAD"), Ask(method="HEAD", chunks=0))
def fault_11_a_body_for_head(environ, start_response):
    start_response("200 OK", [("Content-Length", "4")])
    return [b"body"]


LENGTHS = [("Content-Length", "3"), ("Content-Length", "99"), ("content-length", "abc")]


@raw(Ask("/0"), Ask("/0", chunks=1), Ask("/1"), Ask("/2"))
def fault_11_a_length_that_is_wrong(environ, start_response):
    start_response("200 OK", [LENGTHS[int(environ["PATH_INFO"][1:])]])
    return [b"abc", b"def"]
