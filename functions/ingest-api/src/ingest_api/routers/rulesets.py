"""Routes of rulesets. ingest-poll applies a change to new killmails when it reloads rulesets, within five minutes."""

from collections.abc import Mapping
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Body, Header, Query, Request
from fastapi.responses import Response
from pydantic import ValidationError

from battlescope_events.http_api.conditional import IF_MATCH_PATTERN, check_if_match, quoted
from battlescope_events.http_api.description import headers, links
from battlescope_events.http_api.errors import ApiError, problem
from battlescope_events.http_api.guard import Caller, CurrentCaller
from battlescope_events.http_api.request_types import OffsetPage
from battlescope_events.http_api.responses import current_response, uncached_response
from battlescope_events.http_api.routing import ApiRouter
from battlescope_events.http_api.validation_messages import validation_message
from ingest_api.clients.esi import EsiClient
from ingest_api.dependencies import Dependencies, Deps
from ingest_api.domain.entity_validation import IdLists, NameLookup, ids_to_resolve, names_by_id, validation_errors
from ingest_api.repositories.rulesets import RulesetRepository, RulesetRow
from ingest_api.rights import CONTROLS_INGESTION, READS_INGESTION
from ingest_api.schemas.rulesets import (
    ConfigChange,
    ConfigItem,
    NewRuleset,
    RulesetChange,
    RulesetFields,
    RulesetItem,
    Rulesets,
    Success,
    Versions,
    apply_change,
)

_NEXT: Final = links(
    {
        "ruleset": "get_ruleset_api_ingestion_rulesets__ruleset_id__get",
        "change": "change_ruleset_api_ingestion_rulesets__ruleset_id__put",
        "delete": "delete_ruleset_api_ingestion_rulesets__ruleset_id__delete",
        "history": "list_versions_api_ingestion_rulesets__ruleset_id__history_get",
    },
    ruleset_id="$response.body#/id",
)
_VERSION: Final[dict[str, Any]] = {"headers": headers(ETag="The version of the ruleset.")}
_NO_RULESET: Final[dict[int | str, dict[str, Any]]] = {404: problem("There is no such ruleset.")}
_ERROR_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    **_NO_RULESET,
    409: problem("One ruleset must stay active."),
    412: problem("The ruleset has changed since."),
}
_READS: Final[dict[str, Any]] = {"responses": _NO_RULESET, "dependencies": [READS_INGESTION]}
_WRITES: Final[dict[str, Any]] = {
    "responses": {**_ERROR_RESPONSES, 200: _VERSION},
    "dependencies": [CONTROLS_INGESTION],
}
_DELETES: Final[dict[str, Any]] = {"responses": _ERROR_RESPONSES, "dependencies": [CONTROLS_INGESTION]}
IfMatch = Annotated[
    str | None,
    Header(
        description="The ETag of the ruleset that the client has seen, or `*`.",
        json_schema_extra={"pattern": IF_MATCH_PATTERN, "minLength": 1},
    ),
]

ACTIVE: Final = None  # instead of an id: the active ruleset

router = ApiRouter(tags=["rulesets"])


@router.get("/api/ingestion/rulesets", response_model=Rulesets, dependencies=[READS_INGESTION])
async def list_rulesets(request: Request, query: Annotated[OffsetPage, Query()], deps: Deps) -> Response:
    """List all rulesets, the active one first."""
    async with deps.database.connection() as connection:
        rulesets = RulesetRepository(connection)
        page = await rulesets.page(query.limit, query.offset)
        total = await rulesets.count()
    body = Rulesets(rulesets=page, total=total, limit=query.limit, offset=query.offset)
    return current_response(request, body)


