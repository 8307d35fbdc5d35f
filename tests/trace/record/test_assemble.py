import json
import re

import flask
import pytest

import flasktrace
from flasktrace.trace.model import STAGES, Trace
from flasktrace.trace.record import assemble, story
from tests.trace.record.same import Ask, ask

LIBRARIES = {"flasktrace": flasktrace, "flask": flask}
both = pytest.mark.parametrize("lib", LIBRARIES.values(), ids=LIBRARIES)


def shop(lib):
    app = lib.Flask("shop")

    @app.route("/<int:n>/<name>")
    def page(n, name):
        with flasktrace.span("work", n=1):
            flasktrace.event("point")
        return name

    @app.route("/crash")
    def crash():
        raise KeyError("k")

    return app


def traced(app, wanted, **options):
    with flasktrace.capture(app, **options) as traces:
        ask(app, wanted)
    return traces.last


@both
@pytest.mark.parametrize("path", ["/7/ada?x=1", "/crash", "/none", "/%00/%ff"])
def test_a_trace_is_json_and_comes_back_equal(lib, path):
    trace = traced(shop(lib), Ask(path))

    text = json.dumps(trace.to_dict(), allow_nan=False)

    assert Trace.from_dict(json.loads(text)) == trace
    text.encode()


@both
def test_all_seven_stages_are_there(lib):
    for path in ("/7/ada", "/crash", "/none"):
        stages = traced(shop(lib), Ask(path)).stages

        assert sorted(item.name for item in stages) == sorted(STAGES)
        assert all((item.start_ns is None) == (item.skipped is not None) for item in stages)


@both
def test_facts_of_a_request_are_plain(lib):
    trace = traced(shop(lib), Ask("/7/ada?token=abc&x=1"))

    assert re.fullmatch("[0-9a-f]{32}", trace.id)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00", trace.started)
    assert (trace.method, trace.path, trace.query) == ("GET", "/7/ada", "token=••• str(3)&x=1")
    assert (trace.status, trace.endpoint, trace.rule) == (200, "page", "/<int:n>/<name>")
    assert trace.view_args == {"n": 7, "name": "ada"}
    assert trace.app == "shop"
    assert trace.host.split()[0] == lib.__name__
    assert trace.pid > 0


@both
def test_a_crash_is_an_error_with_its_place(lib):
    trace = traced(shop(lib), Ask("/crash"))

    assert trace.outcome == "error"
    assert trace.exception.type == "KeyError"
    assert trace.exception.raised_by.startswith("crash (test_assemble.py:")
    assert trace.exception.handled_by is None
    assert trace.stage("dispatch").exception == "KeyError"
    assert trace.marks == ("exception",)


@both
def test_a_page_for_an_error_does_not_make_it_well(lib):
    app = shop(lib)
    app.register_error_handler(500, lambda error: ("sorry", 500))

    trace = traced(app, Ask("/crash"))

    assert trace.outcome == "error"
    assert trace.exception.handled_by is not None


@both
def test_a_stage_that_raised_is_the_reason_for_those_that_never_ran(lib):
    app = shop(lib)
    app.testing = True

    trace = traced(app, Ask("/crash"))

    assert trace.stage("make_response").skipped == "dispatch raised KeyError"
    assert trace.stage("pop").skipped is None


@both
def test_a_request_that_is_not_finished_is_shown_as_far_as_it_went(lib):
    app = lib.Flask("x")
    app.add_url_rule("/", "index", lambda: lib.Response(iter(["a", "b"])))

    with flasktrace.capture(app) as traces:
        body = app({"REQUEST_METHOD": "GET", "wsgi.url_scheme": "http", "SERVER_NAME": "x",
                    "SERVER_PORT": "80", "wsgi.input": None, "HTTP_HOST": "x"},
                   lambda *_args: None)  # fmt: skip
        next(iter(body))
        running = traces.last
        body.close()

    assert running.response.chunks == 1
    assert not running.response.closed
    assert traces.last.response.closed


def test_long_headers_are_cut():
    headers = {"X-Long": "x" * 100}

    trace = traced(shop(flasktrace), Ask("/7/ada", headers=headers), limits={"header": 10})

    assert ("X-Long", "x" * 10 + "…") in trace.request.headers


def test_marks_tell_what_is_special():
    app = shop(flasktrace)
    app.before_request(lambda: "early" if flasktrace.request.args.get("early") else None)

    assert traced(app, Ask("/?early=1")).marks == ("answered by a hook",)
    assert traced(app, Ask("/none")).marks == ("no route",)
    assert traced(app, Ask("/crash", "POST")).marks == ("method not allowed",)


def test_requests_alike_share_their_cards_and_others_do_not():
    app = flasktrace.Flask("alike")
    app.add_url_rule("/one", "one", lambda: "1")
    app.add_url_rule("/two", "two", lambda: "2")
    with flasktrace.capture(app) as traces:
        for path in ("/one", "/one", "/two"):
            ask(app, Ask(path))

    one, again, two = ([stage.snapshot.cards for stage in trace.stages] for trace in traces)
    assert one == again
    assert all(a is b for a, b in zip(one, again, strict=True))
    assert one[0][0].sections["request"]["path"] == "'/one'"
    assert two[0][0].sections["request"]["path"] == "'/two'"


def test_only_the_latest_stacks_are_remembered():
    app = flasktrace.Flask("many")
    with flasktrace.capture(app) as traces:
        for number in range(300):
            ask(app, Ask(f"/{number}"))

    assert len(traces) == 300
    assert 0 < len(assemble._stacks) <= assemble._MANY_STACKS
    assert 0 < len(story._unmatched_stacks) <= story._MOST


@both
def test_nothing_is_remembered_of_a_path_with_a_secret(lib):
    app = lib.Flask("reset")
    app.route("/reset/<token>")(lambda token: lib.g.setdefault("seen", token))
    with flasktrace.capture(app) as traces:
        ask(app, Ask("/reset/s3cr3t"))
        ask(app, Ask("/reset/s3cr3t", method="POST"))

    kept = repr([*assemble._stacks.values(), *story._unmatched_stacks.values()])
    assert "s3cr3t" not in json.dumps([trace.to_dict() for trace in traces])
    assert "s3cr3t" not in kept
