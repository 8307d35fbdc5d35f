"""The message of a log record, without a call into what the app put into it."""

import re
from itertools import islice
from typing import Any

from flasktrace.trace.record.describe import Describer
from flasktrace.trace.record.failure import message as message_of
from flasktrace.trace.record.redact import MARK

_PLAIN = frozenset({bool, float, type(None)})
_BIG = 1 << 64
_WIDE = re.compile(r"%[^%a-zA-Z]*?(?:\d{3}|\*)")
"""A width that makes a long text out of a short value."""
_KEYS = 100
_BEYOND = 300
"""How far beyond the cut a text is searched for a secret that the cut would split."""


class _Shown(str):
    """What stands for a value; the same text for ``%s`` and ``%r``."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str.__str__(self)


def message(kept: dict[str, Any], describe: Describer) -> str:
    """Return the message of the record that has these attributes, redacted and cut.

    What stands for a foreign object is what all views show for it. A message whose values do not
    fit is followed by them.
    """
    template, values = kept.get("msg"), kept.get("args")
    if type(template) is not str:
        return str(_shown(template, "", describe))
    if not (type(values) is tuple or type(values) is dict) or not values:
        return describe.prose(template)
    return describe.prose(_filled(template, values, describe))


def _filled(template: str, values: Any, describe: Describer) -> str:
    limit = describe.limits
    shown: Any
    if type(values) is tuple:
        shown = tuple([_shown(value, "", describe) for value in values[: limit.width]])
    else:
        some = list(islice(values.items(), _KEYS))
        shown = {k: _shown(v, k if type(k) is str else "", describe) for k, v in some}
    if len(template) <= limit.value * 4 and not _WIDE.search(template):
        try:
            return str.__mod__(template, shown)
        except (TypeError, ValueError, KeyError, OverflowError):
            pass
    told = shown if type(shown) is tuple else tuple(shown.values())
    return " ".join([template, *(str(item) for item in told)])


def _shown(value: Any, name: str, describe: Describer) -> Any:
    kind = type(value)
    if name and value is not None and describe.redactor.is_secret(name):
        return _Shown(MARK)
    if kind is str:
        most = describe.limits.value
        if len(value) <= most:
            return value
        return f"{describe.redactor.text(value[: most + _BEYOND])[:most]}…"
    if kind in _PLAIN or (kind is int and -_BIG < value < _BIG):
        return value
    if issubclass(kind, BaseException):
        return _Shown(message_of(value, describe))
    return _Shown(describe(value))
