"""Enriched killmails to save, and access to the stored rows."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from battlescope_events.postgres.database import Database
from battlescope_schemas.enriched import EnrichedAttacker, EnrichedKillmail, EnrichedVictim
from battlescope_schemas.universe import SecurityType
from killmail_enrich.persistence.killmails import EnrichmentResult

NOW = datetime(2026, 11, 1, 21, tzinfo=UTC)
VERA, MATE, CORPORATION = 90000001, 90000002, 98000001


def enriched_killmail(killmail_id: int = 1, **changes: Any) -> EnrichedKillmail:
    fields: dict[str, Any] = {
        "killmail_id": killmail_id,
        "zkb_hash": "a" * 40,
        "killmail_time": datetime(2026, 11, 1, 20, tzinfo=UTC),
        "system_id": 30000001,
        "system_name": "Tanoo",
        "constellation_id": 20000001,
        "region_id": 10000001,
        "region_name": "Derelik",
        "security_type": SecurityType.HIGHSEC,
        "security_status": 0.86,
        "zkb_total_value": Decimal("12345678901234.56"),
        "zkb_url": "https://zkillboard.com/kill/1/",
        "victim": EnrichedVictim(character_id=VERA, ship_type_id=587, damage_taken=5),
        "attackers": (
            EnrichedAttacker(character_id=MATE, corporation_id=CORPORATION, corporation_name="One", final_blow=True),
            EnrichedAttacker(character_id=VERA, damage_done=3),
        ),
        "attacker_count": 2,
        "archive_key": "pack#0+1",
    }
    return EnrichedKillmail(**fields | changes)


def enrichment_result(
    killmail_id: int = 1, missing_ids: tuple[int, ...] = (), stale_ids: tuple[int, ...] = (), **changes: Any
) -> EnrichmentResult:
    return EnrichmentResult(enriched_killmail(killmail_id, **changes), missing_ids, stale_ids, NOW, 7)


async def fetch_rows(store: Database, query: str) -> list[Any]:
    async with store.connection() as connection:
        return await (await connection.execute(query)).fetchall()