@router.post(
    "/api/ingestion/rulesets",
    response_model=RulesetItem,
    status_code=201,
    responses={201: {"links": _NEXT, **_VERSION}},
    dependencies=[CONTROLS_INGESTION],
)
async def add_ruleset(new_ruleset: Annotated[NewRuleset, Body()], deps: Deps, caller: CurrentCaller) -> Response:
    """Add a ruleset. ESI validates its ids; while ESI is unavailable, they are accepted as `unverifiedIds`."""
    fields = RulesetFields.model_validate(new_ruleset.model_dump(by_alias=False, exclude={"updated_by"}))
    lists = fields.model_dump(by_alias=False)
    names = names_by_id(lists, {}, await _resolve_names(deps.esi, lists, {}, {}))
    row = RulesetRow(deps.new_id(), fields, names, caller.author(new_ruleset.updated_by))
    async with deps.database.transaction() as connection:
        rulesets = RulesetRepository(connection)
        await rulesets.lock()
        await _check_name(rulesets, fields.name, row.id)
        await rulesets.insert(row)
        ruleset = await _require_ruleset(rulesets, row.id)
    return _ruleset_response(ruleset, 201)


@router.get("/api/ingestion/rulesets/{ruleset_id}", response_model=RulesetItem, **_READS)
async def get_ruleset(request: Request, ruleset_id: UUID, deps: Deps) -> Response:
    """Get a ruleset."""
    ruleset = await _load_ruleset(deps, ruleset_id)
    return current_response(request, ruleset, _etag(ruleset))


@router.get("/api/ingestion/rulesets/{ruleset_id}/history", response_model=Versions, **_READS)
async def list_versions(
    request: Request, ruleset_id: UUID, query: Annotated[OffsetPage, Query()], deps: Deps
) -> Response:
    """List the versions of a ruleset, newest first; also of a deleted one."""
    async with deps.database.connection() as connection:
        rulesets = RulesetRepository(connection)
        versions = await rulesets.versions(ruleset_id, query.limit, query.offset)
        total = await rulesets.count_versions(ruleset_id)
        if not total and not await rulesets.exists(ruleset_id):
            raise _no_ruleset(ruleset_id)
    body = Versions(versions=versions, total=total, limit=query.limit, offset=query.offset)
    return current_response(request, body)


@router.put("/api/ingestion/rulesets/{ruleset_id}", response_model=RulesetItem, **_WRITES)
async def change_ruleset(
    ruleset_id: UUID,
    change: Annotated[RulesetChange, Body()],
    deps: Deps,
    caller: CurrentCaller,
    if_match: IfMatch = None,
) -> Response:
    """Change the given fields. With If-Match only if its ETag is the current one."""
    return _ruleset_response(await _change_ruleset(deps, ruleset_id, change, caller, if_match))


@router.delete("/api/ingestion/rulesets/{ruleset_id}", status_code=204, **_DELETES)
async def delete_ruleset(ruleset_id: UUID, deps: Deps, if_match: IfMatch = None) -> Response:
    """Delete a ruleset; its versions stay readable."""
    async with deps.database.transaction() as connection:
        rulesets = RulesetRepository(connection)
        await rulesets.lock()
        ruleset = await _require_ruleset(rulesets, ruleset_id)
        _check_if_match(ruleset, if_match)
        if ruleset.is_active:
            raise ApiError(409, "The active ruleset cannot be deleted; activate another one first.")
        await rulesets.delete(ruleset_id)
    return Response(status_code=204)


@router.get("/api/rulesets/current", response_model=RulesetItem, **_READS)
async def get_current(request: Request, deps: Deps) -> Response:
    """Get the active ruleset."""
    ruleset = await _load_ruleset(deps, ACTIVE)
    return current_response(request, ruleset, _etag(ruleset))


@router.put("/api/rulesets/current", response_model=RulesetItem, **_WRITES)
async def change_current(
    change: Annotated[RulesetChange, Body()], deps: Deps, caller: CurrentCaller, if_match: IfMatch = None
) -> Response:
    """Change the given fields of the active ruleset."""
    return _ruleset_response(await _change_ruleset(deps, ACTIVE, change, caller, if_match))


@router.get("/api/admin/config/ingest", response_model=ConfigItem, **_READS)
async def get_config(request: Request, deps: Deps) -> Response:
    """Get the active ruleset as configuration of ingestion."""
    ruleset = await _load_ruleset(deps, ACTIVE)
    return current_response(request, ConfigItem(ruleset=ruleset), _etag(ruleset))


