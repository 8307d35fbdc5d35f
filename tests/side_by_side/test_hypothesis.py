"""Apps and requests that nobody thought of: both frameworks answer them alike.

`FLASKTRACE_HYPOTHESIS_SECONDS=300` goes on for that long, with new cases each time.
"""

import logging
import os
import time
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings

from tests.cases import ALL, many
from tests.side_by_side.harness import same
from tests.side_by_side.made import build, cases

SECONDS = float(os.environ.get("FLASKTRACE_HYPOTHESIS_SECONDS", "0"))

counted = Counter()


@pytest.fixture(autouse=True)
def quiet():
    """The errors of made-up apps are not worth a log."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@settings(
    report_multiple_bugs=False,
    max_examples=many(500),
    deadline=None,
    derandomize=not SECONDS,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(cases())
def compare(case):
    app, sent = case
    answers = same(build(app), *sent)
    counted["apps"] += 1
    counted["requests"] += len(answers)
    counted.update(answer.status[:3] for answer in answers)


@pytest.mark.filterwarnings("ignore:Current server name")
def test_made_up_apps_answer_alike():
    end = time.monotonic() + SECONDS
    compare()
    while time.monotonic() < end:
        compare()

    assert {"200", "404", "500"} <= set(counted)
    if ALL:  # few make no 405
        assert "405" in counted
    if SECONDS:
        print(dict(counted))  # noqa: T201  (seen with -n0 -s)
