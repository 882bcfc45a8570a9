"""Edits on a real database: who may, what is kept and said, who wins, and how they are taken back."""

import asyncio
import json
from typing import Any

import httpx2
import pytest
from desk import NOW, TOKEN, ApiHarness
from pydantic import SecretStr

from battle_api.main import app
from battlescope_events.errors import TransientError

pytestmark = pytest.mark.postgres
FIRST = "00000000-0000-0000-0000-000000000001"
SECOND = "00000000-0000-0000-0000-000000000002"
MERGED = "00000000-0000-0000-0000-000000000003"
DELETED = "00000000-0000-0000-0000-000000000004"
RENAME = {"kind": "rename", "name": "Siege"}
APPLY = "UPDATE battle_edits SET applied_version = version WHERE applied_version < version"
ROW = "SELECT kind, killmail_ids, data, author, note, made_at, version, applied_version FROM battle_edits ORDER BY seq"


def refused(answer: httpx2.Response, status: int, why: str) -> None:
    assert answer.status_code == status, answer.text
    assert why in answer.json()["message"]


@pytest.mark.parametrize("header", [None, "Bearer wrong", "Bearer ", "Basic YTpi", TOKEN])
@pytest.mark.parametrize("path", ["/edits", "/edits/00000000-0000-0000-0000-0000000000e1"])
async def test_without_the_token_nobody_writes(client: httpx2.AsyncClient, header: str | None, path: str) -> None:
    method = "POST" if path == "/edits" else "DELETE"
    headers = {"authorization": header} if header else {}
    answer = await client.request(method, f"/api/battles/{FIRST}{path}", json=RENAME, headers=headers)
    refused(answer, 401, "Authorization: Bearer")
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("token", [None, SecretStr("")])
async def test_without_any_token_nobody_writes_at_all(client: httpx2.AsyncClient, token: SecretStr | None) -> None:
    app.state.token = token
    answer = await client.post(f"/api/battles/{FIRST}/edits", json=RENAME, headers={"authorization": "Bearer "})
    refused(answer, 403, "DEVELOPMENT_TOKEN")


async def test_an_edit_is_kept_said_and_answered_when_it_is_applied(desk: ApiHarness) -> None:
    async with desk.cluster(APPLY):
        answer = await desk.edit(FIRST, {**RENAME, "author": "Ann", "note": " why not "}, wait=10)
    told = answer.json()
    assert (answer.status_code, told["state"], told["name"], told["version"]) == (200, "applied", "Siege", 1)
    assert answer.headers["preference-applied"] == "wait=10"
    assert desk.sql(ROW) == [("rename", [1], {"name": "Siege"}, "Ann", "why not", NOW, 1, 1)]
    (message,) = desk.published
    assert json.loads(message.body) == {"editId": told["id"], "battleId": FIRST, "version": 1}
    kept = {name: message.headers[name] for name in ("ce-type", "ce-source", "ce-subject", "ce-partitionkey")}
    assert kept == {
        "ce-type": "com.battlescope.battle.edit-requested.v1",
        "ce-source": "battle-api",
        "ce-subject": FIRST,
        "ce-partitionkey": FIRST,
    }
    assert desk.sql("SELECT count(*) FROM outbox") == [(0,)]
    one = await desk.api.get(answer.headers["location"])
    assert one.json() == told


async def test_when_nobody_applies_it_the_answer_is_202(desk: ApiHarness) -> None:
    answer = await desk.edit(FIRST, RENAME)
    assert (answer.status_code, answer.json()["state"], answer.json()["author"]) == (202, "pending", "developer")


async def test_a_broker_that_does_not_answer_costs_only_the_wait(desk: ApiHarness) -> None:
    class Deaf:
        async def __call__(self, _: object) -> None:
            raise TransientError("nobody listens")

    recorder, app.state.publish = app.state.publish, Deaf()
    assert (await desk.edit(FIRST, RENAME)).status_code == 202
    ((headers, body),) = desk.sql("SELECT headers, convert_from(body, 'UTF8') FROM outbox")
    assert (headers["ce-source"], json.loads(body)["version"]) == ("battle-api", 1)
    app.state.publish = recorder
    assert (await desk.edit(SECOND, RENAME, revision=1)).status_code == 202
    assert [json.loads(message.body)["version"] for message in desk.published] == [1, 2]


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
            {"partyType": "corporation", "partyId": 98000002, "sideId": 1},
        ),
        ({"kind": "rename", "name": None}, [1], {"name": None}),
    ],
)
async def test_what_each_kind_speaks_of(
    desk: ApiHarness, body: dict[str, Any], killmails: list[int], data: dict[str, Any]
) -> None:
    answer = await desk.edit(FIRST, body)
    assert answer.status_code == 202, answer.text
    ((kind, ids, kept, *_),) = desk.sql(ROW)
    assert (kind, ids, kept) == (body["kind"], killmails, data)


