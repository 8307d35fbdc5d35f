from flasktrace.sessions import SecureCookieSession
from flasktrace.trace.record.describe import Describer
from flasktrace.trace.record.limits import Limits
from flasktrace.trace.record.redact import Redactor
from flasktrace.trace.record.snapshot import NOTHING, RawCard, changes, look
from tests.trace.record.apps import Hostile, HostileDict

describe = Describer(Limits(keys=3), Redactor())


def raw(owner=1, session=None, flashes=None, **g):
    return RawCard(owner, "request", "app", {"method": "GET"}, session, g, flashes, {})


def differences(before, after):
    found = changes(look(before, describe), look(after, describe), 5, "me", 7)
    assert all((item.at_ns, item.author, item.span) == (5, "me", 7) for item in found)
    return [(item.depth, item.section, item.key, item.before, item.after) for item in found]


def test_a_card_shows_each_section_as_short_text():
    seen = look([raw(session={"a": 1}, flashes=[("message", "hi")], user="ada")], describe).cards[0]

    assert seen.sections == {
        "request": {"method": "'GET'"},
        "session": {"a": "1"},
        "g": {"user": "'ada'"},
        "flashes": {"0": "('message', 'hi')"},
        "url_adapter": {},
    }


def test_keys_beyond_the_limit_are_counted():
    seen = look([raw(a=1, b=2, c=3, d=4, e=5)], describe).cards[0]

    assert seen.sections["g"] == {"a": "1", "b": "2", "c": "3", "…": "2 more keys"}


def test_a_session_is_read_without_its_noticing():
    session = SecureCookieSession({"user": "ada"})

    seen = look([raw(session=session)], describe).cards[0]

    assert seen.sections["session"] == {"user": "'ada'"}
    assert (session.accessed, session.modified) == (False, False)


def test_a_session_that_is_no_dict_is_only_named():
    Hostile.calls = 0

    seen = look([raw(session=Hostile()), raw(2, session=HostileDict(a=1))], describe)

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
    assert changes(NOTHING, look([raw()], describe), 0, "me", None) == []


def test_the_secret_that_changed_is_not_told():
    assert differences([raw(token="old")], [raw(token="newer")]) == [
        (0, "g", "token", "••• str(3)", "••• str(5)")
    ]
