"""Edits on a real database: storing, publishing, concurrency and undoing."""

import asyncio
import json
from typing import Any

import pytest
from battle_api_harness import APPLY, APPLY_WITH_REVISION, NOW, ApiHarness, assert_error, change_dependencies

from battle_api.main import app
from battle_api.repositories.edits import EditRepository
from battlescope_events.errors import TransientError

pytestmark = pytest.mark.postgres
FIRST = "00000000-0000-0000-0000-000000000001"
SECOND = "00000000-0000-0000-0000-000000000002"
MERGED = "00000000-0000-0000-0000-000000000003"
DELETED = "00000000-0000-0000-0000-000000000004"
RENAME = {"kind": "rename", "name": "Siege"}
ROW = "SELECT kind, killmail_ids, data, author, note, made_at, version, applied_version FROM battle_edits ORDER BY seq"


async def test_edit_is_stored_published_and_returned_once_applied(harness: ApiHarness) -> None:
    async with harness.cluster(APPLY):
        response = await harness.edit(FIRST, {**RENAME, "author": "Ann", "note": " why not "}, wait=10)
    body = response.json()
    assert (response.status_code, body["state"], body["name"], body["version"]) == (200, "applied", "Siege", 1)
    assert response.headers["preference-applied"] == "wait=10"
    assert harness.sql(ROW) == [("rename", [1], {"name": "Siege"}, "Ann", "why not", NOW, 1, 1)]
    (message,) = harness.published
    assert json.loads(message.body) == {"editId": body["id"], "battleId": FIRST, "version": 1}
    headers = {name: message.headers[name] for name in ("ce-type", "ce-source", "ce-subject", "ce-partitionkey")}
    assert headers == {
        "ce-type": "com.battlescope.battle.edit-requested.v1",
        "ce-source": "battle-api",
        "ce-subject": FIRST,
        "ce-partitionkey": FIRST,
    }
    assert harness.sql("SELECT count(*) FROM outbox_messages") == [(0,)]
    edit = await harness.api.get(response.headers["location"])
    assert edit.json() == body


async def test_edit_that_is_not_applied_in_time_is_202(harness: ApiHarness) -> None:
    response = await harness.edit(FIRST, RENAME)
    assert (response.status_code, response.json()["state"], response.json()["author"]) == (202, "pending", "developer")


async def test_event_stays_in_the_outbox_while_the_broker_is_down(harness: ApiHarness) -> None:
    async def unavailable(_: object) -> None:
        raise TransientError("The Broker does not respond.")

    recorder = app.state.dependencies.publish
    change_dependencies(publish=unavailable)
    assert (await harness.edit(FIRST, RENAME)).status_code == 202
    ((headers, body),) = harness.sql("SELECT headers, convert_from(body, 'UTF8') FROM outbox_messages")
    assert (headers["ce-source"], json.loads(body)["version"]) == ("battle-api", 1)
    change_dependencies(publish=recorder)
    assert (await harness.edit(SECOND, RENAME, revision=1)).status_code == 202
    assert [json.loads(message.body)["version"] for message in harness.published] == [1, 2]


@pytest.mark.parametrize(
    ("body", "killmails", "data"),
    [
        ({"kind": "tag", "killmailIds": ["21", "21"]}, [1, 21], {}),
        ({"kind": "tag", "battleIds": [SECOND], "killmailIds": ["21"]}, [1, 11, 21], {}),
        ({"kind": "split", "groups": [["1"], ["3", "2"]]}, [1, 3, 2], {"groups": [[1], [3, 2]]}),
        ({"kind": "exclude", "killmailIds": ["2", "2", "3"]}, [2, 3], {}),
        ({"kind": "scrub", "killmailId": "2", "characterId": "90000001"}, [2], {"characterId": 90000001}),
        ({"kind": "scrub", "killmailId": "2", "characterId": "90000002"}, [2], {"characterId": 90000002}),
        (
            {"kind": "pin", "partyType": "alliance", "partyId": "99000001", "sideId": 2},
            [1, 2, 3],
            {"partyType": "alliance", "partyId": 99000001, "sideId": 2},
        ),
        (
            {"kind": "pin", "partyType": "corporation", "partyId": "98000002", "sideId": 1},
            [1, 2, 3],
            {
                "partyType": "corporation",
                "partyId": 98000002,
                "sideId": 1,
                "beside": {"partyType": "alliance", "partyId": 99000001},
            },
        ),
        ({"kind": "rename", "name": None}, [1], {"name": None}),
    ],
)
async def test_affected_killmails_and_data_of_each_kind(
    harness: ApiHarness, body: dict[str, Any], killmails: list[int], data: dict[str, Any]
) -> None:
    response = await harness.edit(FIRST, body)
    assert response.status_code == 202, response.text
    ((kind, ids, stored_data, *_),) = harness.sql(ROW)
    assert (kind, ids, stored_data) == (body["kind"], killmails, data)


