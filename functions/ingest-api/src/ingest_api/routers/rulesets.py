"""The routes for rulesets. A change is in force for new mails once ingest-poll looks again, within five minutes."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Final, LiteralString, NamedTuple
from uuid import UUID

from fastapi import APIRouter, Body, Header, HTTPException, Query
from fastapi.responses import Response
from pydantic import ValidationError

from ingest_api.domain.entity_validation import IdLists, NameLookup, ids_to_resolve, names_by_id, validation_errors
from ingest_api.http.auth import AUTH_RESPONSES, RequiresToken
from ingest_api.http.dependencies import DatabaseDep, EsiDep, NewIdDep, Page, uncached_response
from ingest_api.repositories import rulesets as sql
from ingest_api.repositories.session import Session
from ingest_api.schemas.rulesets import (
    LISTS,
    ConfigChange,
    ConfigItem,
    NewRuleset,
    RulesetChange,
    RulesetFields,
    RulesetItem,
    Rulesets,
    Success,
    Version,
    Versions,
    apply_change,
    etag,
    matches_etag,
)

_ERROR_RESPONSES: Final = AUTH_RESPONSES | {
    404: {"description": "There is no such ruleset."},
    409: {"description": "One ruleset must stay active."},
    412: {"description": "Somebody changed it since."},
}
IfMatch = Annotated[str | None, Header(description="The ETag of the ruleset that was looked at.")]

router = APIRouter(tags=["rulesets"])


@router.get("/api/ingestion/rulesets", response_model=Rulesets)
async def list_rulesets(query: Annotated[Page, Query()], database: DatabaseDep) -> Response:
    """All rulesets, the active one first."""
    async with database.session() as session:
        rulesets = await session.rows(RulesetItem, sql.RULESETS, query.model_dump())
        total = await session.scalar(sql.COUNT, {})
    return uncached_response(Rulesets(rulesets=rulesets, total=total, limit=query.limit, offset=query.offset))


@router.post(
    "/api/ingestion/rulesets",
    response_model=RulesetItem,
    status_code=201,
    responses=AUTH_RESPONSES,
    dependencies=[RequiresToken],
)
async def add_ruleset(
    wanted: Annotated[NewRuleset, Body()], database: DatabaseDep, esi: EsiDep, new_id: NewIdDep
) -> Response:
    """Add a ruleset. Ids are looked up at ESI; while it cannot be asked they are taken as they are, and told."""
    given: dict[str, Any] = {"id": new_id(), **wanted.model_dump(by_alias=False)}
    given["names"] = names_by_id(given, {}, await _resolve_names(esi, given, {}, {}))
    async with database.transaction() as session:
        await session.plain(sql.LOCK_RULESETS, {})
        await _write(session, sql.INSERT, given)
        ruleset = await _require_ruleset(session, sql.RULESET, given)
    return _ruleset_response(ruleset, 201)


@router.get("/api/ingestion/rulesets/{ruleset_id}", response_model=RulesetItem, responses=_ERROR_RESPONSES)
async def get_ruleset(ruleset_id: UUID, database: DatabaseDep) -> Response:
    """One ruleset."""
    async with database.session() as session:
        return _ruleset_response(await _require_ruleset(session, sql.RULESET, {"id": ruleset_id}))


@router.get("/api/ingestion/rulesets/{ruleset_id}/history", response_model=Versions)
async def list_versions(ruleset_id: UUID, query: Annotated[Page, Query()], database: DatabaseDep) -> Response:
    """What the ruleset was, newest first; also of a deleted one."""
    given = {"id": ruleset_id, **query.model_dump()}
    async with database.session() as session:
        rows = await session.plain(sql.HISTORY, given)
        total = await session.scalar(sql.HISTORY_COUNT, given)
    versions = [Version(changed_at=at, ruleset=RulesetItem.model_validate(version)) for version, at in rows]
    return uncached_response(Versions(versions=versions, total=total, limit=query.limit, offset=query.offset))


@router.put(
    "/api/ingestion/rulesets/{ruleset_id}",
    response_model=RulesetItem,
    responses=_ERROR_RESPONSES,
    dependencies=[RequiresToken],
)
async def change_ruleset(
    ruleset_id: UUID,
    change: Annotated[RulesetChange, Body()],
    database: DatabaseDep,
    esi: EsiDep,
    if_match: IfMatch = None,
) -> Response:
    """Change what is given and leave the rest. With If-Match only what the caller has seen."""
    return _ruleset_response(
        await _change_ruleset(database, esi, Selection(sql.RULESET, {"id": ruleset_id}), change, if_match)
    )


@router.delete(
    "/api/ingestion/rulesets/{ruleset_id}", status_code=204, responses=_ERROR_RESPONSES, dependencies=[RequiresToken]
)
async def delete_ruleset(ruleset_id: UUID, database: DatabaseDep, if_match: IfMatch = None) -> Response:
    """Delete a ruleset; its history stays."""
    async with database.transaction() as session:
        await session.plain(sql.LOCK_RULESETS, {})
        ruleset = await _require_ruleset(session, sql.RULESET, {"id": ruleset_id})
        _check_if_match(ruleset, if_match)
        if ruleset.is_active:
            raise HTTPException(409, "The active ruleset stays: activate another one first.")
        await session.plain(sql.DELETE, {"id": ruleset_id})
    return Response(status_code=204)


@router.get("/api/rulesets/current", response_model=RulesetItem, responses=_ERROR_RESPONSES)
async def get_current(database: DatabaseDep) -> Response:
    """The active ruleset."""
    async with database.session() as session:
        return _ruleset_response(await _require_ruleset(session, sql.ACTIVE_RULESET, {}))


@router.put(
    "/api/rulesets/current", response_model=RulesetItem, responses=_ERROR_RESPONSES, dependencies=[RequiresToken]
)
async def change_current(
    change: Annotated[RulesetChange, Body()], database: DatabaseDep, esi: EsiDep, if_match: IfMatch = None
) -> Response:
    """Change the active ruleset in part."""
    return _ruleset_response(await _change_ruleset(database, esi, Selection(sql.ACTIVE_RULESET, {}), change, if_match))


@router.get("/api/admin/config/ingest", response_model=ConfigItem, responses=_ERROR_RESPONSES)
async def get_config(database: DatabaseDep) -> Response:
    """The active ruleset as the configuration of ingestion."""
    async with database.session() as session:
        ruleset = await _require_ruleset(session, sql.ACTIVE_RULESET, {})
    return uncached_response(ConfigItem(ruleset=ruleset), etag=etag(ruleset))


@router.put(
    "/api/admin/config/ingest", response_model=Success, responses=_ERROR_RESPONSES, dependencies=[RequiresToken]
)
async def change_config(
    wanted: Annotated[ConfigChange, Body()], database: DatabaseDep, esi: EsiDep, if_match: IfMatch = None
) -> Response:
    """Change the active ruleset in part."""
    ruleset = await _change_ruleset(database, esi, Selection(sql.ACTIVE_RULESET, {}), wanted.ruleset, if_match)
    return uncached_response(Success(unverified_ids=ruleset.unverified_ids), etag=etag(ruleset))


class Selection(NamedTuple):
    statement: LiteralString
    given: dict[str, Any]


async def _change_ruleset(
    database: DatabaseDep, esi: EsiDep, selection: Selection, change: RulesetChange, if_match: str | None
) -> RulesetItem:
    """ESI is asked before the transaction: nobody else should wait for it."""
    async with database.session() as session:
        seen = await _require_ruleset(session, *selection)
    _check_if_match(seen, if_match)
    _merge_fields(seen, change)
    rulesets = await _resolve_names(esi, change.changed_fields, seen.lists, seen.names)
    async with database.transaction() as session:
        await session.plain(sql.LOCK_RULESETS, {})
        before = await _require_ruleset(session, *selection)
        _check_if_match(before, if_match)
        terms = _merge_fields(before, change)
        if before.is_active and not terms.is_active:
            raise HTTPException(409, "One ruleset is always active: activate another one instead.")
        row: dict[str, Any] = {"id": before.id, "updated_by": change.updated_by, **terms.model_dump(by_alias=False)}
        await _write(session, sql.UPDATE, row | {"names": names_by_id(row, before.names, rulesets)})
        return await _require_ruleset(session, sql.RULESET, row)


async def _resolve_names(esi: EsiDep, wanted: IdLists, before: IdLists, named: Mapping[str, str]) -> NameLookup:
    """What ESI says of the ids that are new.

    Raises:
        HTTPException: some are nobody, or of another kind.
    """
    rulesets = await esi.resolve_names(asked) if (asked := ids_to_resolve(wanted, before, named)) else NameLookup()
    if said := " ".join(validation_errors(wanted, rulesets)):
        raise HTTPException(400, said)
    return rulesets


def _merge_fields(before: RulesetItem, change: RulesetChange) -> RulesetFields:
    if not change.changed_fields:
        raise HTTPException(400, "Nothing to change was given.")
    try:
        return apply_change(before, change)
    except ValidationError as error:
        raise HTTPException(400, f"{error.errors()[0]['msg'].removeprefix('Value error, ')}.") from error


async def _write(session: Session, statement: LiteralString, row: dict[str, Any]) -> None:
    """The one active before steps down first: at no time there are two."""
    lists = {name: list(row[name]) for name in LISTS}  # to the driver a tuple is a row
    if row["is_active"]:
        await session.plain(sql.DEACTIVATE, row)
    await session.plain(statement, row | lists | {"names": json.dumps(row["names"])})


async def _require_ruleset(session: Session, selection: LiteralString, given: dict[str, Any]) -> RulesetItem:
    ruleset = await session.row(RulesetItem, selection, given)
    if ruleset is None:
        raise HTTPException(404, f"There is no ruleset {given['id']}." if "id" in given else "No ruleset is active.")
    return ruleset


def _check_if_match(ruleset: RulesetItem, if_match: str | None) -> None:
    if not matches_etag(ruleset, if_match):
        raise HTTPException(412, "Somebody changed the ruleset since; look at it again.")


def _ruleset_response(ruleset: RulesetItem, status: int = 200) -> Response:
    return uncached_response(ruleset, status, etag=etag(ruleset))
