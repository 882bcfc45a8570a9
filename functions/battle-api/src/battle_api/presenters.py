"""Builds response models from rows and names. A name that `entity_names` does not hold yet is null."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from battle_api.domain.rows import (
    Battle,
    Killmail,
    Link,
    LinkReasonCount,
    MainAlliance,
    NameKey,
    Participant,
    Party,
    PilotShip,
    Side,
    SideShip,
)
from battle_api.schemas import battles as schemas
from battlescope_schemas.battle import BattleStatus
from battlescope_schemas.universe import SecurityType

if TYPE_CHECKING:
    from uuid import UUID

Names = Mapping[NameKey, str]
_TOP_COUNT: Final = 10


def zkb_url(killmail_id: int) -> str:
    return f"https://zkillboard.com/kill/{killmail_id}/"


def list_name_keys(battles: Iterable[Battle], main_alliances: Iterable[MainAlliance]) -> Iterator[NameKey]:
    for battle in battles:
        yield "system", battle.system_id
        yield "region", battle.region_id
    yield from (("alliance", alliance.alliance_id) for alliance in main_alliances)


def killmail_name_keys(killmails: Iterable[Killmail]) -> Iterator[NameKey]:
    for killmail in killmails:
        yield "system", killmail.system_id
        yield "ship_type", killmail.ship_type_id
        yield from (("alliance", i) for i in (killmail.victim_alliance_id, *killmail.attacker_alliance_ids) if i)
        corporation_ids = (killmail.victim_corporation_id, *killmail.attacker_corporation_ids)
        yield from (("corporation", i) for i in corporation_ids if i)
        yield from (("character", i) for i in (killmail.victim_character_id, *killmail.attacker_character_ids) if i)


def participant_name_keys(participants: Iterable[Participant], ships: Iterable[PilotShip]) -> Iterator[NameKey]:
    for pilot in participants:
        yield "character", pilot.character_id
        yield from (("corporation", i) for i in (pilot.corporation_id,) if i)
        yield from (("alliance", i) for i in (pilot.alliance_id,) if i)
    yield from (("ship_type", ship.ship_type_id) for ship in ships)


def battle_fields(battle: Battle, main_alliances: Iterable[MainAlliance], names: Names) -> dict[str, Any]:
    return {
        "id": battle.id,
        "name": battle.name,
        "system_id": battle.system_id,
        "system_name": names.get(("system", battle.system_id)),
        "region_id": battle.region_id,
        "region_name": names.get(("region", battle.region_id)),
        "security_type": SecurityType(battle.security_type),
        "status": BattleStatus(battle.status),
        "tier": battle.tier,
        "start_time": battle.start_time,
        "end_time": battle.end_time,
        "duration": battle.duration_seconds,
        "total_kills": battle.total_kills,
        "total_participants": battle.total_participants,
        "total_isk_destroyed": battle.total_isk_destroyed,
        "zkill_related_url": battle.zkill_related_url,
        "main_alliances": [
            schemas.MainAlliance(
                alliance_id=alliance.alliance_id,
                alliance_name=names.get(("alliance", alliance.alliance_id)),
                participant_count=alliance.pilots,
            )
            for alliance in main_alliances
        ],
    }


def battle_items(
    battles: Iterable[Battle], main_alliances: Iterable[MainAlliance], names: Names
) -> list[schemas.BattleItem]:
    by_battle: dict[UUID, list[MainAlliance]] = defaultdict(list)
    for alliance in main_alliances:
        by_battle[alliance.battle_id].append(alliance)
    return [schemas.BattleItem(**battle_fields(battle, by_battle[battle.id], names)) for battle in battles]


def killmail_item(killmail: Killmail, names: Names) -> schemas.KillmailItem:
    def name(entity_type: str, entity_id: int | None) -> str | None:
        return None if entity_id is None else names.get((entity_type, entity_id))

    # Without validation: the database holds valid rows, and validating thousands of ids would double the response time.
    return schemas.KillmailItem.model_construct(
        killmail_id=killmail.killmail_id,
        zkb_url=zkb_url(killmail.killmail_id),
        timestamp=killmail.occurred_at,
        occurred_at=killmail.occurred_at,
        system_id=killmail.system_id,
        system_name=name("system", killmail.system_id),
        victim_alliance_id=killmail.victim_alliance_id,
        victim_alliance_name=name("alliance", killmail.victim_alliance_id),
        victim_corp_id=killmail.victim_corporation_id,
        victim_corp_name=name("corporation", killmail.victim_corporation_id),
        victim_character_id=killmail.victim_character_id,
        victim_character_name=name("character", killmail.victim_character_id),
        ship_type_id=killmail.ship_type_id,
        ship_type_name=name("ship_type", killmail.ship_type_id),
        attacker_alliance_ids=killmail.attacker_alliance_ids,
        attacker_alliance_names=[names.get(("alliance", i)) for i in killmail.attacker_alliance_ids],
        attacker_corp_ids=killmail.attacker_corporation_ids,
        attacker_corp_names=[names.get(("corporation", i)) for i in killmail.attacker_corporation_ids],
        attacker_character_ids=killmail.attacker_character_ids,
        attacker_character_names=[names.get(("character", i)) for i in killmail.attacker_character_ids],
        isk_value=killmail.isk_value,
        side_id=killmail.side_id,
    )


def participant_items(
    pilots: Iterable[Participant], ships: Iterable[PilotShip], names: Names
) -> list[schemas.ParticipantItem]:
    ships_by_pilot: dict[int, list[schemas.ShipFlown]] = defaultdict(list)
    for ship in ships:
        name = names.get(("ship_type", ship.ship_type_id))
        ships_by_pilot[ship.character_id].append(
            schemas.ShipFlown(ship_type_id=ship.ship_type_id, ship_type_name=name, kills=ship.kills, losses=ship.losses)
        )
    return [_participant_item(pilot, ships_by_pilot[pilot.character_id], names) for pilot in pilots]


def _participant_item(
    pilot: Participant, ships_flown: list[schemas.ShipFlown], names: Names
) -> schemas.ParticipantItem:
    return schemas.ParticipantItem(
        character_id=pilot.character_id,
        character_name=names.get(("character", pilot.character_id)),
        alliance_id=pilot.alliance_id,
        alliance_name=names.get(("alliance", pilot.alliance_id or 0)),
        corp_id=pilot.corporation_id,
        corp_name=names.get(("corporation", pilot.corporation_id or 0)),
        ship_type_id=ships_flown[0].ship_type_id if ships_flown else None,
        ship_type_name=ships_flown[0].ship_type_name if ships_flown else None,
        side_id=pilot.side_id,
        is_victim=pilot.is_victim,
        kills=pilot.kills,
        deaths=pilot.deaths,
        damage_done=pilot.damage_done,
        damage_received=pilot.damage_received,
        isk_destroyed=pilot.isk_destroyed,
        isk_lost=pilot.isk_lost,
        is_awoxer=pilot.is_awoxer,
        ships_flown=ships_flown,
        first_seen_at=pilot.first_seen_at,
        last_seen_at=pilot.last_seen_at,
    )


def timeline(battle: Battle, killmails: Iterable[Killmail], names: Names) -> schemas.Timeline:
    events = [
        schemas.TimelineEvent(
            timestamp=killmail.occurred_at,
            relative_time=int((killmail.occurred_at - battle.start_time).total_seconds()),
            killmail_id=killmail.killmail_id,
            victim_name=_victim_name(killmail, names),
            victim_ship=names.get(("ship_type", killmail.ship_type_id)),
            victim_side=killmail.side_id,
            isk_value=killmail.isk_value,
            zkb_url=zkb_url(killmail.killmail_id),
        )
        for killmail in killmails
    ]
    return schemas.Timeline(battle_id=battle.id, timeline=events)


def _victim_name(killmail: Killmail, names: Names) -> str | None:
    """The pilot's name; for a structure, which has no pilot, the name of the owning corporation."""
    if killmail.victim_character_id is not None:
        return names.get(("character", killmail.victim_character_id))
    return names.get(("corporation", killmail.victim_corporation_id or 0))


