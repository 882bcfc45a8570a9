"""A minimal killmail and its reference, for tests of single enrichment steps."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from battlescope_schemas.reference import KillmailReference

REFERENCE = KillmailReference(
    killmail_id=7,
    zkb_hash="a" * 40,
    killmail_time=datetime(2026, 11, 1, 20, tzinfo=UTC),
    system_id=30000001,
    isk_value=Decimal("5.005"),
    zkb_url="https://zkillboard.com/kill/7/",
    archive_key="pack#0+1",
)


def body(**changes: Any) -> dict[str, Any]:
    return {
        "killmail_id": 7,
        "killmail_time": "2026-11-01T20:00:00Z",
        "solar_system_id": 30000001,
        "victim": {"ship_type_id": 587, "character_id": 1, "corporation_id": 98000001, "faction_id": 500001},
        "attackers": [
            {"character_id": 90000002, "corporation_id": 98000001, "ship_type_id": 35832, "weapon_type_id": 3},
            {"corporation_id": 1000125, "final_blow": True},
        ],
    } | changes
