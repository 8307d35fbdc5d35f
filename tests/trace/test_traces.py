from dataclasses import replace

import pytest

from flasktrace.trace.traces import Traces
from tests.trace.samples import cart


def trace(number, **more):
    return replace(cart(), id=f"{number:032x}", started=f"2026-01-01T00:00:0{number}+00:00", **more)


def filled(*items):
    made = Traces()
    for item in items:
        made.add(item)
    return made


def test_they_stand_in_the_order_in_which_the_requests_began():
    made = filled(trace(2), trace(1), trace(3))

    assert [int(item.id, 16) for item in made] == [1, 2, 3]
    assert made[0] == trace(1)
    assert made[1:] == [trace(2), trace(3)]
    assert made.last == trace(3)
    assert repr(made) == "<3 traces>"


def test_without_one_the_last_is_an_error_with_a_hint():
    with pytest.raises(LookupError, match="is the app that was asked the wrapped one"):
        _ = Traces().last


def test_a_running_request_is_shown_until_it_is_finished():
    made = filled()
    made.sources.append(lambda: [trace(1, status=None)])

    assert made.last.status is None

    made.add(trace(1, status=200))

    assert [item.status for item in made] == [200]


def test_they_are_found_by_path_status_and_method():
    made = filled(trace(1, path="/a/b", status=200), trace(2, path="/c", status=404, method="POST"))

    assert made.find("/a/*") == [made[0]]
    assert made.find(status=404) == made.find(method="post") == [made[1]]
    assert made.find("/a/*", status=404) == []


def test_cleared_they_are_gone():
    made = filled(trace(1))

    made.clear()

    assert not made
