import flask
import pytest

import flasktrace
from flasktrace.trace.record.body import outcome_of
from flasktrace.trace.record.gateway import text_of
from tests.trace.record.same import Ask, ask


def echo(environ, start_response):
    start_response("200 Fine", [("Content-Type", "text/plain")])
    return [environ["PATH_INFO"].encode("latin-1")]


def wrapped(app=echo, **options):
    return flasktrace.wrap(app, enabled=True, store="memory:", **options)


def traced(wanted, app=echo, **options):
    app = wrapped(app, **options)
    with flasktrace.capture(app) as traces:
        ask(app, wanted)
    return traces


def test_what_the_client_sent_is_kept():
    headers = {"X-One": "1", "Content-Type": "text/plain"}
    environ = {"SCRIPT_NAME": "/app", "REMOTE_ADDR": "10.0.0.1"}
    trace = traced(Ask("/caf%C3%A9?a=1", "POST", b"xy", headers, environ)).last

    assert (trace.method, trace.path, trace.query) == ("POST", "/app/café", "a=1")
    assert trace.request.root_path == "/app"
    assert trace.request.remote_addr == "10.0.0.1"
    assert trace.request.host == "localhost"
    assert {("X-One", "1"), ("Content-Type", "text/plain"), ("Content-Length", "2")} <= set(
        trace.request.headers
    )
    assert (trace.status, trace.response.reason) == (200, "Fine")
    assert trace.response.headers == (("Content-Type", "text/plain"),)


def test_what_the_app_makes_of_the_environ_is_not_taken_for_the_clients():
    def app(environ, start_response):
        environ["PATH_INFO"] = "/changed"
        environ["HTTP_X_NEW"] = "1"
        return echo(environ, start_response)

    trace = traced(Ask("/asked"), app).last

    assert trace.path == "/asked"
    assert "X-New" not in dict(trace.request.headers)


def test_an_environ_that_lacks_everything_is_served():
    app = wrapped(lambda environ, start_response: start_response("200 OK", []) or [])
    with flasktrace.capture(app) as traces:
        assert list(app({}, lambda *_args: None)) == []

    assert traces.last.path == "/"
    assert not traces.last.partial


@pytest.mark.parametrize(
    ("path", "count"), [("/static/a.css", 0), ("/health", 0), ("/healthy", 1), ("/café", 0)]
)
def test_excluded_paths_are_not_recorded(path, count):
    app = wrapped(exclude=["/static/*", "/health", "/caf*"])
    with flasktrace.capture(app) as traces:
        seen = ask(app, Ask(path))

    assert len(traces) == count
    assert seen["starts"][0][0] == "200 Fine"
    assert app.tracer._gateway.skipped["excluded"] == 1 - count


@pytest.mark.parametrize(("sample", "count"), [(0, 0), (1, 20)])
def test_a_share_of_the_requests_is_recorded(sample, count):
    app = wrapped(sample=sample)
    with flasktrace.capture(app) as traces:
        for _ in range(20):
            ask(app, Ask())

    assert len(traces) == count
    assert app.tracer._gateway.skipped["sampled_out"] == 20 - count


def test_the_same_request_through_two_gateways_is_one_trace():
    inner = wrapped()
    outer = wrapped(lambda *args: inner(*args))  # noqa: PLW0108
    with flasktrace.capture(inner) as below, flasktrace.capture(outer) as above:
        ask(outer, Ask())

    assert (len(above), len(below)) == (1, 0)


def test_another_environ_is_another_request():
    inner = wrapped()
    outer = wrapped(lambda environ, start_response: inner(dict(environ), start_response))
    with flasktrace.capture(inner) as below, flasktrace.capture(outer) as above:
        ask(outer, Ask())

    assert below.last.parent == above.last.id


def test_an_app_that_never_starts_a_response_is_told_so():
    trace = traced(Ask(), lambda environ, start_response: []).last

    assert trace.status is None
    assert trace.verdict == "No response was started from <lambda>; its stages are not visible."


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        (SystemExit, "exit"),
        (KeyboardInterrupt, "interrupted"),
        (GeneratorExit, "client_disconnected"),
        (ValueError, "error"),
    ],
)
def test_how_a_request_ended_has_a_word(kind, word):
    def app(environ, start_response):
        raise kind  # a new one: an argument of the test would keep its frames, and the tracer

    assert outcome_of(kind()) == word
    assert traced(Ask(), app).last.outcome == word


def test_stages_of_another_wsgi_app_are_not_guessed():
    trace = traced(Ask()).last

    assert {item.skipped for item in trace.stages} == {"not visible in this app"}
    assert trace.host == "wsgi"


@pytest.mark.parametrize(("raw", "text"), [("", ""), ("/a", "/a"), ("/\xc3\xa9", "/é"), (None, "")])
def test_a_path_is_the_text_that_its_bytes_stand_for(raw, text):
    assert text_of(raw) == text


def test_a_gateway_that_is_switched_off_hands_everything_on():
    app = wrapped()
    gateway = app.tracer._gateway
    gateway.on = False

    with flasktrace.capture(app) as traces:
        ask(app, Ask())

    assert len(traces) == 0


def remembered(recorder, gateway):
    """All texts that are kept from one request to the next."""
    kept = [vars(gateway)[name] for name in ("_asked", "_headers", "_started", "_shapes")]
    kept += [
        vars(recorder.describe)[name] for name in ("_texts", "_sections", "cards", "_harmless")
    ]
    return repr(kept)


