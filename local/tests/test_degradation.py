"""Each component stops while requests run: the rest is answered, what is missing is null or 503, and comes back alone.

The functions are real processes, with logins; `docs/degradation.md` has the answers as a table.
"""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Generator, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

import httpx2
import pytest

from battlescope_events.catalog import KILLMAIL_INGESTED, TIMER
from battlescope_events.messages import Message
from battlescope_local.devtools.project import ROOT
from battlescope_local.settings import S3Access
from battlescope_local.testing.buckets import create_bucket
from battlescope_local.testing.cable import Cable, cable
from battlescope_local.testing.databases import Databases, run_sql
from battlescope_local.testing.processes import FunctionProcess, HeldSink
from battlescope_local.testing.sessions import AccountWriter
from battlescope_schemas.archive import make_bundle
from battlescope_schemas.reference import KillmailReference
from battlescope_upstream.testing import running_upstream

pytestmark = [pytest.mark.postgres, pytest.mark.stores]
BATTLE: Final = "00000000-0000-0000-0000-000000000001"
RAW: Final[dict[str, Any]] = {
    "killmail_id": 1, "killmail_time": "2026-11-01T20:00:00Z", "solar_system_id": 30000001,
    "attackers": [{"damage_done": 10, "final_blow": True, "corporation_id": 98000002}],
    "victim": {"ship_type_id": 587, "damage_taken": 10, "items": [{"flag": 27, "item_type_id": 2488, "singleton": 0}]},
}  # fmt: skip
# A killmail that arrives while ESI is away, in a system of the simulated universe.
TIME: Final = datetime(2026, 11, 1, 20, tzinfo=UTC)
VICTIM: Final = 90_000_077
CORPORATION: Final = 98_000_077
ARRIVING: Final[dict[str, Any]] = {
    "killmail_id": 2, "killmail_time": TIME.isoformat(), "solar_system_id": 30_009_001,
    "attackers": [{"damage_done": 10, "final_blow": True, "corporation_id": CORPORATION}],
    "victim": {"ship_type_id": 587, "damage_taken": 10, "character_id": VICTIM, "corporation_id": CORPORATION},
}  # fmt: skip
BATTLES: Final = f"""
INSERT INTO battles (id, system_id, region_id, security_type, start_time, end_time, last_killmail_at, status, tier,
    total_kills, total_participants, total_isk_destroyed, zkill_related_url, is_decisive, revision)
VALUES ('{BATTLE}', 30000001, 10000001, 'highsec', '2026-11-01 20:00Z', '2026-11-01 20:09Z', '2026-11-01 20:09Z',
    'closed', 'small', 2, 2, 1000, 'https://example.invalid', false, 1)
"""
KILLMAIL: Final = """
INSERT INTO enriched_killmails (killmail_id, killmail_time, system_id, security_type, ship_type_id, victim_character_id,
    victim_corp_id, victim_damage_taken, attacker_data, attacker_count, zkb_total_value, zkb_points, zkb_hash, zkb_url,
    npc, solo, awox, source, archive_key, enriched_at, enrichment_duration_ms)
VALUES (1, '2026-11-01 20:00Z', 30000001, 'highsec', 587, 90000001, 98000001, 10, '[]', 1, 5, 1, 'hash',
    'https://zkillboard.com/kill/1/', false, false, false, 'live', '{key}', now(), 7)
"""
# What is asked, by the function that answers.
REQUESTS: Final = {
    "battles": ("battle-api", "/api/battles"),
    "battle": ("battle-api", f"/api/battles/{BATTLE}"),
    "battle never read": ("battle-api", f"/api/battles/{BATTLE}/timeline"),
    "killmails": ("killmail-api", "/api/killmails/recent"),
    "killmail": ("killmail-api", "/api/killmails/1"),
    "items": ("killmail-api", "/api/killmails/1/items"),
    "stream": ("killmail-api", "/api/stream?topics=killmails&once=true"),
    "page of the API": ("web-serve", "/api/docs"),
}
GUARDED: Final = ("battle-api", "killmail-api")  # web-serve is public
WELL: Final[Mapping[str, object]] = {**dict.fromkeys(REQUESTS, 200), "stream": ("healthy", ["1"])}


