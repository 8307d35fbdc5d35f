"""Records made quickly are what frozen dataclasses are otherwise."""

import copy
import inspect
import pickle
from dataclasses import FrozenInstanceError, dataclass, fields, replace

import pytest

from flasktrace.trace import model
from flasktrace.trace.frozen import quick
from flasktrace.trace.model import Record, Run, Span, Stage

RECORDS = [kind for kind in vars(model).values() if isinstance(kind, type) and kind is not Record]
RECORDS = [kind for kind in RECORDS if issubclass(kind, Record)]


@quick
@dataclass(frozen=True, slots=True)
class Odd:
    kind: str
    names: tuple[str, ...] = ("a",)
    change: int | None = None


@dataclass(frozen=True, slots=True)
class Usual:
    kind: str
    names: tuple[str, ...] = ("a",)
    change: int | None = None


def test_it_takes_and_holds_what_the_usual_one_does():
    made = Odd("k", change=3)

    assert type(made) is Odd
    assert (made.kind, made.names, made.change) == ("k", ("a",), 3)
    assert repr(made) == repr(Usual("k", change=3)).replace("Usual", "Odd")
    assert inspect.signature(Odd) == inspect.signature(Usual)
    assert Odd.__init__.__qualname__ == "Odd.__init__"


@pytest.mark.parametrize("given", [(), ("k", (), 1, 2)])
def test_wrong_arguments_are_told_as_ever(given):
    with pytest.raises(TypeError, match=r"Odd\.__init__\(\)"):
        Odd(*given)


def test_it_is_frozen_equal_and_hashable():
    one, other = Run(1, 2, None), Run(start_ns=1, duration_ns=2, exception=None)

    assert one == other
    assert hash(one) == hash(other)
    assert one != Run(1, 3, None)
    with pytest.raises(FrozenInstanceError):
        one.start_ns = 3  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        del one.start_ns  # type: ignore[misc]
    with pytest.raises((AttributeError, TypeError)):
        one.more = 3  # type: ignore[attr-defined]


def test_it_can_be_copied_replaced_and_pickled():
    stage = Stage("push", 1, 2, None, runs=(Run(1, 2, None),))

    assert replace(stage, start_ns=5) == Stage("push", 5, 2, None, runs=stage.runs)
    assert copy.deepcopy(stage) == stage
    assert pickle.loads(pickle.dumps(stage)) == stage


def test_every_record_is_made_so():
    for kind in RECORDS:
        made = kind(**{item.name: item.name for item in fields(kind)})
        assert type(made) is kind
        assert made.to_dict() == {item.name: item.name for item in fields(kind)}
    assert Span in RECORDS
    assert len(RECORDS) > 12
