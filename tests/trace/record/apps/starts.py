"""How a WSGI app may start its response, and be made."""

import functools
import threading

from tests.trace.record.apps.registry import raw, wsgi
from tests.trace.record.same import BOOM, BROKE, Ask


@raw(Ask(status=201))
def fault_09_start_by_keywords_only(environ, start_response):
    start_response(response_headers=[("X", "1")], status="201 Made")
    return [b"made"]


RAW_STATUS = {"/plain": "200", "/odd": "299 Very  Odd ", "/none": "204 No Content"}


@raw(Ask("/plain"), Ask("/odd", status=299), Ask("/none", status=204))
def fault_11_status_without_and_with_reason(environ, start_response):
    start_response(RAW_STATUS[environ["PATH_INFO"]], [])
    return []


@wsgi
def fault_11_early_hints_before_the_answer(notes):
    def app(environ, start_response):
        start_response("103 Early Hints", [("Link", "</x>; rel=preload")])
        try:
            raise BOOM
        except ValueError as error:
            start_response("200 OK", [], (type(error), error, error.__traceback__))
        return [b"x"]

    return app, [Ask()]


@wsgi
def fault_09_started_twice(notes):
    def app(environ, start_response):
        start_response("200 OK", [])
        try:
            start_response("500 Oops", [])
        except AssertionError as error:
            notes.append(str(error))
        return [b"first"]

    return app, [Ask()]


@wsgi
def fault_09_started_again_after_the_first_chunk(notes):
    def app(environ, start_response):
        start_response("200 OK", [])
        yield b"first"
        try:
            raise BOOM
        except ValueError as error:
            start_response("500 Oops", [], (type(error), error, error.__traceback__))

    return app, [Ask(outcome=BROKE)]


@wsgi
def fault_09_start_with_nothing(notes):
    def app(environ, start_response):
        try:
            start_response()
        except LookupError as error:
            notes.append(type(error))
        start_response("200 OK", [])
        return [b"x"]

    return app, [Ask()]


@wsgi
def fault_09_write_while_streaming(notes):
    def app(environ, start_response):
        write = start_response("200 OK", [])
        notes.append(write(b"early"))
        yield b"chunk"
        notes.append(write(b"between"))
        yield b"last"

    return app, [Ask()]


@wsgi
def fault_09_nothing_but_write(notes):
    def app(environ, start_response):
        write = start_response("200 OK", [])
        notes.extend(write(part) for part in (b"one", b"", b"two"))
        return []

    return app, [Ask()]


@wsgi
def headers_of_a_class_that_counts(notes):
    class Headers(list):
        def __iter__(self):
            notes.append("iterated")
            return super().__iter__()

        def __getitem__(self, place):
            raise AssertionError("touched")

    def app(environ, start_response):
        start_response("200 OK", Headers([("X", "1")]))
        return []

    return app, [Ask()]


@wsgi
def headers_changed_after_the_start(notes):
    def app(environ, start_response):
        headers = [("X", "1")]
        start_response("200 OK", headers)
        headers.append(("Y", "2"))
        return [b"x"]

    return app, [Ask()]


@wsgi
def headers_that_are_no_pairs(notes):
    def app(environ, start_response):
        start_response("200 OK", [("E",), ("A", "b", "c"), ()])
        return [b"x"]

    return app, [Ask()]


@wsgi
def headers_with_bytes_and_none(notes):
    odd = [("A", b"1"), (b"B", "2"), ("C", None), ["D", "4"], None, ("Content-Length", "x")]

    def app(environ, start_response):
        start_response("200 OK", odd)
        return [b"x"]

    return app, [Ask()]


@wsgi
def a_status_of_a_class_of_the_apps(notes):
    class Status(str):
        __slots__ = ()

        def alarm(self, *_args):
            raise AssertionError("touched")

        split = partition = __len__ = __getitem__ = __format__ = alarm

    def app(environ, start_response):
        start_response(Status("200 OK"), [])
        return [b"x"]

    return app, [Ask()]


@wsgi
def started_in_another_thread(notes):
    def app(environ, start_response):
        worker = threading.Thread(target=start_response, args=("200 OK", []))
        worker.start()
        worker.join()
        return [b"x"]

    return app, [Ask()]


@wsgi
def fault_09_a_class_as_app(notes):
    class App:
        def __init__(self, environ, start_response):
            self.start = start_response

        def __iter__(self):
            self.start("200 OK", [])
            yield b"from a class"

        def close(self):
            notes.append("closed")

    return App, [Ask(), Ask(chunks=1, outcome="client_disconnected")]


@wsgi
def fault_09_a_partial_as_app(notes):
    def app(word, environ, start_response):
        start_response("200 OK", [])
        return [word]

    return functools.partial(app, b"partial"), [Ask()]


@wsgi
def fault_09_an_object_as_app(notes):
    class App:
        def __call__(self, environ, start_response):
            return self.answer(environ, start_response)

        def answer(self, environ, start_response):
            start_response("200 OK", [])
            return [b"object"]

        def __repr__(self):
            notes.append("touched")
            return "touched"

    return App(), [Ask()]


@wsgi
def fault_18_an_app_that_is_touchy(notes):
    class App:
        def __call__(self, environ, start_response):
            start_response("200 OK", [])
            return []

        def __getattr__(self, name):
            raise RuntimeError(name)

    return App(), [Ask()]


@wsgi
def fault_09_a_method_as_app(notes):
    class App:
        def answer(self, environ, start_response):
            start_response("200 OK", [])
            return [b"method"]

    return App().answer, [Ask()]
