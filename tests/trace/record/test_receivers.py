"""Flask's own signals and who receives them; sessions; what a host cannot time."""

import gc

import flask
import pytest

import flasktrace
from tests.trace.record.same import Ask, ask

LIBRARIES = {"flasktrace": flasktrace, "flask": flask}
both = pytest.mark.parametrize("lib", LIBRARIES.values(), ids=LIBRARIES)


NEW = flask.Flask.dispatch_request.__code__.co_argcount == 2
"""flask 3.2: the stage methods get the context as first argument."""


@pytest.fixture(autouse=True)
def nobody_is_left():
    """Let go of the apps, whose receivers other tests would see vanish."""
    gc.collect()
    yield
    gc.collect()


def traced(app, path="/", **options):
    with flasktrace.capture(app, **options) as traces:
        ask(app, Ask(path))
    assert not traces.last.partial
    return traces.last


def sent(trace):
    return [item.name for item in trace.events if item.name.startswith("signal ")]


def spans(trace, kind):
    return [item for item in trace.spans if item.kind == kind]


def listen(app, signal, name="heard", then=None):
    def receiver(*_args, **_facts):
        if then is not None:
            raise then

    receiver.__name__ = name
    app.extensions.setdefault("kept", []).append(receiver)
    signal.connect(receiver, app)
    return receiver


def flashing(lib):
    app = lib.Flask("x")
    app.secret_key = "key"

    @app.route("/")
    def index():
        lib.flash("said")
        return lib.render_template_string("x")

    return app


@both
def test_a_signal_without_receivers_is_not_told(lib):
    assert sent(traced(flashing(lib))) == []


@both
def test_all_of_flasks_signals_are_told_with_their_receivers(lib):
    app = flashing(lib)
    names = [
        "appcontext_pushed", "request_started", "message_flashed", "before_render_template",
        "template_rendered", "request_finished", "request_tearing_down",
        "appcontext_tearing_down", "appcontext_popped",
    ]  # fmt: skip
    for name in names:
        listen(app, getattr(lib.signals, name), f"on_{name}")

    trace = traced(app)

    # flask 3.1 leaves its contexts in another order
    assert sorted(sent(trace)) == sorted(f"signal {name}" for name in names)
    for event in trace.events:
        where = event.attributes["receivers"]
        assert where.startswith(f"on_{event.name.split()[1]} (test_receivers.py:")
    [flashed] = [item for item in trace.events if item.name == "signal message_flashed"]
    assert (flashed.stage, flashed.span) == ("dispatch", spans(trace, "view")[0].id)


@both
def test_the_signal_of_an_exception_is_told(lib):
    app = lib.Flask("x")
    app.add_url_rule("/", "index", lambda: 1 / 0)
    listen(app, lib.signals.got_request_exception)

    assert sent(traced(app)) == ["signal got_request_exception"]


@both
def test_receivers_of_other_apps_are_not_told(lib):
    app, other = flashing(lib), flashing(lib)
    listen(other, lib.signals.message_flashed)

    assert sent(traced(app)) == []


@both
def test_many_receivers_are_counted(lib):
    app = flashing(lib)
    for number in range(25):
        listen(app, lib.signals.message_flashed, f"r{number}")

    [event] = traced(app).events

    assert event.attributes["receivers"].count("(test_receivers.py:") == 20
    assert event.attributes["receivers"].endswith(" and 5 more")


@both
def test_who_has_connected_is_not_changed(lib):
    app = flashing(lib)
    listen(app, lib.signals.message_flashed)
    before = {name: len(getattr(lib.signals, name).receivers) for name in dir(lib.signals)
              if hasattr(getattr(lib.signals, name), "receivers")}  # fmt: skip

    traced(app)

    assert before == {name: len(getattr(lib.signals, name).receivers) for name in before}