@dataclass(frozen=True, slots=True)
class BattleRows:
    """All rows from which the detail of a battle is built."""

    battle: Battle
    main_alliances: Sequence[MainAlliance]
    sides: Sequence[Side]
    parties: Sequence[Party]
    side_ships: Sequence[SideShip]
    killmails: Sequence[Killmail]
    participants: Sequence[Participant]
    ships: Sequence[PilotShip]
    reasons: Sequence[LinkReasonCount]
    links: Sequence[Link]
    suggestions: Sequence[Mapping[str, Any]]
    edit_count: int

    def name_keys(self) -> Iterator[NameKey]:
        yield from list_name_keys([self.battle], self.main_alliances)
        yield from ((party.party_type, party.party_id) for party in self.parties)
        yield from (("ship_type", ship.ship_type_id) for ship in self.side_ships)
        yield from killmail_name_keys(self.killmails)
        yield from participant_name_keys(self.participants, self.ships)


def party_item(row: Party, names: Names) -> schemas.PartyItem:
    return schemas.PartyItem(
        party_type=row.party_type,
        party_id=row.party_id,
        party_name=names.get((row.party_type, row.party_id)),
        role=row.role,
        confidence=round(row.confidence, 3),
        evidence=round(row.evidence, 3),
        pilots=row.pilots,
        kills=row.kills,
        losses=row.losses,
        isk_destroyed=row.isk_destroyed,
        isk_lost=row.isk_lost,
    )


