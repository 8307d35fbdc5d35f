import gc
import weakref

import pytest
from werkzeug.exceptions import BadRequestKeyError, Conflict
from werkzeug.routing import BuildError

from flasktrace.trace.record import failure
from flasktrace.trace.record.describe import Describer
from flasktrace.trace.record.limits import Limits
from flasktrace.trace.record.redact import Redactor
from tests.trace.record.apps import Hostile

describe = Describer(Limits(value=40), Redactor())


def raised(error, cause=None):
    try:
        raise error from cause  # noqa: TRY301
    except BaseException as found:  # noqa: BLE001
        return found


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("bad"), "bad"),
        (ValueError(), ""),
        (ValueError("a", 1), "'a', 1"),
        (KeyError("k"), "'k'"),
        (AttributeError("no 'x'"), "no 'x'"),
        (Conflict("17 is taken"), "17 is taken"),
        (BadRequestKeyError("k"), "'k'"),
        (
            BuildError("order", {"number": object(), "token": "x"}, "GET"),
            "could not build a url for endpoint 'order' (values: number, token)",
        ),
        (NameError("no name 'x'"), "no name 'x'"),
        (ModuleNotFoundError("no module 'x'"), "no module 'x'"),
        (OSError(2, "gone", "file.txt"), "[Errno 2] gone: 'file.txt'"),
        (
            UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"),
            "'utf-8' codec can't decode byte 0xff in …",
        ),
        (ValueError("x" * 50), "x" * 40 + "…"),
        (ValueError("token=SECRET"), "token=••• str(6)"),
        (KeyError("token=SECRET"), "'token=••• str(6)'"),
        (ValueError("\ud800"), r"\ud800"),
        (SystemExit(3), "3"),
        (ConnectionError(OSError("no route")), "OSError: no route"),
        (RuntimeError(KeyError("a"), 2), "KeyError: 'a', 2"),
        (ValueError(ValueError()), "ValueError"),
        (ValueError(ValueError("token=SECRET")), "ValueError: token=••• str(6)"),
    ],
)
def test_the_message_is_made_of_the_arguments(error, text):
    assert failure.message(error, describe) == text


def test_no_method_of_an_exception_or_its_arguments_is_called():
    class Bad(OSError):
        def alarm(self, *_args):
            raise SystemExit

        __str__ = __repr__ = __getattribute__ = alarm

    Hostile.calls = 0
    error = Bad(2, Hostile(), Hostile())

    failure.message(error, describe)
    failure.message(OSError(2, "gone", Hostile()), describe)
    failure.causes(error, describe)
    failure.mark(error)

    assert Hostile.calls == 0


def test_causes_are_told_nearest_first_and_end_in_a_cycle():
    first, second = ValueError("first"), KeyError()
    first.__cause__, second.__cause__ = second, first

    assert failure.causes(first, describe) == ("KeyError",)
    assert failure.causes(raised(ValueError("b"), raised(KeyError("a"))), describe) == (
        "KeyError: 'a'",
    )
    assert failure.causes(raised(ValueError("b"), None), describe) == ()


def test_frames_show_the_source_around_the_line():
    def deep(depth):
        if depth:
            return deep(depth - 1)
        raise ValueError

    error = pytest.raises(ValueError, deep, 60).value  # noqa: RUF061
    found = failure.frames(error.__traceback__, 10)

    assert len(found) == 10
    assert found[-1].function == "deep"
    assert found[-1].in_app
    assert dict(found[-1].source)[found[-1].line].strip() == "raise ValueError"
    assert failure.raised_by(found) == f"deep (test_failure.py:{found[-1].line})"


def test_who_raised_is_nobody_when_no_frame_is_the_apps():
    assert failure.raised_by(()) is None


def test_a_literal_in_the_source_is_no_way_for_a_secret():
    try:
        password = "kanarienvogel"
        raise ValueError(len(password))  # noqa: TRY301
    except ValueError as error:
        found = failure.frames(error.__traceback__, 5)

    assert "kanarienvogel" not in str(found)


def test_a_mark_tells_an_exception_from_the_next_at_its_address():
    marks = {failure.mark(raised(ValueError())), failure.mark(raised(KeyError()))}
    error = raised(ValueError())

    assert len(marks) == 2
    assert failure.mark(error) == failure.mark(error)


def test_nothing_keeps_the_exception():
    class Failed(Exception):
        pass

    error = raised(Failed("x"))
    gone = weakref.ref(error)
    kept = (failure.mark(error), failure.frames(error.__traceback__, 5))

    del error
    gc.collect()

    assert gone() is None
    assert kept
