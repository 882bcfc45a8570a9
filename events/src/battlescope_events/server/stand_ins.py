"""Stand-ins for modules that libraries import and functions never use: they take a tenth of a cold start."""

import sys
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Final

OPENAPI: Final = ("fastapi.openapi.models", "fastapi.openapi.utils")
UNUSED: Final = (
    *OPENAPI,  # fifty models; `ApiApp.openapi` imports the real modules
    # FastAPI's login schemes; the guard is ours.
    "fastapi.security",
    "fastapi.security.base",
    "fastapi.security.oauth2",
    # FastAPI's telemetry, which `ApiApp` leaves out.
    "opentelemetry",
    "opentelemetry._logs",
    "opentelemetry.context",
    "opentelemetry.metrics",
    "opentelemetry.propagators.textmap",
    "opentelemetry.trace",
    # Valkey is one server.
    "redis.asyncio.cluster",
    "redis.asyncio.keyspace_notifications",
    "redis.asyncio.sentinel",
    "redis.cluster",
    "redis.keyspace_notifications",
    "redis.sentinel",
)


class _EmptyType(type):
    """The type of the names of a stand-in, which have further names, such as `flask.typing.ResponseReturnValue`."""

    def __getattr__(cls, name: str) -> "_EmptyType":
        return _empty_class(name)

    def __getitem__(cls, _: object) -> "_EmptyType":
        return cls


def _empty_class(name: str) -> _EmptyType:
    """A class that annotations, base classes, `isinstance` and calls can use: what definitions do at import."""
    if name.startswith("__"):
        raise AttributeError(name)

    def accept(_self: object, *_: Any, **__: Any) -> None: ...

    return _EmptyType(name, (), {"__init__": accept})


class _StandIn(ModuleType):
    """A module each of whose names is an empty class."""

    def __getattr__(self, name: str) -> _EmptyType:
        return _empty_class(name)


def install(names: Iterable[str]) -> list[str]:
    """Stand in for the modules that are not imported yet; returns which they are."""
    absent = [name for name in names if name not in sys.modules]
    sys.modules.update({name: _StandIn(name) for name in absent})
    return absent


def remove(names: Iterable[str]) -> None:
    """Let the next import have the real modules."""
    for name in names:
        if isinstance(sys.modules.get(name), _StandIn):
            del sys.modules[name]


@contextmanager
def standing_in_for(*names: str) -> Generator[None]:
    """Stand in for the modules within the block."""
    absent = install(names)
    try:
        yield
    finally:
        remove(absent)
