"""JSON: the provider, the module functions, and the tagged kind of the session."""

import decimal
import io
import json as plain_json
import uuid
from datetime import UTC, datetime

import pytest
from markupsafe import Markup

import flasktrace
from flasktrace import Flask, json
from flasktrace.json import encoder
from flasktrace.json.encoder import Encoder
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


def test_a_tag_of_ones_own_may_be_for_plain_values():
    class TagNumber(JSONTag):
        key = " n"

        def check(self, value):
            return type(value) is int

        def to_json(self, value):
            return str(value)

        def to_python(self, value):
            return int(value)

    class Numbers(TaggedJSONSerializer):
        default_tags = (*TaggedJSONSerializer.default_tags, TagNumber)

    later = TaggedJSONSerializer()
    assert 1 == later.tag(1)
    later.register(TagNumber)

    assert {" n": "1"} == later.tag(1) == Numbers().tag(1)
    assert 1 == later.loads(later.dumps(1))


def test_a_tag_must_give_three_methods():
    tag = JSONTag(TaggedJSONSerializer())
    for work in (tag.check, tag.to_json, tag.to_python):
        with pytest.raises(NotImplementedError):
            work(1)


# Kept encoders


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"indent": 2},
        {"indent": "\t"},
        {"indent": True},
        {"separators": (",", ":")},
        {"separators": [",", ":"]},
        {"sort_keys": False},
        {"ensure_ascii": False},
        {"skipkeys": True},
        {"allow_nan": False},
        {"check_circular": False},
        {"default": repr},
        {"default": None},
        {"cls": None},
        {"sort_keys": False, "default": str, "indent": 1},
    ],
)
@pytest.mark.parametrize("value", [{"b": [1, "\xe4"], "a": None}, "x", [], decimal.Decimal(1)])
def test_text_is_what_the_standard_library_makes(given, value):
    provider = Flask("app").json
    usual = {"default": provider.default, "ensure_ascii": True, "sort_keys": True}

    def outcome(call):
        try:
            return call()
        except TypeError as error:
            return str(error)

    expected = outcome(lambda: plain_json.dumps(value, **{**usual, **given}))
    for _ in range(2):
        assert expected == outcome(lambda: provider.dumps(value, **given))


def test_the_short_way_is_used_with_this_python():
    assert Encoder()._makes
    assert not Encoder(indent=1)._makes


def test_without_a_part_in_c_the_text_is_the_same(monkeypatch):
    monkeypatch.setattr(encoder, "_make", None)
    slow = Encoder(sort_keys=True)

    assert not slow._makes
    assert '{"a": 1, "b": 2}' == slow.encode({"b": 2, "a": 1})


def test_a_circle_is_found_and_forgotten():
    provider = Flask("app").json
    circle = []
    circle.append(circle)
    for _ in range(2):
        with pytest.raises(ValueError, match="Circular"):
            provider.dumps(circle)
    circle[:] = [1]

    assert "[1]" == provider.dumps(circle)


def test_settings_of_the_provider_may_change():
    provider = Flask("app").json
    value = {"b": "\xe4", "a": io}
    provider.default = lambda value: "first"
    assert '{"a": "first", "b": "\\u00e4"}' == provider.dumps(value)
    provider.default = lambda value: "second"
    assert '{"a": "second", "b": "\\u00e4"}' == provider.dumps(value)
    provider.sort_keys = provider.ensure_ascii = False

    assert '{"b": "\xe4", "a": "second"}' == provider.dumps(value)


def test_an_encoder_of_the_caller_is_made_each_time():
    class Counting(plain_json.JSONEncoder):
        made = 0

        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            Counting.made += 1

    provider = Flask("app").json
    for _ in range(3):
        provider.dumps([], cls=Counting)

    assert 3 == Counting.made
    assert {} == provider._encoders


def test_few_encoders_are_kept():
    provider = Flask("app").json
    for number in range(100):
        assert plain_json.dumps([1], indent=number) == provider.dumps([1], indent=number)
        provider.dumps([1], default=lambda value: value)

    assert len(provider._encoders) < 20


@pytest.mark.parametrize("text", ['{" t": [1]}', b'{" t": [1]}', "\ufeff{}", "{", "", "1 2"])
def test_tagged_text_is_read_as_by_the_standard_library(text):
    serializer = TaggedJSONSerializer()

    def outcome(call):
        try:
            return call()
        except ValueError as error:
            return str(error)

    expected = outcome(lambda: plain_json.loads(text, object_hook=serializer.untag))

    assert expected == outcome(lambda: serializer.loads(text))
