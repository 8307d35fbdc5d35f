"""Which Flask the tests compare with.

flasktrace's framework has the behaviour of Flask 3.1; its tracer watches apps of 3.0, 3.1 and 3.2.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version

import pytest

FLASK = tuple(int(part) for part in version("flask").split(".")[:2])
SINCE_3_2 = FLASK >= (3, 2)


def other_since_3_2(why: str) -> pytest.MarkDecorator:
    """Leave out a comparison in which Flask 3.2 differs from 3.1, as its changelog says."""
    return pytest.mark.skipif(SINCE_3_2, reason=f"since Flask 3.2 {why}")


@contextmanager
def old_signatures() -> Iterator[None]:
    """Let classes be made whose stages are those of Flask 3.1; newer ones warn of them."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The '.*' method now takes 'ctx:", DeprecationWarning)
        yield


CONTEXT_FIRST = other_since_3_2("the methods of a stage take the context as first argument")
TEARDOWN_IN_FULL = other_since_3_2("all teardown functions run, their errors come as one group")
OPTIONS_ARE_LISTED = other_since_3_2("`provide_automatic_options=True` adds OPTIONS to the methods")
ONE_CONTEXT = other_since_3_2("there is one context, torn down when its last user has let it go")
