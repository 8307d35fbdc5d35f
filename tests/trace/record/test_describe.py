import datetime as dt
import time
from collections import OrderedDict, defaultdict, deque, namedtuple
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from markupsafe import Markup

from flasktrace.trace.record.describe import Describer, attributes_of, type_name
from flasktrace.trace.record.limits import Limits
from flasktrace.trace.record.redact import Redactor
from tests.trace.record.apps import Hostile, HostileDict

describe = Describer(Limits(value=60, width=5, depth=3), Redactor())


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "None"),
        (True, "True"),
        (7, "7"),
        (10**5000, "<int of 16610 bits>"),
        (-(2**70), "<int of 71 bits>"),
        (float("nan"), "nan"),
        (-0.0, "-0.0"),
        ("text", "'text'"),
        ("\ud800\0\x1b", r"'\ud800\x00\x1b'"),
        ("x" * 70, f"'{'x' * 60}'… (70 characters)"),
        (b"bytes", "<bytes of 5>"),
        (bytearray(3), "<bytearray of 3>"),
        (Markup("<b>"), "'<b>'"),
        (Decimal("1E+1000000"), "1E+1000000"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (Path("dir/\udcff"), r"dir/\udcff"),
        (dt.date(2026, 1, 2), "2026-01-02"),
        (dt.datetime(2026, 1, 2, tzinfo=dt.UTC), "2026-01-02 00:00:00+00:00"),
        ([1, [2, [3, [4]]]], "[1, [2, [3, [… 1 items]]]]"),
        ((1,), "(1,)"),
        (deque([1]), "deque[1]"),
        (set(), "set()"),
        (frozenset(), "frozenset()"),
        (list(range(9)), "[0, 1, 2, 3, 4, … 4 more]"),
        ({"a": {"b": {"c": {}}}}, "{'a': {'b': {'c': {… 0 keys}}}}"),
        ({1: 2, b"k": 3, None: 4}, "{1: 2, <bytes of 1>: 3, None: 4}"),
        (OrderedDict(a=1), "{'a': 1}"),
        (defaultdict(list, a=1), "{'a': 1}"),
        ({"password": "hunter2", "pin": 1}, "{'password': ••• str(7), 'pin': ••• int}"),
        (["https://me:pw@host/"], "['https://••• str(5)@host/']"),
    ],
    ids=lambda item: type(item).__name__,
)
def test_plain_values_are_shown_short(value, text):
    assert describe(value) == text


def test_anything_else_is_shown_by_type_and_address():
    class Thing:
        pass

    thing = Thing()

    name = f"{__name__}.{Thing.__qualname__}"
    assert describe(thing) == f"<{name} {id(thing):#x}>"
    assert describe(namedtuple("P", "x")(1)).startswith(f"<{__name__}.P 0x")  # noqa: PYI024


def test_no_method_of_a_foreign_object_is_called():
    Hostile.calls = 0

    for value in (Hostile(), HostileDict(a=1), [Hostile()], {"k": Hostile()}, Hostile):
        describe(value)
        describe(value, "password")
        describe.name(value)
        attributes_of(value)

    assert Hostile.calls == 0


def test_a_metaclass_is_not_asked_for_the_name():
    class Meta(type):
        def __getattribute__(cls, name):
            raise SystemExit

    class Thing(metaclass=Meta):
        pass

    assert type_name(Thing).endswith(".Thing")


def test_a_time_zone_of_the_user_is_not_asked():
    class Zone(dt.tzinfo):
        def utcoffset(self, _when):
            raise SystemExit

    assert describe(dt.datetime(2026, 1, 2, tzinfo=Zone())) == "2026-01-02 00:00:00"


def test_cycles_and_huge_containers_end_soon():
    cycle: list[object] = []
    cycle.append(cycle)
    wide = Describer(Limits(), Redactor())
    bush: object = 1
    for _ in range(6):
        bush = [bush] * 1000
    crowd = dict.fromkeys(range(10**6), bush)
    start = time.process_time()

    texts = [wide(cycle), wide(bush), wide(crowd)]

    assert all(len(text) < 600 for text in texts)
    assert time.process_time() - start < 0.2


def test_a_secret_is_not_shown_because_a_limit_cuts_it():
    text = "x" * 40 + " https://me:kanarienvogel@host/"

    assert "kana" not in describe(text)


@pytest.mark.parametrize(("name", "text"), [("plain", "plain"), ("a\ud800", r"a\ud800")])
def test_a_name_is_shown_as_it_is(name, text):
    assert describe.name(name) == text


def test_a_long_name_is_cut():
    assert describe.name("k" * 100) == "k" * 60 + "…"
