"""Documents of tests: a small world with names of every kind, two battles and three killmails."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from battlescope_schemas.battle import BattleStatus
from battlescope_schemas.search.documents import (
    AllianceShare,
    BattleDocument,
    Collection,
    ComputedIskDocument,
    Document,
    EntityDocument,
    IskPartsDocument,
    KillmailDocument,
    LossesOverTimeDocument,
    ShipTypeDocument,
    SideDocument,
    SideLossesDocument,
    SystemDocument,
)
from battlescope_schemas.search.folding import compact, folded
from battlescope_schemas.ships.hulls import HullClass
from battlescope_schemas.universe import SecurityType

NOW: Final = datetime(2026, 3, 1, 21, 30, tzinfo=UTC)
SEEN: Final = int(datetime(2026, 3, 1, 20, 0, tzinfo=UTC).timestamp())
BIG: Final = "00000000-0000-0000-0000-000000000001"
SMALL: Final = "00000000-0000-0000-0000-000000000002"
MERGED: Final = "00000000-0000-0000-0000-000000000003"
MERGED_AGAIN: Final = "00000000-0000-0000-0000-000000000004"
"""Was merged into the one before, and that into the small one."""
TOKENS: Final = {"open": "o" * 22, "of merged": "m" * 22, "expired": "e" * 22, "revoked": "r" * 22, "unknown": "u" * 22}
"""Of links to shared battles."""
HORDE, GOONS, FRAT, EMPIRE, GALAXY = 99000001, 99000002, 99000003, 99000004, 99000005
Documents = Mapping[Collection, Sequence[Document]]


def named(entity_id: int, name: str, battles: int = 1, **fields: Any) -> dict[str, Any]:
    return {
        "id": str(entity_id),
        "name": name,
        "folded_name": folded(name),
        "compact_name": compact(name),
        "battle_count": battles,
        "last_seen_at": SEEN,
        "activity_score": battles * 10 + 100,
        **fields,
    }


def entity(entity_id: int, name: str, battles: int = 1, ticker: str | None = None, **fields: Any) -> EntityDocument:
    return EntityDocument(
        **named(entity_id, name, battles), ticker=ticker, compact_ticker=compact(ticker) if ticker else None, **fields
    )


def system(system_id: int, name: str, security: SecurityType, status: float, **fields: Any) -> SystemDocument:
    place = {"region_id": "10000060", "region_name": "Delve", "constellation_id": "20000060"}
    return SystemDocument(
        **{**named(system_id, name, 2), **place, "constellation_name": "1-3HWZ", **fields},
        security_type=security,
        security_status=status,
    )


ALLIANCES: Final = (
    entity(HORDE, "Pandemic Horde", 50, "REKTD"),
    entity(99000006, "Pandemic Legion", 20, "-10.0"),
    entity(GOONS, "Goonswarm Federation", 60, "CONDI"),
    entity(FRAT, "Fraternity.", 40, "FRT"),
    entity(EMPIRE, "Империя Зла", 3, "EVIL"),
    entity(GALAXY, "银河联盟", 2, "GALAX"),
    entity(99000007, "Horde Hunters", 1, "HH"),
)
CORPORATIONS: Final = (
    entity(98000001, "Pandemic Horde Inc.", 30, "HORDE", alliance_id=str(HORDE), alliance_name="Pandemic Horde"),
    entity(98000002, "KarmaFleet", 25, "GEWNS", alliance_id=str(GOONS), alliance_name="Goonswarm Federation"),
    entity(98000003, "1337", 1, "1337"),
)
CHARACTERS: Final = (
    entity(
        90000001, "Shaq O'Neil", 7,
        corp_id="98000001", corp_name="Pandemic Horde Inc.", alliance_id=str(HORDE), alliance_name="Pandemic Horde",
    ),
    entity(90000002, "Vily", 9, corp_id="98000002", corp_name="KarmaFleet"),
    entity(90000003, "Ann Fraternal", 1, corp_id="98000009"),
)  # fmt: skip
SYSTEMS: Final = (
    system(30000001, "HED-GP", SecurityType.NULLSEC, -0.4, region_id="10000014", region_name="Catch"),
    system(30000002, "1DQ1-A", SecurityType.NULLSEC, -0.4),
    system(
        31000001, "J115422", SecurityType.WORMHOLE, -1.0,
        region_id="11000003", region_name="C-R00003", system_class=3, system_effect="Pulsar",
    ),
    system(30000142, "Jita", SecurityType.HIGHSEC, 0.9459, region_id="10000002", region_name="The Forge"),
)  # fmt: skip
SHIPS: Final = (
    ShipTypeDocument(
        **named(19720, "Revelation", 4), group_id="485", group_name="Dreadnought", hull_class=HullClass.DREADNOUGHT
    ),
    ShipTypeDocument(**named(587, "Rifter", 9), group_id="25", group_name="Frigate", hull_class=HullClass.FRIGATE),
    ShipTypeDocument(**named(670, "Capsule", 30)),
)


def battle(battle_id: str, **fields: Any) -> BattleDocument:
    base: dict[str, Any] = {
        "id": battle_id,
        "revision": 3,
        "system_id": "30000002",
        "system_name": "1DQ1-A",
        "constellation_id": "20000060",
        "constellation_name": "1-3HWZ",
        "region_id": "10000060",
        "region_name": "Delve",
        "security_type": SecurityType.NULLSEC,
        "security_status": -0.4,
        "status": BattleStatus.CLOSED,
        "tier": "major",
        "start_time": SEEN - 7200,
        "end_time": SEEN - 3600,
        "duration": 3600,
        "total_kills": 120,
        "total_participants": 450,
        "total_isk_destroyed": 250_000_000_000,
        "isk_destroyed": "250000000000.50",
        "battle_score": 5000,
        "zkill_related_url": "https://zkillboard.com/related/30000002/202603011800/",
    }
    return BattleDocument(**{**base, **fields})


BATTLES: Final = (
    battle(
        BIG,
        name="The siege of 1DQ",
        system_ids=("30000002", "30000001"),
        system_names=("1DQ1-A", "HED-GP"),
        alliance_ids=(str(HORDE), str(GOONS)),
        alliance_names=("Pandemic Horde", "Goonswarm Federation"),
        corp_ids=("98000001", "98000002"),
        corp_names=("Pandemic Horde Inc.", "KarmaFleet"),
        character_ids=("90000001", "90000002"),
        character_names=("Shaq O'Neil", "Vily"),
        ship_type_ids=("19720",),
        words=("siege", "the", "of", "1dq", "delve", "pandemic", "horde", "rektd"),
        sides=(
            SideDocument(
                side_id=1, role="main", pilots=250, kills=80, losses=40, isk_destroyed="150000000000.00",
                isk_lost="100000000000.50", isk_lost_fitted="90000000000.00", top_party_type="alliance",
                top_party_id=str(HORDE), top_party_name="Pandemic Horde", top_party_ticker="REKTD", party_count=3,
            ),
            SideDocument(
                side_id=2, role="third_party", pilots=200, kills=40, losses=80, isk_destroyed="100000000000.50",
                isk_lost="150000000000.00",
            ),
        ),
        main_alliances=(AllianceShare(alliance_id=str(HORDE), alliance_name="Pandemic Horde", participant_count=240),),
        is_decisive=True,
        winning_side=1,
        unassigned_pilots=4,
        computed_isk=ComputedIskDocument(high="50.00", medium="0.00", low="0.00", kills_without_value=1),
        isk_parts=IskPartsDocument(
            fitted="200000000000.00", dropped="20000000000.00", kills_without_parts=2, kills_with_unpriced=1
        ),
        spark=LossesOverTimeDocument(
            bucket_seconds=151,
            lost=(SideLossesDocument(side_id=1, isk=(0, 5)), SideLossesDocument(side_id=None, isk=(1,))),
        ),
        edit_count=2,
    ),
    battle(
        SMALL,
        system_id="31000001",
        system_name="J115422",
        constellation_id=None,
        constellation_name=None,
        region_id="11000003",
        region_name="C-R00003",
        security_type=SecurityType.WORMHOLE,
        system_class=3,
        status=BattleStatus.OPEN,
        tier="small",
        start_time=SEEN - 600,
        end_time=SEEN,
        duration=600,
        total_kills=3,
        total_participants=9,
        total_isk_destroyed=900_000_000,
        isk_destroyed="900000000.00",
        battle_score=900,
        system_ids=("31000001",),
        system_names=("J115422",),
        alliance_ids=(str(HORDE), str(EMPIRE)),
        corp_ids=("98000003",),
        ship_type_ids=("587",),
        words=("pandemic", "horde", "j115422"),
        zkill_related_url="https://zkillboard.com/related/31000001/202603011900/",
    ),
)  # fmt: skip


def killmail(killmail_id: int, **fields: Any) -> KillmailDocument:
    base: dict[str, Any] = {
        "id": str(killmail_id),
        "killmail_time": SEEN - 5000,
        "system_id": "30000002",
        "system_name": "1DQ1-A",
        "region_id": "10000060",
        "region_name": "Delve",
        "security_type": SecurityType.NULLSEC,
        "security_status": -0.4,
        "ship_type_id": "19720",
        "ship_type_name": "Revelation",
        "ship_group_id": "485",
        "ship_group_name": "Dreadnought",
        "hull_class": HullClass.DREADNOUGHT,
        "victim_character_id": "90000002",
        "victim_character_name": "Vily",
        "victim_corporation_id": "98000002",
        "victim_corporation_name": "KarmaFleet",
        "victim_alliance_id": str(GOONS),
        "victim_alliance_name": "Goonswarm Federation",
        "attacker_count": 80,
        "value": 4_000_000_000,
        "isk_value": "4000000000.25",
        "battle_id": BIG,
    }
    return KillmailDocument(**{**base, **fields})


KILLMAILS: Final = (
    killmail(
        137202920, attacker_character_ids=("90000001",), attacker_corporation_ids=("98000001",),
        attacker_alliance_ids=(str(HORDE),),
    ),
    killmail(
        137202921, killmail_time=SEEN - 300, system_id="31000001", system_name="J115422", region_id="11000003",
        region_name="C-R00003", security_type=SecurityType.WORMHOLE, security_status=-1.0, system_class=3,
        ship_type_id="587",
        ship_type_name="Rifter", ship_group_id="25", ship_group_name="Frigate", hull_class=HullClass.FRIGATE,
        victim_character_id=None, victim_character_name=None, victim_corporation_id="98000003",
        victim_corporation_name="1337", victim_alliance_id=None, victim_alliance_name=None, attacker_count=2,
        value=900_000, isk_value="900000.00", battle_id=SMALL, solo=True, attacker_character_ids=("90000002",),
        attacker_corporation_ids=("98000002",),
    ),
    killmail(
        137202922, killmail_time=SEEN - 100, value=None, isk_value=None, battle_id=None, attacker_count=1, npc=True,
    ),
)  # fmt: skip
WORLD: Final[Documents] = {
    Collection.ALLIANCES: ALLIANCES,
    Collection.CORPORATIONS: CORPORATIONS,
    Collection.CHARACTERS: CHARACTERS,
    Collection.SYSTEMS: SYSTEMS,
    Collection.SHIP_TYPES: SHIPS,
    Collection.BATTLES: BATTLES,
    Collection.KILLMAILS: KILLMAILS,
}