@both
def test_a_receiver_that_connects_during_a_trace_is_told_from_the_next_request_on(lib):
    app = flashing(lib)
    with flasktrace.capture(app) as traces:
        ask(app, Ask())
        listen(app, lib.signals.message_flashed)
        ask(app, Ask())

    assert [sent(trace) for trace in traces] == [[], ["signal message_flashed"]]


def test_receivers_of_flasktrace_are_spans():
    app = flashing(flasktrace)
    listen(app, flasktrace.message_flashed, "one")
    listen(app, flasktrace.message_flashed, "two")

    trace = traced(app)
    found = spans(trace, "receiver")

    assert sorted(item.name for item in found) == ["one", "two"]  # blinker promises no order
    assert [item.attributes["order"] for item in found] == ["1 of 2", "2 of 2"]
    assert {item.attributes["why"] for item in found} == {"connected to message_flashed"}
    assert {item.attributes["outcome"] for item in found} == {"returned None"}
    assert {item.parent for item in found} == {spans(trace, "view")[0].id}


def test_receivers_within_receivers_are_told_apart():
    app = flashing(flasktrace)

    def outer(sender):
        flasktrace.flash("again")

    flasktrace.request_started.connect(outer, app)
    listen(app, flasktrace.request_started, "second")
    listen(app, flasktrace.message_flashed, "inner")

    found = spans(traced(app), "receiver")

    ranks = {(item.name, item.attributes["why"], item.attributes["order"][-4:]) for item in found}
    assert ranks == {
        ("outer", "connected to request_started", "of 2"),
        ("second", "connected to request_started", "of 2"),
        ("inner", "connected to message_flashed", "of 1"),
    }
    orders = [item.attributes["order"] for item in found if item.name in {"outer", "second"}]
    assert orders == ["1 of 2", "2 of 2"]


def test_a_receiver_that_raises_is_a_span_with_that_outcome():
    app = flashing(flasktrace)
    listen(app, flasktrace.request_started, "bad", KeyError("k"))

    trace = traced(app)

    assert [item.attributes["outcome"] for item in spans(trace, "receiver")] == ["raised KeyError"]
    assert "bad (test_receivers.py:" in trace.verdict


@both
def test_an_async_receiver_is_one_and_no_error_handler(lib):
    app = flashing(lib)

    async def waits(sender, **_facts):
        return None

    lib.signals.request_finished.connect(waits, app)

    trace = traced(app)

    assert [item.name for item in spans(trace, "receiver")] == ["waits"]
    assert spans(trace, "error_handler") == []
    assert trace.verdict.startswith("200 from the view")


def test_a_muted_signal_stays_muted():
    app, heard = flashing(flasktrace), []

    def note(sender, **_facts):
        heard.append(sender)

    flasktrace.message_flashed.connect(note, app)
    with flasktrace.message_flashed.muted():
        trace = traced(app)

    assert (heard, sent(trace)) == ([], [])


@both
def test_signals_beyond_the_limit_are_counted(lib):
    app = flashing(lib)
    listen(app, lib.signals.message_flashed)
    app.before_request(lambda: [lib.flash("more") for _ in range(5)] and None)

    trace = traced(app, limits={"events": 2})

    assert len(trace.events) == 2
    assert trace.dropped["events"] == 4


def test_a_template_that_fails_has_ended():
    app = flasktrace.Flask("x")

    @app.route("/")
    def index():
        try:
            return flasktrace.render_template_string("{{ 1 / 0 }}")
        except ZeroDivisionError:
            with flasktrace.span("after"):
                return "caught"

    trace = traced(app)

    assert spans(trace, "user")[0].parent == spans(trace, "view")[0].id


# Sessions


@both
def test_opening_and_saving_the_session_are_spans(lib):
    trace = traced(flashing(lib))
    [opened], [saved] = spans(trace, "session_open"), spans(trace, "session_save")

    assert (opened.stage, opened.name) == ("push", "open_session")
    assert "SecureCookieSession" in opened.attributes["outcome"]
    assert opened.attributes["why"] == "before match and hooks"
    assert (saved.stage, saved.name) == ("postprocess", "save_session")
    assert saved.attributes["outcome"] == "returned None"
    assert saved.attributes["why"] == "after the after-hooks"


