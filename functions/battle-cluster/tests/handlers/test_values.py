"""Another value of the feed reaches the killmail, its battle, sides and projections, in every process."""

import json
import random
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from edit_builders import NOW, query_rows
from enriched_builders import enriched_killmail
from event_processing import process_all, process_event
from pydantic import SecretStr
from stored_battles import killmails_by_battle

from battle_cluster.handlers.killmails import process
from battle_cluster.messaging.enriched_killmail import from_event
from battle_cluster.persistence.process_cache import ProcessCache
from battle_cluster.persistence.unit_of_work import Database
from battlescope_events.catalog import KILLMAIL_ENRICHED
from battlescope_events.messages import Event
from battlescope_events.postgres.database import open_pool
from battlescope_events.publisher import RecordingPublisher
from battlescope_schemas.enriched import ComputedValue, EnrichedKillmail, ValueConfidence, ValueSource

pytestmark = pytest.mark.postgres
FIGHT = [
    enriched_killmail(1, 0, (1, 1), [(11, 2)]),
    enriched_killmail(2, 2, (2, 1), [(11, 2)]),
    enriched_killmail(3, 4, (12, 2), [(2, 1), (3, 1)]),
]
TOTALS = """
SELECT total_isk_destroyed::float8, (SELECT sum(isk_value)::float8 FROM battle_killmails),
    (SELECT sum(isk_lost)::float8 FROM battle_sides), (SELECT sum(isk_lost)::float8 FROM battle_participants)
FROM battles
"""


def valued(killmail: EnrichedKillmail, value: int, revision: int | None = None) -> EnrichedKillmail:
    return killmail.model_copy(update={"zkb_total_value": value, "value_revision": revision})


async def handle(store: Database, killmail: EnrichedKillmail) -> list[dict[str, Any]]:
    recorder = RecordingPublisher()
    event_id = f"{killmail.killmail_id}:{killmail.value_revision}:{killmail.valuation_revision}"
    await process_event(store, Event(KILLMAIL_ENRICHED, event_id, "killmail-enrich", killmail, {}), recorder)
    return [json.loads(message.body) for message in recorder.messages]


async def test_another_value_is_a_revision_of_its_battle_with_its_own_reason(store: Database, database: str) -> None:
    await process_all(store, [valued(killmail, 10) for killmail in FIGHT])
    (battle,) = killmails_by_battle(database)
    assert query_rows(database, TOTALS) == [(30.0,) * 4]
    (updated,) = await handle(store, valued(FIGHT[1], 500, 1))
    assert (updated["battleId"], updated["updateReason"]) == (battle, "value_changed")
    assert (updated["totalIskDestroyed"], updated["previous"]["totalIskDestroyed"]) == ("520.00", "30.00")
    assert (updated["addedKillmails"], updated["removedKillmails"]) == ([], [])
    assert query_rows(database, TOTALS) == [(520.0,) * 4]
    revisions = query_rows(database, "SELECT reason, cause FROM battle_revisions ORDER BY revision DESC LIMIT 1")
    assert revisions == [("value_changed", "value:2")]


async def test_another_value_continues_no_fight(store: Database, database: str) -> None:
    await process_all(store, [valued(killmail, 10) for killmail in FIGHT])
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("UPDATE battles SET status = 'closed'")
    (updated,) = await handle(store, valued(FIGHT[1], 500, 1))
    assert (updated["status"], query_rows(database, "SELECT status FROM battles")) == ("closed", [("closed",)])


async def test_order_and_repetition_of_values_do_not_matter(store: Database, database: str) -> None:
    await process_all(store, [valued(killmail, 10) for killmail in FIGHT])
    for value, revision in ((7, 3), (500, 1), (10, None), (7, 3), (20, 2)):
        await handle(store, valued(FIGHT[1], value, revision))
    assert query_rows(database, TOTALS) == [(27.0,) * 4]
    assert query_rows(database, "SELECT count(*) FROM battle_revisions WHERE reason = 'value_changed'") == [(1,)]


async def test_new_killmail_with_a_later_value_ignores_the_first_one(store: Database, database: str) -> None:
    await process_all(store, [valued(FIGHT[0], 10), valued(FIGHT[1], 500, 2), valued(FIGHT[2], 10)])
    await handle(store, valued(FIGHT[1], 10))
    assert query_rows(database, TOTALS) == [(520.0,) * 4]


async def test_batch_with_new_and_changed_killmails(store: Database, database: str) -> None:
    await process_all(store, [valued(FIGHT[0], 10), valued(FIGHT[1], 10)])
    batch = [valued(FIGHT[2], 10), valued(FIGHT[0], 90, 2), valued(FIGHT[0], 40, 1)]
    await process(map(from_event, batch), store, NOW)
    assert query_rows(database, TOTALS) == [(110.0,) * 4]


async def test_killmail_without_a_battle_keeps_its_new_value_for_a_later_one(store: Database, database: str) -> None:
    await process_all(store, [valued(FIGHT[0], 10)])
    assert await handle(store, valued(FIGHT[0], 80, 1)) == []
    await process_all(store, [valued(killmail, 10) for killmail in FIGHT[1:]])
    assert query_rows(database, TOTALS) == [(100.0,) * 4]


