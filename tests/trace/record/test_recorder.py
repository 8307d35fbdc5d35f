import gc
import json
import threading
import weakref

import flask
import pytest

import flasktrace
from flasktrace.trace.record.assemble import assemble
from flasktrace.trace.record.gateway import Gateway
from flasktrace.trace.record.hosts.native import NativeHost
from flasktrace.trace.record.limits import Limits
from flasktrace.trace.record.recorder import Recorder
from flasktrace.trace.record.snapshot import Looker
from flasktrace.trace.show.terminal import render, tree
from tests.cases import long, many
from tests.flasks import SINCE_3_2
from tests.trace.record.same import Ask, ask

LIBRARIES = {"flasktrace": flasktrace, "flask": flask}
both = pytest.mark.parametrize("lib", LIBRARIES.values(), ids=LIBRARIES)


class Clock:
    """Nanoseconds that go on when told to, and *tick* by themselves at each look."""

    def __init__(self, tick=0):
        self.now = 1_000
        self.tick = tick

    def __call__(self):
        self.now += self.tick
        return self.now


def recorded(app, wanted, clock=None, **options):
    """Return the trace of one request to an app of flasktrace, by a recorder with a clock."""
    made = []
    recorder = Recorder(
        NativeHost(),
        "x",
        made.append,
        clock=clock or Clock(),
        wall=lambda: 0.0,
        ids=lambda: "f" * 32,
        **options,
    )
    recorder.host.install(app, recorder)
    ask(Gateway(app.wsgi_app, recorder), wanted)
    recorder.disconnect()
    return assemble(made[0])


def traced(app, wanted=None, **options):
    with flasktrace.capture(app, **options) as traces:
        ask(app, wanted or Ask())
    return traces.last


def stages(trace):
    return [item.name for item in trace.stages if item.skipped is None]


# Stages


def test_stages_of_flasktrace_stand_in_the_order_in_which_they_ran():
    app = flasktrace.Flask("x")
    app.add_url_rule("/", "index", lambda: "hello")

    assert stages(traced(app)) == [
        "push", "preprocess", "match", "dispatch", "make_response", "postprocess", "pop",
    ]  # fmt: skip


def test_stages_of_flask_stand_in_the_order_in_which_they_ran():
    app = flask.Flask("x")
    app.add_url_rule("/", "index", lambda: "hello")

    trace = traced(app)

    assert stages(trace) == [
        "push", "match", "preprocess", "dispatch", "make_response", "postprocess", "pop",
    ]  # fmt: skip
    assert trace.stage("match").within == "push"


def test_a_hook_that_asks_for_the_endpoint_is_named_as_the_one_who_matched():
    app = flasktrace.Flask("x")
    app.add_url_rule("/", "index", lambda: "hello")

    @app.before_request
    def look():
        return None if flasktrace.request.endpoint else "none"

    match = traced(app).stage("match")

    assert match.within == "preprocess"
    assert match.asked_by.startswith("request.endpoint in look (test_recorder.py:")


@both
def test_what_did_not_run_tells_why(lib):
    app = lib.Flask("x")
    app.before_request(lambda: "early")
    app.add_url_rule("/", "index", lambda: "hello")

    assert "answered first" in traced(app).stage("dispatch").skipped


# Times


def test_durations_are_those_of_the_app_alone():
    clock = Clock()
    app = flasktrace.Flask("x")

    @app.before_request
    def load():
        clock.now += 20

    @app.route("/")
    def index():
        clock.now += 100
        with flasktrace.span("inner"):
            clock.now += 7

        def parts():
            clock.now += 3
            yield b"a"
            clock.now += 5
            yield b"b"

        return flasktrace.Response(parts())

    @app.teardown_request
    def end(error):
        clock.now += 11

    trace = recorded(app, Ask(), clock)

    assert {item.name: item.duration_ns for item in trace.stages} == {
        "push": 0,
        "preprocess": 20,
        "match": 0,
        "dispatch": 107,
        "make_response": 0,
        "postprocess": 0,
        "pop": 11,
    }
    assert {item.name: (item.start_ns, item.duration_ns) for item in trace.spans} == {
        "open_session": (0, 0),
        "load": (0, 20),
        "index": (20, 107),
        "inner": (120, 7),
        "end": (127, 11),
        "response body": (138, 8),
    }
    assert trace.response.first_byte_ns == 141
    assert (trace.duration_ns, trace.tracer_ns) == (146, 0)


