"""Tickers: reading ESI's answers, whom to ask first, and what is stored and published, on a real PostgreSQL."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from enrichment_results import CORPORATION, NOW, enriched_slice, fetch_rows

from battlescope_events.errors import TransientError
from battlescope_events.postgres.database import Database
from battlescope_events.postgres.outbox import Outbox
from battlescope_events.publisher import RecordingPublisher
from battlescope_events.upstream.esi import Esi
from battlescope_events.upstream.http import external_http
from battlescope_local.testing.upstreams import HostResponse, ScriptedHost, instant_client, scripted_host
from battlescope_schemas.entity import EntityType
from killmail_enrich.enrichment.enrichment import PartyLine
from killmail_enrich.names.model import Name
from killmail_enrich.names.repository import NameRepository
from killmail_enrich.names.ticker_client import TickerClient, ticker_policy
from killmail_enrich.names.ticker_repository import TickerRepository
from killmail_enrich.names.ticker_service import TickerService
from killmail_enrich.names.tickers import REFRESH_SECONDS, Organisation, TickerAnswer, read_ticker
from killmail_enrich.persistence.killmails import KillmailRepository

START = NOW.timestamp()
ALLIANCE, OTHER = 99000001, 98000099
ANSWERS = {
    b'{"name": "One", "ticker": "ONE"}': "ONE",
    b'{"ticker": " .-ab- "}': ".-ab-",
    b'{"ticker": "A\\u202eB"}': "AB",
    b'{"ticker": "12345678901"}': None,
    b'{"ticker": ""}': None,
    b'{"ticker": 7}': None,
    b'{"name": "One"}': None,
    b"[]": None,
    b"": None,
    b"<html>": None,
    b"[" * 100_000: None,
}


@pytest.mark.parametrize("body", ANSWERS, ids=lambda body: body[:30].decode())
def test_ticker_of_an_answer(body: bytes) -> None:
    assert read_ticker(body) == ANSWERS[body]


@pytest.fixture
async def host() -> AsyncIterator[ScriptedHost]:
    async with scripted_host() as host:
        yield host


@pytest.fixture
async def clock() -> list[float]:
    return [START]


@pytest.fixture
async def client(host: ScriptedHost, clock: list[float]) -> AsyncIterator[TickerClient]:
    async with external_http("tests (mail@example.com)") as http:
        esi = Esi(instant_client("esi", http, policy=ticker_policy(1e6)), host.url)
        yield TickerClient(esi, lambda: clock[0])


async def test_each_kind_has_its_route(client: TickerClient, host: ScriptedHost) -> None:
    host.response = HostResponse(body=b'{"ticker": "ONE"}')
    corporation = Organisation(CORPORATION, EntityType.CORPORATION, "One")
    answer = await client.fetch(corporation)
    assert answer == TickerAnswer(corporation, "ONE", START)
    await client.fetch(Organisation(ALLIANCE, EntityType.ALLIANCE, "All"))
    assert host.paths == [f"/corporations/{CORPORATION}", f"/alliances/{ALLIANCE}"]


async def test_unknown_organisation_is_asked_for_again_a_week_later(client: TickerClient, host: ScriptedHost) -> None:
    host.response = HostResponse(404)
    answer = await client.fetch(Organisation(CORPORATION, EntityType.CORPORATION, "One"))
    assert answer is not None
    assert (answer.ticker, answer.due_at) == (None, START + REFRESH_SECONDS)


@pytest.mark.parametrize("status", [400, 410, 422])
async def test_refused_route_is_not_requested_for_ten_minutes(
    client: TickerClient, host: ScriptedHost, clock: list[float], status: int
) -> None:
    host.response = HostResponse(status)
    organisation = Organisation(CORPORATION, EntityType.CORPORATION, "One")
    for _ in range(5):
        assert await client.fetch(organisation) is None
    assert len(host.requests) == 1
    clock[0] += 600
    await client.fetch(organisation)
    assert len(host.requests) == 2


async def test_esi_that_does_not_answer_raises_nothing(client: TickerClient, host: ScriptedHost) -> None:
    for status in (500, 503, 420, 403):
        host.response = HostResponse(status)
        assert await client.fetch(Organisation(CORPORATION, EntityType.CORPORATION, "One")) is None


class FakeClient:
    """Answers the id as the ticker, up to `limit` requests."""

    def __init__(self, clock: list[float], limit: int = 1000) -> None:
        self.clock, self.limit = clock, limit
        self.asked: list[int] = []

    async def fetch(self, organisation: Organisation) -> TickerAnswer | None:
        if len(self.asked) >= self.limit:
            return None
        self.asked.append(organisation.entity_id)
        await asyncio.sleep(0)
        return TickerAnswer(organisation, f"T{organisation.entity_id % 1000}", self.clock[0])


async def save_names(store: Database, *names: tuple[int, EntityType, str | None], fetched_at: float = START) -> None:
    repository = NameRepository(store, Outbox(store, "killmails"))
    async with repository.name_transaction() as transaction:
        await transaction.save([Name(entity_id, kind, name, fetched_at) for entity_id, kind, name in names])


@pytest.fixture
def publisher() -> RecordingPublisher:
    return RecordingPublisher()


MakeService = Callable[..., tuple[TickerService, FakeClient]]


@pytest.fixture
def make(store: Database, publisher: RecordingPublisher, clock: list[float]) -> MakeService:
    def make(limit: int = 1000) -> tuple[TickerService, FakeClient]:
        outbox, client = Outbox(store, "killmails"), FakeClient(clock, limit)
        service: Any = TickerService(client, TickerRepository(store, outbox), outbox, publisher, lambda: clock[0])
        return service, client

    return make


CORPORATIONS = tuple((98000000 + number, EntityType.CORPORATION, f"Corp {number}") for number in range(25))


@pytest.mark.postgres
async def test_most_active_organisations_are_asked_for_first(store: Database, make: MakeService) -> None:
    await save_names(store, *CORPORATIONS, (ALLIANCE, EntityType.ALLIANCE, "All"))
    await save_names(store, (OTHER, EntityType.CORPORATION, "Seen later"), fetched_at=START + 1)
    for killmail_id in (1, 2):
        await KillmailRepository(store).save(enriched_slice(killmail_id))  # attackers of CORPORATION
    alliance = PartyLine(alliance_id=str(ALLIANCE), corporation_id="98000009", ship_type_id="587", damage_taken=5)
    for killmail_id in (3, 4, 5):
        await KillmailRepository(store).save(enriched_slice(killmail_id, victim=alliance, attackers=b"[]"))
    service, client = make()
    await service.fetch_due()
    assert client.asked[:3] == [98000009, ALLIANCE, CORPORATION]
    assert client.asked[3] == OTHER
    assert len(client.asked) == len(set(client.asked)) == 27


@pytest.mark.postgres
async def test_ticker_is_stored_published_and_refreshed_weekly(
    store: Database, make: MakeService, publisher: RecordingPublisher, clock: list[float]
) -> None:
    character, nameless = (90000001, EntityType.CHARACTER, "Vera"), (98000001, EntityType.CORPORATION, None)
    await save_names(store, (ALLIANCE, EntityType.ALLIANCE, "All of Us"), character, nameless)
    service, client = make()
    assert await service.ready() == {"pendingTickers": 1}
    for _ in range(2):
        await service.fetch_due()
    assert client.asked == [ALLIANCE]
    assert await service.ready() == {"pendingTickers": 0}
    assert await fetch_rows(store, "SELECT ticker FROM entity_names WHERE entity_type = 'alliance'") == [("T1",)]
    clock[0] += REFRESH_SECONDS
    await service.fetch_due()
    bodies = [json.loads(message.body) for message in publisher.messages]
    assert [(body["entityId"], body["entityName"], body["ticker"]) for body in bodies] == [
        (str(ALLIANCE), "All of Us", "T1")
    ] * 2
    assert len({message.headers["ce-id"] for message in publisher.messages}) == 2


@pytest.mark.postgres
async def test_answer_without_a_ticker_keeps_the_one_that_is_stored(store: Database) -> None:
    repository = TickerRepository(store, Outbox(store, "killmails"))
    organisation = Organisation(ALLIANCE, EntityType.ALLIANCE, "All of Us")
    await save_names(store, (ALLIANCE, EntityType.ALLIANCE, "All of Us"))
    for ticker in ("US", None):
        await repository.save([TickerAnswer(organisation, ticker, START)], [])
    assert await fetch_rows(store, "SELECT ticker FROM entity_names") == [("US",)]


@pytest.mark.postgres
async def test_run_ends_where_esi_does_and_goes_on_there(store: Database, make: MakeService) -> None:
    await save_names(store, *CORPORATIONS)
    service, client = make(limit=12)
    await service.fetch_due()
    assert await service.ready() == {"pendingTickers": len(CORPORATIONS) - 12}
    again, other = make()
    await again.fetch_due()
    assert set(client.asked).isdisjoint(other.asked)
    assert len(client.asked) + len(other.asked) == len(CORPORATIONS)


class CountingRepository(TickerRepository):
    """Counts how often it is computed whom to ask."""

    computations = 0

    async def due(self, now: float, max_rows: int) -> list[Organisation]:
        self.computations += 1
        return await super().due(now, max_rows)


@pytest.mark.postgres
async def test_whom_to_ask_is_computed_once_a_run(store: Database, make: MakeService) -> None:
    """It reads the newest 1,000 killmails, which every tenth request did before."""
    await save_names(store, *CORPORATIONS)
    service, client = make()
    service.repository = repository = CountingRepository(store, service.outbox)
    await service.fetch_due()
    assert len(client.asked) == len(CORPORATIONS)
    assert repository.computations == 2  # the second one finds none


@pytest.mark.postgres
async def test_run_ends_when_its_time_is_up(store: Database, make: MakeService, clock: list[float]) -> None:
    await save_names(store, *CORPORATIONS)
    service, client = make()
    fetch = client.fetch

    async def fetch_slowly(organisation: Organisation) -> TickerAnswer | None:
        clock[0] += 3
        return await fetch(organisation)

    client.fetch = fetch_slowly
    await service.fetch_due()
    assert len(client.asked) == 20  # two batches begin within 40 seconds
    assert await service.ready() == {"pendingTickers": 5}


@pytest.mark.postgres
async def test_only_one_process_asks(store: Database, make: MakeService) -> None:
    await save_names(store, *CORPORATIONS)
    services = [make() for _ in range(3)]
    await asyncio.gather(*(service.fetch_due() for service, _ in services))
    asked = [entity_id for _, client in services for entity_id in client.asked]
    assert sorted(asked) == sorted(entity_id for entity_id, _, _ in CORPORATIONS)
    assert sum(bool(client.asked) for _, client in services) >= 1


@pytest.mark.postgres
async def test_run_in_the_background_is_one_at_a_time_and_ends_with_the_process(
    store: Database, make: MakeService
) -> None:
    await save_names(store, *CORPORATIONS)
    service, client = make()
    for _ in range(5):
        service.begin()
    while len(client.asked) < len(CORPORATIONS):
        await asyncio.sleep(0.01)
    await service.close()
    assert len(client.asked) == len(CORPORATIONS)
    never_begun, _ = make()
    await never_begun.close()


@pytest.mark.postgres
async def test_broker_that_does_not_answer_loses_no_ticker(
    store: Database, make: MakeService, publisher: RecordingPublisher
) -> None:
    async def unreachable(_: object) -> None:
        raise TransientError("The Broker does not answer.")

    await save_names(store, CORPORATIONS[0])
    service, _ = make()
    working, service.publish = service.publish, unreachable
    with pytest.raises(TransientError):
        await service.fetch_due()
    await service.outbox.flush(working)
    assert [message.headers["ce-subject"] for message in publisher.messages] == ["corporation:98000000"]
