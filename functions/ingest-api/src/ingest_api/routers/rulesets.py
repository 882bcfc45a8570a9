"""Routes of rulesets. ingest-poll applies a change to new killmails when it reloads rulesets, within five minutes."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Body, Header, Query, Request
from fastapi.responses import Response

from battlescope_events.http_api.conditional import IF_MATCH_PATTERN
from battlescope_events.http_api.description import headers, links
from battlescope_events.http_api.errors import problem
from battlescope_events.http_api.guard import CurrentCaller
from battlescope_events.http_api.request_types import OffsetPage
from battlescope_events.http_api.responses import current_response, uncached_response
from battlescope_events.http_api.routing import ApiRouter
from ingest_api.dependencies import Deps
from ingest_api.rights import CONTROLS_INGESTION, READS_INGESTION
from ingest_api.schemas.rulesets import (
    ConfigChange,
    ConfigItem,
    NewRuleset,
    RulesetChange,
    RulesetItem,
    Rulesets,
    Success,
    Versions,
)
from ingest_api.services.rulesets import ACTIVE, ruleset_etag

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

router = ApiRouter(tags=["rulesets"])


@router.get("/api/ingestion/rulesets", response_model=Rulesets, dependencies=[READS_INGESTION])
async def list_rulesets(request: Request, query: Annotated[OffsetPage, Query()], deps: Deps) -> Response:
    """List all rulesets, the active one first."""
    return current_response(request, await deps.rulesets.page(query.limit, query.offset))


@router.post(
    "/api/ingestion/rulesets",
    response_model=RulesetItem,
    status_code=201,
    responses={201: {"links": _NEXT, **_VERSION}},
    dependencies=[CONTROLS_INGESTION],
)
async def add_ruleset(new_ruleset: Annotated[NewRuleset, Body()], deps: Deps, caller: CurrentCaller) -> Response:
    """Add a ruleset. ESI validates its ids; while ESI is unavailable, they are accepted as `unverifiedIds`."""
    return _ruleset_response(await deps.rulesets.add(new_ruleset, caller), 201)


@router.get("/api/ingestion/rulesets/{ruleset_id}", response_model=RulesetItem, **_READS)
async def get_ruleset(request: Request, ruleset_id: UUID, deps: Deps) -> Response:
    """Get a ruleset."""
    ruleset = await deps.rulesets.load(ruleset_id)
    return current_response(request, ruleset, ruleset_etag(ruleset))


@router.get("/api/ingestion/rulesets/{ruleset_id}/history", response_model=Versions, **_READS)
async def list_versions(
    request: Request, ruleset_id: UUID, query: Annotated[OffsetPage, Query()], deps: Deps
) -> Response:
    """List the versions of a ruleset, newest first; also of a deleted one."""
    return current_response(request, await deps.rulesets.versions(ruleset_id, query.limit, query.offset))


@router.put("/api/ingestion/rulesets/{ruleset_id}", response_model=RulesetItem, **_WRITES)
async def change_ruleset(
    ruleset_id: UUID,
    change: Annotated[RulesetChange, Body()],
    deps: Deps,
    caller: CurrentCaller,
    if_match: IfMatch = None,
) -> Response:
    """Change the given fields. With If-Match only if its ETag is the current one."""
    return _ruleset_response(await deps.rulesets.change(ruleset_id, change, caller, if_match))


@router.delete("/api/ingestion/rulesets/{ruleset_id}", status_code=204, **_DELETES)
async def delete_ruleset(ruleset_id: UUID, deps: Deps, if_match: IfMatch = None) -> Response:
    """Delete a ruleset; its versions stay readable."""
    await deps.rulesets.delete(ruleset_id, if_match)
    return Response(status_code=204)


@router.get("/api/rulesets/current", response_model=RulesetItem, **_READS)
async def get_current(request: Request, deps: Deps) -> Response:
    """Get the active ruleset."""
    ruleset = await deps.rulesets.load(ACTIVE)
    return current_response(request, ruleset, ruleset_etag(ruleset))


@router.put("/api/rulesets/current", response_model=RulesetItem, **_WRITES)
async def change_current(
    change: Annotated[RulesetChange, Body()], deps: Deps, caller: CurrentCaller, if_match: IfMatch = None
) -> Response:
    """Change the given fields of the active ruleset."""
    return _ruleset_response(await deps.rulesets.change(ACTIVE, change, caller, if_match))


@router.get("/api/admin/config/ingest", response_model=ConfigItem, **_READS)
async def get_config(request: Request, deps: Deps) -> Response:
    """Get the active ruleset as configuration of ingestion."""
    ruleset = await deps.rulesets.load(ACTIVE)
    return current_response(request, ConfigItem(ruleset=ruleset), ruleset_etag(ruleset))


@router.put("/api/admin/config/ingest", response_model=Success, **_WRITES)
async def change_config(
    change: Annotated[ConfigChange, Body()], deps: Deps, caller: CurrentCaller, if_match: IfMatch = None
) -> Response:
    """Change the given fields of the active ruleset."""
    ruleset = await deps.rulesets.change(ACTIVE, change.ruleset, caller, if_match)
    return uncached_response(Success(unverified_ids=ruleset.unverified_ids), etag=ruleset_etag(ruleset))


def _ruleset_response(ruleset: RulesetItem, status: int = 200) -> Response:
    return uncached_response(ruleset, status, etag=ruleset_etag(ruleset))
