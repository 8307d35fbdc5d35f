"""Files that a WSGI app hands to the server."""

import io

from tests.trace.record.apps.registry import wsgi
from tests.trace.record.same import Ask


class Wrapper:
    """What a server offers for files."""

    def __init__(self, file, size=8192):
        self.file = file
        self.size = size

    def __iter__(self):
        return iter(lambda: self.file.read(self.size), b"")

    def close(self):
        self.file.close()


def sending(notes, make):
    def app(environ, start_response):
        start_response("200 OK", [("Content-Length", "4")])
        return notes.hand(make(environ["wsgi.file_wrapper"], io.BytesIO(b"file")))

    return app


@wsgi
def fault_10_a_file_for_the_server(notes):
    app = sending(notes, lambda wrapper, file: wrapper(file))
    return app, [Ask(environ={"wsgi.file_wrapper": Wrapper})]


@wsgi
def fault_10_a_file_of_a_class_below_the_servers(notes):
    class Own(Wrapper):
        pass

    app = sending(notes, lambda _wrapper, file: Own(file, 2))
    return app, [Ask(environ={"wsgi.file_wrapper": Wrapper})]


@wsgi
def fault_10_a_file_from_a_function_of_the_server(notes):
    app = sending(notes, lambda wrapper, file: wrapper(file))
    return app, [Ask(environ={"wsgi.file_wrapper": lambda file, _size=0: file})]


@wsgi
def fault_10_a_file_that_the_app_sends_itself(notes):
    def parts(wrapper, file):
        body = wrapper(file, 2)
        try:
            yield from body
        finally:
            body.close()
            notes.append(file.closed)

    def app(environ, start_response):
        start_response("200 OK", [("Content-Length", "4")])
        return parts(environ["wsgi.file_wrapper"], io.BytesIO(b"file"))

    return app, [Ask(environ={"wsgi.file_wrapper": Wrapper})]


@wsgi
def fault_10_an_open_file_as_body(notes):
    def app(environ, start_response):
        start_response("200 OK", [])
        return io.BytesIO(b"one\ntwo\n")

    return app, [Ask(), Ask(chunks=1, outcome="client_disconnected")]
