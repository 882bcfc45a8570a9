"""Puts a reference, its raw mail, the static data and the names together.

A mail is first put together as it stands on the wire: plain values under their wire names. A single mail is then
checked by its model; mails that come in bulk are written as they are, and tests hold both to the same bytes.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, Protocol

from battlescope_schemas.base import isk
from battlescope_schemas.enriched import EnrichedKillmail
from battlescope_schemas.killmail import Attacker, Killmail, Victim, Zkb
from killmail_enrich.enrichment import flags
from killmail_enrich.enrichment.locations import Place, Types

LARGEST_VALUE: Final = 10**18  # numeric(20, 2) ends there; the whole game holds less ISK
Fields = dict[str, Any]
"""An enriched mail on the wire: ids and ISK as text, what is unknown left out. Only the time is not text yet."""


class ReferenceLike(Protocol):
    """What enrichment takes from a reference, whichever way it was read."""

    @property
    def killmail_id(self) -> int: ...
    @property
    def zkb_hash(self) -> str: ...
    @property
    def isk_value(self) -> Decimal | None: ...
    @property
    def zkb_url(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def archive_key(self) -> str: ...


def type_ids(killmail: Killmail) -> frozenset[int]:
    """Types whose names the enriched mail shows; weapons stay ids, and 0 is no ship."""
    ships = {attacker.ship_type_id for attacker in killmail.attackers}
    ships.add(killmail.victim.ship_type_id)
    return frozenset(ship for ship in ships if ship)


def enrich(
    reference: ReferenceLike, body: tuple[Killmail, Zkb], place: Place, types: Types, names: Mapping[int, str]
) -> EnrichedKillmail:
    return EnrichedKillmail.model_validate(build_fields(reference, body, place, types, names))


def build_fields(
    reference: ReferenceLike, body: tuple[Killmail, Zkb], place: Place, types: Types, names: Mapping[int, str]
) -> Fields:
    """The mail in the order of its model's fields."""
    killmail, zkb = body
    value = _value(reference, zkb)
    return {
        "killmailId": str(killmail.killmail_id),
        "zkbHash": reference.zkb_hash,
        "killmailTime": killmail.killmail_time,
        **place.fields,
        **({} if value is None else {"zkbTotalValue": str(isk(value))}),
        "zkbPoints": zkb.points,
        "zkbUrl": reference.zkb_url,
        **_flags(killmail, types),
        "victim": _victim(killmail.victim, types, names),
        "attackers": [_attacker(attacker, types, names) for attacker in killmail.attackers],
        "attackerCount": len(killmail.attackers),
        "source": str(reference.source),
        "archiveKey": reference.archive_key,
    }


def _value(reference: ReferenceLike, zkb: Zkb) -> Decimal | None:
    value = reference.isk_value if zkb.total_value is None else zkb.total_value
    return value if value is not None and abs(value) < LARGEST_VALUE else None


def _flags(killmail: Killmail, types: Types) -> dict[str, bool]:
    lost = types.get(killmail.victim.ship_type_id)
    group, category = (lost.group_id, lost.category_id) if lost else (None, None)
    if flags.is_npc(killmail, category):
        return {"npc": True, "solo": False, "awox": False}
    ships = (types.get(attacker.ship_type_id or 0) for attacker in killmail.attackers)
    solo = flags.is_solo(killmail, group, category, (ship.category_id for ship in ships if ship))
    return {"npc": False, "solo": solo, "awox": flags.is_awox(killmail, group)}


def _victim(victim: Victim, types: Types, names: Mapping[int, str]) -> Fields:
    fields = _party(victim, types, names)
    ship = types.get(victim.ship_type_id)
    if ship is not None:
        fields["shipGroupId"] = str(ship.group_id)
        if ship.group_name is not None:
            fields["shipGroupName"] = ship.group_name
        if ship.category_id is not None:
            fields["shipCategoryId"] = str(ship.category_id)
    fields["damageTaken"] = victim.damage_taken
    return fields


def _attacker(attacker: Attacker, types: Types, names: Mapping[int, str]) -> Fields:
    fields = _party(attacker, types, names)
    if attacker.weapon_type_id is not None:
        fields["weaponTypeId"] = str(attacker.weapon_type_id)
    fields["damageDone"] = attacker.damage_done
    fields["finalBlow"] = attacker.final_blow
    return fields


def _party(party: Victim | Attacker, types: Types, names: Mapping[int, str]) -> Fields:
    fields = _who(party, names)
    if (type_id := party.ship_type_id) is not None:
        fields["shipTypeId"] = str(type_id)
        if (ship := types.get(type_id)) is not None and ship.type_name is not None:
            fields["shipTypeName"] = ship.type_name
    return fields


def _who(party: Victim | Attacker, names: Mapping[int, str]) -> Fields:
    """Written out and not looped over: this is half of what enriching a mail costs."""
    fields: Fields = {}
    if (entity_id := party.character_id) is not None:
        fields["characterId"] = str(entity_id)
        if (name := names.get(entity_id)) is not None:
            fields["characterName"] = name
    if (entity_id := party.corporation_id) is not None:
        fields["corporationId"] = str(entity_id)
        if (name := names.get(entity_id)) is not None:
            fields["corporationName"] = name
    if (entity_id := party.alliance_id) is not None:
        fields["allianceId"] = str(entity_id)
        if (name := names.get(entity_id)) is not None:
            fields["allianceName"] = name
    if (entity_id := party.faction_id) is not None:
        fields["factionId"] = str(entity_id)
        if (name := names.get(entity_id)) is not None:
            fields["factionName"] = name
    return fields