@dataclass(frozen=True)
class System:
    """Functions behind cables to their stores; `headers` are those of a caller whom they know."""

    processes: Mapping[str, FunctionProcess]
    cables: Mapping[str, Cable]
    headers: Mapping[str, str]
    accounts: AccountWriter
    arriving: KillmailReference
    esi: str

    def send(self, message: Message, **headers: str) -> int:
        """The status with which killmail-enrich answers an event."""
        url = self.processes["killmail-enrich"].url
        sent = httpx2.post(url, headers={**message.headers, **headers}, content=message.body, timeout=60)
        return sent.status_code

    def send_timer_event(self, task: str) -> None:
        """As the PingSource of this task does."""
        message = TIMER.message({}, source="tests", key=f"{task} {time.monotonic_ns()}", time=TIME)
        assert self.send(message, **{"ce-task": task}) == httpx2.codes.NO_CONTENT

    def killmail(self, killmail_id: int) -> dict[str, Any]:
        """A killmail as killmail-api shows it."""
        url = f"{self.processes['killmail-api'].url}/api/killmails/{killmail_id}"
        return httpx2.get(url, headers=dict(self.accounts.log_in().headers)).raise_for_status().json()

    def ask(self, names: Iterable[str], headers: Mapping[str, str] | None = None) -> dict[str, object]:
        """The answer to each request, all at once: a status, and of the stream what its snapshot says."""
        with ThreadPoolExecutor(len(REQUESTS)) as pool:
            asked = {name: pool.submit(self._answer, name, headers or self.headers) for name in names}
        return {name: answer.result() for name, answer in asked.items()}

    def _answer(self, name: str, headers: Mapping[str, str]) -> object:
        function, path = REQUESTS[name]
        response = httpx2.get(f"{self.processes[function].url}{path}", headers=dict(headers), timeout=30)
        if response.is_error:
            assert response.json()["requestId"]
            return (response.status_code, response.json()["error"])
        if name == "stream":
            line = next(line for line in response.text.splitlines() if line.startswith("data: {"))
            snapshot = json.loads(line.removeprefix("data: "))
            killmails = snapshot["killmails"]
            ids = None if killmails is None else [item["killmailId"] for item in killmails]
            return snapshot["status"], ids and [i for i in ids if i != str(ARRIVING["killmail_id"])]
        stale = response.headers.get("warning", "")
        return (response.status_code, stale) if stale else response.status_code

    @contextmanager
    def without(self, component: str) -> Generator[None]:
        """Cut the component, and at the end wait until everything is answered as before, by itself."""
        self.cables[component].cut()
        try:
            yield
        finally:
            self.cables[component].mend()
        began, deadline = time.monotonic(), time.monotonic() + 60
        while (answers := self.ask(WELL, self.accounts.log_in().headers)) != WELL:  # one caller may ask 500 times only
            assert time.monotonic() < deadline, answers
            time.sleep(0.1)
        print(f"{component}: well again after {time.monotonic() - began:.1f} s")


@pytest.fixture(scope="module")
def system(
    databases: Databases, valkey_server: str, moto: S3Access, tmp_path_factory: pytest.TempPathFactory
) -> Generator[System]:
    killmails, battles = databases.clone("battlescope_killmails"), databases.clone("battlescope_battles")
    bucket = create_bucket(moto)
    bundle = make_bundle(date(2026, 11, 1), [json.dumps(RAW).encode(), json.dumps(ARRIVING).encode()])
    bucket.client.put_object(Bucket=bucket.name, Key=bundle.object_key, Body=bundle.body)
    run_sql(killmails.owner, KILLMAIL.replace("{key}", str(bundle.keys[0])))
    run_sql(battles.owner, BATTLES)
    with ExitStack() as stack:
        upstream = stack.enter_context(simulated_upstream())
        sink = HeldSink()
        stack.callback(sink.close)
        sink.released.set()
        cables = {
            "Valkey": stack.enter_context(cable(valkey_server)),
            "archive": stack.enter_context(cable(moto.endpoint)),
            "database of killmails": stack.enter_context(cable(killmails.url("killmail-api"))),
            "database of battles": stack.enter_context(cable(battles.url("battle-api"))),
            "ESI": stack.enter_context(cable(f"{upstream}/esi")),
        }
        common = {"ACCESS_MODE": "sso", "REDIS_URL": cables["Valkey"].url, "K_SINK": "http://127.0.0.1:9/n/b"}
        settings = {
            "killmail-api": {
                **common, **bucket.environment(), "S3_ENDPOINT_URL": cables["archive"].url,
                "DATABASE_URL": cables["database of killmails"].url,
            },
            "battle-api": {**common, "DATABASE_URL": cables["database of battles"].url},
            "killmail-enrich": {
                **bucket.environment(), "DATABASE_URL": killmails.url("killmail-enrich"), "REDIS_URL": valkey_server,
                "K_SINK": f"{sink.url}/battlescope/killmails", "ESI_URL": cables["ESI"].url, "USER_AGENT": "tests",
                "SDE_URL": f"{upstream}/static-data", "MARKET_HISTORY_URL": "http://127.0.0.1:9",
                "TICKER_MAX_RATE": "1000",
            },
            "web-serve": {"ACCESS_MODE": "sso", "SITE_FOLDER": str(ROOT / "no-such-folder")},
        }  # fmt: skip
        logs = tmp_path_factory.mktemp("logs")
        processes = {
            name: FunctionProcess(f"{name.replace('-', '_')}.main:app", values, logs / name)
            for name, values in settings.items()
        }
        for process in processes.values():
            stack.callback(process.close)
            process.start()
        for process in processes.values():
            process.wait_until_ready()
        accounts = AccountWriter(valkey_server)
        stack.callback(accounts.close)
        wait_until(lambda: accounts.subscriptions() >= len(GUARDED))
        arriving = KillmailReference(
            killmail_id=2, zkb_hash="a" * 40, killmail_time=TIME, system_id=ARRIVING["solar_system_id"],
            zkb_url="https://zkillboard.com/kill/2/", archive_key=str(bundle.keys[1]),
        )  # fmt: skip
        system = System(processes, cables, accounts.log_in().headers, accounts, arriving, f"{upstream}/esi")
        system.send_timer_event("static-data")
        yield system
    databases.drop(killmails)
    databases.drop(battles)


