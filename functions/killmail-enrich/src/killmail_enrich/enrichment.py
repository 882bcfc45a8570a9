"""Puts a reference, its raw mail, the static data and the names together."""

from collections.abc import Mapping
from typing import Any, Final

from battlescope_schemas.enriched import EnrichedAttacker, EnrichedKillmail, EnrichedVictim
from battlescope_schemas.killmail import Attacker, Killmail, NotAKillmail, RawKillmail, Victim, Zkb, read_raw
from battlescope_schemas.reference import KillmailReference
from killmail_enrich import opinions
from killmail_enrich.outcomes import Unusable
from killmail_enrich.places import Place, Types

LARGEST_VALUE: Final = 10**18  # numeric(20, 2) ends there; the whole game holds less ISK


def body_of(reference: KillmailReference, raw: bytes) -> tuple[Killmail, Zkb]:
    """The mail a reference points to.

    Raises:
        Unusable: the archive holds something else there.
    """
    try:
        entries = read_raw(raw)
    except NotAKillmail as error:
        raise Unusable(f"The archive holds no killmail at {reference.archive_key}: {error}") from error
    match entries:
        case (RawKillmail(killmail_id=found, killmail=Killmail() as killmail, zkb=zkb),):
            if found != reference.killmail_id:
                raise Unusable(f"At {reference.archive_key} lies killmail {found}, not {reference.killmail_id}.")
            return killmail, zkb
        case _:
            raise Unusable(f"At {reference.archive_key} lies no whole killmail {reference.killmail_id}.")


def type_ids(killmail: Killmail) -> frozenset[int]:
    """Types whose names the enriched mail shows; weapons stay ids."""
    ships = {attacker.ship_type_id for attacker in killmail.attackers} - {None, 0}
    return frozenset({killmail.victim.ship_type_id} | {ship for ship in ships if ship})


def enrich(
    reference: KillmailReference, body: tuple[Killmail, Zkb], place: Place, types: Types, names: Mapping[int, str]
) -> EnrichedKillmail:
    killmail, zkb = body
    return EnrichedKillmail(
        killmail_id=killmail.killmail_id,
        zkb_hash=reference.zkb_hash,
        killmail_time=killmail.killmail_time,
        system_id=place.system_id,
        system_name=place.system_name,
        constellation_id=place.constellation_id,
        region_id=place.region_id,
        region_name=place.region_name,
        security_type=place.security_type,
        security_status=place.security_status,
        nearby_system_ids=place.nearby_system_ids,
        zkb_total_value=_value(reference, zkb),
        zkb_points=zkb.points,
        zkb_url=reference.zkb_url,
        **_opinions(killmail, types),
        victim=_victim(killmail.victim, types, names),
        attackers=tuple(_attacker(attacker, types, names) for attacker in killmail.attackers),
        attacker_count=len(killmail.attackers),
        source=reference.source,
        archive_key=reference.archive_key,
    )


def _value(reference: KillmailReference, zkb: Zkb) -> Any:
    value = reference.isk_value if zkb.total_value is None else zkb.total_value
    return value if value is not None and abs(value) < LARGEST_VALUE else None


def _opinions(killmail: Killmail, types: Types) -> dict[str, bool]:
    lost = types.get(killmail.victim.ship_type_id)
    group, category = (lost.group_id, lost.category_id) if lost else (None, None)
    flown = (types.get(attacker.ship_type_id or 0) for attacker in killmail.attackers)
    structures = sum(ship is not None and ship.category_id == opinions.STRUCTURE_CATEGORY for ship in flown)
    if opinions.is_npc(killmail, category):
        return {"npc": True, "solo": False, "awox": False}
    solo = opinions.is_solo(killmail, group, category, structures)
    return {"npc": False, "solo": solo, "awox": opinions.is_awox(killmail, group)}


def _victim(victim: Victim, types: Types, names: Mapping[int, str]) -> EnrichedVictim:
    ship = types.get(victim.ship_type_id)
    return EnrichedVictim(
        **_party(victim, types, names),
        ship_group_id=ship.group_id if ship else None,
        ship_group_name=ship.group_name if ship else None,
        ship_category_id=ship.category_id if ship else None,
        damage_taken=victim.damage_taken,
    )


def _attacker(attacker: Attacker, types: Types, names: Mapping[int, str]) -> EnrichedAttacker:
    return EnrichedAttacker(
        **_party(attacker, types, names),
        weapon_type_id=attacker.weapon_type_id,
        damage_done=attacker.damage_done,
        final_blow=attacker.final_blow,
    )


def _party(party: Victim | Attacker, types: Types, names: Mapping[int, str]) -> dict[str, Any]:
    ship = types.get(party.ship_type_id or 0)
    return {
        "character_id": party.character_id,
        "character_name": names.get(party.character_id or 0),
        "corporation_id": party.corporation_id,
        "corporation_name": names.get(party.corporation_id or 0),
        "alliance_id": party.alliance_id,
        "alliance_name": names.get(party.alliance_id or 0),
        "faction_id": party.faction_id,
        "faction_name": names.get(party.faction_id or 0),
        "ship_type_id": party.ship_type_id,
        "ship_type_name": ship.type_name if ship else None,
    }
