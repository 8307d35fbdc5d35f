"""The stages of a request and the signals that they send."""

import subprocess
import sys
from contextlib import ExitStack, contextmanager

import pytest

import flasktrace
from flasktrace import Flask, signals
from flasktrace.context import Context
from flasktrace.signals import STAGE_SIGNALS

STAGES = ("push", "preprocess", "match", "dispatch", "make_response", "postprocess", "pop")
USUAL = [f"{name} {half}" for name in STAGES for half in ("started", "finished")]
EXTRA = {
    "push": set(),
    "preprocess": {"value"},
    "match": {"rule", "view_args"},
    "dispatch": {"value"},
    "make_response": {"response"},
    "postprocess": {"response"},
    "pop": set(),
}


class Heard(list):
    """The names of the signals in their order; `facts` has what each one carried."""

    def __init__(self):
        super().__init__()
        self.facts = []

    def fact(self, name, key):
        """What the finished half of stage *name* carried as *key*, the last time."""
        found = [given for heard, given in zip(self, self.facts, strict=True) if heard == name]
        return found[-1][key]

    def errors(self):
        """Stage and type of exception, for the stages that ended with one."""
        return [
            (name.partition(" ")[0], type(given["exception"]))
            for name, given in zip(self, self.facts, strict=True)
            if given.get("exception") is not None
        ]


@contextmanager
def listening(app):
    """Collect the 14 signals that *app* sends, checking sender, arguments and balance."""
    heard = Heard()
    opened = []

    def on_started(name):
        def receive(sender, **given):
            assert sender is app
            assert {"context"} == set(given)
            assert isinstance(given["context"], Context)
            heard.append(f"{name} started")
            heard.facts.append(given)
            opened.append((name, given["context"]))

        return receive

    def on_finished(name):
        def receive(sender, **given):
            assert sender is app
            assert {"context", "exception"} | EXTRA[name] == set(given)
            heard.append(f"{name} finished")
            heard.facts.append(given)
            assert opened.pop() == (name, given["context"])

        return receive

    with ExitStack() as connected:
        for name, (started, finished) in STAGE_SIGNALS.items():
            connected.enter_context(started.connected_to(on_started(name), app))
            connected.enter_context(finished.connected_to(on_finished(name), app))
        yield heard

    assert [] == opened


def pairs(*names):
    return [f"{name} {half}" for name in names for half in ("started", "finished")]


def test_the_stages_stand_in_the_order_of_flask_0_1():
    assert STAGES == tuple(STAGE_SIGNALS)
    assert all(
        (pair[0].name, pair[1].name) == (f"{name}_started", f"{name}_finished")
        for name, pair in STAGE_SIGNALS.items()
    )


def test_a_request_sends_the_fourteen_signals_in_order():
    app = Flask("app")
    app.add_url_rule("/<int:n>", "number", lambda n: f"{n}")

    with listening(app) as heard:
        response = app.test_client().get("/3")

    assert "3" == response.text
    assert USUAL == heard
    assert [] == heard.errors()
    assert 1 == len({id(given["context"]) for given in heard.facts})


def test_the_finished_half_carries_what_the_stage_made():
    app = Flask("app")
    app.add_url_rule("/<int:n>", "number", lambda n: (f"{n}", 201))

    @app.after_request
    def replace(response):
        return app.response_class("replaced")

    with listening(app) as heard:
        app.test_client().get("/3")

    assert heard.fact("preprocess finished", "value") is None
    assert "/<int:n>" == heard.fact("match finished", "rule").rule
    assert {"n": 3} == heard.fact("match finished", "view_args")
    assert ("3", 201) == heard.fact("dispatch finished", "value")
    assert b"3" == heard.fact("make_response finished", "response").data
    assert b"replaced" == heard.fact("postprocess finished", "response").data


def test_a_hook_that_answers_saves_matching_and_dispatch():
    app = Flask("app")
    app.add_url_rule("/", "index", lambda: "never")
    app.before_request(lambda: "early")

    with listening(app) as heard:
        response = app.test_client().get("/")

    assert "early" == response.text
    assert pairs("push", "preprocess", "make_response", "postprocess", "pop") == heard
    assert "early" == heard.fact("preprocess finished", "value")


