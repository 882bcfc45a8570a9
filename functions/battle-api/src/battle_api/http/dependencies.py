"""What all routes share: injected dependencies, battle lookup, responses and waiting for battle-cluster."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Final, Protocol, TypeVar
from uuid import UUID

from fastapi import Depends, HTTPException, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel

from battle_api.domain.rows import Battle
from battle_api.repositories import outbox
from battle_api.repositories.battles import find_battle, find_deletion_reason, find_survivor
from battle_api.repositories.session import Database, Session
from battlescope_events.errors import PermanentError, TransientError
from battlescope_events.publisher import Publish

_log = logging.getLogger(__name__)
Clock = Callable[[], datetime]
NewId = Callable[[], UUID]
# Seconds. battle-cluster needs some tenths of a second; growing intervals keep polling cheap while it is far behind.
MIN_POLL_INTERVAL: Final = 0.05
MAX_POLL_INTERVAL: Final = 0.5
PUBLISH_TIMEOUT: Final = 5.0  # seconds; the client waits for the response meanwhile


class BattleMerged(Exception):  # noqa: N818  # answered by a redirect, not an error
    """The battle was merged into the battle `survivor`."""

    def __init__(self, survivor: UUID) -> None:
        super().__init__(str(survivor))
        self.survivor = survivor


def _database(request: Request) -> Database:
    return request.app.state.database


def _clock(request: Request) -> Clock:
    return request.app.state.clock


def _new_id(request: Request) -> NewId:
    return request.app.state.new_id


def _publish(request: Request) -> Publish:
    return request.app.state.publish


DatabaseDep = Annotated[Database, Depends(_database)]
ClockDep = Annotated[Clock, Depends(_clock)]
NewIdDep = Annotated[NewId, Depends(_new_id)]
PublishDep = Annotated[Publish, Depends(_publish)]


async def require_battle(session: Session, battle_id: UUID) -> Battle:
    """The battle with this id.

    Raises:
        BattleMerged: the battle was merged into another one.
        HTTPException: the battle was deleted (410) or never existed (404).
    """
    battle = await find_battle(session, battle_id)
    if battle is not None:
        return battle
    survivor = await find_survivor(session, battle_id)
    if survivor is not None:
        raise BattleMerged(survivor)
    reason = await find_deletion_reason(session, battle_id)
    if reason is not None:
        raise HTTPException(410, f"The battle {battle_id} is gone: {reason}.")
    raise HTTPException(404, f"There is no battle {battle_id}.")


async def ensure_battle_existed(session: Session, battle_id: UUID) -> None:
    """Accept existing and deleted battles, because the history of a deleted battle stays readable.

    Raises:
        BattleMerged: the battle was merged into another one.
        HTTPException: the battle never existed (404).
    """
    try:
        await require_battle(session, battle_id)
    except HTTPException as error:
        if error.status_code != 410:  # noqa: PLR2004  # Gone, as raised above
            raise


async def redirect_to_survivor(request: Request, error: Exception) -> Response:
    """Redirect permanently to the same path below the surviving battle."""
    assert isinstance(error, BattleMerged)  # noqa: S101  # FastAPI's table of exception handlers guarantees it
    path = request.url.path.split("/")
    path[3] = str(error.survivor)
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse("/".join(path) + query, status_code=308)


def error_message(error: Exception) -> str:
    """The message of an exception whose text is written for clients."""
    return str(error)


def cacheable_response(request: Request, body: BaseModel, max_age: int) -> Response:
    """The body with its ETag, cacheable for `max_age` seconds; 304 when the client has the same ETag."""
    content = body.model_dump_json(by_alias=True).encode()
    etag = f'"{sha256(content).hexdigest()[:32]}"'
    headers = {"etag": etag, "cache-control": f"private, max-age={max_age}"}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type="application/json", headers=headers)


def uncached_response(body: BaseModel, status: int = 200, **headers: str) -> Response:
    """The body with `Cache-Control: no-store`; underscores in names of extra headers become hyphens."""
    extra_headers = {name.replace("_", "-"): value for name, value in headers.items()}
    content = body.model_dump_json(by_alias=True)
    return Response(content, status, {"cache-control": "no-store", **extra_headers}, "application/json")


async def flush_outbox(database: Database, publish: Publish) -> None:
    """Publish the outbox. A failure is only logged: the events stay in the outbox and go out with the next event."""
    try:
        async with asyncio.timeout(PUBLISH_TIMEOUT):
            await outbox.flush(database, publish)
    except (TransientError, PermanentError, TimeoutError) as error:
        _log.warning("Request saved, but publishing failed; the outbox will retry: %s", str(error) or "timeout")


class PendingWork(Protocol):
    """An edit or a job that battle-cluster processes."""

    @property
    def is_finished(self) -> bool: ...


PendingWorkT = TypeVar("PendingWorkT", bound=PendingWork)


async def wait_until_done(load: Callable[[], Awaitable[PendingWorkT]], seconds: float) -> PendingWorkT:
    """Reload the work until it is finished or `seconds` are over; returns the last state."""
    loop = asyncio.get_running_loop()
    deadline, interval = loop.time() + seconds, MIN_POLL_INTERVAL
    while not (work := await load()).is_finished and (remaining := deadline - loop.time()) > 0:
        await asyncio.sleep(min(interval, remaining))
        interval = min(2 * interval, MAX_POLL_INTERVAL)
    return work