def test_the_tracers_own_time_is_in_no_other_figure():
    def timed(clock):
        app = flasktrace.Flask("x")

        @app.route("/")
        def index():
            clock.now += 1_000_000
            flasktrace.event("half")
            clock.now += 1_000_000
            return "done"

        return recorded(app, Ask(), clock)

    exact, ticking = timed(Clock()), timed(Clock(tick=1_000))

    assert exact.duration_ns == 2_000_000
    assert ticking.tracer_ns >= 10_000
    # A look ends and the next begins: only the two readings of the clock lie between them.
    assert 0 <= ticking.duration_ns - exact.duration_ns < ticking.tracer_ns + 40_000
    assert 2_000_000 <= ticking.stage("dispatch").duration_ns < 2_010_000


@both
def test_no_duration_is_negative_or_beyond_the_trace(lib):
    app = lib.Flask("x")

    @app.route("/")
    def index():
        with flasktrace.span("work"):
            return lib.render_template_string("hi")

    trace = traced(app)

    for item in (*trace.stages, *trace.spans):
        if item.start_ns is not None:
            assert item.duration_ns >= 0
            assert 0 <= item.start_ns <= item.start_ns + item.duration_ns <= trace.duration_ns


@both
def test_a_span_left_open_by_an_exception_ends_with_the_one_around_it(lib):
    app = lib.Flask("x")

    @app.route("/")
    def index():
        return lib.render_template_string("{{ no.such.thing }}")

    by_kind = {item.kind: item for item in traced(app).spans}
    template, view = by_kind["template"], by_kind["view"]

    assert template.parent == view.id
    assert template.start_ns + template.duration_ns <= view.start_ns + view.duration_ns


# Spans


@both
def test_spans_nest_as_the_calls_did(lib):
    app = lib.Flask("x")
    app.context_processor(lambda: {"a": 1})

    @app.route("/")
    def index():
        with flasktrace.span("page", items=3):
            return lib.render_template_string("{{ a }}")

    spans = {item.kind: item for item in traced(app).spans}

    assert spans["view"].parent is None
    assert spans["user"].parent == spans["view"].id
    assert spans["template"].parent == spans["user"].id
    assert spans["user"].attributes == {"items": 3}
    assert spans["context_processor"].parent == spans["user"].id


@both
def test_every_hook_is_a_span_with_its_outcome(lib):
    app = lib.Flask("x")

    @app.before_request
    def before():
        return None

    @app.after_request
    def after(response):
        return response

    @app.after_request
    def swap(response):
        return lib.Response("new")

    @app.teardown_request
    def end(error):
        pass

    @app.teardown_appcontext
    def end_all(error):
        pass

    @app.route("/")
    def index():
        @lib.after_this_request
        def once(response):
            return response

        return "x"

    trace = traced(app)
    found = [(item.stage, item.kind, item.name, item.attributes["outcome"])
             for item in trace.spans
             if item.kind not in {"body", "session_open"}]  # fmt: skip

    assert found == [
        ("preprocess", "before_request", "before", "returned None"),
        ("dispatch", "view", "index", "returned str"),
        ("postprocess", "after_this_request",
         "test_every_hook_is_a_span_with_its_outcome.<locals>.index.<locals>.once",
         "returned the response"),
        ("postprocess", "after_request", "swap", "replaced the response"),
        ("postprocess", "after_request", "after", "returned the response"),
        ("pop", "teardown_request", "end", "returned None"),
        ("pop", "teardown_appcontext", "end_all", "returned None"),
    ] or found[2][2] == "once"  # fmt: skip
    view = next(item for item in trace.spans if item.kind == "view")
    assert view.attributes["code.file.path"] == __file__
    assert view.attributes["code.line.number"] > 1


@both
def test_the_handler_that_answered_is_named(lib):
    app = lib.Flask("x")

    @app.errorhandler(LookupError)
    def on_lookup(error):
        return "no", 404

    @app.route("/")
    def index():
        raise KeyError("k")

    trace = traced(app)

    assert trace.exception.handled_by.startswith("on_lookup (test_recorder.py:")
    assert trace.exception.stage == "dispatch"
    assert trace.outcome == "ok"
    assert "handled" in trace.marks


