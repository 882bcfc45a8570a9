"""The way to Typesense: one client for a process, and the meaning of its errors."""

import asyncio
import importlib
import logging
import warnings
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urlsplit

from pydantic import SecretStr

from battlescope_events.errors import TransientError

if TYPE_CHECKING:
    from typesense.async_.client import AsyncClient

T = TypeVar("T")
TIMEOUT_SECONDS: Final = 5.0
_PORTS: Final = {"http": 80, "https": 443}
_log = logging.getLogger(__name__)


class Refused(Exception):
    """Typesense answers that it will not do this: the request is wrong. The message is its own."""


class Missing(Exception):
    """Typesense has no such collection, alias or document."""


class Typesense:
    """Typesense at one address. Its library is imported at first use, in a thread: most instances use PostgreSQL."""

    def __init__(self, url: str, api_key: SecretStr, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._url = urlsplit(url)
        self._api_key = api_key
        self._timeout = timeout_seconds
        self._client: AsyncClient | None = None

    async def call(self, request: Callable[["AsyncClient"], Awaitable[T]]) -> T:
        """The answer to a request.

        Raises:
            TransientError: Typesense does not answer, is starting, or does not accept the key.
            Missing: what the request names does not exist.
            Refused: the request is wrong.
        """
        client = self._client or await self._open()
        errors = importlib.import_module("typesense.exceptions")
        backends = importlib.import_module("typesense.http_backend")
        try:
            return await request(client)
        except errors.ObjectNotFound as error:
            raise Missing(str(error)) from error
        except (errors.RequestMalformed, errors.ObjectUnprocessable, errors.ObjectAlreadyExists) as error:
            raise Refused(str(error)) from error
        except (errors.TypesenseClientError, *backends.backend_errors("HTTPError"), OSError) as error:
            _log.warning("Typesense failed: %r", error)
            raise TransientError(f"Typesense does not answer: {type(error).__name__}.") from error

    async def close(self) -> None:
        if self._client is not None:
            await self._client.api_call.aclose()

    async def _open(self) -> "AsyncClient":
        module = await asyncio.to_thread(importlib.import_module, "typesense.async_.client")
        protocol = self._url.scheme
        node: dict[str, Any] = {
            "host": self._url.hostname or "",
            "port": self._url.port or _PORTS[protocol],
            "protocol": protocol,
            "path": self._url.path.rstrip("/"),
        }
        configuration: dict[str, Any] = {
            "nodes": [node],
            "api_key": self._api_key.get_secret_value(),
            "connection_timeout_seconds": self._timeout,
            "num_retries": 0,  # what fails is tried again by the queue or by the caller
        }
        # The library also makes the parts of its client that are deprecated, whether or not they are used.
        warnings.filterwarnings("ignore", ".* is deprecated on v30", DeprecationWarning)
        client: AsyncClient = module.AsyncClient(configuration)
        self._client = client
        return client


@asynccontextmanager
async def open_typesense(url: str, api_key: SecretStr) -> AsyncGenerator[Typesense]:
    """Typesense, closed at the end of the block; nothing is connected before the first request."""
    typesense = Typesense(url, api_key)
    try:
        yield typesense
    finally:
        await typesense.close()
