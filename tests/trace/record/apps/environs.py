"""WSGI apps that look at the environ, and change it."""

from tests.trace.record.apps.registry import raw


@raw()
def looking_at_the_environ(environ, start_response):
    start_response("200 OK", [])
    kinds = sorted((key, type(value).__name__) for key, value in environ.items())
    environ["changed"] = True
    return [repr(kinds).encode()]
