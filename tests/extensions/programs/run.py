"""Runs a program written for flask: ``run.py flask PROGRAM`` or ``run.py flasktrace PROGRAM``."""

import runpy
import sys

_, framework, program = sys.argv
if framework == "flasktrace":
    import flasktrace

    flasktrace.install_as_flask()
runpy.run_path(program, run_name="__main__")

import flask  # noqa: E402 - only now it is known which one it is

made_by = flask.Flask.__module__.partition(".")[0]
if made_by != framework:
    sys.exit(f"this ran on {made_by}")