@pytest.mark.parametrize(
    "asked", ["endpoint", "url_rule", "view_args", "blueprint", "blueprints", "routing_exception"]
)
def test_matching_happens_inside_preprocess_when_a_hook_asks(asked):
    app = Flask("app")
    app.add_url_rule("/", "index", lambda: "x")
    app.before_request(lambda: (getattr(flasktrace.request, asked), None)[1])
    app.before_request(lambda: (getattr(flasktrace.request, asked), None)[1])

    with listening(app) as heard:
        app.test_client().get("/")

    expected = ["push started", "push finished", "preprocess started", *pairs("match")]
    expected += ["preprocess finished", *pairs("dispatch", "make_response", "postprocess", "pop")]
    assert expected == heard


def test_a_url_value_preprocessor_needs_the_match_first():
    app = Flask("app")
    app.add_url_rule("/", "index", lambda: "x")
    app.url_value_preprocessor(lambda endpoint, values: None)

    with listening(app) as heard:
        app.test_client().get("/")

    assert [*pairs("match"), "preprocess finished"] == heard[3:6]


def test_asking_after_the_answer_still_matches_once():
    app = Flask("app")
    app.add_url_rule("/", "index", lambda: "x")
    app.before_request(lambda: "early")

    @app.after_request
    def ask(response):
        assert "index" == flasktrace.request.endpoint
        return response

    with listening(app) as heard:
        assert 200 == app.test_client().get("/").status_code

    expected = [*pairs("push", "preprocess", "make_response"), "postprocess started"]
    expected += [*pairs("match"), "postprocess finished", *pairs("pop")]
    assert expected == heard


def test_a_view_that_raises_is_answered_with_500():
    app = Flask("app")
    app.add_url_rule("/", "index", lambda: 1 / 0)

    with listening(app) as heard:
        response = app.test_client().get("/")

    assert 500 == response.status_code
    assert USUAL == heard
    assert [("dispatch", ZeroDivisionError)] == heard.errors()
    assert 500 == heard.fact("make_response finished", "response").status_code


@pytest.mark.parametrize("setting", ["PROPAGATE_EXCEPTIONS", "TESTING", "DEBUG"])
def test_an_exception_that_leaves_the_app_still_ends_with_pop(setting):
    app = Flask("app")
    app.config[setting] = True
    app.add_url_rule("/", "index", lambda: 1 / 0)

    with listening(app) as heard, pytest.raises(ZeroDivisionError):
        app.test_client().get("/")

    assert pairs("push", "preprocess", "match", "dispatch", "pop") == heard
    assert [("dispatch", ZeroDivisionError)] == heard.errors()


@pytest.mark.parametrize("kind", [ZeroDivisionError, ArithmeticError, Exception, 500])
def test_a_handler_may_answer_for_the_view(kind):
    app = Flask("app")
    app.add_url_rule("/", "index", lambda: 1 / 0)
    app.register_error_handler(kind, lambda error: "handled")

    with listening(app) as heard:
        response = app.test_client().get("/")

    assert "handled" == response.text
    assert USUAL == heard
    assert [("dispatch", ZeroDivisionError)] == heard.errors()


def test_a_handler_that_raises_is_answered_with_500():
    app = Flask("app")
    app.add_url_rule("/", "index", lambda: 1 / 0)

    @app.errorhandler(ZeroDivisionError)
    def fail(error):
        raise LookupError

    with listening(app) as heard:
        response = app.test_client().get("/")

    assert 500 == response.status_code
    assert USUAL == heard
    assert [("dispatch", ZeroDivisionError)] == heard.errors()


def test_a_hook_before_that_raises_ends_preprocess():
    app = Flask("app")
    app.add_url_rule("/", "index", lambda: "never")
    app.before_request(lambda: 1 / 0)

    with listening(app) as heard:
        response = app.test_client().get("/")

    assert 500 == response.status_code
    assert pairs("push", "preprocess", "make_response", "postprocess", "pop") == heard
    assert [("preprocess", ZeroDivisionError)] == heard.errors()


