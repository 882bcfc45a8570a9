"""The OpenAPI document of all functions, which `make generate` writes into this package, and its readable page."""

import asyncio
import gzip
import json
from collections.abc import Mapping
from functools import cached_property
from importlib.resources import files
from typing import Any, Final

from battlescope_events.http_api.conditional import content_etag
from web_serve.domain.readable_resources import Link, readable_resources
from web_serve.domain.representation import Representation
from web_serve.presenters.api_page import api_page

FILE: Final = "api.json"
_LEVEL: Final = 9  # once in the life of a process


class ApiDescription:
    """Renders and compresses at the first request, and keeps the result: the document changes with a release only."""

    @cached_property
    def _document(self) -> Mapping[str, Any]:
        return json.loads(self._content)

    @cached_property
    def _content(self) -> bytes:
        return (files("web_serve") / FILE).read_bytes()

    @cached_property
    def _as_json(self) -> Representation:
        return _compressed(self._content, "application/json")

    @cached_property
    def _as_page(self) -> Representation:
        return _compressed(api_page(self._document).encode(), "text/html; charset=utf-8")

    @cached_property
    def links(self) -> tuple[Link, ...]:
        """The resources that a browser can open without more than their paths."""
        return tuple(readable_resources(self._document))

    async def as_json(self) -> Representation:
        """The document."""
        return await asyncio.to_thread(lambda: self._as_json)

    async def as_page(self) -> Representation:
        """The page."""
        return await asyncio.to_thread(lambda: self._as_page)


def _compressed(content: bytes, media_type: str) -> Representation:
    encoded = {"gzip": gzip.compress(content, _LEVEL, mtime=0)}
    return Representation(content, media_type, content_etag(content), encoded)
