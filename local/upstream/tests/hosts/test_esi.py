"""The simulated ESI: names, killmails, systems, and both limit systems."""

import json
from pathlib import Path

from upstream_client import FIRST, upstream


async def test_every_kind_of_id_in_a_killmail_has_a_name() -> None:
    async with upstream() as (client, _):
        file = await client.json(f"/ephemeral/{FIRST}.json")
        pilot = next(a for a in file["esi"]["attackers"] if "character_id" in a)
        ids = (
            pilot["character_id"],
            pilot["corporation_id"],
            670,
            file["esi"]["solar_system_id"],
            1_000_125,
            500_010,
        )
        status, entries, headers = await client.names(*ids)
        assert status == 200
        kinds = ["character", "corporation", "inventory_type", "solar_system", "corporation", "faction"]
        assert [entry["category"] for entry in entries] == kinds
        assert [entry["id"] for entry in entries] == [*ids]
        assert (entries[2]["name"], entries[4]["name"], entries[5]["name"]) == (
            "Capsule",
            "CONCORD",
            "Guristas Pirates",
        )
        assert headers["X-ESI-Error-Limit-Remain"] == "100"


async def test_organisations_have_a_ticker_of_their_own() -> None:
    async with upstream() as (client, _):
        file = await client.json(f"/ephemeral/{FIRST}.json")
        pilot = next(a for a in file["esi"]["attackers"] if "alliance_id" in a)
        for kind, entity_id in (("corporations", pilot["corporation_id"]), ("alliances", pilot["alliance_id"])):
            answer = await client.json(f"/esi/{kind}/{entity_id}/")
            assert answer["name"] == (await client.names(entity_id))[1][0]["name"]
            assert 3 <= len(answer["ticker"]) <= 5
            assert answer["ticker"].isalnum()
        status, _, headers = await client.get(f"/esi/alliances/{pilot['corporation_id']}")
        assert (status, headers["X-ESI-Error-Limit-Remain"]) == (404, "99")


async def test_one_unknown_id_fails_the_request_and_duplicates_are_invalid() -> None:
    async with upstream() as (client, _):
        status, entries, headers = await client.names(670, 17)
        assert (status, entries) == (404, {"error": "Ensure all IDs are valid before resolving."})
        assert headers["X-ESI-Error-Limit-Remain"] == "99"
        assert (await client.names(670, 670))[0] == 400
        assert (await client.names())[0] == 400
        assert (await client.names(*range(90_000_000, 90_001_001)))[0] == 400
        assert (await client.names(*range(90_000_000, 90_001_000)))[0] == 200
        assert (await client.names(1_040_000_000_001))[0] == 404


async def test_unresolvable_ids_are_always_the_same() -> None:
    async with upstream(esi_bad_ids=0.3, esi_error_limit=1000) as (client, _):
        first = [(await client.names(i))[0] for i in range(90_000_000, 90_000_040)]
        assert first == [(await client.names(i))[0] for i in range(90_000_000, 90_000_040)]
        assert 3 < first.count(404) < 25


async def test_error_limit_is_reset_after_its_minute() -> None:
    async with upstream(esi_error_limit=2) as (client, clock):
        assert [(await client.names(17))[0] for _ in range(3)] == [404, 404, 420]
        assert await client.status("/esi/universe/systems/30009001/") == 420
        _, _, headers = await client.names(670)
        clock.now += int(headers["X-ESI-Error-Limit-Reset"])
        assert (await client.names(670))[0] == 200


async def test_killmail_route_has_etag_and_token_bucket() -> None:
    async with upstream(esi_tokens=8) as (client, clock):
        file = await client.json(f"/ephemeral/{FIRST}.json")
        path = f"/esi/killmails/{file['killmail_id']}/{file['hash']}/"
        status, body, headers = await client.get(path)
        assert (status, json.loads(body)) == (200, file["esi"])
        assert (headers["X-Ratelimit-Group"], headers["X-Ratelimit-Limit"]) == ("killmail", "8/15m")
        assert (headers["X-Ratelimit-Used"], headers["X-Ratelimit-Remaining"]) == ("2", "6")
        assert (await client.get(path, If_None_Match=headers["ETag"]))[0] == 304
        wrong_hash = f"/esi/killmails/{file['killmail_id']}/{'0' * 40}/"
        assert (await client.get(wrong_hash))[0] == 422
        status, _, headers = await client.get(path)
        assert status == 429
        clock.now += int(headers["Retry-After"])
        assert (await client.get(path))[0] == 200


async def test_systems_and_esi_outages() -> None:
    async with upstream() as (client, _):
        system = await client.json("/esi/universe/systems/30009001/")
        assert (system["system_id"], system["security_status"]) == (30_009_001, 0.4512)
        assert await client.status("/esi/universe/systems/30000142/") == 404
        await client.change_faults(esi_down=True)
        assert await client.status("/esi/universe/systems/30009001/") == 503
        await client.change_faults(esi_down=False, esi_failing=1.0)
        assert (await client.names(670))[0] == 502


async def test_id_of_the_mixed_range_has_the_category_of_its_use_in_killmails(tmp_path: Path) -> None:
    esi = {
        "attackers": [{"final_blow": True, "damage_done": 1, "security_status": 0, "alliance_id": 498_125_261}],
        "killmail_id": 7,
        "killmail_time": "2026-01-07T03:33:33Z",
        "solar_system_id": 30_000_142,
        "victim": {"ship_type_id": 670, "damage_taken": 1, "corporation_id": 498_125_262},
    }
    (tmp_path / "killmail.jsonl").write_text(json.dumps(esi))
    async with upstream(killmails=(tmp_path / "killmail.jsonl",)) as (client, _):
        _, entries, _ = await client.names(498_125_261, 498_125_262, 498_125_263)
        assert [entry["category"] for entry in entries] == ["alliance", "corporation", "character"]
        assert (await client.names(2_200_000_000))[0] == 404
