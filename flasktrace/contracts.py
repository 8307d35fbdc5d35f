"""What a test can demand of a trace: its stages, its hooks, who answered, that nothing leaked.

They work on any trace, from the fixture ``traces``, from `flasktrace.capture` or from a store. Each
raises an AssertionError that shows the trace.
"""

from collections.abc import Iterable, Sequence

from flasktrace.trace.model import STAGES, Span, Trace
from flasktrace.trace.roles import HOOKS, answerer, hooks

__all__ = [
    "assert_answered_by",
    "assert_hooks",
    "assert_no_context_leak",
    "assert_outline",
    "assert_stages",
    "lifecycle",
]

_WIDTH = 100


def assert_stages(trace: Trace, *stages: str) -> None:
    """Demand that exactly these *stages* ran, in this order.

    ValueError for a name that is none of the seven.
    """
    __tracebackhide__ = True
    unknown = [name for name in stages if name not in STAGES]
    if unknown:
        raise ValueError(f"{unknown[0]!r} is no stage; there are {', '.join(STAGES)}.")
    ran = [stage.name for stage in trace.stages if stage.start_ns is not None]
    if ran != list(stages):
        _fail(trace, "stages", stages, ran)


def assert_hooks(trace: Trace, *names: str, kinds: Iterable[str] = HOOKS) -> None:
    """Demand that exactly the hooks with these *names* ran, in this order.

    A name is that of the function, as ``load_user``. *kinds* narrows down what is looked at, as
    ``kinds=["before_request"]``; ValueError for a kind that there is not.
    """
    __tracebackhide__ = True
    wanted = [kinds] if isinstance(kinds, str) else list(kinds)
    unknown = [kind for kind in wanted if kind not in HOOKS]
    if unknown:
        raise ValueError(f"{unknown[0]!r} is no kind of hook; there are {', '.join(HOOKS)}.")
    ran = [span.name for span in hooks(trace) if span.kind in wanted]
    if ran != list(names):
        _fail(trace, "hooks", names, ran)


def assert_answered_by(trace: Trace, name: str | None) -> None:
    """Demand that the function called *name* gave the response: view, hook or error handler.

    None stands for the framework itself, say for a 404 that no handler answers. A *name* may be
    given with its kind in front: ``before_request require_login``.
    """
    __tracebackhide__ = True
    found = answerer(trace)
    if name not in _names(found):
        told = "the framework itself" if found is None else f"{found.kind} {found.name}"
        wanted = "the framework itself" if name is None else name
        _raise(trace, f"answered by {told}, expected {wanted}")


def assert_no_context_leak(trace: Trace) -> None:
    """Demand that nothing of the request was left behind that should not be, see `Trace.leaks`.

    What may be meant so, as a context that the test itself has pushed, is no fault.
    """
    __tracebackhide__ = True
    faults = [leak.sentence for leak in trace.leaks if leak.is_fault]
    if faults:
        _raise(trace, "\n  ".join(["left something behind:", *faults]))


def lifecycle(trace: Trace) -> str:
    """Return the lifecycle of *trace* as text: what ran in which order, without times."""
    from flasktrace.trace.show.outline import outline

    return outline(trace)


def assert_outline(trace: Trace, stored: str) -> None:
    """Demand that the lifecycle of *trace* is *stored*, a text that `lifecycle` gave."""
    __tracebackhide__ = True
    from flasktrace.trace.show.outline import difference

    now = lifecycle(trace)
    if now != stored:
        request = f"{trace.method} {trace.path}"
        raise AssertionError(
            f"The lifecycle of {_clean(request)} is not the stored one (- stored, + now):\n\n"
            f"{difference(stored, now)}"
        )


def _names(span: Span | None) -> tuple[str | None, ...]:
    return (None,) if span is None else (span.name, f"{span.kind} {span.name}")


def _fail(trace: Trace, what: str, wanted: Sequence[str], ran: Sequence[str]) -> None:
    __tracebackhide__ = True
    told, expected = (", ".join(names) or "none" for names in (ran, wanted))
    _raise(trace, f"{what} were {told}, expected {expected}")


def _raise(trace: Trace, complaint: str) -> None:
    __tracebackhide__ = True
    from flasktrace.trace.show.terminal import render, tree

    request = _clean(f"{trace.method} {trace.path}")
    shown = render(tree(trace, width=_WIDTH), width=_WIDTH)
    error = AssertionError(f"{request}: {_clean(complaint, multiline=True)}\n\n{shown}")
    error.flasktrace_shown = trace.id  # type: ignore[attr-defined] # so that pytest need not again
    raise error


def _clean(text: str, *, multiline: bool = False) -> str:
    from flasktrace.trace.show.sanitize import clean

    return clean(text, multiline=multiline)
