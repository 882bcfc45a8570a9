"""The demonstration: a node on the simulated feed, and its battles as they appear."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

from aiohttp import ClientError, ClientSession, ClientTimeout
from rich.console import Console
from rich.live import Live

from battlescope_events.edge.modes import AccessMode
from battlescope_local.demo_login import read_token
from battlescope_local.node.composition import start_node
from battlescope_local.settings import ExternalServers, Settings
from battlescope_local.terminal import PhasePrinter, battle_line, battles_table

POLL_INTERVAL: Final = 1.0  # seconds between requests for the battles
MAX_BATTLES: Final = 20
BATTLES_PATH: Final = f"/api/battles?limit={MAX_BATTLES}"
CHANGES: Final = "To make changes, open this link, which works once (`make demo LOGIN=1` has logins):"
REQUEST_TIMEOUT: Final = ClientTimeout(total=20)  # the first request starts the function

Battles = Sequence[Mapping[str, Any]]


async def demo(settings: Settings, external: ExternalServers, console: Console, battle_limit: int | None) -> None:
    """Run until Ctrl-C, until a request to stop, or until `battle_limit` battles were shown."""
    async with start_node(settings, external, PhasePrinter(console)) as node:
        console.print(f"BattleScope is at [bold]{node.gateway_url}[/]; Ctrl-C stops it.", highlight=False)
        if node.owner_login is not None:
            console.print(CHANGES, node.owner_login.new_link(), sep="\n", highlight=False, soft_wrap=True)
        headers = await _credentials(settings, node.gateway_url, console)
        async with ClientSession(node.gateway_url, timeout=REQUEST_TIMEOUT, headers=headers) as client:
            showing = asyncio.create_task(_show_battles(client, node.gateway_url, console, battle_limit))
            stopping = asyncio.create_task(node.stop_requested.wait())
            try:
                done, _ = await asyncio.wait({showing, stopping}, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
            finally:
                for task in (showing, stopping):
                    task.cancel()
                await asyncio.gather(showing, stopping, return_exceptions=True)


async def _credentials(settings: Settings, url: str, console: Console) -> Mapping[str, str]:
    """The header by which the demonstration reads battles; empty where everybody may."""
    if settings.access_mode != AccessMode.SSO:
        return {}
    token = await read_token(url)
    console.print(f"Log in at [bold]{url}/auth/login[/] by a click on a character.", highlight=False)
    return {"Authorization": f"Bearer {token}"}


async def _show_battles(client: ClientSession, url: str, console: Console, battle_limit: int | None) -> None:
    if not console.is_terminal:
        await _print_lines(client, console, battle_limit)
        return
    with Live(battles_table((), url, console.width), console=console, auto_refresh=False) as live:
        while True:
            newest = await fetch_battles(client)
            live.update(battles_table(newest, url, console.width), refresh=True)
            if battle_limit is not None and len(newest) >= battle_limit:
                return
            await asyncio.sleep(POLL_INTERVAL)


async def _print_lines(client: ClientSession, console: Console, battle_limit: int | None) -> None:
    seen: set[str] = set()
    while battle_limit is None or len(seen) < battle_limit:
        for battle in await fetch_battles(client):
            if battle["id"] not in seen:
                seen.add(battle["id"])
                console.print(battle_line(battle), highlight=False, soft_wrap=True)
        await asyncio.sleep(POLL_INTERVAL)


async def fetch_battles(client: ClientSession) -> Battles:
    """The newest battles; none while battle-api does not respond."""
    try:
        async with client.get(BATTLES_PATH) as response:
            if not response.ok:
                return ()
            payload = await response.json()
    except (ClientError, TimeoutError):
        return ()
    return payload["items"]
