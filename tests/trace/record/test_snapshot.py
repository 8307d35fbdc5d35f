import gc
import weakref

import pytest

from flasktrace.sessions import SecureCookieSession
from flasktrace.trace.record.describe import Describer
from flasktrace.trace.record.limits import Limits
from flasktrace.trace.record.redact import Redactor
from flasktrace.trace.record.snapshot import NOTHING, Looker, changes
from tests.trace.record.apps import Hostile, HostileDict

describe = Describer(Limits(keys=3), Redactor())


class Context:
    """Stands for a context of some app."""


OWNERS = {number: Context() for number in (1, 2, 3)}


class Contexts:
    """A stack as a host sees it: the contexts that `raw` made."""

    def __init__(self, raws):
        self.found = dict(raws)

    def contexts(self):
        return list(self.found)

    def app_name(self, context):
        return "app"

    def refs(self, group):
        return self.found[group[0]]

    def adapter_facts(self, adapter):
        return ()

    def groups(self):
        return [(context,) for context in self.found]

    def bare(self):
        return not self.found

    tops = (lambda _default: object(), lambda _default: object())


def raw(owner=1, session=None, flashes=None, **g):
    """Return a context, and what it refers to."""
    refs = "request", "GET", "/", None, None, None, session, g, flashes, None, {}, None
    return OWNERS[owner], refs


def look(raws, looker=None):
    return (looker or Looker(describe)).look(Contexts(raws))


def differences(before, after):
    found = changes(look(before), look(after), 5, "me", 7)
    assert all((item.at_ns, item.author, item.span) == (5, "me", 7) for item in found)
    return [(item.depth, item.section, item.key, item.before, item.after) for item in found]


def test_a_card_shows_each_section_as_short_text():
    seen = look([raw(session={"a": 1}, flashes=[("message", "hi")], user="ada")]).cards[0]

    assert seen.sections == {
        "request": {"method": "'GET'", "path": "'/'"},
        "session": {"a": "1"},
        "g": {"user": "'ada'"},
        "flashes": {"0": "('message', 'hi')"},
        "url_adapter": {},
    }


def test_keys_beyond_the_limit_are_counted():
    seen = look([raw(a=1, b=2, c=3, d=4, e=5)]).cards[0]

    assert seen.sections["g"] == {"a": "1", "b": "2", "c": "3", "…": "2 more keys"}


def test_a_session_is_read_without_its_noticing():
    session = SecureCookieSession({"user": "ada"})

    seen = look([raw(session=session)]).cards[0]

    assert seen.sections["session"] == {"user": "'ada'"}
    assert (session.accessed, session.modified) == (False, False)


def test_a_session_that_is_no_dict_is_only_named():
    Hostile.calls = 0

    seen = look([raw(session=Hostile()), raw(2, session=HostileDict(a=1))])

    assert list(seen.cards[0].sections["session"]) == ["…"]
    assert seen.cards[1].sections["session"] == {"a": "1"}
    assert Hostile.calls == 0


def test_changes_are_what_was_added_removed_and_set():
    assert differences([raw(a=1, b=[1], c=3)], [raw(a=1, b=[1, 2], d=4)]) == [
        (0, "g", "b", "[1]", "[1, 2]"),
        (0, "g", "d", None, "4"),
        (0, "g", "c", "3", None),
    ]


def test_a_card_pushed_or_popped_is_no_change():
    assert differences([raw(1, a=1)], [raw(1, a=1), raw(2, b=2)]) == []
    assert differences([raw(1, a=1), raw(2, b=2)], [raw(1, a=1)]) == []
    assert differences([raw(1, a=1)], [raw(2, b=2)]) == []
    assert changes(NOTHING, look([raw()]), 0, "me", None) == []


def test_the_secret_that_changed_is_not_told():
    assert differences([raw(token="old")], [raw(token="newer")]) == [
        (0, "g", "token", "••• str(3)", "••• str(5)")
    ]


def test_a_look_that_finds_nothing_new_is_the_last_one():
    looker = Looker(describe)
    items = {"a": "text", "b": 5, "c": Hostile()}
    first = look([raw(session={}, **items)], looker)

    assert look([raw(session={}, **items)], looker) is first
    assert looker.last is first


def test_a_section_that_is_the_same_stays_the_same_object():
    looker = Looker(describe)
    first = look([raw(session={"a": 1}, user="ada")], looker).cards[0].sections
    second = look([raw(session={"a": 2}, user="ada")], looker).cards[0].sections

    assert second["g"] is first["g"]
    assert (first["session"], second["session"]) == ({"a": "1"}, {"a": "2"})


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (1, 2),
        (1, True),
        (1.0, 1),
        ("a", "b"),
        (None, 0),
        ([], {}),
        ([], [0]),
        ({}, {"k": 1}),
        ((), ([],)),
        ("x" * 2000, "x" * 2001),
        (b"ab", b"abc"),
        (bytearray(b"ab"), bytearray(b"abc")),
        ({1}, {1, 2}),
        ([1], None),
        (object(), "text"),
    ],
)
def test_every_kind_of_change_is_seen(before, after):
    looker = Looker(describe)
    first = look([raw(key=before)], looker)
    second = look([raw(key=after)], looker)
    found = changes(first, second, 5, "me", 7)

    assert [(item.before, item.after) for item in found] == [(describe(before), describe(after))]


@pytest.mark.parametrize("value", [[1], {"a": [1]}, {1}, bytearray(b"a")])
def test_a_container_that_changed_in_place_is_seen(value):
    looker = Looker(describe)
    first = look([raw(key=value)], looker)
    same = look([raw(key=value)], looker)
    if isinstance(value, dict):
        value["a"].append(2)
    elif isinstance(value, set):
        value.add(2)
    else:
        value.append(2)

    assert same is first
    assert len(changes(first, look([raw(key=value)], looker), 5, "me", 7)) == 1


def test_keys_that_are_no_text_are_read_each_time():
    looker = Looker(describe)
    first = look([raw(session={1: "a"})], looker)

    assert look([raw(session={1: "a"})], looker) is first
    assert look([raw(session={1: "b"})], looker) is not first


def test_a_key_removed_and_one_of_the_same_value_added_are_two_changes():
    looker = Looker(describe)
    first = look([raw(a=1)], looker)
    found = changes(first, look([raw(b=1)], looker), 5, "me", 7)

    assert [(item.key, item.before, item.after) for item in found] == [
        ("b", None, "1"),
        ("a", "1", None),
    ]


def test_a_context_that_came_back_is_compared_with_what_it_was():
    looker = Looker(describe)
    look([raw(1, a=1)], looker)
    look([raw(1, a=1), raw(2)], looker)
    below = looker.last
    above = look([raw(1, a=2)], looker)

    assert [item.key for item in changes(below, above, 5, "me", 7)] == ["a"]


def test_hostile_values_are_not_touched_by_looking_again():
    Hostile.calls = 0
    looker = Looker(describe)
    value = Hostile()
    for _ in range(3):
        look([raw(key=value)], looker)
    look([raw(key=Hostile())], looker)
    look([raw(key=[value])], looker)

    assert Hostile.calls == 0


def test_a_released_looker_keeps_no_value_alive():
    class Thing:
        pass

    looker = Looker(describe)
    thing = Thing()
    alive = weakref.ref(thing)
    look([raw(key=thing, listed=[thing])], looker)
    looker.release()
    del thing
    gc.collect()

    assert alive() is None
