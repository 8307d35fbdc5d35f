"""Bodies that are made while they are sent."""

import sys

from tests.trace.record.apps.registry import app_for_both
from tests.trace.record.same import BOOM, BROKE, LEFT, Ask


@app_for_both
def streams(lib, notes):
    app = lib.Flask("streams")

    def parts(end=None):
        try:
            yield "one"
            yield "two"
            if end:
                raise BOOM
            yield "three"
        finally:
            notes.append("generator ended")

    app.teardown_request(lambda error: notes.append("teardown"))

    @app.route("/plain")
    def plain():
        response = lib.Response(parts())
        response.call_on_close(lambda: notes.append("closed"))
        return response

    @app.route("/broken")
    def broken():
        return lib.Response(parts(end=True))

    @app.route("/context")
    def context():
        @lib.stream_with_context
        def generate():
            yield lib.request.path
            yield from parts()

        return lib.Response(generate())

    asks = [Ask("/plain"), Ask("/broken", outcome="error_in_stream"), Ask("/context")]
    left = "client_disconnected"
    asks += [
        Ask(path, chunks=count, outcome=left)
        for path in ("/plain", "/context")
        for count in (0, 1, 2)
    ]
    return app, [*asks, Ask("/plain", "HEAD")]


@app_for_both
def fault_04_client_leaves_a_stream_that_holds_on(lib, notes):
    app = lib.Flask("holding")

    @app.route("/")
    def index():
        @lib.stream_with_context
        def parts():
            try:
                yield lib.request.path
                yield "two"
            finally:
                notes.append(("path at the end", lib.request.path))

        return lib.Response(parts())

    app.teardown_request(lambda error: notes.append(type(error)))
    return app, [Ask(), Ask(chunks=1, outcome=LEFT)]


@app_for_both
def fault_05_closed_before_the_first_chunk_of_a_stream(lib, notes):
    app = lib.Flask("closed")

    @app.route("/")
    def index():
        response = lib.Response(part for part in ("one", "two"))
        response.call_on_close(lambda: notes.append("closed"))
        return response

    return app, [Ask(chunks=0, outcome=LEFT)]


@app_for_both
def fault_06_a_stream_with_context_breaks(lib, notes):
    app = lib.Flask("breaking")

    @app.route("/")
    def index():
        @lib.stream_with_context
        def parts():
            yield "one"
            raise BOOM

        return lib.Response(parts())

    app.teardown_request(lambda error: notes.append(repr(error)))
    return app, [Ask(outcome=BROKE)]


@app_for_both
def fault_07_events_for_the_browser(lib, notes):
    app = lib.Flask("events")

    @app.route("/")
    def index():
        def events():
            for number in range(200):
                notes.append("made")
                yield f"data: {number}\n\n"

        return lib.Response(events(), mimetype="text/event-stream")

    return app, [Ask(), Ask(chunks=3, outcome=LEFT)]


@app_for_both
def fault_08_nobody_closes_the_response(lib, notes):
    app = lib.Flask("unclosed")

    @app.route("/")
    def index():
        response = lib.Response(part for part in ("one", "two"))
        response.call_on_close(lambda: notes.append("closed"))
        return response

    return app, [Ask(close=False, chunks=1, outcome="abandoned")]


@app_for_both
def closing_a_response_fails(lib, notes):
    app = lib.Flask("closing")

    @app.route("/")
    def index():
        response = lib.Response("body")
        response.call_on_close(lambda: notes.append("first"))
        response.call_on_close(lambda: 1 / 0)
        response.call_on_close(lambda: notes.append("never"))
        return response

    return app, [Ask(outcome=BROKE)]


@app_for_both
def responses_that_are_changed_by_hooks(lib, notes):
    app = lib.Flask("changed")

    @app.after_request
    def change(response):
        way = lib.request.path[1:]
        if way == "data":
            response.data = response.get_data().upper()
        if way == "wrap":
            response.response = (part + b"!" for part in response.iter_encoded())
            del response.headers["Content-Length"]
        if way == "freeze":
            response.freeze()
        if way == "look":
            notes.append((response.is_streamed, response.calculate_content_length()))
        return response

    @app.route("/<way>")
    def index(way):
        return lib.Response(["one", "two"])

    return app, [Ask(f"/{way}") for way in ("data", "wrap", "freeze", "look")]


@app_for_both
def responses_of_a_class_of_the_apps(lib, notes):
    class Own(lib.Response):
        default_mimetype = "text/x-own"
        autocorrect_location_header = True

        def __call__(self, environ, start_response):
            notes.append("called")
            return super().__call__(environ, start_response)

        def close(self):
            notes.append("closed")
            super().close()

    class App(lib.Flask):
        response_class = Own

    app = App("own responses")
    app.add_url_rule("/", "index", lambda: "own")
    app.add_url_rule("/to", "to", lambda: lib.redirect("/", 303))
    return app, [Ask(), Ask("/to", status=303)]


@app_for_both
def a_stream_that_looks_at_the_stack(lib, notes):
    app = lib.Flask("looking")

    @app.route("/")
    def index():
        def parts():
            notes.append((lib.has_request_context(), lib.has_app_context(), sys.exc_info()[0]))
            yield "one"

        return lib.Response(parts())

    return app, [Ask()]