def test_a_hook_after_that_raises_makes_a_second_response():
    app = Flask("app")
    app.add_url_rule("/", "index", lambda: "x")
    app.after_request(lambda response: 1 / 0)

    with listening(app) as heard:
        response = app.test_client().get("/")

    assert 500 == response.status_code
    assert [*USUAL[:-2], *pairs("make_response", "postprocess", "pop")] == heard
    assert [("postprocess", ZeroDivisionError)] * 2 == heard.errors()


@pytest.mark.parametrize("kind", ["teardown_request", "teardown_appcontext"])
def test_a_teardown_that_raises_ends_pop(kind):
    app = Flask("app")
    app.add_url_rule("/", "index", lambda: "x")
    getattr(app, kind)(lambda exc: 1 / 0)

    with listening(app) as heard, pytest.raises(ZeroDivisionError):
        app.test_client().get("/")

    assert USUAL == heard
    assert [("pop", ZeroDivisionError)] == heard.errors()
    assert not flasktrace.has_app_context()


def test_abort_ends_dispatch_with_the_http_error():
    app = Flask("app")
    app.add_url_rule("/", "index", lambda: flasktrace.abort(403))

    with listening(app) as heard:
        response = app.test_client().get("/")

    assert 403 == response.status_code
    assert USUAL == heard
    assert ["Forbidden"] == [kind.__name__ for _, kind in heard.errors()]


@pytest.mark.parametrize(
    ("method", "path", "status", "error"),
    [
        ("GET", "/lost", 404, "NotFound"),
        ("POST", "/", 405, "MethodNotAllowed"),
        ("GET", "/shop", 308, "RequestRedirect"),
    ],
)
def test_routing_errors_are_raised_in_dispatch(method, path, status, error):
    app = Flask("app")
    app.add_url_rule("/", "index", lambda: "x")
    app.add_url_rule("/shop/", "shop", lambda: "x")
    ran = []
    app.before_request(lambda: ran.append("hook"))

    with listening(app) as heard:
        response = app.test_client().open(path, method=method)

    assert status == response.status_code
    assert ["hook"] == ran
    assert USUAL == heard
    assert heard.fact("match finished", "exception") is None
    assert heard.fact("match finished", "rule") is None
    assert [("dispatch", error)] == [(name, kind.__name__) for name, kind in heard.errors()]


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, GeneratorExit])
def test_what_is_no_exception_passes_through_dispatch_and_pop(kind):
    app = Flask("app")
    seen = []
    app.teardown_request(lambda exc: seen.append(type(exc)))

    @app.route("/")
    def index():
        raise kind

    with listening(app) as heard, pytest.raises(kind):
        app.test_client().get("/")

    assert pairs("push", "preprocess", "match", "dispatch", "pop") == heard
    assert [("dispatch", kind)] == heard.errors()
    assert [kind] == seen
    assert not flasktrace.has_app_context()


def test_options_are_answered_inside_dispatch():
    app = Flask("app")
    app.add_url_rule("/", "index", lambda: "x")

    with listening(app) as heard:
        app.test_client().options("/")

    assert USUAL == heard
    assert {"GET", "HEAD", "OPTIONS"} == set(heard.fact("dispatch finished", "value").allow)


# Overriding


class SuperWithContext(Flask):
    def push_context(self, context):
        super().push_context(context)

    def preprocess_request(self, context):
        return super().preprocess_request(context)

    def match_request(self, context):
        super().match_request(context)

    def dispatch_request(self, context):
        return super().dispatch_request(context)

    def make_response(self, context, rv):
        return super().make_response(context, rv)

    def process_response(self, context, response):
        return super().process_response(context, response)

    def pop_context(self, context, exc=None):
        super().pop_context(context, exc)


class SuperWithKeyword(Flask):
    def push_context(self, context):
        super().push_context(context=context)

    def preprocess_request(self, ctx):
        return super().preprocess_request(context=ctx)

    def match_request(self, ctx):
        super().match_request(context=ctx)

    def dispatch_request(self, context):
        return super().dispatch_request(context=context)

    def make_response(self, context, rv):
        return super().make_response(rv, context=context)

    def process_response(self, ctx, response):
        return super().process_response(context=ctx, response=response)

    def pop_context(self, context, exc=None):
        super().pop_context(context=context, exc=exc)