async def test_a_suggestion_is_sent_back_as_it_is(desk: ApiHarness) -> None:
    (suggestion,) = (await desk.api.get(f"/api/battles/{FIRST}")).json()["suggestions"]
    answer = await desk.edit(FIRST, {"kind": "split", **suggestion})
    assert answer.json()["groups"] == [["1"], ["2", "3"]]


async def test_a_faction_is_pinned_by_the_first_and_the_last_mail(desk: ApiHarness) -> None:
    desk.sql(f"INSERT INTO battle_side_parties VALUES ('{FIRST}', 'faction', 500001, 1, 'side', 1, 1, 1, 0, 0, 0, 0)")
    await desk.edit(FIRST, {"kind": "pin", "partyType": "faction", "partyId": "500001", "sideId": 2})
    assert desk.sql("SELECT killmail_ids FROM battle_edits") == [([1, 3],)]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"kind": "tag", "killmailIds": ["77"]}, "77 is not known"),
        ({"kind": "tag", "killmailIds": ["1"]}, "names nothing beside"),
        ({"kind": "tag", "battleIds": [DELETED]}, "There is no battle"),
        ({"kind": "tag", "battleIds": [SECOND], "killmailIds": list(range(100, 149))}, "at most 50 killmails"),
        ({"kind": "split", "groups": [["1"], ["11", "12"]]}, "11 is not in this battle (2 such"),
        ({"kind": "exclude", "killmailIds": ["21"]}, "21 is not in this battle"),
        ({"kind": "scrub", "killmailId": "11", "characterId": "90000001"}, "11 is not in this battle"),
        ({"kind": "scrub", "killmailId": "1", "characterId": "5"}, "pilot 5 is not on"),
        ({"kind": "pin", "partyType": "alliance", "partyId": "5", "sideId": 1}, "alliance 5 is no party"),
        ({"kind": "split", "groups": [["1"], ["1"]]}, "a killmail stands in one group only."),
        ({"kind": "rename", "name": "\0"}, "pattern"),
        ({"kind": "rename", "name": "\ud800"}, ""),
    ],
)
async def test_what_is_not_in_the_battle_is_refused(desk: ApiHarness, body: dict[str, Any], why: str) -> None:
    desk.sql(
        "INSERT INTO mails SELECT n, system_id, region_id, security_type, occurred_at, value, false, NULL, '' "
        "FROM mails, generate_series(100, 148) n WHERE killmail_id = 1"
    )
    headers = {"if-match": '"3"', "content-type": "application/json"}
    answer = await desk.api.post(f"/api/battles/{FIRST}/edits", content=json.dumps(body), headers=headers)
    refused(answer, 400, why)
    assert desk.sql("SELECT edits_version FROM clustering_configuration") == [(0,)]


async def test_contradictions_that_show_at_once_are_409(desk: ApiHarness) -> None:
    tag, split = {"kind": "tag", "killmailIds": ["1", "2"]}, {"kind": "split", "groups": [["1"], ["2", "3"]]}
    for first, second, why in ((tag, split, "holds some"), (split, tag, "keeps some")):
        made = (await desk.edit(FIRST, first)).json()["id"]
        desk.sql(APPLY)
        refused(await desk.edit(FIRST, second), 409, why)
        assert (await desk.api.delete(f"/api/battles/{FIRST}/edits/{made}", headers={"prefer": "wait=0"})).is_success
        desk.sql(APPLY)
    assert (await desk.edit(FIRST, tag)).status_code == 202


async def test_an_edit_needs_the_revision_that_was_looked_at(desk: ApiHarness) -> None:
    refused(await desk.edit(FIRST, RENAME, revision=None), 428, "If-Match")
    refused(await desk.edit(FIRST, RENAME, revision=2), 412, "at revision 3 by now, not 2")
    answer = await desk.api.post(f"/api/battles/{FIRST}/edits", json=RENAME, headers={"if-match": "*"})
    refused(answer, 400, "in quotes")


