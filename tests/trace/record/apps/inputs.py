"""WSGI apps that read the request's body."""

from tests.trace.record.apps.registry import raw
from tests.trace.record.same import Ask


@raw(Ask(method="POST", body=b"a\nb\nc"))
def reading_the_input(environ, start_response):
    stream = environ["wsgi.input"]
    found = [stream.read(1), stream.readline(), stream.readlines()]
    start_response("200 OK", [])
    return [repr(found).encode()]
