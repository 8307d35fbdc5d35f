"""JSON: the provider, the module functions, and the tagged kind of the session."""

import decimal
import io
import uuid
from datetime import UTC, datetime

import pytest
from markupsafe import Markup

import flasktrace
from flasktrace import Flask, json
from flasktrace.json.provider import JSONProvider
from flasktrace.json.tag import JSONTag, TaggedJSONSerializer


def test_without_an_app_it_is_plain_json_with_the_usual_types():
    value = {
        "when": datetime(2026, 1, 2, tzinfo=UTC),
        "id": uuid.UUID(int=1),
        "d": decimal.Decimal(1),
    }

    assert {
        "when": "Fri, 02 Jan 2026 00:00:00 GMT",
        "id": "00000000-0000-0000-0000-000000000001",
        "d": "1",
    } == json.loads(json.dumps(value))


def test_in_an_app_it_is_the_providers():
    class Loud(JSONProvider):
        def dumps(self, obj, **kwargs):
            return f"!{obj}!"

        def loads(self, s, **kwargs):
            return s.strip("!")

    app = Flask("app")
    app.json = Loud(app)
    with app.app_context():
        file = io.StringIO()
        json.dump("x", file)

        assert ("!x!", "!x!", "x") == (json.dumps("x"), file.getvalue(), json.loads("!x!"))
        assert "y" == json.load(io.StringIO("!y!"))
        assert b"!x!" == json.jsonify("x").data


def test_a_provider_must_give_two_methods():
    provider = JSONProvider(None)
    for work in (provider.dumps, provider.loads):
        with pytest.raises(NotImplementedError):
            work("x")


def test_what_cannot_be_json_is_named():
    with pytest.raises(TypeError, match="Object of type set is not JSON serializable"):
        json.dumps({1})


def test_jsonify_takes_one_kind_of_arguments():
    with Flask("app").app_context(), pytest.raises(TypeError, match="positional or keyword"):
        flasktrace.jsonify(1, a=2)


def test_a_body_is_compact_unless_in_debug_mode():
    app = Flask("app")
    with app.app_context():
        assert b'{"a":[1]}\n' == flasktrace.jsonify(a=[1]).data
        app.debug = True
        assert b'{\n  "a": [\n    1\n  ]\n}\n' == flasktrace.jsonify(a=[1]).data


@pytest.mark.parametrize(
    "value",
    [
        (1, ("a",)),
        b"\x00\xff",
        Markup("<b>"),
        uuid.UUID(int=5),
        datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        {" t": [1]},
        {" di": {" b": "x"}},
        {"a": [1, None, {"b": (2,)}]},
        {},
        [],
    ],
    ids=repr,
)
def test_tagged_values_come_back_as_they_were(value):
    serializer = TaggedJSONSerializer()
    back = serializer.loads(serializer.dumps(value))

    assert value == back
    assert type(value) is type(back)


def test_a_tag_of_ones_own_can_be_added():
    class TagComplex(JSONTag):
        key = " c"

        def check(self, value):
            return isinstance(value, complex)

        def to_json(self, value):
            return [value.real, value.imag]

        def to_python(self, value):
            return complex(*value)

    serializer = TaggedJSONSerializer()
    serializer.register(TagComplex, index=0)

    assert {"x": 1 + 2j} == serializer.loads(serializer.dumps({"x": 1 + 2j}))
    with pytest.raises(KeyError, match="registered already"):
        serializer.register(TagComplex)
    serializer.register(TagComplex, force=True)


def test_a_tag_must_give_three_methods():
    tag = JSONTag(TaggedJSONSerializer())
    for work in (tag.check, tag.to_json, tag.to_python):
        with pytest.raises(NotImplementedError):
            work(1)
