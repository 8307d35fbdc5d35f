"""Contexts: what is on the stack, from push to pop."""

import threading

import pytest

import flasktrace
from flasktrace import Flask
from flasktrace.context import Context
from flasktrace.globals import app_ctx, context_stack, contexts, request_ctx


def test_a_request_has_one_context_with_everything_in_it():
    app = Flask("app")
    app.secret_key = "key"
    with app.test_request_context("/x") as context:
        assert (context,) == context_stack()
        assert app is context.app is flasktrace.current_app._get_current_object()
        assert context.request is flasktrace.request._get_current_object()
        assert context.session is flasktrace.session._get_current_object()
        assert context.g is flasktrace.g._get_current_object()
        assert context is app_ctx._get_current_object() is request_ctx._get_current_object()
        assert context.url_adapter is context.request.url_adapter

    assert () == context_stack()


def test_contexts_are_stacked():
    one, other = Flask("one"), Flask("other")
    with one.app_context() as below, other.test_request_context("/") as above:
        assert (below, above) == context_stack()
        assert "other" == flasktrace.current_app.name

    assert not flasktrace.has_app_context()


def test_a_context_on_top_without_request_hides_the_request_below():
    app = Flask("app")
    with app.test_request_context("/"), app.app_context():
        assert not flasktrace.has_request_context()
        with pytest.raises(RuntimeError, match="no request on top"):
            _ = flasktrace.request.path


def test_a_context_that_is_not_pushed_cannot_be_popped():
    with pytest.raises(RuntimeError, match="is not on the stack"):
        Flask("app").app_context().pop()


def test_a_context_may_be_pushed_twice_and_ends_once():
    app = Flask("app")
    ended = []
    app.teardown_appcontext(lambda exc: ended.append("end"))
    context = app.app_context()
    with context:
        with context:
            assert (context, context) == context_stack()
        assert [] == ended

    assert ["end"] == ended


def test_teardown_gets_the_exception_of_the_block():
    app = Flask("app")
    seen = []
    app.teardown_request(lambda exc: seen.append(("request", exc)))
    app.teardown_appcontext(lambda exc: seen.append(("context", exc)))
    error = LookupError()

    with pytest.raises(LookupError), app.test_request_context("/"):
        raise error

    assert [("request", error), ("context", error)] == seen


def test_the_context_is_still_there_in_teardown():
    app = Flask("app")
    seen = []
    app.teardown_request(lambda exc: seen.append(flasktrace.request.path))
    app.teardown_appcontext(lambda exc: seen.append(flasktrace.g.word))
    with app.test_request_context("/x"):
        flasktrace.g.word = "kept"

    assert ["/x", "kept"] == seen


def test_the_session_is_opened_by_the_push():
    context = Flask("app").test_request_context("/")

    with pytest.raises(RuntimeError, match="push it first"):
        _ = context.session
    with context:
        assert {} == dict(context.session)


def test_looking_at_the_session_is_noted():
    app = Flask("app")
    app.secret_key = "key"
    with app.test_request_context("/") as context:
        assert not context._session.accessed
        bool(flasktrace.session)
        assert context._session.accessed


def test_g_is_a_place_for_the_apps_own_things():
    app = Flask("app")
    with app.app_context():
        g = flasktrace.g
        g.user = "me"

        assert ("me", "me", None, 3) == (g.user, g.get("user"), g.get("no"), g.get("no", 3))
        assert "user" in g
        assert ["user"] == list(g)
        assert "me" == g.setdefault("user", "other") == g.pop("user")
        assert 1 == g.pop("user", 1)
        assert "<g of 'app'>" == repr(g)
        with pytest.raises(KeyError):
            g.pop("user")
        with pytest.raises(AttributeError, match="g has no attribute 'user'"):
            _ = g.user
        with pytest.raises(AttributeError):
            del g.user


def test_g_is_new_in_each_context():
    app = Flask("app")
    with app.app_context():
        flasktrace.g.x = "outer"
        with app.app_context():
            assert "x" not in flasktrace.g
        assert "outer" == flasktrace.g.x

    assert "<g>" == repr(app.app_ctx_globals_class())


def test_threads_have_stacks_of_their_own():
    app = Flask("app")
    seen = []

    def look():
        seen.append(flasktrace.has_app_context())
        with app.test_request_context("/thread"):
            seen.append(flasktrace.request.path)

    with app.test_request_context("/main"):
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
        seen.append(flasktrace.request.path)

    assert [False, "/thread", "/main"] == seen


def test_a_copy_has_the_request_and_session_but_its_own_g():
    app = Flask("app")
    app.secret_key = "key"
    with app.test_request_context("/x") as context:
        flasktrace.g.x = 1
        flasktrace.session["a"] = 1

        @flasktrace.copy_current_request_context
        def work():
            """Looks around."""
            return flasktrace.request.path, dict(flasktrace.session), "x" in flasktrace.g

        copied = context.copy()

    assert ("/x", {"a": 1}, False) == work()
    assert ("work", "Looks around.") == (work.__name__, work.__doc__)
    assert copied.request is context.request


def test_a_context_says_whose_it_is():
    app = Flask("app")

    assert "<Context of 'app'>" == repr(app.app_context())
    assert "<Context of 'app' for POST '/x'>" == repr(app.test_request_context("/x", method="POST"))


def test_a_context_class_of_ones_own_is_used():
    class Own(Context):
        pass

    app = Flask("app")
    app.context_class = Own
    with app.app_context():
        assert type(contexts.top) is Own


def test_the_context_can_be_kept_by_the_server():
    app = Flask("app")
    app.add_url_rule("/", "index", lambda: "x")
    kept = []
    app.test_client().get("/", environ_overrides={"werkzeug.debug.preserve_context": kept.append})

    (context,) = kept
    assert "/" == context.request.path
    assert () == context_stack()


def test_teardown_runs_below_a_context_that_was_left_above():
    app, other = Flask("app"), Flask("other")
    ran = []
    app.teardown_request(lambda _error: ran.append(flasktrace.request.path))
    context = app.test_request_context("/x")
    context.push()
    other.app_context().push()

    with pytest.raises(RuntimeError, match="was popped while <Context of 'other'> was on top"):
        context.pop()

    assert ran == ["/x"]
    assert context_stack() == ()


def test_a_pop_in_another_thread_leaves_the_context_as_it_was():
    app, ran = Flask("app"), []
    app.teardown_request(ran.append)
    context = app.test_request_context("/x")
    context.push()
    errors = []

    def pop():
        with pytest.raises(RuntimeError, match="not on the stack") as caught:
            context.pop()
        errors.append(caught.value)

    thread = threading.Thread(target=pop)
    thread.start()
    thread.join()
    assert errors
    assert not context.ended
    assert ran == []

    context.pop()
    assert ran == [None]
    assert context.ended
