"""The whole system, as users run it: real stores, real processes, the project's own manifests."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from machine import Machine, upstream, upstream_killmail_count, wait_until_finished
from soak import soak, violations

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def evening(nobodys_folder: Callable[[], Path]) -> Iterator[Machine]:
    """A machine through which a small evening has gone all the way."""
    arguments = ("--evening", "7", "--mails", "250", "--speed", "max", "--frozen-head")
    with upstream(*arguments) as world:
        machine = Machine(nobodys_folder() / "evening", world)
        machine.start()
        wait_until_finished(machine, upstream_killmail_count(world), lambda _: None)
        yield machine
        machine.stop()


def get(machine: Machine, path: str) -> Any:
    return httpx2.get(f"{machine.status()['gateway']}{path}", timeout=30).raise_for_status().json()


def test_a_killmail_on_the_feed_becomes_a_battle_over_http(evening: Machine) -> None:
    battles = get(evening, "/api/battles?limit=100")["items"]
    assert len(battles) > 5
    biggest = max(battles, key=lambda battle: battle["totalKills"])
    battle = get(evening, f"/api/battles/{biggest['id']}")
    assert len(battle["killmails"]) == biggest["totalKills"] >= 5
    assert len(battle["sides"]) >= 2
    assert all(isinstance(mail["killmailId"], str) and mail["zkbUrl"] for mail in battle["killmails"])
    assert biggest["systemName"]


def test_names_and_places_are_resolved(evening: Machine) -> None:
    items = get(evening, "/api/killmails/recent?limit=100")["items"]
    assert len(items) == 100
    assert all(item["systemName"] and item["shipTypeName"] for item in items)
    named = [item for item in items if item["victimCharacterId"] and item["victimCharacterName"]]
    assert len(named) == sum(1 for item in items if item["victimCharacterId"])


def test_a_killmail_knows_its_battle(evening: Machine) -> None:
    """The news of battles goes back to the killmail context by events alone."""
    battle = get(evening, "/api/battles?limit=1&sort_by=kills")["items"][0]
    mail = get(evening, f"/api/battles/{battle['id']}/killmails?limit=1")
    first = (mail.get("items") or mail["killmails"])[0]["killmailId"]
    assert get(evening, f"/api/killmails/{first}")["battleId"] == battle["id"]


def test_what_people_decide_is_followed_and_taken_back_over_http(evening: Machine) -> None:
    """From the request through the outbox, the Broker and battle-cluster to the answer of the same request."""
    battle = get(evening, "/api/battles?limit=1&sort_by=kills")["items"][0]
    address = f"/api/battles/{battle['id']}"
    before = get(evening, address)
    assert write(evening, "POST", f"{address}/edits", {"kind": "rename", "name": "Ours"}).status_code == 401
    allowed = {"authorization": f"Bearer {token(evening)}", "prefer": "wait=20"}
    stale = allowed | {"if-match": '"0"'}
    assert write(evening, "POST", f"{address}/edits", {"kind": "rename", "name": "Ours"}, stale).status_code == 412
    fresh = allowed | {"if-match": f'"{before["revision"]}"'}
    edited = write(evening, "POST", f"{address}/edits", {"kind": "rename", "name": "Ours", "author": "fc"}, fresh)
    assert (edited.status_code, edited.json()["state"]) == (200, "applied")
    assert get(evening, address)["name"] == "Ours"
    undone = write(evening, "DELETE", f"{address}/edits/{edited.json()['id']}", None, allowed)
    assert undone.status_code == 200
    assert get(evening, address)["name"] is None
    reasons = [one["reason"] for one in get(evening, f"{address}/revisions")["items"]]
    assert reasons[:2] == ["edit", "edit"]


def test_a_dry_run_over_the_whole_evening_by_the_same_rules_finds_nothing_to_change(evening: Machine) -> None:
    allowed = {"authorization": f"Bearer {token(evening)}", "prefer": "wait=20"}
    times = [one["startTime"] for one in get(evening, "/api/battles?limit=100")["items"]]
    wanted = {"startTime": f"{min(times)[:10]}T00:00:00Z", "endTime": f"{max(times)[:10]}T23:59:59Z", "dryRun": True}
    done = write(evening, "POST", "/api/admin/battles/recluster", wanted, allowed)
    assert done.status_code == 200
    told = get(evening, f"/api/admin/battles/recluster/jobs/{done.json()['jobId']}")
    assert told["status"] == "completed"
    assert told["progress"]["processed"] == told["progress"]["total"] > 100
    assert (told["items"], told["total"]) == ([], 0)


def token(machine: Machine) -> str:
    remembered = json.loads((machine.folder / "secrets.json").read_text())
    return next(value for name, value in remembered.items() if "development" in name)


def write(
    machine: Machine, method: str, path: str, body: dict[str, Any] | None, headers: dict[str, str] | None = None
) -> httpx2.Response:
    return httpx2.request(method, f"{machine.status()['gateway']}{path}", json=body, headers=headers, timeout=30)


def test_nothing_went_to_the_dead_letters(evening: Machine) -> None:
    assert evening.dead_letters() == []


def test_functions_without_a_route_are_not_reachable_from_outside(evening: Machine) -> None:
    gateway = evening.status()["gateway"]
    for path in ("/services/battle-cluster/", "/brokers/battlescope/killmails", "/node/status"):
        assert httpx2.post(f"{gateway}{path}", content=b"{}").status_code in {404, 405}


def test_a_short_soak() -> None:
    """`make soak` with an invented evening: killed at random, nothing is lost, the battles are the same."""
    told = soak([], simulated_killmails=1000, seed=7, pause=(0.5, 1.5))
    assert violations(told) == []
    assert sum(told["attacked"]["kills"].values()) >= 3
    assert told["battles"] > 10