async def test_of_two_who_saw_the_same_revision_one_wins(desk: ApiHarness) -> None:
    answers = await asyncio.gather(*(desk.edit(FIRST, RENAME) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [202, 412, 412, 412, 412]
    loser = next(answer for answer in answers if answer.status_code == 412)
    refused(loser, 412, "is about to change the battle")
    assert desk.sql("SELECT count(*), max(version) FROM battle_edits") == [(1, 1)]
    desk.sql(APPLY)
    assert (await desk.edit(FIRST, RENAME)).status_code == 202


async def test_an_edit_whose_event_was_lost_does_not_close_the_battle(desk: ApiHarness) -> None:
    await desk.edit(FIRST, RENAME)
    desk.sql("UPDATE battle_edits SET made_at = made_at - interval '2 minutes'")
    assert (await desk.edit(FIRST, RENAME)).status_code == 202


async def test_undo_says_the_edit_again_and_works_once(desk: ApiHarness) -> None:
    async with desk.cluster(APPLY):
        made = (await desk.edit(FIRST, RENAME, wait=10)).json()
        place = f"/api/battles/{FIRST}/edits/{made['id']}"
        undone = await desk.api.request("DELETE", place, json={"author": "Bob"}, headers={"prefer": "wait=10"})
    told = undone.json()
    assert (undone.status_code, told["state"], told["undoneBy"], told["version"]) == (200, "undone", "Bob", 2)
    assert [json.loads(message.body)["version"] for message in desk.published] == [1, 2]
    assert len({message.id for message in desk.published}) == 2
    refused(await desk.api.delete(place), 409, "undone already")
    refused(await desk.api.delete(place, headers={"if-match": '"2"'}), 412, "revision 3")
    other = f"/api/battles/{SECOND}/edits/{made['id']}"
    refused(await desk.api.delete(other), 404, "has no edit")


async def test_an_edit_that_left_nothing_of_its_battle_is_undone_there(desk: ApiHarness) -> None:
    made = (await desk.edit(SECOND, {"kind": "exclude", "killmailIds": ["11", "12"]}, revision=1)).json()
    desk.sql(f"DELETE FROM battle_killmails WHERE battle_id = '{SECOND}'")
    desk.sql(f"UPDATE battles SET deleted_at = now(), deletion_reason = 'reclustering' WHERE id = '{SECOND}'")
    refused(await desk.edit(SECOND, RENAME, revision=1), 410, "gone")
    listed = (await desk.api.get(f"/api/battles/{SECOND}/edits")).json()
    assert [edit["id"] for edit in listed["items"]] == [made["id"]]
    answer = await desk.api.delete(f"/api/battles/{SECOND}/edits/{made['id']}", headers={"prefer": "wait=0"})
    assert (answer.status_code, answer.json()["state"]) == (202, "pending")


async def test_edits_of_a_merged_battle_redirect_to_the_survivor(desk: ApiHarness) -> None:
    answer = await desk.edit(MERGED, RENAME, revision=None)
    assert (answer.status_code, answer.headers["location"]) == (308, f"/api/battles/{FIRST}/edits")
    assert desk.sql("SELECT count(*) FROM battle_edits") == [(0,)]


async def test_a_battle_lists_what_concerns_it_newest_first(desk: ApiHarness) -> None:
    for battle, body, revision in (
        (FIRST, RENAME, 3),
        (SECOND, {"kind": "tag", "battleIds": [MERGED]}, 1),
        (SECOND, {"kind": "exclude", "killmailIds": ["12"]}, 1),
    ):
        assert (await desk.edit(battle, body, revision)).status_code == 202
        desk.sql(APPLY)
    desk.sql(
        "INSERT INTO battle_edits (id, battle_id, kind, killmail_ids, author, made_at, version) "
        f"VALUES (gen_random_uuid(), '{MERGED}', 'exclude', '{{9}}', 'old', now(), 9)"
    )
    first = (await desk.api.get(f"/api/battles/{FIRST}/edits?limit=2")).json()
    assert [(edit["kind"], edit["state"]) for edit in first["items"]] == [("exclude", "pending"), ("tag", "applied")]
    assert (first["total"], first["limit"], first["offset"]) == (3, 2, 0)
    rest = (await desk.api.get(f"/api/battles/{FIRST}/edits?limit=2&offset=2")).json()
    assert [edit["kind"] for edit in rest["items"]] == ["rename"]
    second = (await desk.api.get(f"/api/battles/{SECOND}/edits")).json()
    assert [edit["kind"] for edit in second["items"]] == ["exclude", "tag"]
    assert (await desk.api.get(f"/api/battles/{FIRST}")).json()["editCount"] == 3


async def test_a_body_without_end_is_refused(desk: ApiHarness) -> None:
    async def endless() -> Any:
        for _ in range(10_000):
            yield b" " * 1024

    answer = await desk.api.post(f"/api/battles/{FIRST}/edits", content=endless())
    refused(answer, 413, "larger than")
