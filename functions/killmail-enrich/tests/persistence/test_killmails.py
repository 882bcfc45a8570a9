"""Saving killmails on a real PostgreSQL."""

from decimal import Decimal

import pytest
from enrichment_results import CORPORATION, MATE, NOW, VERA, enriched_slice, fetch_rows

from battlescope_events.errors import PermanentError
from battlescope_events.postgres.database import Database
from killmail_enrich.enrichment.enrichment import PartyLine
from killmail_enrich.persistence.killmails import KillmailRepository

pytestmark = pytest.mark.postgres


async def test_all_columns_are_saved_and_saving_again_changes_nothing(store: Database) -> None:
    repository = KillmailRepository(store)
    await repository.save(enriched_slice())
    await repository.save(enriched_slice())
    (row,) = await fetch_rows(
        store,
        "SELECT zkb_total_value, victim_character_id, victim_damage_taken, ship_type_id, attacker_data, version, "
        "enriched_at, security_type, source FROM enriched_killmails",
    )
    assert row[:4] == (Decimal("12345678901234.56"), VERA, 5, 587)
    assert row[4][0] == {
        "characterId": str(MATE),
        "corporationId": str(CORPORATION),
        "corporationName": "One",
        "damageDone": 0,
        "finalBlow": True,
    }
    assert row[5:] == (1, NOW, "highsec", "live")
    await repository.save(enriched_slice(zkb_points=5))
    assert await fetch_rows(store, "SELECT zkb_points, version FROM enriched_killmails") == [(5, 2)]


async def test_saving_again_without_a_name_keeps_the_stored_name(store: Database) -> None:
    repository = KillmailRepository(store)
    await repository.save(
        enriched_slice(victim=PartyLine(character_id=str(VERA), character_name="Vera", damage_taken=5))
    )
    await repository.save(enriched_slice(missing_ids=(VERA,)))
    assert await fetch_rows(store, "SELECT victim_character_name FROM enriched_killmails") == [("Vera",)]


async def test_value_that_fits_no_column_is_rejected_with_its_reason(store: Database) -> None:
    rejected = await KillmailRepository(store).save(enriched_slice(victim=PartyLine(damage_taken=2**70)))
    assert "cannot hold" in str(rejected["1"])
    assert isinstance(rejected["1"], PermanentError)
