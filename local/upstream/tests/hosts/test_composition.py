"""Upstreams that serve killmails and names from files."""

import json
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

from upstream_client import FIRST, upstream

from battlescope_upstream.hosts.composition import build_state
from battlescope_upstream.hosts.options import options_from


async def test_killmails_and_names_come_from_files(tmp_path: Path) -> None:
    async with upstream() as (client, _):
        file = await client.json(f"/ephemeral/{FIRST}.json")
    (tmp_path / "killmail.jsonl").write_text(json.dumps(file["esi"] | {"killmail_hash": file["hash"]}))
    corporation = file["esi"]["attackers"][0]["corporation_id"]
    (tmp_path / "corporations.csv").write_text(f"corporation_id,name,ticker\n{corporation},Name From File,TE\n")
    files = {"killmails": (tmp_path / "killmail.jsonl",), "names": (tmp_path / "corporations.csv",)}
    async with upstream(**files) as (client, _):
        from_file = await client.json(f"/ephemeral/{FIRST}.json")
        assert (from_file["esi"], from_file["hash"]) == (file["esi"], file["hash"])
        assert (await client.names(corporation))[1][0]["name"] == "Name From File"
        assert (await client.json(f"/esi/corporations/{corporation}"))["ticker"] == "TE"
        assert await client.status("/control/truth") == 404


def test_killmails_that_are_valued_first_give_the_same_files() -> None:
    def files(*, values_first: bool) -> list[bytes]:
        settings = {"speed": "max", "mails": 30, "rewrites": 0.5, "duplicate_distance": 3}
        state = build_state(options_from({**settings, "values_first": values_first}), clock=lambda: 1_000_000.0)
        state.advance_to_now()
        return [state.feed.render(entry, rewritten=entry.rewritten) for entry in state.feed.entries]

    assert files(values_first=True) == files(values_first=False)


async def test_systems_of_files_are_invented_without_static_data(tmp_path: Path) -> None:
    """Killmails of files would all be dead-lettered where the static data lack their systems."""
    async with upstream() as (client, _):
        esi = (await client.json(f"/ephemeral/{FIRST}.json"))["esi"]
    system_ids = (30_002_187, 31_000_005)
    lines = [json.dumps(esi | {"killmail_id": 1 + n, "solar_system_id": key}) for n, key in enumerate(system_ids)]
    (tmp_path / "killmails.jsonl").write_text("\n".join(lines))
    async with upstream(killmails=(tmp_path / "killmails.jsonl",)) as (client, _):
        latest = await client.json("/static-data/tranquility/latest.jsonl")
        path = f"/static-data/tranquility/eve-online-static-data-{latest['buildNumber']}-jsonl.zip"
        async with client.session.get(path) as response:
            archive = ZipFile(BytesIO(await response.read()))
        systems = {row["_key"]: row for row in map(json.loads, archive.read("mapSolarSystems.jsonl").splitlines())}
        assert {systems[key]["name"]["en"] for key in system_ids} == {"Invented-30002187", "Invented-31000005"}
        areas = {row["_key"] for row in map(json.loads, archive.read("mapConstellations.jsonl").splitlines())}
        assert {systems[key]["constellationID"] for key in system_ids} <= areas
