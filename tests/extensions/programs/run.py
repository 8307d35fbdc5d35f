"""Runs a program written for flask: ``run.py flask|flasktrace PROGRAM [watched]``."""

import runpy
import sys
from contextlib import nullcontext
from importlib import import_module

_, framework, program, *watched = sys.argv
if framework == "flasktrace":
    import flasktrace

    flasktrace.install_as_flask()
made_by = import_module("flask").Flask.__module__.partition(".")[0]
if made_by != framework:
    sys.exit(f"this would run on {made_by}")

watch = nullcontext(["not asked for"])
if watched:
    from flasktrace.trace.everywhere import Everywhere

    watch = Everywhere().collect()
with watch as traces:
    runpy.run_path(program, run_name="__main__")
if not len(traces):
    sys.exit("nothing was traced")
