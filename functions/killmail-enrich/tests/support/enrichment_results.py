"""Enriched killmails to save, and access to the stored rows."""

from datetime import UTC, datetime
from typing import Any

from battlescope_events.postgres.database import Database
from killmail_enrich.enrichment.enrichment import EnrichedLine, PartyLine, encode_attackers
from killmail_enrich.persistence.killmails import EnrichedSlice

NOW = datetime(2026, 11, 1, 21, tzinfo=UTC)
VERA, MATE, CORPORATION = 90000001, 90000002, 98000001


def enriched_line(killmail_id: int = 1, **changes: Any) -> EnrichedLine:
    attackers = [
        PartyLine(
            character_id=str(MATE), corporation_id=str(CORPORATION), corporation_name="One", damage_done=0,
            final_blow=True,
        ),
        PartyLine(character_id=str(VERA), damage_done=3, final_blow=False),
    ]  # fmt: skip
    fields: dict[str, Any] = {
        "killmail_id": str(killmail_id),
        "zkb_hash": "a" * 40,
        "killmail_time": datetime(2026, 11, 1, 20, tzinfo=UTC),
        "system_id": "30000001",
        "system_name": "Tanoo",
        "constellation_id": "20000001",
        "region_id": "10000001",
        "region_name": "Derelik",
        "security_type": "highsec",
        "security_status": 0.86,
        "nearby_system_ids": [],
        "adjacent_system_ids": [],
        "zkb_total_value": "12345678901234.56",
        "zkb_points": 0,
        "zkb_url": "https://zkillboard.com/kill/1/",
        "npc": False,
        "solo": False,
        "awox": False,
        "victim": PartyLine(character_id=str(VERA), ship_type_id="587", damage_taken=5),
        "attackers": encode_attackers(attackers),
        "attacker_count": 2,
        "source": "live",
        "archive_key": "pack#0+1",
    }
    return EnrichedLine(**fields | changes)


def enriched_slice(
    killmail_id: int = 1, missing_ids: tuple[int, ...] = (), stale_ids: tuple[int, ...] = (), **changes: Any
) -> EnrichedSlice:
    """A slice of one."""
    line = enriched_line(killmail_id, **changes)
    return EnrichedSlice([line], {line.killmail_id: missing_ids}, stale_ids, NOW, 7)


async def fetch_rows(store: Database, query: str) -> list[Any]:
    async with store.connection() as connection:
        return await (await connection.execute(query)).fetchall()
