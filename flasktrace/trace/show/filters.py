"""What the templates may say of a trace: the shared words, by their names."""

from collections.abc import Callable

from flasktrace.trace.file_name import file_name
from flasktrace.trace.show import words
from flasktrace.trace.show.colour import sql
from flasktrace.trace.show.sanitize import clean
from flasktrace.trace.show.scatter import moment

FILTERS: dict[str, Callable[..., object]] = {
    "clean": clean,
    "file_name": file_name,
    "iso": moment,
    "sql_pieces": sql,
    **{
        name: word
        for name, word in vars(words).items()
        if getattr(word, "__module__", "") == words.__name__ and not name.startswith("_")
    },
}
