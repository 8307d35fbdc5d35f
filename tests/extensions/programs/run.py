"""Runs a program written for flask, then again while it is traced.

``run.py flask|flasktrace PROGRAM``
"""

import runpy
import sys
from importlib import import_module

_, framework, program = sys.argv
if framework == "flasktrace":
    import flasktrace

    flasktrace.install_as_flask()
made_by = import_module("flask").Flask.__module__.partition(".")[0]
if made_by != framework:
    sys.exit(f"this would run on {made_by}")

runpy.run_path(program, run_name="__main__")
sys.stdout.write("\f")

from flasktrace.trace.everywhere import Everywhere  # noqa: E402 - not there for the first run

with Everywhere().collect() as traces:
    runpy.run_path(program, run_name="__main__")
if not len(traces):
    sys.exit("nothing was traced")