@pytest.mark.parametrize("lib", [flasktrace, flask], ids=["flasktrace", "flask"])
def test_what_is_remembered_from_request_to_request_holds_no_secret(lib):
    app = lib.Flask("x")
    app.secret_key = "key"
    jwt = "eyJhbGciOiJIUzI1NiJ9.eyJjYW5hcnkiOjF9.canarycanary"

    @app.route("/open")
    @app.route("/t/<path:rest>")
    def index(rest=""):
        lib.session["seen"] = "it"
        return (
            "fine",
            200,
            {"X-Token": "canary-1", "Location": "http://u:canary@h/", "X-A": "harmless"},
        )

    tracer = flasktrace.Tracer(app, enabled=True, store="memory:")
    headers = {"Cookie": "a=canary", "Authorization": "Bearer canary12345", "Accept": "text/x-y"}
    for path in ("/open", f"/t/{jwt}", f"/open?token=canary&x={jwt}", "/none/canary"):
        ask(app, Ask(path, headers=headers))
    told = remembered(tracer.recorder, tracer._gateway)
    tracer.uninstall()

    assert "canary" not in told.replace("/none/canary", "")  # a path that has no look of a secret
    assert "text/x-y" in told
    assert "X-A" in told or lib is flask


def test_known_headers_status_and_keys_are_shown_as_at_the_first_time():
    seen = [traced(Ask("/asked", headers={"X-One": "1"})).last for _ in range(2)]
    app = wrapped()
    with flasktrace.capture(app) as traces:
        for _ in range(3):
            ask(app, Ask("/asked", headers={"X-One": "1"}))
    told = [
        (item.request, item.response.headers, item.status, item.response.reason)
        for item in (*seen, *traces)
    ]

    assert told[1:] == told[:-1]


def test_a_header_that_is_no_pair_of_texts_is_shown_as_odd():
    def app(environ, start_response):
        start_response("200 OK", [("A", "1"), ["B", "2"], ("C",), ("D", 4), ("E", "5", "6")])
        return []

    headers = traced(Ask(), app).last.response.headers

    assert headers == (("A", "1"), *[("?", "?")] * 4)


@pytest.mark.parametrize("lib", [flasktrace, flask], ids=["flasktrace", "flask"])
def test_requests_that_differ_in_little_are_not_taken_for_each_other(lib):
    app = lib.Flask("x")

    @app.route("/<name>", methods=["GET", "POST"])
    def index(name):
        return name, {"200": 200, "201": 201}.get(lib.request.headers.get("A"), 202), {"X-A": name}

    asked = [
        Ask("/a", headers={"A": "200"}),
        Ask("/a", headers={"A": "201"}),
        Ask("/a", headers={"B": "200"}),
        Ask("/b", headers={"A": "200"}),
        Ask("/a?A=200", headers={"A": "200"}),
        Ask("/a", "POST", headers={"A": "200"}),
        Ask("/a", headers={"A": "200", "B": "201"}),
        Ask("/a", headers={"A": "201", "B": "200"}),
    ]
    wrapped = flasktrace.wrap(app, enabled=True, store="memory:")
    with flasktrace.capture(wrapped) as traces:
        for one in asked * 3:
            ask(wrapped, one)
    flasktrace.unwrap(app)

    told = [
        (item.method, item.path, item.query, item.request.headers, item.status,
         item.response.headers)
        for item in traces
    ]  # fmt: skip
    assert told[: len(asked)] * 3 == told
    assert len(set(told)) == len(asked)
    assert [item.status for item in traces][: len(asked)] == [200, 201, 202, *[200] * 4, 201]
    for one, trace in zip(asked, traces, strict=False):
        sent = {name: value for name, value in trace.request.headers if name in {"A", "B"}}
        assert sent == one.headers


def test_many_kinds_of_requests_are_remembered_up_to_a_bound():
    tracer = flasktrace.Tracer(echo, enabled=True, store="memory:")
    app, gateway = tracer.wsgi, tracer._gateway
    with tracer.collect() as traces:
        for number in range(1100):
            ask(app, Ask("/", headers={f"X-{number}": "1"}))
        for number in range(1100):
            ask(app, Ask(f"/{number}"))
        for _ in range(3):
            ask(app, Ask("/", headers={f"X-{'y' * 4000}": "1"}))
            ask(app, Ask(f"/{'y' * 4000}"))
            ask(app, Ask("/", headers={"X": "y" * 4000}))
            ask(app, Ask("/", headers={f"X-{'y' * 4000}": "1"}))
    tracer.uninstall()

    for name in ("_shapes", "_asked", "_headers", "_started"):
        assert 0 < len(vars(gateway)[name]) <= 500, name
    assert "y" * 4000 not in repr([*gateway._asked, *gateway._started])
    assert not [keys for keys in gateway._shapes if sum(map(len, keys)) > 3000]
    assert ("X-" + "y".title() + "y" * 3999, "1") in traces.last.request.headers


def test_a_key_of_the_environ_that_is_of_a_class_of_the_users_is_not_asked_for_anything():
    class Key(str):
        asked = 0
        __slots__ = ()

        def __hash__(self):
            Key.asked += 1
            return str.__hash__(self)

        def __eq__(self, other):
            Key.asked += 1
            return str.__eq__(self, other)

    def app(environ, start_response):
        start_response("200 OK", [])
        return []

    tracer = flasktrace.Tracer(app, enabled=True, store="memory:")
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "HTTP_X_A": "1", Key("HTTP_X_B"): "2"}
    environ["HTTP_X_C"] = 3  # what is no text is left out, by a way of its own
    asked = Key.asked
    with tracer.collect() as traces:
        for _ in range(2):
            list(tracer.wsgi(environ, lambda *_args: None))
    tracer.uninstall()

    assert Key.asked == asked
    assert traces.last.request.headers == (("X-A", "1"),)
    assert not traces.last.partial
