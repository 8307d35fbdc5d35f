"""Bodies of requests, read or not."""

from tests.trace.record.apps.registry import app_for_both
from tests.trace.record.same import Ask


@app_for_both
def fault_12_body_is_not_read(lib, notes):
    app = lib.Flask("upload")
    app.config["MAX_CONTENT_LENGTH"] = 10

    @app.route("/", methods=["POST"])
    def index():
        return "thanks"

    return app, [Ask("/", "POST", environ={"CONTENT_LENGTH": str(1 << 30)})]


@app_for_both
def fault_14_body_is_read_in_many_ways(lib, notes):
    app = lib.Flask("reading")
    ways = {
        "form": lambda: lib.request.form.to_dict(),  # noqa: PLW0108
        "json": lambda: lib.request.get_json(silent=True),
        "data": lambda: lib.request.get_data(),  # noqa: PLW0108
        "line": lambda: lib.request.stream.readline(),  # noqa: PLW0108
        "lines": lambda: list(lib.request.stream),
        "some": lambda: lib.request.stream.read(3),
    }

    @app.route("/<way>", methods=["POST"])
    def index(way):
        notes.append(ways[way]())
        return "read"

    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    asks = [Ask(f"/{way}", "POST", b"a=1&b=2\nc=3", kind) for way in ways]
    return app, asks