class SuperWithoutContext(Flask):
    def push_context(self):
        # Nothing is on the stack yet, so this stage alone cannot do without the context.
        raise AssertionError

    def preprocess_request(self):
        return super().preprocess_request()

    def match_request(self):
        super().match_request()

    def dispatch_request(self):
        return super().dispatch_request()

    def make_response(self, rv):
        return super().make_response(rv)

    def process_response(self, response):
        return super().process_response(response)

    def pop_context(self, exc=None):
        super().pop_context(exc=exc)


del SuperWithoutContext.push_context


class AloneWithContext(Flask):
    def push_context(self, context):
        context.enter()

    def preprocess_request(self, context):
        return None

    def match_request(self, context):
        context.request.url_rule = next(self.url_map.iter_rules("index"))
        context.request.view_args = {}

    def dispatch_request(self, context):
        return self.view_functions[context.request.endpoint]()

    def make_response(self, context, rv):
        return self.response_class(rv)

    def process_response(self, context, response):
        return response

    def pop_context(self, context, exc=None):
        context.leave(exc)


class AloneWithoutContext(Flask):
    def push_context(self):
        """Leaves it to the framework, as `pop_context` does."""

    def preprocess_request(self):
        return None

    def match_request(self):
        """Leaves it to the framework too."""

    def dispatch_request(self):
        return self.view_functions["index"]()

    def make_response(self, rv):
        return self.response_class(rv)

    def process_response(self, response):
        return response

    def pop_context(self, exc=None):
        """Leaves it to the framework."""


@pytest.mark.parametrize(
    "kind",
    [
        SuperWithContext,
        SuperWithKeyword,
        SuperWithoutContext,
        AloneWithContext,
        AloneWithoutContext,
    ],
)
def test_overriding_all_stages_sends_each_pair_once(kind):
    class Further(kind):
        def preprocess_request(self, *args):
            return super().preprocess_request(*args)

    for made in (kind, Further):
        app = made("app")
        ended = []
        app.add_url_rule("/", "index", lambda: "x")
        app.teardown_request(lambda exc, ended=ended: ended.append(exc))

        with listening(app) as heard:
            response = app.test_client().get("/")

        assert "x" == response.text
        assert USUAL == heard
        assert [None] == ended
        assert not flasktrace.has_app_context()


@pytest.mark.parametrize("kind", [SuperWithContext, SuperWithoutContext])
def test_overriding_all_stages_keeps_balance_in_errors(kind):
    app = kind("app")
    app.add_url_rule("/", "index", lambda: 1 / 0)

    with listening(app) as heard:
        assert 500 == app.test_client().get("/").status_code
        assert 404 == app.test_client().get("/lost").status_code

    assert USUAL + USUAL == heard


@pytest.mark.parametrize("stage", ["with a context", "without"])
def test_a_method_that_is_replaced_on_the_app_itself_sends_once(stage):
    app = Flask("app")
    app.add_url_rule("/", "index", lambda: "x")
    before = app.dispatch_request

    def with_context(context):
        assert isinstance(context, Context)
        return f"mine {before(context)}"

    def without():
        return f"mine {before()}"

    app.dispatch_request = with_context if stage == "with a context" else without
    with listening(app) as heard:
        response = app.test_client().get("/")
    del app.dispatch_request

    assert "mine x" == response.text
    assert USUAL == heard
    assert app.dispatch_request == before
    assert "x" == app.test_client().get("/").text


def test_a_method_may_be_replaced_by_what_has_no_signature():
    app = Flask("app")
    app.add_url_rule("/", "index", lambda: "x")
    app.make_response = NoSignature(app)

    with listening(app) as heard:
        assert "said x" == app.test_client().get("/").text

    assert USUAL == heard


class NoSignature:
    __signature__ = "none"

    def __init__(self, app):
        self.app = app

    def __call__(self, value):
        return self.app.response_class(f"said {value}")


def test_an_override_may_call_super_twice():
    class Twice(Flask):
        def dispatch_request(self):
            return super().dispatch_request() + super().dispatch_request()

    app = Twice("app")
    app.add_url_rule("/", "index", lambda: "x")

    with listening(app) as heard:
        response = app.test_client().get("/")

    assert "xx" == response.text
    assert USUAL == heard


