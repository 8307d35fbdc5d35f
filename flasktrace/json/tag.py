"""JSON that keeps types which JSON has not: tuples, bytes, markup, UUIDs, dates.

A value of such a type is written as an object with one key, the tag. The tags are those of
Flask's session cookie, so that either framework reads the other's cookies.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from datetime import datetime
from typing import Any
from uuid import UUID

from markupsafe import Markup
from werkzeug.http import http_date, parse_date


class JSONTag:
    """One type and its tag."""

    __slots__ = ("serializer",)

    #: The key of the object that stands for the value; begins with a space.
    #: Without one the tag only writes, and what it writes is read as it is.
    key = ""

    def __init__(self, serializer: TaggedJSONSerializer) -> None:
        self.serializer = serializer

    def check(self, value: Any) -> bool:
        """Tell whether this tag is the one for *value*."""
        raise NotImplementedError

    def to_json(self, value: Any) -> Any:
        """Turn *value* into what JSON knows."""
        raise NotImplementedError

    def to_python(self, value: Any) -> Any:
        """Turn what `to_json` gave back into the value."""
        raise NotImplementedError

    def tag(self, value: Any) -> dict[str, Any]:
        """Return the object that stands for *value*."""
        return {self.key: self.to_json(value)}


class TagDict(JSONTag):
    """A dict whose only key looks like a tag; written with two underscores behind it."""

    __slots__ = ()

    key = " di"

    def check(self, value: Any) -> bool:
        """Tell whether *value* would be mistaken for a tagged value."""
        return type(value) is dict and len(value) == 1 and next(iter(value)) in self.serializer.tags

    def to_json(self, value: Any) -> Any:
        """Lengthen the key."""
        ((key, inner),) = value.items()
        return {f"{key}__": self.serializer.tag(inner)}

    def to_python(self, value: Any) -> Any:
        """Shorten the key again."""
        ((key, inner),) = value.items()
        return {key.removesuffix("__"): inner}


class PassDict(JSONTag):
    """Any other dict: stays one, with its values tagged."""

    __slots__ = ()

    def check(self, value: Any) -> bool:
        """Tell whether *value* is a dict."""
        return isinstance(value, dict)

    def to_json(self, value: Any) -> Any:
        """Tag the values."""
        return {key: self.serializer.tag(inner) for key, inner in value.items()}

    tag = to_json


class TagTuple(JSONTag):
    """A tuple."""

    __slots__ = ()

    key = " t"

    def check(self, value: Any) -> bool:
        """Tell whether *value* is a tuple."""
        return isinstance(value, tuple)

    def to_json(self, value: Any) -> Any:
        """Turn the tuple into a list."""
        return [self.serializer.tag(item) for item in value]

    def to_python(self, value: Any) -> Any:
        """Turn the list into a tuple."""
        return tuple(value)


class PassList(JSONTag):
    """A list: stays one, with its items tagged."""

    __slots__ = ()

    def check(self, value: Any) -> bool:
        """Tell whether *value* is a list."""
        return isinstance(value, list)

    def to_json(self, value: Any) -> Any:
        """Tag the items."""
        return [self.serializer.tag(item) for item in value]

    tag = to_json


class TagBytes(JSONTag):
    """Bytes, as base64."""

    __slots__ = ()

    key = " b"

    def check(self, value: Any) -> bool:
        """Tell whether *value* is bytes."""
        return isinstance(value, bytes)

    def to_json(self, value: Any) -> Any:
        """Encode."""
        return b64encode(value).decode("ascii")

    def to_python(self, value: Any) -> Any:
        """Decode."""
        return b64decode(value)


class TagMarkup(JSONTag):
    """Text that is safe HTML: anything with ``__html__``."""

    __slots__ = ()

    key = " m"

    def check(self, value: Any) -> bool:
        """Tell whether *value* knows its own HTML."""
        return callable(getattr(value, "__html__", None))

    def to_json(self, value: Any) -> Any:
        """Return the HTML."""
        return str(value.__html__())

    def to_python(self, value: Any) -> Any:
        """Mark the text as safe again; it was before it was signed."""
        return Markup(value)  # noqa: S704


class TagUUID(JSONTag):
    """A UUID, as 32 hexadecimal digits."""

    __slots__ = ()

    key = " u"

    def check(self, value: Any) -> bool:
        """Tell whether *value* is a UUID."""
        return isinstance(value, UUID)

    def to_json(self, value: Any) -> Any:
        """Return the digits."""
        return value.hex

    def to_python(self, value: Any) -> Any:
        """Return the UUID."""
        return UUID(value)


class TagDateTime(JSONTag):
    """A moment, as an HTTP date (whole seconds, UTC)."""

    __slots__ = ()

    key = " d"

    def check(self, value: Any) -> bool:
        """Tell whether *value* is a datetime."""
        return isinstance(value, datetime)

    def to_json(self, value: Any) -> Any:
        """Return the HTTP date."""
        return http_date(value)

    def to_python(self, value: Any) -> Any:
        """Return the moment."""
        return parse_date(value)


_DEFAULT_TAGS: tuple[type[JSONTag], ...] = (
    *(TagDict, PassDict, TagTuple, PassList),
    *(TagBytes, TagMarkup, TagUUID, TagDateTime),
)
_PLAIN = (str, int, float, bool, type(None))


class TaggedJSONSerializer:
    """Writes and reads JSON with tags; what itsdangerous takes as a serializer."""

    __slots__ = ("_decoder", "_usual", "order", "tags")

    #: In the order in which they are asked: containers first.
    default_tags: tuple[type[JSONTag], ...] = _DEFAULT_TAGS

    def __init__(self) -> None:
        #: Key to tag, for reading.
        self.tags: dict[str, JSONTag] = {}
        #: The tags in the order in which they are asked, for writing.
        self.order: list[JSONTag] = []
        self._decoder = json.JSONDecoder(object_hook=self.untag)
        for kind in self.default_tags:
            self.register(kind)
        is_usual = self.default_tags is _DEFAULT_TAGS
        #: The order in which nobody asks for a plain value; None when that is not known.
        self._usual = self.order.copy() if is_usual else None

    def register(
        self, tag_class: type[JSONTag], force: bool = False, index: int | None = None
    ) -> None:
        """Add a tag; KeyError when its key is taken, unless *force*."""
        tag = tag_class(self)
        if tag.key:
            if tag.key in self.tags and not force:
                raise KeyError(f"The tag {tag.key!r} is registered already; pass force=True.")
            self.tags[tag.key] = tag
        self.order.insert(len(self.order) if index is None else index, tag)

    def tag(self, value: Any) -> Any:
        """Return *value* with everything in it tagged that JSON does not know."""
        if type(value) in _PLAIN and self.order == self._usual:
            return value
        for tag in self.order:
            if tag.check(value):
                return tag.tag(value)
        return value

    def untag(self, value: dict[str, Any]) -> Any:
        """Return the value that an object stands for, or the object when it has no tag."""
        if len(value) != 1:
            return value
        ((key, inner),) = value.items()
        tag = self.tags.get(key)
        return value if tag is None else tag.to_python(inner)

    def dumps(self, value: Any) -> str:
        """Return *value* as compact tagged JSON."""
        from flasktrace.json import dumps

        return dumps(self.tag(value), separators=(",", ":"))

    def loads(self, value: str | bytes) -> Any:
        """Return the value that tagged JSON stands for; ValueError when it is none."""
        if type(value) is str and not value.startswith("\ufeff"):
            return self._decoder.decode(value)
        return json.loads(value, object_hook=self.untag)
