"""Builds responses from rows. A name that `entity_names` does not hold yet is null."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from battle_api.domain.rows import Battle, BattleKillmail, NameKey
from battle_api.schemas import battles as schemas
from battlescope_schemas.battle import BattleStatus
from battlescope_schemas.enriched import ValueConfidence, ValueSource
from battlescope_schemas.universe import SecurityType

if TYPE_CHECKING:
    from uuid import UUID

Names = Mapping[NameKey, str]
_TOP_COUNT: Final = 10
_TOP_ALLIANCES: Final = 5


def zkb_url(killmail_id: int) -> str:
    return f"https://zkillboard.com/kill/{killmail_id}/"


def killmail_name_keys(killmails: Iterable[BattleKillmail]) -> Iterator[NameKey]:
    for killmail in killmails:
        yield "system", killmail.system_id
        yield "ship_type", killmail.ship_type_id
        yield from (("alliance", i) for i in (killmail.victim_alliance_id, *killmail.attacker_alliance_ids) if i)
        corporation_ids = (killmail.victim_corporation_id, *killmail.attacker_corporation_ids)
        yield from (("corporation", i) for i in corporation_ids if i)
        yield from (("character", i) for i in (killmail.victim_character_id, *killmail.attacker_character_ids) if i)


def battle_fields(battle: Battle, main_alliances: Iterable[schemas.MainAlliance]) -> dict[str, Any]:
    return {
        "id": battle.id,
        "name": battle.name,
        "system_id": battle.system_id,
        "system_name": battle.system_name,
        "region_id": battle.region_id,
        "region_name": battle.region_name,
        "security_type": SecurityType(battle.security_type),
        "status": BattleStatus(battle.status),
        "tier": battle.tier,
        "start_time": battle.start_time,
        "end_time": battle.end_time,
        "duration": battle.duration_seconds,
        "total_kills": battle.total_kills,
        "total_participants": battle.total_participants,
        "total_isk_destroyed": battle.total_isk_destroyed,
        "computed_isk": computed_isk(battle),
        "zkill_related_url": battle.zkill_related_url,
        "main_alliances": list(main_alliances),
    }


def computed_isk(battle: Battle) -> schemas.ComputedIsk:
    total = battle.isk_computed_high + battle.isk_computed_medium + battle.isk_computed_low
    return schemas.ComputedIsk(
        total=total,
        high=battle.isk_computed_high,
        medium=battle.isk_computed_medium,
        low=battle.isk_computed_low,
        share=float(total / battle.total_isk_destroyed) if battle.total_isk_destroyed else 0.0,
        kills_without_value=battle.kills_without_value,
    )


def value_provenance(killmail: BattleKillmail) -> tuple[ValueSource | None, ValueConfidence | None]:
    """Source and confidence of a value. Rows of older releases have the values of zKillboard, and 0 where unknown."""
    basis = killmail.value_basis or ("zkb" if killmail.isk_value else "unknown")
    if basis == "unknown":
        return None, None
    source, _, confidence = basis.partition("-")
    return ValueSource(source), ValueConfidence(confidence) if confidence else None


def battle_items(
    battles: Iterable[Battle], main_alliances: Iterable[schemas.MainAllianceRow]
) -> list[schemas.BattleItem]:
    by_battle: dict[UUID, list[schemas.MainAlliance]] = defaultdict(list)
    for alliance in main_alliances:
        by_battle[alliance.battle_id].append(alliance)
    return [schemas.BattleItem(**battle_fields(battle, by_battle[battle.id])) for battle in battles]


def killmail_item(killmail: BattleKillmail, names: Names) -> schemas.KillmailItem:
    def name(entity_type: str, entity_id: int | None) -> str | None:
        return None if entity_id is None else names.get((entity_type, entity_id))

    source, confidence = value_provenance(killmail)
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
        value_source=source,
        value_confidence=confidence,
        side_id=killmail.side_id,
    )


def participant_items(
    pilots: Iterable[schemas.PilotRow], ships: Iterable[schemas.ShipFlownRow]
) -> list[schemas.ParticipantItem]:
    ships_by_pilot: dict[int, list[schemas.ShipFlown]] = defaultdict(list)
    for ship in ships:
        ships_by_pilot[ship.character_id].append(ship)
    return [_participant_item(pilot, ships_by_pilot[pilot.character_id]) for pilot in pilots]


def _participant_item(pilot: schemas.PilotRow, ships_flown: list[schemas.ShipFlown]) -> schemas.ParticipantItem:
    return schemas.ParticipantItem(
        **dict(pilot),
        ship_type_id=ships_flown[0].ship_type_id if ships_flown else None,
        ship_type_name=ships_flown[0].ship_type_name if ships_flown else None,
        ships_flown=ships_flown,
    )


def timeline(battle: Battle, killmails: Iterable[BattleKillmail], names: Names) -> schemas.Timeline:
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


def _victim_name(killmail: BattleKillmail, names: Names) -> str | None:
    """The pilot's name; for a structure, which has no pilot, the name of the owning corporation."""
    if killmail.victim_character_id is not None:
        return names.get(("character", killmail.victim_character_id))
    return names.get(("corporation", killmail.victim_corporation_id or 0))


