"""Killmail bodies in ESI's format."""

import json
from datetime import UTC, datetime
from typing import Any

from battlescope_schemas.killmail import ArchivedKillmail
from ingest_backfill.domain.killmail import SourceEntry, parse_entry

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def parse_body(body: dict[str, Any], stated_hash: str | None = None) -> ArchivedKillmail:
    return parse_entry(SourceEntry(json.dumps(body).encode(), stated_hash), NOW)


def body_with(**changes: Any) -> dict[str, Any]:
    attacker = {"character_id": 90_000_001, "final_blow": True, "damage_done": 1, "security_status": 0}
    body = {
        "killmail_id": 5, "killmail_time": "2026-01-07T03:33:33Z", "solar_system_id": 30000142,
        "victim": {"ship_type_id": 587, "damage_taken": 1, "character_id": 90_000_002}, "attackers": [attacker],
    }  # fmt: skip
    return body | changes
