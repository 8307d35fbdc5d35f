"""Bodies that are made while they are sent."""

from tests.flasks import ONE_CONTEXT
from tests.side_by_side.harness import KEY, same


@ONE_CONTEXT
def test_a_stream_keeps_its_request():
    def build(f, said):
        app = f.Flask("app")
        app.secret_key = KEY
        app.teardown_request(lambda exc: said.append(f"teardown {exc!r}"))
        app.teardown_appcontext(lambda exc: said.append(f"end {exc!r}"))

        @app.before_request
        def fill():
            f.g.x = "x"

        @app.route("/with")
        def with_context():
            def body():
                said.append("first step")
                yield f.request.path
                yield f.g.x
                yield repr(f.session.get("a"))
                said.append("last step")

            return f.stream_with_context(body())

        @app.route("/decorated")
        def decorated():
            @f.stream_with_context
            def body(word):
                yield word
                yield f.request.args["q"]

            return f.Response(body("said "), mimetype="text/plain")

        @app.route("/without")
        def without():
            def body():
                yield "a"
                yield repr(bool(f.request))

            return body()

        @app.route("/crash")
        def crash():
            def body():
                yield "a"
                raise LookupError

            return f.stream_with_context(body())

        @app.route("/list")
        def from_list():
            return f.Response(f.stream_with_context(["a", "b"]))

        @app.route("/template")
        def template():
            source = "{% for n in range(3) %}{{ request.path }}{{ g.x }}{{ n }}{% endfor %}"
            return f.stream_template_string(source)

        return app

    same(build, "/with", "/decorated?q=q", "/without", "/crash", "/with", "/list", "/template")


@ONE_CONTEXT
def test_a_stream_that_is_not_read_is_closed():
    def build(f, said):
        app = f.Flask("app")
        app.teardown_request(lambda exc: said.append("teardown"))

        @app.route("/")
        def index():
            def body():
                try:
                    yield "a"
                    yield "b"
                finally:
                    said.append(f"closed with {f.request.path}")

            return f.stream_with_context(body())

        return app

    same(build, "HEAD /", "/", "HEAD /")


def test_functions_to_be_called_on_close_are_called():
    def build(f, said):
        app = f.Flask("app")
        app.teardown_request(lambda exc: said.append("teardown"))

        @app.route("/")
        def index():
            response = f.Response("x")
            response.call_on_close(lambda: said.append(f"closed {f.has_request_context()}"))
            return response

        return app

    same(build, "/", "HEAD /")


def test_what_is_streamed_is_closed_in_the_same_cases():
    def build(f, said):
        class Body:
            def __iter__(self):
                return iter("ab")

            def close(self):
                said.append("closed")

        class Own(Body):
            def __iter__(self):
                return self

            def __next__(self):
                raise StopIteration

        class Maker(Body):
            def __call__(self):
                return "never"

        app = f.Flask("app")
        for kind in (Body, Own, Maker):
            app.add_url_rule(
                f"/{kind.__name__}",
                kind.__name__,
                lambda kind=kind: f.Response(f.stream_with_context(kind())),
            )
        return app

    same(build, "/Body", "/Own", "/Maker", "HEAD /Own")


def test_a_stream_outside_a_request_fails():
    def build(f, said):
        app = f.Flask("app")
        try:
            f.stream_with_context(iter("ab"))
        except RuntimeError:
            said.append("failed")
        app.add_url_rule("/", "index", lambda: "x")
        return app

    same(build, "/")


def test_a_stream_knows_its_length_only_when_it_can():
    def build(f):
        app = f.Flask("app")
        app.add_url_rule("/generator", "g", lambda: (c for c in "abc"))
        app.add_url_rule("/list", "l", lambda: f.Response(["a", "b"]))
        app.add_url_rule("/text", "t", lambda: f.Response("abc", direct_passthrough=False))
        app.add_url_rule(
            "/set", "s", lambda: f.Response(iter("abc"), headers={"Content-Length": "3"})
        )
        return app

    same(build, "/generator", "/list", "/text", "/set", "HEAD /generator", "HEAD /list")
