"""The hosts on their wire: feed, history, ESI, static data and control, with the dials that spoil answers."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from battlescope_upstream.testing import running_upstream

FIRST = 96_088_891


class Client:
    """A session on one world, with the few calls these tests make."""

    def __init__(self, session: ClientSession) -> None:
        self.session = session

    async def get(self, path: str, **headers: str) -> tuple[int, bytes, Mapping[str, str]]:
        names = {key.replace("_", "-"): value for key, value in headers.items()}
        async with self.session.get(path, headers=names, allow_redirects=False) as response:
            return response.status, await response.read(), response.headers

    async def json(self, path: str) -> Any:
        status, body, _ = await self.get(path)
        assert status == 200, (path, status, body)
        return json.loads(body)

    async def status(self, path: str) -> int:
        return (await self.get(path))[0]

    async def names(self, *ids: int) -> tuple[int, Any, Mapping[str, str]]:
        async with self.session.post("/esi/universe/names/", json=ids) as response:
            return response.status, await response.json(), response.headers

    async def turn(self, **dials: Any) -> int:
        async with self.session.post("/control/dials", json=dials) as response:
            return response.status


class Clock:
    """A clock that tests turn; it starts late enough for the evening's day to be history."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.25

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def upstream(**options: Any) -> AsyncIterator[tuple[Client, Clock]]:
    clock = Clock()
    values = {"mails": 60, "speed": "max", **options}
    async with running_upstream(clock=clock, **values) as url, ClientSession(url) as session:
        yield Client(session), clock


async def test_feed_files_appear_at_their_moment_and_never_change() -> None:
    async with upstream(speed="2/s") as (client, clock):
        assert await client.status(f"/ephemeral/{FIRST}.json") == 404
        clock.now += 1.2
        _, body, headers = await client.get(f"/ephemeral/{FIRST + 1}.json")
        assert headers["Content-Type"].startswith("application/json")
        assert await client.status(f"/ephemeral/{FIRST + 2}.json") == 404
        clock.now += 100
        assert (await client.get(f"/ephemeral/{FIRST + 1}.json"))[1] == body
        assert (await client.get(f"/control/raw/{FIRST + 1}"))[1] == body
        published = await client.json(f"/control/published?from={FIRST + 1}")
        assert published[str(FIRST + 1)] == 1_800_000_001.25
        assert str(FIRST) not in published
        assert json.loads(body)["uploaded_at"] == 1_800_000_001
        assert (await client.json("/control/state"))["finished"]
        sequences = await client.json("/control/sequences")
        assert sequences[str(FIRST + 1)] == json.loads(body)["killmail_id"]


async def test_head_and_its_dial() -> None:
    async with upstream() as (client, _):
        assert await client.json("/ephemeral/sequence.json") == {"sequence": FIRST + 52}
        assert await client.turn(exact_head=True) == 200
        assert await client.json("/ephemeral/sequence.json") == {"sequence": FIRST + 59}
        assert (await client.json("/control/dials"))["exact_head"] is True
        assert await client.turn(exact_haed=True) == 400


async def test_history_joins_ids_hashes_and_bodies() -> None:
    async with upstream() as (client, _):
        assert await client.json("/history/totals.json") == {"20260307": 60}
        hashes, bodies = [await client.json(f"/history/{kind}20260307.json") for kind in ("", "raw/")]
        assert hashes.keys() == bodies.keys()
        mail = await client.json(f"/ephemeral/{FIRST}.json")
        assert (mail["hash"], mail["esi"]) == (hashes[str(mail["killmail_id"])], bodies[str(mail["killmail_id"])])
        _, _, headers = await client.get("/history/20260307.json")
        assert (await client.get("/history/20260307.json", If_None_Match=headers["ETag"]))[0] == 304
        assert await client.status("/history/20260308.json") == 404


async def test_a_day_is_history_six_hours_after_its_end() -> None:
    async with upstream() as (client, clock):
        clock.now = 1_772_948_000.0  # 2026-03-08 05:33
        assert await client.status("/history/20260307.json") == 404
        assert await client.json("/history/totals.json") == {}
        clock.now += 1800
        assert await client.status("/history/20260307.json") == 200


