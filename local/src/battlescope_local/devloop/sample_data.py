"""`battlescope db sample`: loads the first killmails of the simulated feed by a backfill."""

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
from battlescope_local.backfill.manifest import BackfillRequest
from battlescope_local.command_name import typed_command
from battlescope_local.devloop.simulated_feed import FEED_KILLMAILS
from battlescope_local.errors import UserError
from battlescope_local.node import daemon as background
from battlescope_local.node import state
from battlescope_local.node.client import request_json, running_node, stop_node
from battlescope_local.settings import ExternalServers, Settings
from battlescope_local.terminal import PhasePrinter

QUEUES_TIMEOUT: Final = 120.0  # seconds in which the functions must process the events of the sample
POLL_INTERVAL: Final = 0.2
EMPTY_POLLS: Final = 5
RESPONSE_TIMEOUT: Final = 30.0  # seconds for the list of battles, because battle-api may have to start


def load_sample(settings: Settings, external: ExternalServers, console: Console, count: int) -> None:
    """Load `count` killmails into the running system, or into one that is started for this and stopped afterwards."""
    with tempfile.TemporaryDirectory() as folder, _running_system(settings, console) as node:
        sample_file = Path(folder) / "sample.jsonl"
        sample_file.write_text("".join(f"{json.dumps(killmail)}\n" for killmail in sample_killmails(count)))
        request = BackfillRequest(None, None, reason="sample", files=(sample_file,))
        backfill(request, settings.folder, node.gateway_url, external, console=console, follow=True)
        _wait_for_queues(node)
        battles = _count_battles(node)
        console.print(f"Loaded {count} killmails; there are {battles} battles.", highlight=False)


def sample_killmails(count: int) -> list[dict[str, Any]]:
    """The first killmails that the simulated feed publishes, so that killmails loaded twice are equal."""
    from battlescope_upstream.hosts.options import DEFAULT_SEED  # noqa: PLC0415  # as above
    from battlescope_upstream.simulation.feed import DEFAULT_START, simulate_feed  # noqa: PLC0415  # a quarter of a second

    killmails = simulate_feed(DEFAULT_SEED, max(count, FEED_KILLMAILS), DEFAULT_START).killmails[:count]
    return [{**killmail.body(), "killmail_hash": killmail.hash} for killmail in killmails]


@contextmanager
def _running_system(settings: Settings, console: Console) -> Generator[state.NodeState]:
    if state.read(settings.folder) is not None:
        yield running_node(settings.folder)
        return
    console.print("No system runs; starting one for the sample.", highlight=False)
    background.start(settings, PhasePrinter(console))
    try:
        yield running_node(settings.folder)
    finally:
        stop_node(settings.folder)


def _wait_for_queues(node: state.NodeState) -> None:
    """Wait until no Trigger has lag or events in flight in EMPTY_POLLS polls in a row."""
    deadline = time.monotonic() + QUEUES_TIMEOUT
    empty_polls = 0
    while empty_polls < EMPTY_POLLS:
        queues = request_json(node, "/node/queues")
        empty_polls = 0 if any(queue["lag"] or queue["in_flight"] for queue in queues) else empty_polls + 1
        if time.monotonic() > deadline:
            raise UserError(f"The events of the sample are not processed yet; see `{typed_command('status')}`.")
        time.sleep(POLL_INTERVAL)


def _count_battles(node: state.NodeState) -> int:
    with urlopen(f"{node.gateway_url}/api/battles?limit=1", timeout=RESPONSE_TIMEOUT) as response:  # noqa: S310  # the node's gateway
        return int(json.load(response)["totalCount"])
