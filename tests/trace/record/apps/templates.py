"""Files and templates."""

from werkzeug.wsgi import FileWrapper

from tests.trace.record.apps.registry import app_for_both
from tests.trace.record.same import Ask


@app_for_both
def files_and_templates(lib, notes):
    app = lib.Flask("files")
    app.context_processor(lambda: {"who": "you"})

    @app.route("/file")
    def file():
        return lib.send_file(__file__, conditional=True, mimetype="text/plain")

    @app.route("/template")
    def template():
        return lib.render_template_string("{{ who }} {{ request.path }} {{ session|length }}")

    @app.route("/stream")
    def stream():
        return lib.stream_template_string("{% for n in [1, 2] %}{{ n }}{% endfor %}")

    @app.route("/broken")
    def broken():
        return lib.render_template_string("{{ nothing.at.all }}")

    asks = [
        Ask("/file"),
        Ask("/file", headers={"Range": "bytes=0-9"}, status=206),
        Ask("/file", "HEAD"),
    ]
    wrapped = {"wsgi.file_wrapper": FileWrapper}
    return app, [
        *asks,
        Ask("/file", environ=wrapped),
        *map(Ask, ("/template", "/stream")),
        Ask("/broken", status=500, outcome="error"),
    ]
