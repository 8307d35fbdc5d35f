"""Imports an app for one framework or the other.

The apps import from ``framework``; this is the switch that says which one that is.
"""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

HERE = Path(__file__).parent


def load(name, framework):
    """Import the package *name* beside this file anew, written for the module *framework*."""
    full = f"{name}_on_{framework.__name__}"
    for known in [key for key in sys.modules if key.partition(".")[0] == full]:
        del sys.modules[known]
    spec = spec_from_file_location(full, HERE / name / "__init__.py")
    module = module_from_spec(spec)
    sys.modules.update({full: module, "framework": framework})
    try:
        spec.loader.exec_module(module)
    finally:
        del sys.modules["framework"]
    return module
