"""Fault 25: the tracer beside other agents, in both orders."""

import json
import os
import subprocess
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.live.conftest import do_without

ROOT = Path(__file__).parents[2]
NEEDED = {
    "opentelemetry": "opentelemetry.instrumentation.flask",
    "opentelemetry of wsgi": "opentelemetry.instrumentation.wsgi",
    "sentry": "sentry_sdk",
    "debug toolbar": "flask_debugtoolbar",
}
ORDERS = ("agent first", "tracer first")


def there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


@cache
def seen_with(agent: str):
    if not there(NEEDED[agent]):
        do_without(f"{NEEDED[agent]} (pip install flasktrace[agents])")
    done = subprocess.run(
        [sys.executable, "-m", "tests.agents.compare", agent],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


CASES = [pytest.param(agent, order, id=f"{agent}-{order}") for agent in NEEDED for order in ORDERS]


@pytest.mark.parametrize(("agent", "order"), CASES)
def test_fault_25_answers_are_those_of_the_agent_alone(agent, order):
    seen = seen_with(agent)

    assert seen[order]["server"] == seen["alone"]["server"]
    assert seen[order]["notes"] == seen["alone"]["notes"]


@pytest.mark.parametrize(("agent", "order"), CASES)
def test_fault_25_the_agent_sees_what_it_sees_alone(agent, order):
    seen = seen_with(agent)

    assert seen[order]["agent"] == seen["alone"]["agent"]


@pytest.mark.parametrize(("agent", "order"), CASES)
def test_fault_25_there_is_one_true_trace(agent, order):
    from tests.agents.compare import ASKS

    traces = seen_with(agent)[order]["traces"]

    told = [(path, status, outcome, partial) for path, status, outcome, partial, *_ in traces]
    assert told == [(ask.path.partition("?")[0], ask.status, ask.outcome, False) for ask in ASKS]
