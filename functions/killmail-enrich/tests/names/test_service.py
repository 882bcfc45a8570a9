"""Storing names, filling them into killmails and publishing them, on a real PostgreSQL."""

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from enrichment_results import MATE, NOW, VERA, enriched_slice, fetch_rows

from battlescope_events.postgres.database import Database
from battlescope_events.postgres.outbox import Outbox
from battlescope_events.publisher import RecordingPublisher
from battlescope_schemas.entity import EntityType
from battlescope_schemas.names.esi_names import read_names
from killmail_enrich.enrichment.enrichment import PartyLine
from killmail_enrich.names.model import RETRY_SECONDS, Name
from killmail_enrich.names.repository import NameRepository
from killmail_enrich.names.service import NameService
from killmail_enrich.persistence.killmails import EnrichedSlice, KillmailRepository

pytestmark = pytest.mark.postgres


async def save_all(store: Database, *results: EnrichedSlice) -> None:
    for result in results:
        await KillmailRepository(store).save(result)


class NoCache:
    async def put(self, names: object) -> None: ...


class FakeEsi:
    """Knows these names; the real client has tests of its own."""

    def __init__(self, **names: str | None) -> None:
        self.names = names

    async def fetch(self, entity_ids: Any) -> dict[int, Name]:
        character = EntityType.CHARACTER
        return {
            i: Name(i, character, self.names[f"id{i}"], NOW.timestamp()) for i in entity_ids if f"id{i}" in self.names
        }


MakeService = Callable[..., NameService]


@pytest.fixture
def publisher() -> RecordingPublisher:
    return RecordingPublisher()


@pytest.fixture
def service(store: Database, publisher: RecordingPublisher) -> MakeService:
    def make(**names: str | None) -> NameService:
        outbox = Outbox(store, "killmails")
        return NameService(FakeEsi(**names), NameRepository(store, outbox), NoCache(), outbox, publisher, NOW.timestamp)

    return make


async def test_timer_fills_names_into_waiting_killmails_and_publishes_them_once(
    store: Database, service: MakeService, publisher: RecordingPublisher
) -> None:
    await save_all(store, enriched_slice(1, missing_ids=(VERA, MATE)), enriched_slice(2, missing_ids=(VERA,)))
    for _ in range(2):
        await service(**{f"id{VERA}": "Vera", f"id{MATE}": "Mate"}).resolve_pending()
    rows = await fetch_rows(
        store,
        "SELECT victim_character_name, attacker_data->0->>'characterName', attacker_data->1->>'characterName', "
        "attacker_data->0->>'corporationName' FROM enriched_killmails ORDER BY killmail_id",
    )
    assert rows[0] == ("Vera", "Mate", "Vera", "One")
    assert rows[1] == ("Vera", "Mate", "Vera", "One")
    assert sorted(message.headers["ce-subject"] for message in publisher.messages) == [
        f"character:{VERA}",
        f"character:{MATE}",
    ]
    assert await fetch_rows(store, "SELECT * FROM wanted_names") == []
    assert await fetch_rows(store, "SELECT * FROM outbox_messages") == []


async def test_message_that_could_not_be_published_is_published_later_as_the_same_event(
    store: Database, service: MakeService, publisher: RecordingPublisher
) -> None:
    async def unreachable(_: object) -> None:
        raise ConnectionError

    await KillmailRepository(store).save(enriched_slice(missing_ids=(VERA,)))
    broken = replace(service(**{f"id{VERA}": "Vera"}), publish=unreachable)
    for _ in range(2):
        with pytest.raises(ConnectionError):
            await broken.resolve_pending()
    await Outbox(store, "killmails").flush(publisher)
    assert [message.headers["ce-type"] for message in publisher.messages] == ["com.battlescope.entity.updated.v1"]
    assert await fetch_rows(store, "SELECT * FROM outbox_messages") == []


class LateEsi:
    """Knows no name until `known_from`; counts its requests per id."""

    def __init__(self, clock: list[float], known_from: float) -> None:
        self.clock, self.known_from = clock, known_from
        self.requests: list[float] = []

    async def fetch(self, entity_ids: Any) -> dict[int, Name]:
        now = self.clock[0]
        self.requests += [now] * len(entity_ids)
        name = "Vera" if now >= self.known_from else None
        kind = EntityType.CHARACTER if name else None
        return {i: Name(i, kind, name, now, attempts=0 if name else 1) for i in entity_ids}


async def follow(
    store: Database, publisher: RecordingPublisher, *, known_after: float, hours: float
) -> tuple[LateEsi, NameService]:
    """Timer events every ten minutes for some hours."""
    start = NOW.timestamp()
    clock = [start]
    esi, outbox = LateEsi(clock, start + known_after), Outbox(store, "killmails")
    service = NameService(esi, NameRepository(store, outbox), NoCache(), outbox, publisher, lambda: clock[0])
    while clock[0] <= start + hours * 3600:
        await service.resolve_pending()
        clock[0] += 600
    return esi, service


async def test_name_that_comes_late_reaches_every_waiting_killmail_and_is_published(
    store: Database, publisher: RecordingPublisher
) -> None:
    await save_all(store, enriched_slice(1, missing_ids=(VERA,)), enriched_slice(2, missing_ids=(VERA,)))
    esi, service = await follow(store, publisher, known_after=3600, hours=2)
    assert len(esi.requests) == 4, "at once, after minutes, after half an hour, after an hour"
    rows = await fetch_rows(
        store, "SELECT victim_character_name, attacker_data->1->>'characterName' FROM enriched_killmails"
    )
    assert rows == [("Vera", "Vera")] * 2
    assert [message.headers["ce-subject"] for message in publisher.messages] == [f"character:{VERA}"]
    assert await fetch_rows(store, "SELECT * FROM wanted_names") == []
    assert await service.ready() == {"parkedMessages": 0, "pendingNames": 0}


