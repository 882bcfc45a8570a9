"""The whole system, as users run it: real stores, real processes, the project's own manifests."""

import json
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import pytest
from machine import KILLMAILS, Machine, upstream, upstream_killmail_count, wait_until_finished
from soak import battle_contents, check_run, observe, violations

from battlescope_local.devtools.merged_openapi import LINKS_BETWEEN_FUNCTIONS
from battlescope_local.testing.http.http_contract import HttpContract
from battlescope_local.testing.http.link_walk import LinkWalk, Sample
from web_serve.sources.api_description import ApiDescription

pytestmark = pytest.mark.e2e
Battles = set[tuple[Any, ...]]


@pytest.fixture(scope="module")
def machine(nobodys_folder: Callable[[], Path]) -> Iterator[Machine]:
    """A machine that has processed a small simulated feed completely."""
    arguments = ("--evening", "7", "--mails", "250", "--speed", "max", "--frozen-head")
    with upstream(*arguments) as world:
        machine = Machine(nobodys_folder() / "flow", world)
        machine.start()
        wait_until_finished(machine, upstream_killmail_count(world), lambda _: None)
        yield machine
        machine.stop()


@pytest.fixture(scope="module")
def undisturbed(machine: Machine) -> Battles:
    """The battles before any test changes them; the first test asks for them."""
    return battle_contents(machine)


def get(machine: Machine, path: str) -> Any:
    return httpx2.get(f"{machine.status()['gateway']}{path}", timeout=30).raise_for_status().json()


def test_killmails_of_the_feed_become_battles_of_the_api(machine: Machine, undisturbed: Battles) -> None:
    battles = get(machine, "/api/battles?limit=100")["items"]
    assert len(battles) == min(len(undisturbed), 100) > 5
    biggest = max(battles, key=lambda battle: battle["totalKills"])
    battle = get(machine, f"/api/battles/{biggest['id']}")
    assert len(battle["killmails"]) == biggest["totalKills"] >= 5
    assert len(battle["sides"]) >= 2
    assert all(isinstance(killmail["killmailId"], str) and killmail["zkbUrl"] for killmail in battle["killmails"])
    assert biggest["systemName"]


def test_exactly_one_of_sixty_edits_of_one_revision_wins(machine: Machine) -> None:
    battle = get(machine, "/api/battles?limit=1&sort_by=kills&sort_order=asc")["items"][0]
    address, revision = f"/api/battles/{battle['id']}/edits", get(machine, f"/api/battles/{battle['id']}")["revision"]
    headers = {"authorization": f"Bearer {token(machine)}", "prefer": "wait=20", "if-match": f'"{revision}"'}
    with ThreadPoolExecutor(60) as pool:
        requests = [
            pool.submit(write, machine, "POST", address, {"kind": "rename", "name": f"Name {number}"}, headers)
            for number in range(60)
        ]
    responses = [request.result() for request in requests]
    assert sum(response.is_success for response in responses) == 1
    assert {response.status_code for response in responses if not response.is_success} == {412}
    assert get(machine, address)["total"] == 1


def test_web_app_or_its_stand_in_is_at_every_address_outside_the_api(machine: Machine) -> None:
    gateway = machine.status()["gateway"]
    for path in ("/", "/battles/7"):
        page = httpx2.get(f"{gateway}{path}")
        assert page.status_code in {200, 503}  # the latter while the web app is built beside
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert "BattleScope" in page.text
    missing = httpx2.get(f"{gateway}/api/battels")
    assert (missing.status_code, missing.json()["error"]) == (404, "NotFound")


def test_every_resource_that_needs_no_id_answers_and_is_compressed_where_it_pays(machine: Machine) -> None:
    gateway = machine.status()["gateway"]
    paths = ["/api/docs", "/api/openapi.json", *(link.path for link in ApiDescription().links)]
    assert {"/api/battles", "/api/killmails/recent", "/api/ingestion/stats"} <= set(paths)
    for path in paths:
        response = httpx2.get(f"{gateway}{path}", timeout=30)
        assert response.status_code == 200, response.text
        assert (response.headers.get("content-encoding") in {"br", "gzip"}) == (len(response.content) >= 1024)
        assert response.headers["server"] == "BattleScope"
        again = httpx2.get(f"{gateway}{path}", timeout=30, headers={"if-none-match": response.headers["etag"]})
        assert again.status_code in {200, 304}  # the live statistics go on
        head = httpx2.head(f"{gateway}{path}", timeout=30)
        assert (head.status_code, head.content) == (200, b"")