async def test_other_process_drops_what_it_has_cached_with_the_old_value(store: Database, database: str) -> None:
    async with open_pool(SecretStr(database), "other", max_size=2) as pool:
        other = Database(pool, ProcessCache())
        await process_all(other, [valued(FIGHT[0], 10), valued(FIGHT[1], 10)])
        await handle(store, valued(FIGHT[1], 500, 1))
        await process_all(other, [valued(FIGHT[2], 10)])
    assert query_rows(database, TOTALS) == [(520.0,) * 4]


async def test_without_auto_clustering_the_value_waits_for_a_job(store: Database, database: str) -> None:
    await process_all(store, [valued(killmail, 10) for killmail in FIGHT])
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("UPDATE clustering_configuration SET auto_clustering = false")
    assert await handle(store, valued(FIGHT[1], 500, 1)) == []
    assert query_rows(database, "SELECT value::float8 FROM mails WHERE killmail_id = 2") == [(500.0,)]
    assert query_rows(database, TOTALS) == [(30.0,) * 4]


def computed(
    killmail: EnrichedKillmail, value: int, revision: int | None = None, confidence: str = "high"
) -> EnrichedKillmail:
    cents = Decimal(value)
    amounts = dict.fromkeys(("hull", "fitted", "dropped", "destroyed", "total", "droppable"), cents)
    details = ComputedValue(price_day=date(2026, 1, 1), rules=1, confidence=ValueConfidence(confidence), **amounts)
    shown = {"computed_value": details, "value_source": ValueSource.COMPUTED, "total_value": cents}
    return killmail.model_copy(update={**shown, "zkb_total_value": None, "valuation_revision": revision})


SHARES = """
SELECT total_isk_destroyed::float8, isk_computed_high::float8, isk_computed_medium::float8, isk_computed_low::float8,
    kills_without_value
FROM battles
"""
REVISIONS = "SELECT count(*) FROM battle_revisions WHERE reason = 'value_changed'"


async def test_battle_knows_how_much_of_its_total_is_computed(store: Database, database: str) -> None:
    first, second, third = FIGHT
    await process_all(store, [computed(first, 10), computed(second, 20, confidence="low"), valued(third, 0)])
    assert query_rows(database, SHARES) == [(30.0, 10.0, 0.0, 20.0, 1)]
    await handle(store, computed(second, 25, 1, "medium"))
    assert query_rows(database, SHARES) == [(35.0, 10.0, 25.0, 0.0, 1)]
    (updated,) = await handle(store, computed(third, 5, 1))
    assert updated["updateReason"] == "value_changed"
    shares = {"high": "15.00", "medium": "25.00", "low": "0.00", "killsWithoutValue": 0}
    assert (updated["totalIskDestroyed"], updated["computedIsk"]) == ("40.00", shares)
    assert query_rows(database, SHARES) == [(40.0, 15.0, 25.0, 0.0, 0)]
    bases = query_rows(database, "SELECT value_basis FROM battle_killmails ORDER BY killmail_id")
    assert bases == [("computed-high",), ("computed-medium",), ("computed-high",)]


async def test_value_of_the_feed_counts_before_any_computed_one(store: Database, database: str) -> None:
    await process_all(store, [computed(killmail, 10) for killmail in FIGHT])
    zkb = {"value_source": ValueSource.ZKB, "total_value": Decimal(90), "value_revision": 1}
    await handle(store, computed(FIGHT[1], 10).model_copy(update=zkb))
    await handle(store, computed(FIGHT[1], 70, 5))
    assert query_rows(database, SHARES) == [(110.0, 20.0, 0.0, 0.0, 0)]
    corrected = computed(FIGHT[1], 10, 6).model_copy(update={**zkb, "total_value": Decimal(95)})
    await handle(store, corrected)
    assert query_rows(database, SHARES) == [(115.0, 20.0, 0.0, 0.0, 0)]


async def test_later_revision_with_the_same_value_changes_no_battle(store: Database, database: str) -> None:
    await process_all(store, [computed(killmail, 10) for killmail in FIGHT])
    assert await handle(store, computed(FIGHT[0], 10, 2)) == []
    assert await handle(store, computed(FIGHT[0], 99, 1)) == []
    assert query_rows(database, REVISIONS) == [(0,)]


async def test_day_that_is_valued_late_is_one_revision_of_each_battle(store: Database, database: str) -> None:
    await process_all(store, [valued(killmail, 0) for killmail in FIGHT])
    late = [from_event(computed(killmail, 10, 1)) for killmail in FIGHT]
    await process(late, store, NOW)
    assert query_rows(database, SHARES) == [(30.0, 30.0, 0.0, 0.0, 0)]
    assert query_rows(database, REVISIONS) == [(1,)]
    assert query_rows(database, TOTALS) == [(30.0,) * 4]


