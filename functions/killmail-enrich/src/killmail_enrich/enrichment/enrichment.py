"""Combines a reference, its archived killmail, static data and names into an enriched killmail."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final, cast

from msgspec import Raw, Struct
from msgspec.json import Encoder

from battlescope_schemas.killmail import MAX_ISK_VALUE, ArchivedKillmail, Attacker, Victim, ZkbValues
from battlescope_schemas.reference_lines import ReferenceLine
from killmail_enrich.enrichment import flags
from killmail_enrich.enrichment.locations import Location, Types, unknown_location
from killmail_enrich.enrichment.values import value_fields
from killmail_enrich.valuation.killmail_value import KillmailValue

_ENCODER: Final = Encoder()
_Entities = tuple[str | None, str | None, str | None, str | None, str | None, str | None, str | None, str | None]


class PartyLine(Struct, rename="camel", omit_defaults=True, gc=False):
    """The fields of `EnrichedVictim` and `EnrichedAttacker`; each leaves those of the other out."""

    character_id: str | None = None
    character_name: str | None = None
    corporation_id: str | None = None
    corporation_name: str | None = None
    alliance_id: str | None = None
    alliance_name: str | None = None
    faction_id: str | None = None
    faction_name: str | None = None
    ship_type_id: str | None = None
    ship_type_name: str | None = None
    ship_group_id: str | None = None
    ship_group_name: str | None = None
    ship_category_id: str | None = None
    damage_taken: int | None = None
    weapon_type_id: str | None = None
    damage_done: int | None = None
    final_blow: bool | None = None


class EnrichedLine(Struct, rename="camel", omit_defaults=True, kw_only=True):
    """The enriched killmail as it is written: its JSON is that of the model `EnrichedKillmail`, byte for byte.

    Without a location it is only stored: its system is newer than the static data. As structs it is built and encoded
    in a fraction of the model's time. Ids and ISK are text, and what is None is left out; the fields have the order of
    the model. `attackers` is their JSON, which is also the value of a column.
    """

    killmail_id: str
    zkb_hash: str
    killmail_time: datetime
    system_id: str
    system_name: str | None = None
    constellation_id: str | None = None
    constellation_name: str | None = None
    region_id: str | None = None
    region_name: str | None = None
    security_type: str | None = None
    security_status: float | None = None
    wormhole_class: int | None = None
    system_effect: str | None = None
    nearby_system_ids: list[str]
    adjacent_system_ids: list[str]
    zkb_total_value: str | None = None
    zkb_fitted_value: str | None = None
    zkb_dropped_value: str | None = None
    zkb_destroyed_value: str | None = None
    computed_value: Raw | None = None
    value_source: str | None = None
    total_value: str | None = None
    fitted_value: str | None = None
    dropped_value: str | None = None
    destroyed_value: str | None = None
    zkb_points: int
    zkb_url: str
    npc: bool
    solo: bool
    awox: bool
    victim: PartyLine
    attackers: Raw
    attacker_count: int
    source: str
    archive_key: str
    value_revision: int | None = None
    valuation_revision: int | None = None


def type_ids(killmail: ArchivedKillmail) -> frozenset[int]:
    """Types whose names the enriched killmail shows: ships only. Weapons stay ids, and 0 is not a type."""
    ships = {attacker.ship_type_id for attacker in killmail.attackers}
    ships.add(killmail.victim.ship_type_id)
    return _present(ships)


def entity_ids(killmail: ArchivedKillmail) -> frozenset[int]:
    """Ids of all characters, corporations, alliances and factions on the killmail."""
    victim = killmail.victim
    ids = {victim.character_id, victim.corporation_id, victim.alliance_id, victim.faction_id}
    for attacker in killmail.attackers:
        ids.update((attacker.character_id, attacker.corporation_id, attacker.alliance_id, attacker.faction_id))
    return _present(ids)


def _present(ids: set[int | None]) -> frozenset[int]:
    """The ids without None and 0, which stand for none; a loop over all of them would take half of the time."""
    ids.discard(None)
    ids.discard(0)
    return frozenset(cast("set[int]", ids))


def enrich(
    reference: ReferenceLine,
    killmail: ArchivedKillmail,
    location: Location | None,
    types: Types,
    names: Mapping[int, str],
    *,
    computed: KillmailValue | None = None,
) -> EnrichedLine:
    """The enriched killmail.

    location: None while the static data lacks the system. names: may cover other killmails as well.
    computed: None while there are no prices of its day.
    """
    zkb = zkb_values(killmail, Decimal(reference.isk_value) if reference.isk_value else None)
    values = value_fields(zkb, computed, has_hull=killmail.victim.ship_type_id != 0)
    npc, solo, awox = _flags(killmail, types)
    return EnrichedLine(
        killmail_id=str(killmail.killmail_id),
        zkb_hash=reference.zkb_hash,
        killmail_time=killmail.killmail_time,
        **(location.wire_fields if location else unknown_location(killmail.solar_system_id)),
        **values,
        zkb_points=killmail.points,
        zkb_url=reference.zkb_url,
        npc=npc,
        solo=solo,
        awox=awox,
        victim=_victim(killmail.victim, types, names),
        attackers=encode_attackers([_attacker(attacker, types, names) for attacker in killmail.attackers]),
        attacker_count=len(killmail.attackers),
        source=str(reference.source),
        archive_key=reference.archive_key,
        value_revision=reference.value_revision or None,
    )


def encode_attackers(attackers: list[PartyLine]) -> Raw:
    return Raw(_ENCODER.encode(attackers))


def encode(line: EnrichedLine) -> bytes:
    return _ENCODER.encode(line)


def zkb_values(killmail: ArchivedKillmail, stated_total: Decimal | None) -> ZkbValues:
    """ZKillboard's values in the killmail, else the total that is stated beside it."""
    if killmail.zkb.total is not None or stated_total is None or abs(stated_total) >= MAX_ISK_VALUE:
        return killmail.zkb
    return killmail.zkb._replace(total=stated_total)


