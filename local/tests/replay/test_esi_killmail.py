"""Killmails in ESI's format as killmails of the battle context."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from battle_cluster.domain.killmail import Party, PartyKind, party_of
from battlescope_local.replay.esi_killmail import ParsedKillmail, StaticData, build_killmail, parse_killmail, summarize
from battlescope_schemas.killmail import InvalidKillmail

STATIC = StaticData({587: (25, 6)}, {30_000_142: frozenset({30_000_144})})
PILOT, CORPORATION, NPC_CORPORATION, AGENT = 90_000_001, 98_000_001, 1_000_006, 3_019_581


def esi_killmail(**changes: Any) -> dict[str, Any]:
    victim = {"character_id": PILOT, "corporation_id": CORPORATION, "ship_type_id": 587, "damage_taken": 70}
    attackers = [
        {"character_id": 90_000_002, "alliance_id": 99, "damage_done": 50, "final_blow": True, "ship_type_id": 588},
        {"corporation_id": NPC_CORPORATION, "character_id": AGENT, "damage_done": 20, "final_blow": False},
    ]
    return {
        "killmail_id": 7, "killmail_time": "2021-11-28T10:21:00Z", "solar_system_id": 30_000_142,
        "victim": victim, "attackers": attackers, **changes,
    }  # fmt: skip


def parsed(**changes: Any) -> ParsedKillmail:
    return parse_killmail(json.dumps(esi_killmail(**changes)).encode(), datetime(2026, 11, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("ids", "party"),
    [
        ((PILOT, 98, 99, None), Party(PartyKind.ALLIANCE, 99)),
        ((PILOT, 98, None, None), Party(PartyKind.CORPORATION, 98)),
        ((PILOT, NPC_CORPORATION, None, 500_001), Party(PartyKind.FACTION, 500_001)),
        ((PILOT, NPC_CORPORATION, None, None), Party(PartyKind.CHARACTER, PILOT)),
        ((None, 1_000_125, None, 500_001), None),
        ((AGENT, 1_000_125, None, None), None),
        ((None, CORPORATION, None, None), Party(PartyKind.CORPORATION, CORPORATION)),
        ((None, 500_010, None, None), None),
        ((None, None, 500_010, None), None),
        ((PILOT, 500_010, 500_010, 500_001), Party(PartyKind.FACTION, 500_001)),
        ((AGENT, CORPORATION, 99, None), None),
    ],
)
def test_party_of_a_participant(ids: tuple[int | None, int | None, int | None, int | None], party: Party) -> None:
    assert party_of(*ids) == party


def test_parsed_killmail_becomes_a_killmail() -> None:
    killmail = build_killmail(parsed(), STATIC, 5.0)
    assert (killmail.killmail_id, killmail.time, killmail.system_id, killmail.value) == (
        7, 1_638_094_860, 30_000_142, 5.0,
    )  # fmt: skip
    assert killmail.nearby_system_ids == {30_000_144}
    assert (killmail.victim.ship_group_id, killmail.victim.ship_category_id) == (25, 6)
    assert killmail.victim.party == Party(PartyKind.CORPORATION, CORPORATION)
    assert [attacker.character_id for attacker in killmail.attackers] == [90_000_002, None]
    assert [attacker.damage_done for attacker in killmail.attackers] == [50, 20]
    assert killmail.attackers[0].final_blow


def test_summary_agrees_with_the_killmail() -> None:
    killmail_ = parsed()
    killmail, summary = build_killmail(killmail_, STATIC, 0), summarize(killmail_, STATIC)
    for name in ("killmail_id", "time", "system_id", "victim", "pilot_ids", "has_attacking_player",
                 "attacking_corporations", "nearby_system_ids"):  # fmt: skip
        assert getattr(summary, name) == getattr(killmail, name), name


@pytest.mark.parametrize(
    ("zkb", "value"),
    [
        ({"totalValue": 1.5}, 1.5),
        ({"totalValue": 0}, None),  # refused: a ship was lost
        ({"totalValue": 9, "droppedValue": 1, "destroyedValue": 1}, None),
        ({}, None),
        (None, None),
        ({"totalValue": "much"}, None),
        ({"totalValue": -1}, None),
    ],
)
def test_value_is_that_of_zkillboard_or_none(zkb: Any, value: float | None) -> None:
    assert parsed(zkb=zkb).value == value


def test_other_content_is_rejected() -> None:
    with pytest.raises(InvalidKillmail, match="solar_system_id"):
        parsed(solar_system_id=1.5)


def test_parsed_killmail_can_be_sent_as_a_plain_tuple() -> None:
    killmail_ = parsed()
    assert ParsedKillmail(*tuple(killmail_)) == killmail_
