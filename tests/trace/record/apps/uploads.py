"""Bodies of requests, read or not."""

import io

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


@app_for_both
def fault_12_slow_body_that_nobody_wants(lib, notes):
    class Slow(io.RawIOBase):
        def readinto(self, buffer):
            raise AssertionError("read")

    app = lib.Flask("slow")
    app.add_url_rule("/", "index", lambda: "at once", methods=["POST"])
    return app, [Ask("/", "POST", environ={"wsgi.input": Slow(), "CONTENT_LENGTH": "1000"})]


@app_for_both
def fault_12_body_that_is_too_large(lib, notes):
    app = lib.Flask("large")
    app.config["MAX_CONTENT_LENGTH"] = 4

    @app.route("/", methods=["POST"])
    def index():
        return lib.request.get_data()

    return app, [Ask("/", "POST", b"12345", status=413), Ask("/", "POST", b"1234")]


@app_for_both
def fault_13_lengths_that_lie(lib, notes):
    app = lib.Flask("lengths")

    @app.route("/", methods=["POST"])
    def index():
        return lib.request.get_data()

    body, kinds = b"0123456789", (..., "", "abc", "-1", "4", "99")
    asks = [Ask("/", "POST", body, environ={"CONTENT_LENGTH": length}) for length in kinds[:-1]]
    broken = {"CONTENT_LENGTH": kinds[-1]}
    return app, [*asks, Ask("/", "POST", body, environ=broken, status=400)]


@app_for_both
def fault_14_body_without_a_length(lib, notes):
    app = lib.Flask("terminated")

    @app.route("/", methods=["POST"])
    def index():
        return lib.request.get_data() + lib.request.stream.read()

    chunked = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
    return app, [Ask("/", "POST", b"chunked", environ={"CONTENT_LENGTH": ..., **chunked})]


MULTIPART = (
    b'--x\r\nContent-Disposition: form-data; name="field"\r\n\r\nvalue\r\n'
    b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n'
    b"Content-Type: text/plain\r\n\r\nfile's text\r\n--x--\r\n"
)
FORM = {"CONTENT_TYPE": "multipart/form-data; boundary=x"}


@app_for_both
def fault_14_files_and_fields(lib, notes):
    app = lib.Flask("files")

    @app.route("/<way>", methods=["POST"])
    def index(way):
        if way == "none":
            return "not parsed"
        file = lib.request.files["file"]
        notes.append((file.filename, file.mimetype, dict(lib.request.form)))
        return file.stream.read()

    return app, [
        Ask("/all", "POST", MULTIPART, environ=FORM),
        Ask("/none", "POST", MULTIPART, environ=FORM),
        Ask("/all", "POST", MULTIPART[:-20], environ=FORM, status=400),
        Ask("/all", "POST", b"nonsense", environ=FORM, status=400),
    ]


@app_for_both
def fault_14_the_order_of_parsing(lib, notes):
    app = lib.Flask("order")
    ways = {
        "uncached": lambda: (lib.request.get_data(cache=False), dict(lib.request.form)),
        "cached": lambda: (lib.request.get_data(), dict(lib.request.form)),
        "parsed": lambda: (lib.request.get_data(parse_form_data=True), dict(lib.request.form)),
        "stream": lambda: (lib.request.stream.read(3), lib.request.get_data()),
        "values": lambda: (dict(lib.request.values), lib.request.get_data()),
    }

    @app.route("/<way>", methods=["POST"])
    def index(way):
        return repr(ways[way]())

    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    return app, [Ask(f"/{way}?q=1", "POST", b"a=1&b=%ff", kind) for way in ways]


@app_for_both
def json_that_is_none(lib, notes):
    app = lib.Flask("json")

    @app.route("/", methods=["POST"])
    def index():
        return {"got": lib.request.json}

    kind = {"Content-Type": "application/json"}
    return app, [
        Ask("/", "POST", b'{"a": [1, NaN]}', kind),
        Ask("/", "POST", b"{", kind, status=400),
        Ask("/", "POST", b"{}", status=415),
    ]