def test_what_flask_opens_is_timed_or_marked_as_not_timed():
    [opened] = spans(traced(flashing(flask)), "session_open")

    session = "flask.sessions.SecureCookieSession"
    told = f"returned {session}" if NEW else f"gave {session}, not timed"
    assert opened.attributes["outcome"] == told
    assert (opened.duration_ns > 0) == NEW


@both
def test_the_opening_of_a_session_that_fails_is_told(lib):
    class Own(type(lib.Flask.session_interface)):
        def open_session(self, app, request):
            raise OSError("no disk")

    app = flashing(lib)
    app.session_interface = Own()

    outcomes = {item.attributes["outcome"] for item in spans(traced(app), "session_open")}

    # An older flask opens it where nobody can look, and then there is nothing to be seen.
    assert outcomes == ({"raised OSError"} if lib is flasktrace or NEW else set())


@both
def test_what_the_opening_of_the_session_puts_on_g_is_its_doing(lib):
    class Own(type(lib.Flask.session_interface)):
        def open_session(self, app, request):
            lib.g.opened = True
            return super().open_session(app, request)

    app = flashing(lib)
    app.session_interface = Own()

    [change] = [item for item in traced(app).changes if item.section == "g"]

    assert (change.key, change.before, change.after) == ("opened", None, "True")
    assert change.author.startswith("open_session (test_receivers.py:")


@both
def test_receivers_of_another_app_take_nothing_from_the_opening_of_the_session(lib):
    other = flashing(lib)
    listen(other, lib.signals.appcontext_pushed)

    test_what_the_opening_of_the_session_puts_on_g_is_its_doing(lib)


@both
def test_what_was_on_g_before_is_not_by_the_opening_of_the_session(lib):
    class Own(type(lib.Flask.session_interface)):
        def open_session(self, app, request):
            return super().open_session(app, request)

    app = flashing(lib)
    app.session_interface = Own()
    with app.app_context():
        lib.g.before = 1
        trace = traced(app)

    assert spans(trace, "session_open")[0].attributes["code.file.path"] == __file__
    assert [item for item in trace.changes if item.section == "g"] == []


@both
def test_a_session_interface_of_the_app_is_named(lib):
    class Own(type(lib.Flask.session_interface)):
        def open_session(self, app, request):
            return super().open_session(app, request)

        def save_session(self, app, session, response):
            raise OSError("disk full")

    app = flashing(lib)
    app.session_interface = Own()

    trace = traced(app)

    assert spans(trace, "session_open")[0].attributes["code.module.name"] == __name__
    assert spans(trace, "session_save")[0].attributes["outcome"] == "raised OSError"
    assert "save_session (test_receivers.py:" in trace.verdict


@both
def test_without_a_key_nothing_is_saved(lib):
    app = lib.Flask("x")
    app.add_url_rule("/", "index", lambda: "x")

    assert spans(traced(app), "session_save") == []


# What an app overrides


def test_an_own_preprocess_request_of_a_flask_app_has_its_url_values_listed():
    class App(flask.Flask):
        if NEW:

            def preprocess_request(self, ctx):
                return super().preprocess_request(ctx)

            def process_response(self, ctx, response):
                return super().process_response(ctx, response)
        else:

            def preprocess_request(self):
                return super().preprocess_request()

            def process_response(self, response):
                return super().process_response(response)

    app = App("x")
    app.secret_key = "key"
    app.add_url_rule("/", "index", lambda: "x")
    app.before_request(lambda: None)

    @app.url_value_preprocessor
    def language(endpoint, values):
        pass

    trace = traced(app)

    assert spans(trace, "url_value_preprocessor") == spans(trace, "session_save") == []
    assert len(spans(trace, "before_request")) == 1
    [event] = trace.events
    assert (event.name, event.stage) == ("url value preprocessors", "preprocess")
    assert event.attributes["functions"].startswith("language (test_receivers.py:")
    assert event.attributes["not timed"] == "the app has its own preprocess_request"


