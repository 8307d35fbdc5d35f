"""What tests demand of traces, tried on real requests to both frameworks."""

from contextlib import suppress

import pytest

import flasktrace
from flasktrace.contracts import (
    assert_answered_by,
    assert_hooks,
    assert_no_context_leak,
    assert_outline,
    assert_stages,
    lifecycle,
)
from tests.pytest_plugin.samples import APP

MORE = """
from {package} import abort, make_response

@app.before_request
def require_login():
    if request.path == "/account":
        return "log in", 401

@app.after_request
def replace(response):
    return make_response("other") if request.path == "/replaced" else response

@app.teardown_request
def close(error): pass

@app.errorhandler(404)
def not_found(error): return "nothing", 404

@app.route("/<path:other>")
def page(other):
    if other == "gone":
        abort(404)
    if other == "leak":
        app.app_context().push()
    return other
"""


@pytest.fixture(scope="module", params=["flask", "flasktrace"])
def shop(request):
    names = {"__name__": "shop"}
    exec((APP + MORE).format(package=request.param), names)
    names["app"].testing = False
    return names["app"]


@pytest.fixture
def get(shop):
    with flasktrace.capture(shop) as traces:

        def ask(path, method="GET"):
            shop.test_client().open(path, method=method)
            return traces.last

        yield ask


def complaint(call, *arguments, **more):
    with pytest.raises(AssertionError) as caught:
        call(*arguments, **more)
    return str(caught.value)


def test_stages(get):
    trace = get("/account")
    ran = [stage.name for stage in trace.stages if stage.start_ns is not None]

    assert_stages(trace, *ran)
    told = complaint(assert_stages, trace, *ran, "dispatch")

    assert "dispatch" not in ran
    assert told.startswith("GET /account: stages were push, ")
    assert "expected push, " in told
    assert "○ dispatch" in told
    complaint(assert_stages, trace, *reversed(ran))
    with pytest.raises(ValueError, match="'view' is no stage; there are push"):
        assert_stages(trace, "view")


def test_hooks(get):
    trace = get("/hello/ada")

    assert_hooks(trace, "load_user", "require_login", "replace", "close")
    assert_hooks(trace, "load_user", "require_login", kinds=["before_request"])
    assert_hooks(trace, "replace", kinds="after_request")
    assert_hooks(trace, kinds=["url_value_preprocessor"])
    told = complaint(assert_hooks, trace, "require_login", "load_user", kinds="before_request")
    with pytest.raises(ValueError, match="'view' is no kind of hook"):
        assert_hooks(trace, kinds=["view"])

    assert "hooks were load_user, require_login, expected require_login, load_user" in told
    complaint(assert_hooks, trace, "load_user")


@pytest.mark.parametrize(
    ("path", "method", "name"),
    [
        ("/hello/ada", "GET", "hello"),
        ("/hello/ada", "GET", "view hello"),
        ("/account", "GET", "before_request require_login"),
        ("/gone", "GET", "error_handler not_found"),
        ("/hello", "POST", None),
        ("/hello/ada", "OPTIONS", None),
        ("/crash", "GET", None),
        ("/replaced", "GET", "after_request replace"),
    ],
)
def test_answered_by(get, path, method, name):
    trace = get(path, method)

    assert_answered_by(trace, name)
    told = complaint(assert_answered_by, trace, "nobody")

    assert (
        f"answered by {name.split()[-1] if name else 'the framework itself'}, "
        in told.replace(f"by {name.split()[0]} " if name else "-", "by ", 1)
        or "answered by view hello, expected nobody" in told
    )
    complaint(assert_answered_by, trace, "load_user" if name is None else None)


def test_no_context_leak(get):
    assert_no_context_leak(get("/hello/ada"))


def test_context_leak(shop):
    from threading import Thread

    found = []

    def ask():  # what leaks stays on the stack of this thread
        with flasktrace.capture(shop) as traces:
            with suppress(RuntimeError, AssertionError, LookupError):
                shop.test_client().get("/leak")
            found.append(traces.last)

    thread = Thread(target=ask)
    thread.start()
    thread.join()

    told = complaint(assert_no_context_leak, found[0])
    assert told.startswith("GET /leak: left something behind:\n  ")
    assert "page" in told.partition("\n")[2]


def test_lifecycle_is_the_same_each_time_and_tells_what_is_different(get):
    first, again, other = (lifecycle(get(path)) for path in ("/hello/a", "/hello/b", "/gone"))

    assert first == again
    assert_outline(get("/hello/c"), first)
    told = complaint(assert_outline, get("/hello/c"), other)
    assert told.startswith("The lifecycle of GET /hello/c is not the stored one")
    assert "\n-   view page raised werkzeug.exceptions.NotFound\n" in told
    assert "\n+   view hello\n" in told
    assert "\n    before_request load_user\n" in told


def test_lifecycle_text(get):
    text = lifecycle(get("/hello/ada"))

    assert text.splitlines()[0] == "GET /hello/<name> → 200"
    for line in ("preprocess", "  before_request require_login", "dispatch", "  view hello"):
        assert line in text.splitlines()
    assert not any(character in text for character in ("ada", ".py", "µs", " ms"))


def test_hostile_names_are_made_visible(get):
    told = complaint(assert_stages, get("/hello/%1b[2J%e2%80%ae"), "push")

    assert "\x1b" not in told
    assert "\u202e" not in told
    assert r"\x1b[2J" in told
