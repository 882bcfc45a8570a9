"""Killmail bodies in ESI's format: examples, and a hypothesis strategy for them."""

import json
from datetime import datetime
from typing import Any

import orjson
from hypothesis import strategies as st

from ingest_backfill.domain.killmail import BackfilledKillmail, SourceEntry, parse_killmail

IDS = st.none() | st.sampled_from([0, 1_000_001, 2_000_001, 3_000_001, 90_000_001, 98_000_001, 99_000_001])
PARTY = {"character_id": IDS, "corporation_id": IDS, "alliance_id": IDS, "faction_id": st.none() | st.just(500_001)}


def without_none(party: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in party.items() if value is not None}


BODIES = st.builds(
    lambda victim, attackers, system, time: {
        "killmail_id": 5,
        "killmail_time": time.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "solar_system_id": system,
        "victim": without_none(victim),
        "attackers": [without_none(attacker) for attacker in attackers],
    },
    st.fixed_dictionaries({**PARTY, "ship_type_id": st.just(587), "damage_taken": st.just(1)}),
    st.lists(
        st.fixed_dictionaries(
            {**PARTY, "final_blow": st.booleans(), "damage_done": st.integers(0, 9), "security_status": st.just(-0.5)}
        ),
        max_size=4,
    ),
    st.sampled_from([30000142, 31000005, 30000021, 32000001, 30100000]),
    st.datetimes(datetime(2008, 1, 1), datetime(2026, 1, 1)),  # noqa: DTZ001  # formatted as UTC
)


def parse_body(body: dict[str, Any], stated_hash: str | None = None) -> BackfilledKillmail:
    raw = json.dumps(body).encode()
    return parse_killmail(SourceEntry(raw, stated_hash), orjson.loads(raw))


def body_with(**changes: Any) -> dict[str, Any]:
    attacker = {"character_id": 90_000_001, "final_blow": True, "damage_done": 1, "security_status": 0}
    body = {
        "killmail_id": 5, "killmail_time": "2026-01-07T03:33:33Z", "solar_system_id": 30000142,
        "victim": {"ship_type_id": 587, "damage_taken": 1, "character_id": 90_000_002}, "attackers": [attacker],
    }  # fmt: skip
    return body | changes
