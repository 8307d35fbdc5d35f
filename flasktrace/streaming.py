"""Keeping the request while its body is made."""

import functools
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any

from flasktrace.globals import request_context


def stream_with_context(
    generator_or_function: Iterable[Any] | Callable[..., Iterable[Any]],
) -> Any:
    """Push the context of this request again for a generator that runs after the view returned.

    Takes the generator, or, as a decorator, the function that makes it. The context is popped, its
    teardown functions are called, once with the request and once more when the generator ends.
    RuntimeError outside a request.
    """
    try:
        iterator = iter(generator_or_function)  # type: ignore[arg-type]
    except TypeError:
        return _deferred(generator_or_function)  # type: ignore[arg-type]
    return _held(iterator)


def _deferred(make: Callable[..., Iterable[Any]]) -> Callable[..., Iterator[Any]]:
    @functools.wraps(make)
    def run(*args: Any, **kwargs: Any) -> Iterator[Any]:
        return _held(iter(make(*args, **kwargs)))

    return run


def _held(iterator: Iterator[Any]) -> Iterator[Any]:
    """Return the iterator, its context pushed between the first step and the last."""
    context = request_context()

    def run() -> Generator[Any, None, None]:
        with context:
            try:
                yield from iterator
            finally:
                close = getattr(iterator, "close", None)
                if close is not None:
                    close()

    return run()
