"""JSON by the provider of the app."""

import dataclasses
import decimal
import io
import uuid
from datetime import UTC, date, datetime

import pytest
from markupsafe import Markup

from tests.side_by_side.harness import part, same, same_value


@dataclasses.dataclass
class Point:
    x: int
    y: decimal.Decimal


class Html:
    def __html__(self):
        return "<i>"


VALUES = {
    "dict": {"b": 1, "a": {"d": 1, "c": 2}},
    "list": [1, "é", None, True, 1.5],
    "text": "grüße </script> \u2028",
    "none": None,
    "number": 3,
    "nan": float("nan"),
    "date": date(2026, 1, 2),
    "moment": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    "moment without zone": datetime(2026, 1, 2, 3, 4, 5),  # noqa: DTZ001
    "decimal": decimal.Decimal("1.50"),
    "uuid": uuid.UUID(int=1),
    "data class": Point(1, decimal.Decimal(2)),
    "markup": Markup("<b>"),
    "html": Html(),
    "tuple": (1, 2),
    "mixed keys": {1: 1, "a": 2},
    "number keys": {2: 1, 1: 2},
    "set": {1},
    "object": object(),
    "bytes": b"x",
    "class of data": Point,
    "empty": {},
}


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("name", VALUES)
def test_jsonify_gives_the_same_body(name, debug):
    def build(f):
        app = f.Flask("app")
        app.config.update(DEBUG=debug, PROPAGATE_EXCEPTIONS=False)
        app.add_url_rule("/", "index", lambda: f.jsonify(VALUES[name]))
        app.add_url_rule("/key", "key", lambda: f.jsonify(key=VALUES[name]))
        app.add_url_rule("/two", "two", lambda: f.jsonify(VALUES[name], 2))
        app.add_url_rule(
            "/tojson", "t", lambda: f.render_template_string("{{ v|tojson }}", v=VALUES[name])
        )
        return app

    same(build, "/", "/key", "/two", "/tojson")


@pytest.mark.parametrize("name", VALUES)
def test_dumps_gives_the_same_text(name):
    def outside(f):
        return f.json.dumps(VALUES[name])

    def inside(f):
        with f.Flask("app").app_context():
            file = io.StringIO()
            f.json.dump(VALUES[name], file, indent=1)
            return (
                f.json.dumps(VALUES[name]),
                f.json.dumps(VALUES[name], sort_keys=False),
                file.getvalue(),
            )

    same_value(outside)
    same_value(inside)


@pytest.mark.parametrize("text", ['{"a": [1, 2.5, null]}', b'"\xc3\xa9"', "", "{", "NaN", b"\xff"])
def test_loads_gives_the_same_value(text):
    def inside(f):
        with f.Flask("app").app_context():
            return repr(f.json.loads(text))

    same_value(lambda f: repr(f.json.loads(text)))
    same_value(inside)
    same_value(lambda f: repr(f.json.load(io.StringIO('{"a": 1}'))))


@pytest.mark.parametrize(
    "arguments",
    [
        ((), {}),
        ((1,), {"a": 1}),
        ((1, 2, 3), {}),
        ((None,), {}),
        (([],), {}),
        ((), {"b": 1, "a": 2}),
    ],
)
def test_jsonify_takes_the_same_arguments(arguments):
    positional, named = arguments

    def build(f):
        app = f.Flask("app")
        app.add_url_rule("/", "index", lambda: f.jsonify(*positional, **named))
        return app

    same(build, "/")


@pytest.mark.parametrize(
    "settings",
    [
        {"ensure_ascii": False},
        {"sort_keys": False},
        {"compact": True},
        {"compact": False},
        {"mimetype": "application/vnd.own+json"},
    ],
    ids=str,
)
@pytest.mark.parametrize("debug", [False, True])
def test_settings_of_the_provider_have_the_same_effect(settings, debug):
    def build(f):
        app = f.Flask("app")
        app.debug = debug
        for key, value in settings.items():
            setattr(app.json, key, value)
        app.add_url_rule("/", "index", lambda: {"z": "é", "a": [1, {}]})
        return app

    same(build, "/")


def test_a_provider_of_ones_own_is_used_everywhere():
    def build(f, said):
        base = part(f, "json.provider")

        class Provider(base.JSONProvider):
            def dumps(self, obj, **kwargs):
                said.append(("dumps", repr(obj), sorted(kwargs)))
                return f"<{obj!r}>"

            def loads(self, s, **kwargs):
                said.append(("loads", s, sorted(kwargs)))
                return {"loaded": len(s)}

        class App(f.Flask):
            json_provider_class = Provider

        app = App("app")
        app.add_url_rule("/dict", "dict", lambda: {"a": 1})
        app.add_url_rule("/jsonify", "jsonify", lambda: f.jsonify([1]))
        app.add_url_rule(
            "/read", "read", lambda: repr(f.request.get_json(force=True)), methods=["POST"]
        )
        app.add_url_rule("/dumps", "dumps", lambda: f.json.dumps(1, indent=2))
        app.add_url_rule("/tojson", "tojson", lambda: f.render_template_string("{{ 1|tojson }}"))
        return app

    same(
        build,
        "/dict",
        "/jsonify",
        {"path": "/read", "method": "POST", "data": "abc"},
        "/dumps",
        "/tojson",
    )


def test_a_default_of_ones_own_is_used():
    def build(f):
        base = part(f, "json.provider")

        class Provider(base.DefaultJSONProvider):
            @staticmethod
            def default(value):
                return (
                    f"own {type(value).__name__}"
                    if type(value) is set
                    else base.DefaultJSONProvider.default(value)
                )

        app = f.Flask("app")
        app.json = Provider(app)
        app.add_url_rule("/", "index", lambda: {"s": {1}, "d": date(2026, 1, 2)})
        return app

    same(build, "/")


def test_json_of_a_response_is_read_by_the_provider():
    def work(f):
        with f.Flask("app").test_request_context(json={"a": 1}, method="POST"):
            made = f.jsonify([1, 2])
            return f.request.json, f.request.get_json(), made.json, made.get_json()

    same_value(work)