@dataclass(frozen=True, slots=True)
class BattleRows:
    """All rows from which the detail of a battle is built."""

    battle: Battle
    main_alliances: Sequence[schemas.MainAlliance]
    sides: Sequence[schemas.SideRow]
    parties: Sequence[schemas.PartyRow]
    side_ships: Sequence[schemas.ShipCountRow]
    killmails: Sequence[BattleKillmail]
    participants: Sequence[schemas.PilotRow]
    ships: Sequence[schemas.ShipFlownRow]
    reasons: Sequence[schemas.LinkReason]
    links: Sequence[schemas.LinkItem]
    suggestions: Sequence[Mapping[str, Any]]
    edit_count: int


def side_item(
    row: schemas.SideRow, parties: Sequence[schemas.PartyRow], ships: Iterable[schemas.ShipCountRow]
) -> schemas.SideItem:
    members: list[schemas.PartyItem] = [party for party in parties if party.side_id == row.side_id]
    alliances = [
        schemas.SideAlliance(
            alliance_id=party.party_id,
            alliance_name=party.party_name,
            pilots=party.pilots,
            isk_destroyed=party.isk_destroyed,
            isk_lost=party.isk_lost,
        )
        for party in members
        if party.party_type == "alliance"
    ]
    return schemas.SideItem(
        **dict(row),
        alliances=alliances,
        top_alliances=alliances[:_TOP_ALLIANCES],
        parties=members,
        ship_types=[ship for ship in ships if ship.side_id == row.side_id],
    )


def battle_detail(rows: BattleRows, names: Names) -> schemas.BattleDetail:
    battle = rows.battle
    return schemas.BattleDetail(
        **battle_fields(battle, rows.main_alliances),
        created_at=battle.created_at,
        last_killmail_at=battle.last_killmail_at,
        revision=battle.revision,
        killmails=[killmail_item(killmail, names) for killmail in rows.killmails],
        participants=participant_items(rows.participants, rows.ships),
        sides=[side_item(row, rows.parties, rows.side_ships) for row in rows.sides],
        unassigned=[party for party in rows.parties if party.side_id is None],
        top_killers=_top_killers(rows.participants),
        top_losers=_top_losers(rows.participants),
        outcome=schemas.Outcome(is_decisive=battle.is_decisive, winning_side=battle.winning_side),
        separate_fights=battle.separate_fights,
        link_reasons=list(rows.reasons),
        links=list(rows.links),
        suggestions=[
            schemas.Suggestion(doubt=suggestion["doubt"], groups=[suggestion["first"], suggestion["second"]])
            for suggestion in rows.suggestions
        ],
        edit_count=rows.edit_count,
    )


def _top_killers(pilots: Iterable[schemas.PilotRow]) -> list[schemas.TopKiller]:
    killers = sorted((p for p in pilots if p.kills), key=lambda p: (-p.kills, -p.isk_destroyed, p.character_id))
    return [schemas.TopKiller(**dict(pilot)) for pilot in killers[:_TOP_COUNT]]


def _top_losers(pilots: Iterable[schemas.PilotRow]) -> list[schemas.TopLoser]:
    losers = sorted((p for p in pilots if p.deaths), key=lambda p: (-p.isk_lost, -p.deaths, p.character_id))
    return [schemas.TopLoser(**dict(pilot)) for pilot in losers[:_TOP_COUNT]]
