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
    if callable(generator_or_function):
        make = generator_or_function

        @functools.wraps(make)
        def run(*args: Any, **kwargs: Any) -> Iterator[Any]:
            return _held(make(*args, **kwargs))

        return run
    return _held(generator_or_function)


def _held(iterable: Iterable[Any]) -> Iterator[Any]:
    """Return the iterator, its context pushed between the first step and the last."""
    context = request_context()

    def run() -> Generator[Any, None, None]:
        with context:
            try:
                yield from iterable
            finally:
                close = getattr(iterable, "close", None)
                if close is not None:
                    close()

    return run()