def side_item(row: Side, parties: Sequence[Party], ships: Iterable[SideShip], names: Names) -> schemas.SideItem:
    members = [party for party in parties if party.side_id == row.side_id]
    alliances = [
        schemas.SideAlliance(
            alliance_id=party.party_id,
            alliance_name=names.get(("alliance", party.party_id)),
            pilots=party.pilots,
            isk_destroyed=party.isk_destroyed,
            isk_lost=party.isk_lost,
        )
        for party in members
        if party.party_type == "alliance"
    ]
    return schemas.SideItem(
        side_id=row.side_id,
        pilots=row.pilots,
        kills=row.kills,
        losses=row.losses,
        ships_destroyed=row.ships_destroyed,
        ships_lost=row.ships_lost,
        isk_destroyed=row.isk_destroyed,
        isk_lost=row.isk_lost,
        isk_efficiency=float(row.isk_efficiency),
        alliances=alliances,
        top_alliances=alliances[:5],
        parties=[party_item(party, names) for party in members],
        ship_types=[
            schemas.ShipCount(
                ship_type_id=ship.ship_type_id,
                ship_type_name=names.get(("ship_type", ship.ship_type_id)),
                count=ship.count,
            )
            for ship in ships
            if ship.side_id == row.side_id
        ],
    )


def battle_detail(rows: BattleRows, names: Names) -> schemas.BattleDetail:
    battle = rows.battle
    return schemas.BattleDetail(
        **battle_fields(battle, rows.main_alliances, names),
        created_at=battle.created_at,
        last_killmail_at=battle.last_killmail_at,
        revision=battle.revision,
        killmails=[killmail_item(killmail, names) for killmail in rows.killmails],
        participants=participant_items(rows.participants, rows.ships, names),
        sides=[side_item(row, rows.parties, rows.side_ships, names) for row in rows.sides],
        unassigned=[party_item(row, names) for row in rows.parties if row.side_id is None],
        top_killers=_top_killers(rows.participants, names),
        top_losers=_top_losers(rows.participants, names),
        outcome=schemas.Outcome(is_decisive=battle.is_decisive, winning_side=battle.winning_side),
        separate_fights=battle.separate_fights,
        link_reasons=[schemas.LinkReason(reason=row.reason, count=row.count) for row in rows.reasons],
        links=[
            schemas.LinkItem(
                from_killmail_id=link.from_killmail_id,
                to_killmail_id=link.to_killmail_id,
                reason=link.reason,
                score=round(link.score, 3),
            )
            for link in rows.links
        ],
        suggestions=[
            schemas.Suggestion(doubt=suggestion["doubt"], groups=[suggestion["first"], suggestion["second"]])
            for suggestion in rows.suggestions
        ],
        edit_count=rows.edit_count,
    )


def _top_killers(pilots: Iterable[Participant], names: Names) -> list[schemas.TopKiller]:
    killers = sorted((p for p in pilots if p.kills), key=lambda p: (-p.kills, -p.isk_destroyed, p.character_id))
    return [
        schemas.TopKiller(
            character_id=pilot.character_id,
            character_name=names.get(("character", pilot.character_id)),
            side_id=pilot.side_id,
            kills=pilot.kills,
            isk_destroyed=pilot.isk_destroyed,
        )
        for pilot in killers[:_TOP_COUNT]
    ]


def _top_losers(pilots: Iterable[Participant], names: Names) -> list[schemas.TopLoser]:
    losers = sorted((p for p in pilots if p.deaths), key=lambda p: (-p.isk_lost, -p.deaths, p.character_id))
    return [
        schemas.TopLoser(
            character_id=pilot.character_id,
            character_name=names.get(("character", pilot.character_id)),
            side_id=pilot.side_id,
            deaths=pilot.deaths,
            isk_lost=pilot.isk_lost,
        )
        for pilot in losers[:_TOP_COUNT]
    ]