def _flags(killmail: ArchivedKillmail, types: Types) -> tuple[bool, bool, bool]:
    """The flags npc, solo and awox."""
    lost_type = types.get(killmail.victim.ship_type_id)
    group, category = (lost_type.group_id, lost_type.category_id) if lost_type else (None, None)
    if flags.is_npc(killmail, category):
        return True, False, False
    ships = (types.get(attacker.ship_type_id or 0) for attacker in killmail.attackers)
    solo = flags.is_solo(killmail, group, category, (ship.category_id for ship in ships if ship))
    return False, solo, flags.is_awox(killmail, group)


def _victim(victim: Victim, types: Types, names: Mapping[int, str]) -> PartyLine:
    ship = types.get(victim.ship_type_id)
    return PartyLine(
        *_entities(victim, names),
        str(victim.ship_type_id),
        ship and ship.type_name,
        ship and str(ship.group_id),
        ship and ship.group_name,
        _text(ship and ship.category_id),
        damage_taken=victim.damage_taken,
    )


def _attacker(attacker: Attacker, types: Types, names: Mapping[int, str]) -> PartyLine:
    type_id = attacker.ship_type_id
    ship = None if type_id is None else types.get(type_id)
    return PartyLine(
        *_entities(attacker, names),
        _text(type_id),
        ship and ship.type_name,
        ship and str(ship.group_id),
        weapon_type_id=_text(attacker.weapon_type_id),
        damage_done=attacker.damage_done,
        final_blow=attacker.final_blow,
    )


def _entities(party: Victim | Attacker, names: Mapping[int, str]) -> _Entities:
    """Id and name of character, corporation, alliance and faction.

    Written out instead of a loop: this is half of the time that enriching a killmail takes.
    """
    character, corporation, alliance, faction = (
        party.character_id, party.corporation_id, party.alliance_id, party.faction_id
    )  # fmt: skip
    get = names.get
    return (
        None if character is None else str(character),
        None if character is None else get(character),
        None if corporation is None else str(corporation),
        None if corporation is None else get(corporation),
        None if alliance is None else str(alliance),
        None if alliance is None else get(alliance),
        None if faction is None else str(faction),
        None if faction is None else get(faction),
    )


def _text(entity_id: int | None) -> str | None:
    return None if entity_id is None else str(entity_id)