@router.put("/api/admin/config/ingest", response_model=Success, **_WRITES)
async def change_config(
    change: Annotated[ConfigChange, Body()], deps: Deps, caller: CurrentCaller, if_match: IfMatch = None
) -> Response:
    """Change the given fields of the active ruleset."""
    ruleset = await _change_ruleset(deps, ACTIVE, change.ruleset, caller, if_match)
    return uncached_response(Success(unverified_ids=ruleset.unverified_ids), etag=_etag(ruleset))


async def _change_ruleset(
    deps: Dependencies, ruleset_id: UUID | None, change: RulesetChange, caller: Caller, if_match: str | None
) -> RulesetItem:
    """Resolve new ids before the transaction, so that no other writer waits for ESI."""
    preview = await _load_ruleset(deps, ruleset_id)
    _check_if_match(preview, if_match)
    _merge_fields(preview, change)
    lookup = await _resolve_names(deps.esi, change.changed_fields, preview.lists, preview.names)
    async with deps.database.transaction() as connection:
        rulesets = RulesetRepository(connection)
        await rulesets.lock()
        previous = await _require_ruleset(rulesets, ruleset_id)
        _check_if_match(previous, if_match)
        fields = _merge_fields(previous, change)
        if previous.is_active and not fields.is_active:
            raise ApiError(409, "One ruleset must be active; activate another one instead.")
        if fields.name != previous.name:  # two that have one name already can still be changed
            await _check_name(rulesets, fields.name, previous.id)
        names = names_by_id(fields.model_dump(by_alias=False), previous.names, lookup)
        await rulesets.update(RulesetRow(previous.id, fields, names, caller.author(change.updated_by)))
        return await _require_ruleset(rulesets, previous.id)


async def _resolve_names(esi: EsiClient, requested: IdLists, previous: IdLists, names: Mapping[str, str]) -> NameLookup:
    """Look up the new ids at ESI.

    Raises:
        ApiError: ids do not exist or have another category (400).
    """
    new_ids = ids_to_resolve(requested, previous, names)
    lookup = await esi.resolve_names(new_ids) if new_ids else NameLookup()
    if errors := " ".join(validation_errors(requested, lookup)):
        raise ApiError(400, errors)
    return lookup


def _merge_fields(previous: RulesetItem, change: RulesetChange) -> RulesetFields:
    """The fields of the ruleset after the change.

    Raises:
        ApiError: the change is empty, or its result is not a valid ruleset (400).
    """
    if not change.changed_fields:
        raise ApiError(400, "The request changes nothing.")
    try:
        return apply_change(previous, change)
    except ValidationError as error:
        errors = [{**details, "loc": ("body", *details["loc"])} for details in error.errors()]
        raise ApiError(400, validation_message(errors)) from error


async def _load_ruleset(deps: Dependencies, ruleset_id: UUID | None) -> RulesetItem:
    async with deps.database.connection() as connection:
        return await _require_ruleset(RulesetRepository(connection), ruleset_id)


async def _require_ruleset(rulesets: RulesetRepository, ruleset_id: UUID | None) -> RulesetItem:
    ruleset = await (rulesets.find(ruleset_id) if ruleset_id else rulesets.find_active())
    if ruleset is None:
        raise _no_ruleset(ruleset_id) if ruleset_id else ApiError(404, "No ruleset is active.")
    return ruleset


def _no_ruleset(ruleset_id: UUID) -> ApiError:
    return ApiError(404, f"There is no ruleset {ruleset_id}.")


async def _check_name(rulesets: RulesetRepository, name: str, ruleset_id: UUID) -> None:
    if await rulesets.is_name_taken(name, ruleset_id):
        raise ApiError(400, f"name: another ruleset has the name {name} already.")


def _check_if_match(ruleset: RulesetItem, if_match: str | None) -> None:
    check_if_match(if_match, _etag(ruleset), "The ruleset has changed since; load it again.")


def _etag(ruleset: RulesetItem) -> str:
    return quoted(ruleset.updated_at.isoformat())


def _ruleset_response(ruleset: RulesetItem, status: int = 200) -> Response:
    return uncached_response(ruleset, status, etag=_etag(ruleset))