@pytest.mark.parametrize(
    ("dial", "status"), [("throttled", 429), ("forbidden", 403), ("failing", 503), ("html", 200), ("slow", 200)]
)
async def test_spoiled_answers(dial: str, status: int) -> None:
    async with upstream() as (client, _):
        await client.turn(**{dial: 1.0, "retry_after": 3.0, "slow_seconds": 0.01})
        found, body, headers = await client.get(f"/ephemeral/{FIRST}.json")
        assert found == status
        assert headers.get("Retry-After") == ("3" if status == 429 else None)
        assert body.startswith(b"<") == (dial == "html")
        await client.turn(**{dial: 0.0})
        assert (await client.json(f"/ephemeral/{FIRST}.json"))["sequence_id"] == FIRST


async def test_429_without_retry_after_and_half_of_the_answers() -> None:
    async with upstream(throttled=0.5) as (client, _):
        answers = [await client.get(f"/ephemeral/{FIRST}.json") for _ in range(60)]
        assert {status for status, _, _ in answers} == {200, 429}
        assert all("Retry-After" not in headers for _, _, headers in answers)
        counted = await client.json("/control/answers")
        assert counted["/ephemeral/{number}.json 429"] == sum(status == 429 for status, _, _ in answers)


async def test_the_file_before_the_one_asked_for_is_only_on_the_feed() -> None:
    async with upstream(wrong_sequence=1.0) as (client, _):
        assert (await client.json(f"/ephemeral/{FIRST + 9}.json"))["sequence_id"] == FIRST + 8
        assert (await client.json(f"/control/raw/{FIRST + 9}"))["sequence_id"] == FIRST + 9


async def test_a_blank_user_agent_is_forbidden_by_dial() -> None:
    async with upstream() as (client, _):
        assert (await client.get("/ephemeral/sequence.json", User_Agent=" "))[0] == 403
        await client.turn(blank_agent_forbidden=False)
        assert (await client.get("/ephemeral/sequence.json", User_Agent=" "))[0] == 200


async def test_names_of_everything_in_a_mail() -> None:
    async with upstream() as (client, _):
        file = await client.json(f"/ephemeral/{FIRST}.json")
        pilot = next(a for a in file["esi"]["attackers"] if "character_id" in a)
        wanted = (
            pilot["character_id"],
            pilot["corporation_id"],
            670,
            file["esi"]["solar_system_id"],
            1_000_125,
            500_010,
        )
        status, told, headers = await client.names(*wanted)
        assert status == 200
        kinds = ["character", "corporation", "inventory_type", "solar_system", "corporation", "faction"]
        assert [entry["category"] for entry in told] == kinds
        assert [entry["id"] for entry in told] == [*wanted]
        assert (told[2]["name"], told[4]["name"], told[5]["name"]) == ("Capsule", "CONCORD", "Guristas Pirates")
        assert headers["X-ESI-Error-Limit-Remain"] == "100"


async def test_one_bad_id_fails_the_batch_and_doubles_are_refused() -> None:
    async with upstream() as (client, _):
        status, told, headers = await client.names(670, 17)
        assert (status, told) == (404, {"error": "Ensure all IDs are valid before resolving."})
        assert headers["X-ESI-Error-Limit-Remain"] == "99"
        assert (await client.names(670, 670))[0] == 400
        assert (await client.names())[0] == 400
        assert (await client.names(*range(90_000_000, 90_001_001)))[0] == 400
        assert (await client.names(*range(90_000_000, 90_001_000)))[0] == 200
        assert (await client.names(1_040_000_000_001))[0] == 404


async def test_bad_ids_by_dial_are_always_the_same() -> None:
    async with upstream(esi_bad_ids=0.3, esi_error_limit=1000) as (client, _):
        first = [(await client.names(i))[0] for i in range(90_000_000, 90_000_040)]
        assert first == [(await client.names(i))[0] for i in range(90_000_000, 90_000_040)]
        assert 3 < first.count(404) < 25


async def test_the_error_limit_ends_with_its_minute() -> None:
    async with upstream(esi_error_limit=2) as (client, clock):
        assert [(await client.names(17))[0] for _ in range(3)] == [404, 404, 420]
        assert await client.status("/esi/universe/systems/30009001/") == 420
        _, _, headers = await client.names(670)
        clock.now += int(headers["X-ESI-Error-Limit-Reset"])
        assert (await client.names(670))[0] == 200


