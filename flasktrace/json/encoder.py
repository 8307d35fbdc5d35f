"""A JSON encoder that is made once and used often."""

import json
from json import encoder as _standard
from typing import Any

_make: Any = getattr(_standard, "c_make_encoder", None)
"""Makes what encodes one value; the standard library's, None where that is not written in C."""


class Encoder(json.JSONEncoder):
    """The standard library's, which looks at its settings once and not for each value."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        escape = "encode_basestring_ascii" if self.ensure_ascii else "encode_basestring"
        #: The settings as `_make` takes them.
        self._parts = (
            *(self.default, getattr(_standard, escape), None),
            *(self.key_separator, self.item_separator),
            *(self.sort_keys, self.skipkeys, self.allow_nan),
        )
        #: Whether `_make` can do it.
        self._makes = self.indent is None and bool(self.check_circular) and self._agrees()

    def encode(self, o: Any) -> str:
        """Return *o* as JSON text."""
        if not self._makes:
            return super().encode(o)
        # The dict is for what is being encoded, to find circles; so it is of this call alone.
        return "".join(_make({}, *self._parts)(o, 0))

    def _agrees(self) -> bool:
        """Tell whether `_make` is as it is expected to be: it is not documented."""
        try:
            return "".join(_make({}, *self._parts)(_SAMPLE, 0)) == super().encode(_SAMPLE)
        except (TypeError, ValueError):
            return False


_SAMPLE = {"b": [1.5, None, True], "a": "\xe4<"}