@both
def test_an_exception_that_a_function_inside_a_view_caught_is_no_failure(lib):
    app = lib.Flask("x")

    def inner():
        raise KeyError("k")

    @app.route("/")
    def index():
        try:
            app.ensure_sync(inner)()
        except KeyError:
            return "fine"

    trace = traced(app)

    assert trace.exception is None
    assert trace.outcome == "ok"


@both
def test_an_exception_in_teardown_is_not_taken_for_the_one_before(lib):
    app = lib.Flask("x")

    @app.errorhandler(ValueError)
    def handle(error):
        return "handled"

    def fail(text):
        raise ValueError(text)

    @app.route("/")
    def index():
        fail("first")

    @app.teardown_request
    def end(error):
        raise ValueError("second")

    trace = traced(app)

    assert trace.exception.message == "second"
    assert trace.exception.handled_by is None


# Changes


@both
def test_each_change_has_its_author(lib):
    app = lib.Flask("x")
    app.secret_key = "key"

    @app.before_request
    def load_user():
        lib.g.user = "ada"
        lib.g.cart = [1]
        lib.g.seen = {"n": 1}

    @app.route("/")
    def index():
        lib.g.cart.append(2)
        with flasktrace.span("count"):
            lib.g.seen["n"] = 2
        lib.session["page"] = 1
        return "x"

    @app.teardown_request
    def clean(error):
        lib.g.pop("user")

    found = [
        (item.section, item.key, item.before, item.after, item.author.split(" (")[0])
        for item in traced(app).changes
        if item.section not in {"request", "response"}
    ]

    assert found == [
        ("g", "user", None, "'ada'", "load_user"),
        ("g", "cart", None, "[1]", "load_user"),
        ("g", "seen", None, "{'n': 1}", "load_user"),
        ("g", "cart", "[1]", "[1, 2]", "index"),
        ("g", "seen", "{'n': 1}", "{'n': 2}", "the block 'count'"),
        ("session", "page", None, "1", "index"),
        ("g", "user", "'ada'", None, "clean"),
    ]


def test_what_a_hook_set_before_it_asked_for_the_route_is_its_own_change():
    app = flasktrace.Flask("x")
    app.add_url_rule("/", "index", lambda: "x")

    @app.before_request
    def load():
        flasktrace.g.early = 1
        flasktrace.g.name = flasktrace.request.endpoint

    found = {item.key: item.author.split(" (")[0] for item in traced(app).changes}

    assert found == {
        "early": "load",
        "name": "load",
        "endpoint": "the framework",
        "rule": "the framework",
        "view_args": "the framework",
    }


@both
def test_a_context_pushed_inside_a_view_changes_nothing_in_the_one_below(lib):
    app, other = lib.Flask("x"), lib.Flask("other")

    @app.route("/")
    def index():
        lib.g.a = 1
        with app.test_request_context("/inner"):
            lib.g.b = 2
            with flasktrace.span("inside"):
                pass
        with other.app_context():
            lib.g.c = 3
        lib.g.d = 4
        return "x"

    found = [(item.key, item.after) for item in traced(app).changes if item.section == "g"]

    # Before 3.2 flask gives both requests the same g, since they are of one app.
    shared = lib is flask and not SINCE_3_2
    assert found == [("a", "1"), *([("b", "2")] if shared else []), ("d", "4")]


@both
def test_the_stack_is_shown_from_the_bottom(lib):
    app, other = lib.Flask("outer"), lib.Flask("other")

    @app.route("/")
    def index():
        with other.app_context(), other.test_request_context("/in"):
            return lib.render_template_string("{{ seen() }}", seen=look)

    trace_of = {}

    def look():
        cards = Looker(tracer.recorder.describe).look(tracer.recorder.host).cards
        trace_of["cards"] = [(item.kind, item.name) for item in cards if item.kind != "app"]
        return ""

    tracer = flasktrace.Tracer(app, enabled=True, store="memory:", dashboard=False)
    ask(app, Ask())
    tracer.uninstall()

    assert trace_of["cards"] == [("request", "outer"), ("request", "other")]


# Secrets

CANARY = "kanarienvogel"


