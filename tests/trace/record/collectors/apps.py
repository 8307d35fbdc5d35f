"""Traces of a view, under each kind of host."""

import flask

import flasktrace
from tests.trace.record.same import Ask, ask


def hosted(view, library):
    """Return an app of *library* (None: plain WSGI) that answers with what *view* gives."""
    if library is not None:
        app = library.Flask("shop")
        app.add_url_rule("/", "index", view)
        return app

    def plain(environ, start_response):
        text = view()
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [text.encode()]

    return plain


HOSTS = {"flasktrace": flasktrace, "flask": flask, "wsgi": None}


def traced(view, library=flasktrace, **options):
    """Return the trace of one request that *view* answers."""
    options = {"enabled": True, "store": "memory:", "dashboard": False, **options}
    app = flasktrace.wrap(hosted(view, library), **options)
    try:
        with flasktrace.capture(app) as traces:
            ask(app, Ask())
        return traces.last
    finally:
        flasktrace.unwrap(app)