def test_an_override_of_match_may_ask_for_the_endpoint_first():
    class Curious(Flask):
        def match_request(self, context):
            assert "index" == context.request.endpoint

    app = Curious("app")
    app.add_url_rule("/", "index", lambda: "x")

    with listening(app) as heard:
        response = app.test_client().get("/")

    assert "x" == response.text
    assert USUAL == heard


def test_a_mixin_before_the_app_sends_once():
    class Mixin:
        def dispatch_request(self):
            return f"mixed {super().dispatch_request()}"

    class Mixed(Mixin, Flask):
        pass

    app = Mixed("app")
    app.add_url_rule("/", "index", lambda: "x")

    with listening(app) as heard:
        response = app.test_client().get("/")

    assert "mixed x" == response.text
    assert USUAL == heard


# What is no stage


def test_make_response_by_the_user_is_no_stage():
    app = Flask("app")

    @app.route("/")
    def index():
        flasktrace.make_response("helper")
        return app.make_response("x")

    @app.route("/crash")
    def crash():
        raise ZeroDivisionError

    app.before_request(lambda: app.make_response("hook") and None)
    app.teardown_request(lambda exc: app.make_response("teardown") and None)
    app.register_error_handler(ZeroDivisionError, lambda error: app.make_response("handled"))
    app.register_error_handler(404, lambda error: flasktrace.make_response("lost", 404))
    app.register_error_handler(500, lambda error: flasktrace.make_response("failed", 500))

    @app.after_request
    def after(response):
        flasktrace.after_this_request(lambda response: response)
        return app.make_response(response)

    for path in ("/", "/crash", "/lost"):
        with listening(app) as heard:
            app.test_client().get(path)

        assert USUAL == heard


def test_a_call_of_the_own_app_is_a_request_inside_dispatch():
    app = Flask("app")
    app.add_url_rule("/inner", "inner", lambda: "inner")
    app.add_url_rule("/", "index", lambda: app.test_client().get("/inner").text)

    with listening(app) as heard:
        response = app.test_client().get("/")

    assert "inner" == response.text
    assert [*USUAL[:7], *USUAL, *USUAL[7:]] == heard
    assert 2 == len({id(given["context"]) for given in heard.facts})


def test_a_call_of_another_app_sends_for_each_its_own():
    inner, outer = Flask("inner"), Flask("outer")
    inner.add_url_rule("/", "index", lambda: "inner")
    outer.add_url_rule("/", "index", lambda: inner.test_client().get("/").text)

    with listening(inner) as heard_inner, listening(outer) as heard_outer:
        outer.test_client().get("/")

    assert USUAL == heard_inner
    assert USUAL == heard_outer


def test_making_a_response_of_another_app_is_no_stage_of_this_one():
    inner, outer = Flask("inner"), Flask("outer")

    with outer.test_request_context("/"), listening(inner) as heard, listening(outer) as other:
        inner.make_response("x")

    assert [] == heard
    assert [] == other


def test_a_context_without_request_has_no_stages():
    app = Flask("app")

    with listening(app) as heard, app.app_context():
        app.make_response("x")

    assert [] == heard


def test_a_made_up_request_is_pushed_and_popped():
    app = Flask("app")
    app.add_url_rule("/", "index", lambda: "x")

    with listening(app) as heard, app.test_request_context("/"):
        app.preprocess_request()
        app.dispatch_request()

    assert [*pairs("push", "preprocess"), "dispatch started", *pairs("match")] == heard[:7]
    assert ["dispatch finished", *pairs("pop")] == heard[7:]


def test_a_stage_method_outside_a_request_says_what_to_do():
    app = Flask("app")

    with app.app_context(), pytest.raises(RuntimeError, match="test_request_context"):
        app.dispatch_request()


def test_the_body_is_made_after_pop():
    app = Flask("app")
    steps = []

    @app.route("/")
    def index():
        def body():
            steps.append("body")
            yield flasktrace.request.path

        return flasktrace.stream_with_context(body())

    with (
        listening(app) as heard,
        signals.pop_finished.connected_to(lambda sender, **given: steps.append("pop"), app),
    ):
        response = app.test_client().get("/")

    assert "/" == response.text
    assert ["pop", "body"] == steps
    assert USUAL == heard


