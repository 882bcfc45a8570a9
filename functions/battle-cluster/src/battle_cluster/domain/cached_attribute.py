"""An attribute that is computed at its first use."""

from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, overload

S = TypeVar("S")
T = TypeVar("T")


class CachedAttribute(Generic[S, T]):
    """Like `functools.cached_property`, without its lock: in Python 3.11 that costs more than most of the values.

    Two threads that ask first at the same time may both compute the value.
    """

    def __init__(self, compute: Callable[[S], T]) -> None:
        self._compute = compute
        self._name = ""
        self.__doc__ = compute.__doc__

    def __set_name__(self, owner: type[Any], name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type[Any]) -> Self: ...
    @overload
    def __get__(self, instance: S, owner: type[Any]) -> T: ...
    def __get__(self, instance: S | None, owner: type[Any]) -> Self | T:
        """Asked only until the value is in the instance, where Python looks first."""
        if instance is None:
            return self
        value = instance.__dict__[self._name] = self._compute(instance)
        return value
