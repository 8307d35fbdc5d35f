"""What the templates may say of a trace: the shared words, by their names."""

from collections.abc import Callable

from flasktrace.trace.show import words
from flasktrace.trace.show.sanitize import clean

FILTERS: dict[str, Callable[..., object]] = {
    "clean": clean,
    **{
        name: word
        for name, word in vars(words).items()
        if getattr(word, "__module__", "") == words.__name__ and not name.startswith("_")
    },
}
