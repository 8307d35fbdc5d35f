"""What stands in ``g`` and elsewhere, and must not be touched."""

import asyncio
import unittest.mock

import flasktrace
from tests.trace.record.apps.hostile import Hostile, HostileDict
from tests.trace.record.apps.registry import app_for_both
from tests.trace.record.same import Ask


@app_for_both
def fault_18_hostile_values(lib, notes):
    app = lib.Flask("hostile")

    @app.before_request
    def load():
        lib.g.user = Hostile()
        lib.g.map = HostileDict(a=1)
        lib.g.nested = {"list": [Hostile(), (Hostile(),)]}

    @app.route("/")
    def index():
        with flasktrace.span("work", thing=Hostile()):
            flasktrace.event("point", thing=Hostile())
        return "fine"

    @app.route("/args")
    def args():
        lib.request.view_args = {"thing": Hostile()}
        lib.g.more = 1
        return "fine"

    @app.route("/raise")
    def fail():
        raise ValueError(Hostile())

    app.errorhandler(ValueError)(lambda error: ("caught", 400))
    app.teardown_request(lambda error: notes.append(Hostile.calls))
    return app, [Ask(), Ask("/args"), Ask("/raise", status=400)]


@app_for_both
def fault_20_odd_values(lib, notes):
    app = lib.Flask("odd")

    @app.before_request
    def load():
        cycle = [1]
        cycle.append(cycle)
        deep = []
        for _ in range(10_000):
            deep = [deep]
        lib.g.values = [cycle, 10**5000, float("nan"), "\ud800", "a\0b", {b"k": 1, None: 2}, -0.0]
        lib.g.deep, lib.g.wide = deep, dict.fromkeys(range(100_000))
        lib.g.mock, lib.g.proxy = unittest.mock.MagicMock(), lib.request
        lib.g.generator = (notes.append("consumed") for _ in range(3))
        lib.g.file = open("/dev/null")  # noqa: PTH123, SIM115
        lib.g.coroutine = asyncio.sleep(0)

    @app.route("/")
    def index():
        notes.append(next(lib.g.generator))
        return "fine"

    @app.teardown_request
    def close(error):
        lib.g.file.close()
        lib.g.coroutine.close()

    return app, [Ask()]
