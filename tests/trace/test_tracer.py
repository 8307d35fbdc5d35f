import sys
import threading

import flask
import pytest
from werkzeug.middleware.dispatcher import DispatcherMiddleware

import flasktrace
from flasktrace.trace.keep.writer import Writer
from flasktrace.trace.tracer import tracer_of
from tests.trace.record.same import Ask, ask, hooks, receivers

LIBRARIES = {"flasktrace": flasktrace, "flask": flask}
both = pytest.mark.parametrize("lib", LIBRARIES.values(), ids=LIBRARIES)


@pytest.fixture(autouse=True)
def nowhere(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FLASKTRACE_ENABLED", raising=False)


def hello(lib):
    app = lib.Flask("hello")
    app.add_url_rule("/", "index", lambda: "hello")
    return app


def wsgi(environ, start_response):
    start_response("200 OK", [])
    return [b"hello"]


# Whether it is on


@both
def test_off_says_so_once_with_the_remedy(lib, caplog):
    app = flasktrace.wrap(hello(lib))

    for _ in range(3):
        assert ask(app, Ask())["chunks"] == [b"hello"]

    assert len(caplog.messages) == 1
    assert "hello is wrapped but not traced" in caplog.text
    assert "FLASKTRACE_ENABLED=1" in caplog.text
    assert app.wsgi_app == type(app).wsgi_app.__get__(app)


@both
def test_enabled_false_installs_nothing_and_says_nothing(lib, caplog):
    app = hello(lib)
    before, heard, threads = hooks(app), receivers(), threading.active_count()

    assert flasktrace.wrap(app, enabled=False) is app
    ask(app, Ask())

    after = hooks(app)
    assert {key: after[key] for key in before if key != "extensions"}.keys() <= after.keys()
    assert "wsgi_app" not in vars(app)
    assert "dispatch_request" not in vars(app)
    assert receivers() == heard
    assert threading.active_count() == threads
    assert caplog.messages == []


@both
def test_debug_mode_turns_it_on_even_when_decided_late(lib):
    app = flasktrace.wrap(hello(lib), store="memory:", dashboard=False)
    app.debug = True
    ask(app, Ask())

    assert tracer_of(app).on
    assert tracer_of(app).store.count() == 1
    flasktrace.unwrap(app)


@both
def test_debug_mode_decided_late_is_seen_below_other_middleware(lib):
    app = flasktrace.wrap(hello(lib), store="memory:", dashboard=False)
    inner = app.wsgi_app
    app.wsgi_app = lambda *args: inner(*args)  # noqa: PLW0108
    app.debug = True
    ask(app, Ask())

    assert tracer_of(app).store.count() == 1
    flasktrace.unwrap(app)


@pytest.mark.parametrize("where", ["argument", "config", "environment"])
@both
def test_it_is_turned_on_from_three_places(lib, where, monkeypatch):
    app = hello(lib)
    options = {"store": "memory:", "dashboard": False}
    if where == "argument":
        options["enabled"] = True
    elif where == "config":
        app.config["FLASKTRACE_ENABLED"] = True
    else:
        monkeypatch.setenv("FLASKTRACE_ENABLED", "1")

    flasktrace.wrap(app, **options)

    assert tracer_of(app).on
    flasktrace.unwrap(app)


@both
def test_a_wrong_option_is_an_error_at_once_and_leaves_the_app_alone(lib):
    app = hello(lib)
    before = hooks(app)

    with pytest.raises(ValueError, match="sample='much' will not do"):
        flasktrace.wrap(app, enabled=True, sample="much")
    with pytest.raises(ValueError, match="no limit 'heigth'"):
        flasktrace.wrap(app, enabled=True, limits={"heigth": 1})
    with pytest.raises(TypeError, match="no option 'colour'"):
        flasktrace.wrap(app, colour="red")

    assert hooks(app) == before


# Wrapping and unwrapping


@both
def test_wrapped_twice_it_is_traced_once(lib):
    app = hello(lib)
    flasktrace.wrap(app, enabled=True, store="memory:", dashboard=False)
    first = tracer_of(app)

    assert flasktrace.wrap(app, enabled=True) is app
    assert tracer_of(app) is first
    ask(app, Ask())

    assert first.store.count() == 1
    flasktrace.unwrap(app)


@both
def test_an_app_that_is_mounted_below_a_wrapped_one_has_a_trace_of_its_own(lib):
    outer, inner = hello(lib), hello(lib)
    outer.wsgi_app = DispatcherMiddleware(outer.wsgi_app, {"/below": inner})
    for app in (outer, inner):
        flasktrace.wrap(app, enabled=True, store="memory:", dashboard=False)

    ask(outer, Ask("/below/"))

    [around], [within] = (tracer_of(app).store.page().summaries for app in (outer, inner))
    trace = tracer_of(inner).store.get(within.id)
    assert (trace.path, trace.parent, trace.status) == ("/below/", around.id, 200)
    assert trace.stage("dispatch").skipped is None


def test_a_wsgi_app_is_wrapped_once_and_unwrapped_to_itself():
    wrapped = flasktrace.wrap(wsgi, enabled=True, store="memory:")

    assert flasktrace.wrap(wrapped) is wrapped
    assert ask(wrapped, Ask())["chunks"] == [b"hello"]
    assert wrapped.tracer.store.count() == 1
    assert flasktrace.unwrap(wrapped) is wsgi
    assert flasktrace.unwrap(wsgi) is wsgi


@both
def test_its_writer_gives_precedence_to_requests_that_are_not_over(lib, monkeypatch):
    told = []
    made = Writer.__init__

    def listen(self, store, *, busy, **options):
        told.append(busy)
        made(self, store, busy=busy, **options)

    monkeypatch.setattr(Writer, "__init__", listen)
    app = lib.Flask("at work")
    app.add_url_rule("/", "index", lambda: str(told[0]()))
    flasktrace.wrap(app, enabled=True, store="sqlite:///traces.db")
    tracer_of(app).writer.flush()

    assert not told[0]()
    assert ask(app, Ask())["chunks"] == [b"True"]
    assert not told[0]()
    flasktrace.unwrap(app)


def test_what_is_no_app_is_refused():
    with pytest.raises(TypeError, match="7 is no WSGI app"):
        flasktrace.wrap(7)


@both
def test_unwrap_leaves_the_app_as_it_was(lib):
    app = hello(lib)
    ask(app, Ask())
    assert app.name
    before, heard = hooks(app), receivers()

    flasktrace.wrap(app, enabled=True, store="memory:")
    ask(app, Ask())
    flasktrace.unwrap(app)

    assert hooks(app) == before
    assert receivers() == heard


@both
def test_unwrap_below_other_middleware_records_no_more(lib):
    app = flasktrace.wrap(hello(lib), enabled=True, store="memory:", dashboard=False)
    tracer, inner = tracer_of(app), app.wsgi_app
    app.wsgi_app = middleware = lambda *args: inner(*args)  # noqa: PLW0108
    ask(app, Ask())
    assert tracer.store.count() == 1

    flasktrace.unwrap(app)

    assert ask(app, Ask())["chunks"] == [b"hello"]
    assert tracer.recorder.live == {}
    assert app.wsgi_app is middleware


@both
def test_the_extension_idiom_works(lib):
    tracer = flasktrace.Tracer(enabled=True, store="memory:", dashboard=False)
    app = hello(lib)
    with pytest.raises(RuntimeError, match="call init_app"):
        _ = tracer.options

    tracer.init_app(app)
    tracer.init_app(app)

    ask(app, Ask())
    assert tracer.store.count() == 1
    with pytest.raises(RuntimeError, match="make another Tracer"):
        tracer.init_app(hello(lib))
    tracer.uninstall()
    tracer.uninstall()


# Collecting


@both
def test_capture_sees_the_requests_of_its_block_and_leaves_the_app_as_it_was(lib):
    app = hello(lib)
    assert app.name
    ask(app, Ask())
    before, heard = hooks(app), receivers()

    with flasktrace.capture(app) as traces:
        ask(app, Ask("/?first"))
        ask(app, Ask("/?second"))
    ask(app, Ask("/?after"))

    assert [item.query for item in traces] == ["first", "second"]
    assert hooks(app) == before
    assert receivers() == heard


@both
def test_capture_of_a_wrapped_app_leaves_it_wrapped(lib):
    app = flasktrace.wrap(hello(lib), enabled=True, store="memory:", dashboard=False)

    with flasktrace.capture(app) as outer:
        ask(app, Ask())
        with flasktrace.capture(app) as inner:
            ask(app, Ask())

    assert (len(outer), len(inner), tracer_of(app).store.count()) == (2, 1, 2)
    flasktrace.unwrap(app)


def test_capture_of_a_plain_wsgi_app_says_what_to_do():
    with pytest.raises(TypeError, match="wrap\\(app, enabled=True\\)"), flasktrace.capture(wsgi):
        pass


@both
def test_an_exception_in_the_block_passes_and_the_app_is_restored(lib):
    app = hello(lib)

    with pytest.raises(KeyError), flasktrace.capture(app):
        raise KeyError

    assert "wsgi_app" not in vars(app)


@both
def test_a_request_that_began_before_the_block_is_not_in_it(lib):
    app = lib.Flask("x")
    app.add_url_rule("/", "index", lambda: lib.Response(iter(["a", "b"])))
    tracer = flasktrace.Tracer(app, enabled=True, store="memory:", dashboard=False)
    environ = {"REQUEST_METHOD": "GET", "wsgi.url_scheme": "http", "HTTP_HOST": "x"}
    body = app(environ | {"SERVER_NAME": "x", "SERVER_PORT": "80"}, lambda *_args: None)

    with tracer.collect() as traces:
        list(body)
        body.close()

    assert len(traces) == 0
    assert tracer.store.count() == 1
    tracer.uninstall()


def test_collecting_without_recording_says_what_to_do():
    tracer = flasktrace.Tracer(hello(flasktrace), enabled=False)

    with pytest.raises(RuntimeError, match="enabled=True"), tracer.collect():
        pass


# The rest


def test_health_tells_counters_and_errors():
    app = flasktrace.wrap(hello(flasktrace), enabled=True, store="memory:", exclude="/no")
    ask(app, Ask())
    ask(app, Ask("/no"))

    found = tracer_of(app).health()

    assert found["host"] == "flasktrace"
    assert found["skipped"]["excluded"] == 1
    assert (found["in_flight"], found["internal_errors"], found["switched_off"]) == (0, {}, [])
    assert found["python"] == sys.version.split()[0]
    flasktrace.unwrap(app)


@pytest.mark.parametrize(
    ("options", "debug", "shown"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"token": "t"}, False, True),
        ({"dashboard": False, "token": "t"}, True, False),
        ({"dashboard": True}, False, False),
    ],
)
def test_the_dashboard_is_shown_in_debug_mode_or_with_a_token(options, debug, shown):
    app = hello(flasktrace)
    app.debug = debug

    tracer = flasktrace.Tracer(app, enabled=True, store="memory:", **options)

    assert tracer.shows_dashboard is shown
    tracer.uninstall()


def test_a_file_in_the_way_of_the_login_link_stops_no_request(capsys, tmp_path):
    for name in ("notes.txt", "notes.txt.ledger"):
        (tmp_path / name).write_text("hello\n" * 200)
    app = hello(flasktrace)
    app.debug = True
    tracer = flasktrace.Tracer(app, store=f"sqlite:///{tmp_path}/notes.txt")

    ask(app, Ask())
    tracer.flush()
    state = tracer.health()["store"]["state"]
    tracer.uninstall()

    assert "tracing is on; nobody can sign in: " in capsys.readouterr().err
    assert "kept in memory only" in state
    assert "no SQLite database" in state
    assert {file.read_text() for file in tmp_path.iterdir()} == {"hello\n" * 200}
    assert len(list(tmp_path.iterdir())) == 2


def test_the_login_link_is_told_once(capsys):
    app = hello(flasktrace)
    app.debug = True
    tracer = flasktrace.Tracer(app, store="memory:")

    ask(app, Ask())
    ask(app, Ask())

    told = capsys.readouterr().err
    assert told.count("flasktrace: tracing is on; sign in once at http://localhost:80/_trace") == 1
    tracer.uninstall()
