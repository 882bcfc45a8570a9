"""Where people log in, the author of a change is the character of the login, whatever the request states."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from battle_api_harness import APPLY, ApiHarness, assert_error, change_dependencies

from battle_api.main import app
from battlescope_events.http_api.guard import Role
from battlescope_local.testing.callers import SOMEBODY_ELSE, CallerGuard, authored_operations, player

pytestmark = pytest.mark.postgres
FIRST = "00000000-0000-0000-0000-000000000001"
EDITS = f"/api/battles/{FIRST}/edits"
RENAME = {"kind": "rename", "name": "Siege"}
ADMIN = "/api/admin/battles"
RANGE = {"startTime": "2026-03-01T19:00:00Z", "endTime": "2026-03-01T20:00:00Z"}
STATED = {"author": SOMEBODY_ELSE}
EXAMPLES: Mapping[str, tuple[str, dict[str, Any]]] = {
    "POST /api/battles/{battle_id}/edits": (EDITS, RENAME),
    "POST /api/battles/{battle_id}/edit-batches": (f"/api/battles/{FIRST}/edit-batches", {"edits": [RENAME | STATED]}),
    "DELETE /api/battles/{battle_id}/edits/{edit_id}": (EDITS + "/{id}", {}),
    "POST /api/admin/battles/recluster": (f"{ADMIN}/recluster", RANGE),
    "POST /api/admin/battles/recluster/jobs/{job_id}/cancel": (f"{ADMIN}/recluster/jobs/{{id}}/cancel", {}),
    "POST /api/admin/battles/republish": (f"{ADMIN}/republish", {}),
    "POST /api/admin/battles/republish/jobs/{job_id}/cancel": (f"{ADMIN}/republish/jobs/{{id}}/cancel", {}),
    "PUT /api/admin/config/clusterer": ("/api/admin/config/clusterer", {"minKills": 3}),
}
COLUMNS = (
    "battle_edits.author",
    "battle_edits.undone_by",
    "reclustering_jobs.requested_by",
    "reclustering_jobs.cancelled_by",
    "republish_jobs.requested_by",
    "republish_jobs.cancelled_by",
    "clustering_configuration.updated_by",
)


def test_every_operation_whose_body_states_an_author_has_an_example() -> None:
    assert authored_operations(app.openapi()) == EXAMPLES.keys()


async def send(harness: ApiHarness, operation: str, item_id: str = "") -> dict[str, Any]:
    path, body = EXAMPLES[operation]
    stated = {} if "edits" in body else STATED
    response = await harness.api.request(
        operation.partition(" ")[0],
        path.format(id=item_id),
        json=body | stated,
        headers={"if-match": '"3"'} if operation.startswith("POST /api/battles") else {},
    )
    assert response.is_success, response.text
    return response.json()


async def test_no_change_is_stored_under_the_name_that_the_request_states(harness: ApiHarness) -> None:
    change_dependencies(guard=CallerGuard(player(1)))
    async with harness.cluster(APPLY):
        made = await send(harness, "POST /api/battles/{battle_id}/edits")
        await send(harness, "DELETE /api/battles/{battle_id}/edits/{edit_id}", made["id"])
        batch = await send(harness, "POST /api/battles/{battle_id}/edit-batches")
    for kind in ("recluster", "republish"):
        job = await send(harness, f"POST /api/admin/battles/{kind}")
        await send(harness, f"POST /api/admin/battles/{kind}/jobs/{{job_id}}/cancel", job["jobId"])
    await send(harness, "PUT /api/admin/config/clusterer")
    for column in COLUMNS:
        table, _, name = column.partition(".")
        assert set(harness.sql(f"SELECT DISTINCT {name} FROM {table} WHERE {name} IS NOT NULL")) == {("Pilot 1",)}, (
            column
        )
    assert (batch["items"][0]["author"], batch["items"][0]["authorCharacterId"]) == ("Pilot 1", "2112000001")
    undone = (await harness.api.get(f"{EDITS}/{made['id']}")).json()
    assert (undone["undoneBy"], undone["undoneByCharacterId"]) == ("Pilot 1", "2112000001")


async def test_character_whose_name_the_session_lacks_is_named_by_its_id(harness: ApiHarness) -> None:
    change_dependencies(guard=CallerGuard(replace(player(1), character_name=None)))
    made = await send(harness, "POST /api/battles/{battle_id}/edits")
    assert made["author"] == "Unknown Character #2112000001"


async def test_without_logins_the_author_is_who_the_request_states(harness: ApiHarness) -> None:
    made = await send(harness, "POST /api/battles/{battle_id}/edits")
    assert (made["author"], made["authorCharacterId"]) == (SOMEBODY_ELSE, None)


async def test_author_and_directors_undo_an_edit_and_nobody_else(harness: ApiHarness) -> None:
    ann, bob, director = (
        player(number, role, is_super_admin=False) for number, role in ((1, Role.FC), (2, Role.FC), (3, Role.DIRECTOR))
    )
    async with harness.cluster(APPLY):
        for undoer in (ann, director):
            change_dependencies(guard=CallerGuard(ann))
            made = await send(harness, "POST /api/battles/{battle_id}/edits")
            change_dependencies(guard=CallerGuard(bob))
            refused = await harness.api.request("DELETE", f"{EDITS}/{made['id']}", json=STATED)
            assert_error(refused, 403, "Only its author and directors may undo an edit.")
            change_dependencies(guard=CallerGuard(undoer))
            undone = await send(harness, "DELETE /api/battles/{battle_id}/edits/{edit_id}", made["id"])
            assert undone["undoneBy"] == undoer.character_name


async def test_edit_that_was_made_without_a_login_is_undone_by_directors(harness: ApiHarness) -> None:
    made = await send(harness, "POST /api/battles/{battle_id}/edits")
    change_dependencies(guard=CallerGuard(player(1, Role.FC, is_super_admin=False)))
    refused = await harness.api.request("DELETE", f"{EDITS}/{made['id']}", json={})
    assert_error(refused, 403, "directors")
    change_dependencies(guard=CallerGuard(player(2, Role.DIRECTOR, is_super_admin=False)))
    assert (await harness.api.request("DELETE", f"{EDITS}/{made['id']}", json={})).status_code in {200, 202}
