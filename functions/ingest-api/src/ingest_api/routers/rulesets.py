"""Routes of rulesets. ingest-poll applies a change to new killmails when it reloads rulesets, within five minutes."""

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
    412: {"description": "The ruleset has changed since."},
}
IfMatch = Annotated[str | None, Header(description="The ETag of the ruleset that the client has seen.")]

router = APIRouter(tags=["rulesets"])


@router.get("/api/ingestion/rulesets", response_model=Rulesets)
async def list_rulesets(query: Annotated[Page, Query()], database: DatabaseDep) -> Response:
    """List all rulesets, the active one first."""
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
    new_ruleset: Annotated[NewRuleset, Body()], database: DatabaseDep, esi: EsiDep, new_id: NewIdDep
) -> Response:
    """Add a ruleset. ESI validates its ids; while ESI is unavailable, they are accepted as `unverifiedIds`."""
    row: dict[str, Any] = {"id": new_id(), **new_ruleset.model_dump(by_alias=False)}
    row["names"] = names_by_id(row, {}, await _resolve_names(esi, row, {}, {}))
    async with database.transaction() as session:
        await session.execute(sql.LOCK_RULESETS, {})
        await _write(session, sql.INSERT, row)
        ruleset = await _require_ruleset(session, sql.RULESET, row)
    return _ruleset_response(ruleset, 201)


@router.get("/api/ingestion/rulesets/{ruleset_id}", response_model=RulesetItem, responses=_ERROR_RESPONSES)
async def get_ruleset(ruleset_id: UUID, database: DatabaseDep) -> Response:
    """Get a ruleset."""
    async with database.session() as session:
        return _ruleset_response(await _require_ruleset(session, sql.RULESET, {"id": ruleset_id}))


@router.get("/api/ingestion/rulesets/{ruleset_id}/history", response_model=Versions)
async def list_versions(ruleset_id: UUID, query: Annotated[Page, Query()], database: DatabaseDep) -> Response:
    """List the versions of a ruleset, newest first; also of a deleted one."""
    params = {"id": ruleset_id, **query.model_dump()}
    async with database.session() as session:
        rows = await session.execute(sql.HISTORY, params)
        total = await session.scalar(sql.HISTORY_COUNT, params)
    versions = [Version(changed_at=time, ruleset=RulesetItem.model_validate(version)) for version, time in rows]
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
    """Change the given fields. With If-Match only if its ETag is the current one."""
    selection = Selection(sql.RULESET, {"id": ruleset_id})
    return _ruleset_response(await _change_ruleset(database, esi, selection, change, if_match))


@router.delete(
    "/api/ingestion/rulesets/{ruleset_id}",
    status_code=204,
    responses=_ERROR_RESPONSES,
    dependencies=[RequiresToken],
)
async def delete_ruleset(ruleset_id: UUID, database: DatabaseDep, if_match: IfMatch = None) -> Response:
    """Delete a ruleset; its versions stay readable."""
    async with database.transaction() as session:
        await session.execute(sql.LOCK_RULESETS, {})
        ruleset = await _require_ruleset(session, sql.RULESET, {"id": ruleset_id})
        _check_if_match(ruleset, if_match)
        if ruleset.is_active:
            raise HTTPException(409, "The active ruleset cannot be deleted; activate another one first.")
        await session.execute(sql.DELETE, {"id": ruleset_id})
    return Response(status_code=204)


@router.get("/api/rulesets/current", response_model=RulesetItem, responses=_ERROR_RESPONSES)
async def get_current(database: DatabaseDep) -> Response:
    """Get the active ruleset."""
    async with database.session() as session:
        return _ruleset_response(await _require_ruleset(session, sql.ACTIVE_RULESET, {}))


@router.put(
    "/api/rulesets/current", response_model=RulesetItem, responses=_ERROR_RESPONSES, dependencies=[RequiresToken]
)
async def change_current(
    change: Annotated[RulesetChange, Body()], database: DatabaseDep, esi: EsiDep, if_match: IfMatch = None
) -> Response:
    """Change the given fields of the active ruleset."""
    selection = Selection(sql.ACTIVE_RULESET, {})
    return _ruleset_response(await _change_ruleset(database, esi, selection, change, if_match))


