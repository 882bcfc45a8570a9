"""The demonstration: a node fed by the stand-in's evening, and the battles as they appear."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

from aiohttp import ClientError, ClientSession, ClientTimeout
from rich.console import Console
from rich.live import Live

from battlescope_local.node.composition import node
from battlescope_local.settings import ExternalServers, Settings
from battlescope_local.terminal import battle_line, battles_table, progress

LOOK: Final = 1.0  # seconds between looks at the battles
SHOWN: Final = 20
LIST: Final = f"/api/battles?limit={SHOWN}"
PATIENCE: Final = ClientTimeout(total=20)  # the first look wakes the function

Battles = Sequence[Mapping[str, Any]]


async def demo(settings: Settings, given: ExternalServers, console: Console, until: int | None) -> None:
    """Until Ctrl-C, or until so many battles were seen."""
    async with node(settings, given, progress(console)) as running:
        console.print(f"BattleScope is at [bold]{running.gateway}[/]; Ctrl-C ends it.", highlight=False)
        async with ClientSession(running.gateway, timeout=PATIENCE) as client:
            watching = asyncio.create_task(_watch(client, running.gateway, console, until))
            stopping = asyncio.create_task(running.stop.wait())
            try:
                await asyncio.wait({watching, stopping}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (watching, stopping):
                    task.cancel()
                await asyncio.gather(watching, stopping, return_exceptions=True)


async def _watch(client: ClientSession, url: str, console: Console, until: int | None) -> None:
    if not console.is_terminal:
        await _print(client, console, until)
        return
    with Live(battles_table((), url), console=console, auto_refresh=False) as live:
        while True:
            found = await battles(client)
            live.update(battles_table(found, url), refresh=True)
            if until is not None and len(found) >= until:
                return
            await asyncio.sleep(LOOK)


async def _print(client: ClientSession, console: Console, until: int | None) -> None:
    seen: set[str] = set()
    while until is None or len(seen) < until:
        for battle in await battles(client):
            if battle["id"] not in seen:
                seen.add(battle["id"])
                console.print(battle_line(battle), highlight=False, soft_wrap=True)
        await asyncio.sleep(LOOK)


async def battles(client: ClientSession) -> Battles:
    """The newest; none while the function cannot answer."""
    try:
        async with client.get(LIST) as answer:
            if not answer.ok:
                return ()
            told = await answer.json()
    except (ClientError, TimeoutError):
        return ()
    return told["items"]