def test_stream_through_the_gateway_has_every_killmail_of_the_feed(machine: Machine) -> None:
    """Resumed from before the feed began, as a client that was away."""
    ids = {killmail_id for (killmail_id,) in machine.rows(KILLMAILS, "SELECT killmail_id FROM enriched_killmails")}
    received: set[int] = set()
    headers = {"last-event-id": f"{int((time.time() - 1800) * 1000)}-0"}
    url = f"{machine.status()['gateway']}/api/stream?topics=killmails"
    with httpx2.stream("GET", url, headers=headers, timeout=30) as response:
        name = ""
        for line in response.iter_lines():
            field, _, value = line.partition(": ")
            name = value if field == "event" else name
            if field == "data" and name == "killmail":
                received.add(int(json.loads(value)["killmailId"]))
            if received >= ids:
                break
    assert received == ids


def test_organisations_get_their_tickers(machine: Machine) -> None:
    """From the simulated ESI by killmail-enrich to battle-cluster by an event, and to both APIs."""
    deadline = time.monotonic() + 60
    while True:
        killmails = get(machine, "/api/killmails/recent?limit=100")["items"]
        battle = get(machine, "/api/battles?limit=1&sort_by=kills")["items"][0]
        parties = [side["topParty"] for side in get(machine, f"/api/battles?id={battle['id']}")["items"][0]["sides"]]
        with_ticker = [killmail for killmail in killmails if killmail["victimTicker"]]
        if len(with_ticker) == len(killmails) and all(party["ticker"] for party in parties):
            break
        assert time.monotonic() < deadline, (len(with_ticker), parties)
        time.sleep(0.5)


def test_names_are_resolved(machine: Machine) -> None:
    items = get(machine, "/api/killmails/recent?limit=100")["items"]
    assert len(items) == 100
    assert all(item["systemName"] and item["shipTypeName"] for item in items)
    named = [item for item in items if item["victimCharacterId"] and item["victimCharacterName"]]
    assert len(named) == sum(1 for item in items if item["victimCharacterId"])


def test_killmail_has_its_battle(machine: Machine) -> None:
    """Changes of battles reach the killmail context only by events."""
    battle = get(machine, "/api/battles?limit=1&sort_by=kills")["items"][0]
    page = get(machine, f"/api/battles/{battle['id']}/killmails?limit=1")
    first = (page.get("items") or page["killmails"])[0]["killmailId"]
    assert get(machine, f"/api/killmails/{first}")["battleId"] == battle["id"]


def test_edit_is_applied_and_undone_over_http(machine: Machine) -> None:
    """The request waits for outbox, Broker and battle-cluster, and responds with the result."""
    battle = get(machine, "/api/battles?limit=1&sort_by=kills")["items"][0]
    address = f"/api/battles/{battle['id']}"
    before = get(machine, address)
    assert write(machine, "POST", f"{address}/edits", {"kind": "rename", "name": "Ours"}).status_code == 401
    allowed = {"authorization": f"Bearer {token(machine)}", "prefer": "wait=20"}
    stale = allowed | {"if-match": '"0"'}
    assert write(machine, "POST", f"{address}/edits", {"kind": "rename", "name": "Ours"}, stale).status_code == 412
    fresh = allowed | {"if-match": f'"{before["revision"]}"'}
    edited = write(machine, "POST", f"{address}/edits", {"kind": "rename", "name": "Ours", "author": "fc"}, fresh)
    assert (edited.status_code, edited.json()["state"]) == (200, "applied")
    assert get(machine, address)["name"] == "Ours"
    undone = write(machine, "DELETE", f"{address}/edits/{edited.json()['id']}", None, allowed)
    assert undone.status_code == 200
    assert get(machine, address)["name"] is None
    reasons = [revision["reason"] for revision in get(machine, f"{address}/revisions")["items"]]
    assert reasons[:2] == ["edit", "edit"]


def test_dry_run_with_the_same_rules_changes_nothing(machine: Machine) -> None:
    allowed = {"authorization": f"Bearer {token(machine)}", "prefer": "wait=20"}
    times = [battle["startTime"] for battle in get(machine, "/api/battles?limit=100")["items"]]
    request = {"startTime": f"{min(times)[:10]}T00:00:00Z", "endTime": f"{max(times)[:10]}T23:59:59Z", "dryRun": True}
    response = write(machine, "POST", "/api/admin/battles/recluster", request, allowed)
    assert response.status_code == 200
    job = get(machine, f"/api/admin/battles/recluster/jobs/{response.json()['jobId']}")
    assert job["status"] == "completed"
    assert job["progress"]["processed"] == job["progress"]["total"] > 100
    assert (job["items"], job["total"]) == ([], 0)