@both
def test_no_secret_is_in_the_trace_or_in_its_tree(lib):
    app = lib.Flask("x")
    app.secret_key = "key"

    @app.before_request
    def load():
        lib.g.password = CANARY
        lib.g.nested = {"user": {"api_key": CANARY, "list": [{"token": CANARY}]}}
        lib.g.database = f"postgres://me:{CANARY}@db/x"
        lib.g.came_to = lib.request.path
        lib.session["csrf_token"] = CANARY

    @app.route("/reset/<token>", methods=["POST"])
    def reset(token):
        lib.request.get_data()
        with flasktrace.span("work", secret=CANARY):
            flasktrace.event("point", password=CANARY)
        if "fail" in lib.request.args:
            raise ValueError(f"no such user: token={CANARY}")
        made = lib.redirect(f"https://u:{CANARY}@x/?access_token={CANARY}#id_token={CANARY}")
        made.set_cookie("any", CANARY)
        made.headers["X-Api-Key"] = CANARY
        return made

    headers = {
        "Authorization": f"Bearer {CANARY}",
        "Cookie": f"a={CANARY}; {CANARY}",
        "Referer": f"http://localhost/reset/{CANARY}?token={CANARY}",
        "X-CSRF-Token": CANARY,
        "X-Original-Url": f"/reset/{CANARY}",
        "Content-Type": "application/json",
    }
    body = json.dumps({"user": {"password": CANARY, "tokens": [CANARY]}}).encode()

    for path in (f"/reset/{CANARY}?token={CANARY}", f"/reset/{CANARY}?fail&pass%77ord={CANARY}"):
        trace = traced(app, Ask(path, "POST", body, headers), capture_body=True)

        assert trace.request.body.startswith('{"user": {"password": "•••')
        assert CANARY not in json.dumps(trace.to_dict(), ensure_ascii=False)
        assert CANARY not in render(tree(trace), width=200)
        assert not trace.partial


@pytest.mark.parametrize("secret", ["123", "6b29fc40-ca47-1067-b31d-00dd010662da", "a b"])
@both
def test_a_secret_in_the_path_is_left_out_whatever_its_converter(lib, secret):
    converter = {"123": "int:", "a b": ""}.get(secret, "uuid:")
    app = lib.Flask("x")
    app.add_url_rule(f"/reset/<{converter}token>/now", "reset", lambda token: "x")

    trace = traced(app, Ask(f"/reset/{secret.upper()}/now"))

    assert trace.path == f"/reset/••• str({len(secret)})/now"
    assert f"/{secret.upper()}" not in json.dumps(trace.to_dict())


# Limits


def test_what_is_beyond_a_limit_is_counted():
    app = flasktrace.Flask("x")

    @app.route("/")
    def index():
        for number in range(10):
            with flasktrace.span("s"):
                flasktrace.event("e")
            setattr(flasktrace.g, f"k{number}", "x" * 100)
        return b"0123456789"

    limits = {"spans": 4, "events": 3, "changes": 5, "value": 10, "keys": 4, "body": 6}
    trace = traced(app, limits=limits, capture_body=True)

    assert len(trace.spans) == 4
    assert len(trace.events) == 3
    assert len(trace.changes) == 5
    assert trace.response.body == "012345"
    assert trace.dropped["events"] == 7
    assert trace.dropped["spans"] == 9  # 8 of the view's, and that of the body
    assert trace.dropped["body"] == 4
    assert trace.dropped["changes"] > 0
    assert "incomplete" in trace.marks
    assert trace.stage("dispatch").snapshot.cards[0].sections["g"]["…"] == "6 more keys"


def test_a_call_beyond_the_limit_is_still_told_in_the_verdict():
    app = flasktrace.Flask("x")

    @app.before_request
    def answer():
        return "early"

    trace = recorded(app, Ask(), limits=Limits(spans=0))

    assert trace.spans == ()
    assert trace.verdict.startswith("200 from before_request answer (test_recorder.py:")


# Lifetimes


@both
def test_nothing_of_a_request_lives_on_after_it(lib):
    app = lib.Flask("lives on")
    app.secret_key = "key"
    app.logger.disabled = True  # pytest keeps what is logged
    seen = {}

    class Thing:
        pass

    @app.route("/<path:rest>")
    def index(rest):
        lib.session["a"] = 1
        lib.g.thing = Thing()
        seen["thing"] = weakref.ref(lib.g.thing)
        seen["request"] = weakref.ref(lib.request._get_current_object())
        seen["session"] = weakref.ref(lib.session._get_current_object())
        seen["g"] = weakref.ref(lib.g._get_current_object())

        class Failed(Exception):
            pass

        error = Failed(lib.g.thing)
        seen["exception"] = weakref.ref(error)
        if "raise" in rest:
            raise error
        response = lib.Response("x")
        seen["response"] = weakref.ref(response)
        return response

    with flasktrace.capture(app) as traces:
        for path in ("/fine", "/raise"):
            ask(app, Ask(path))
            gc.collect()
            alive = [name for name, ref in seen.items() if ref() is not None]

            assert alive == []
        assert len(traces) == 2