async def test_suggestion_is_accepted_as_a_split(harness: ApiHarness) -> None:
    (suggestion,) = (await harness.api.get(f"/api/battles/{FIRST}")).json()["suggestions"]
    response = await harness.edit(FIRST, {"kind": "split", **suggestion})
    assert response.json()["groups"] == [["1"], ["2", "3"]]


async def test_faction_is_pinned_by_the_first_and_the_last_killmail(harness: ApiHarness) -> None:
    harness.sql(
        f"INSERT INTO battle_side_parties VALUES ('{FIRST}', 'faction', 500001, 1, 'side', 1, 1, 1, 0, 0, 0, 0)"
    )
    await harness.edit(FIRST, {"kind": "pin", "partyType": "faction", "partyId": "500001", "sideId": 2})
    assert harness.sql("SELECT killmail_ids FROM battle_edits") == [([1, 3],)]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"kind": "tag", "killmailIds": ["77"]}, "77 is unknown"),
        ({"kind": "tag", "killmailIds": ["1"]}, "names nothing except"),
        ({"kind": "tag", "battleIds": [DELETED]}, "There is no battle"),
        ({"kind": "tag", "battleIds": [SECOND], "killmailIds": list(range(100, 149))}, "at most 50 killmails"),
        ({"kind": "split", "groups": [["1"], ["11", "12"]]}, "11 is not in this battle (2 such"),
        ({"kind": "exclude", "killmailIds": ["21"]}, "21 is not in this battle"),
        ({"kind": "scrub", "killmailId": "11", "characterId": "90000001"}, "11 is not in this battle"),
        ({"kind": "scrub", "killmailId": "1", "characterId": "5"}, "pilot 5 is not on"),
        ({"kind": "pin", "partyType": "alliance", "partyId": "5", "sideId": 1}, "alliance 5 is not a party"),
        ({"kind": "split", "groups": [["1"], ["1"]]}, "a killmail must be in one group only."),
        ({"kind": "rename", "name": "\0"}, "name: must be one line without control characters."),
        ({"kind": "rename", "name": "\ud800"}, ""),
    ],
)
async def test_reference_outside_the_battle_is_400(harness: ApiHarness, body: dict[str, Any], why: str) -> None:
    harness.sql(
        "INSERT INTO mails SELECT n, system_id, region_id, security_type, occurred_at, value, false, NULL, '' "
        "FROM mails, generate_series(100, 148) n WHERE killmail_id = 1"
    )
    headers = {"if-match": '"3"', "content-type": "application/json"}
    response = await harness.api.post(f"/api/battles/{FIRST}/edits", content=json.dumps(body), headers=headers)
    assert_error(response, 400, why)
    assert harness.sql("SELECT edits_version FROM clustering_configuration") == [(0,)]


async def test_conflict_with_an_active_edit_is_409(harness: ApiHarness) -> None:
    tag, split = {"kind": "tag", "killmailIds": ["1", "2"]}, {"kind": "split", "groups": [["1"], ["2", "3"]]}
    for first, second, why in ((tag, split, "holds some"), (split, tag, "keeps some")):
        edit_id = (await harness.edit(FIRST, first)).json()["id"]
        harness.sql(APPLY)
        assert_error(await harness.edit(FIRST, second), 409, why)
        path = f"/api/battles/{FIRST}/edits/{edit_id}"
        assert (await harness.api.delete(path, headers={"prefer": "wait=0"})).is_success
        harness.sql(APPLY)
    assert (await harness.edit(FIRST, tag)).status_code == 202


async def test_edit_needs_the_current_revision(harness: ApiHarness) -> None:
    assert_error(await harness.edit(FIRST, RENAME, revision=None), 428, "If-Match")
    assert_error(await harness.edit(FIRST, RENAME, revision=2), 412, "at revision 3;")
    response = await harness.api.post(f"/api/battles/{FIRST}/edits", json=RENAME, headers={"if-match": "*"})
    assert_error(response, 400, "in quotes, not *")