async def test_refused_value_of_zkillboard_is_not_summed(store: Database, database: str) -> None:
    refused = {"zkb_total_value": Decimal(500), "value_source": None, "total_value": None}
    await process_all(store, [computed(killmail, 10).model_copy(update=refused) for killmail in FIGHT])
    assert query_rows(database, SHARES) == [(0.0, 0.0, 0.0, 0.0, 3)]


@pytest.mark.parametrize("seed", range(5))
async def test_values_in_any_order_end_as_from_scratch(store: Database, database: str, seed: int) -> None:
    """History without zkb, then computed values, values of the feed for some, and corrections; repeated and mixed."""
    order = random.Random(seed)
    events = [computed(killmail, 10 * killmail.killmail_id, 1) for killmail in FIGHT]
    events += [computed(killmail, 11 * killmail.killmail_id, 2, "low") for killmail in FIGHT[1:]]
    for revision in (1, 2):
        zkb = {"value_source": ValueSource.ZKB, "total_value": Decimal(100 + revision), "value_revision": revision}
        events.append(computed(FIGHT[2], 5).model_copy(update=zkb))
    events += order.sample(events, 3)
    order.shuffle(events)
    await process_all(store, [valued(killmail, 0) for killmail in FIGHT])
    while events:
        size = order.randint(1, 3)
        part, events = events[:size], events[size:]
        await process([from_event(event) for event in part], store, NOW)
    assert query_rows(database, SHARES) == [(10.0 + 22.0 + 102.0, 10.0, 0.0, 22.0, 0)]
    assert query_rows(database, TOTALS) == [(134.0,) * 4]


def in_parts(
    killmail: EnrichedKillmail, total: int, fitted: int, dropped: int, revision: int | None = None
) -> EnrichedKillmail:
    parts = {"fitted_value": Decimal(fitted), "dropped_value": Decimal(dropped), "destroyed_value": total - dropped}
    return computed(killmail, total, revision).model_copy(update=parts)


PARTS = """
SELECT isk_fitted::float8, isk_dropped::float8, kills_without_parts, kills_with_unpriced,
    (SELECT sum(isk_lost_fitted)::float8 FROM battle_sides),
    (SELECT sum(isk_lost_fitted)::float8 FROM battle_side_parties)
FROM battles
"""


async def test_battle_has_its_total_without_cargo(store: Database, database: str) -> None:
    first, second, third = FIGHT
    unpriced = in_parts(second, 50, 20, 30)
    assert unpriced.computed_value
    details = unpriced.computed_value.model_copy(update={"unpriced_count": 2})
    events = [in_parts(first, 10, 8, 1), unpriced.model_copy(update={"computed_value": details}), computed(third, 7)]
    await process_all(store, events)
    assert query_rows(database, PARTS) == [
        (35.0, 31.0, 1, 1, 35.0, 35.0)
    ]  # the third one has no parts: it counts whole
    (updated,) = await handle(store, in_parts(second, 50, 25, 30, 1))
    parts = {"fitted": "40.00", "dropped": "31.00", "killsWithoutParts": 1, "killsWithUnpriced": 0}
    assert updated["iskParts"] == parts
    assert sum(float(side["iskLostFitted"]) for side in updated["sides"]) == 40.0
    shown = query_rows(
        database, "SELECT fitted_value::float8, dropped_value::float8 FROM battle_killmails ORDER BY killmail_id"
    )
    assert shown == [(8.0, 1.0), (25.0, 30.0), (None, None)]


async def test_killmail_of_an_older_release_gets_what_that_did_not_store(store: Database, database: str) -> None:
    """By a revaluation job, whose events have everything; the value itself is the same."""
    await process_all(store, [in_parts(killmail, 10, 8, 1) for killmail in FIGHT])
    older = """
        UPDATE mails SET fitted_value = NULL, dropped_value = NULL;
        UPDATE battle_killmails SET fitted_value = NULL, dropped_value = NULL, attacker_count = 0;
        UPDATE battles SET isk_fitted = NULL, isk_dropped = NULL, kills_without_parts = NULL;
        UPDATE battle_sides SET isk_lost_fitted = NULL;
        UPDATE battle_side_parties SET isk_lost_fitted = NULL;
        TRUNCATE ship_types, solar_systems
    """
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(older)
    async with open_pool(SecretStr(database), "later", max_size=2) as pool:
        later = Database(pool, ProcessCache())
        again = [in_parts(killmail, 10, 8, 1, 1).model_copy(update={"solo": True}) for killmail in FIGHT]
        await process(map(from_event, again), later, NOW)
        repeated = [in_parts(killmail, 10, 8, 1, 2).model_copy(update={"solo": True}) for killmail in FIGHT]
        await process(map(from_event, repeated), later, NOW)
    assert query_rows(database, PARTS) == [(24.0, 3.0, 0, 0, 24.0, 24.0)]
    assert query_rows(database, REVISIONS) == [(1,)]
    rows = query_rows(database, "SELECT attacker_count > 0, solo FROM battle_killmails")
    assert rows == [(True, True)] * 3
    facts = "SELECT (SELECT count(*) FROM ship_types), (SELECT count(*) FROM solar_systems)"
    assert query_rows(database, facts) == [(1, 1)]