@contextmanager
def simulated_upstream() -> Generator[str]:
    """ESI and static data, in an event loop in a thread; yields the address."""
    loop, address = asyncio.new_event_loop(), ""
    serving, ended = threading.Event(), asyncio.Event()

    async def serve() -> None:
        nonlocal address
        async with running_upstream(mails=1, speed="max") as address:
            serving.set()
            await ended.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    assert serving.wait(60)
    try:
        yield address
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()
        loop.close()


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "The condition did not come true."
        time.sleep(0.05)


@pytest.fixture
def well(system: System) -> System:
    """Everything is answered, so that the caches and the guard know what they are asked for."""
    known = [name for name in WELL if name != "battle never read"]
    assert system.ask(known) == {name: WELL[name] for name in known}
    return system


UNAVAILABLE: Final = (503, "ServiceUnavailable")


def expected(**changed: object) -> dict[str, object]:
    return {**WELL, **{name.replace("_", " "): value for name, value in changed.items()}}


def test_everything_but_new_callers_is_answered_without_valkey(well: System) -> None:
    stranger = well.accounts.log_in().headers
    with well.without("Valkey"):
        assert well.ask(WELL) == expected(stream=("degraded", ["1"]))
        answers = well.ask(["battles", "killmails"], stranger)
        assert answers == dict.fromkeys(("battles", "killmails"), (503, "sessions-unavailable"))


def test_only_items_are_missing_without_the_archive(well: System) -> None:
    with well.without("archive"):
        assert well.ask(WELL) == expected(items=UNAVAILABLE)


def test_streams_and_battles_are_answered_without_the_database_of_killmails(well: System) -> None:
    with well.without("database of killmails"):
        missing = dict.fromkeys(("killmails", "killmail", "items"), UNAVAILABLE)
        assert well.ask(WELL) == expected(**missing, stream=("degraded", None))


def test_last_answers_and_killmails_are_answered_without_the_database_of_battles(well: System) -> None:
    with well.without("database of battles"):
        answers = well.ask(WELL)
        stale = (200, '110 - "Response is stale"')
        assert answers == expected(battles=stale, battle=stale) | {"battle never read": answers["battle never read"]}
        assert answers["battle never read"] in {UNAVAILABLE, stale}  # the latter if an earlier test has read it


def test_killmails_go_on_without_esi_and_get_their_names_afterwards(well: System) -> None:
    with well.without("ESI"):
        message = KILLMAIL_INGESTED.message(well.arriving, source="tests", key="2", time=TIME)
        assert well.send(message) == httpx2.codes.NO_CONTENT
        assert well.ask(WELL) == WELL
        shown = well.killmail(2)
        assert (shown["victimCharacterName"], shown["victimTicker"]) == (f"Unknown Character #{VICTIM}", None)
        assert (shown["systemId"], shown["enrichment"]["status"]) == ("30009001", "processing")
    names = {
        entity["id"]: entity["name"]
        for entity in httpx2.post(f"{well.esi}/universe/names", json=[VICTIM, CORPORATION]).json()
    }
    began, deadline = time.monotonic(), time.monotonic() + 120
    while (shown := well.killmail(2))["victimTicker"] is None or shown["enrichment"]["status"] != "succeeded":
        assert time.monotonic() < deadline, shown
        well.send_timer_event("names")
        well.send_timer_event("tickers")
        time.sleep(0.5)
    print(f"ESI: names and ticker after {time.monotonic() - began:.1f} s")
    assert (shown["victimCharacterName"], shown["victimCorpName"]) == (names[VICTIM], names[CORPORATION])