async def test_entity_that_stays_unknown_is_asked_for_ever_more_seldom_and_its_killmails_keep_waiting(
    store: Database, publisher: RecordingPublisher
) -> None:
    await KillmailRepository(store).save(enriched_slice(missing_ids=(VERA,)))
    esi, service = await follow(store, publisher, known_after=1e9, hours=24)
    assert len(esi.requests) <= 7
    assert await service.ready() == {"parkedMessages": 0, "pendingNames": 1}
    pauses = [later - earlier for earlier, later in pairwise(esi.requests)]
    assert pauses == sorted(pauses)
    esi, service = await follow(store, publisher, known_after=1e9, hours=24 * 9)
    assert len(esi.requests) <= len(RETRY_SECONDS) + 1
    assert publisher.messages == []
    assert await service.ready() == {"parkedMessages": 0, "pendingNames": 0}
    assert await fetch_rows(store, "SELECT entity_id FROM wanted_names") == [(VERA,)], "for a name that comes after all"
    await service.save([Name(VERA, EntityType.CHARACTER, "Vera", NOW.timestamp() + 1e7)])
    assert await fetch_rows(store, "SELECT victim_character_name FROM enriched_killmails") == [("Vera",)]


async def test_entity_keeps_its_name_when_esi_forgets_it(
    store: Database, service: MakeService, publisher: RecordingPublisher
) -> None:
    await service().save([Name(VERA, EntityType.CHARACTER, "Vera", NOW.timestamp() - 2 * 86400)])
    await KillmailRepository(store).save(enriched_slice(1, stale_ids=(VERA,)))
    await service(**{f"id{VERA}": None}).resolve_pending()
    await service().save([Name(VERA, None, None, NOW.timestamp() + 1, attempts=1)])
    (name,) = (await NameRepository(store, Outbox(store, "killmails")).find([VERA])).values()
    assert (name.name, name.retry_at) == ("Vera", None)
    assert publisher.messages == []


async def test_names_with_odd_characters_are_stored_and_the_timer_goes_on(
    store: Database, service: MakeService
) -> None:
    body = json.dumps([{"id": VERA, "category": "character", "name": "V\ud800e\x00ra"}])
    names = {f"id{entity_id}": name.name for entity_id, name in read_names(body.encode(), {VERA}).items()}
    await KillmailRepository(store).save(enriched_slice(missing_ids=(VERA, MATE)))
    await service(**names, **{f"id{MATE}": "Mate"}).resolve_pending()
    rows = await fetch_rows(store, "SELECT victim_character_name FROM enriched_killmails")
    assert rows == [("V�e�ra",)]
    assert await fetch_rows(store, "SELECT * FROM wanted_names") == []


async def test_name_that_esi_does_not_return_stays_pending(store: Database, service: MakeService) -> None:
    await KillmailRepository(store).save(enriched_slice(missing_ids=(VERA, MATE)))
    await service(**{f"id{MATE}": "Mate"}).resolve_pending()
    assert await fetch_rows(store, "SELECT entity_id FROM wanted_names") == [(VERA,)]


async def test_changed_name_is_published_and_old_killmails_keep_their_name(
    store: Database, service: MakeService, publisher: RecordingPublisher
) -> None:
    two_days_old = Name(VERA, EntityType.CHARACTER, "Vera", NOW.timestamp() - 2 * 86400)
    await service().save([two_days_old])
    assert publisher.messages == []
    victim = PartyLine(character_id=str(VERA), character_name="Vera", damage_taken=0)
    await KillmailRepository(store).save(enriched_slice(stale_ids=(VERA,), victim=victim))
    await service(**{f"id{VERA}": "Vera Renamed"}).resolve_pending()
    assert b'"entityName":"Vera Renamed"' in publisher.messages[0].body
    assert len(publisher.messages) == 1
    assert await fetch_rows(store, "SELECT victim_character_name FROM enriched_killmails") == [("Vera",)]
    assert (await NameRepository(store, Outbox(store, "killmails")).find([VERA]))[VERA].name == "Vera Renamed"


async def test_refresh_without_a_change_is_not_published(
    store: Database, service: MakeService, publisher: RecordingPublisher
) -> None:
    await service().save([Name(VERA, EntityType.CHARACTER, "Vera", NOW.timestamp() - 2 * 86400)])
    await KillmailRepository(store).save(enriched_slice(stale_ids=(VERA,)))
    await service(**{f"id{VERA}": "Vera"}).resolve_pending()
    assert publisher.messages == []
    assert (await NameRepository(store, Outbox(store, "killmails")).find([VERA]))[VERA].fetched_at == NOW.timestamp()


async def test_only_one_of_two_concurrent_timers_resolves(store: Database) -> None:
    repository = NameRepository(store, Outbox(store, "killmails"))
    async with repository.single_flight() as first, repository.single_flight() as second:
        assert (first, second) == (True, False)


async def test_older_response_replaces_nothing_and_is_not_published(
    store: Database, service: MakeService, publisher: RecordingPublisher
) -> None:
    for name, fetched_at in (("New", 100.0), ("Old", 50.0)):
        await service().save([Name(VERA, EntityType.CHARACTER, name, fetched_at)])
    await Outbox(store, "killmails").flush(publisher)
    assert (await NameRepository(store, Outbox(store, "killmails")).find([VERA]))[VERA].name == "New"
    assert publisher.messages == []
