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


def test_find_takes_globs_and_classes_of_status():
    made = filled(trace(1), trace(2, path="/nowhere", status=404, endpoint=None, rule=None))

    assert made.find(status="4xx") == [
        trace(2, path="/nowhere", status=404, endpoint=None, rule=None)
    ]
    assert made.find(status="404", method="get") == made.find("/no*")
    assert made.find(endpoint="*", app="*").only == trace(1)
    assert made.find() == list(made)
    assert made.find(exception="Key*") == []


def test_what_is_not_found_says_what_there_is():
    made = filled(trace(1), trace(2, path="/now\x1bhere", status=404, endpoint=None))
    found = made.find(path="/carts", status=200)

    assert not found
    assert repr(found).startswith("<No trace has path='/carts' status=200; there are: \n  GET ")
    for ask in (lambda: found[0], lambda: found.last, lambda: found.only):
        with pytest.raises(LookupError, match=r"path='/carts' status=200; there are") as caught:
            ask()
        assert "GET /now\\x1bhere" in str(caught.value)
    with pytest.raises(LookupError, match="2 traces have "):
        _ = made.find(method="GET").only
    with pytest.raises(LookupError, match="Only 2 of the traces have method='GET'"):
        made.find(method="GET")[2]
    with pytest.raises(LookupError, match="wrapped one"):
        filled().find(path="/")[0]


def test_going_through_them_makes_those_that_are_not_finished_once():
    traces, made = Traces(), []

    def unfinished():
        made.append(1)
        return [trace(number) for number in range(3)]

    traces.sources.append(unfinished)

    assert len([item.id for item in traces]) == 3
    assert made == [1]