# Templates


@both
def test_what_a_template_changes_is_its_doing(lib):
    app = lib.Flask("x")
    app.secret_key = "key"

    @app.route("/")
    def index():
        lib.g.before = 1
        lib.flash("hello")
        made = lib.render_template_string(
            "{{ get_flashed_messages() }}{{ session.setdefault('seen', 1) }}"
            "{{ g.setdefault('n', 2) }}"
        )
        lib.g.after = 3
        return made

    found = [
        (item.section, item.key, item.author.split(" (test")[0], item.after)
        for item in traced(app).changes
        if item.section in {"g", "session", "flashes"}
    ]

    assert sorted(found, key=str) == [
        ("flashes", "0", "the template (string)", "('message', 'hello')"),
        ("g", "after", "index", "3"),
        ("g", "before", "index", "1"),
        ("g", "n", "the template (string)", "2"),
        ("session", "_flashes", "index", "[('message', 'hello')]"),
        ("session", "_flashes", "the template (string)", None),
        ("session", "seen", "the template (string)", "1"),
    ]


# What receivers change that real flask calls by itself


SEEN = {
    "appcontext_pushed": {"g"},  # there is no request yet
    "request_started": {"g", "session", "request"},
    "got_request_exception": {"g", "session", "request"},
    "request_finished": {"g", "session", "request"},
    "request_tearing_down": {"g", "session", "request"},
    "appcontext_tearing_down": {"g"},  # and none any more
}


@both
@pytest.mark.parametrize("name", SEEN)
def test_what_a_receiver_changes_is_its_doing_and_of_no_hook(lib, name):
    app = flashing(lib)

    @app.before_request
    def before():
        pass

    @app.errorhandler(ZeroDivisionError)
    def handler(error):
        return "sorry"

    @app.errorhandler(500)
    def failed(error):
        return "sorry", 500

    @app.teardown_request
    def teardown(error):
        pass

    @app.teardown_appcontext
    def at_last(error):
        pass

    if name == "got_request_exception":
        app.view_functions["index"] = lambda: {}["gold"]

    def receiver(sender, **_):
        lib.g.mark = 1
        if "request" in SEEN[name]:
            lib.request.mark = 2
            lib.session["mark"] = 3

    getattr(lib.signals, name).connect(receiver, app)
    found = [item for item in traced(app).changes if item.key == "mark"]

    assert {item.section for item in found} >= SEEN[name]
    for item in found:
        told = item.author.removeprefix(f"a receiver of {name}, ")
        assert told.startswith("receiver (test_receivers.py:"), item


@both
@pytest.mark.parametrize("teardown", [True, False])
@pytest.mark.parametrize("heard", [True, False])
def test_what_a_streamed_body_changes_is_its_doing(lib, teardown, heard):
    app = flashing(lib)
    if teardown:
        app.teardown_request(lambda error: None)
    if heard:
        listen(app, lib.signals.request_tearing_down)

    @app.route("/rows")
    def rows():
        lib.request.seen, lib.request.same = [1], [1]

        @lib.stream_with_context
        def made():
            yield "a"
            lib.g.mark = lib.request.mark = lib.session["mark"] = 1
            lib.request.seen.append(2)
            yield "b"

        return lib.Response(made())

    with flasktrace.capture(app) as traces:
        assert app.test_client().get("/rows").text == "ab"
    found = [
        (item.section, item.key, item.author)
        for item in traces.last.changes
        if item.key in {"mark", "seen", "same"} and item.before != item.after
    ]

    by = "response body"
    assert set(found) >= {(section, "mark", by) for section in ("g", "request", "session")}
    assert ("request", "seen", by) in found
    assert ("request", "same", by) not in found
