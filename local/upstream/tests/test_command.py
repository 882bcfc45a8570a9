"""`python -m battlescope_upstream`."""

import asyncio
import json
import sys

from aiohttp import ClientSession
from upstream_client import FIRST, Client


async def test_command_prints_its_port_and_stops_on_sigterm() -> None:
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
