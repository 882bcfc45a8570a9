"""What all routes share: injected dependencies, paging, responses and publishing of the outbox."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from battlescope_events.errors import PermanentError, TransientError
from battlescope_events.object_storage.objects import ObjectStorage
from battlescope_events.publisher import Publish
from ingest_api.clients.esi import EsiClient
from ingest_api.domain.retention_window import Limits
from ingest_api.events import SOURCE
from ingest_api.repositories import outbox
from ingest_api.repositories.session import Database

_log = logging.getLogger(__name__)
Clock = Callable[[], datetime]
NewId = Callable[[], UUID]
PUBLISH_TIMEOUT: Final = 5.0  # seconds; the client waits for the response meanwhile


def _database(request: Request) -> Database:
    return request.app.state.database


def _storage(request: Request) -> ObjectStorage:
    return request.app.state.storage


def _esi(request: Request) -> EsiClient:
    return request.app.state.esi


def _clock(request: Request) -> Clock:
    return request.app.state.clock


def _new_id(request: Request) -> NewId:
    return request.app.state.new_id


def _publish(request: Request) -> Publish:
    return request.app.state.publish


def _limits(request: Request) -> Limits:
    return request.app.state.limits


DatabaseDep = Annotated[Database, Depends(_database)]
StorageDep = Annotated[ObjectStorage, Depends(_storage)]
EsiDep = Annotated[EsiClient, Depends(_esi)]
ClockDep = Annotated[Clock, Depends(_clock)]
NewIdDep = Annotated[NewId, Depends(_new_id)]
PublishDep = Annotated[Publish, Depends(_publish)]
LimitsDep = Annotated[Limits, Depends(_limits)]


class Page(BaseModel):
    """A page of a list."""

    limit: Annotated[int, Field(ge=1, le=100)] = 50
    offset: Annotated[int, Field(ge=0, le=1_000_000)] = 0


def uncached_response(body: BaseModel, status: int = 200, **headers: str) -> Response:
    """The body with `Cache-Control: no-store`."""
    content = body.model_dump_json(by_alias=True)
    return Response(content, status, {"cache-control": "no-store", **headers}, "application/json")


async def flush_outbox(database: Database, publish: Publish) -> None:
    """Publish the outbox. A failure is only logged: the events stay in the outbox, which ingest-poll also publishes."""
    try:
        async with asyncio.timeout(PUBLISH_TIMEOUT):
            await outbox.flush(database, publish, SOURCE)
    except (TransientError, PermanentError, TimeoutError) as error:
        _log.warning("Request saved, but publishing failed; ingest-poll will retry: %s", str(error) or "timeout")