def test_command_republishes_battles_to_a_consumer_that_lost_them(machine: Machine) -> None:
    """The whole way: the command, battle-api, the Broker, battle-cluster, object storage and killmail-enrich."""
    battles = get(machine, "/api/battles?limit=1")["totalCount"]
    before = machine.rows(KILLMAILS, "SELECT battle_id, killmail_id FROM battle_killmails ORDER BY 1, 2")
    assert machine.rows(KILLMAILS, "DELETE FROM battle_killmails RETURNING 1")
    assert machine.rows(KILLMAILS, "DELETE FROM battles RETURNING 1")
    command = [str(Path(sys.executable).parent / "battlescope"), "--data", str(machine.folder), "republish"]
    output = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    assert (published := re.search(r"completed: (\d+) of (\d+) battles republished", output)), output
    assert published[1] == published[2]
    assert int(published[1]) >= battles
    while any(machine.queues().values()):
        time.sleep(0.05)
    assert machine.rows(KILLMAILS, "SELECT battle_id, killmail_id FROM battle_killmails ORDER BY 1, 2") == before


async def test_links_between_functions_are_followed(machine: Machine) -> None:
    """By the one document of all functions: from battles to killmails and back."""
    contract = HttpContract(get(machine, "/api/openapi.json"))
    samples = {"list_battles_api_battles_get": [Sample(query={"sort_by": "kills"})]}
    headers = {"authorization": f"Bearer {token(machine)}"}
    async with httpx2.AsyncClient(base_url=machine.status()["gateway"], headers=headers, timeout=30) as client:
        walk = LinkWalk(contract, client, samples, reads_only=True)
        await walk.run()
    between = {(source, target) for source, target, _, _ in LINKS_BETWEEN_FUNCTIONS}
    followed = {(link.source, link.target) for link, status in walk.followed.items() if status < 400}
    assert between - followed == {(source, target) for source, target in between if source.startswith("top_")}
    # The sample has no suggested splits, and no killmail of the last day.
    assert {link.name for link, status in walk.followed.items() if status >= 400} <= {"preview_split"}


def token(machine: Machine) -> str:
    return json.loads((machine.folder / "secrets.json").read_text())["password-owner"]


def write(
    machine: Machine, method: str, path: str, body: dict[str, Any] | None, headers: dict[str, str] | None = None
) -> httpx2.Response:
    return httpx2.request(method, f"{machine.status()['gateway']}{path}", json=body, headers=headers, timeout=30)


def test_no_event_is_dead_lettered(machine: Machine) -> None:
    assert machine.dead_letters() == []


def test_no_published_event_has_the_position_of_the_consumed_one(machine: Machine) -> None:
    """Every function got events with their position in the topic, and would publish it if it copied extensions."""
    with closing(sqlite3.connect(f"file:{machine.folder}/log/log.sqlite3?mode=ro", uri=True)) as log:
        headers = [json.loads(text) for (text,) in log.execute("SELECT headers FROM records")]
    names = {name for record in headers for name, _ in record}
    assert {"ce_type", "ce_correlationid"} <= names
    assert [name for name in names if name.startswith("ce_knative")] == []


def test_functions_without_a_route_are_unreachable_from_outside(machine: Machine) -> None:
    gateway = machine.status()["gateway"]
    for path in ("/services/battle-cluster/", "/brokers/battlescope/killmails", "/node/status"):
        assert httpx2.post(f"{gateway}{path}", json={}).status_code in {404, 405}


def test_short_soak_loses_nothing(machine: Machine, undisturbed: Battles, nobodys_folder: Callable[[], Path]) -> None:
    """`make soak` on the feed of this module: random kills lose nothing and do not change the battles."""
    attacked, battles = observe(machine.upstream_url, nobodys_folder() / "attacked", (7, (0.5, 1.5)))
    runs = {"undisturbed": check_run(machine, machine.upstream_url), "attacked": attacked}
    assert violations({**runs, "battles_different": len(battles ^ undisturbed)}) == []
    assert sum(attacked["kills"].values()) >= 3
    assert len(battles) > 5
