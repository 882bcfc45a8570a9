"""`battlescope db sample`: the first killmails of the simulated feed, loaded by way of a backfill."""

import json
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.request import urlopen

from rich.console import Console

from battlescope_local.backfill.command import backfill
from battlescope_local.backfill.manifest import Order
from battlescope_local.devloop.simulated_feed import FEED_MAILS
from battlescope_local.errors import UserError
from battlescope_local.node import daemon as background
from battlescope_local.node import state
from battlescope_local.node.client import ask, running, stop
from battlescope_local.settings import ExternalServers, Settings
from battlescope_local.terminal import progress

MAILS: Final = 200
QUEUES_LIMIT: Final = 120.0  # seconds in which the events of the sample are handled
POLL: Final = 0.2
EMPTY_LOOKS: Final = 5
LIMIT: Final = 30.0  # seconds for the list of battles, whose function may have to start


def load_sample(settings: Settings, given: ExternalServers, console: Console, mails: int) -> None:
    """Into the running system of these settings, or into one that is started for it and stopped afterwards."""
    with tempfile.TemporaryDirectory() as folder, _system(settings, console) as node:
        file = Path(folder) / "sample.jsonl"
        file.write_text("".join(f"{json.dumps(one)}\n" for one in sample(mails)))
        order = Order(None, None, reason="sample", files=(file,))
        backfill(order, settings.folder, node.gateway, given, console=console, watch=True)
        _wait_for_queues(node)
        found = _count_battles(node)
        console.print(f"{mails} killmails are loaded; there are {found} battles.", highlight=False)


def sample(mails: int) -> list[dict[str, Any]]:
    """The same mails that the simulated feed publishes first, so that what is loaded twice is the same."""
    from battlescope_upstream.hosts.server import DEFAULT_EVENING  # noqa: PLC0415 -- as above
    from battlescope_upstream.simulation.feed import DEFAULT_START, make_evening  # noqa: PLC0415 -- a quarter of a second

    evening = make_evening(DEFAULT_EVENING, max(mails, FEED_MAILS), DEFAULT_START).mails[:mails]
    return [{**mail.body(), "killmail_hash": mail.hash} for mail in evening]


@contextmanager
def _system(settings: Settings, console: Console) -> Generator[state.State]:
    if state.read(settings.folder) is not None:
        yield running(settings.folder)
        return
    console.print("No system runs; one is started for the sample.", highlight=False)
    background.start(settings, progress(console))
    try:
        yield running(settings.folder)
    finally:
        stop(settings.folder)


def _wait_for_queues(node: state.State) -> None:
    """Until no Trigger has an event before it or under way, twice in a row."""
    deadline = time.monotonic() + QUEUES_LIMIT
    empty = 0
    while empty < EMPTY_LOOKS:
        queues = ask(node, "/node/queues")
        empty = 0 if any(one["lag"] or one["in_flight"] for one in queues) else empty + 1
        if time.monotonic() > deadline:
            raise UserError("The events of the sample are not handled yet; see `battlescope status`.")
        time.sleep(POLL)


def _count_battles(node: state.State) -> int:
    with urlopen(f"{node.gateway}/api/battles?limit=1", timeout=LIMIT) as answer:  # noqa: S310 -- our own gateway
        return int(json.load(answer)["totalCount"])
