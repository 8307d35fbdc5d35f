"""How an app turns values into JSON and back."""

import dataclasses
import decimal
import json
import uuid
from collections.abc import Callable
from datetime import date
from functools import cached_property
from typing import IO, Any

from werkzeug.http import http_date

from flasktrace.json.encoder import Encoder

_MOST_ENCODERS = 16


class JSONProvider:
    """What an app needs of a JSON library; a subclass gives `dumps` and `loads`."""

    def __init__(self, app: Any) -> None:
        self._app = app

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        """Return *obj* as JSON text."""
        raise NotImplementedError

    def dump(self, obj: Any, fp: IO[str], **kwargs: Any) -> None:
        """Write *obj* as JSON text to *fp*."""
        fp.write(self.dumps(obj, **kwargs))

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """Return the value that the JSON text *s* stands for."""
        raise NotImplementedError

    def load(self, fp: IO[Any], **kwargs: Any) -> Any:
        """Return the value of the JSON text in *fp*."""
        return self.loads(fp.read(), **kwargs)

    def response(self, *args: Any, **kwargs: Any) -> Any:
        """Return a response with the arguments as JSON."""
        text = self.dumps(_payload(args, kwargs))
        return self._app.response_class(text, mimetype="application/json")


def plain_default(o: Any) -> Any:
    """Turn what JSON does not know into what it knows; TypeError when there is no way.

    Dates become HTTP dates (RFC 9110, 5.6.7), decimals and UUIDs text, data classes dicts, and
    what has ``__html__`` its markup.
    """
    if isinstance(o, date):
        return http_date(o)
    if isinstance(o, decimal.Decimal | uuid.UUID):
        return str(o)
    if dataclasses.is_dataclass(o) and not isinstance(o, type):
        return dataclasses.asdict(o)
    if hasattr(o, "__html__"):
        return str(o.__html__())
    message = f"Object of type {type(o).__name__} is not JSON serializable"
    raise TypeError(message)


class DefaultJSONProvider(JSONProvider):
    """JSON by the standard library."""

    #: Turns a value that JSON does not know into one that it knows.
    default: Callable[[Any], Any] = staticmethod(plain_default)
    #: Escape everything outside ASCII.
    ensure_ascii = True
    #: Sort the keys, so that answers are the same each time; keys of mixed types cannot be.
    sort_keys = True
    #: Leave out white space: True, False, or None for "unless in debug mode".
    compact: bool | None = None
    #: The content type of `response`.
    mimetype = "application/json"

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        """Return *obj* as JSON text; the arguments are those of ``json.dumps``."""
        key = self.default, self.ensure_ascii, self.sort_keys, *kwargs.items()
        encoder: Encoder | None
        try:
            encoder = self._encoders[key]
        except KeyError:
            encoder = self._new_encoder(key, kwargs)
        except TypeError:  # a list, which cannot be part of a key
            encoder = None
        if encoder is not None:
            return encoder.encode(obj)
        kwargs.setdefault("default", self.default)
        kwargs.setdefault("ensure_ascii", self.ensure_ascii)
        kwargs.setdefault("sort_keys", self.sort_keys)
        return json.dumps(obj, **kwargs)

    def _new_encoder(self, key: tuple[Any, ...], given: dict[str, Any]) -> Encoder | None:
        """Return an encoder for the arguments of `dumps`, and keep it for the next time.

        None when it cannot be kept: with functions or classes of the caller, or too many others.
        """
        if "default" in given or "cls" in given or len(self._encoders) >= _MOST_ENCODERS:
            return None
        usual = {"ensure_ascii": self.ensure_ascii, "sort_keys": self.sort_keys}
        encoder = self._encoders[key] = Encoder(default=self.default, **{**usual, **given})
        return encoder

    @cached_property
    def _encoders(self) -> dict[tuple[Any, ...], Encoder]:
        return {}

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """Return the value that the JSON text *s* stands for."""
        return json.loads(s, **kwargs)

    def response(self, *args: Any, **kwargs: Any) -> Any:
        """Return a response with the arguments as JSON, indented in debug mode."""
        value = args[0] if len(args) == 1 and not kwargs else _payload(args, kwargs)
        roomy = self._app.debug if self.compact is None else not self.compact
        text = self.dumps(value, indent=2) if roomy else self.dumps(value, separators=(",", ":"))
        return self._app.response_class(f"{text}\n", mimetype=self.mimetype)


def _payload(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    if args and kwargs:
        raise TypeError("Give either positional or keyword arguments, not both.")
    if not args:
        return kwargs or None
    return args[0] if len(args) == 1 else args
