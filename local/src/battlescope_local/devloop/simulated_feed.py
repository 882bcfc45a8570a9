"""The simulated feed of `battlescope dev`, and how far it has come, so that a restart goes on there.

The stand-in itself keeps nothing: at each start it would publish its evening from the beginning, and the functions,
which remember what they have read, would wait for minutes.
"""

import asyncio
import contextlib
import json
from pathlib import Path
from typing import Final

from aiohttp import ClientError, ClientSession, ClientTimeout

from battlescope_local.stores.state_file import StateFile

FILE: Final = "feed-position"
FIRST_MAILS: Final = 400  # published at once at the first start, so that there is something to see
LOOK: Final = 2.0  # seconds
FEED_MAILS: Final = 1500  # five hours of fights; the stand-in takes longer to start the more there are
SPEED: Final = "5"  # times as fast as they happened: an hour of feed, twenty-five mails a minute
LIMIT: Final = ClientTimeout(total=5)


def feed_position(folder: Path) -> int:
    """The number of mails to publish at once."""
    with contextlib.suppress(OSError, ValueError):
        return max(FIRST_MAILS, int((folder / FILE).read_text()))
    return FIRST_MAILS


def feed_arguments(folder: Path, *, fresh: bool = False, speed: str | None = None) -> tuple[str, ...]:
    """The arguments of the stand-in."""
    head_start = FIRST_MAILS if fresh else feed_position(folder)
    first = ("--frozen-head", "--head-start", str(head_start))
    return (*first, "--mails", str(FEED_MAILS), "--speed", speed or SPEED)


def silent_feed_arguments() -> tuple[str, ...]:
    """A feed that publishes nothing, with all its mails known to the other addresses of the stand-in."""
    return ("--frozen-head", "--mails", str(FEED_MAILS), "--speed", "0")


async def keep_feed_position(folder: Path) -> None:
    """Write it down regularly, until cancelled."""
    port = StateFile(folder / "secrets.json").get("port-upstream")
    async with ClientSession(timeout=LIMIT) as client:
        while True:
            with contextlib.suppress(ClientError, TimeoutError):
                async with client.get(f"http://127.0.0.1:{port}/control/state") as answer:
                    _write(folder / FILE, json.loads(await answer.text()))
            await asyncio.sleep(LOOK)


def _write(file: Path, state: dict[str, int]) -> None:
    file.write_text(str(state["next"] - state["first"]))
