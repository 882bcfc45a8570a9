"""Which items a client receives, for each field that it filters by, and its position."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from battlescope_schemas.battle import BattleSide, BattleStatus
from battlescope_schemas.live.log import BattleChange, BattleSummary, LiveBattle, LiveBattles
from battlescope_schemas.ships.hulls import HullClass
from battlescope_schemas.universe import SecurityType
from killmail_api.domain.stream_filter import StreamFilter, Topics
from killmail_api.domain.stream_items import item, missed_battles
from killmail_api.domain.stream_position import StreamPosition, read_position
from killmail_api.schemas.killmails import Summary

POSITION = StreamPosition(1_790_000_000_000, 0)
TIME = datetime(2026, 11, 1, 20, tzinfo=UTC)
BOTH = Topics(killmails=True, battles=True)
KILLMAIL: dict[str, Any] = dict.fromkeys(Summary.model_fields) | {
    "killmail_id": 1,
    "system_id": 30000001,
    "system_name": "Tanoo",
    "region_id": 10000001,
    "timestamp": TIME,
    "security_type": SecurityType.LOWSEC,
    "victim_alliance_id": 1,
    "victim_corp_id": 2,
    "victim_character_id": 3,
    "attacker_alliance_ids": (11,),
    "attacker_alliance_names": ("Somebody",),
    "attacker_corp_ids": (12,),
    "attacker_corp_names": ("Somebody",),
    "attacker_character_ids": (13,),
    "attacker_character_names": ("Somebody",),
    "hull_class": HullClass.CRUISER,
    "isk_value": Decimal(100),
    "npc": False,
    "solo": False,
    "awox": False,
    "zkb_url": "",
    "participant_count": 2,
}
BATTLE = BattleSummary(
    system_id=30000001,
    system_name="Tanoo",
    region_id=10000001,
    region_name="Derelik",
    security_type=SecurityType.LOWSEC,
    status=BattleStatus.OPEN,
    start_time=TIME,
    end_time=TIME,
    total_kills=3,
    total_isk_destroyed=Decimal(100),
    participant_count=9,
    sides=(BattleSide(side_id=1, alliance_ids=(1,), isk_destroyed=Decimal(1), isk_lost=Decimal(1)),),
)


def matches(wanted: StreamFilter, subject: Any) -> bool:
    return wanted.matches(item(POSITION, subject, "{}"))


def killmail(**fields: Any) -> Summary:
    return Summary(**KILLMAIL | fields)


def battle(battle_id: str = "b-1", details: BattleSummary | None = BATTLE) -> LiveBattle:
    return LiveBattle(battle_id=battle_id, revision=1, change=BattleChange.UPDATED, battle=details)


FILTERS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"security_types": frozenset({SecurityType.LOWSEC})}, {"security_types": frozenset({SecurityType.HIGHSEC})}),
    ({"system_ids": frozenset({30000001, 5})}, {"system_ids": frozenset({5})}),
    ({"region_ids": frozenset({10000001})}, {"region_ids": frozenset({5})}),
    ({"alliance_ids": frozenset({1})}, {"alliance_ids": frozenset({5})}),
    ({"min_isk": Decimal(100)}, {"min_isk": Decimal("100.01")}),
]
HERE = frozenset({30000001})
KILLMAIL_FILTERS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"alliance_ids": frozenset({11})}, {"alliance_ids": frozenset({12})}),
    ({"corp_ids": frozenset({2})}, {"corp_ids": frozenset({1})}),
    ({"corp_ids": frozenset({12})}, {"corp_ids": frozenset({11})}),
    ({"character_ids": frozenset({3})}, {"character_ids": frozenset({2})}),
    ({"character_ids": frozenset({13})}, {"character_ids": frozenset({12})}),
    ({"hull_classes": frozenset({HullClass.CRUISER})}, {"hull_classes": frozenset({HullClass.TITAN})}),
    ({"system_ids": HERE, "min_isk": Decimal(1)}, {"system_ids": HERE, "min_isk": Decimal(101)}),
]  # fmt: skip


@pytest.mark.parametrize(("passing", "failing"), [*FILTERS, *KILLMAIL_FILTERS])
def test_killmails_are_filtered_by_each_field(passing: dict[str, Any], failing: dict[str, Any]) -> None:
    assert matches(StreamFilter(BOTH, **passing), killmail())
    assert not matches(StreamFilter(BOTH, **failing), killmail())


@pytest.mark.parametrize(("passing", "failing"), FILTERS)
def test_battles_are_filtered_by_what_they_have(passing: dict[str, Any], failing: dict[str, Any]) -> None:
    assert matches(StreamFilter(BOTH, **passing), battle())
    assert not matches(StreamFilter(BOTH, **failing), battle())


def test_unknown_location_and_value_match_only_without_their_filter() -> None:
    unknown = killmail(security_type=None, region_id=None, isk_value=None, hull_class=None)
    everything = StreamFilter(BOTH)
    assert matches(everything, unknown)
    for fields in (
        {"security_types": frozenset({SecurityType.LOWSEC})},
        {"region_ids": frozenset({1})},
        {"min_isk": Decimal(1)},
        {"hull_classes": frozenset({HullClass.CRUISER})},
    ):
        assert not matches(replace(everything, **fields), unknown)


def test_topics_select_kinds() -> None:
    one_battle = StreamFilter(Topics(battle_ids=frozenset({"b-1"})), min_isk=Decimal(10**9))
    assert matches(one_battle, battle())
    assert not matches(one_battle, battle("b-2"))
    assert not matches(one_battle, killmail())
    assert matches(one_battle, LiveBattles(battle_ids=("b-3", "b-1")))
    assert not matches(one_battle, LiveBattles(battle_ids=("b-3",)))
    only_killmails = StreamFilter(Topics(killmails=True))
    assert matches(only_killmails, killmail())
    assert not matches(only_killmails, battle())
    assert not matches(only_killmails, LiveBattles(battle_ids=("b-1",)))
    missed = missed_battles(POSITION)
    assert [wanted.matches(missed) for wanted in (one_battle, only_killmails, StreamFilter(BOTH))] == [
        True,
        False,
        True,
    ]


def test_deleted_battle_passes_every_filter() -> None:
    """Its place is no longer known, and a client must remove it."""
    assert matches(StreamFilter(BOTH, system_ids=frozenset({5})), battle(details=None))


@pytest.mark.parametrize("position", [POSITION, StreamPosition(1, 2, 3), StreamPosition(0, 0)])
def test_position_is_read_from_its_text(position: StreamPosition) -> None:
    assert read_position(str(position)) == position


@pytest.mark.parametrize(
    "text", [None, "", "1", "a-b", "1-2.", "1-2.x", "-1-2", "1-2\n", "9" * 16 + "-0", "9" * 15 + "-0", "1-2-3"]
)
def test_other_text_is_no_position(text: str | None) -> None:
    assert read_position(text) is None
