"""Sessions: the cookie, when it is set, and who may read it."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import flask
import pytest
from markupsafe import Markup
from werkzeug.test import Client

import flasktrace
from tests.side_by_side.harness import KEY, cookie_of, decoded, part, same, same_value

TOUCH = {
    "nothing": lambda s, f: None,
    "bool": lambda s, f: bool(s),
    "length": lambda s, f: len(s),
    "contains": lambda s, f: "a" in s,
    "get": lambda s, f: s.get("a"),
    "item": lambda s, f: s["a"] if s.get("x") else None,
    "iterate": lambda s, f: list(s),
    "keys": lambda s, f: list(s.keys()),
    "items": lambda s, f: list(s.items()),
    "repr": lambda s, f: repr(s),
    "equal": lambda s, f: s == {},
    "set": lambda s, f: s.update(a=1),
    "set item": lambda s, f: s.__setitem__("a", 1),
    "set default": lambda s, f: s.setdefault("a", []),
    "nested change": lambda s, f: s.setdefault("l", []).append(1),
    "pop": lambda s, f: s.pop("a", None),
    "clear": lambda s, f: s.clear(),
    "set and clear": lambda s, f: (s.update(a=1), s.clear()),
    "permanent": lambda s, f: setattr(s, "permanent", True),
    "permanent with a value": lambda s, f: (s.update(a=1), setattr(s, "permanent", True)),
    "asked whether permanent": lambda s, f: s.permanent,
    "modified by hand": lambda s, f: setattr(s, "modified", True),
    "accessed by hand": lambda s, f: setattr(s, "accessed", False),
    "asked whether accessed": lambda s, f: s.accessed,
    "asked whether modified": lambda s, f: s.modified,
    "asked whether new": lambda s, f: s.new,
    "object behind the name": lambda s, f: s._get_current_object() and None,
    "flash": lambda s, f: f.flash("said"),
    "messages": lambda s, f: f.get_flashed_messages(),
    "template without": lambda s, f: f.render_template_string("{{ 1 + 1 }}"),
    "template with": lambda s, f: f.render_template_string("{{ session.a }}"),
    "template that iterates": lambda s, f: f.render_template_string("{{ session|length }}"),
    "template with messages": lambda s, f: f.render_template_string("{{ get_flashed_messages() }}"),
    "template that asks for g": lambda s, f: f.render_template_string(
        "{{ g.x }}{{ request.path }}"
    ),
}


def touching(touch, **config):
    def build(f):
        app = f.Flask("app")
        app.config.update(SECRET_KEY=KEY, **config)

        @app.route("/")
        def index():
            touch(f.session, f)
            return "x"

        @app.route("/fill")
        def fill():
            f.session["a"] = 1
            return "filled"

        @app.route("/show")
        def show():
            return repr(sorted(f.session.items()))

        return app

    return build


@pytest.mark.parametrize("name", TOUCH)
def test_cookie_and_vary_are_set_in_the_same_cases(name):
    same(touching(TOUCH[name]), "/", "/", "/fill", "/", "/show", "/")


@pytest.mark.parametrize("name", TOUCH)
def test_without_a_secret_key_it_can_only_be_read(name):
    same(_without_key(TOUCH[name]), "/", "/show")


def _without_key(touch):
    def build(f):
        app = touching(touch)(f)
        app.secret_key = None
        return app

    return build


@pytest.mark.parametrize(
    "config",
    [
        {"SESSION_COOKIE_NAME": "own"},
        {"SESSION_COOKIE_DOMAIN": "localhost.test"},
        {"SESSION_COOKIE_PATH": "/below"},
        {"APPLICATION_ROOT": "/root"},
        {"SESSION_COOKIE_HTTPONLY": False},
        {"SESSION_COOKIE_SECURE": True},
        {"SESSION_COOKIE_PARTITIONED": True, "SESSION_COOKIE_SECURE": True},
        {"SESSION_COOKIE_SAMESITE": "Strict"},
        {"SESSION_REFRESH_EACH_REQUEST": False},
        {"PERMANENT_SESSION_LIFETIME": 60},
        {"PERMANENT_SESSION_LIFETIME": timedelta(hours=2)},
        {"SERVER_NAME": "localhost"},
    ],
    ids=str,
)
def test_settings_of_the_cookie_have_the_same_effect(config):
    def build(f):
        app = touching(lambda s, _f: None, **config)(f)

        @app.route("/stay")
        def stay():
            f.session.permanent = True
            f.session["a"] = 2
            return "stays"

        @app.route("/end")
        def end():
            f.session.clear()
            return "ended"

        return app

    same(build, "/fill", "/show", "/stay", "/", "/show", "/end", "/show", "/end")


VALUES = {
    "tuple": (1, "a", (2,)),
    "bytes": b"\x00\xff",
    "markup": Markup("<b>"),
    "uuid": UUID(int=5),
    "moment": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    "moment without zone": datetime(2026, 1, 2, 3, 4, 5),  # noqa: DTZ001
    "dict like a tag": {" t": [1]},
    "dict like a long tag": {" t__": 1},
    "dict like a tagged dict": {" di": 3},
    "dict with two keys": {" t": 1, " b": 2},
    "nested": {"a": [(1, {"b": b"x"}), None, True, 1.5]},
    "long": "x" * 500,
    "beyond ASCII": "grüße ☃",
    "number as key": {1: "a"},
    "none": None,
}


@pytest.mark.parametrize("name", VALUES)
def test_each_framework_reads_the_others_cookie(name):
    def build(f):
        app = f.Flask("app")
        app.secret_key = KEY

        @app.route("/fill")
        def fill():
            f.session["value"] = VALUES[name]
            return "filled"

        @app.route("/show")
        def show():
            return repr(f.session["value"])

        return app

    (filled,) = same(build, "/fill")
    shown = same(build, "/fill", "/show")[1].body.decode()
    for other in (flask, flasktrace):
        client = Client(build(other))
        client.set_cookie("session", cookie_of(filled))

        assert shown == client.get("/show").text


def test_cookies_that_are_forged_old_or_broken_are_no_sessions():
    build = touching(lambda s, f: None)
    good = cookie_of(same(build, "/fill")[0])
    wrong = ["", "x", "a.b.c", good[:-1] + ("A" if good[-1] != "A" else "B"), good.upper()]
    for cookie in [*wrong, good]:
        same(build, {"path": "/show", "headers": {"Cookie": f"session={cookie}"}})


def test_an_old_session_is_refused():
    build = touching(lambda s, f: None, PERMANENT_SESSION_LIFETIME=-1)
    same(build, "/fill", "/show")


def test_fallback_keys_are_read_and_not_written():
    def build(f):
        app = touching(lambda s, _f: None)(f)
        app.config.update(SECRET_KEY="new", SECRET_KEY_FALLBACKS=["older", KEY])
        return app

    old = cookie_of(same(touching(lambda s, f: None), "/fill")[0])
    shown, filled = same(build, {"path": "/show", "headers": {"Cookie": f"session={old}"}}, "/fill")

    assert b"[('a', 1)]" == shown.body
    assert {"a": 1} == decoded(cookie_of(filled))


def test_flashes_are_shown_once():
    def build(f):
        app = f.Flask("app")
        app.secret_key = KEY

        @app.route("/say")
        def say():
            f.flash("first")
            f.flash(Markup("<b>second</b>"), "warning")
            f.flash("third", "error")
            return "said"

        @app.route("/plain")
        def plain():
            return repr(f.get_flashed_messages())

        @app.route("/pairs")
        def pairs():
            both = f.get_flashed_messages(with_categories=True), f.get_flashed_messages()
            return repr(both)

        @app.route("/some")
        def some():
            asked = ["warning", "error"]
            return repr(
                [
                    f.get_flashed_messages(category_filter=asked),
                    f.get_flashed_messages(True, ("error",)),
                    f.get_flashed_messages(with_categories=False, category_filter=["none"]),
                ]
            )

        @app.route("/same")
        def in_the_same_request():
            f.flash("now")
            return repr(f.get_flashed_messages()) + repr(f.session.get("_flashes"))

        @app.route("/template")
        def template():
            source = "{% for c, m in get_flashed_messages(true) %}{{ c }}:{{ m }};{% endfor %}"
            return f.render_template_string(source)

        return app

    same(build, "/plain", "/say", "/plain", "/plain", "/say", "/say", "/pairs", "/pairs")
    same(build, "/say", "/some", "/same", "/say", "/same", "/say", "/template", "/template")


def test_a_session_interface_of_ones_own_is_used():
    def build(f, said):
        base = part(f, "sessions")

        class Session(dict, base.SessionMixin):
            pass

        class Interface(base.SessionInterface):
            def open_session(self, app, request):
                said.append(f"open {request.path}")
                return None if request.path == "/null" else Session(there=1)

            def save_session(self, app, session, response):
                said.append(f"save {dict(session)} {session.modified} {session.accessed}")

        app = f.Flask("app")
        app.session_interface = Interface()

        @app.route("/")
        @app.route("/null")
        def index():
            return repr(dict(f.session))

        @app.route("/write")
        def write():
            f.session["more"] = 2
            return "x"

        return app

    same(build, "/", "/null", "/write", "/lost")


def test_a_session_that_cannot_be_opened_or_saved_is_an_error():
    def build(opening):
        def made(f, said):
            base = part(f, "sessions")

            class Interface(base.SecureCookieSessionInterface):
                def open_session(self, app, request):
                    if opening:
                        raise LookupError
                    return super().open_session(app, request)

                def save_session(self, app, session, response):
                    raise LookupError

            app = f.Flask("app")
            app.secret_key = KEY
            app.session_interface = Interface()
            app.before_request(lambda: said.append("before"))
            app.teardown_request(lambda exc: said.append(f"teardown {type(exc).__name__}"))
            app.add_url_rule("/", "index", lambda: "x")
            return app

        return made

    same(build(opening=True), "/", "/")
    same(build(opening=False), "/", "/lost")


def test_facts_of_sessions_are_alike():
    def work(f):
        base = part(f, "sessions")
        session = base.SecureCookieSession({"a": 1})
        facts = [session.modified, session.accessed, session.new, session.permanent]
        session["b"] = 2
        facts += [session.modified, session.accessed, dict(session)]
        session.permanent = True
        null = base.NullSession()
        return [*facts, dict(session), null.get("x"), len(null), "a" in null]

    same_value(work)
    same_value(lambda f: part(f, "sessions").NullSession().clear())
    same_value(lambda f: part(f, "sessions").NullSession().popitem())


def test_the_tagged_serializer_writes_the_same_text():
    def text(f, value):
        tag = part(f, "json.tag")
        return tag.TaggedJSONSerializer().dumps(value)

    for value in VALUES.values():
        same_value(lambda f, value=value: text(f, value))
