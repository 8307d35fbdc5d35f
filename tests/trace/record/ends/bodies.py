"""What happens when the contexts are gone and the body is sent."""

import io
from pathlib import Path

from tests.trace.record.ends.registry import end
from tests.trace.record.same import Ask


@end("/")
def body_breaks(lib):
    app = lib.Flask("shop")

    @app.route("/")
    def report():
        def rows():
            yield "id,price\n"
            yield "1,100\n"
            raise ConnectionError("the database went away")

        return lib.Response(rows(), mimetype="text/csv")

    return app


@end(Ask("/", chunks=1), Ask("/", chunks=0), Ask("/", close=False))
def client_leaves(lib):
    app = lib.Flask("shop")

    @app.route("/")
    def report():
        def rows():
            yield "id,price\n"
            yield "1,100\n"

        return lib.Response(rows(), mimetype="text/csv")

    return app


@end("/", differs="flask 3.1 matches once more when the context is pushed again")
def stream_with_context(lib):
    app = lib.Flask("shop")

    @app.teardown_request
    def close_db(error):
        lib.g.closed = True

    @app.route("/")
    def report():
        lib.g.rows = 2

        @lib.stream_with_context
        def rows():
            for number in range(lib.g.rows):
                lib.g.sent = number
                yield f"{lib.request.path} {number}\n"

        return lib.Response(rows())

    return app


@end("/", differs="each says in its own words that there is no request")
def stream_without_context(lib):
    app = lib.Flask("shop")

    @app.route("/")
    def report():
        def rows():
            yield "path\n"
            yield lib.request.path

        return lib.Response(rows())

    return app


@end("/")
def close_fails(lib):
    app = lib.Flask("shop")

    @app.route("/")
    def report():
        response = lib.Response("report")

        @response.call_on_close
        def delete_upload():
            raise FileNotFoundError("upload.tmp")

        return response

    return app


@end(
    "/static/style.css",
    "/static/missing.css",
    Ask("/download", headers={"Range": "bytes=0-3"}),
    "/logo",
)
def files(lib):
    app = lib.Flask("shop", static_folder=Path(__file__).with_name("static"))

    @app.route("/download")
    def download():
        data = io.BytesIO(b"id,price")
        return lib.send_file(data, "text/csv", as_attachment=True, download_name="a.csv")

    @app.route("/logo")
    def logo():
        return app.send_static_file("logo.png")

    return app


@end("/")
def empty_body(lib):
    app = lib.Flask("shop")

    @app.route("/")
    def delete():
        return "", 204

    return app
