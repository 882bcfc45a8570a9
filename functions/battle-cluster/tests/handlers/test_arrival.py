"""Killmails alone, in batches and repeated, in any order: one state, and one last event of each battle."""

import asyncio
import json
from collections.abc import Callable
from unittest.mock import patch

import pytest
from edit_builders import NOW
from enriched_builders import random_killmails
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from killmail_strategies import QUICK
from pydantic import SecretStr
from stored_battles import battle_contents, killmail_contents

from battle_cluster.detection import neighbourhood_strategies
from battle_cluster.handlers.killmails import process
from battle_cluster.messaging.enriched_killmail import from_event
from battle_cluster.persistence.process_cache import ProcessCache
from battle_cluster.persistence.unit_of_work import Database
from battlescope_events.postgres.database import open_pool
from battlescope_events.publisher import RecordingPublisher
from battlescope_local.testing.databases import Database as Clone
from battlescope_schemas.enriched import EnrichedKillmail

pytestmark = pytest.mark.postgres
SIZE = 24
TABLES = (
    "battles, battle_aliases, battle_sides, battle_side_parties, battle_killmails, battle_participants,"
    " battle_participant_ships, battle_links, battle_revisions, battle_shares, battle_cards, entity_names, mails,"
    " mail_pilots, outbox_messages"
)


@st.composite
def deliveries(draw: st.DrawFn) -> list[list[int]]:
    """The numbers of all killmails in any order, some of them twice, cut into batches of any size."""
    repeated = draw(st.lists(st.integers(0, SIZE - 1), max_size=8))
    order = draw(st.permutations([*range(SIZE), *repeated]))
    cuts = sorted(draw(st.sets(st.integers(1, len(order) - 1), max_size=len(order))))
    return [order[start:end] for start, end in zip([0, *cuts], [*cuts, len(order)], strict=True)]


async def state_after(database: str, batches: list[list[EnrichedKillmail]], restarts: bool) -> dict[str, object]:
    """Everything that is stored, and the last event of each battle, in an empty database."""
    recorder = RecordingPublisher()
    async with open_pool(SecretStr(database), "battle-cluster", max_size=2) as pool:
        async with pool.connection() as connection:
            await connection.execute(f"TRUNCATE {TABLES}")
        store = Database(pool, ProcessCache())
        for batch in batches:
            saved = await process(map(from_event, batch), store, NOW)
            await (store.outbox.flush(recorder) if saved is None else store.outbox.publish_committed(saved, recorder))
            if restarts:
                store.cache = ProcessCache()
    return {**battle_contents(database), **killmail_contents(database), "events": last_events(recorder)}


def last_events(recorder: RecordingPublisher) -> list[tuple[list[str], dict[str, object]]]:
    """The last event of each battle that still exists, without what tells how it came about."""
    last: dict[str, dict[str, object]] = {}
    for message in recorder.messages:
        event = json.loads(message.body)
        last[event["battleId"]] = event
    how = {"battleId", "revision", "previous", "addedKillmails", "removedKillmails", "updateReason", "metadata"}
    events = [event for event in last.values() if "killmailIds" in event]
    return sorted(
        (event["killmailIds"], {name: value for name, value in event.items() if name not in how}) for event in events
    )


@pytest.mark.parametrize("seed", range(3))
def test_alone_in_batches_and_repeated_in_any_order_gives_one_state(
    new_database: Callable[[], Clone], seed: int
) -> None:
    killmails = random_killmails(seed, size=SIZE)
    database = new_database().owner

    @given(deliveries(), st.sampled_from([2, 5, 12, 100]), st.booleans())
    @settings(QUICK, max_examples=12, suppress_health_check=[HealthCheck.too_slow])
    def check(numbers: list[list[int]], batch_threshold: int, restarts: bool) -> None:
        batches = [[killmails[number] for number in batch] for batch in numbers]
        with patch.object(neighbourhood_strategies, "BATCH_THRESHOLD", batch_threshold):
            assert asyncio.run(state_after(database, batches, restarts)) == expected

    expected = asyncio.run(state_after(database, [killmails], restarts=False))
    assert expected["battles"]
    check()
