"""Upstreams that serve killmails and names from files."""

import json
from pathlib import Path

from upstream_client import FIRST, upstream


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
        assert await client.status("/control/truth") == 404