@router.get("/api/admin/config/ingest", response_model=ConfigItem, responses=_ERROR_RESPONSES)
async def get_config(database: DatabaseDep) -> Response:
    """Get the active ruleset as configuration of ingestion."""
    async with database.session() as session:
        ruleset = await _require_ruleset(session, sql.ACTIVE_RULESET, {})
    return uncached_response(ConfigItem(ruleset=ruleset), etag=etag(ruleset))


@router.put(
    "/api/admin/config/ingest", response_model=Success, responses=_ERROR_RESPONSES, dependencies=[RequiresToken]
)
async def change_config(
    change: Annotated[ConfigChange, Body()], database: DatabaseDep, esi: EsiDep, if_match: IfMatch = None
) -> Response:
    """Change the given fields of the active ruleset."""
    selection = Selection(sql.ACTIVE_RULESET, {})
    ruleset = await _change_ruleset(database, esi, selection, change.ruleset, if_match)
    return uncached_response(Success(unverified_ids=ruleset.unverified_ids), etag=etag(ruleset))


class Selection(NamedTuple):
    """A statement that selects one ruleset, with its parameters."""

    statement: LiteralString
    params: dict[str, Any]


async def _change_ruleset(
    database: DatabaseDep, esi: EsiDep, selection: Selection, change: RulesetChange, if_match: str | None
) -> RulesetItem:
    """Resolve new ids before the transaction, so that no other writer waits for ESI."""
    async with database.session() as session:
        preview = await _require_ruleset(session, *selection)
    _check_if_match(preview, if_match)
    _merge_fields(preview, change)
    lookup = await _resolve_names(esi, change.changed_fields, preview.lists, preview.names)
    async with database.transaction() as session:
        await session.execute(sql.LOCK_RULESETS, {})
        previous = await _require_ruleset(session, *selection)
        _check_if_match(previous, if_match)
        fields = _merge_fields(previous, change)
        if previous.is_active and not fields.is_active:
            raise HTTPException(409, "One ruleset must be active; activate another one instead.")
        row: dict[str, Any] = {"id": previous.id, "updated_by": change.updated_by, **fields.model_dump(by_alias=False)}
        await _write(session, sql.UPDATE, row | {"names": names_by_id(row, previous.names, lookup)})
        return await _require_ruleset(session, sql.RULESET, row)


async def _resolve_names(esi: EsiDep, requested: IdLists, previous: IdLists, names: Mapping[str, str]) -> NameLookup:
    """Look up the new ids at ESI.

    Raises:
        HTTPException: ids do not exist or have another category (400).
    """
    new_ids = ids_to_resolve(requested, previous, names)
    lookup = await esi.resolve_names(new_ids) if new_ids else NameLookup()
    if errors := " ".join(validation_errors(requested, lookup)):
        raise HTTPException(400, errors)
    return lookup


def _merge_fields(previous: RulesetItem, change: RulesetChange) -> RulesetFields:
    """The fields of the ruleset after the change.

    Raises:
        HTTPException: the change is empty, or its result is not a valid ruleset (400).
    """
    if not change.changed_fields:
        raise HTTPException(400, "The request changes nothing.")
    try:
        return apply_change(previous, change)
    except ValidationError as error:
        raise HTTPException(400, f"{error.errors()[0]['msg'].removeprefix('Value error, ')}.") from error


async def _write(session: Session, statement: LiteralString, row: dict[str, Any]) -> None:
    """Deactivate the active ruleset first, so that two rulesets are never active."""
    lists = {name: list(row[name]) for name in LISTS}  # psycopg adapts a tuple to a composite, a list to an array
    if row["is_active"]:
        await session.execute(sql.DEACTIVATE, row)
    await session.execute(statement, row | lists | {"names": json.dumps(row["names"])})


async def _require_ruleset(session: Session, statement: LiteralString, params: dict[str, Any]) -> RulesetItem:
    ruleset = await session.row(RulesetItem, statement, params)
    if ruleset is None:
        message = f"There is no ruleset {params['id']}." if "id" in params else "No ruleset is active."
        raise HTTPException(404, message)
    return ruleset


def _check_if_match(ruleset: RulesetItem, if_match: str | None) -> None:
    if not matches_etag(ruleset, if_match):
        raise HTTPException(412, "The ruleset has changed since; load it again.")


def _ruleset_response(ruleset: RulesetItem, status: int = 200) -> Response:
    return uncached_response(ruleset, status, etag=etag(ruleset))
