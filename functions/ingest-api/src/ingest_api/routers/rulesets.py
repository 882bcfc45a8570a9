"""The routes for rulesets. A change is in force for new mails once ingest-poll looks again, within five minutes."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Final, LiteralString, NamedTuple
from uuid import UUID

from fastapi import APIRouter, Body, Header, HTTPException, Query
from fastapi.responses import Response
from pydantic import ValidationError

from ingest_api.domain.entity_validation import Found, Lists, names_of, new_ids, objections
from ingest_api.http.auth import REFUSALS, Writer
from ingest_api.http.dependencies import EsiDep, NewIdDep, Page, StoreDep, uncached
from ingest_api.repositories import rulesets as sql
from ingest_api.repositories.session import Session
from ingest_api.schemas.rulesets import (
    LISTS,
    Change,
    ConfigChange,
    ConfigItem,
    NewRuleset,
    RulesetItem,
    Rulesets,
    Success,
    Terms,
    Version,
    Versions,
    changed,
    is_seen,
    validator,
)

REFUSED: Final = REFUSALS | {
    404: {"description": "There is no such ruleset."},
    409: {"description": "One ruleset must stay active."},
    412: {"description": "Somebody changed it since."},
}
IfMatch = Annotated[str | None, Header(description="The ETag of the ruleset that was looked at.")]

router = APIRouter(tags=["rulesets"])


@router.get("/api/ingestion/rulesets", response_model=Rulesets)
async def list_rulesets(query: Annotated[Page, Query()], store: StoreDep) -> Response:
    """All rulesets, the active one first."""
    async with store.reading() as session:
        found = await session.rows(RulesetItem, sql.ALL, query.model_dump())
        total = await session.scalar(sql.COUNT, {})
    return uncached(Rulesets(rulesets=found, total=total, limit=query.limit, offset=query.offset))


@router.post(
    "/api/ingestion/rulesets", response_model=RulesetItem, status_code=201, responses=REFUSALS, dependencies=[Writer]
)
async def add_ruleset(
    wanted: Annotated[NewRuleset, Body()], store: StoreDep, esi: EsiDep, new_id: NewIdDep
) -> Response:
    """Add a ruleset. Ids are looked up at ESI; while it cannot be asked they are taken as they are, and told."""
    given: dict[str, Any] = {"id": new_id(), **wanted.model_dump(by_alias=False)}
    given["names"] = names_of(given, {}, await _found(esi, given, {}, {}))
    async with store.writing() as session:
        await session.plain(sql.TURN, {})
        await _write(session, sql.INSERT, given)
        ruleset = await _one(session, sql.ONE, given)
    return _told(ruleset, 201)


@router.get("/api/ingestion/rulesets/{ruleset_id}", response_model=RulesetItem, responses=REFUSED)
async def get_ruleset(ruleset_id: UUID, store: StoreDep) -> Response:
    """One ruleset."""
    async with store.reading() as session:
        return _told(await _one(session, sql.ONE, {"id": ruleset_id}))


@router.get("/api/ingestion/rulesets/{ruleset_id}/history", response_model=Versions)
async def list_versions(ruleset_id: UUID, query: Annotated[Page, Query()], store: StoreDep) -> Response:
    """What the ruleset was, newest first; also of a deleted one."""
    given = {"id": ruleset_id, **query.model_dump()}
    async with store.reading() as session:
        rows = await session.plain(sql.HISTORY, given)
        total = await session.scalar(sql.HISTORY_COUNT, given)
    versions = [Version(changed_at=at, ruleset=RulesetItem.model_validate(version)) for version, at in rows]
    return uncached(Versions(versions=versions, total=total, limit=query.limit, offset=query.offset))


@router.put(
    "/api/ingestion/rulesets/{ruleset_id}", response_model=RulesetItem, responses=REFUSED, dependencies=[Writer]
)
async def change_ruleset(
    ruleset_id: UUID, change: Annotated[Change, Body()], store: StoreDep, esi: EsiDep, if_match: IfMatch = None
) -> Response:
    """Change what is given and leave the rest. With If-Match only what the caller has seen."""
    return _told(await _changed(store, esi, Which(sql.ONE, {"id": ruleset_id}), change, if_match))


@router.delete("/api/ingestion/rulesets/{ruleset_id}", status_code=204, responses=REFUSED, dependencies=[Writer])
async def delete_ruleset(ruleset_id: UUID, store: StoreDep, if_match: IfMatch = None) -> Response:
    """Delete a ruleset; its history stays."""
    async with store.writing() as session:
        await session.plain(sql.TURN, {})
        ruleset = await _one(session, sql.ONE, {"id": ruleset_id})
        _check_seen(ruleset, if_match)
        if ruleset.is_active:
            raise HTTPException(409, "The active ruleset stays: activate another one first.")
        await session.plain(sql.DELETE, {"id": ruleset_id})
    return Response(status_code=204)


@router.get("/api/rulesets/current", response_model=RulesetItem, responses=REFUSED)
async def get_current(store: StoreDep) -> Response:
    """The active ruleset."""
    async with store.reading() as session:
        return _told(await _one(session, sql.ACTIVE, {}))


@router.put("/api/rulesets/current", response_model=RulesetItem, responses=REFUSED, dependencies=[Writer])
async def change_current(
    change: Annotated[Change, Body()], store: StoreDep, esi: EsiDep, if_match: IfMatch = None
) -> Response:
    """Change the active ruleset in part."""
    return _told(await _changed(store, esi, Which(sql.ACTIVE, {}), change, if_match))


@router.get("/api/admin/config/ingest", response_model=ConfigItem, responses=REFUSED)
async def get_config(store: StoreDep) -> Response:
    """The active ruleset as the configuration of ingestion."""
    async with store.reading() as session:
        ruleset = await _one(session, sql.ACTIVE, {})
    return uncached(ConfigItem(ruleset=ruleset), etag=validator(ruleset))


@router.put("/api/admin/config/ingest", response_model=Success, responses=REFUSED, dependencies=[Writer])
async def change_config(
    wanted: Annotated[ConfigChange, Body()], store: StoreDep, esi: EsiDep, if_match: IfMatch = None
) -> Response:
    """Change the active ruleset in part."""
    ruleset = await _changed(store, esi, Which(sql.ACTIVE, {}), wanted.ruleset, if_match)
    return uncached(Success(unverified_ids=ruleset.unverified_ids), etag=validator(ruleset))


class Which(NamedTuple):
    statement: LiteralString
    given: dict[str, Any]


async def _changed(store: StoreDep, esi: EsiDep, which: Which, change: Change, if_match: str | None) -> RulesetItem:
    """ESI is asked before the transaction: nobody else should wait for it."""
    async with store.reading() as session:
        seen = await _one(session, *which)
    _check_seen(seen, if_match)
    _together(seen, change)
    found = await _found(esi, change.given, seen.lists, seen.names)
    async with store.writing() as session:
        await session.plain(sql.TURN, {})
        before = await _one(session, *which)
        _check_seen(before, if_match)
        terms = _together(before, change)
        if before.is_active and not terms.is_active:
            raise HTTPException(409, "One ruleset is always active: activate another one instead.")
        row: dict[str, Any] = {"id": before.id, "updated_by": change.updated_by, **terms.model_dump(by_alias=False)}
        await _write(session, sql.UPDATE, row | {"names": names_of(row, before.names, found)})
        return await _one(session, sql.ONE, row)


async def _found(esi: EsiDep, wanted: Lists, before: Lists, named: Mapping[str, str]) -> Found:
    """What ESI says of the ids that are new.

    Raises:
        HTTPException: some are nobody, or of another kind.
    """
    found = await esi.look_up(asked) if (asked := new_ids(wanted, before, named)) else Found()
    if said := " ".join(objections(wanted, found)):
        raise HTTPException(400, said)
    return found


def _together(before: RulesetItem, change: Change) -> Terms:
    if not change.given:
        raise HTTPException(400, "Nothing to change was given.")
    try:
        return changed(before, change)
    except ValidationError as error:
        raise HTTPException(400, f"{error.errors()[0]['msg'].removeprefix('Value error, ')}.") from error


async def _write(session: Session, statement: LiteralString, row: dict[str, Any]) -> None:
    """The one active before steps down first: at no time there are two."""
    lists = {name: list(row[name]) for name in LISTS}  # to the driver a tuple is a row
    if row["is_active"]:
        await session.plain(sql.DEACTIVATE, row)
    await session.plain(statement, row | lists | {"names": json.dumps(row["names"])})


async def _one(session: Session, which: LiteralString, given: dict[str, Any]) -> RulesetItem:
    ruleset = await session.row(RulesetItem, which, given)
    if ruleset is None:
        raise HTTPException(404, f"There is no ruleset {given['id']}." if "id" in given else "No ruleset is active.")
    return ruleset


def _check_seen(ruleset: RulesetItem, if_match: str | None) -> None:
    if not is_seen(ruleset, if_match):
        raise HTTPException(412, "Somebody changed the ruleset since; look at it again.")


def _told(ruleset: RulesetItem, status: int = 200) -> Response:
    return uncached(ruleset, status, etag=validator(ruleset))