# Receivers


@pytest.mark.parametrize("name", STAGES)
@pytest.mark.parametrize("half", [0, 1])
def test_a_receiver_that_raises_leaves_the_stack_clean(name, half):
    app = Flask("app")
    app.add_url_rule("/", "index", lambda: "x")
    app.register_error_handler(404, lambda error: "lost")
    ended = []
    app.teardown_request(lambda exc: ended.append("teardown"))

    def fail(sender, **given):
        raise LookupError(name)

    with listening(app) as heard, STAGE_SIGNALS[name][half].connected_to(fail, app):
        try:
            status = app.test_client().get("/").status_code
        except LookupError:
            status = "left"

    leaves = name in {"make_response", "pop"}  # nothing can answer for these two
    assert ("left" if leaves else 500) == status
    assert ["teardown"] == ended
    assert () == flasktrace.globals.context_stack()
    assert heard.count("push started") == heard.count("pop started") == 1


def test_the_second_receiver_of_a_stage_hears_both_halves():
    app = Flask("app")
    app.add_url_rule("/", "index", lambda: "x")

    with listening(app) as one, listening(app) as other:
        app.test_client().get("/")

    assert USUAL == one
    assert USUAL == other


def test_receivers_of_other_apps_hear_nothing():
    one, other = Flask("one"), Flask("other")
    one.add_url_rule("/", "index", lambda: "x")

    with listening(other) as heard:
        one.test_client().get("/")

    assert [] == heard


