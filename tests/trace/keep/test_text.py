"""The quick way to JSON gives what the plain one gives, for whatever a trace may hold."""

import json
import zlib
from dataclasses import replace
from http import HTTPStatus

import pytest

from flasktrace.trace.keep import text
from flasktrace.trace.keep.codec import MAX_JSON, SHORT, pack, pack_summary, unpack
from flasktrace.trace.keep.text import text_of
from flasktrace.trace.model import Card, Leak, Snapshot
from tests.trace.samples import big, cart, crash, early, missing

SAMPLES = [cart(), crash(), early(), missing(), big(50)]


class Text(str):
    __slots__ = ()

    def __str__(self) -> str:
        raise AssertionError("never asked")

    __repr__ = __str__


def plain(record) -> str:
    return json.dumps(record.to_dict(), separators=(",", ":"))


@pytest.mark.parametrize("trace", SAMPLES, ids=lambda trace: trace.path)
def test_a_trace_is_written_as_json_dumps_would(trace):
    assert text_of(trace) == plain(trace)
    assert pack_summary(trace.summary()) == plain(trace.summary())
    assert unpack(pack(trace)) == trace


@pytest.mark.parametrize(
    "held",
    [
        {},
        {"x": 1.5, "y": float("inf"), "z": [1, ("a", None)]},
        {"\ud800\0": "\udfff\"\\\n'{}é", "n": {"deep": {"er": True}}},
        {1: "a", None: False},
        {"t": Text("mine"), Text("k"): HTTPStatus.OK, "l": Leak("found", "s", is_fault=True)},
        {"big": 2**80, "no": -(2**80)},
    ],
)
def test_any_plain_values_are_written_as_json_dumps_would(held):
    trace = replace(cart(), view_args=held)

    assert text_of(trace) == plain(replace(trace, view_args=plain_of(held)))


def plain_of(held):
    return {
        key: value.to_dict() if isinstance(value, Leak) else value for key, value in held.items()
    }


@pytest.mark.parametrize(
    "changed",
    [
        {"path": None, "query": 3, "duration_ns": None},
        {"duration_ns": 1.5, "status": "200", "endpoint": 7},
        {"view_args": None, "stages": (), "marks": ["a", "b"], "dropped": ()},
        {"path": Text("/mine"), "status": HTTPStatus.NOT_FOUND},
    ],
)
def test_a_field_that_is_not_of_its_type_is_written_as_it_is(changed):
    trace = replace(cart(), **changed)

    assert text_of(trace) == plain(trace)


@pytest.mark.parametrize("field", ["path", "status", "view_args", "stages", "exception", "partial"])
def test_what_is_no_plain_data_is_refused(field):
    class Foreign:
        def __str__(self) -> str:
            raise AssertionError("never asked")

        __repr__ = __bool__ = __len__ = __eq__ = __str__  # type: ignore[assignment]
        __hash__ = None  # type: ignore[assignment]

    with pytest.raises(TypeError):
        text_of(replace(cart(), **{field: Foreign()}))
    with pytest.raises(TypeError):
        text_of(replace(cart(), view_args={"deep": [{"er": Foreign()}]}))


def test_of_stacks_only_the_latest_are_remembered():
    stacks = [
        (Card("app", f"app {number}", {"g": {"n": str(number)}, "x": {}}),)
        for number in range(1000)
    ]
    for cards in (*stacks, *stacks[::-1]):
        snapshot = Snapshot(1, cards)
        assert text_of(snapshot) == plain(snapshot)

    assert 0 < len(text._stacks) <= text._MOST


@pytest.mark.parametrize("level", [0, 1, 6, 9])
@pytest.mark.parametrize("trace", [cart(), big(300)], ids=["short", "long"])
def test_traces_of_all_versions_are_read_and_long_ones_are_small(trace, level):
    earlier = zlib.compress(plain(trace).encode(), level)

    assert unpack(earlier) == unpack(pack(trace)) == trace
    # What earlier versions do to read it.
    assert zlib.decompressobj().decompress(pack(trace), MAX_JSON) == plain(trace).encode()
    assert (len(pack(trace)) < len(plain(trace)) / 3) == (len(plain(trace)) > SHORT)