async def test_one_of_concurrent_edits_of_the_same_revision_wins(harness: ApiHarness) -> None:
    responses = await asyncio.gather(*(harness.edit(FIRST, RENAME) for _ in range(5)))
    assert sorted(response.status_code for response in responses) == [202, 412, 412, 412, 412]
    loser = next(response for response in responses if response.status_code == 412)
    assert_error(loser, 412, "is about to change the battle")
    assert harness.sql("SELECT count(*), max(version) FROM battle_edits") == [(1, 1)]
    harness.sql(APPLY)
    assert (await harness.edit(FIRST, RENAME)).status_code == 202


async def test_exactly_one_of_sixty_edits_wins_while_battle_cluster_applies_them(harness: ApiHarness) -> None:
    async with harness.cluster(APPLY_WITH_REVISION):
        responses = await asyncio.gather(*(harness.edit(FIRST, RENAME) for _ in range(60)))
    assert {response.status_code for response in responses if not response.is_success} == {412}
    assert sum(response.is_success for response in responses) == 1
    assert harness.sql("SELECT count(*) FROM battle_edits") == [(1,)]


@pytest.mark.parametrize("moment", ["before the reads", "between the reads", "after the reads"])
async def test_edit_that_is_applied_while_another_is_checked_is_not_overlooked(
    harness: ApiHarness, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """Wherever battle-cluster commits, one of the two reads shows the first edit."""
    assert (await harness.edit(FIRST, RENAME)).status_code == 202
    reads: list[str] = []
    for name in ("find_pending", "revision"):
        monkeypatch.setattr(
            EditRepository, name, _applying(getattr(EditRepository, name), name, moment, reads, harness)
        )
    second = await harness.edit(FIRST, {"kind": "rename", "name": "Other"})
    assert_error(second, 412, "revision 4" if moment == "before the reads" else "load it again")
    assert len(reads) == 2
    assert harness.sql("SELECT count(*) FROM battle_edits") == [(1,)]
    assert (await harness.edit(FIRST, RENAME, revision=4)).status_code == 202


def _applying(read: Any, name: str, moment: str, reads: list[str], harness: ApiHarness) -> Any:
    """The read, with battle-cluster's commit before it or after it at this moment of the check."""

    async def read_around_commit(repository: EditRepository, *args: Any) -> Any:
        if not reads and moment == "before the reads":
            harness.sql(APPLY_WITH_REVISION)
        value = await read(repository, *args)
        reads.append(name)
        if len(reads) == {"between the reads": 1, "after the reads": 2}.get(moment, 0):
            harness.sql(APPLY_WITH_REVISION)
        return value

    return read_around_commit


async def test_exactly_one_of_sixty_undos_of_one_revision_wins(harness: ApiHarness) -> None:
    edit_id = (await harness.edit(FIRST, RENAME)).json()["id"]
    harness.sql(APPLY_WITH_REVISION)
    headers, path = {"if-match": '"4"', "prefer": "wait=0"}, f"/api/battles/{FIRST}/edits/{edit_id}"
    async with harness.cluster(APPLY_WITH_REVISION):
        responses = await asyncio.gather(*(harness.api.delete(path, headers=headers) for _ in range(60)))
    assert sum(response.is_success for response in responses) == 1
    assert {response.status_code for response in responses if not response.is_success} == {412}


async def test_pending_edit_blocks_the_battle_for_a_limited_time(harness: ApiHarness) -> None:
    await harness.edit(FIRST, RENAME)
    harness.sql("UPDATE battle_edits SET made_at = made_at - interval '2 minutes'")
    assert (await harness.edit(FIRST, RENAME)).status_code == 202


async def test_undo_publishes_the_edit_again_and_works_once(harness: ApiHarness) -> None:
    async with harness.cluster(APPLY):
        edit = (await harness.edit(FIRST, RENAME, wait=10)).json()
        path = f"/api/battles/{FIRST}/edits/{edit['id']}"
        undone = await harness.api.request("DELETE", path, json={"author": "Bob"}, headers={"prefer": "wait=10"})
    body = undone.json()
    assert (undone.status_code, body["state"], body["undoneBy"], body["version"]) == (200, "undone", "Bob", 2)
    assert [json.loads(message.body)["version"] for message in harness.published] == [1, 2]
    assert len({message.id for message in harness.published}) == 2
    assert_error(await harness.api.delete(path), 409, "already undone")
    assert_error(await harness.api.delete(path, headers={"if-match": '"2"'}), 412, "revision 3")
    other_path = f"/api/battles/{SECOND}/edits/{edit['id']}"
    assert_error(await harness.api.delete(other_path), 404, "has no edit")


async def test_edit_that_deleted_its_battle_can_be_undone(harness: ApiHarness) -> None:
    created = (await harness.edit(SECOND, {"kind": "exclude", "killmailIds": ["11", "12"]}, revision=1)).json()
    harness.sql(f"DELETE FROM battle_killmails WHERE battle_id = '{SECOND}'")
    harness.sql(f"UPDATE battles SET deleted_at = now(), deletion_reason = 'reclustering' WHERE id = '{SECOND}'")
    assert_error(await harness.edit(SECOND, RENAME, revision=1), 410, "gone")
    listed = (await harness.api.get(f"/api/battles/{SECOND}/edits")).json()
    assert [edit["id"] for edit in listed["items"]] == [created["id"]]
    response = await harness.api.delete(f"/api/battles/{SECOND}/edits/{created['id']}", headers={"prefer": "wait=0"})
    assert (response.status_code, response.json()["state"]) == (202, "pending")


async def test_edit_of_a_merged_battle_redirects_to_the_survivor(harness: ApiHarness) -> None:
    response = await harness.edit(MERGED, RENAME, revision=None)
    assert (response.status_code, response.headers["location"]) == (308, f"/api/battles/{FIRST}/edits")
    assert harness.sql("SELECT count(*) FROM battle_edits") == [(0,)]


async def test_edits_that_affect_a_battle_are_listed_newest_first(harness: ApiHarness) -> None:
    for battle, body, revision in (
        (FIRST, RENAME, 3),
        (SECOND, {"kind": "tag", "battleIds": [MERGED]}, 1),
        (SECOND, {"kind": "exclude", "killmailIds": ["12"]}, 1),
    ):
        assert (await harness.edit(battle, body, revision)).status_code == 202
        harness.sql(APPLY)
    harness.sql(
        "INSERT INTO battle_edits (id, battle_id, kind, killmail_ids, author, made_at, version) "
        f"VALUES (gen_random_uuid(), '{MERGED}', 'exclude', '{{9}}', 'old', now(), 9)"
    )
    first = (await harness.api.get(f"/api/battles/{FIRST}/edits?limit=2")).json()
    assert [(edit["kind"], edit["state"]) for edit in first["items"]] == [("exclude", "pending"), ("tag", "applied")]
    assert (first["total"], first["limit"], first["offset"]) == (3, 2, 0)
    second_page = (await harness.api.get(f"/api/battles/{FIRST}/edits?limit=2&offset=2")).json()
    assert [edit["kind"] for edit in second_page["items"]] == ["rename"]
    second = (await harness.api.get(f"/api/battles/{SECOND}/edits")).json()
    assert [edit["kind"] for edit in second["items"]] == ["exclude", "tag"]
    assert (await harness.api.get(f"/api/battles/{FIRST}")).json()["editCount"] == 3


async def test_several_edits_are_stored_together_and_applied_in_their_order(harness: ApiHarness) -> None:
    pin = {"kind": "pin", "partyType": "corporation", "partyId": "98000002", "sideId": 2}
    headers = {"if-match": '"3"', "prefer": "wait=10"}
    async with harness.cluster(APPLY):
        response = await harness.api.post(
            f"/api/battles/{FIRST}/edit-batches", json={"edits": [RENAME, pin]}, headers=headers
        )
    items = response.json()["items"]
    assert (response.status_code, [item["kind"] for item in items]) == (200, ["rename", "pin"])
    assert [json.loads(message.body)["editId"] for message in harness.published] == [item["id"] for item in items]
    assert [row[0] for row in harness.sql(ROW)] == ["rename", "pin"]


@pytest.mark.parametrize(
    ("second", "status", "message"),
    [
        ({"kind": "exclude", "killmailIds": ["11"]}, 400, "not in this battle"),
        ({"kind": "split", "groups": [["1"], ["2"]]}, 409, "The edit"),
    ],
)
async def test_no_edit_is_stored_if_one_of_them_is_refused(
    harness: ApiHarness, second: dict[str, Any], status: int, message: str
) -> None:
    edits = [{"kind": "tag", "killmailIds": ["1", "2"]}, second]
    response = await harness.api.post(
        f"/api/battles/{FIRST}/edit-batches", json={"edits": edits}, headers={"if-match": '"3"'}
    )
    assert_error(response, status, message)
    assert harness.sql("SELECT count(*) FROM battle_edits") == [(0,)]
    assert harness.published == []