@both
def test_an_app_that_is_dropped_is_gone(lib):
    app = lib.Flask("x")
    app.add_url_rule("/", "index", lambda: "x")
    flasktrace.wrap(app, enabled=True, store="memory:", dashboard=False)
    ask(app, Ask())
    gone = weakref.ref(app)

    del app
    gc.collect()

    assert gone() is None


@both
def test_what_a_thread_does_after_the_request_is_in_no_trace(lib):
    app = lib.Flask("x")
    go, done = threading.Event(), threading.Event()
    seen = []

    @app.route("/")
    def index():
        import contextvars

        def later():
            go.wait(5)
            with flasktrace.span("late"):
                flasktrace.event("late")
                seen.append(bool(flasktrace.current_trace))
            done.set()

        threading.Thread(target=contextvars.copy_context().run, args=(later,)).start()
        return "x"

    with flasktrace.capture(app) as traces:
        ask(app, Ask())
        go.set()
        assert done.wait(5)

    assert seen == [False]
    assert [item.name for item in traces.last.spans if item.name == "late"] == []


# Concurrency


@long
@pytest.mark.parametrize("lib", [flasktrace, flask], ids=LIBRARIES)
def test_threads_never_see_each_others_marks(lib):
    app = lib.Flask("x")

    @app.before_request
    def load():
        lib.g.mark = lib.request.args["mark"]

    @app.route("/<mark>")
    def index(mark):
        with flasktrace.span(mark):
            flasktrace.event(mark)
        return mark

    def visit(name):
        for turn in range(10):
            mark = f"m{name}x{turn}m"
            ask(app, Ask(f"/{mark}?mark={mark}", headers={"X-Mark": mark}))

    for number in range(many(20)):
        with flasktrace.capture(app) as traces:
            threads = [
                threading.Thread(target=visit, args=(f"{number}y{thread}",)) for thread in range(50)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

        assert len(traces) == 50 * 10
        for trace in traces:
            check_marks(trace, trace.path[1:])


def check_marks(trace, mark):
    assert {item.name for item in trace.spans if item.kind == "user"} == {mark}
    assert [item.name for item in trace.events] == [mark]
    assert trace.query == f"mark={mark}"
    assert {item.after for item in trace.changes if item.key == "mark"} == {f"'{mark}'"}
    assert ("X-Mark", mark) in trace.request.headers
    assert not trace.partial


@both
def test_an_async_view_is_traced_as_any_other(lib):
    pytest.importorskip("asgiref")
    import asyncio

    app = lib.Flask("x")

    @app.before_request
    async def load():
        await asyncio.sleep(0)
        lib.g.user = "ada"

    @app.route("/")
    async def index():
        with flasktrace.span("wait"):
            await asyncio.sleep(0)
        return "async"

    trace = traced(app)

    spans = {item.name: item for item in trace.spans}
    assert spans["wait"].parent == spans["index"].id
    assert [item.author.split(" (")[0] for item in trace.changes if item.key == "user"] == ["load"]
    assert trace.verdict.startswith("200 from the view index")


@both
def test_a_test_client_inside_a_view_makes_a_child_trace(lib):
    app = lib.Flask("x")

    @app.route("/outer")
    def outer():
        return app.test_client().get("/inner").text

    app.add_url_rule("/inner", "inner", lambda: "inside")

    with flasktrace.capture(app) as traces:
        ask(app, Ask("/outer"))
        parent, child = traces.find("/outer")[0], traces.find("/inner")[0]

    assert child.parent == parent.id
    assert parent.parent is None
    assert parent.verdict.startswith("200 from the view outer")
    assert [item.name for item in parent.spans if item.kind == "view"] == ["outer"]


@both
def test_the_context_is_popped_once_in_a_stream_with_context(lib):
    app = lib.Flask("x")
    ends = []
    app.teardown_request(ends.append)

    @app.route("/")
    def index():
        return lib.Response(lib.stream_with_context(iter(["a", "b"])))

    trace = traced(app)

    assert len(trace.stage("pop").runs) == 1
    assert trace.response.chunks == 2
    assert trace.outcome == "ok"
