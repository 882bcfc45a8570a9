"""Routes that create and undo manual edits of a battle; battle-cluster then reclusters it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Body, Header
from fastapi.responses import Response

from battle_api.dependencies import Dependencies, Deps
from battle_api.domain.rows import Edit
from battle_api.repositories.battles import BattleRepository
from battle_api.repositories.edits import EditRepository
from battle_api.rights import EDITS_BATTLES
from battle_api.routers.merged_battles import BATTLE_RESPONSES
from battle_api.schemas.edit_requests import EditBatch, EditRequest, UndoRequest
from battle_api.schemas.edits import EditBatchResult, EditItem, edit_item
from battle_api.services import edits as service
from battle_api.services.battle_lookup import ensure_battle_existed, require_battle
from battlescope_events.http_api.conditional import ETAGS_PATTERN, require_if_match
from battlescope_events.http_api.description import headers, links
from battlescope_events.http_api.errors import ApiError, problem
from battlescope_events.http_api.guard import CurrentCaller
from battlescope_events.http_api.responses import uncached_response
from battlescope_events.http_api.routing import ApiRouter
from battlescope_events.http_api.saved_requests import preferred_wait, wait_until_finished
from battlescope_events.messages import Message
from battlescope_events.postgres.database import Connection

DEFAULT_WAIT_SECONDS: Final = 5
NO_REVISION: Final = "An edit needs the header If-Match with the revision of the battle, in quotes."

IfMatch = Annotated[
    str | None,
    Header(
        description='The revision of the battle that the client has seen, in quotes: "7".',
        json_schema_extra={"pattern": ETAGS_PATTERN, "minLength": 1},
    ),
]
Prefer = Annotated[str | None, Header(description="`wait=N`: seconds to wait for the result (RFC 7240), at most 20.")]
_EDIT: Final = {"battle_id": "$response.body#/battleId", "edit_id": "$response.body#/id"}
_UNDONE: Final = links({"edit": "get_edit_api_battles__battle_id__edits__edit_id__get"}, **_EDIT)
_NEXT: Final = _UNDONE | links({"undo": "undo_edit_api_battles__battle_id__edits__edit_id__delete"}, **_EDIT)
_HEADERS: Final = headers(Location="The edit.", Preference_Applied="The seconds for which the answer waited.")


def _responses(next_links: Mapping[str, Any]) -> dict[int | str, dict[str, Any]]:
    return {
        200: {"links": next_links, "headers": _HEADERS},
        202: {
            "model": EditItem,
            "description": "The edit is stored; battle-cluster has not applied it yet.",
            "links": next_links,
            "headers": _HEADERS,
        },
        **BATTLE_RESPONSES,
        409: problem("The edit conflicts with an active edit, or is already undone."),
        412: problem("The battle has changed, or a pending edit is about to change it."),
    }


_RESPONSES: Final = _responses(_NEXT)
_NEEDS_REVISION: Final[dict[int | str, dict[str, Any]]] = {428: problem("The header If-Match is missing.")}
_BATCH_HEADERS: Final = headers(Preference_Applied="The seconds for which the answer waited.")
_BATCH: Final[dict[int | str, dict[str, Any]]] = {
    **_RESPONSES,
    200: {"headers": _BATCH_HEADERS},
    202: {
        "model": EditBatchResult,
        "description": "The edits are stored; battle-cluster has not applied all of them yet.",
        "headers": _BATCH_HEADERS,
    },
}


@dataclass(frozen=True, slots=True)
class SavedEdits:
    """The edits of one request."""

    edits: Sequence[Edit]

    @property
    def is_finished(self) -> bool:
        return all(edit.is_finished for edit in self.edits)


router = ApiRouter(prefix="/api/battles", tags=["edits"], dependencies=[EDITS_BATTLES])


@router.post("/{battle_id}/edits", response_model=EditItem, responses={**_RESPONSES, **_NEEDS_REVISION})
async def make_edit(
    battle_id: UUID,
    edit: Annotated[EditRequest, Body()],
    deps: Deps,
    caller: CurrentCaller,
    *,
    if_match: IfMatch = None,
    prefer: Prefer = None,
) -> Response:
    """Edit a battle. 200: battle-cluster has applied the edit. 202: the edit is stored and still pending."""
    edit_id, now = deps.new_id(), deps.clock()
    async with deps.database.transaction() as connection:
        edits = EditRepository(connection)
        version = await edits.next_version()
        battle = await require_battle(BattleRepository(connection), battle_id)
        seen = require_if_match(if_match, NO_REVISION)
        await service.check_revision(edits, battle, seen, now)
        event = await service.create(edits, battle, edit, service.EditContext(edit_id, caller, version, now))
        await deps.outbox.enqueue(connection, [event])
    await deps.flush_outbox()
    return await _edit_response(deps, battle_id, edit_id, prefer)


@router.post("/{battle_id}/edit-batches", response_model=EditBatchResult, responses={**_BATCH, **_NEEDS_REVISION})
async def make_edits(
    battle_id: UUID,
    batch: Annotated[EditBatch, Body()],
    deps: Deps,
    caller: CurrentCaller,
    *,
    if_match: IfMatch = None,
    prefer: Prefer = None,
) -> Response:
    """Edit a battle several times at once. 200: battle-cluster has applied all edits. 202: some are still pending."""
    now, edit_ids, events = deps.clock(), [deps.new_id() for _ in batch.edits], list[Message]()
    async with deps.database.transaction() as connection:
        edits = EditRepository(connection)
        version = await edits.next_version()
        battle = await require_battle(BattleRepository(connection), battle_id)
        await service.check_revision(edits, battle, require_if_match(if_match, NO_REVISION), now)
        for edit_id, edit in zip(edit_ids, batch.edits, strict=True):
            events.append(await service.create(edits, battle, edit, service.EditContext(edit_id, caller, version, now)))
            version = await edits.next_version()
        await deps.outbox.enqueue(connection, events)
    await deps.flush_outbox()

    async def load() -> SavedEdits:
        async with deps.database.connection() as connection:
            return SavedEdits(await EditRepository(connection).find_many(edit_ids))

    seconds = preferred_wait(prefer, DEFAULT_WAIT_SECONDS)
    saved = await wait_until_finished(load, seconds)
    body = EditBatchResult(items=list(map(edit_item, saved.edits)))
    return uncached_response(body, 200 if saved.is_finished else 202, preference_applied=f"wait={seconds}")


@router.delete("/{battle_id}/edits/{edit_id}", response_model=EditItem, responses=_responses(_UNDONE))
async def undo_edit(
    battle_id: UUID,
    edit_id: UUID,
    deps: Deps,
    caller: CurrentCaller,
    *,
    undo: Annotated[UndoRequest | None, Body()] = None,
    if_match: IfMatch = None,
    prefer: Prefer = None,
) -> Response:
    """Undo an edit, also one that has deleted its battle: its own author may, and directors anybody's."""
    now, stated = deps.clock(), (undo or UndoRequest()).author
    async with deps.database.transaction() as connection:
        edits = EditRepository(connection)
        version = await edits.next_version()
        await _check_if_match(connection, battle_id, if_match, now)
        event = await service.undo(edits, battle_id, stated, service.EditContext(edit_id, caller, version, now))
        await deps.outbox.enqueue(connection, [event])
    await deps.flush_outbox()
    return await _edit_response(deps, battle_id, edit_id, prefer)


async def _check_if_match(connection: Connection, battle_id: UUID, if_match: str | None, now: datetime) -> None:
    battles = BattleRepository(connection)
    if if_match is None:
        await ensure_battle_existed(battles, battle_id)
    else:
        battle = await require_battle(battles, battle_id)
        await service.check_revision(EditRepository(connection), battle, if_match, now)


async def _edit_response(deps: Dependencies, battle_id: UUID, edit_id: UUID, prefer: str | None) -> Response:
    async def load() -> Edit:
        async with deps.database.connection() as connection:
            edit = await EditRepository(connection).find(edit_id)
        if edit is None:
            raise ApiError(404, f"There is no edit {edit_id} any more.")
        return edit

    seconds = preferred_wait(prefer, DEFAULT_WAIT_SECONDS)
    edit = await wait_until_finished(load, seconds)
    location = f"/api/battles/{battle_id}/edits/{edit_id}"
    status = 200 if edit.is_finished else 202
    return uncached_response(edit_item(edit), status, location=location, preference_applied=f"wait={seconds}")
