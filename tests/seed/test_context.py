"""The four names, the contexts behind them, and pushing and popping these by hand."""

import pytest

import flasktrace
from flasktrace import (
    Flask,
    current_app,
    flash,
    g,
    get_flashed_messages,
    has_app_context,
    has_request_context,
    request,
    session,
)
from flasktrace.globals import app_ctx, context_stack, contexts, request_ctx


@pytest.fixture
def app():
    made = Flask("app")
    made.secret_key = "key"
    made.add_url_rule("/<word>", "word", lambda word: word)
    return made


def test_a_request_has_app_request_session_and_g(app):
    with app.test_request_context("/x"):
        assert current_app == app
        assert "/x" == request.path
        assert {} == session
        assert [] == list(g)


def test_a_context_without_request_has_app_and_g_alone(app):
    with app.app_context():
        assert current_app == app
        assert [] == list(g)
        assert (True, False) == (has_app_context(), has_request_context())
        for name in (request, session):
            with pytest.raises(RuntimeError, match="no request on top of the context stack"):
                _ = name.anything


@pytest.mark.parametrize("name", ["current_app", "g", "request", "session"])
def test_outside_a_context_each_name_says_what_to_do(name):
    with pytest.raises(RuntimeError, match=r"with app\.\w+_context\("):
        _ = getattr(flasktrace, name).anything


def test_functions_that_need_a_request_say_so():
    for use in (get_flashed_messages, lambda: flash("x"), lambda: flasktrace.url_for("x")):
        with pytest.raises(RuntimeError, match="context stack"):
            use()


def test_the_context_holds_what_0_1_put_there(app):
    with app.test_request_context("/x") as context:
        context.match()

        assert context.app is app
        assert context.url_adapter.build("word", {"word": "y"}) == "/y"
        assert isinstance(context.request, flasktrace.Request)
        assert {} == dict(context.session)
        assert [] == list(context.g)
        assert context.flashes is None
        assert ("word", {"word": "x"}) == (context.request.endpoint, context.request.view_args)


def test_flashes_are_kept_in_the_context_once_they_were_taken(app):
    with app.test_request_context("/") as context:
        flash("first")
        taken = get_flashed_messages()
        flash("second")

        assert ["first"] == taken == get_flashed_messages()
        assert [("message", "first")] == context.flashes
        assert [("message", "second")] == session["_flashes"]


def test_nested_contexts_hide_each_other_and_come_back(app):
    other = Flask("other")
    with app.test_request_context("/outer"):
        g.depth = 1
        with other.test_request_context("/inner"):
            inner = current_app.name, request.path, "depth" in g, len(context_stack())
        outer = current_app.name, request.path, g.depth, len(context_stack())

    assert ("other", "/inner", False, 2) == inner
    assert ("app", "/outer", 1, 1) == outer


def test_a_context_can_be_pushed_and_popped_by_hand(app):
    context = app.test_request_context("/x")
    context.push()
    path = request.path
    context.pop()

    assert "/x" == path
    assert not has_request_context()


def test_the_teardown_functions_run_at_the_pop(app):
    ended = []
    app.teardown_request(lambda error: ended.append(("request", error)))
    app.teardown_appcontext(lambda error: ended.append(("context", error)))
    context = app.test_request_context("/x")
    context.push()
    before = list(ended)
    error = LookupError()
    context.pop(error)

    assert [] == before
    assert [("request", error), ("context", error)] == ended


@pytest.mark.parametrize("kind", ["app_context", "test_request_context"])
def test_a_context_that_is_not_on_top_is_popped_with_those_above_and_an_error(app, kind):
    below, above = getattr(app, kind)(), Flask("other").app_context()
    ended = []
    app.teardown_appcontext(ended.append)
    below.push()
    above.push()

    with pytest.raises(RuntimeError, match="while <Context of 'other'> was on top") as caught:
        below.pop()

    assert "reverse order of their pushes" in str(caught.value)
    assert [None] == ended
    assert () == context_stack()
    with pytest.raises(RuntimeError):
        above.pop()


def test_a_context_that_is_not_pushed_cannot_be_popped(app):
    context = app.app_context()
    with context:
        pass

    with pytest.raises(RuntimeError, match="is not on the stack"):
        context.pop()


def test_two_requests_to_an_app_have_two_contexts(app):
    seen = []
    app.before_request(lambda: seen.append(contexts.top))
    client = app.test_client()
    client.get("/a")
    client.get("/b")

    assert seen[0] is not seen[1]
    assert seen[0].g is not seen[1].g


def test_a_request_within_a_request_has_a_context_of_its_own(app):
    @app.route("/outer/<word>")
    def outer(word):
        g.word = word
        inner = app.test_client().get("/inner").text
        return f"{inner} {g.word} {request.path} {len(context_stack())}"

    assert "inner out /outer/out 1" == app.test_client().get("/outer/out").text


def test_the_context_itself_can_be_named(app):
    with app.test_request_context("/x") as context:
        assert context is app_ctx._get_current_object() is request_ctx._get_current_object()
    with app.app_context() as context:
        assert context is app_ctx._get_current_object()
        with pytest.raises(RuntimeError):
            request_ctx._get_current_object()


def test_with_a_client_the_context_stays_until_the_next_request(app):
    with app.test_client() as client:
        client.get("/first")
        first = request.path
        client.get("/second")
        second = request.path, len(context_stack())

    assert ("/first", ("/second", 1)) == (first, second)
    assert () == context_stack()
