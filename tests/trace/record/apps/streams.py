"""Bodies that are made while they are sent."""

from tests.trace.record.apps.registry import app_for_both
from tests.trace.record.same import BOOM, Ask


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
