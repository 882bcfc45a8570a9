"""The feed falls silent, killmails of the lists become battles, and the feed comes back: real stores and processes."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from machine import INGESTION, KILLMAILS, Machine, wait_until_finished

from battlescope_upstream.testing import running_upstream

pytestmark = pytest.mark.e2e
SWITCHING = {
    "STANDBY_SOURCE": "history",
    "STANDBY_IDLE_SECONDS": "1",
    "FAILOVER_SILENCE_SECONDS": "4",
    "FAILOVER_RECOVERY_SECONDS": "1",
}
SWITCHES = "SELECT active, count(*) FROM source_switches GROUP BY active ORDER BY active"
WITHOUT_VALUE = "SELECT count(*) FROM enriched_killmails WHERE zkb_total_value IS NULL"


def change_faults(world: str, **settings: Any) -> None:
    httpx2.post(f"{world}/control/dials", json=settings).raise_for_status()


def get(machine: Machine, path: str) -> Any:
    return httpx2.get(f"{machine.status()['gateway']}{path}", timeout=30).raise_for_status().json()


def until(condition: Callable[[], object]) -> None:
    ends_at = time.monotonic() + 180
    while not condition():
        assert time.monotonic() < ends_at, "The condition did not come true."
        time.sleep(0.25)


def listed(world: str, day: str) -> set[str]:
    response = httpx2.get(f"{world}/history/{day}.json", headers={"user-agent": "test"})
    return set(response.raise_for_status().json())


async def test_killmails_of_the_lists_become_battles_while_the_feed_is_silent(
    nobodys_folder: Callable[[], Path],
) -> None:
    """A tenth of the killmails that the silent feed hides is in no list; the feed shows them when it comes back."""
    today = datetime.now(UTC).replace(hour=0, minute=5, second=0, microsecond=0)
    async with running_upstream(
        evening=7, mails=120, start=today, speed="0", head_start=40, frozen_head=True
    ) as world:  # in this process, because only here its faults can be changed
        machine = Machine(nobodys_folder() / "standby", world, upstreams=SWITCHING)
        try:
            await asyncio.to_thread(machine.start)
            await asyncio.to_thread(switch_and_return, machine, world, f"{today:%Y%m%d}")
        finally:
            await asyncio.to_thread(machine.stop)


def switch_and_return(machine: Machine, world: str, day: str) -> None:
    wait_until_finished(machine, 40, lambda _: None)
    change_faults(world, feed_silent=True, live_history=True, unlisted=0.1)
    change_faults(world, head_start=100)
    ids = listed(world, day)
    missing = ids - known(machine)
    assert 40 < len(missing) < 60
    until(lambda: ids <= known(machine))
    wait_until_finished(machine, 40 + len(missing), lambda _: None)
    assert in_battles(machine) > 0
    health = get(machine, "/api/ingestion/health")
    assert (health["status"], health["source"]["active"]) == ("degraded", "standby")
    assert get(machine, "/api/admin/stats/ingest")["fromStandby24h"] == len(missing)
    assert "killmails come from the standby source since" in run(machine, "status")
    before = in_battles(machine)
    change_faults(world, head_start=120, feed_silent=False)
    wait_until_finished(machine, 120, lambda _: None)
    until(lambda: len(machine.rows(INGESTION, SWITCHES)) == 2)
    assert in_battles(machine) > before
    accepted, distinct = machine.rows(
        KILLMAILS, "SELECT count(*), count(DISTINCT killmail_id) FROM enriched_killmails"
    )[0]
    assert accepted == distinct == machine.counts()["accepted"]
    assert machine.rows(INGESTION, "SELECT count(*) FROM killmail_ids") == [(120,)]
    until(lambda: machine.rows(KILLMAILS, WITHOUT_VALUE) == [(0,)])
    assert machine.dead_letters() == []


def known(machine: Machine) -> set[str]:
    return {str(killmail_id) for (killmail_id,) in machine.rows(INGESTION, "SELECT killmail_id FROM killmail_ids")}


def in_battles(machine: Machine) -> int:
    """The sum over all battles of the public API."""
    return sum(battle["totalKills"] for battle in get(machine, "/api/battles?limit=100")["items"])


def run(machine: Machine, command: str) -> str:
    arguments = [str(Path(sys.executable).parent / "battlescope"), "--data", str(machine.folder), command]
    return subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=True).stdout
