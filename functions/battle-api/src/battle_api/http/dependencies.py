"""What the routes of battle-api have in common: what they are given, how a battle is found, how an answer is made."""

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
from battle_api.repositories import battles as battle_rows
from battle_api.repositories import outbox
from battle_api.repositories.session import Database, Session
from battlescope_events.errors import PermanentError, TransientError
from battlescope_events.publisher import Publish

_log = logging.getLogger(__name__)
Clock = Callable[[], datetime]
NewId = Callable[[], UUID]
# battle-cluster needs some tenths of a second; asking more and more seldom costs little when it is far behind.
MIN_POLL_INTERVAL: Final = 0.05
MAX_POLL_INTERVAL: Final = 0.5
PUBLISH_TIMEOUT: Final = 5.0  # somebody waits for the answer


class BattleMerged(Exception):  # noqa: N818  # an outcome, named as what it is
    """The battle was merged into another one."""

    def __init__(self, survivor: UUID) -> None:
        super().__init__(str(survivor))
        self.survivor = survivor


def _database(request: Request) -> Database:
    return request.app.state.store


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


async def require_battle(reading: Session, battle_id: UUID) -> Battle:
    """The battle that lives at this address.

    Raises:
        Moved: it was merged into another one.
        HTTPException: it was deleted (410), or there never was one (404).
    """
    battle = await battle_rows.find_battle(reading, battle_id)
    if battle is not None:
        return battle
    survivor = await battle_rows.find_survivor(reading, battle_id)
    if survivor is not None:
        raise BattleMerged(survivor)
    reason = await battle_rows.find_deletion_reason(reading, battle_id)
    if reason is not None:
        raise HTTPException(410, f"The battle {battle_id} is gone: {reason}.")
    raise HTTPException(404, f"There is no battle {battle_id}.")


async def ensure_battle_existed(reading: Session, battle_id: UUID) -> None:
    """Whether there is or was such a battle; the history of a deleted one stays readable.

    Raises:
        Moved: it was merged into another one.
        HTTPException: there never was one (404).
    """
    try:
        await require_battle(reading, battle_id)
    except HTTPException as error:
        if error.status_code != 410:  # noqa: PLR2004  # Gone, as raised above
            raise


async def redirect_to_survivor(request: Request, error: Exception) -> Response:
    """A permanent redirect to the same address of the survivor."""
    assert isinstance(error, BattleMerged)  # noqa: S101  # the table of handlers guarantees it
    path = request.url.path.split("/")
    path[3] = str(error.survivor)
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse("/".join(path) + query, status_code=308)


def error_message(error: Exception) -> str:
    """Of a refusal that is a sentence already."""
    return str(error)


def cacheable_response(request: Request, body: BaseModel, seconds: int) -> Response:
    """The answer with its validator; a client that has this very answer gets 304."""
    content = body.model_dump_json(by_alias=True).encode()
    etag = f'"{sha256(content).hexdigest()[:32]}"'
    headers = {"etag": etag, "cache-control": f"private, max-age={seconds}"}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type="application/json", headers=headers)


def uncached_response(body: BaseModel, status: int = 200, **headers: str) -> Response:
    """An answer that is true only now."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    content = body.model_dump_json(by_alias=True)
    return Response(content, status, {"cache-control": "no-store", **given}, "application/json")


async def flush_outbox(store: Database, publish: Publish) -> None:
    """Say what waits in the outbox. What the Broker does not take now stays there, and is said with the next event."""
    try:
        async with asyncio.timeout(PUBLISH_TIMEOUT):
            await outbox.flush(store, publish)
    except (TransientError, PermanentError, TimeoutError) as fault:
        _log.warning("What was decided is kept, but not said yet: %s", str(fault) or "the Broker is slow")


class PendingWork(Protocol):
    """Something that battle-cluster works on."""

    @property
    def is_finished(self) -> bool: ...


PendingWorkT = TypeVar("PendingWorkT", bound=PendingWork)


async def wait_until_done(load: Callable[[], Awaitable[PendingWorkT]], seconds: float) -> PendingWorkT:
    """What is seen once it has settled, or when the time is over."""
    loop = asyncio.get_running_loop()
    deadline, interval = loop.time() + seconds, MIN_POLL_INTERVAL
    while not (work := await load()).is_finished and (remaining := deadline - loop.time()) > 0:
        await asyncio.sleep(min(interval, remaining))
        interval = min(2 * interval, MAX_POLL_INTERVAL)
    return work