async def test_killmails_by_hash_with_tag_and_bucket() -> None:
    async with upstream(esi_tokens=8) as (client, clock):
        file = await client.json(f"/ephemeral/{FIRST}.json")
        path = f"/esi/killmails/{file['killmail_id']}/{file['hash']}/"
        status, body, headers = await client.get(path)
        assert (status, json.loads(body)) == (200, file["esi"])
        assert (headers["X-Ratelimit-Group"], headers["X-Ratelimit-Limit"]) == ("killmail", "8/15m")
        assert (headers["X-Ratelimit-Used"], headers["X-Ratelimit-Remaining"]) == ("2", "6")
        assert (await client.get(path, If_None_Match=headers["ETag"]))[0] == 304
        wrong = f"/esi/killmails/{file['killmail_id']}/{'0' * 40}/"
        assert (await client.get(wrong))[0] == 422
        status, _, headers = await client.get(path)
        assert status == 429
        clock.now += int(headers["Retry-After"])
        assert (await client.get(path))[0] == 200


async def test_systems_and_esi_down() -> None:
    async with upstream() as (client, _):
        system = await client.json("/esi/universe/systems/30009001/")
        assert (system["system_id"], system["security_status"]) == (30_009_001, 0.4512)
        assert await client.status("/esi/universe/systems/30000142/") == 404
        await client.turn(esi_down=True)
        assert await client.status("/esi/universe/systems/30009001/") == 503
        await client.turn(esi_down=False, esi_failing=1.0)
        assert (await client.names(670))[0] == 502


async def test_static_data_and_its_shorthand() -> None:
    async with upstream() as (client, _):
        latest = await client.json("/static-data/tranquility/latest.jsonl")
        assert latest["_key"] == "sde"
        status, _, headers = await client.get("/static-data/eve-online-static-data-latest-jsonl.zip")
        assert (status, headers["x-sde-build-number"]) == (302, str(latest["buildNumber"]))
        status, body, found = await client.get(headers["Location"])
        assert (status, body[:2]) == (200, b"PK")
        assert (await client.get(headers["Location"], If_None_Match=found["ETag"]))[0] == 304


async def test_truth_is_told_for_an_evening() -> None:
    async with upstream(mails=450) as (client, _):
        truth = await client.json("/control/truth")
        assert len(truth["fightOf"]) == len(truth["kindOf"]) == 450
        numbers = {str(number) for number in truth["fightOf"].values() if number is not None}
        assert numbers <= truth["fights"].keys()


async def test_replay_of_files_with_names(tmp_path: Path) -> None:
    async with upstream() as (client, _):
        file = await client.json(f"/ephemeral/{FIRST}.json")
    (tmp_path / "one.jsonl").write_text(json.dumps(file["esi"] | {"killmail_hash": file["hash"]}))
    corporation = file["esi"]["attackers"][0]["corporation_id"]
    (tmp_path / "corporations.csv").write_text(f"corporation_id,name,ticker\n{corporation},Told Elsewhere,TE\n")
    files = {"killmails": (tmp_path / "one.jsonl",), "names": (tmp_path / "corporations.csv",)}
    async with upstream(**files) as (client, _):
        again = await client.json(f"/ephemeral/{FIRST}.json")
        assert (again["esi"], again["hash"]) == (file["esi"], file["hash"])
        assert (await client.names(corporation))[1][0]["name"] == "Told Elsewhere"
        assert await client.status("/control/truth") == 404


async def test_ids_of_the_mixed_range_are_what_the_mails_use_them_as(tmp_path: Path) -> None:
    esi = {
        "attackers": [{"final_blow": True, "damage_done": 1, "security_status": 0, "alliance_id": 498_125_261}],
        "killmail_id": 7,
        "killmail_time": "2026-01-07T03:33:33Z",
        "solar_system_id": 30_000_142,
        "victim": {"ship_type_id": 670, "damage_taken": 1, "corporation_id": 498_125_262},
    }
    (tmp_path / "one.jsonl").write_text(json.dumps(esi))
    async with upstream(killmails=(tmp_path / "one.jsonl",)) as (client, _):
        _, told, _ = await client.names(498_125_261, 498_125_262, 498_125_263)
        assert [entry["category"] for entry in told] == ["alliance", "corporation", "character"]
        assert (await client.names(2_200_000_000))[0] == 404


async def test_the_command_says_its_port_and_ends_when_told() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "battlescope_upstream", "--mails", "60", "--speed", "max", "--exact-head",
        "--start", "2026-10-01T18:00:00Z", stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    port = json.loads(await process.stdout.readline())["port"]
    async with ClientSession(f"http://127.0.0.1:{port}") as session:
        client = Client(session)
        assert await client.json("/ephemeral/sequence.json") == {"sequence": FIRST + 59}
        assert (await client.json(f"/ephemeral/{FIRST}.json"))["esi"]["killmail_time"] == "2026-10-01T18:00:00Z"
    process.terminate()
    assert await process.wait() == 0
