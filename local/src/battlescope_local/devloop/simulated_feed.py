"""The simulated feed of `battlescope dev`, and its position, so that a restart continues there.

The simulator stores nothing: at each start it publishes its feed from the beginning, and the functions, which know the
killmails that they have read, would wait for minutes.
"""

import asyncio
import contextlib
import json
from pathlib import Path
from typing import Final

from aiohttp import ClientError, ClientSession, ClientTimeout

from battlescope_local.stores.state_file import StateFile

POSITION_FILE: Final = "feed-position"
INITIAL_KILLMAILS: Final = 400  # published at once at the first start, so that battles appear immediately
POLL_INTERVAL: Final = 2.0  # seconds
FEED_KILLMAILS: Final = 1500  # five hours of fights; more of them delay the start of the simulator
SPEED: Final = "5"  # five times real time: an hour of feed, twenty-five killmails per minute
REQUEST_TIMEOUT: Final = ClientTimeout(total=5)


def feed_position(folder: Path) -> int:
    """The number of killmails to publish at once."""
    with contextlib.suppress(OSError, ValueError):
        return max(INITIAL_KILLMAILS, int((folder / POSITION_FILE).read_text()))
    return INITIAL_KILLMAILS


def feed_arguments(folder: Path, *, fresh: bool = False, speed: str | None = None) -> tuple[str, ...]:
    """Arguments of the simulator; `fresh` starts the feed from its beginning."""
    head_start = INITIAL_KILLMAILS if fresh else feed_position(folder)
    start = ("--frozen-head", "--head-start", str(head_start))
    return (*start, "--mails", str(FEED_KILLMAILS), "--speed", speed or SPEED)


def silent_feed_arguments() -> tuple[str, ...]:
    """Arguments of a simulator whose feed publishes nothing, while its other APIs serve all killmails."""
    return ("--frozen-head", "--mails", str(FEED_KILLMAILS), "--speed", "0")


async def record_feed_position(folder: Path) -> None:
    """Store the position of the feed regularly, until cancelled."""
    port = StateFile(folder / "secrets.json").get("port-upstream")
    async with ClientSession(timeout=REQUEST_TIMEOUT) as client:
        while True:
            with contextlib.suppress(ClientError, TimeoutError):
                async with client.get(f"http://127.0.0.1:{port}/control/state") as response:
                    _write(folder / POSITION_FILE, json.loads(await response.text()))
            await asyncio.sleep(POLL_INTERVAL)


def _write(file: Path, state: dict[str, int]) -> None:
    file.write_text(str(state["next"] - state["first"]))