def test_nothing_is_sent_when_nobody_listens():
    # In a process of its own: other tests may keep listeners of their apps alive.
    code = """
from blinker import Signal
from flasktrace import Flask, signals
from flasktrace.flat_signal import FlatSignal

ours = [signal for pair in signals.STAGE_SIGNALS.values() for signal in pair]
ours += [signals.call_started, signals.call_finished, signals.signal_sent]
ours += [signals.template_started, signals.template_finished, signals.exception_unhandled]
names = {signal.name for signal in ours}
sent = []
for kind in (Signal, FlatSignal):
    def note(self, *args, send=kind.send, **given):
        sent.append(self.name)
        return send(self, *args, **given)
    kind.send = note
signals.request_started.connect(print, sender="nobody", weak=False)

app = Flask("app")
app.add_url_rule("/", "index", lambda: "x")
app.before_request(lambda: None)
app.test_client().get("/")
print([signal.name for signal in ours if signal.receivers])
print(names.intersection(sent))
print("request_started" in sent, len(names))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ["[]", "set()", "True 20"] == done.stdout.splitlines()


def test_calls_of_functions_of_the_user_are_told():
    app = Flask("app")
    heard = []

    def before():
        return None

    def view():
        return flasktrace.render_template_string("{{ word }}")

    def words():
        return {"word": "x"}

    def after(response):
        return response

    def end(exc):
        return None

    app.before_request(before)
    app.after_request(after)
    app.teardown_request(end)
    app.context_processor(words)
    app.add_url_rule("/", "view", view)

    def on_started(sender, context, kind, function):
        heard.append((kind, function))

    def on_finished(sender, context, kind, function, exception, value):
        heard.append((f"{kind} done", value))

    with (
        signals.call_started.connected_to(on_started, app),
        signals.call_finished.connected_to(on_finished, app),
    ):
        app.test_client().get("/")

    assert ["session_open", "session_open done"] == [kind for kind, _ in heard[:2]]
    assert [
        ("before_request", before),
        ("before_request done", None),
        ("view", view),
        ("context_processor", words),
        ("context_processor done", {"word": "x"}),
        ("view done", "x"),
        ("after_request", after),
    ] == heard[2:9]
    assert [("teardown_request", end), ("teardown_request done", None)] == heard[10:]


def test_calls_that_raise_are_told_too():
    app = Flask("app")
    app.add_url_rule("/", "index", lambda: 1 / 0)
    app.register_error_handler(ZeroDivisionError, lambda error: {}["missing"])
    heard = []

    def on_finished(sender, kind, exception, value, **given):
        heard.append((kind, type(exception), value))

    with signals.call_finished.connected_to(on_finished, app):
        app.test_client().get("/")

    assert [("view", ZeroDivisionError, None), ("error_handler", KeyError, None)] == heard[1:]


def test_a_stage_that_does_not_exist_cannot_be_decorated():
    with pytest.raises(KeyError):
        signals.stage("lunch")


class Follower:
    """Watches the contexts of one app and writes down what it hears."""

    base, looked, wary, unnoted = 0, False, False, None
    # Collectors of an app that another test has wrapped take it for a recording: a closed one.
    recorder, finished = None, True

    def __init__(self, app):
        self.app = app
        self.notes = []
        self.calls = []
        self.heard = []

    def clock(self):
        return 7

    def adopt(self, context):
        if context.app is not self.app:
            return None
        context.watcher = self
        return self

    def begin_stage(self, name, around, method, *, own):
        self.heard.append((name, "begins in", around, own))

    def end_stage(self, name, error, made):
        self.heard.append((name, "ends", type(error or made).__name__))

    def after_signal(self, signal):
        self.heard.append((signal.name, "was heard"))

    def begin_call(self, kind, function):
        self.heard.append((kind, "begins", function.__name__))

    def end_call(self, kind, function, error, value):
        self.heard.append((kind, "ends", error or value))

    def end_own_call(self, kind, function, began, value):
        self.heard.append((kind, "ended", value))


def followed(app, path="/"):
    follower = Follower(app)
    token = signals.WATCHER.set(follower)
    try:
        status = app.test_client().get(path).status_code
    finally:
        signals.WATCHER.reset(token)
    return follower, status


def test_a_watcher_hears_of_stages_and_calls_without_any_signal():
    app = Flask("x")
    app.before_request(lambda: None)
    app.add_url_rule("/", "index", lambda: "fine")
    follower, _ = followed(app)

    assert [(note[0], note[2]) for note in follower.notes] == [
        ("stage", "push"),
        ("stage end", "push"),
        ("stage", "preprocess"),
        ("stage end", "preprocess"),
        ("stage", "match"),
        ("stage", "dispatch"),
        ("stage end", "dispatch"),
        ("stage", "make_response"),
        ("stage", "postprocess"),
        ("stage", "pop"),
    ]
    assert {note[1] for note in follower.notes} == {7}
    assert follower.heard == [
        ("session_open", "ended", None),
        ("before_request", "begins", "<lambda>"),
        ("before_request", "ends", None),
        ("match", "ends", "NoneType"),
        ("view", "begins", "<lambda>"),
        ("view", "ends", "fine"),
        ("make_response", "ends", "Response"),
        ("postprocess", "ends", "Response"),
        ("pop", "ends", "NoneType"),
    ]
    assert not any(signal.receivers for pair in STAGE_SIGNALS.values() for signal in pair)


def test_a_watcher_hears_of_the_end_of_a_stage_that_fails_or_is_not_the_frameworks_own():
    class App(Flask):
        def dispatch_request(self, context):
            raise ZeroDivisionError

    app = App("x")
    app.add_url_rule("/", "index", lambda: "fine")
    follower, status = followed(app)

    assert status == 500
    assert ("dispatch", "begins in", None, False) in follower.heard
    assert ("dispatch", "ends", "ZeroDivisionError") in follower.heard
    assert "dispatch" not in {note[2] for note in follower.notes}


def test_a_watcher_does_not_hear_of_another_app():
    app, other = Flask("x"), Flask("other")
    follower = Follower(app)
    token = signals.WATCHER.set(follower)
    try:
        other.test_client().get("/")
    finally:
        signals.WATCHER.reset(token)

    assert (follower.notes, follower.heard) == ([], [])


def test_signals_are_sent_also_where_somebody_watches():
    app = Flask("x")
    app.add_url_rule("/", "index", lambda: "fine")
    with listening(app) as heard:
        follower, _ = followed(app)

    assert list(heard) == USUAL
    told = [name for name, what, *_ in follower.heard if what == "was heard"]
    assert told == [name.replace(" ", "_") for name in USUAL]
