"""A property that is asked once for each object."""

from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, overload

Value = TypeVar("Value")


class KeptProperty(Generic[Value]):
    """What *make* returns, kept in the ``__dict__`` of the object.

    From then on it costs no more than any attribute: werkzeug's property is asked also when it
    knows the value, and functools' takes a lock in Python 3.11. The value may be set and deleted.
    """

    def __init__(self, make: Callable[[Any], Value]) -> None:
        self.make = make
        self.__doc__ = make.__doc__

    def __set_name__(self, _owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, owner: None, kind: type) -> Self: ...

    @overload
    def __get__(self, owner: object, kind: type) -> Value: ...

    def __get__(self, owner: Any, kind: type) -> Any:
        if owner is None:
            return self
        made = owner.__dict__[self.name] = self.make(owner)
        return made
